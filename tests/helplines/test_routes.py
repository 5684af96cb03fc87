"""The page everybody may read, and the desk's page on which its numbers are checked."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.factories import SchemeFactory
from timebank import clock
from timebank.helplines import reads, service
from timebank.helplines.lines import NATIONS
from timebank.helplines.models import HelplineCheck, LocalLine
from timebank.members.models import Bank
from timebank.record.reads import everything_about
from timebank.schemes import service as schemes

GOOD = {"name": "Night house", "way": "call", "number": "020 7946 0000", "hours": "At night"}
LOCAL = "tel:02079460000"
WARNING = "that nobody has checked in the last 90 days: "


@pytest.fixture
def copies(sqlite_copies):
    """What the pages say does not depend on the kind of database."""
    return sqlite_copies


def dated(session, coordinator, days: int) -> int:
    """Everything on the page of their nation was checked so many days ago; how many lines that are."""
    at, today = clock.now() - timedelta(days=days), clock.today()
    lines = reads.numbers(session, coordinator.bank, today=today).own.lines
    for line in lines:
        service.record_check(
            session, check_id=uuid4(), line=line.key, shown=line.shown, coordinator=coordinator, today=today, at=at
        )
    return len(lines)


def numbers(page: str) -> list[str]:
    return re.findall(r'href="((?:tel|sms):[^"]+)"', page)


class TestUrgentHelp:
    def test_is_there_for_everybody_and_begins_with_the_banks_own_nation(self, as_, stranger, session, giver):
        bank_id = giver.bank_id
        for nation, name in NATIONS.items():
            session.get_one(Bank, bank_id).nation = nation
            pages = [browser.get("/urgent-help") for browser in (stranger, as_(giver))]

            for answer in pages:
                assert answer.status_code == 200
                assert {"tel:999", "tel:116123", "sms:85258"} <= set(numbers(answer.text))
                assert all(name in answer.text for name in NATIONS.values())
                assert "Not yet checked" in answer.text
            places = {one: pages[1].text.index(f">{one}<") for one in NATIONS.values()}
            assert min(places, key=places.__getitem__) == name

    def test_says_when_they_were_checked_hides_none_and_names_nobody(self, as_, session, giver, coordinator):
        name, before = coordinator.name, as_(giver).get("/urgent-help").text

        for days, says in ((181, "Last checked on "), (180, "Checked on "), (3, "Checked on ")):
            dated(session, coordinator, days)
            after = as_(giver).get("/urgent-help").text

            assert says in after
            assert ("which is long ago" in after) == (days > 180)
            assert numbers(after) == numbers(before)
            assert name not in after
            here = after.partition("<details")[0]
            assert "Not yet checked" not in here

    def test_says_once_which_of_them_nobody_has_checked(self, as_, session, giver, coordinator):
        line = reads.find_line(session, giver.bank, "samaritans", today=clock.today())
        sent = {"check_id": str(uuid4()), "line": line.key, "shown": line.shown}
        as_(coordinator).post("/desk/helplines/checked", sent)

        here = as_(giver).get("/urgent-help").text.partition("<details")[0]

        assert here.count("Not yet checked") == 1
        (said,) = re.findall(r"Not yet checked</strong> by anybody at this time bank: ([^<]*)\.</p>", here)
        assert "Call 999" in said
        assert "116 123" not in said

    def test_shows_a_banks_own_line_to_its_members_until_it_is_taken_off(
        self, as_, session, giver, outsider, coordinator
    ):
        number, browser = str(uuid4()), as_(coordinator)
        for _ in range(2):
            assert browser.post("/desk/helplines", GOOD | {"line_id": number}).status_code == 303

        assert numbers(as_(giver).get("/urgent-help").text).count(LOCAL) == 1
        assert LOCAL not in as_(outsider).get("/urgent-help").text
        assert browser.post("/desk/helplines/take-away", {"line_id": number}).status_code == 303
        assert LOCAL not in as_(giver).get("/urgent-help").text


class TestDesk:
    def test_warns_until_all_were_looked_at_and_again_after_ninety_days(self, as_, session, coordinator):
        browser = as_(coordinator)
        first = browser.get("/desk/").text
        assert f"{WARNING}{dated(session, coordinator, 91)}." in first

        assert WARNING in browser.get("/desk/").text

        dated(session, coordinator, 90)
        assert WARNING not in browser.get("/desk/").text

    def test_writes_a_look_down_once_from_its_own_form_and_for_no_other_number(self, as_, session, coordinator):
        browser, who = as_(coordinator), (coordinator.id, coordinator.name)
        page = browser.get("/desk/helplines").text
        form = re.search(r'name="check_id" value="([^"]+)">\s*<input type="hidden" name="line" value="shout">\s*'
                         r'<input type="hidden" name="shown" value="([^"]+)"', page)  # fmt: skip
        sent = {"check_id": form[1], "line": "shout", "shown": form[2]}

        assert [browser.post("/desk/helplines/checked", sent).status_code for _ in range(2)] == [303, 303]
        changed = browser.post("/desk/helplines/checked", sent | {"check_id": str(uuid4()), "shown": "Text 85259"})

        assert changed.status_code == 409
        assert "has changed since you opened the page" in changed.text
        (kept,) = session.query(HelplineCheck).all()
        assert (kept.line, kept.shown, kept.checked_by) == ("shout", form[2], who[0])
        assert f"by {who[1]}." in browser.get("/desk/helplines").text

    def test_gives_back_what_it_cannot_read(self, as_, session, coordinator):
        browser = as_(coordinator)
        for field, wrong in [("number", "javascript:1"), ("number", "12"), ("number", "1" * 16), ("number", "٠٢٠٧٩٤٦"),
                             ("name", ""), ("way", "sing"), ("hours", "x")]:  # fmt: skip
            answer = browser.post("/desk/helplines", GOOD | {field: wrong, "line_id": str(uuid4())})

            assert answer.status_code == 422
            assert "Please" in answer.text
            assert field == "way" or f'value="{wrong}"' in answer.text
            assert f'value="{GOOD["hours"]}"' in answer.text or field == "hours"
        for sent in ({}, {"check_id": "x", "line": "shout", "shown": "y"}, {"line_id": "samaritans"}):
            assert browser.post("/desk/helplines/checked", sent).status_code == 422
            assert browser.post("/desk/helplines/take-away", sent).status_code == 422
        assert session.query(LocalLine).count() == 0


class TestAccess:
    def test_members_find_nothing_and_who_looks_after_one_scheme_may_check_but_not_add(self, as_, session, bank, giver):
        browser, sent = as_(giver), GOOD | {"line_id": str(uuid4())}
        assert browser.get("/desk/helplines").status_code == 404
        assert {browser.post(url, sent).status_code for url in ("/desk/helplines", "/desk/helplines/checked")} == {404}

        schemes.make_coordinator(session, member=giver, scheme=SchemeFactory(bank=bank))

        assert browser.get("/desk/helplines").status_code == 200
        assert "Add a line near you" not in browser.get("/desk/helplines").text
        assert browser.post("/desk/helplines", sent).status_code == 404
        assert browser.post("/desk/helplines/take-away", sent).status_code == 404
        assert session.query(LocalLine).count() == 0


def test_ones_own_record_says_what_one_did_with_them(as_, session, coordinator):
    browser, number = as_(coordinator), str(uuid4())
    browser.post("/desk/helplines", GOOD | {"line_id": number})
    browser.post("/desk/helplines/take-away", {"line_id": number})
    dated(session, coordinator, 0)

    said = [row["what"] for row in everything_about(session, coordinator)["helplines"]]

    assert said[:2] == ["added", "took away"]
    assert set(said[2:]) == {"checked"}
