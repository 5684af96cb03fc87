"""How to reach me: an address that is shown to be one's own, what comes to it, and a note for those who look after one."""

import html
import re
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update

from tests.factories import agree
from tests.notices.conftest import wants_mail
from timebank.consents.purposes import Purpose
from timebank.consents.reads import may
from timebank.contact.models import SafeContact
from timebank.contact.service import agreement
from timebank.outbox import reads
from timebank.outbox.models import TO_CHOOSE, Kind, MailAddress, MailWish, Notice, NoticeState
from timebank.signin.entering import PROVED_AT

PAGE = "/how-to-reach-me/"
READ = agreement().digest
NOTE = "Only call on weekdays. Never leave a message."


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


def give(browser, address="ada@example.org", ask_id=None):
    return browser.post(f"{PAGE}mail/address", {"address": address, "ask_id": str(ask_id or uuid4())})


def code_in(postman):
    return re.search(r"^[A-Z2-9]{4}(-[A-Z2-9]{4}){2}", postman.office.taken[-1][1].get_content(), re.MULTILINE)[0]


def confirm(browser, code):
    return browser.post(f"{PAGE}mail/confirm", {"code": code})


def kept(session, member):
    session.expire_all()
    return session.get(MailAddress, member.id)


class TestAnAddress:
    def test_counts_once_its_code_comes_back(self, as_, session, postman, giver, time):
        browser = as_(giver)
        give(browser)
        postman.at = time.at
        before = kept(session, giver).confirmed_at

        assert postman.look(session=session) == ["ada@example.org"]
        assert confirm(browser, code_in(postman).lower().replace("-", " ")).status_code == 303
        assert (before, kept(session, giver).address) == (None, "ada@example.org")
        assert "A mail address was confirmed" in browser.get("/sign-in/mine/").text

    def test_brings_nothing_that_was_not_chosen(self, as_, session, postman, giver, time):
        browser = as_(giver)
        give(browser)
        postman.at = time.at
        postman.look(session=session)
        confirm(browser, code_in(postman))

        assert session.scalars(select(MailWish)).all() == []
        assert 'name="kinds" value="hours-wait" checked' not in browser.get(PAGE).text

    def test_code_works_once_and_for_a_day(self, as_, session, postman, giver, time):
        give(as_(giver))
        postman.at = time.at
        postman.look(session=session)
        time.forward(days=1)

        assert confirm(as_(session.merge(giver)), code_in(postman)).status_code == 422
        time.forward(seconds=-1)
        assert confirm(as_(session.merge(giver)), code_in(postman)).status_code == 303
        assert confirm(as_(session.merge(giver)), code_in(postman)).status_code == 409

    @pytest.mark.parametrize("code", ["", "2222-2222-2222", "x" * 41])
    def test_another_code_shows_nothing(self, as_, session, postman, giver, time, code):
        browser = as_(giver)
        give(browser)
        postman.at = time.at
        postman.look(session=session)

        answer = confirm(browser, code)

        assert answer.status_code == 422
        assert f'value="{code}"' in answer.text
        assert kept(session, giver).confirmed_at is None

    def test_code_of_somebody_else_shows_nothing(self, as_, session, postman, giver, receiver, time):
        for member in (giver, receiver):
            give(as_(member), f"{member.name.lower()}@example.org")
        postman.at = time.at
        postman.look(session=session)
        (to, letter) = postman.office.taken[0]
        other = receiver if to.startswith("giver") else giver

        code = re.search(r"^[A-Z2-9-]{14}", letter.get_content(), re.MULTILINE)[0]

        assert confirm(as_(session.merge(other)), code).status_code == 422

    def test_the_one_before_goes_on_until_the_new_one_is_shown(self, as_, session, postman, giver, time):
        wants_mail(session, giver)
        browser = as_(giver)
        give(browser, "new@example.org")
        postman.at = time.at
        first = kept(session, giver).address
        postman.look(session=session)
        confirm(browser, code_in(postman))

        assert (first, kept(session, giver).address) == ("giver@example.org", "new@example.org")
        assert len(session.scalars(select(MailWish)).all()) == len(TO_CHOOSE)

    def test_a_code_that_went_to_another_address_shows_nothing_for_this_one(self, as_, session, postman, giver, time):
        browser = as_(giver)
        give(browser, "mine@example.org")
        postman.at = time.at
        postman.look(session=session)
        mine = code_in(postman)
        give(browser, "victim@example.org")

        assert confirm(browser, mine).status_code == 422

    def test_asks_first_who_it_is(self, as_, session, giver):
        browser = as_(giver)
        browser.row.data = {name: value for name, value in browser.row.data.items() if name != PROVED_AT}

        assert "/sign-in/again" in browser.get(f"{PAGE}mail/address").location
        assert give(browser).status_code == 403
        assert session.scalars(select(MailAddress)).all() == []

    @pytest.mark.parametrize(
        "address",
        [
            "", "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "ada@example.org, b@example.org", "ada@example.org;b@x.org",
            "ada@example.org\nBcc: b@example.org", "Ada <ada@example.org>", "ada@-x.org", "ada@x..org", ".a@x.org", "a@x.org ", "ädä@x.org",
            "x" * 65 + "@x.org", "ada@" + "x" * 250 + ".org", "ada@[127.0.0.1]", '"a b"@x.org', "a@b@x.org",
        ],
    )  # fmt: skip
    def test_that_is_none_or_more_than_one_is_refused_and_comes_back(self, as_, session, giver, address):
        answer = give(as_(giver), address)

        if address == "a@x.org ":  # a blank at the end is no mistake
            assert answer.status_code == 303
            return
        assert answer.status_code == 422
        assert "Please write one mail address" in answer.text
        assert address.replace("\n", "") in html.unescape(answer.text).replace("\n", "")
        assert session.scalars(select(MailAddress)).all() == []

    def test_no_more_than_three_codes_a_day(self, as_, giver):
        browser = as_(giver)

        assert [give(browser, f"stranger{number}@example.org").status_code for number in range(4)] == [303] * 3 + [429]

    def test_nor_by_taking_it_away_in_between(self, as_, giver):
        browser, answers = as_(giver), []
        for number in range(4):
            answers.append(give(browser, f"stranger{number}@example.org").status_code)
            browser.post(f"{PAGE}mail/remove")

        assert answers == [303] * 3 + [429]

    def test_the_same_form_sent_twice_asks_once(self, as_, session, giver):
        browser, ask_id = as_(giver), uuid4()

        give(browser, ask_id=ask_id)
        give(browser, ask_id=ask_id)

        assert len(session.scalars(select(Notice)).all()) == 1

    def test_is_gone_with_one_press(self, as_, session, postman, giver):
        wants_mail(session, giver)
        browser = as_(giver)
        give(browser, "new@example.org")

        assert browser.post(f"{PAGE}mail/remove").status_code == 303
        assert kept(session, giver) is None
        assert session.scalars(select(MailWish)).all() == []
        assert session.scalars(select(Notice.state)).all() == [NoticeState.TAKEN_BACK]
        assert postman.look(session=session) == []

    def test_stands_in_the_database_under_lock_only(self, as_, session, database, giver):
        give(as_(giver), "canary7351@example.org")
        as_(giver).post(f"{PAGE}note", {"words": "canary7352"})
        session.commit()
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            rows = [
                str(row)
                for table in ("mail_address", "notice", "safe_contact", "sign_in_event")
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            ]

        assert len(rows) >= 3
        assert [row for row in rows if "canary" in row] == []


