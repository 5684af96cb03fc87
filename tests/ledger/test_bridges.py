"""An exchange between two banks, stopped after every step: whoever goes on, both banks agree and each sums to zero.

One file: every act on a bridge is told here in turn, stopped in the same way, and judged by the same few helpers.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import AccountKind, Ledger, TransferState, bridges
from ledger.bridges import Bridge, BridgeState, Ends, end_ids
from ledger.errors import (
    AccountClosed,
    AlreadyConfirmed,
    AlreadyReversed,
    BelowHardFloor,
    BridgeEndsDiffer,
    HoursFrozen,
    LedgerError,
    OwnRecord,
    SameIdOtherContent,
    TooLong,
    TransferNotFound,
)
from tests.ledger.making import AT, COORDINATOR, DAY, Bank
from timebank.db import Database

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
PLACES = ["one sqlite", "one postgresql", "sqlite to postgresql"]
if IS_FULL:
    PLACES += ["postgresql to sqlite", "sqlite to sqlite", "postgresql to postgresql"]
LIVES = 300 if IS_FULL else 25
RACES = 200 if IS_FULL else 15
LATER = AT + timedelta(hours=1)
REASON = "it was another day"


class Stopped(Exception):  # noqa: N818 - it says what happened to the program
    """The program ended here."""


class Span:
    """Two banks and the accounts that stand for the other one; ada of the one gives, ben of the other receives."""

    def __init__(self, giver: Database, receiver: Database) -> None:
        self.banks = Ends(Bank(giver), Bank(receiver))
        self.bridges = Ends(*(bank.open_account(AccountKind.BRIDGE) for bank in self.banks))
        self.steps = 0
        self.stops_at: int | None = None
        self.is_kept = True

    def new_bridge(self, minutes: int = 60, **more) -> Bridge:
        facts = {
            "id": uuid4(), "giver": self.banks.giver.ada, "giver_bridge": self.bridges.giver,
            "receiver": self.banks.receiver.ben, "receiver_bridge": self.bridges.receiver, "minutes": minutes,
            "happened_on": DAY, "recorded_by": self.banks.giver.ada,
        }  # fmt: skip
        return Bridge(**facts | more)

    def stop_at(self, step: int | None, *, is_kept: bool = True) -> None:
        """The program ends with its step of this number, counted from one; that step is kept, or lost."""
        self.steps, self.stops_at, self.is_kept = 0, step, is_kept

    @contextmanager
    def open(self, bank: Bank) -> Iterator[Ledger]:
        self.steps += 1
        is_last = self.steps == self.stops_at
        with bank.writing() as ledger:
            yield ledger
            if is_last and not self.is_kept:
                raise Stopped
        if is_last:
            raise Stopped

    @property
    def openings(self) -> Ends[bridges.Opening]:
        return Ends(lambda: self.open(self.banks.giver), lambda: self.open(self.banks.receiver))

    def records(self, bridge: Bridge) -> list:
        found = []
        for bank, end_id in zip(self.banks, end_ids(bridge.id), strict=True):
            with suppress(TransferNotFound):
                found.append(bank.see("get", id=end_id))
        return found

    def check(self) -> None:
        """Every rule of both banks holds, and the two bridge accounts say the same of each other."""
        giver, receiver = (bank.see("balance", account=one) for bank, one in zip(self.banks, self.bridges, strict=True))
        assert giver.posted == -receiver.posted
        assert (giver.held_out, giver.held_in) == (receiver.held_in, receiver.held_out)
        for bank in self.banks:
            assert bank.see("verify").is_clean


@pytest.fixture
def span(place, request) -> Iterator[Span]:
    first, _, second = place.partition(" to ")
    names = [first.removeprefix("one "), *([second] if second else [])]
    copies = [request.getfixturevalue("sqlite_copies" if name == "sqlite" else "postgres_copies") for name in names]
    databases = [Database(one.url()) for one in copies]
    yield Span(databases[0], databases[-1])
    for one, database in zip(copies, databases, strict=True):
        one.discard(database)


@pytest.fixture(params=PLACES)
def place(request) -> str:
    return request.param


@pytest.fixture
def tell(place):
    def tell(words: str) -> None:
        sys.stdout.write(f"\n{place}: {words}\n")

    return tell


def hold(span, bridge, **more):
    return bridges.hold(span.openings, bridge, at=AT, **more)


def confirm(span, bridge, minutes=None, by=COORDINATOR):
    return bridges.confirm(span.openings, id=bridge.id, by=by, at=LATER, minutes=minutes)


def release(span, bridge):
    return bridges.release(span.openings, id=bridge.id, reason=REASON, at=LATER)


def undo(span, bridge):
    return bridges.undo(span.openings, id=bridge.id, by=COORDINATOR, reason=REASON, at=LATER)


def resume(span, bridge):
    return bridges.resume(span.openings, id=bridge.id, at=LATER)


def confirm_shorter(span, bridge):
    return confirm(span, bridge, minutes=45)


LIFE = {
    "held": [hold],
    "confirmed": [hold, confirm],
    "confirmed shorter": [hold, confirm_shorter],
    "released": [hold, release],
    "undone": [hold, confirm, undo],
}


class TestStoppedAfterEveryStep:
    @pytest.mark.parametrize("life", LIFE)
    def test_both_banks_agree_once_somebody_resumes_and_once_it_is_done_again(self, span, tell, life):
        *before, act = LIFE[life]
        stops = 0
        for is_kept in (True, False):
            step = 0
            while True:
                step += 1
                bridge = span.new_bridge()
                span.stop_at(None)
                for one in before:
                    one(span, bridge)
                span.stop_at(step, is_kept=is_kept)
                try:
                    ended = act(span, bridge)
                except Stopped:
                    stops += 1
                else:
                    span.stop_at(None)
                    break
                self.go_on(span, bridge, act)
            assert ended is resume(span, bridge)
            assert step > 4

        tell(f"{life}: stopped at {stops} places, each resumed and done again")
        assert stops >= 8

    @staticmethod
    def go_on(span, bridge, act) -> None:
        span.stop_at(None)
        stands = resume(span, bridge)
        span.check()
        assert resume(span, bridge) is stands
        with suppress(LedgerError):
            again = act(span, bridge)
            assert again is resume(span, bridge)
        span.check()

    def test_holding_again_finishes_what_was_begun(self, span):
        for step in (1, 2, 3, 4):
            bridge = span.new_bridge()
            span.stop_at(step)
            with pytest.raises(Stopped):
                hold(span, bridge)
            span.stop_at(None)

            assert hold(span, bridge) is BridgeState.WAITING
        span.check()

    def test_what_was_confirmed_at_the_deciding_end_is_finished(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)
        span.stop_at(2)
        with pytest.raises(Stopped):
            confirm(span, bridge, minutes=45)
        span.stop_at(None)
        assert [record.state for record in span.records(bridge)] == [TransferState.PENDING, TransferState.POSTED]

        assert resume(span, bridge) is BridgeState.POSTED

        assert [record.posted_minutes for record in span.records(bridge)] == [45, 45]
        assert (span.banks.giver.posted(bridge.giver), span.banks.receiver.posted(bridge.receiver)) == (45, -45)
        assert (span.banks.giver.posted(span.bridges.giver), span.banks.receiver.posted(span.bridges.receiver)) == (
            -45,
            45,
        )
        span.check()


ENDS = st.integers(0, 1)
SOMETIMES = st.one_of(st.none(), st.integers(1, 8))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([hold, confirm, confirm_shorter, release, undo, resume]), SOMETIMES, st.booleans()),
        st.tuples(
            st.sampled_from(["confirm", "shorten", "release", "freeze", "unfreeze", "reverse", "query"]), ENDS,
            st.booleans(),
        ),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


def alone(span: Span, bridge: Bridge, act: str, end: int) -> None:
    """What one bank does to its own end, as if it knew of no other."""
    bank, end_id = span.banks[end], end_ids(bridge.id)[end]
    facts = {
        "confirm": {"by": COORDINATOR, "at": LATER},
        "shorten": {"by": COORDINATOR, "at": LATER, "minutes": 30},
        "release": {"reason": "not here", "at": LATER},
        "freeze": {"at": LATER},
        "unfreeze": {"at": LATER},
        "reverse": {"reversal_id": uuid4(), "reason": "not here", "at": LATER},
        "query": {"reversal_id": uuid4(), "reason": "let's check", "at": LATER, "held": True},
    }[act]
    bank.do({"shorten": "confirm", "query": "reverse"}.get(act, act), id=end_id, **facts)


def settle_what_is_asked(span: Span, bridge: Bridge) -> None:
    """Hours that are being checked keep a bridge from being finished: that ends sooner or later, here with a yes."""
    for bank, record in zip(span.banks, span.records(bridge), strict=False):
        if record.is_frozen:
            bank.do("unfreeze", id=record.id, at=LATER)
        if record.reversal_state is TransferState.PENDING:
            bank.do("confirm", id=record.reversed_by, by=COORDINATOR, at=LATER)


class TestAnyLife:
    def test_ends_with_both_banks_agreeing(self, span, tell):
        ended = Counter()

        @given(steps=STEPS)
        @settings(max_examples=LIVES, suppress_health_check=list(HealthCheck))
        def live(steps):
            bridge = span.new_bridge()
            span.stop_at(None)
            hold(span, bridge)
            for act, number, is_kept in steps:
                with suppress(LedgerError, Stopped):
                    if isinstance(act, str):
                        alone(span, bridge, act, number)
                    else:
                        span.stop_at(number, is_kept=is_kept)
                        act(span, bridge)
            span.stop_at(None)
            if len(span.records(bridge)) == 2:
                settle_what_is_asked(span, bridge)
            self.judge(span, bridge, ended)

        live()

        tell(f"lives of a bridge: { {str(one): count for one, count in ended.items()} }")
        assert ended.total() >= LIVES
        assert all(ended[state] for state in (BridgeState.WAITING, BridgeState.POSTED, BridgeState.NOTHING))

    @staticmethod
    def judge(span, bridge, ended) -> None:
        try:
            ended[resume(span, bridge)] += 1
        except BridgeEndsDiffer:
            assert len({record.posted_minutes for record in span.records(bridge)}) == 2
            ended["with two lengths"] += 1
            undo(span, bridge)
        span.check()


class TestHold:
    def test_waits_in_both_banks_and_changes_no_balance(self, span):
        bridge = span.new_bridge()

        assert hold(span, bridge) is BridgeState.WAITING

        first, second = span.records(bridge)
        assert (first.peer, second.peer) == (second.id, first.id)
        assert first.group == second.group == bridge.id
        assert span.banks.giver.see("balance", account=bridge.giver).held_in == 60
        assert span.banks.receiver.see("balance", account=bridge.receiver).held_out == 60
        assert span.banks.giver.posted(bridge.giver) == 0
        span.check()

    def test_where_the_givers_bank_refuses_nothing_waits_in_the_other(self, span):
        bridge = span.new_bridge()
        span.banks.giver.do("close_account", id=bridge.giver)

        with pytest.raises(AccountClosed):
            hold(span, bridge)

        assert [record.state for record in span.records(bridge)] == [TransferState.RELEASED]
        span.check()

    def test_where_the_receivers_bank_refuses_nothing_was_begun(self, span):
        partner = span.banks.receiver.open_account(AccountKind.PARTNER, hard_floor=-30)
        bridge = span.new_bridge(receiver=partner)

        with pytest.raises(BelowHardFloor):
            hold(span, bridge)

        assert span.records(bridge) == []
        assert resume(span, bridge) is BridgeState.NOTHING

    @pytest.mark.parametrize("end", ["giver", "receiver"])
    def test_needs_accounts_that_stand_for_another_bank(self, span, end):
        bridge = span.new_bridge(**{f"{end}_bridge": getattr(span.banks, end).cleo})

        with pytest.raises(ValueError, match="kind bridge"):
            hold(span, bridge)

        assert resume(span, bridge) is BridgeState.NOTHING
        span.check()

    def test_of_something_else_under_the_same_id_is_refused(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)

        with pytest.raises(SameIdOtherContent):
            hold(span, span.new_bridge(61, id=bridge.id))

    def test_that_lapses_in_one_bank_lapses_in_both(self, span):
        bridge = span.new_bridge()
        hold(span, bridge, expires_at=LATER)
        span.banks.giver.do("expire_due", at=LATER)

        assert resume(span, bridge) is BridgeState.NOTHING

        assert [record.state for record in span.records(bridge)] == [TransferState.EXPIRED, TransferState.RELEASED]
        span.check()

    @pytest.mark.parametrize("place", ["one sqlite"])
    def test_fits_in_a_day(self, span):
        with pytest.raises(TooLong):
            span.new_bridge(1441)


class TestConfirm:
    def test_posts_in_both_banks_and_again_answers_the_same(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)

        assert confirm(span, bridge) is BridgeState.POSTED
        assert confirm(span, bridge) is BridgeState.POSTED

        assert (span.banks.giver.posted(bridge.giver), span.banks.receiver.posted(bridge.receiver)) == (60, -60)
        assert hold(span, bridge) is BridgeState.POSTED
        span.check()

    def test_is_for_the_other_side(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)

        with pytest.raises(OwnRecord):
            confirm(span, bridge, by=bridge.recorded_by)

    @pytest.mark.parametrize("end", [0, 1])
    def test_waits_while_either_bank_checks_it(self, span, end):
        bridge = span.new_bridge()
        hold(span, bridge)
        alone(span, bridge, "freeze", end)

        with pytest.raises(HoursFrozen):
            confirm(span, bridge)

        assert {record.state for record in span.records(bridge)} == {TransferState.PENDING}

    def test_with_more_than_a_day_is_refused(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)

        with pytest.raises(TooLong):
            confirm(span, bridge, minutes=1441)

    def test_that_came_too_late_for_one_end_is_undone_at_the_other(self, span):
        bridge = span.new_bridge()
        hold(span, bridge, expires_at=LATER)
        span.banks.receiver.do("confirm", id=end_ids(bridge.id).receiver, by=COORDINATOR, at=AT)

        assert resume(span, bridge) is BridgeState.NOTHING

        assert span.banks.receiver.posted(bridge.receiver) == 0
        span.check()

    def test_by_each_bank_with_another_length_is_told_and_can_be_undone(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)
        alone(span, bridge, "shorten", 0)
        alone(span, bridge, "confirm", 1)

        with pytest.raises(BridgeEndsDiffer):
            resume(span, bridge)

        assert undo(span, bridge) is BridgeState.NOTHING
        span.check()


class TestReleaseAndUndo:
    def test_release_takes_both_ends_back_for_the_same_reason(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)

        assert release(span, bridge) is release(span, bridge) is BridgeState.NOTHING

        assert {(one.state, one.release_reason) for one in span.records(bridge)} == {(TransferState.RELEASED, REASON)}
        span.check()

    def test_what_counts_is_not_released(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)
        confirm(span, bridge)

        with pytest.raises(AlreadyConfirmed):
            release(span, bridge)

    @pytest.mark.parametrize("end", [0, 1])
    def test_what_one_bank_undid_is_undone_in_the_other_for_its_reason(self, span, end):
        bridge = span.new_bridge()
        hold(span, bridge)
        confirm(span, bridge)
        alone(span, bridge, "reverse", end)

        assert resume(span, bridge) is BridgeState.NOTHING

        undone = [
            bank.see("get", id=one.reversed_by) for bank, one in zip(span.banks, span.records(bridge), strict=True)
        ]
        assert {one.reversal_reason for one in undone} == {"not here"}
        assert span.banks.giver.posted(bridge.giver) == span.banks.receiver.posted(bridge.receiver) == 0
        span.check()

    def test_undoing_waits_while_the_other_end_is_checked(self, span):
        bridge = span.new_bridge()
        hold(span, bridge)
        confirm(span, bridge)
        alone(span, bridge, "query", 0)
        with pytest.raises(AlreadyReversed):
            undo(span, bridge)

        settle_what_is_asked(span, bridge)

        assert undo(span, bridge) is BridgeState.NOTHING
        span.check()


class TestAtTheSameMoment:
    def test_confirming_and_releasing_and_resuming_has_one_outcome(self, span, tell):
        outcomes = Counter()
        with ThreadPoolExecutor(3) as threads:
            for _ in range(RACES):
                bridge = span.new_bridge(1)
                hold(span, bridge)

                acts = [threads.submit(act, span, bridge) for act in (confirm, release, resume)]
                answers = [one.exception() for one in acts]

                assert all(answer is None or isinstance(answer, LedgerError) for answer in answers), answers
                outcomes[resume(span, bridge)] += 1
                span.check()

        tell(f"confirmed and released at once: { {str(one): count for one, count in outcomes.items()} }")
        assert outcomes.total() == RACES
        assert outcomes[BridgeState.WAITING] == 0
        assert span.banks.giver.posted(span.banks.giver.ada) == outcomes[BridgeState.POSTED]
