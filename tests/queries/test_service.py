""" "Let’s check this hour": what it stops, what it does not, and what each way of settling it does to every balance.

One file: every act on checks is told here in turn, with the same few people.
"""

from functools import partial
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ledger.errors import AlreadyReversed, HoursFrozen, LedgerError
from ledger.transfers import TransferKind, TransferState
from tests.factories import (
    DAY,
    NOON,
    HourLogFactory,
    MemberFactory,
    QueryFactory,
    RelationshipFactory,
    SchemeFactory,
    confirm,
    faults,
    held,
    posted,
)
from tests.hours_making import LATER, check_between, hand_over, log_one_a_day, open_check, settle
from tests.races import ROUNDS, racing, tell
from timebank.concerns import service as concerns
from timebank.concerns.models import Closeness
from timebank.errors import NotFound
from timebank.hours import service as hours
from timebank.introductions.models import Introduction
from timebank.members.models import Bank, Member
from timebank.members.service import ledger_of
from timebank.queries import reads, service
from timebank.queries.models import AlreadySettled, Matter, Outcome, Query
from timebank.schemes import service as schemes
from timebank.statements import reads as statements


@pytest.fixture(params=["waiting", "posted"])
def query(request, session, giver, receiver):
    """A check on an hour and a half: one time while the hours wait, the other time when they already count."""
    return check_between(giver, receiver, is_posted=request.param == "posted")


@pytest.fixture
def waiting(session, giver, receiver):
    return check_between(giver, receiver)


def kinds(session, bank):
    """Everything that ever counted in this bank, by kind."""
    return sorted(
        line.kind
        for member in session.scalars(select(Member).where(Member.bank_id == bank.id))
        for line in ledger_of(session, bank).entries(account=member.account_id)
    )


