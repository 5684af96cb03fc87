"""Where somebody is signed in: how long that lasts, what it is called, and how it is ended from elsewhere."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import NOON
from timebank import clock
from timebank.banks.commands import do_what_is_due
from timebank.signin import guesses
from timebank.signin.browsers import browser_of
from timebank.signin.models import HeldSignIn, KnownDevice, User


def is_signed_in(browser):
    return browser.get("/hours/").status_code == 200


def held_of(session, member):
    user = session.scalar(select(User).where(User.member_id == member.id))
    return session.scalars(select(HeldSignIn).where(HeldSignIn.user_id == user.id)).all()


class TestLimits:
    @pytest.mark.parametrize(("hours", "lasts"), [(11.9, True), (12, False)])
    def test_a_member_is_signed_out_after_twelve_hours_unused(self, as_, giver, time, hours, lasts):
        browser = as_(giver)

        time.forward(hours=hours)

        assert is_signed_in(browser) is lasts

    @pytest.mark.parametrize(("minutes", "lasts"), [(29, True), (30, False)])
    def test_whoever_looks_after_others_after_half_an_hour(self, as_, coordinator, time, minutes, lasts):
        browser = as_(coordinator)

        time.forward(minutes=minutes)

        assert is_signed_in(browser) is lasts

    def test_whoever_goes_on_stays_signed_in_for_thirty_days(self, as_, giver, time):
        browser = as_(giver)

        for _ in range(59):
            time.forward(hours=11.9)
            assert is_signed_in(browser)
        time.forward(hours=20)

        assert not is_signed_in(browser)

    def test_a_coordinator_for_twelve_hours(self, as_, coordinator, time):
        browser = as_(coordinator)

        for _ in range(28):
            time.forward(minutes=25)
            assert is_signed_in(browser)
        time.forward(minutes=25)

        assert not is_signed_in(browser)
        # It has ended on the server too.
        time.at = NOON
        assert not is_signed_in(browser)

    def test_it_is_written_down_every_five_minutes_that_one_is_in_use(self, as_, session, giver, time):
        browser, seen = as_(giver), []

        for _ in range(4):
            time.forward(minutes=2)
            browser.get("/hours/")
            (held,) = held_of(session, giver)
            seen.append((held.seen_at - NOON) / timedelta(minutes=1))

        assert seen == [0, 0, 6, 6]

    def test_what_is_over_is_cleared_away(self, as_, database, session, giver, receiver, time):
        as_(giver).get("/")
        time.forward(hours=11)
        as_(receiver).get("/")
        time.forward(hours=1)

        do_what_is_due(database, at=time.at)

        assert held_of(session, giver) == []
        assert len(held_of(session, receiver)) == 1


class TestThePage:
    def test_tells_a_person_where_they_are_signed_in_and_nobody_else(self, as_, giver, receiver, time):
        here = as_(giver)
        as_(giver).get("/")
        as_(receiver).get("/")

        page = here.get("/sign-in/mine/").text

        assert page.count("Firefox on Linux</h3>") == 2
        assert page.count("this one") == 1
        assert page.count("Sign out there") == 1

    def test_another_browser_is_signed_out_from_here(self, as_, session, giver):
        here, there = as_(giver), as_(giver)
        here.get("/")
        there.get("/")
        (other,) = (held for held in held_of(session, giver) if str(held.id) in here.get("/sign-in/mine/").text)

        answer = here.post(f"/sign-in/mine/devices/{other.id}/out")

        assert (answer.status_code, answer.location) == (303, "/sign-in/mine/")
        assert is_signed_in(here)
        assert not is_signed_in(there)

    def test_everywhere_but_here(self, as_, session, giver, receiver):
        here, others, nobodys = as_(giver), [as_(giver) for _ in range(3)], as_(receiver)
        for browser in (here, *others, nobodys):
            browser.get("/")
        user = session.scalar(select(User).where(User.member_id == giver.id))
        guesses.remember_device(session, user=user, device=None, at=clock.now())

        here.post("/sign-in/mine/devices/others/out")

        assert is_signed_in(here)
        assert is_signed_in(nobodys)
        assert not any(is_signed_in(other) for other in others)
        assert session.scalar(select(func.count()).select_from(KnownDevice)) == 0

    def test_of_somebody_else_answers_as_if_it_were_not_there(self, as_, session, giver, receiver):
        theirs = as_(receiver)
        theirs.get("/")
        (held,) = held_of(session, receiver)
        browser = as_(giver)

        answers = [browser.post(f"/sign-in/mine/devices/{number}/out") for number in (held.id, giver.id)]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert is_signed_in(theirs)


class TestNames:
    @pytest.mark.parametrize(
        ("user_agent", "name"),
        [
            ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
             "Chrome on Android"),
            (("Mozilla/5.0 (Linux; Android 9; SM-G960F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/14.0 Chrome/87.0 "
             "Mobile Safari/537.36"), "Samsung Internet on Android"),
            (("Mozilla/5.0 (iPhone; CPU iPhone OS 15_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 "
             "Mobile/15E148 Safari/604.1"), "Safari on an iPhone"),
            (("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36 "
             "Edg/139.0"), "Edge on Windows"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:141.0) Gecko/20100101 Firefox/141.0", "Firefox on a Mac"),
            ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36",
             "Chrome on a Chromebook"),
            ("", "A browser"),
            ("<script>alert(1)</script>" * 99, "A browser"),
        ],
    )  # fmt: skip
    def test_a_browser_is_called_what_a_person_would_call_it(self, user_agent, name):
        assert browser_of(user_agent) == name
