"""Every page that a stranger, a member, a mentor, a coordinator and a lead can reach: well formed, in kind words, with both ways out."""

import re

import pytest

from tests.guards.crawl import PEOPLE, Crawl, Page
from timebank.web.policy import POLICY

NOT_HERE = re.compile(
    r"\b(earn\w*|owe[sd]?|owing|debts?|debtors?|overdrawn|overdrafts?|credit scores?|balance due|mentees?|clients?|sufferers?"
    r"|beneficiar\w+|recipients?|dependants?|case managers?|treatments?|interventions?|appointments?|reject\w*|fail\w*"
    r"|no-show|discharged|frauds?|offenders?|terminat\w+|disputes?|recovery|hard to reach|patients?|invalid|error)\b",
    re.IGNORECASE,
)
KEPT_BY_BROWSERS = {"static", "pages.htmx"}


def names(pages: list[Page]) -> list[str]:
    return sorted(str(page) for page in pages)


class TestTheCrawl:
    def test_reached_every_page(self, crawled: Crawl):
        """A page that no link leads to is a page that nobody finds."""
        reached = crawled.endpoints()
        pages = {
            "home",
            "hours",
            "statements",
            "introductions",
            "relationships",
            "offers",
            "profiles",
            "queries",
            "desk",
            "concerns",
        }

        assert {endpoint.split(".")[0] for endpoint in reached if endpoint} >= pages | {"matches", "pages", "signin"}
        assert {page.who for page in crawled.whole} == set(PEOPLE)
        assert len(crawled.whole) > 100

    def test_met_nothing_broken(self, crawled: Crawl):
        broken = [page for page in crawled.pages if page.status >= 500 and page.asked != "GET /broken"]

        assert names(broken) == []

    def test_every_link_leads_somewhere(self, crawled: Crawl):
        allowed = {"GET /nothing-here", "GET /leave-now", "GET /broken"}
        dead = [
            page
            for page in crawled.pages
            if page.asked.startswith("GET") and page.status >= 400 and page.asked not in allowed
        ]

        assert names(dead) == []

    @pytest.mark.parametrize("status", [200, 404, 405, 419, 422, 500])
    def test_saw_pages_of_every_kind(self, crawled: Crawl, status: int):
        assert any(page.status == status for page in crawled.whole)


class TestEveryPage:
    def test_parses_without_a_mistake(self, crawled: Crawl):
        assert {str(page): page.mistakes for page in crawled.whole if page.mistakes} == {}

    def test_uses_kind_words(self, crawled: Crawl):
        found = {
            (word.group().lower(), page.words[max(word.start() - 30, 0) : word.end() + 30].strip(), page.endpoint)
            for page in crawled.whole
            for word in NOT_HERE.finditer(page.words)
        }

        assert found == set()

    def test_has_the_quick_exit(self, crawled: Crawl):
        without = [page for page in crawled.whole if not self.has_exit(page)]

        assert names(without) == []

    def has_exit(self, page: Page) -> bool:
        return any(
            form.get("action") == "/leave-now"
            and form.get("method") == "post"
            and form.get("data-exit", "").startswith("https://")
            and any(button.get("type") == "submit" for button in form.iter("button"))
            for form in page.elements("form")
        )

    def test_links_to_urgent_help(self, crawled: Crawl):
        without = [
            page for page in crawled.whole if not any(link.get("href") == "/urgent-help" for link in page.elements("a"))
        ]

        assert names(without) == []

    def test_has_one_heading_that_says_what_it_is(self, crawled: Crawl):
        wrong = [page for page in crawled.whole if len(list(page.elements("h1"))) != 1]

        assert names(wrong) == []

    def test_has_no_id_twice(self, crawled: Crawl):
        twice = {}
        for page in crawled.whole:
            assert page.tree is not None
            ids = [element.get("id") for element in page.tree.iter() if element.get("id")]
            if len(ids) != len(set(ids)):
                twice[str(page)] = sorted({found for found in ids if ids.count(found) > 1})

        assert twice == {}

    def test_names_every_field(self, crawled: Crawl):
        bare = {
            f"{page}: {element.get('name')}"
            for page in crawled.whole
            for element in page.elements("input", "select", "textarea")
            if element.get("type") != "hidden"
            and element.get("id") not in {label.get("for") for label in page.elements("label")}
        }

        assert bare == set()

    def test_tells_a_stranger_no_name(self, crawled: Crawl):
        """What is open to all says nothing about who is here."""
        seen = [
            page for page in crawled.whole if page.who == "stranger" and re.search("Amara|Grace Otieno", page.words)
        ]

        assert names(seen) == []


class TestEveryAnswer:
    def test_is_not_kept_by_browsers(self, crawled: Crawl):
        kept = [
            page
            for page in crawled.pages
            if page.endpoint not in KEPT_BY_BROWSERS and page.headers.get("Cache-Control") != "no-store"
        ]

        assert names(kept) == []

    def test_says_what_it_is_and_in_which_letters(self, crawled: Crawl):
        """Each answer with words in it; a browser that has to guess can be led to guess wrongly."""
        kinds = {page.headers.get("Content-Type", "") for page in crawled.pages if page.status not in {204, 303}}

        assert {kind for kind in kinds if kind.startswith("text/") and not kind.endswith("; charset=utf-8")} == set()
        assert {kind.partition(";")[0] for kind in kinds} >= {"text/html", "text/css", "text/javascript"}
        assert "" not in kinds

    def test_tells_nothing_of_the_inside_when_something_breaks(self, crawled: Crawl):
        broken = [page for page in crawled.pages if page.status == 500]

        assert {page.who for page in broken} == set(PEOPLE)
        inside = re.compile(r"planted|LookupError|Traceback|\.py\b|sqlite|sqlalchemy", re.IGNORECASE)
        assert names([page for page in broken if inside.search(page.text)]) == []

    def test_names_no_server(self, crawled: Crawl):
        assert [page for page in crawled.pages if page.headers.get("Server", "").startswith("Werkzeug/")] == []


def test_the_look_out_for_words_sees():
    for word in ("earned", "you owe", "in debt", "Overdrawn", "your mentee", "rejected", "it failed"):
        assert NOT_HERE.search(word)
    for word in ("learn", "powers", "indebted-less", "clientele"):
        assert not NOT_HERE.search(word)


def test_every_row_of_the_policy_has_a_verdict_for_reading(crawled: Crawl):
    """The crawl asks what is written in the table; a new blueprint must be reachable or be listed here."""
    features = {row.split(".")[0] for row in POLICY} - {"static"}
    reached = {endpoint.split(".")[0] for endpoint in crawled.endpoints() if endpoint}

    assert features - reached == set()
