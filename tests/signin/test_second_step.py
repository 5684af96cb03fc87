"""After a right password: half in, and nothing but the second step within reach."""

import os
import re
import sys
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.guards.world import make_world
from tests.signin.conftest import PASSWORD, give_app, is_in, open_door, second_step, sign_in
from tests.signin.test_guesses import most_within
from timebank.schemes import service as schemes
from timebank.signin import factors, service
from timebank.signin.models import HeldSignIn, RecoveryCode, SignInEvent, User, What
from timebank.web.policy import POLICY, Who

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
GUESSES = 10_000 if IS_FULL else 150


@pytest.fixture
def copies(sqlite_copies):
    """What is left to the database to decide is tested on both kinds in test_factors.py."""
    return sqlite_copies


def cookie(browser):
    return browser.client.get_cookie("sign-in").value


class TestHalfIn:
    def test_a_right_password_leads_to_the_second_step_and_a_code_leads_in(self, stranger, phone):
        answer = sign_in(stranger, next="/hours/new")

        assert (answer.status_code, answer.location) == (303, "/sign-in/second-step")
        assert not is_in(stranger)
        assert second_step(stranger, phone.code()).location == "/hours/new"
        assert is_in(stranger)

    def test_each_step_has_a_sign_in_of_its_own(self, stranger, session, phone):
        ids = [cookie(stranger)]
        sign_in(stranger)
        ids.append(cookie(stranger))
        second_step(stranger, phone.code())
        ids.append(cookie(stranger))

        assert len(set(ids)) == 3
        for old in ids[:2]:
            stranger.client.set_cookie("sign-in", old)
            assert not is_in(stranger)

    def test_what_is_held_is_nobodys_yet(self, stranger, session, phone):
        sign_in(stranger)

        assert session.scalars(select(HeldSignIn).where(HeldSignIn.user_id.is_not(None))).all() == []

    def test_nothing_else_can_be_reached(self, app, session, as_, nell):
        world = make_world(session, rows=1)
        browser = as_(None)
        browser.begin_half_way(world.member)
        reached = Counter()

        for rule in app.url_map.iter_rules():
            row = getattr(app.view_functions[rule.endpoint], "policy_row", "static")
            for method in {"GET", "POST"} & rule.methods:
                if POLICY[row] is Who.ANYONE or row == "signin.take_second_step":
                    continue
                answer = browser.open(world.url(app, rule), method=method, data={"csrf_token": browser.token})
                reached[row, answer.status_code, answer.location] += 1

        away = {(status, location) for row, status, location in reached if row != "signin.second_step"}
        assert away == {(303, "/sign-in/second-step")}
        assert sum(reached.values()) > 60

    @pytest.mark.parametrize(("minutes", "lasts"), [(4.9, True), (5, False)])
    def test_it_lasts_five_minutes(self, stranger, phone, time, minutes, lasts):
        sign_in(stranger)

        time.forward(minutes=minutes)

        second_step(stranger, phone.code())

        assert is_in(stranger) is lasts

    def test_it_ends_with_a_new_password(self, stranger, session, nell, phone, time):
        sign_in(stranger)
        service.change_password(
            session,
            user_id=nell.id,
            stamp=session.get_one(User, nell.id).fs_uniquifier,
            kept="!",
            here=None,
            at=time.at,
        )

        second_step(stranger, phone.code())

        assert not is_in(stranger)

    def test_it_ends_where_the_sign_in_is_closed_meanwhile(self, stranger, session, nell, phone):
        sign_in(stranger)
        session.get_one(User, nell.id).active = False

        second_step(stranger, phone.code())

        assert not is_in(stranger)

    def test_whoever_was_signed_in_before_is_not_any_more(self, as_, receiver, phone):
        browser = as_(receiver)

        sign_in(browser)

        assert not is_in(browser)

    def test_somebody_else_after_them_has_passed_nothing(self, as_, session, coordinator, quick_passwords, time):
        """What one person has shown on a shared computer does not count for the next."""
        user = User(member_id=coordinator.id, sign_in_name="cora", password=PASSWORD)
        session.add(user)
        browser = as_(coordinator)
        assert browser.get("/desk/").status_code == 200

        sign_in(browser, name="cora")

        assert browser.get("/desk/").location == "/sign-in/mine/set-up"

    def test_a_wrong_password_says_the_same_with_and_without_a_second_step(self, as_, phone):
        with_one, nobody = (sign_in(as_(None), name=name, password="wrong words here") for name in ("nell", "noll"))

        told = [
            re.sub(r'(csrf_token|nonce|"X-CSRFToken").{1,200}?"[ >]|n[eo]ll', "", answer.text.split("<main")[1])
            for answer in (with_one, nobody)
        ]
        assert with_one.status_code == nobody.status_code == 422
        assert told[0] == told[1]

    def test_the_box_for_a_shared_device_counts_after_the_second_step(self, stranger, phone):
        sign_in(stranger, shared_device="yes")
        answer = second_step(stranger, phone.code())

        assert stranger.client.get_cookie("device") is None
        assert any(
            kept.startswith("sign-in=") and "Max-Age" not in kept for kept in answer.headers.getlist("Set-Cookie")
        )


