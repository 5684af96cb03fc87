"""A query in the ledger: whatever is decided, whether the hours waited or counted, once or asked for again."""

import os
import sys
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import AccountKind, TransferKind, TransferState, settling
from ledger.errors import (
    AlreadyExpired,
    AlreadyReleased,
    AlreadyReversed,
    BridgeStandsWhole,
    GiftNotShorter,
    HoursFrozen,
    NotPosted,
    ReversalKeepsItsLength,
    SameIdOtherContent,
    TooLong,
)
from tests.ledger.making import AT, COORDINATOR, DAY, Bank, make_transfer

QUERIES = 1000 if os.environ.get("TIMEBANK_FORM") == "full" else 40
LATER = AT + timedelta(days=1)


@pytest.fixture
def community(bank) -> UUID:
    return bank.open_account(AccountKind.COMMUNITY)


def asked(bank: Bank, community: UUID, *, counts: bool, minutes: int = 90, **more) -> settling.Query:
    """Ada logged that she gave Ben an hour and a half, and Ben asks for a check."""
    transfer = make_transfer(bank.ada, bank.ben, minutes, **more)
    bank.do("hold", transfer=transfer, at=AT)
    if counts:
        bank.do("confirm", id=transfer.id, by=bank.ben, at=AT)
    return settling.Query(
        id=uuid4(), transfer=transfer.id, reversal=ask(bank, transfer.id), giver=bank.ada, receiver=bank.ben,
        community=community,
    )  # fmt: skip


def ask(bank: Bank, transfer: UUID, reversal_id: UUID | None = None) -> UUID | None:
    with bank.writing() as ledger:
        return settling.open_query(
            ledger, transfer=transfer, reversal_id=reversal_id or uuid4(), reason="let's check", by=bank.ben, at=AT
        )


def settle(bank: Bank, query: settling.Query, outcome: str, minutes: int | None = None) -> None:
    facts = {"by": COORDINATOR, "at": LATER}
    facts |= {"minutes": minutes} if outcome in {"set_length", "give_the_rest"} else {"reason": "decided"}
    with bank.writing() as ledger:
        getattr(settling, outcome)(ledger, query, **facts)


def balances(bank: Bank, community: UUID) -> tuple[int, int, int]:
    return bank.posted(bank.ada), bank.posted(bank.ben), bank.posted(community)


def expected(outcome: str, logged: int, minutes: int) -> tuple[int, int, int]:
    return {
        "let_stand": (logged, -logged, 0),
        "make_void": (0, 0, 0),
        "set_length": (minutes, -minutes, 0),
        "give_the_rest": (logged, -minutes, minutes - logged),
        "make_mutual": (0, 0, 0),
    }[outcome]


OUTCOMES = ("let_stand", "make_void", "set_length", "give_the_rest", "make_mutual")


