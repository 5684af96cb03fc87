"""What browsers are told with every answer of every page, and that acts of other people's pages do nothing."""

import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from tests.clients import Browser
from tests.demonstration.inventing import CONFIG, copy_of
from tests.guards.crawl import Crawl, Page, crawl_community
from tests.guards.test_policy import post_rules, rules
from tests.guards.world import World
from timebank.app import create_app
from timebank.config import Config
from timebank.db import Database
from timebank.members.models import Member

HTTPS = Config(secret_key=CONFIG.secret_key, address="https://bank.example")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}
ELSEWHERE = "https://bank.example.evil"
CONTENT = re.compile(
    r"default-src 'none'; script-src (?P<scripts>'none'|'nonce-[A-Za-z0-9_-]{24}'); style-src 'self'; img-src 'self'; "
    r"connect-src 'self'; form-action 'self'( https://www\.bbc\.co\.uk)?; base-uri 'none'; frame-ancestors 'none'"
    r"(?P<https>; upgrade-insecure-requests)?"
)


@pytest.fixture
def copies(sqlite_copies):
    """What browsers are told does not depend on the kind of database."""
    return sqlite_copies


@pytest.fixture(scope="module")
def crawled_safely(invented: Path, tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    """The same pages over https."""
    database = copy_of(invented, tmp_path_factory.mktemp("https") / "crawled.db")
    crawl = crawl_community(database, HTTPS)
    database.close()
    return crawl


@pytest.fixture(params=["http", "https"])
def pages(request: pytest.FixtureRequest) -> list[Page]:
    return request.getfixturevalue("crawled" if request.param == "http" else "crawled_safely").pages


def names(pages: list[Page]) -> list[str]:
    return sorted(map(str, pages))


def content_of(page: Page) -> re.Match[str]:
    found = CONTENT.fullmatch(page.headers["Content-Security-Policy"])
    assert found, f"{page}: {page.headers['Content-Security-Policy']}"
    return found


class TestEveryAnswer:
    def test_of_every_status_is_among_these(self, pages: list[Page]):
        assert {page.status for page in pages} >= {200, 303, 404, 405, 419, 422, 500}
        assert len({page.endpoint for page in pages}) > 40

    @pytest.mark.parametrize("header", HEADERS)
    def test_carries(self, pages: list[Page], header: str):
        assert names([page for page in pages if page.headers.get(header) != HEADERS[header]]) == []

    def test_asks_for_no_power_of_the_device(self, pages: list[Page]):
        for page in pages:
            powers = dict(part.split("=") for part in page.headers["Permissions-Policy"].split(", "))
            assert powers["camera"] == powers["microphone"] == powers["geolocation"] == powers["payment"] == "()"
            assert {name for name, who in powers.items() if who != "()"} == {
                "publickey-credentials-create",
                "publickey-credentials-get",
            }

    def test_forbids_all_that_is_not_ours(self, pages: list[Page]):
        for page in pages:
            assert content_of(page)

    def test_lets_only_its_own_scripts_run(self, pages: list[Page]):
        numbers = []
        for page in pages:
            scripts = list(page.elements("script")) if page.is_whole else []
            assert {f"'nonce-{script.get('nonce')}'" for script in scripts} <= {content_of(page)["scripts"]}
            assert all(script.get("src") and not script.text for script in scripts)
            numbers += [scripts[0].get("nonce")] if scripts else []
        assert len(numbers) > 100
        assert len(set(numbers)) == len(numbers)

    def test_speaks_of_https_only_there(self, crawled: Crawl, crawled_safely: Crawl):
        assert {page.headers.get("Strict-Transport-Security") for page in crawled.pages} == {None}
        assert {page.headers.get("Strict-Transport-Security") for page in crawled_safely.pages} == {
            "max-age=63072000; includeSubDomains"
        }
        assert not any(content_of(page)["https"] for page in crawled.pages)
        assert all(content_of(page)["https"] for page in crawled_safely.pages)


class TestCookies:
    def test_are_the_sign_in_and_nothing_else(self, crawled: Crawl, crawled_safely: Crawl):
        on_http, on_https = (
            {page.headers["Set-Cookie"] for page in crawl.pages if "Set-Cookie" in page.headers}
            for crawl in (crawled, crawled_safely)
        )

        assert on_http
        assert on_https
        assert all(cookie.startswith("sign-in=") for cookie in on_http)
        assert all(cookie.startswith("__Host-sign-in=") for cookie in on_https)
        assert all({"Secure"} <= set(cookie.split("; ")) for cookie in on_https)
        for cookie in on_http | on_https:
            assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
            assert "Domain" not in cookie

    def test_leaving_ends_a_sign_in_over_https_too(self, database: Database, session, coordinator: Member):
        app = create_app(HTTPS, database)
        browser = Browser(app, session, coordinator)
        browser.client.set_cookie("__Host-left", "yes")

        first = browser.get("/hours/")
        again = browser.get("/hours/")

        assert first.status_code == again.status_code == 303
        assert "/sign-in/" in first.location
        assert any(cookie.startswith("__Host-left=; ") for cookie in first.headers.getlist("Set-Cookie"))

    def test_with_the_name_of_plain_http_says_nothing_over_https(
        self, database: Database, session, coordinator: Member
    ):
        """Another site of the same domain can plant that one."""
        app = create_app(HTTPS, database)
        browser = Browser(app, session, coordinator)
        cookie = browser.client.get_cookie("__Host-sign-in")
        browser.client.delete_cookie("__Host-sign-in")
        browser.client.set_cookie("sign-in", cookie.value)

        assert browser.get("/hours/").status_code == 303


NOTED = "audit_event"  # who looked at what is somebody else's: reading may add to it


def digest(database: Database, *, besides: str = "") -> str:
    with database.reading() as session:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> :besides ORDER BY name"
        names = session.scalars(text(tables), {"besides": besides}).all()
        rows = [(name, session.execute(text(f'SELECT * FROM "{name}" ORDER BY 1')).all()) for name in names]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


FROM_ELSEWHERE = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "a neighbour": {"Sec-Fetch-Site": "same-site"},
    "an old browser": {"Origin": ELSEWHERE},
    "a page without a place": {"Origin": "null"},
    "a look-alike": {"Origin": "http://localhost.evil"},
    "both": {"Sec-Fetch-Site": "same-origin", "Origin": ELSEWHERE},
}


