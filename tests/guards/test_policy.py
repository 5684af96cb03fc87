"""Nothing answers without a row in the policy table, and nothing changes without the token of the page it came from."""

import re
from collections.abc import Callable

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import Rule

from tests.clients import Browser
from tests.guards.world import World
from timebank import app as composing
from timebank.app import create_app
from timebank.config import Config
from timebank.db import Database
from timebank.web.policy import POLICY, Who, allow

# What the table says of all rows but those for any member, said once more: a row that is opened by mistake fails here.
DECIDED = {
    Who.ANYONE: {
        "static", "pages.htmx", "pages.health", "helplines.show", "pages.source_code", "pages.leave_now",
        "signin.show", "signin.enter", "signin.first_time", "signin.set_password", "signin.begin_passkey",
        "signin.use_passkey", "forgotten.ask", "forgotten.new_password", "forgotten.set_password",
    },
    Who.HALF_IN: {"signin.second_step", "signin.take_second_step"},
    Who.COORDINATOR: {
        "queries.settle", "desk.show", "desk.members", "desk.new_member", "desk.add_member",
        "desk.sign_out_everywhere", "desk.take_second_step_away", "desk.how_to_reach", "helplines.check", "helplines.keep", "audit.say_why", "matches.run", "matches.show", "matches.set_aside",
        "matches.take_up_again", "matches.send", "matches.call_back",
        "two_people.list", "two_people.ask", "two_people.show", "two_people.agree", "two_people.decline",
        "two_people.take_back", "two_people.stop",
    },
    Who.LEAD: {
        "concerns.list", "concerns.key", "concerns.seal_again", "concerns.show", "concerns.open", "concerns.note",
        "concerns.close", "concerns.reopen",
    },
    Who.LEAD_OR_COORDINATOR: {"concerns.close_to_me"},
}  # fmt: skip
# Acts after which much is open, or lost: whoever does them has just shown that it is they.
ASKED_AFRESH = {
    "contact.give_address", "contact.new_address", "contact.note", "contact.write_note", "desk.add_member",
    "desk.give_code", "desk.take_second_step_away", "mysignin.add_passkey", "mysignin.begin_app",
    "mysignin.begin_passkey", "mysignin.change_name", "mysignin.change_password", "mysignin.make_spare_codes",
    "mysignin.new_name", "mysignin.new_passkey", "mysignin.new_password", "mysignin.remove_passkey",
    "mysignin.show_app", "mysignin.switch_app_off", "mysignin.switch_app_on", "record.as_json",
    "record.as_tables", "record.leave", "record.read_all",
    "two_people.ask", "two_people.agree", "two_people.stop",
}  # fmt: skip
WITHOUT_A_TOKEN = {"pages.leave_now"}  # leaving must never fail; it only ends a sign-in


@pytest.fixture
def copies(sqlite_copies):
    """Routes do not depend on the kind of database."""
    return sqlite_copies


def rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


class TestRows:
    def test_every_route_has_a_guard_with_a_row(self, app: Flask):
        rows = {
            rule.endpoint: getattr(app.view_functions[rule.endpoint], "policy_row", None)
            for rule in app.url_map.iter_rules()
            if rule.endpoint != "static"
        }

        assert len(rows) > 50
        assert {endpoint for endpoint, row in rows.items() if row not in POLICY} == set()

    def test_every_row_is_used_by_a_route(self, app: Flask):
        used = {getattr(view, "policy_row", endpoint) for endpoint, view in app.view_functions.items()}

        assert set(POLICY) - used == set()

    @pytest.mark.parametrize("who", DECIDED, ids=lambda who: who.name)
    def test_say_what_was_decided(self, who: Who):
        assert {row for row, is_for in POLICY.items() if is_for is who} == DECIDED[who]

    def test_weighty_acts_ask_afresh(self, app: Flask):
        fresh = {endpoint for endpoint, view in app.view_functions.items() if getattr(view, "is_fresh", False)}

        assert fresh == ASKED_AFRESH


