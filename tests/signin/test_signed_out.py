"""A phone that is in other hands: whoever looks after others signs its owner out everywhere, and its owner reads who did."""

import pytest
from sqlalchemy import func, select

from tests.signin.conftest import is_in, second_step, sign_in
from timebank.audit.models import Act, AuditEvent
from timebank.schemes import service as schemes
from timebank.signin.models import KnownDevice, SignInEvent, What


@pytest.fixture
def sign_out(as_, coordinator):
    return lambda member_id: as_(coordinator).post(f"/desk/members/{member_id}/sign-out")


class TestSignedOutEverywhere:
    def test_whoever_holds_the_phone_sees_nothing_more_at_once(self, as_, session, giver, phone, sign_out):
        thief, elsewhere = as_(None), as_(None)
        for browser in (thief, elsewhere):
            sign_in(browser)
            second_step(browser, phone.code())
        giver_id = giver.id

        assert sign_out(giver_id).status_code == 303

        assert [is_in(browser) for browser in (thief, elsewhere)] == [False, False]
        assert session.scalar(select(func.count()).select_from(KnownDevice)) == 0

    def test_the_password_stays_and_its_owner_reads_who_did_it(self, as_, nell, giver, sign_out):
        sign_out(giver.id)

        again = as_(None)
        assert sign_in(again).location == "/"
        assert "You were signed out everywhere by Coordinator" in again.get("/").text

    def test_what_was_being_begun_ends_too(self, as_, giver, phone, sign_out):
        half_way = as_(None)
        assert sign_in(half_way).location == "/sign-in/second-step"

        sign_out(giver.id)

        assert second_step(half_way, phone.code()).location != "/"
        assert not is_in(half_way)

    def test_it_stands_in_the_trail_and_on_their_own_page(self, session, nell, giver, coordinator, sign_out):
        sign_out(giver.id)

        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.act == Act.SIGNED_OUT)).all()
        assert (event.actor_id, event.about_id) == (coordinator.id, giver.id)
        (line,) = session.scalars(select(SignInEvent).where(SignInEvent.what == What.SIGNED_OUT)).all()
        assert (line.member_id, line.by_id) == (giver.id, coordinator.id)

    def test_one_person_is_enough_for_a_colleague_too_for_it_lets_nobody_in(
        self, as_, session, member_factory, bank, coordinator, sign_out
    ):
        other = member_factory(bank=bank)
        schemes.make_coordinator(session, member=other)
        browser = as_(other)
        assert browser.get("/").status_code == 200

        assert sign_out(other.id).location == "/desk/members"
        assert browser.get("/").status_code == 303

    def test_of_somebody_who_never_signed_in_it_says_the_same(self, session, member_factory, bank, sign_out):
        member = member_factory(bank=bank)

        assert sign_out(member.id).location == "/desk/members"
        assert session.scalar(select(func.count()).select_from(SignInEvent)) == 0

    def test_in_another_bank_is_not_there_and_members_may_not(
        self, as_, giver, receiver, coordinator, outsider, sign_out
    ):
        ids = [giver.id, receiver.id, outsider.id, coordinator.bank_id]

        assert [sign_out(one).status_code for one in ids[2:]] == [404, 404]
        assert as_(giver).post(f"/desk/members/{ids[1]}/sign-out").status_code == 404
        assert as_(giver).get(f"/desk/members/{ids[1]}/lost-phone").status_code == 404


class TestThePage:
    def test_leads_on_to_the_second_step(self, as_, giver, coordinator):
        giver_id, browser = giver.id, as_(coordinator)

        page = browser.get(f"/desk/members/{giver_id}/lost-phone").text

        assert f"/desk/members/{giver_id}/sign-out" in page
        assert f"/desk/members/{giver_id}/second-step" in page
        browser.say_why("members")
        assert f"/desk/members/{giver_id}/lost-phone" in browser.get("/desk/members").text
