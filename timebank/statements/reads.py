"""The statement is read from the ledger; the words come from what people logged."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.errors import TransferNotFound
from ledger.sealing import Proof
from ledger.statements import Line
from ledger.store import Ledger
from ledger.transfers import Balance, TransferKind
from timebank.errors import NotFound
from timebank.hours.models import HourLog
from timebank.members.models import Member

PAGE = 20

WITHOUT_A_LOG = {
    TransferKind.REVERSAL: "Taken back after a check",
    TransferKind.CORRECTION: "Put right after a check",
    TransferKind.GIFT: "A gift",
    TransferKind.GRANT: "From the community",
    TransferKind.OPENING: "Brought from the earlier system",
}


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    transfer_id: UUID
    log_id: UUID | None  # the hours it is about, where there is more to read of them
    recorded_at: datetime
    happened_on: date
    words: str
    partner: str
    is_given: bool
    minutes: int
    balance_after: int
    seq: int


@dataclass(frozen=True, kw_only=True)
class StatementPage:
    balance: Balance
    lines: list[StatementLine]
    check_code: str | None
    older: int | None  # where the next page begins


def get_page(session: Session, member: Member, *, before: int | None = None) -> StatementPage:
    """The newest entries first. `before` is the number of an entry: the page then holds the ones older than it."""
    ledger = Ledger(session.connection(), bank_id=member.bank_id)
    account = ledger.get_account(id=member.account_id)
    upper = min(account.seq + 1, account.seq + 1 if before is None else before)
    after = max(upper - 1 - PAGE, 0)
    entries = [entry for entry in ledger.entries(account=account.id, after=after, limit=PAGE) if entry.seq < upper]
    logs = _logs(session, [entry.reverses or entry.transfer_id for entry in entries])
    names = _names(session, member, {entry.other for entry in entries})
    lines = [_line(entry, logs.get(entry.reverses or entry.transfer_id), names) for entry in reversed(entries)]
    head = ledger.head()
    return StatementPage(
        balance=account.balance,
        lines=lines,
        check_code=str(head) if head else None,
        older=after + 1 if after else None,
    )


def prove(session: Session, member: Member, transfer_id: UUID) -> Proof:
    """The proof slip of one of this member's own exchanges. Not theirs and not there look alike."""
    try:
        return Ledger(session.connection(), bank_id=member.bank_id).prove(id=transfer_id, account=member.account_id)
    except TransferNotFound as refused:
        raise NotFound from refused


def _logs(session: Session, ids: list[UUID]) -> dict[UUID, HourLog]:
    return {log.id: log for log in session.scalars(select(HourLog).where(HourLog.id.in_(ids)))}


def _line(entry: Line, log: HourLog | None, names: dict[UUID, str]) -> StatementLine:
    words = WITHOUT_A_LOG.get(entry.kind, "") if entry.kind in WITHOUT_A_LOG else (log.words if log else "")
    return StatementLine(
        transfer_id=entry.transfer_id,
        log_id=log.id if log else None,
        recorded_at=entry.posted_at,
        happened_on=entry.happened_on,
        words=words,
        partner=names.get(entry.other, "somebody who has left"),
        is_given=entry.minutes > 0,
        minutes=abs(entry.minutes),
        balance_after=entry.balance_after,
        seq=entry.seq,
    )


def _names(session: Session, member: Member, accounts: set[UUID]) -> dict[UUID, str]:
    """Whose account each is: everything on a statement was agreed by both, or settled between them, so names may be read."""
    found = session.execute(select(Member.account_id, Member.name).where(Member.account_id.in_(accounts)))
    names = {row.account_id: row.name for row in found}
    return names | {member.bank.community_account_id: "the community"}


def get_balance(session: Session, member: Member) -> Balance:
    return Ledger(session.connection(), bank_id=member.bank_id).balance(account=member.account_id)
