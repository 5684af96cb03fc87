"""The ledger once more, in plain Python without a database: what the machine compares the real one with."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledger import Transfer, TransferKind
from ledger.errors import (
    AccountClosed,
    AlreadyConfirmed,
    AlreadyExpired,
    AlreadyReleased,
    AlreadyReversed,
    BelowHardFloor,
    HoursFrozen,
    LedgerError,
    NotPosted,
    OwnRecord,
    PeriodClosed,
    ReversalKeepsItsLength,
    SameIdOtherContent,
)

Refusal = type[LedgerError] | None
SETTLED = {"posted": AlreadyConfirmed, "released": AlreadyReleased, "expired": AlreadyExpired}


@dataclass
class Purse:
    floor: int | None = None
    posted: int = 0
    out: int = 0
    into: int = 0
    seq: int = 0
    is_open: bool = True
    paused_at: datetime | None = None


@dataclass
class Fact:
    transfer: Transfer
    state: str
    expires_at: datetime | None = None
    frozen_at: datetime | None = None
    stopped_at: datetime | None = None
    length: int | None = None
    by: UUID | None = None
    reason: str | None = None
    reverses: UUID | None = None
    receipt: tuple[tuple[int, int], tuple[int, int]] | None = None


@dataclass
class Model:
    purses: dict[UUID, Purse] = field(default_factory=dict)
    facts: dict[UUID, Fact] = field(default_factory=dict)
    closed: set[datetime] = field(default_factory=set)

    # What is refused, and why

    @staticmethod
    def is_empty(purse: Purse) -> bool:
        return not (purse.posted or purse.out or purse.into)

    def refuses_late(self, at: datetime) -> Refusal:
        return PeriodClosed if self.closed and max(self.closed) > at else None

    def refuses_move(self, transfer: Transfer, *, posted: int = 0, held: int = 0, waived: bool = False) -> Refusal:
        giver, receiver = self.purses[transfer.giver], self.purses[transfer.receiver]
        if not (giver.is_open and receiver.is_open):
            return AccountClosed
        for purse, change in ((giver, posted), (receiver, -posted - held)):
            floor_is_passed = purse.floor is not None and purse.posted - purse.out + change < purse.floor
            if floor_is_passed and change < 0 and not waived and transfer.kind is not TransferKind.REVERSAL:
                return BelowHardFloor
        return None

    def refuses_confirm(self, fact: Fact, *, by: UUID, minutes: int | None, at: datetime) -> Refusal:
        length = minutes or fact.transfer.minutes
        if fact.by is not None:
            return None if (fact.by, fact.length) == (by, length) else SameIdOtherContent
        if refusal := self.refuses_waiting(fact, at=at):
            return refusal
        if fact.frozen_at is not None:
            return HoursFrozen
        if fact.transfer.kind is TransferKind.EXCHANGE and by == fact.transfer.recorded_by:
            return OwnRecord
        if fact.transfer.kind is TransferKind.REVERSAL and length != fact.transfer.minutes:
            return ReversalKeepsItsLength
        return self.refuses_move(fact.transfer, posted=length, held=-fact.transfer.minutes)

    @staticmethod
    def refuses_pending(fact: Fact) -> Refusal:
        return SETTLED.get(fact.state)

    def refuses_waiting(self, fact: Fact, *, at: datetime) -> Refusal:
        is_due = fact.stopped_at is None and fact.expires_at is not None and fact.expires_at <= at
        return self.refuses_pending(fact) or (AlreadyExpired if is_due else None)

    def refuses_reverse(self, fact: Fact) -> Refusal:
        if fact.state != "posted":
            return NotPosted
        is_undone = any(
            one.reverses == fact.transfer.id and one.state in {"pending", "posted"} for one in self.facts.values()
        )
        return AlreadyReversed if is_undone else None

    # What is done

    def hold(self, fact: Fact, at: datetime) -> None:
        if self.is_away(fact):
            fact.stopped_at = at
        self.facts[fact.transfer.id] = fact
        self._wait(fact.transfer, fact.transfer.minutes)

    def post(self, fact: Fact, length: int) -> None:
        if fact.state == "pending":
            self._wait(fact.transfer, -fact.transfer.minutes)
        giver, receiver = self.purses[fact.transfer.giver], self.purses[fact.transfer.receiver]
        giver.posted += length
        receiver.posted -= length
        giver.seq += 1
        receiver.seq += 1
        fact.state, fact.length, fact.stopped_at = "posted", length, None
        fact.receipt = ((giver.posted, giver.seq), (receiver.posted, receiver.seq))
        self.facts[fact.transfer.id] = fact

    def let_go(self, fact: Fact, state: str, reason: str | None = None) -> None:
        self._wait(fact.transfer, -fact.transfer.minutes)
        fact.state, fact.reason, fact.frozen_at, fact.stopped_at = state, reason, None, None

    def freeze(self, fact: Fact, at: datetime) -> None:
        if fact.frozen_at is None:
            fact.frozen_at, fact.stopped_at = at, fact.stopped_at or at

    def unfreeze(self, fact: Fact, at: datetime) -> None:
        if fact.frozen_at is not None:
            fact.frozen_at = None
            self._go_on(fact, at)

    def pause(self, account: UUID, at: datetime) -> None:
        if self.purses[account].paused_at is None:
            self.purses[account].paused_at = at
            for fact in self._waiting_for(account):
                fact.stopped_at = fact.stopped_at or at

    def resume(self, account: UUID, at: datetime) -> None:
        if self.purses[account].paused_at is not None:
            self.purses[account].paused_at = None
            for fact in self._waiting_for(account):
                self._go_on(fact, at)

    def is_away(self, fact: Fact) -> bool:
        return any(self.purses[one].paused_at for one in (fact.transfer.giver, fact.transfer.receiver))

    def _waiting_for(self, account: UUID) -> list[Fact]:
        return [
            fact
            for fact in self.facts.values()
            if fact.state == "pending" and account in {fact.transfer.giver, fact.transfer.receiver}
        ]

    def _go_on(self, fact: Fact, at: datetime) -> None:
        if fact.frozen_at is None and fact.stopped_at is not None and not self.is_away(fact):
            if fact.expires_at is not None:
                fact.expires_at += at - fact.stopped_at
            fact.stopped_at = None

    def due(self, at: datetime) -> list[Fact]:
        return [
            fact
            for fact in self.facts.values()
            if fact.state == "pending" and fact.stopped_at is None and fact.expires_at and fact.expires_at <= at
        ]

    def _wait(self, transfer: Transfer, minutes: int) -> None:
        self.purses[transfer.giver].into += minutes
        self.purses[transfer.receiver].out += minutes