class TestChoosing:
    def test_keeps_what_was_ticked_and_nothing_else(self, as_, session, giver):
        wants_mail(session, giver)
        browser = as_(giver)

        browser.post(f"{PAGE}mail/choose", {"kinds": ["check", "introduction"], "at_most_daily": "yes", "read": READ})

        assert set(session.scalars(select(MailWish.kind))) == {Kind.CHECK, Kind.INTRODUCTION}
        assert kept(session, giver).at_most_daily

    def test_a_tick_is_an_agreement_in_the_words_beside_it(self, as_, session, giver):
        wants_mail(session, giver, Kind.PASSWORD)
        agree(session, member=giver, purpose=Purpose.MAIL, is_yes=False)
        browser = as_(giver)

        page = browser.get(PAGE).text
        browser.post(f"{PAGE}mail/choose", {"kinds": "check", "read": READ})
        session.expire_all()

        assert agreement().text in html.unescape(page)
        assert may(session, member_id=giver.id, purpose="mail")
        assert reads.wants(session, giver.id, Kind.CHECK)

    def test_other_words_than_those_on_the_page_are_not_agreed_to(self, as_, session, giver):
        wants_mail(session, giver, Kind.CHECK)

        answer = as_(giver).post(f"{PAGE}mail/choose", {"kinds": "introduction", "read": "0" * 64})

        assert answer.status_code == 409
        assert "read them once more" in answer.text
        assert session.scalars(select(MailWish.kind)).all() == [Kind.CHECK]

    @pytest.mark.parametrize("how", ["no tick", "no address", "on the page of all agreements"])
    def test_taking_it_back_anywhere_ends_it_everywhere(self, as_, session, giver, how):
        wants_mail(session, giver)
        browser = as_(giver)

        if how == "no tick":
            browser.post(f"{PAGE}mail/choose", {"kinds": "password"})
        elif how == "no address":
            browser.post(f"{PAGE}mail/remove")
        else:
            agree(session, member=giver, purpose=Purpose.MAIL, is_yes=False)
        session.expire_all()

        assert not may(session, member_id=giver.id, purpose="mail")
        assert {kind for kind in TO_CHOOSE if reads.wants(session, giver.id, kind)} <= {Kind.PASSWORD}
        assert reads.wishes_of(session, giver.id) <= {Kind.PASSWORD}

    def test_nothing_ticked_is_nothing_sent(self, as_, session, giver):
        wants_mail(session, giver)

        as_(giver).post(f"{PAGE}mail/choose", {})

        assert session.scalars(select(MailWish)).all() == []

    @pytest.mark.parametrize("kind", ["confirm-address", "everything"])
    def test_only_what_is_on_the_page_can_be_chosen(self, as_, session, giver, kind):
        wants_mail(session, giver, Kind.CHECK)

        assert as_(giver).post(f"{PAGE}mail/choose", {"kinds": kind}).status_code == 422
        assert session.scalars(select(MailWish.kind)).all() == [Kind.CHECK]

    def test_without_an_address_says_what_to_do(self, as_, giver):
        answer = as_(giver).post(f"{PAGE}mail/choose", {"kinds": "check"})

        assert answer.status_code == 409
        assert "You can give one" in answer.text


