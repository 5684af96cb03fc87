"""No weighty act is done by fewer than two people who looked after the whole bank at that moment; none twice, none too late."""

import os
import random
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.factories import NOON, LeadFactory, MemberFactory, RelationshipFactory, SchemeFactory
from tests.races import racing, tell
from tests.two_people import histories
from timebank.audit.models import Act, AuditEvent
from timebank.concerns.models import Closeness, CloseTie
from timebank.errors import Conflict, NotFound
from timebank.members import service as members
from timebank.members.models import Member
from timebank.record import service as record
from timebank.schemes import reads as scheme_reads
from timebank.schemes import service as schemes
from timebank.signin import events
from timebank.signin import service as signin
from timebank.signin.models import OneTimeCode, User
from timebank.two_people import reads, service
from timebank.two_people.models import AlreadyEnded, Kind, State, WeightyAct

FULL = os.environ.get("TIMEBANK_FORM") == "full"
HISTORIES, STEPS, RACES = (60, 120, 40) if FULL else (2, 60, 3)
WEEK = timedelta(days=7)
KINDS = list(Kind)


@pytest.fixture
def three(session, bank, coordinator):
    """All of the whole bank: one asks, one decides, about the third."""
    others = [MemberFactory(bank=bank, name=name) for name in ("Bea", "Cai")]
    for other in others:
        schemes.make_coordinator(session, member=other)
    return [coordinator, *others]


def ask(session, asker, about, kind=Kind.NEW_CODE, *, at=NOON, scheme=None, reason="She rang me."):
    return service.ask(
        session,
        act_id=uuid4(),
        kind=kind,
        about_id=about.id,
        scheme_id=scheme.id if scheme else None,
        reason=reason,
        asker=asker,
        at=at,
    )


def give_sign_in(session, member):
    user = User(id=uuid4(), member_id=member.id, sign_in_name=uuid4().hex, password="?")
    session.add(user)
    session.flush()
    return user


def lines(session, member):
    return [events.sentence(one) for one in events.list_newest(session, member=member)]


class TestHistories:
    @pytest.mark.timeout(300)
    def test_nothing_is_done_but_by_two_in_time_and_once(self, database, session):
        done = steps = 0
        seen = set()
        for seed in range(HISTORIES):
            world = histories.make(session)
            for step, act, could in histories.live(database, world, random.Random(seed), steps=STEPS):
                steps += 1
                if step.what == "stop":
                    assert step.before.coordinators - step.after.coordinators <= {step.who}
                    assert step.after.coordinators
                else:
                    assert could == (step.what == "agree" and step.refusal is None), (seed, step, act)
                    # A second yes to a code would be a second code: what may not be done changes nothing at all.
                    assert could or not step.changed, (seed, step, act)
                done += could
                seen |= {act.kind} if could and act else set()
        tell(f"{steps} steps of {HISTORIES} histories, {done} weighty acts done")
        assert steps >= HISTORIES * STEPS
        assert done >= HISTORIES
        assert seen == set(KINDS) or not FULL

    def test_what_two_agreed_to_is_what_is_done(self, session, bank, three, giver):
        one, two, third = three
        give_sign_in(session, giver)

        _, code = service.agree(session, act_id=ask(session, one, third).id, decider=two, at=NOON)
        act = ask(session, one, giver, Kind.MAKE_COORDINATOR, scheme=(walks := SchemeFactory(bank=bank)))
        service.agree(session, act_id=act.id, decider=two, at=NOON)
        service.agree(session, act_id=ask(session, one, third, Kind.END_COORDINATOR).id, decider=two, at=NOON)

        assert session.scalar(select(OneTimeCode.issued_by).where(OneTimeCode.member_id == third.id)) == two.id
        assert len(code or "") == signin.CODE_LENGTH
        assert scheme_reads.coordinated_ids(session, giver) == {walks.id}
        assert not scheme_reads.is_coordinator(session, third)