class TestEveryOutcome:
    def test_leaves_what_was_decided_and_settling_again_alike_changes_nothing(self, bank, community):
        settled = Counter()

        @given(counts=st.booleans(), logged=st.integers(2, 1440), outcome=st.sampled_from(OUTCOMES), data=st.data())
        @settings(max_examples=QUERIES, suppress_health_check=list(HealthCheck))
        def live(counts, logged, outcome, data):
            minutes = data.draw(st.integers(1, logged - 1 if outcome == "give_the_rest" else 1440))
            before = balances(bank, community)
            query = asked(bank, community, counts=counts, minutes=logged)

            settle(bank, query, outcome, minutes)
            after = balances(bank, community)
            settle(bank, query, outcome, minutes)

            moved = tuple(now - was for was, now in zip(before, after, strict=True))
            assert moved == expected(outcome, logged, minutes)
            assert balances(bank, community) == after
            for one in (bank.ada, bank.ben):
                stands = bank.see("balance", account=one)
                assert (stands.held_in, stands.held_out) == (0, 0)
            settled[outcome, "counted" if counts else "waited"] += 1

        live()

        sys.stdout.write(f"\n{bank.database.url.get_backend_name()}: queries settled twice: {dict(settled)}\n")
        assert settled.total() >= QUERIES
        assert {outcome for outcome, _ in settled} == set(OUTCOMES)
        assert bank.see("verify").is_clean

    @pytest.mark.parametrize("counts", [False, True])
    def test_is_posted_beside_the_hours_and_linked_to_them(self, bank, community, counts):
        query = asked(bank, community, counts=counts)

        settle(bank, query, "give_the_rest", 60)

        gift = bank.see("get", id=uuid5(query.id, "gift"))
        assert (gift.kind, gift.group, gift.happened_on, gift.minutes) == (TransferKind.GIFT, query.transfer, DAY, 30)
        if counts:
            correction = bank.see("get", id=uuid5(query.id, "new length"))
            assert (correction.kind, correction.group) == (TransferKind.CORRECTION, query.transfer)
        assert bank.see("get", id=query.transfer).posted_minutes == (90 if counts else 60)

    @pytest.mark.parametrize("counts", [False, True])
    def test_with_the_community_gives_nothing_to_itself(self, bank, community, counts):
        transfer = make_transfer(community, bank.ben, 90, recorded_by=bank.ben)
        bank.do("hold", transfer=transfer, at=AT)
        if counts:
            bank.do("confirm", id=transfer.id, by=COORDINATOR, at=AT)
        query = settling.Query(
            id=uuid4(), transfer=transfer.id, reversal=ask(bank, transfer.id), giver=community, receiver=bank.ben,
            community=community,
        )  # fmt: skip

        settle(bank, query, "give_the_rest", 60)

        assert balances(bank, community) == (0, -60, 60)

    @pytest.mark.parametrize("counts", [False, True])
    @pytest.mark.parametrize("minutes", [90, 91])
    def test_a_gift_makes_up_for_a_shorter_length(self, bank, community, counts, minutes):
        query = asked(bank, community, counts=counts)

        with pytest.raises(GiftNotShorter):
            settle(bank, query, "give_the_rest", minutes)

    @pytest.mark.parametrize("counts", [False, True])
    @pytest.mark.parametrize("outcome", ["set_length", "give_the_rest"])
    def test_a_length_fits_in_the_day(self, bank, community, counts, outcome):
        query = asked(bank, community, counts=counts)

        with pytest.raises(TooLong):
            settle(bank, query, outcome, 1441)

    def test_that_is_another_than_before_is_refused(self, bank, community):
        waited, counted = asked(bank, community, counts=False), asked(bank, community, counts=True)
        settle(bank, waited, "set_length", 60)
        settle(bank, counted, "set_length", 60)

        for query in (waited, counted):
            with pytest.raises(SameIdOtherContent):
                settle(bank, query, "set_length", 61)

    def test_of_an_odd_minute_halves_to_less(self, bank, community):
        query = asked(bank, community, counts=True, minutes=91)

        settle(bank, query, "make_mutual")

        assert [line.minutes for line in bank.see("entries", account=bank.ada)] == [91, -91, 45, -45]

    def test_of_one_minute_posts_no_half(self, bank, community):
        query = asked(bank, community, counts=False, minutes=1)

        settle(bank, query, "make_mutual")

        assert bank.see("entries", account=bank.ada) == ()


class TestOpening:
    def test_freezes_hours_that_wait(self, bank, community):
        query = asked(bank, community, counts=False)

        assert query.reversal is None
        with pytest.raises(HoursFrozen):
            bank.do("confirm", id=query.transfer, by=bank.ben, at=AT)

    def test_holds_a_reversal_for_hours_that_count_and_again_is_no_error(self, bank, community):
        query = asked(bank, community, counts=True)

        assert ask(bank, query.transfer, query.reversal) == query.reversal

        mirror = bank.see("get", id=query.reversal)
        assert (mirror.state, mirror.reverses, mirror.recorded_by) == (TransferState.PENDING, query.transfer, bank.ben)
        with pytest.raises(AlreadyReversed):
            ask(bank, query.transfer)

    def test_finds_nothing_to_check_in_hours_that_are_gone(self, bank):
        released, lapsed = make_transfer(bank.ada, bank.ben), make_transfer(bank.ada, bank.ben)
        bank.do("hold", transfer=released, at=AT)
        bank.do("release", id=released.id, reason="a mistake", at=AT)
        bank.do("hold", transfer=lapsed, at=AT - timedelta(days=2), expires_at=AT)

        with pytest.raises(AlreadyReleased):
            ask(bank, released.id)
        with pytest.raises(AlreadyExpired):
            ask(bank, lapsed.id)

    def test_settles_nothing_that_its_logger_took_back_meanwhile(self, bank, community):
        query = asked(bank, community, counts=False)
        bank.do("release", id=query.transfer, reason="a mistake", at=AT)

        for outcome in OUTCOMES:
            with pytest.raises(AlreadyReleased):
                settle(bank, query, outcome, 60)