class TestTheNote:
    def test_is_kept_shown_and_taken_away(self, as_, session, giver):
        browser = as_(giver)

        browser.post(f"{PAGE}note", {"words": NOTE})
        shown = browser.get(f"{PAGE}note").text
        browser.post(f"{PAGE}note", {"words": ""})

        assert NOTE in shown
        assert session.scalars(select(SafeContact)).all() == []

    def test_stands_on_no_page_that_does_not_ask_who_it_is(self, as_, giver):
        browser = as_(giver)
        browser.post(f"{PAGE}note", {"words": NOTE})

        assert NOTE not in browser.get(PAGE).text

    def test_too_long_comes_back(self, as_, giver):
        answer = as_(giver).post(f"{PAGE}note", {"words": "x" * 501})

        assert answer.status_code == 422
        assert "x" * 501 in answer.text

    def test_is_read_by_a_coordinator_who_says_why_and_its_owner_sees_that(self, as_, session, giver, coordinator):
        as_(giver).post(f"{PAGE}note", {"words": NOTE})
        looking, url = as_(coordinator), f"/desk/members/{giver.id}/how-to-reach"

        asked = looking.get(url)
        looking.say_why("member", giver.id, reason="member-asked")
        page = looking.get(url).text

        assert NOTE not in asked.text
        assert "Why do you need to look?" in asked.text
        assert NOTE in page
        assert "how you can be reached safely" in as_(session.merge(giver)).get("/who-has-looked/").text

    def test_of_one_person_is_not_opened_by_a_reason_for_another(self, as_, giver, receiver, coordinator):
        looking = as_(coordinator)
        looking.say_why("member", receiver.id)

        assert "Why do you need to look?" in looking.get(f"/desk/members/{giver.id}/how-to-reach").text

    def test_and_nobody_else_sees_that_look(self, as_, session, giver, receiver, coordinator):
        looking = as_(coordinator)
        looking.say_why("member", giver.id)
        looking.get(f"/desk/members/{giver.id}/how-to-reach")

        assert "how you can be reached" not in as_(session.merge(receiver)).get("/who-has-looked/").text

    def test_shows_a_coordinator_no_address(self, as_, session, giver, coordinator):
        wants_mail(session, giver)
        looking = as_(coordinator)
        looking.say_why("member", giver.id)

        assert "giver@example.org" not in looking.get(f"/desk/members/{giver.id}/how-to-reach").text

    def test_but_that_a_message_did_not_arrive(self, as_, session, giver, coordinator):
        wants_mail(session, giver)
        give(as_(giver))
        session.execute(update(Notice).values(state=NoticeState.GIVEN_UP, why="refused"))
        looking = as_(session.merge(coordinator))
        looking.say_why("member", giver.id)

        assert "could not be delivered" in looking.get(f"/desk/members/{giver.id}/how-to-reach").text


class TestWhereNoMailIsSent:
    def test_the_page_says_so_and_an_address_can_still_be_taken_away(self, app, as_, session, giver):
        wants_mail(session, giver)
        app.config["TIMEBANK_SENDS_MAIL"] = False

        page = as_(giver).get(PAGE).text

        assert "sends no mail" in page
        assert "Take my address away" in page
        assert "Give a mail address" not in page