class TestPlanted:
    @pytest.fixture
    def create(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[Blueprint], Flask]:
        def create_with(planted: Blueprint) -> Flask:
            monkeypatch.setattr(composing, "BLUEPRINTS", (*composing.BLUEPRINTS, planted))
            return create_app(Config(secret_key="k" * 40), database)

        return create_with

    def test_a_route_without_a_guard_cannot_start(self, create):
        planted = Blueprint("planted", __name__)
        planted.get("/planted")(lambda: "open to all")

        with pytest.raises(RuntimeError, match=re.escape("/planted (planted.<lambda>) has no row")):
            create(planted)

    def test_a_guard_with_an_unknown_row_cannot_start(self, create):
        planted = Blueprint("planted", __name__)
        planted.get("/planted")(allow("nobody.wrote_this")(lambda: "open to all"))

        with pytest.raises(RuntimeError, match="has no row"):
            create(planted)

    def test_a_route_that_is_added_later_answers_to_nobody(self, app: Flask, as_, coordinator):
        app.add_url_rule("/late", view_func=lambda: "open to all")

        assert as_(coordinator).get("/late").status_code == 404


def post_rules(app: Flask) -> list[Rule]:
    return [rule for rule in rules(app, "POST") if rule.endpoint not in WITHOUT_A_TOKEN]


class TestTokens:
    @pytest.mark.parametrize("token", [None, "made-up"], ids=["without", "made up"])
    def test_every_act_asks_for_one(self, app: Flask, as_, world: World, token: str | None):
        browser = as_(world.coordinator)

        done = [
            (rule.rule, answer.status_code)
            for rule in post_rules(app)
            if (answer := browser.post(world.url(app, rule), token=token)).status_code != 419
        ]

        assert len(post_rules(app)) > 25
        assert done == []

    def test_the_token_of_another_browser_is_worth_nothing(self, app: Flask, as_, world: World):
        browser, another = as_(world.coordinator), as_(world.member)

        answer = browser.post("/sign-in/out", token=another.token)

        assert answer.status_code == 419

    def test_with_its_own_token_an_act_passes(self, as_, world: World):
        assert as_(world.coordinator).post("/sign-in/out").status_code == 303

    def test_leaving_works_without_one(self, as_, world: World):
        answer = as_(world.coordinator).post("/leave-now", token=None)

        assert answer.status_code == 303
        assert answer.location.startswith("https://")


class TestRefusals:
    """Found by the crawl: a refused request kept its turn to write, and then waited for it to keep the browser's token."""

    @pytest.mark.timeout(30)
    @pytest.mark.parametrize(
        ("method", "url", "status"),
        [
            ("POST", "/sign-in/", 419),
            ("POST", "/hours/", 419),
            ("POST", "/nothing-here", 404),
            ("POST", "/urgent-help", 405),
            ("DELETE", "/hours/", 405),
            ("PUT", "/nothing-here", 404),
            ("TRACE", "/hours/", 405),
        ],
    )
    def test_a_browser_that_never_was_here_gets_its_answer(self, app: Flask, method: str, url: str, status: int):
        for _ in range(2):
            assert app.test_client().open(url, method=method).status_code == status

    @pytest.mark.timeout(30)
    def test_others_can_write_afterwards(self, app: Flask, database: Database, as_, world: World):
        app.test_client().post("/sign-in/")
        as_(world.member).post("/rounds/try/00000000-0000-0000-0000-000000000000")

        assert as_(world.member).post(f"/hours/{world.ids['log_id']}/confirm").status_code == 200


def status_of(browser: Browser, url: str) -> int:
    with browser.get(url) as answer:  # some are files
        return answer.status_code


class TestSignedOut:
    def test_a_stranger_gets_only_the_open_pages(self, app: Flask, stranger, world: World):
        """Whatever the rows say, what a stranger gets is asked for here."""
        got = {rule.endpoint for rule in rules(app, "GET") if status_of(stranger, world.url(app, rule)) == 200}

        assert got - {"pages.source_code"} == {  # the code of an AGPL program may be read by all
            "static",
            "pages.htmx",
            "pages.health",
            "helplines.show",
            "signin.show",
            "signin.first_time",
            "forgotten.show",
        }

    def test_a_member_gets_nothing_from_the_desk(self, app: Flask, as_, world: World):
        desk = [rule for rule in rules(app, "GET") if rule.endpoint.split(".")[0] in {"desk", "matches"}]

        got = {rule.endpoint: status_of(as_(world.member), world.url(app, rule)) for rule in desk}

        assert len(got) >= 4
        assert set(got.values()) == {404}
