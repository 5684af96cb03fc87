"""Random acts on the real ledger and on a plain model; after every act both agree and every rule of the bank holds.

One file, as the machine is one class.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

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

from ledger import AccountKind, Ledger, Receipt, Transfer, TransferKind, bridges, settling
from ledger.chain import Head
from ledger.errors import AccountNotEmpty, PeriodClosed, SameIdOtherContent
from ledger.groups import GroupPosting, GroupSession, plan_group, plan_mutual
from ledger.leaving import Leaving, leave_with_gift
from ledger.periods import Waiver
from ledger.settling import Query, open_query
from ledger.tables import account, transfer
from tests.databases import PostgresCopies, SqliteCopies
from tests.ledger.making import AT, COORDINATOR, DAY, Bank
from tests.ledger.model import Fact, Model, Purse, Refusal
from timebank.db import Database

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
VERIFY_EVERY = 1 if IS_FULL else 5  # acts; and after the last one
TELL_EVERY = 100
SEQUENCES, STEPS = (2000, 60) if IS_FULL else (30, 40)
LENGTHS = st.integers(1, 90)
ANSWERS = st.sampled_from(["confirm", "confirm", "confirm", "release", "freeze", "unfreeze"])
KINDS = st.sampled_from([TransferKind.EXCHANGE, TransferKind.EXCHANGE, TransferKind.GIFT])
PLACES = st.tuples(st.integers(0, 9), st.integers(0, 9))
GROUPINGS = st.sampled_from(["mutual", *GroupPosting])
OUTCOMES = st.sampled_from(["stands", "stands", "void", "length", "gift", "mutual"])
WHICH = st.tuples(st.integers(0, 20), st.sampled_from([True, True, False]))

ACTS = (
    "post", "hold", "confirm", "release", "freeze", "unfreeze", "expire_due", "reverse", "close_account", "pause_account",
    "resume_account", "close_period", "seal", "restart", "session mutual", "session hosted", "session shared",
    "query stands", "query void", "query length", "query gift", "query mutual", "bridge", "leave",
)  # fmt: skip


IDS = random.Random()


def new_id() -> UUID:
    """The same ones whenever a sequence is played again: who gets an odd minute of a shared session goes by the order of the
    ids, and some ids are made from others."""
    return UUID(int=IDS.getrandbits(128))


class Databases:
    """One for each sequence, so that the same ids may come again, and a look at a bank costs the same however late."""

    def __init__(self, copies: SqliteCopies | PostgresCopies) -> None:
        self.copies = copies
        self.current = Database(copies.url())

    def renew(self) -> None:
        self.copies.discard(self.current)
        self.current = Database(self.copies.url())


class LedgerMachine(RuleBasedStateMachine):
    databases: Databases
    ran: Counter[str]

    @property
    def database(self) -> Database:
        return self.databases.current

    @initialize(order=st.integers(0, 2**16))
    def open_bank(self, order: int) -> None:
        self.databases.renew()
        IDS.seed(order)
        self.ran["sequences"] += 1
        self.bank_id = new_id()
        self.model = Model()
        self.now = AT
        self.heads: list[Head] = []
        self.bridged = 0
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
        self.community, self.partner = list(self.model.purses)[2], list(self.model.purses)[4]
        self.abroad = Bank(self.database)
        self.abroad_bridge = self.abroad.open_account(AccountKind.BRIDGE)
        self.bridge = new_id()
        self.attempt(None, "open_account", id=self.bridge, kind=AccountKind.BRIDGE, hard_floor=None)
        self.model.purses[self.bridge] = Purse()

    def open_account(self, kind: AccountKind, floor: int | None) -> None:
        account_id = new_id()
        self.attempt(None, "open_account", id=account_id, kind=kind, hard_floor=floor)
        self.model.purses[account_id] = Purse(floor=floor)

    def together(self, act: Callable[[Ledger], object]) -> object:
        """Several acts of the ledger in one transaction."""
        with self.database.writing() as session:
            return act(Ledger(session.connection(), bank_id=self.bank_id))

    def people(self, *, usable: bool = True) -> list[UUID]:
        """Accounts without a limit; `usable`: open ones."""
        purses = self.model.purses.items()
        return [
            one for one, purse in purses if purse.floor is None and one != self.bridge and (purse.is_open or not usable)
        ]

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
            id=new_id(), giver=giver, receiver=receiver, minutes=minutes, happened_on=DAY, kind=kind, recorded_by=giver
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
            self.model.hold(fact, self.now)

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
        if refusal is None:
            self.model.freeze(fact, self.now)

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
            id=new_id(), giver=fact.transfer.receiver, receiver=fact.transfer.giver, minutes=fact.length or 1,
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
            self.model.hold(undoing, self.now)
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

    @rule(place=st.integers(0, 9), comes_back=st.booleans())
    def somebody_takes_a_break_or_comes_back(self, place, comes_back):
        away = [one for one, purse in self.model.purses.items() if purse.paused_at]
        accounts = away if comes_back and away else list(self.model.purses)
        account_id = accounts[place % len(accounts)]
        act = "resume" if comes_back else "pause"
        self.attempt(None, f"{act}_account", id=account_id, at=self.now)
        getattr(self.model, act)(account_id, self.now)

    @rule(place=st.integers(0, 9), minutes=st.integers(30, 90), held=st.booleans())
    def a_partner_is_let_past_its_limit(self, place, minutes, held):
        givers = [one for one in self.people() if self.model.purses[one].is_open]
        if not (givers and self.model.purses[self.partner].is_open):
            return
        giver = givers[place % len(givers)]
        transfer = Transfer(
            id=new_id(), giver=giver, receiver=self.partner, minutes=minutes, happened_on=DAY,
            kind=TransferKind.PARTNER, recorded_by=giver,
        )  # fmt: skip
        fact, waiver = Fact(transfer, "pending" if held else "new"), Waiver(by=COORDINATOR, reason="agreed by phone")
        before = len(self.attempt(None, "list_waivers", account=self.partner))
        needed = self.model.refuses_move(transfer, posted=0 if held else minutes, held=minutes if held else 0)
        self.attempt(None, "hold" if held else "post", transfer=transfer, at=self.now, waiver=waiver)
        if held:
            self.model.hold(fact, self.now)
        else:
            self.model.post(fact, minutes)
        waivers = self.attempt(None, "list_waivers", account=self.partner)
        assert len(waivers) - before == (needed is not None)

    @rule(hours=st.integers(0, 6), backdated=st.integers(0, 6), places=PLACES)
    def a_period_is_closed_and_somebody_comes_late(self, hours, backdated, places):
        until = self.now - timedelta(hours=hours)
        is_later = not self.model.closed or until > max(self.model.closed) or until in self.model.closed
        self.attempt(None if is_later else PeriodClosed, "close_period", until=until, by=COORDINATOR, at=self.now)
        if is_later:
            self.model.closed.add(until)
        late = self.now - timedelta(hours=backdated)
        transfer = self.new_transfer(places, 5, TransferKind.GIFT)
        refusal = self.model.refuses_move(transfer, posted=5) or self.model.refuses_late(late)
        receipt = self.attempt(refusal, "post", transfer=transfer, at=late)
        if refusal is None:
            fact = Fact(transfer, "new")
            self.model.post(fact, 5)
            self.check_receipt(receipt, fact)

    @rule(restarts=st.booleans())
    def the_books_are_sealed(self, restarts):
        blocks = self.attempt(None, "seal", at=self.now)
        self.heads += [block.head for block in blocks]
        if restarts:
            self.ran["restart"] += 1
            self.database.engine.dispose()

    @rule(grouping=GROUPINGS, minutes=LENGTHS, places=PLACES, unnamed=st.integers(0, 2), again=st.booleans())
    def a_session_is_recorded(self, grouping, minutes, places, unnamed, again):
        people = [one for one in self.people() if one != self.community]
        if len(people) < 2 or not self.model.purses[self.community].is_open:
            return
        facts = {"id": new_id(), "minutes": minutes, "happened_on": DAY, "recorded_by": COORDINATOR}
        if grouping == "mutual":
            plan = plan_mutual(one=people[0], other=people[1], **facts)
        else:
            who = people[places[0] % len(people)]
            session = GroupSession(
                facilitators={who}, attendees=set(people) - {who}, unnamed=unnamed, community=self.community, **facts
            )
            plan = plan_group(session, grouping)
        receipts = self.attempt(None, "post_many", transfers=plan.transfers, at=self.now)
        for leg, receipt in zip(plan.transfers, receipts, strict=True):
            fact = Fact(leg, "new")
            self.model.post(fact, leg.minutes)
            self.check_receipt(receipt, fact)
        self.ran[f"session {grouping}"] += 1
        if again and plan.transfers:
            assert self.attempt(None, "post_many", transfers=plan.transfers, at=self.now) == receipts

    @rule(which=WHICH, outcome=OUTCOMES, minutes=LENGTHS)
    def hours_are_checked_and_settled(self, which, outcome, minutes):
        people = set(self.people())
        checkable = [
            fact
            for fact in self.model.facts.values()
            if fact.reverses is None
            and fact.transfer.kind in {TransferKind.EXCHANGE, TransferKind.GIFT}
            and {fact.transfer.giver, fact.transfer.receiver} <= people
            and (self.model.refuses_reverse(fact) is None or self.model.refuses_waiting(fact, at=self.now) is None)
        ]
        if not checkable or not self.model.purses[self.community].is_open:
            return
        fact = checkable[which[0] % len(checkable)]
        logged = fact.length or fact.transfer.minutes
        if outcome == "gift" and logged == 1:
            return
        shorter = 1 + minutes % max(logged - 1, 1)
        self.ran[f"query {outcome}"] += 1
        query = self.together(lambda ledger: self.settle(ledger, fact, outcome, minutes, shorter))
        self.model_settling(query, fact, outcome, minutes, shorter)

    def settle(self, ledger: Ledger, fact: Fact, outcome: str, minutes: int, shorter: int) -> Query:
        one = fact.transfer
        reversal = open_query(
            ledger, transfer=one.id, reversal_id=new_id(), reason="being checked", by=COORDINATOR, at=self.now
        )
        query = Query(
            id=new_id(),
            transfer=one.id,
            reversal=reversal,
            giver=one.giver,
            receiver=one.receiver,
            community=self.community,
        )
        by = {"by": COORDINATOR, "at": self.now}
        if outcome == "length":
            settling.set_length(ledger, query, minutes=minutes, **by)
        elif outcome == "gift":
            settling.give_the_rest(ledger, query, minutes=shorter, **by)
        else:
            act = {"stands": settling.let_stand, "void": settling.make_void, "mutual": settling.make_mutual}[outcome]
            act(ledger, query, reason="settled", **by)
        return query

    def model_settling(self, query: Query, fact: Fact, outcome: str, minutes: int, shorter: int) -> None:
        logged = fact.length or fact.transfer.minutes
        giver, receiver = fact.transfer.giver, fact.transfer.receiver
        counts = {"stands": logged, "length": minutes, "gift": shorter}.get(outcome)
        was_posted = fact.state == "posted"
        if was_posted:
            mirror = Transfer(
                id=query.reversal, giver=receiver, receiver=giver, minutes=logged, happened_on=DAY,
                kind=TransferKind.REVERSAL, recorded_by=COORDINATOR,
            )  # fmt: skip
            undoing = Fact(mirror, "pending", reverses=fact.transfer.id)
            self.model.hold(undoing, self.now)
            if outcome == "stands":
                self.model.let_go(undoing, "released", "settled")
            else:
                self.model.post(undoing, logged)
                undoing.by = COORDINATOR
        elif counts is None:
            self.model.let_go(fact, "released", "settled")
        else:
            self.model.unfreeze(fact, self.now)
            self.model.post(fact, counts)
            fact.by = COORDINATOR
        if was_posted and outcome in {"length", "gift"}:
            self.model_posted(query, "new length", giver, receiver, counts)
        if outcome == "gift":
            self.model_posted(query, "gift", giver, self.community, logged - shorter)
        if outcome == "mutual" and logged // 2:
            self.model_posted(query, "one way", giver, receiver, logged // 2)
            self.model_posted(query, "other way", receiver, giver, logged // 2)

    def model_posted(self, query: Query, part: str, giver: UUID, receiver: UUID, minutes: int) -> None:
        if giver == receiver:
            return
        kind = TransferKind.GIFT if part == "gift" else TransferKind.CORRECTION
        transfer = Transfer(
            id=uuid5(query.id, part), giver=giver, receiver=receiver, minutes=minutes, happened_on=DAY, kind=kind,
            recorded_by=COORDINATOR, group=query.transfer,
        )  # fmt: skip
        self.model.post(Fact(transfer, "new"), minutes)

    @rule(place=st.integers(0, 9), minutes=LENGTHS, is_taken_back=st.booleans())
    def somebody_gives_to_a_member_of_another_bank(self, place, minutes, is_taken_back):
        givers = self.people()
        if not givers or not self.model.purses[self.bridge].is_open:
            return
        exchange = bridges.Bridge(
            id=new_id(), giver=givers[place % len(givers)], giver_bridge=self.bridge, receiver=self.abroad.ben,
            receiver_bridge=self.abroad_bridge, minutes=minutes, happened_on=DAY, recorded_by=COORDINATOR,
        )  # fmt: skip
        banks = bridges.Ends(self.opening, self.abroad.writing)
        bridges.hold(banks, exchange, at=self.now)
        fact = Fact(exchange.ends.giver, "pending")
        self.model.hold(fact, self.now)
        if is_taken_back:
            bridges.release(banks, id=exchange.id, reason="not today", at=self.now)
            self.model.let_go(fact, "released", "not today")
        else:
            bridges.confirm(banks, id=exchange.id, by=self.abroad.ben, at=self.now)
            self.model.post(fact, minutes)
            fact.by = self.abroad.ben
            self.bridged += minutes
        self.ran["bridge"] += 1
        assert self.abroad.posted(self.abroad_bridge) == self.bridged

    @contextmanager
    def opening(self) -> Iterator[Ledger]:
        with self.database.writing() as session:
            yield Ledger(session.connection(), bank_id=self.bank_id)

    @rule(place=st.integers(0, 9), comes_back=st.booleans())
    def somebody_leaves_with_a_gift_to_the_community(self, place, comes_back):
        people = [one for one in self.people() if one in list(self.model.purses)[:2]]
        others = {*self.model.purses} - {*people}
        if not people or not all(self.model.purses[one].is_open for one in others):
            return
        account = people[place % len(people)]
        leaving = Leaving(
            id=new_id(), account=account, community=self.community, happened_on=DAY, recorded_by=COORDINATOR,
            reason="they have left",
        )  # fmt: skip
        if any(purse.paused_at for purse in self.model.purses.values()):
            return
        left = self.together(lambda ledger: leave_with_gift(ledger, leaving, to=self.community, at=self.now))
        for released in left.released:
            self.model.let_go(self.model.facts[released], "released", "they have left")
        if left.transfer is not None:
            one = left.transfer
            transfer = Transfer(
                id=one.id, giver=one.giver, receiver=one.receiver, minutes=one.minutes, happened_on=DAY, kind=one.kind,
                recorded_by=COORDINATOR, group=leaving.id,
            )  # fmt: skip
            self.model.post(Fact(transfer, "new"), one.minutes)
        assert self.model.is_empty(self.model.purses[account])
        self.model.purses[account].is_open = False
        self.ran["leave"] += 1
        if comes_back:
            self.attempt(None, "reopen_account", id=account)
            self.model.purses[account].is_open = True

    @invariant()
    def the_bank_is_sound_and_equals_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        self.ran["checks"] += 1
        with self.database.reading() as session:
            connection = session.connection()
            a = account.c
            purses = connection.execute(
                select(a.id, a.posted, a.held_out, a.held_in, a.seq, a.status, a.paused_at).where(
                    a.bank_id == self.bank_id
                )
            ).all()
            t = transfer.c
            facts = connection.execute(
                select(t.id, t.state, t.posted_minutes, t.expires_at, t.stopped_at, t.frozen_at, t.confirmed_by).where(
                    t.bank_id == self.bank_id
                )
            ).all()
        assert {tuple(row) for row in purses} == {
            (id_, one.posted, one.out, one.into, one.seq, "open" if one.is_open else "closed", one.paused_at)
            for id_, one in self.model.purses.items()
        }
        assert {tuple(row) for row in facts} == {
            (id_, one.state, one.length, one.expires_at, one.stopped_at, one.frozen_at, one.by)
            for id_, one in self.model.facts.items()
        }

        if self.ran["checks"] % VERIFY_EVERY == 0:
            self.every_rule_holds()

    def every_rule_holds(self) -> None:
        self.ran["verified"] += 1
        with self.database.reading() as session:
            assert not Ledger(session.connection(), bank_id=self.bank_id).verify(heads=self.heads).findings

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.every_rule_holds()
            if IS_FULL and self.ran["sequences"] % TELL_EVERY == 0:
                self.tell(f"{self.ran['sequences']} of {SEQUENCES} sequences")


# A minute or two on a quiet machine, a slow one is no difference; the full form takes as long as it takes.
@pytest.mark.timeout(0 if IS_FULL else 900)
def test_random_acts_leave_every_rule_standing(copies):
    class OnThisDatabase(LedgerMachine):
        pass

    databases = Databases(copies)

    def tell(words: str) -> None:
        sys.stdout.write(f"\n{databases.current.url.get_backend_name()}: {words}\n")

    OnThisDatabase.databases, OnThisDatabase.tell = databases, staticmethod(tell)
    OnThisDatabase.ran = ran = Counter()
    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(max_examples=SEQUENCES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)),
    )
    copies.discard(databases.current)

    tell(str(dict(ran)))
    assert ran["sequences"] >= SEQUENCES
    assert ran["checks"] >= SEQUENCES * 10
    assert ran["verified"] >= SEQUENCES
    # In the full form each act comes many times; in the fast one chance may leave a few out.
    seldom = {act: ran[act] for act in ACTS if ran[act] < SEQUENCES // 30}
    assert len(seldom) <= (0 if IS_FULL else 3), seldom
    assert sum(count for act, count in ran.items() if "refused" in act) >= SEQUENCES
