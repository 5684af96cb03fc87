"""A bank's accounts and transfers as they are told to the world: by code, without names unless they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from ledger.accounts import AccountKind
from ledger.tables import account, entry, transfer
from ledger.transfers import SIDE
from timebank.imports import leavers
from timebank.members.models import Bank, Member

AT_ONCE = 1000
POSTED = "posted"


@dataclass(frozen=True, kw_only=True)
class OutAccount:
    """`path`: what it is, from the general to the particular, like ("member", "K7QP2MWD")."""

    id: UUID
    kind: str
    path: tuple[str, ...]
    name: str  # a member's, and blank unless names were asked for
    posted: int
    held_out: int
    held_in: int
    first_on: date | None  # the earliest day of anything posted to it

    @property
    def label(self) -> str:
        return ":".join(self.path)


@dataclass(frozen=True, kw_only=True)
class OutTransfer:
    id: UUID
    kind: str
    state: str
    giver: OutAccount
    receiver: OutAccount
    minutes: int  # the posted length, or the held one while it waits or after it was let go
    happened_on: date
    recorded_at: datetime
    settled_at: datetime | None
    expires_at: datetime | None
    reverses: UUID | None


@dataclass(frozen=True, kw_only=True)
class OutEntry:
    """One end of a posted transfer; `minutes` above zero for who gave, below for who received."""

    transfer: OutTransfer
    account: OutAccount
    minutes: int
    balance_after: int
    seq: int

    @property
    def role(self) -> str:
        return "giver" if self.minutes > 0 else "receiver"

    @property
    def other(self) -> OutAccount:
        return self.transfer.receiver if self.minutes > 0 else self.transfer.giver


def list_accounts(session: Session, bank: Bank, *, with_names: bool = False) -> dict[UUID, OutAccount]:
    codes = {
        account_id: (code, name)
        for account_id, code, name in session.execute(
            select(Member.account_id, Member.code, Member.name).where(Member.bank_id == bank.id)
        )
    }
    first = dict(
        session.execute(
            select(entry.c.account_id, func.min(transfer.c.happened_on))
            .join(transfer, transfer.c.id == entry.c.transfer_id)
            .where(transfer.c.bank_id == bank.id)
            .group_by(entry.c.account_id)
        ).all()
    )
    rows = session.execute(select(account).where(account.c.bank_id == bank.id).order_by(account.c.kind, account.c.id))
    return {
        row.id: OutAccount(
            id=row.id,
            kind=row.kind,
            path=_path(bank, row.id, row.kind, codes.get(row.id, ("", ""))[0]),
            name=codes.get(row.id, ("", ""))[1] if with_names else "",
            posted=row.posted,
            held_out=row.held_out,
            held_in=row.held_in,
            first_on=first.get(row.id),
        )
        for row in rows
    }


def _path(bank: Bank, account_id: UUID, kind: str, code: str) -> tuple[str, ...]:
    if code:
        return ("member", code)
    if account_id == bank.community_account_id:
        return ("community",)
    if account_id == leavers.gave_id(bank):
        return ("leavers", "gave")
    if account_id == leavers.received_id(bank):
        return ("leavers", "received")
    plural = {AccountKind.LEAVER.value: "leavers", AccountKind.PARTNER.value: "partner"}
    return (plural.get(kind, kind), account_id.hex)


def count_posted(session: Session, bank: Bank) -> int:
    return session.scalar(_count().where(transfer.c.bank_id == bank.id, transfer.c.state == POSTED)) or 0


def count_transfers(session: Session, bank: Bank) -> int:
    return session.scalar(_count().where(transfer.c.bank_id == bank.id)) or 0


def _count() -> Select[int]:
    return select(func.count()).select_from(transfer)


def each_transfer(
    session: Session, bank: Bank, accounts: dict[UUID, OutAccount], *, posted_only: bool
) -> Iterator[OutTransfer]:
    """In the order in which they were settled; those that wait come last."""
    rows = select(transfer).where(transfer.c.bank_id == bank.id)
    if posted_only:
        rows = rows.where(transfer.c.state == POSTED)
    rows = rows.order_by(transfer.c.settled_at.is_(None), transfer.c.settled_at, transfer.c.recorded_at, transfer.c.id)
    for row in session.execute(rows.execution_options(yield_per=AT_ONCE)):
        yield _transfer(row, accounts)


def each_entry(session: Session, bank: Bank, accounts: dict[UUID, OutAccount]) -> Iterator[OutEntry]:
    """Account by account, each in the order of posting, so that balances can be followed down the page."""
    rows = (
        select(transfer, entry.c.account_id, entry.c.side, entry.c.balance_after, entry.c.seq)
        .join(entry, entry.c.transfer_id == transfer.c.id)
        .where(transfer.c.bank_id == bank.id)
        .order_by(entry.c.account_id, entry.c.seq)
    )
    for row in session.execute(rows.execution_options(yield_per=AT_ONCE)):
        told = _transfer(row, accounts)
        yield OutEntry(
            transfer=told,
            account=accounts[row.account_id],
            minutes=told.minutes if row.side == SIDE.giver else -told.minutes,
            balance_after=row.balance_after,
            seq=row.seq,
        )


def _transfer(row: Row[Any], accounts: dict[UUID, OutAccount]) -> OutTransfer:
    return OutTransfer(
        id=row.id,
        kind=row.kind,
        state=row.state,
        giver=accounts[row.giver_id],
        receiver=accounts[row.receiver_id],
        minutes=row.minutes if row.posted_minutes is None else row.posted_minutes,
        happened_on=row.happened_on,
        recorded_at=row.recorded_at,
        settled_at=row.settled_at,
        expires_at=row.expires_at,
        reverses=row.reverses_id,
    )
