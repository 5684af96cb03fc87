"""Random acts on the real ledger and on a plain model; after every act both agree and every rule of the bank holds."""

import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from ledger import AccountKind, Ledger, Receipt, Transfer, TransferKind
from ledger.errors import AccountNotEmpty, SameIdOtherContent
from ledger.tables import account, transfer
from tests.ledger.making import AT, COORDINATOR, DAY
from tests.ledger.model import Fact, Model, Purse, Refusal
from timebank.db import Database

SEQUENCES = 60
STEPS = 30
LENGTHS = st.integers(1, 90)
ANSWERS = st.sampled_from(["confirm", "confirm", "confirm", "release", "freeze", "unfreeze"])
KINDS = st.sampled_from([TransferKind.EXCHANGE, TransferKind.EXCHANGE, TransferKind.GIFT])
PLACES = st.tuples(st.integers(0, 9), st.integers(0, 9))
WHICH = st.tuples(st.integers(0, 20), st.sampled_from([True, True, False]))


class LedgerMachine(RuleBasedStateMachine):
    database: Database
    ran: Counter[str]

    @initialize()
    def open_bank(self) -> None:
        self.ran["sequences"] += 1
        self.bank_id = uuid4()
        self.model = Model()
        self.now = AT
        for kind, floor in (
            (AccountKind.MEMBER, None),
            (AccountKind.MEMBER, None),
            (AccountKind.COMMUNITY, None),
            (AccountKind.OPENING, None),
            (AccountKind.PARTNER, -60),
        ):
            self.open_account(kind, floor)
        self.hours_are_posted((0, 0), 45, TransferKind.EXCHANGE)
        self.hours_are_held((1, 0), 30, TransferKind.EXCHANGE, 4)

    def open_account(self, kind: AccountKind, floor: int | None) -> None:
        account_id = uuid4()
        self.attempt(None, "open_account", id=account_id, kind=kind, hard_floor=floor)
        self.model.purses[account_id] = Purse(floor=floor)

    def attempt(self, refusal: Refusal, act: str, **facts):
        """Does it in a transaction that is committed whether or not the ledger refuses: a refusal must leave no trace."""
        with self.database.writing() as session:
            ledger = Ledger(session.connection(), bank_id=self.bank_id)
            if refusal is None:
                self.ran[act] += 1
                return getattr(ledger, act)(**facts)
            self.ran[f"{act} refused: {refusal.__name__}"] += 1
            with pytest.raises(refusal) as caught:
                getattr(ledger, act)(**facts)
            assert type(caught.value) is refusal
        return None

    def ends(self, places: tuple[int, int]) -> tuple[UUID, UUID]:
        ids = list(self.model.purses)
        giver = ids.pop(places[0] % len(ids))
        return giver, ids[places[1] % len(ids)]

    def new_transfer(self, places: tuple[int, int], minutes: int, kind: TransferKind) -> Transfer:
        giver, receiver = self.ends(places)
        return Transfer(
            id=uuid4(), giver=giver, receiver=receiver, minutes=minutes, happened_on=DAY, kind=kind, recorded_by=giver
        )

    def check_receipt(self, receipt: Receipt, fact: Fact) -> None:
        assert tuple((one.balance, one.seq) for one in receipt) == fact.receipt

    def pick(self, which: tuple[int, bool], state: str) -> Fact:
        """One of the transfers: mostly of those in the state the act is meant for, sometimes any."""
        number, is_fit = which
        facts = list(self.model.facts.values())
        fit = [fact for fact in facts if fact.state == state] if is_fit else facts
        return (fit or facts)[-1 - number % len(fit or facts)]

    @precondition(lambda self: any(self.model.is_empty(purse) for purse in self.model.purses.values()))
    @rule(place=st.integers(0, 9), reopens=st.integers(0, 4))
    def an_account_is_closed(self, place, reopens):
        empty = [one for one, purse in self.model.purses.items() if self.model.is_empty(purse)]
        candidates = empty if place else list(self.model.purses)
        account_id = candidates[place % len(candidates)]
        purse = self.model.purses[account_id]
        refusal = None if self.model.is_empty(purse) else AccountNotEmpty
        self.attempt(refusal, "close_account", id=account_id)
        purse.is_open = purse.is_open and refusal is not None
        if reopens and refusal is None:
            self.attempt(None, "reopen_account", id=account_id)
            purse.is_open = True

    @rule(places=PLACES, minutes=LENGTHS, kind=KINDS)
    def hours_are_given(self, places, minutes, kind):
        self.hours_are_posted(places, minutes, kind)

    @rule(places=PLACES, minutes=LENGTHS, kind=KINDS, hours=st.one_of(st.none(), st.integers(1, 9)))
    def hours_are_logged(self, places, minutes, kind, hours):
        self.hours_are_held(places, minutes, kind, hours)

    def hours_are_posted(self, places, minutes, kind):
        fact = Fact(self.new_transfer(places, minutes, kind), "new")
        refusal = self.model.refuses_move(fact.transfer, posted=minutes)
        receipt = self.attempt(refusal, "post", transfer=fact.transfer, at=self.now)
        if refusal is None:
            self.model.post(fact, minutes)
            self.check_receipt(receipt, fact)

    def hours_are_held(self, places, minutes, kind, hours):
        expires_at = None if hours is None else self.now + timedelta(hours=hours)
        fact = Fact(self.new_transfer(places, minutes, kind), "pending", expires_at)
        refusal = self.model.refuses_move(fact.transfer, held=minutes)
        self.attempt(refusal, "hold", transfer=fact.transfer, at=self.now, expires_at=expires_at)
        if refusal is None:
            self.model.hold(fact)

    @rule(which=WHICH, places=PLACES, answer=ANSWERS, minutes=st.one_of(st.none(), LENGTHS), small=st.integers(0, 5))
    def waiting_hours_are_answered(self, which, places, answer, minutes, small):
        if not any(fact.state == "pending" for fact in self.model.facts.values()):
            self.hours_are_held(places, minutes or 60, TransferKind.EXCHANGE, small or None)
        fact = self.pick(which, "pending")
        if answer == "confirm":
            self.hours_are_confirmed(fact, by_recorder=small == 0, minutes=minutes)
        elif answer == "release":
            self.hours_are_released(fact, "not today" if small % 2 else "a mistake")
        elif answer == "freeze":
            self.hours_are_frozen(fact)
        else:
            self.hours_are_unfrozen(fact)

    def hours_are_confirmed(self, fact, by_recorder, minutes):
        by = fact.transfer.giver if by_recorder else fact.transfer.receiver
        refusal = self.model.refuses_confirm(fact, by=by, minutes=minutes, at=self.now)
        receipt = self.attempt(refusal, "confirm", id=fact.transfer.id, by=by, at=self.now, minutes=minutes)
        if refusal is None and fact.by is None:
            self.model.post(fact, minutes or fact.transfer.minutes)
            fact.by = by
        if refusal is None:
            self.check_receipt(receipt, fact)

    def hours_are_released(self, fact, reason):
        is_same = fact.state == "released" and fact.reason == reason
        refusal = SameIdOtherContent if fact.state == "released" and not is_same else self.model.refuses_pending(fact)
        self.attempt(None if is_same else refusal, "release", id=fact.transfer.id, reason=reason, at=self.now)
        if fact.state == "pending":
            self.model.let_go(fact, "released", reason)

    def hours_are_frozen(self, fact):
        refusal = self.model.refuses_waiting(fact, at=self.now)
        self.attempt(refusal, "freeze", id=fact.transfer.id, at=self.now)
        if refusal is None and fact.frozen_at is None:
            fact.frozen_at = self.now

    def hours_are_unfrozen(self, fact):
        refusal = self.model.refuses_pending(fact)
        self.attempt(refusal, "unfreeze", id=fact.transfer.id, at=self.now)
        if refusal is None:
            self.model.unfreeze(fact, self.now)

    @rule(hours=st.integers(1, 5), is_swept=st.booleans())
    def time_goes_by(self, hours, is_swept):
        self.now += timedelta(hours=hours)
        if is_swept:
            self.what_is_due_expires()

    def what_is_due_expires(self):
        due = self.model.due(self.now)
        assert set(self.attempt(None, "expire_due", at=self.now)) == {fact.transfer.id for fact in due}
        for fact in due:
            self.model.let_go(fact, "expired")

    @rule(which=WHICH, places=PLACES, held=st.booleans(), again=st.booleans())
    def hours_are_undone(self, which, places, held, again):
        if all(self.model.refuses_reverse(fact) for fact in self.model.facts.values()):
            self.hours_are_posted(places, 15, TransferKind.GIFT)
        fact = self.pick(which, "posted")
        refusal = self.model.refuses_reverse(fact)
        mirror = Transfer(
            id=uuid4(), giver=fact.transfer.receiver, receiver=fact.transfer.giver, minutes=fact.length or 1,
            happened_on=DAY, kind=TransferKind.REVERSAL, recorded_by=COORDINATOR,
        )  # fmt: skip
        refusal = refusal or self.model.refuses_move(mirror, posted=mirror.minutes)
        asked = {
            "id": fact.transfer.id,
            "reversal_id": mirror.id,
            "reason": "wrong day",
            "held": held,
            "by": COORDINATOR,
        }
        receipt = self.attempt(refusal, "reverse", at=self.now, **asked)
        if refusal is not None:
            return
        undoing = Fact(mirror, "pending" if held else "new", reverses=fact.transfer.id)
        if held:
            self.model.hold(undoing)
        else:
            self.model.post(undoing, mirror.minutes)
            self.check_receipt(receipt, undoing)
        if again:
            assert self.attempt(None, "reverse", at=self.now + timedelta(days=1), **asked) == receipt

    @precondition(lambda self: self.model.facts)
    @rule(which=WHICH, other=st.booleans())
    def the_same_id_comes_again(self, which, other):
        fact = self.pick(which, "posted")
        if fact.reverses is not None:
            return
        act = "post" if fact.receipt is not None and fact.by is None else "hold"
        again = replace(fact.transfer, minutes=fact.transfer.minutes + 1) if other else fact.transfer
        answer = self.attempt(SameIdOtherContent if other else None, act, transfer=again, at=self.now)
        if act == "post" and not other:
            self.check_receipt(answer, fact)

    @invariant()
    def the_bank_is_sound_and_equals_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        self.ran["checks"] += 1
        with self.database.reading() as session:
            connection = session.connection()
            report = Ledger(connection, bank_id=self.bank_id).verify()
            a = account.c
            purses = connection.execute(
                select(a.id, a.posted, a.held_out, a.held_in, a.seq, a.status).where(a.bank_id == self.bank_id)
            ).all()
            t = transfer.c
            facts = connection.execute(
                select(t.id, t.state, t.posted_minutes, t.expires_at, t.frozen_at, t.confirmed_by).where(
                    t.bank_id == self.bank_id
                )
            ).all()
        assert not report.findings
        assert {tuple(row) for row in purses} == {
            (id_, one.posted, one.out, one.into, one.seq, "open" if one.is_open else "closed")
            for id_, one in self.model.purses.items()
        }
        assert {tuple(row) for row in facts} == {
            (id_, one.state, one.length, one.expires_at, one.frozen_at, one.by) for id_, one in self.model.facts.items()
        }


def test_random_acts_leave_every_rule_standing(database, capsys):
    class OnThisDatabase(LedgerMachine):
        pass

    OnThisDatabase.database = database
    OnThisDatabase.ran = ran = Counter()
    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(max_examples=SEQUENCES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)),
    )

    with capsys.disabled():
        sys.stdout.write(f"\n{database.url.get_backend_name()}: {dict(ran)}\n")
    assert ran["sequences"] >= SEQUENCES
    assert ran["checks"] >= SEQUENCES * 10
    for act in ("post", "hold", "confirm", "release", "freeze", "unfreeze", "expire_due", "reverse", "close_account"):
        assert ran[act] >= SEQUENCES // 10, (act, ran)
    assert sum(count for act, count in ran.items() if "refused" in act) >= SEQUENCES