class TestOpen:
    def test_freezes_an_hour_that_waits(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        open_check(session, log, receiver)

        assert ledger_of(session, giver.bank).get(id=log.id).is_frozen
        assert posted(giver, receiver) == (0, 0)
        with pytest.raises(HoursFrozen):
            hours.confirm_hours(session, log_id=log.id, member=receiver, at=LATER)

    def test_an_hour_that_counts_gets_a_reversal_that_waits(self, session, giver, receiver):
        log = confirm(HourLogFactory(member=giver, partner=receiver, minutes=90))

        query = open_check(session, log, receiver)

        reversal = ledger_of(session, giver.bank).get(id=query.reversal_id)
        assert (reversal.state, reversal.reverses) == (TransferState.PENDING, log.id)
        assert posted(giver, receiver) == (90, -90)

    @pytest.mark.parametrize("who", ["giver", "receiver"])
    def test_by_either_side(self, session, giver, receiver, request, who):
        log = HourLogFactory(member=giver, partner=receiver)

        assert open_check(session, log, request.getfixturevalue(who)).is_open

    @pytest.mark.parametrize("who", ["bystander", "outsider", "coordinator"])
    def test_by_nobody_else(self, session, giver, receiver, request, who):
        log = HourLogFactory(member=giver, partner=receiver)

        with pytest.raises(NotFound):
            open_check(session, log, request.getfixturevalue(who))

    def test_only_one_at_a_time(self, session, query, giver, receiver):
        for member in (giver, receiver):
            with pytest.raises(service.AlreadyBeingChecked):
                open_check(session, query.log, member)

    def test_not_on_hours_that_were_taken_back(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)
        hours.take_back(session, log_id=log.id, member=giver, at=NOON)

        with pytest.raises(service.NothingToCheck):
            open_check(session, log, receiver)

    def test_nothing_else_stops(self, session, query, giver, receiver):
        RelationshipFactory(guide=giver, other=receiver)
        other = HourLogFactory(member=giver, partner=receiver, minutes=30)

        confirm(other)

        assert ledger_of(session, giver.bank).get(id=other.id).state is TransferState.POSTED
        assert session.scalars(select(Introduction)).all() == []
        assert statements.get_page(session, giver).lines[0].balance_after == posted(giver)[0]

    def test_what_one_writes_at_once_is_ones_account(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        query = open_check(session, log, receiver, words="It was an hour.")

        assert [(told.member_id, told.words) for told in query.tellings] == [(receiver.id, "It was an hour.")]


class TestTell:
    def tell(self, session, query, member, words):
        return service.tell(session, query_id=query.id, member=member, words=words, at=LATER)

    def test_each_side_tells_their_own(self, session, query, giver, receiver):
        self.tell(session, query, giver, "An hour and a half.")

        told = self.tell(session, query, receiver, "An hour.").tellings

        assert {one.member_id: one.words for one in told} == {giver.id: "An hour and a half.", receiver.id: "An hour."}

    def test_telling_again_changes_ones_own_words_only(self, session, query, giver, receiver):
        self.tell(session, query, giver, "An hour and a half.")
        self.tell(session, query, receiver, "An hour.")

        told = self.tell(session, query, receiver, "An hour, I think.").tellings

        assert {one.member_id: one.words for one in told} == {
            giver.id: "An hour and a half.",
            receiver.id: "An hour, I think.",
        }

    @pytest.mark.parametrize("who", ["bystander", "outsider", "coordinator"])
    def test_nobody_else_tells_anything(self, session, query, request, who):
        with pytest.raises(NotFound):
            self.tell(session, query, request.getfixturevalue(who), "I heard it was an hour.")

    def test_not_once_it_is_settled(self, session, query, giver, coordinator):
        settle(session, query, coordinator, "as-logged")

        with pytest.raises(AlreadySettled):
            self.tell(session, query, giver, "But…")


class TestMaySettle:
    def test_a_coordinator_who_has_no_part_in_it(self, session, waiting, coordinator):
        assert reads.may_settle(session, waiting, coordinator)

    @pytest.mark.parametrize("who", ["giver", "receiver"])
    def test_no_party_even_if_they_coordinate(self, session, waiting, request, who):
        member = request.getfixturevalue(who)
        schemes.make_coordinator(session, member=member)

        assert not reads.may_settle(session, waiting, member)
        with pytest.raises(NotFound):
            settle(session, waiting, member, "as-logged")

    @pytest.mark.parametrize("who", ["bystander", "outsider"])
    def test_nobody_who_does_not_coordinate_here(self, session, waiting, outsider, request, who):
        schemes.make_coordinator(session, member=outsider)

        with pytest.raises(NotFound):
            settle(session, waiting, request.getfixturevalue(who), "as-logged")

    @pytest.mark.parametrize("ended", [False, True])
    @pytest.mark.parametrize("who", ["giver", "receiver"])
    def test_nobody_who_is_or_was_together_with_one_of_them(self, session, waiting, coordinator, request, who, ended):
        together = RelationshipFactory(guide=coordinator, other=request.getfixturevalue(who))
        if ended:
            together.end(at=NOON)
            session.flush()

        with pytest.raises(NotFound):
            settle(session, waiting, coordinator, "as-logged")

    @pytest.mark.parametrize("said_by", ["the coordinator", "the other"])
    @pytest.mark.parametrize("who", ["giver", "receiver"])
    def test_nobody_who_is_close_to_one_of_them_whoever_of_the_two_said_so(
        self, session, waiting, coordinator, request, who, said_by
    ):
        """Found with a hazard log: decisions said it of checks too, and only two-people acts and worries asked."""
        one, other = coordinator, request.getfixturevalue(who)
        if said_by == "the other":
            one, other = other, one
        concerns.say_close(session, member=one, other=other, kind=Closeness.RELATIVE, at=NOON)

        assert reads.list_open_to_settle(session, coordinator) == []
        with pytest.raises(NotFound):
            settle(session, waiting, coordinator, "as-logged")

    def test_a_coordinator_of_its_scheme(self, session, giver, receiver, bystander):
        scheme = SchemeFactory(bank=giver.bank)
        schemes.make_coordinator(session, member=bystander, scheme=scheme)
        query = check_between(giver, receiver, log__scheme_id=scheme.id)

        assert reads.may_settle(session, query, bystander)

    @pytest.mark.parametrize("in_a_scheme", [False, True])
    def test_no_coordinator_of_another_scheme(self, session, giver, receiver, bystander, in_a_scheme):
        scheme, another = SchemeFactory(bank=giver.bank), SchemeFactory(bank=giver.bank)
        schemes.make_coordinator(session, member=bystander, scheme=another)
        scheme_id = scheme.id if in_a_scheme else None
        query = check_between(giver, receiver, log__scheme_id=scheme_id)

        assert not reads.may_settle(session, query, bystander)

    def test_is_what_the_desk_lists(self, session, waiting, giver, coordinator):
        check_between(giver, coordinator, log__minutes=30)
        QueryFactory()

        assert reads.list_open_to_settle(session, coordinator) == [waiting]

    def test_whoever_settled_it_may_read_it_afterwards(self, session, waiting, coordinator):
        settle(session, waiting, coordinator, "as-logged")

        assert reads.get_to_read(session, waiting.id, coordinator) is waiting

    def test_but_no_more_once_they_are_together_with_one_of_the_two(self, session, waiting, giver, coordinator):
        settle(session, waiting, coordinator, "as-logged")
        RelationshipFactory(guide=coordinator, other=giver)

        with pytest.raises(NotFound):
            reads.get_to_read(session, waiting.id, coordinator)

    @pytest.mark.parametrize("who", ["bystander", "outsider"])
    def test_nobody_else_reads_it(self, session, waiting, request, who):
        with pytest.raises(NotFound):
            reads.get_to_read(session, waiting.id, request.getfixturevalue(who))


class TestSettle:
    """Giver, receiver, community: minutes afterwards, whether the hour and a half waited or already counted."""

    @pytest.mark.parametrize(
        ("outcome", "minutes", "balances"),
        [
            ("as-logged", None, (90, -90, 0)),
            ("new-length", 60, (60, -60, 0)),
            ("new-length", 120, (120, -120, 0)),
            ("mutual", None, (0, 0, 0)),
            ("void", None, (0, 0, 0)),
            ("community-gift", 60, (90, -60, -30)),
            ("community-gift", 1, (90, -1, -89)),
        ],
    )
    def test_leaves_exactly_these_balances(
        self, session, query, giver, receiver, coordinator, outcome, minutes, balances
    ):
        settle(session, query, coordinator, outcome, minutes)

        assert posted(giver, receiver, giver.bank) == balances
        assert sum(balances) == posted(coordinator)[0] == 0
        assert held(giver) == held(receiver) == (0, 0)
        assert not faults(giver.bank)

    @pytest.mark.parametrize(
        ("outcome", "minutes", "given", "balances"),
        [
            ("as-logged", None, True, (90, -90)),
            ("new-length", 60, True, (60, -60)),
            ("void", None, True, (0, 0)),
            ("community-gift", 60, True, (90, -90)),
            ("as-logged", None, False, (-90, 90)),
            ("community-gift", 60, False, (-60, 60)),
        ],
    )
    @pytest.mark.parametrize("counts", [False, True])
    def test_hours_with_the_community_are_settled_with_the_community(
        self, session, giver, coordinator, outcome, minutes, given, balances, counts
    ):
        log = HourLogFactory(member=giver, partner=None, is_given=given, minutes=90)
        if counts:
            hours.confirm_hours(session, log_id=log.id, member=coordinator, at=NOON)
        query = open_check(session, log, giver)

        settle(session, query, coordinator, outcome, minutes)

        assert posted(giver, giver.bank) == balances
        assert not faults(giver.bank)

    def test_time_with_the_community_cannot_be_mutual(self, session, giver, coordinator):
        query = open_check(session, HourLogFactory(member=giver, partner=None), giver)
        session.commit()

        with pytest.raises(service.NoSecondPerson):
            settle(session, query, coordinator, "mutual")

        session.rollback()
        assert query.is_open

    @pytest.mark.parametrize(
        ("outcome", "minutes"),
        [("new-length", None), ("community-gift", None), ("community-gift", 90), ("community-gift", 91)],
    )
    def test_a_length_that_is_missing_or_no_shorter_is_asked_for(
        self, session, query, giver, coordinator, outcome, minutes
    ):
        before = posted(giver)
        session.commit()

        with pytest.raises(service.LengthNeeded):
            settle(session, query, coordinator, outcome, minutes)

        session.rollback()
        assert query.is_open
        assert posted(giver) == before

    def test_mutual_keeps_both_ways_and_drops_the_odd_minute(self, session, giver, receiver, coordinator):
        query = check_between(giver, receiver, log__minutes=91)

        settle(session, query, coordinator, "mutual")

        lines = ledger_of(session, giver.bank).entries(account=giver.account_id)
        assert [line.minutes for line in lines] == [45, -45]

    def test_one_minute_cannot_be_halved_and_nothing_is_posted(self, session, giver, receiver, coordinator):
        query = check_between(giver, receiver, log__minutes=1)

        settle(session, query, coordinator, "mutual")

        assert kinds(session, giver.bank) == []
        assert posted(giver, receiver) == (0, 0)

    def test_what_counted_stays_readable_and_is_reversed_by_a_linked_entry(self, session, giver, receiver, coordinator):
        query = check_between(giver, receiver, is_posted=True)

        settle(session, query, coordinator, "new-length", 60)

        lines = ledger_of(session, giver.bank).entries(account=giver.account_id)
        assert [(line.kind, line.minutes) for line in lines] == [
            (TransferKind.EXCHANGE, 90),
            (TransferKind.REVERSAL, -90),
            (TransferKind.CORRECTION, 60),
        ]
        assert lines[1].reverses == query.log_id
        assert {line.happened_on for line in lines} == {DAY}

    def test_a_correction_stands_on_the_statement_with_the_other_person(self, session, giver, receiver, coordinator):
        query = check_between(giver, receiver, is_posted=True)

        settle(session, query, coordinator, "new-length", 60)

        assert [line.partner for line in statements.get_page(session, giver).lines] == [receiver.name] * 3

    def test_twice_is_refused_and_the_first_decision_stands(self, session, query, giver, receiver, coordinator):
        second = MemberFactory(bank=giver.bank)
        schemes.make_coordinator(session, member=second)
        settle(session, query, coordinator, "new-length", 60)

        with pytest.raises(AlreadySettled):
            settle(session, query, second, "void")

        assert (query.outcome, query.settled_by) == (Outcome.NEW_LENGTH, coordinator.id)
        assert posted(giver, receiver) == (60, -60)

    def test_says_who_when_and_why(self, session, query, coordinator):
        settle(session, query, coordinator, "new-length", 60)

        assert (query.settled_by, query.settled_at, query.outcome_minutes) == (coordinator.id, LATER, 60)
        assert query.outcome_words == "We talked it over."

    def test_what_stands_as_logged_may_be_checked_again(self, session, query, giver, receiver, coordinator):
        settle(session, query, coordinator, "as-logged")

        again = open_check(session, query.log, giver)

        assert again.is_open
        assert posted(giver, receiver) == (90, -90)

    def test_what_is_void_has_nothing_left_to_check(self, session, query, receiver, coordinator):
        settle(session, query, coordinator, "void")

        with pytest.raises((service.NothingToCheck, AlreadyReversed)):
            open_check(session, query.log, receiver)

    def test_a_colleague_who_waits_is_not_touched(self, session, query, giver, receiver, bystander, coordinator):
        other = check_between(giver, bystander, log__minutes=30)

        settle(session, query, coordinator, "void")

        assert other.is_open
        assert held(bystander) == (0, 30)

    def test_whoever_logged_by_code_does_not_learn_the_name_from_a_check(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, by_code=True)

        query = open_check(session, log, giver)

        assert receiver.name not in reads.view(session, query, giver).names.values()


class TestAnyLength:
    """Random lengths: the sum is always zero, and nobody ever loses by a gift."""

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        logged=st.integers(1, 24 * 60),
        settled=st.one_of(st.none(), st.integers(1, 24 * 60)),
        outcome=st.sampled_from(list(Outcome)),
        counts=st.booleans(),
    )
    def test_sums_to_zero(self, session, giver, receiver, coordinator, logged, settled, outcome, counts):
        bank, before = giver.bank, posted(giver, receiver, giver.bank)
        with session.begin_nested() as undone:
            query = check_between(giver, receiver, log__minutes=logged, log__is_sure=True, is_posted=counts)
            needs_length = outcome in {Outcome.NEW_LENGTH, Outcome.COMMUNITY_GIFT}
            too_long = outcome is Outcome.COMMUNITY_GIFT and settled is not None and settled >= logged
            if needs_length and (settled is None or too_long):
                with pytest.raises(service.LengthNeeded):
                    settle(session, query, coordinator, outcome, settled)
            else:
                settle(session, query, coordinator, outcome, settled)
                length = settled or 0
                expected = {
                    Outcome.AS_LOGGED: (logged, -logged, 0),
                    Outcome.NEW_LENGTH: (length, -length, 0),
                    Outcome.MUTUAL: (0, 0, 0),
                    Outcome.VOID: (0, 0, 0),
                    Outcome.COMMUNITY_GIFT: (logged, -length, length - logged),
                }[outcome]
                assert posted(giver, receiver, bank) == expected
                assert sum(expected) == 0
                assert not faults(bank)
            undone.rollback()
        assert posted(giver, receiver, bank) == before == (0, 0, 0)


class TestAtTheSameMoment:
    def test_of_two_coordinators_who_settle_at_once_the_first_ones_decision_stands(
        self, database, session, giver, receiver, coordinator
    ):
        second = MemberFactory(bank=giver.bank)
        schemes.make_coordinator(session, member=second)
        query_ids = [QueryFactory(log=log).id for log in log_one_a_day(giver, receiver)]
        people, ids = (giver.id, receiver.id, giver.bank_id), (coordinator.id, second.id)
        hand_over(session)

        def decide(query_id, member_id, outcome, session):
            query = session.get_one(Query, query_id)
            session.expunge(query)  # as a page that was read before would be: the lock must read it anew
            settle(session, query, session.get_one(Member, member_id), outcome)

        with racing(database) as race:
            outcomes = [
                race(partial(decide, one, ids[0], "as-logged"), partial(decide, one, ids[1], "void"))
                for one in query_ids
            ]

        stood = sum(first is None for first, _ in outcomes)
        voided = sum(second is None for _, second in outcomes)
        tell(f"{ROUNDS} checks settled by two at once: {stood} stand as logged, {voided} void")
        assert stood + voided == len(outcomes) == ROUNDS
        assert all(isinstance(one or other, AlreadySettled) for one, other in outcomes)
        one, other = (session.get_one(Member, member_id) for member_id in people[:2])
        assert posted(one, other) == (90 * stood, -90 * stood)
        assert held(one) == held(other) == (0, 0)
        assert not faults(session.get_one(Bank, people[2]))

    def test_two_who_ask_at_once_are_asked_into_one_check(self, database, session, giver, receiver):
        logs = log_one_a_day(giver, receiver, days=50)
        sides, bank = (giver.id, receiver.id), giver.bank_id
        hand_over(session)

        def ask(log, member_id, session):
            open_check(session, log, session.get_one(Member, member_id))

        with racing(database) as race:
            outcomes = [race(*(partial(ask, log, member_id) for member_id in sides)) for log in logs]

        assert all(
            sorted(type(one).__name__ for one in both) == ["AlreadyBeingChecked", "NoneType"] for both in outcomes
        )
        assert len(session.scalars(select(Query).where(Query.bank_id == bank)).all()) == 50


class TestUnknown:
    def test_what_is_not_there_is_not_found(self, session, coordinator, giver):
        with pytest.raises(NotFound):
            reads.get_to_settle(session, uuid4(), coordinator)
        with pytest.raises((NotFound, LedgerError)):
            service.open_query(session, log_id=uuid4(), member=giver, matter=Matter.LENGTH, words="", at=LATER)
