"""What is told and to whom; and that what was dealt with meanwhile, or is no longer wanted, is not told any more."""

import pytest
from sqlalchemy import func, select, update

from tests.factories import NOON, HourLogFactory, IntroductionFactory, PartFactory, SchemeFactory
from tests.notices.conftest import address_of, states, wants_mail
from timebank.hours import service as hours
from timebank.introductions import service as introductions
from timebank.members import service as members
from timebank.members.models import MemberStatus
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind, MailAddress, MailWish, Notice, NoticeState
from timebank.queries import service as queries
from timebank.queries.models import Matter
from timebank.record import service as record
from timebank.schemes.models import Side
from timebank.signin import events
from timebank.signin.models import What


@pytest.fixture
def copies(sqlite_copies):
    """Who is told does not depend on the kind of database; that it is told once does (test_sending.py)."""
    return sqlite_copies


class TestWhatIsTold:
    def test_hours_that_wait_are_told_to_the_other_one(self, session, postman, waiting, receiver):
        assert postman.look(session=session) == [address_of(receiver)]

    def test_hours_that_were_confirmed_are_told_to_whoever_logged_them(self, session, postman, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)
        wants_mail(session, giver)
        hours.confirm_hours(session, log_id=log.id, member=receiver, at=NOON)

        assert postman.look(session=session) == [address_of(giver)]

    def test_an_introduction_is_told_to_whoever_is_asked_now(self, session, postman, bank, mentor, supported):
        scheme = SchemeFactory(bank=bank)
        PartFactory(member=mentor, scheme=scheme, side=Side.OFFER, capacity=5)
        for member in (mentor, supported):
            wants_mail(session, member)
        introduction = IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=supported.id, at=NOON)

        first = postman.look(session=session)
        introductions.answer_introduction(
            session, introduction_id=introduction.id, member=session.merge(mentor), yes=True, at=NOON
        )

        assert (first, postman.look(session=session)) == ([address_of(mentor)], [address_of(supported)])

    def test_a_check_is_told_to_the_other_one(self, session, postman, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)
        wants_mail(session, giver)
        queries.open_query(session, log_id=log.id, member=receiver, matter=Matter.LENGTH, words="", at=NOON)

        assert postman.look(session=session) == [address_of(giver)]

    def test_a_new_browser_is_told_to_whom_it_let_in(self, session, postman, giver):
        wants_mail(session, giver)
        events.note(session, What.NEW_BROWSER, member=giver, by=giver, at=NOON, about="Firefox")

        assert postman.look(session=session) == [address_of(giver)]

    @pytest.mark.parametrize("missing", ["address", "yes"])
    def test_who_did_not_ask_for_it_has_not_even_a_row(self, session, postman, giver, receiver, missing):
        wants_mail(session, receiver, Kind.CHECK)
        if missing == "address":
            session.execute(update(MailWish).values(kind=Kind.HOURS_WAIT))
            session.execute(update(MailAddress).values(sealed_address=None, confirmed_at=None))
        HourLogFactory(member=giver, partner=receiver)

        assert postman.look(session=session) == []
        assert session.scalar(select(func.count()).select_from(Notice)) == 0

    def test_an_act_that_is_undone_tells_nobody(self, session, postman, giver, receiver):
        wants_mail(session, receiver)
        HourLogFactory(member=giver, partner=receiver)
        session.rollback()

        assert postman.look(session=session) == []

    def test_an_act_sent_twice_is_told_once(self, session, postman, waiting, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, log_id=waiting.id)

        assert len(states(session)) == 1
        assert len(postman.look(session=session)) == 1


class TestLookingAgain:
    """When its turn comes, what is no longer so is not told."""

    def test_what_was_confirmed_meanwhile(self, session, postman, waiting, receiver):
        hours.confirm_hours(session, log_id=waiting.id, member=receiver, at=NOON)

        assert postman.look(session=session) == []
        assert states(session) == [NoticeState.TAKEN_BACK]

    def test_what_was_taken_back_meanwhile(self, session, postman, waiting, giver):
        hours.take_back(session, log_id=waiting.id, member=giver, at=NOON)

        assert postman.look(session=session) == []

    def test_what_comes_from_somebody_who_is_kept_apart_now(self, session, postman, waiting, giver, receiver):
        members.keep_apart(session, member=receiver, other=giver, at=NOON)

        assert postman.look(session=session) == []

    def test_or_the_other_way_round(self, session, postman, waiting, giver, receiver):
        members.keep_apart(session, member=giver, other=receiver, at=NOON)

        assert postman.look(session=session) == []

    def test_what_comes_from_somebody_who_left(self, session, postman, waiting, giver):
        session.merge(giver).status = MemberStatus.LEFT

        assert postman.look(session=session) == []

    @pytest.mark.parametrize("status", [MemberStatus.PAUSED, MemberStatus.LEFT])
    def test_whoever_takes_a_break_or_left_gets_none(self, session, postman, waiting, receiver, status):
        session.merge(receiver).status = status

        assert postman.look(session=session) == []

    def test_who_changed_their_mind(self, session, postman, waiting, receiver):
        session.delete(session.get_one(MailWish, (receiver.id, Kind.HOURS_WAIT)))

        assert postman.look(session=session) == []

    def test_who_took_their_address_away(self, session, postman, waiting, receiver):
        outbox.forget_address(session, member_id=receiver.id, at=NOON)

        assert postman.look(session=session) == []

    def test_who_left_the_bank_has_no_address_any_more(self, session, postman, waiting, receiver):
        record.leave(session, member=session.merge(receiver), keeps_hours=False, at=NOON)

        assert postman.look(session=session) == []
        assert session.get(MailAddress, receiver.id) is None

    def test_who_looked_in_since_has_seen_what_was_confirmed(self, session, postman, as_, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)
        wants_mail(session, giver)
        hours.confirm_hours(session, log_id=log.id, member=receiver, at=NOON)
        as_(giver).get("/")

        assert postman.look(session=session) == []

    def test_a_new_sign_in_is_told_whoever_is_looking_around(self, session, postman, as_, giver):
        """Perhaps it is not they who look around."""
        wants_mail(session, giver)
        events.note(session, What.NEW_BROWSER, member=giver, by=giver, at=NOON, about="Firefox")
        as_(giver).get("/")

        assert postman.look(session=session) == [address_of(giver)]

    def test_what_nobody_could_send_for_days(self, session, postman, waiting):
        postman.forward(days=3)

        assert postman.look(session=session) == []
        assert states(session) == [NoticeState.TAKEN_BACK]
