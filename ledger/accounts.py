"""A time account: what one person, one organisation or the community has given and received in one bank.

An account is a value here. The acts below answer with the account as it stands afterwards; the store writes it down.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ledger.errors import AccountClosed, AccountNotEmpty, BelowHardFloor, FloorOnlyForPartners
from ledger.transfers import Balance, Posted


class AccountKind(StrEnum):
    MEMBER = "member"
    COMMUNITY = "community"  # the pot, and whoever is not named (requirements.md L9)
    OPENING = "opening"  # the other end of what people brought with them
    PARTNER = "partner"  # an organisation
    LEAVER = "leaver"  # keeps the hours of people who left them here
    BRIDGE = "bridge"  # stands for another bank (ledger.bridges)


class AccountStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


def check_floor(kind: AccountKind, hard_floor: int | None) -> None:
    """Raises FloorOnlyForPartners: nobody is refused help for what they received (decisions.md section 3)."""
    if hard_floor is None:
        return
    if kind is not AccountKind.PARTNER:
        raise FloorOnlyForPartners(kind)
    if type(hard_floor) is not int or hard_floor > 0:
        raise ValueError("a hard floor is whole minutes, zero or below")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Minutes: `posted` above zero has given more; `held_out` waits to be received, `held_in` waits to be given."""

    id: UUID
    kind: AccountKind
    status: AccountStatus
    posted: int
    held_out: int
    held_in: int
    seq: int
    hard_floor: int | None
    floor_waived: bool
    paused_at: datetime | None = None

    @property
    def balance(self) -> Balance:
        return Balance(posted=self.posted, held_out=self.held_out, held_in=self.held_in)

    @property
    def available(self) -> int:
        """What would be left if every waiting hour this account received were confirmed."""
        return self.posted - self.held_out

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def last(self) -> Posted:
        return Posted(balance=self.posted, seq=self.seq)

    @property
    def is_open(self) -> bool:
        return self.status is AccountStatus.OPEN

    def changed(
        self, *, posted: int = 0, held_out: int = 0, held_in: int = 0, may_pass_floor: bool = False
    ) -> "Account":
        """The account after these signed minutes; one entry more when `posted` is not zero.

        Raises AccountClosed, and BelowHardFloor unless `may_pass_floor`: undoing a mistake is never refused, it leaves
        the mark `floor_waived` until the account is back above (ledger.md section 5).
        """
        if not self.is_open:
            raise AccountClosed(self.id)
        after = replace(
            self,
            posted=self.posted + posted,
            held_out=self.held_out + held_out,
            held_in=self.held_in + held_in,
            seq=self.seq + (posted != 0),
        )
        if self.hard_floor is None:
            return after
        below = after.available < self.hard_floor
        if below and not may_pass_floor and after.available < self.available:
            raise BelowHardFloor(self.id)
        return replace(after, floor_waived=below)

    def closed(self) -> "Account":
        """Raises AccountNotEmpty while minutes are in it or waiting for it."""
        if self.posted or self.held_out or self.held_in:
            raise AccountNotEmpty(self.id)
        return replace(self, status=AccountStatus.CLOSED)

    def paused(self, at: datetime) -> "Account":
        return self if self.paused_at else replace(self, paused_at=at)

    def resumed(self) -> "Account":
        return replace(self, paused_at=None)

    def opened(self) -> "Account":
        return replace(self, status=AccountStatus.OPEN)


def new_account(*, id: UUID, kind: AccountKind, hard_floor: int | None) -> Account:  # noqa: A002
    return Account(
        id=id,
        kind=kind,
        status=AccountStatus.OPEN,
        posted=0,
        held_out=0,
        held_in=0,
        seq=0,
        hard_floor=hard_floor,
        floor_waived=False,
    )