class TestWhoMay:
    @pytest.mark.parametrize("kind", [Kind.NEW_CODE, Kind.TAKE_SECOND_STEP])
    def test_a_lead_is_asked_for_by_two_as_well(self, session, three, giver, kind):
        one, two, _ = three
        LeadFactory(member=giver, has_key=False)

        act = ask(session, one, giver, kind)

        assert reads.list_to_decide(session, two, at=NOON) == [act]

    def test_an_ordinary_member_takes_one_coordinator_only(self, session, three, giver):
        with pytest.raises(service.OneIsEnough):
            ask(session, three[0], giver)

    def test_whoever_looks_after_one_scheme_neither_asks_nor_decides(self, session, bank, three, giver):
        schemes.make_coordinator(session, member=giver, scheme=SchemeFactory(bank=bank))
        act = ask(session, three[0], three[2])

        with pytest.raises(NotFound):
            ask(session, giver, three[1])
        with pytest.raises(NotFound):
            service.agree(session, act_id=act.id, decider=giver, at=NOON)
        assert reads.list_to_decide(session, giver, at=NOON) == []

    @pytest.mark.parametrize("how", ["together", "kept apart", "relative"])
    def test_nobody_decides_about_somebody_close_to_them(self, session, three, how):
        one, two, third = three
        if how == "together":
            RelationshipFactory(guide=third, other=two).end(at=NOON)
        elif how == "kept apart":
            members.keep_apart(session, member=third, other=two, at=NOON)
        else:
            tie = {"bank_id": two.bank_id, "member_id": two.id, "other_id": third.id}
            session.add(CloseTie(**tie, kind=Closeness.RELATIVE, recorded_at=NOON))
        session.flush()

        with pytest.raises(service.NobodyElse):  # and no exception is made where there is nobody else
            ask(session, one, third)
        schemes.make_coordinator(session, member=(fourth := MemberFactory(bank=one.bank)))
        act = ask(session, one, third)
        with pytest.raises(NotFound):
            service.agree(session, act_id=act.id, decider=two, at=NOON)
        assert reads.list_to_decide(session, two, at=NOON) == []
        assert reads.list_to_decide(session, fourth, at=NOON) == [act]

    def test_nobody_asks_for_themselves_and_not_where_nobody_could_agree(self, session, three):
        one, two, third = three
        with pytest.raises(service.ForOneself):
            ask(session, one, one)
        service.stop(session, member=third, scheme_id=None, at=NOON)
        with pytest.raises(service.NobodyElse):
            ask(session, one, two)

    def test_whoever_never_came_in_is_not_named(self, session, three, giver):
        with pytest.raises(service.NeverCameIn):
            ask(session, three[0], giver, Kind.MAKE_COORDINATOR)

    def test_a_code_of_before_opens_nothing_once_somebody_is_named(self, session, three, giver):
        """One coordinator alone could make it while they looked after nothing."""
        one, two, _ = three
        give_sign_in(session, giver)
        signin.issue_code(session, member=giver, issued_by=one, at=NOON)

        act = ask(session, one, giver, Kind.MAKE_COORDINATOR)
        service.agree(session, act_id=act.id, decider=two, at=NOON)

        code = session.scalars(select(OneTimeCode).where(OneTimeCode.member_id == giver.id)).one()
        assert not code.can_be_used(NOON)

    def test_the_last_of_the_bank_does_not_stop(self, session, three):
        for one in three[1:]:
            service.stop(session, member=one, scheme_id=None, at=NOON)

        with pytest.raises(service.OnlyOneLeft):
            service.stop(session, member=three[0], scheme_id=None, at=NOON)


class TestWaiting:
    def test_the_person_reads_it_at_once_and_says_no(self, session, three):
        one, two, third = three
        act = ask(session, one, third)
        (line,) = lines(session, third)
        assert one.name in line

        service.say_no(session, act_id=act.id, member=third, at=NOON)

        assert len(lines(session, third)) == 2
        with pytest.raises(AlreadyEnded):
            service.agree(session, act_id=act.id, decider=two, at=NOON)

    @pytest.mark.parametrize(("late", "is_done"), [(timedelta(0), False), (-timedelta(microseconds=1), True)])
    def test_it_runs_out_after_seven_days(self, session, three, late, is_done):
        one, two, third = three
        act = ask(session, one, third)
        at = NOON + WEEK + late

        assert bool(reads.list_to_decide(session, two, at=at)) is is_done
        if not is_done:
            with pytest.raises(AlreadyEnded):
                service.agree(session, act_id=act.id, decider=two, at=at)
        assert service.let_all_run_out(session, at=at) == (not is_done)
        assert act.state is (State.WAITING if is_done else State.RAN_OUT)

    def test_what_has_run_out_can_be_asked_for_again(self, session, three):
        ask(session, three[0], three[2])
        with pytest.raises(service.AlreadyAsked):
            ask(session, three[1], three[2])

        assert ask(session, three[1], three[2], at=NOON + WEEK).state is State.WAITING

    @pytest.mark.parametrize("how", ["stops", "leaves"])
    def test_it_no_longer_counts_once_the_asker_is_no_coordinator(self, session, three, how):
        """Also where they are named again afterwards."""
        one, two, third = three
        act = ask(session, one, third)

        if how == "stops":
            service.stop(session, member=one, scheme_id=None, at=NOON)
            schemes.make_coordinator(session, member=one)
        else:
            record.leave(session, member=one, keeps_hours=False, at=NOON)

        assert act.state is State.RAN_OUT
        with pytest.raises(AlreadyEnded):
            service.agree(session, act_id=act.id, decider=two, at=NOON)

    def test_even_where_a_task_was_taken_past_our_own_ways(self, session, three):
        one, two, third = three
        act = ask(session, one, third)
        schemes.end_coordinator(session, member=one, scheme_id=None)

        assert reads.list_to_decide(session, two, at=NOON) == []
        with pytest.raises(service.NoLongerStands):
            service.agree(session, act_id=act.id, decider=two, at=NOON)

    def test_each_step_stands_in_the_trail_without_a_word_of_why(self, session, three):
        one, two, third = three
        act = ask(session, one, third, reason="Zilpzalp")
        service.decline(session, act_id=act.id, decider=two, at=NOON)

        noted = session.scalars(select(AuditEvent).where(AuditEvent.record_id == act.id).order_by(AuditEvent.seq))
        assert [(event.act, event.actor_id) for event in noted] == [
            (Act.ASKED_FOR_A_SECOND, one.id),
            (Act.DECLINED_AS_SECOND, two.id),
        ]
        assert b"Zilpzalp" not in bytes(session.scalar(select(WeightyAct.sealed_reason)))


