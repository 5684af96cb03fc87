"""The page everybody may read, and the desk's page on which its numbers are checked."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.factories import SchemeFactory
from timebank import clock
from timebank.helplines import reads, service
from timebank.helplines.lines import NATIONS
from timebank.helplines.models import HelplineCheck, LocalLine, Way
from timebank.members.models import Bank
from timebank.record.reads import everything_about
from timebank.schemes import service as schemes

GOOD = {"name": "Night house", "way": "call", "number": "020 7946 0000", "hours": "At night"}


@pytest.fixture
def copies(sqlite_copies):
    """What the pages say does not depend on the kind of database; the services are tried on both."""
    return sqlite_copies


def dated(session, coordinator, days: int) -> None:
    """Everything on the page of their nation was checked so many days ago."""
    at = clock.now() - timedelta(days=days)
    for line in reads.numbers(session, coordinator.bank, today=clock.today()).own.lines:
        service.record_check(
            session,
            check_id=uuid4(),
            line=line.key,
            shown=line.shown,
            coordinator=coordinator,
            today=clock.today(),
            at=at,
        )


class TestUrgentHelp:
    def test_is_there_for_everybody_and_begins_with_the_banks_own_nation(self, as_, stranger, session, giver):
        bank_id = giver.bank_id
        for nation, name in NATIONS.items():
            session.get_one(Bank, bank_id).nation = nation
            pages = [browser.get("/urgent-help") for browser in (stranger, as_(giver))]

            for answer in pages:
                assert answer.status_code == 200
                numbers = re.findall(r'href="((?:tel|sms):[^"]+)"', answer.text)
                assert {"tel:999", "tel:116123", "sms:85258"} <= set(numbers)
                assert all(name in answer.text for name in NATIONS.values())
            places = {one: pages[1].text.index(f">{one}<") for one in NATIONS.values()}
            assert min(places, key=places.__getitem__) == name

    def test_says_plainly_that_nobody_has_checked(self, as_, giver):
        assert "Not yet checked" in as_(giver).get("/urgent-help").text

    def test_says_when_they_were_checked_and_never_hides_one(self, as_, session, giver, coordinator):
        before = as_(giver).get("/urgent-help").text

        for days, says in ((181, "Last checked on "), (180, "Checked on "), (3, "Checked on ")):
            dated(session, coordinator, days)
            after = as_(giver).get("/urgent-help").text

            assert says in after
            assert ("which is long ago" in after) == (days > 180)
            assert re.findall(r'href="(?:tel|sms):[^"]+"', after) == re.findall(r'href="(?:tel|sms):[^"]+"', before)

    def test_names_nobody_who_checked(self, as_, stranger, session, giver, coordinator):
        dated(session, coordinator, 3)

        assert coordinator.name not in re.sub(
            r"<(nav|header)\b.*?</\1>", "", stranger.get("/urgent-help").text, flags=re.DOTALL
        )

    def test_shows_a_banks_own_line_to_its_members_only(self, as_, session, giver, outsider, coordinator):
        as_(coordinator).post("/desk/helplines", GOOD | {"line_id": str(uuid4())})

        assert "tel:02079460000" in as_(giver).get("/urgent-help").text
        assert "tel:02079460000" not in as_(outsider).get("/urgent-help").text


class TestDesk:
    def test_warns_until_all_were_looked_at_and_again_after_ninety_days(self, as_, session, coordinator):
        warning = "that nobody has checked in the last 90 days: "
        lines = len(reads.numbers(session, coordinator.bank, today=clock.today()).own.lines)
        assert f"{warning}{lines}." in as_(coordinator).get("/desk/").text

        dated(session, coordinator, 91)
        assert warning in as_(coordinator).get("/desk/").text

        dated(session, coordinator, 90)
        assert warning not in as_(coordinator).get("/desk/").text

    def test_a_look_is_written_down_from_its_own_form(self, as_, session, coordinator):
        browser = as_(coordinator)
        page = browser.get("/desk/helplines").text
        form = re.search(r'name="check_id" value="([^"]+)">\s*<input type="hidden" name="line" value="shout">\s*'
                         r'<input type="hidden" name="shown" value="([^"]+)"', page)  # fmt: skip

        for _ in range(2):
            sent = {"check_id": form[1], "line": "shout", "shown": form[2]}
            assert browser.post("/desk/helplines/checked", sent).status_code == 303

        (kept,) = session.query(HelplineCheck).all()
        assert (kept.line, kept.shown, kept.checked_by) == ("shout", form[2], coordinator.id)
        assert f"by {coordinator.name}." in browser.get("/desk/helplines").text

    def test_a_number_that_changed_meanwhile_is_not_vouched_for(self, as_, session, coordinator):
        sent = {"check_id": str(uuid4()), "line": "shout", "shown": "Text HI to 85259 sms:85259"}

        answer = as_(coordinator).post("/desk/helplines/checked", sent)

        assert answer.status_code == 409
        assert "has changed since you opened the page" in answer.text
        assert session.query(HelplineCheck).count() == 0

    def test_what_no_page_sends_is_refused_in_words(self, as_, coordinator):
        browser = as_(coordinator)
        for sent in ({}, {"check_id": "x", "line": "shout", "shown": "y"}, {"line_id": "samaritans"}):
            assert browser.post("/desk/helplines/checked", sent).status_code == 422
            assert browser.post("/desk/helplines/take-away", sent).status_code == 422


class TestOwnLines:
    def test_what_cannot_be_read_comes_back_as_it_was_typed(self, as_, session, coordinator):
        browser = as_(coordinator)
        for field, wrong in [("number", "javascript:1"), ("number", "12"), ("number", "1" * 16), ("number", "٠٢٠٧٩٤٦"),
                             ("name", ""), ("way", "sing"), ("hours", "x")]:  # fmt: skip
            answer = browser.post("/desk/helplines", GOOD | {field: wrong, "line_id": str(uuid4())})

            assert answer.status_code == 422
            assert "Please" in answer.text
            assert field == "way" or f'value="{wrong}"' in answer.text
            assert f'value="{GOOD["hours"]}"' in answer.text or field == "hours"
        assert session.query(LocalLine).count() == 0

    def test_are_taken_off_again(self, as_, session, giver, coordinator):
        number = str(uuid4())
        browser = as_(coordinator)
        browser.post("/desk/helplines", GOOD | {"line_id": number})

        assert browser.post("/desk/helplines/take-away", {"line_id": number}).status_code == 303
        assert "tel:02079460000" not in as_(giver).get("/urgent-help").text

    def test_those_that_come_with_the_program_cannot_be(self, as_, coordinator):
        assert as_(coordinator).post("/desk/helplines/take-away", {"line_id": "samaritans"}).status_code == 422

    def test_are_for_those_who_look_after_the_whole_bank(self, as_, session, bank, giver):
        schemes.make_coordinator(session, member=giver, scheme=SchemeFactory(bank=bank))
        browser = as_(giver)

        assert browser.get("/desk/helplines").status_code == 200
        assert browser.post("/desk/helplines", GOOD | {"line_id": str(uuid4())}).status_code == 404
        assert browser.post("/desk/helplines/take-away", {"line_id": str(uuid4())}).status_code == 404

    def test_of_another_bank_are_not_there(self, as_, session, coordinator, outsider):
        schemes.make_coordinator(session, member=outsider)
        number = uuid4()
        service.add_line(session, line_id=number, coordinator=outsider, at=clock.now(), **GOOD | {"way": Way.CALL})

        assert as_(coordinator).post("/desk/helplines/take-away", {"line_id": str(number)}).status_code == 404


class TestAccess:
    def test_members_are_told_that_it_is_not_there(self, as_, giver):
        browser = as_(giver)

        assert browser.get("/desk/helplines").status_code == 404
        assert {browser.post(url).status_code for url in ("/desk/helplines", "/desk/helplines/checked")} == {404}

    def test_without_a_token_nothing_is_done(self, as_, session, coordinator):
        as_(coordinator).post("/desk/helplines", GOOD | {"line_id": str(uuid4())}, token=None)

        assert session.query(LocalLine).count() == 0


def test_ones_own_record_says_what_one_did_with_them(as_, session, coordinator):
    browser, number = as_(coordinator), str(uuid4())
    browser.post("/desk/helplines", GOOD | {"line_id": number})
    browser.post("/desk/helplines/take-away", {"line_id": number})
    dated(session, coordinator, 0)

    said = [row["what"] for row in everything_about(session, coordinator)["helplines"]]

    assert said[:2] == ["added", "took away"]
    assert set(said[2:]) == {"checked"}