class TestActs:
    @pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
    def test_of_another_site_do_nothing(self, app: Flask, as_, database: Database, world: World, headers):
        browser = as_(world.coordinator)
        browser.get("/")
        before = digest(database)
        every = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]

        answers = {rule.rule: browser.post(world.url(app, rule), headers=headers).status_code for rule in every}

        assert len(answers) > 25
        assert set(answers.values()) == {403}
        assert digest(database) == before

    @pytest.mark.parametrize(
        "headers",
        [{"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, {"Origin": "http://localhost"}, {}],
        ids=["a browser of today", "an old one", "one that tells nothing"],
    )
    def test_of_our_own_pages_pass(self, as_, world: World, headers):
        assert as_(world.coordinator).post("/sign-in/out", headers=headers).status_code == 303

    def test_ask_for_a_token_also_where_the_origin_is_ours(self, app: Flask, as_, world: World):
        browser = as_(world.coordinator)

        answers = {
            rule.rule: browser.post(
                world.url(app, rule), token=None, headers={"Sec-Fetch-Site": "same-origin"}
            ).status_code
            for rule in post_rules(app)
        }

        assert set(answers.values()) == {419}


class TestReading:
    def test_changes_nothing(self, app: Flask, as_, database: Database, world: World):
        browsers = [as_(world.member), as_(world.coordinator)]
        for browser in browsers:
            browser.get("/")
        before = digest(database, besides=NOTED)

        for rule in rules(app, "GET"):
            for browser in browsers:
                for method in ("GET", "HEAD", "OPTIONS"):
                    browser.open(world.url(app, rule), method=method).close()

        assert len(rules(app, "GET")) > 25
        assert digest(database, besides=NOTED) == before

    @pytest.mark.parametrize("dest", ["iframe", "image", "script", "style", "empty", "object"])
    def test_other_sites_can_embed_and_fetch_nothing(self, app: Flask, as_, world: World, dest: str):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": dest}
        if dest == "iframe":
            headers["Sec-Fetch-Mode"] = "navigate"

        answers = {rule.rule: status_of(as_(world.member), world.url(app, rule), headers) for rule in rules(app, "GET")}

        assert set(answers.values()) == {403}

    def test_other_sites_can_link_to_us(self, as_, world: World):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

        assert status_of(as_(world.member), "/hours/", headers) == 200


def status_of(browser: Browser, url: str, headers: dict[str, str]) -> int:
    with browser.get(url, headers=headers) as answer:
        return answer.status_code