FORGERIES = (
    "UPDATE weighty_act SET state = 'waiting', decided_by = NULL, decided_at = NULL",
    "UPDATE weighty_act SET decided_at = asked_at WHERE decided_at <> asked_at",
    "UPDATE weighty_act SET about_id = asked_by",
    "UPDATE weighty_act SET kind = 'end-coordinator'",
    "DELETE FROM weighty_act",
)
FORGERIES_OF_WAITING = (
    "UPDATE weighty_act SET state = 'agreed', decided_by = asked_by, decided_at = asked_at",
    "UPDATE weighty_act SET state = 'agreed', decided_by = about_id, decided_at = asked_at",
    "UPDATE weighty_act SET state = 'agreed', decided_at = asked_at",
    "UPDATE weighty_act SET runs_out_at = asked_at",
    "DELETE FROM weighty_act",
)


class TestTheDatabase:
    def test_refuses_what_the_code_refuses(self, database, session, three):
        one, two, third = three
        act = ask(session, one, third)
        session.commit()

        for forged in FORGERIES_OF_WAITING:
            with pytest.raises(DBAPIError), database.writing() as writing:
                writing.execute(text(forged))
        session.close()
        with database.writing() as writing:
            service.decline(
                writing, act_id=act.id, decider=writing.get_one(Member, two.id), at=NOON + timedelta(hours=1)
            )
        for forged in FORGERIES:
            with pytest.raises(DBAPIError), database.writing() as writing:
                writing.execute(text(forged))

    def test_lets_a_reason_go_with_whoever_wrote_it(self, database, session, three):
        one, two, third = three
        act = ask(session, one, third, reason="Zilpzalp")
        service.decline(session, act_id=act.id, decider=two, at=NOON)
        assert act.reason == "Zilpzalp"

        record.forget(session, member=one, at=NOON)

        session.commit()
        assert session.scalar(select(WeightyAct.sealed_reason)) is None


class TestAtOnce:
    @pytest.fixture
    def act_of(self, session, three):
        def act_of(number):
            act = ask(session, three[0], three[2], at=NOON + number * WEEK)
            session.commit()
            session.close()
            return act.id

        return act_of

    def doing(self, what, act_id, who, at):
        return lambda writing: getattr(service, what)(
            writing, act_id=act_id, **{"asker" if what == "take_back" else "decider": writing.get_one(Member, who)}, at=at
        )  # fmt: skip

    @pytest.mark.parametrize("other", ["agree", "take_back", "decline"])
    def test_one_of_two_counts(self, database, session, bank, three, act_of, other):
        fourth = MemberFactory(bank=bank)
        schemes.make_coordinator(session, member=fourth)
        who = {"agree": fourth.id, "decline": fourth.id, "take_back": three[0].id}[other]
        decider, third = three[1].id, three[2].id
        codes = 0
        with racing(database) as race:
            for number in range(RACES):
                act_id, at = act_of(number), NOON + number * WEEK
                came = race(self.doing("agree", act_id, decider, at), self.doing(other, act_id, who, at))
                assert sum(isinstance(one, Conflict) for one in came) == 1, came
                codes += (other == "agree") or not isinstance(came[0], Conflict)
        with database.reading() as reading:
            made = reading.scalars(select(OneTimeCode.id).where(OneTimeCode.member_id == third)).all()
            assert len(made) == codes

    def test_a_yes_and_the_asker_who_stops(self, database, session, three, act_of):
        """Whichever comes first: what was done was done while the asker looked after the bank."""
        one, two, _ = (person.id for person in three)
        with racing(database) as race:
            for number in range(RACES):
                act_id, at = act_of(number), NOON + number * WEEK
                agreed, stopped = race(
                    self.doing("agree", act_id, two, at),
                    lambda writing, at=at: service.stop(
                        writing, member=writing.get_one(Member, one), scheme_id=None, at=at
                    ),
                )
                assert stopped is None
                with database.writing() as writing:
                    trail = writing.scalars(select(AuditEvent.act).order_by(AuditEvent.seq.desc()).limit(3)).all()
                    state = writing.get_one(WeightyAct, act_id).state
                    schemes.make_coordinator(writing, member=writing.get_one(Member, one))
                was_done = not isinstance(agreed, Exception)
                assert state is (State.AGREED if was_done else State.RAN_OUT)
                assert (trail[0] is Act.ENDED_COORDINATOR) == was_done or Act.LET_RUN_OUT in trail
