"""Readings of an account: its entries in posting order, each with the balance after it.

Two times stand on every line: the day it happened and the moment it was posted. Statements run in posting order, and
hours that arrive late count in the period they arrived in (decisions.md section 3).
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.transfers import TransferKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One entry of one account. `minutes` is signed: above zero given, below zero received."""

    seq: int
    transfer_id: UUID
    account: UUID
    other: UUID
    kind: TransferKind
    minutes: int
    balance_after: int
    happened_on: date
    posted_at: datetime
    recorded_by: UUID | None
    confirmed_by: UUID | None
    reverses: UUID | None
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """The lines posted from `since` up to, but not including, `until`; None means without that end. All minutes."""

    account: UUID
    since: datetime | None
    until: datetime | None
    opening: int
    lines: tuple[Line, ...]

    @property
    def given(self) -> int:
        return sum(line.minutes for line in self.lines if line.minutes > 0)

    @property
    def received(self) -> int:
        return -sum(line.minutes for line in self.lines if line.minutes < 0)

    @property
    def closing(self) -> int:
        return self.opening + self.given - self.received