class TestOverABridge:
    def over_a_bridge(self, bank, community) -> settling.Query:
        bridge = bank.open_account(AccountKind.BRIDGE)
        transfer = make_transfer(bank.ada, bridge, 90, kind=TransferKind.BRIDGE, peer=uuid4())
        bank.do("post", transfer=transfer, at=AT)
        return settling.Query(
            id=uuid4(), transfer=transfer.id, reversal=ask(bank, transfer.id), giver=bank.ada, receiver=bridge,
            community=community,
        )  # fmt: skip

    @pytest.mark.parametrize("outcome", ["set_length", "give_the_rest", "make_mutual"])
    def test_one_bank_alone_does_not_change_what_counts_in_two(self, bank, community, outcome):
        query = self.over_a_bridge(bank, community)

        with pytest.raises(BridgeStandsWhole):
            settle(bank, query, outcome, 60)
        with bank.writing() as ledger, pytest.raises(BridgeStandsWhole):
            settling.adjust(
                ledger, id=query.transfer, adjustment_id=uuid4(), minutes=60, reason="why", by=COORDINATOR, at=AT
            )

    @pytest.mark.parametrize(("outcome", "minutes"), [("let_stand", 90), ("make_void", 0)])
    def test_it_stands_or_is_void_as_anything_else(self, bank, community, outcome, minutes):
        query = self.over_a_bridge(bank, community)

        settle(bank, query, outcome)

        assert bank.posted(bank.ada) == minutes


class TestAdjust:
    def adjust(self, bank, transfer_id, **more) -> settling.Adjusted:
        facts = {"adjustment_id": uuid4(), "minutes": 60, "reason": "it was an hour", "by": COORDINATOR, "at": LATER}
        with bank.writing() as ledger:
            return settling.adjust(ledger, id=transfer_id, **facts | more)

    def posted(self, bank, **more) -> UUID:
        transfer = make_transfer(bank.ada, bank.ben, 90, **more)
        bank.do("post", transfer=transfer, at=AT)
        return transfer.id

    def test_undoes_and_records_what_should_have_stood_there(self, bank):
        original = self.posted(bank)

        done = self.adjust(bank, original)

        lines = bank.see("entries", account=bank.ada)
        assert [(line.kind, line.minutes) for line in lines] == [
            (TransferKind.EXCHANGE, 90), (TransferKind.REVERSAL, -90), (TransferKind.CORRECTION, 60),
        ]  # fmt: skip
        assert lines[1].reverses == original
        assert bank.see("get", id=lines[2].transfer_id).group == original
        assert done.correction.giver.balance == 60
        assert bank.see("verify").is_clean

    def test_again_answers_the_same(self, bank):
        original, adjustment_id = self.posted(bank), uuid4()
        first = self.adjust(bank, original, adjustment_id=adjustment_id)

        assert self.adjust(bank, original, adjustment_id=adjustment_id) == first
        assert bank.posted(bank.ada) == 60
        with pytest.raises(AlreadyReversed):
            self.adjust(bank, original)
        with pytest.raises(SameIdOtherContent):
            self.adjust(bank, original, adjustment_id=adjustment_id, minutes=61)

    def test_can_name_another_giver_another_receiver_and_another_day(self, bank):
        original = self.posted(bank)
        day = DAY - timedelta(days=1)

        self.adjust(bank, original, minutes=90, giver=bank.cleo, receiver=bank.ada, happened_on=day)

        assert [bank.posted(one) for one in (bank.ada, bank.ben, bank.cleo)] == [-90, 0, 90]
        assert bank.see("entries", account=bank.cleo)[0].happened_on == day

    def test_refuses_what_was_not_posted_what_undoes_and_what_is_longer_than_a_day(self, bank):
        waiting, original = make_transfer(bank.ada, bank.ben), self.posted(bank)
        bank.do("hold", transfer=waiting, at=AT)
        reversal = uuid4()
        bank.do("reverse", id=self.posted(bank), reversal_id=reversal, reason="wrong", at=AT)

        with pytest.raises(NotPosted):
            self.adjust(bank, waiting.id)
        with pytest.raises(ReversalKeepsItsLength):
            self.adjust(bank, reversal)
        with pytest.raises(TooLong):
            self.adjust(bank, original, minutes=1441)
        assert bank.posted(bank.ada) == 90