class TestCodes:
    def test_each_works_once(self, as_, phone):
        code, browsers = phone.code(), [as_(None) for _ in range(2)]
        for browser in browsers:
            sign_in(browser)

        answers = [second_step(browser, code).status_code for browser in browsers]

        assert answers == [303, 422]

    @pytest.mark.parametrize(("steps", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_one_step_off_either_way_is_near_enough(self, stranger, phone, steps, works):
        sign_in(stranger)

        second_step(stranger, phone.code(steps=steps))

        assert is_in(stranger) is works

    def test_an_older_one_than_the_last_is_worth_nothing(self, as_, phone):
        first, second = as_(None), as_(None)
        for browser in (first, second):
            sign_in(browser)

        second_step(first, phone.code(steps=1))
        second_step(second, phone.code())

        assert is_in(first)
        assert not is_in(second)

    def test_however_they_are_written(self, as_, phone):
        for steps, write in enumerate((lambda code: f" {code[:3]} {code[3:]} ", str)):
            browser = as_(None)
            sign_in(browser)
            assert second_step(browser, write(phone.code(steps=steps))).status_code == 303

    def test_in_digits_of_another_script(self, stranger, phone):
        sign_in(stranger)

        second_step(stranger, phone.code().translate({48 + digit: 0x660 + digit for digit in range(10)}))

        assert is_in(stranger)

    def test_somebody_elses_is_worth_nothing(self, app, as_, session, receiver, phone, time):
        other = give_app(app, session, open_door(session, receiver, "omar"), at=time.at)
        browser = as_(None)
        sign_in(browser)

        for code in (other.code(), other.spare[0]):
            assert second_step(browser, code).status_code == 422

    def test_a_wrong_one_is_not_shown_again(self, stranger, phone):
        sign_in(stranger)

        answer = second_step(stranger, "975 310 86420")

        assert answer.status_code == 422
        assert "975 310" not in answer.text


class TestSpareCodes:
    def test_each_lets_in_once_and_the_rest_go_on(self, as_, session, phone, nell, time):
        for number in range(10):
            for expected in (303, 422):
                time.forward(minutes=5)
                browser = as_(None)
                sign_in(browser)
                assert second_step(browser, phone.spare[number]).status_code == expected
        assert factors.of(session, nell).spare_left == 0

    def test_are_kept_as_hashes_only(self, session, phone):
        kept = " ".join(session.scalars(select(RecoveryCode.code_hash)))

        assert len(set(phone.spare)) == 10
        assert not any(code in kept for code in phone.spare)

    def test_new_ones_end_the_old_ones_and_are_shown_once(self, as_, session, giver, phone, time):
        browser = as_(giver)

        page = browser.post("/sign-in/mine/spare-codes").text

        shown = [code.replace("-", "") for code in re.findall(r'<li class="code">([^<]+)', page)]
        assert len(shown) == 10
        assert not any(code in browser.get("/sign-in/mine/").text.replace("-", "") for code in shown)
        old, new = as_(None), as_(None)
        for one in (old, new):
            sign_in(one)
        assert second_step(old, phone.spare[0]).status_code == 422
        assert second_step(new, shown[0]).status_code == 303

    def test_without_a_second_step_there_are_none(self, as_, giver, nell):
        answer = as_(giver).post("/sign-in/mine/spare-codes")

        assert answer.status_code == 409
        assert "Please set up codes from an app, or a passkey, first." in answer.text


class TestGuesses:
    @pytest.fixture
    def looked_at(self, monkeypatch):
        moments, use_code = [], factors.use_code

        def look(session, **more):
            moments.append(more["at"])
            return use_code(session, **more)

        monkeypatch.setattr(factors, "use_code", look)
        return moments

    def test_hardly_any_are_looked_at_and_a_known_device_gets_in(self, as_, session, phone, time, looked_at):
        owner = as_(None)
        sign_in(owner)
        assert second_step(owner, phone.code()).status_code == 303
        known = owner.client.get_cookie("device").value
        looked_at.clear()
        answers, thief = Counter(), as_(None)

        for number in range(GUESSES):
            if number % 100 == 0:
                thief = as_(None)
                sign_in(thief)
            time.forward(seconds=2)
            answers[second_step(thief, f"{number:06}").status_code] += 1

        moments = list(looked_at)
        assert set(answers) <= {422, 429}
        assert len(moments) == answers[422]
        assert most_within(moments, timedelta(minutes=1)) <= 5
        assert most_within(moments, timedelta(minutes=5)) <= 10
        again = as_(None)
        again.client.set_cookie("device", known)
        sign_in(again)
        assert second_step(again, phone.code()).status_code == 303
        sys.stdout.write(f"{GUESSES} wrong codes: {len(moments)} were looked at\n")

    def test_who_has_not_the_password_cannot_use_them_up(self, as_, phone, time):
        for _ in range(30):
            sign_in(as_(None), password="wrong words here")
            second_step(as_(None), "123456")
        time.forward(minutes=5)
        owner = as_(None)

        sign_in(owner)

        assert second_step(owner, phone.code()).status_code == 303

    def test_who_has_to_wait_is_told_and_the_owner_reads_of_it_once(self, as_, session, giver, phone, time):
        thief = as_(None)
        sign_in(thief)
        answers = [second_step(thief, "123456") for _ in range(9)]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 4
        assert answers[-1].headers["Retry-After"] == "61"

        time.forward(minutes=5)
        owner = as_(None)
        sign_in(owner)
        second_step(owner, phone.code())

        told = "Your password was right, and then wrong codes were typed several times"
        assert told in owner.get("/").text
        assert told not in owner.get("/").text
        happened = session.scalars(select(SignInEvent.what).where(SignInEvent.member_id == giver.id)).all()
        assert happened.count(What.CODES_TRIED) == 1


class TestCodesOfACoordinator:
    def first_time(self, browser, code):
        words = "five or six words here"
        form = {"code": code, "sign_in_name": "nell", "password": words, "password_again": words}
        return browser.post("/sign-in/first-time", form)

    def test_never_skip_the_second_step(self, as_, session, giver, coordinator, phone, time):
        code = service.issue_code(session, member=giver, issued_by=coordinator, at=time.at)
        browser = as_(None)

        answer = self.first_time(browser, code)

        assert answer.location == "/sign-in/second-step"
        assert not is_in(browser)
        second_step(browser, phone.code())
        assert is_in(browser)

    def test_without_a_second_step_they_lead_in(self, as_, session, giver, coordinator, nell, time):
        code = service.issue_code(session, member=giver, issued_by=coordinator, at=time.at)
        browser = as_(None)

        assert self.first_time(browser, code).location == "/"

    def test_are_read_about_by_their_owner(self, as_, session, giver, coordinator, nell, time):
        service.issue_code(session, member=giver, issued_by=coordinator, at=time.at)
        browser = as_(None)
        sign_in(browser)

        assert "A code was made for you by Coordinator" in browser.get("/").text
        assert "A code was made for you by Coordinator" not in browser.get("/hours/").text
        assert "2 March 2026 at 12:00: A code was made for you by Coordinator." in browser.get("/sign-in/mine/").text


class TestTakingAway:
    def test_is_done_by_a_coordinator_logged_and_told(self, as_, session, giver, coordinator, phone, time):
        owner = as_(None)
        sign_in(owner)
        second_step(owner, phone.code())
        desk = as_(coordinator)
        assert desk.get(f"/desk/members/{giver.id}/second-step").status_code == 200

        assert desk.post(f"/desk/members/{giver.id}/second-step/take-away").status_code == 303

        assert not is_in(owner), "what was open has ended"
        again = as_(None)
        assert sign_in(again).location == "/"
        assert "Your second step was taken away by Coordinator" in again.get("/").text
        assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 0

    def test_of_somebody_who_has_none_leaves_no_line_and_says_the_same(self, as_, session, giver, nell, coordinator):
        answer = as_(coordinator).post(f"/desk/members/{giver.id}/second-step/take-away")

        assert answer.status_code == 303
        assert session.scalar(select(func.count()).select_from(SignInEvent)) == 0

    def test_from_another_coordinator_takes_a_second_person(self, as_, session, member_factory, bank, coordinator):
        other = member_factory(bank=bank)
        schemes.make_coordinator(session, member=other)

        answer = as_(coordinator).post(f"/desk/members/{other.id}/second-step/take-away")

        assert answer.status_code == 303
        assert answer.location == f"/two-people/about/{other.id}?kind=take-second-step"

    def test_in_another_bank_is_not_there(self, as_, coordinator, outsider):
        browser = as_(coordinator)

        answers = [
            browser.post(f"/desk/members/{one}/second-step/take-away") for one in (outsider.id, coordinator.bank_id)
        ]

        assert [answer.status_code for answer in answers] == [404, 404]

    def test_members_may_not(self, as_, giver, receiver):
        assert as_(giver).post(f"/desk/members/{receiver.id}/second-step/take-away").status_code == 404
