"""What was imported before."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.tables import transfer
from timebank.imports.models import ImportBatch, ImportedMember, ImportedRow, ImportKind
from timebank.members.models import Member


@dataclass(frozen=True, kw_only=True)
class KnownRow:
    key: str
    stamp: datetime
    giver_account: UUID
    receiver_account: UUID
    minutes: int


def known_members(session: Session, bank_id: UUID, kind: ImportKind) -> dict[str, tuple[ImportedMember, Member]]:
    """By the number that the other system gave them."""
    found = session.execute(
        select(ImportedMember, Member)
        .join(Member, Member.id == ImportedMember.member_id)
        .where(ImportedMember.bank_id == bank_id, ImportedMember.kind == kind)
    )
    return {imported.number: (imported, member) for imported, member in found}


def known_rows(session: Session, bank_id: UUID) -> list[KnownRow]:
    """The rows that stand here as transfers."""
    found = session.execute(
        select(ImportedRow.key, ImportedRow.stamp, transfer.c.giver_id, transfer.c.receiver_id, transfer.c.minutes)
        .join(transfer, transfer.c.id == ImportedRow.transfer_id)
        .where(ImportedRow.bank_id == bank_id, ImportedRow.is_undone.is_(False))
    )
    return [
        KnownRow(key=key, stamp=stamp, giver_account=giver, receiver_account=receiver, minutes=minutes)
        for key, stamp, giver, receiver, minutes in found
    ]


def list_standing(session: Session, batch_id: UUID) -> list[UUID]:
    """The transfers of a batch, in the order in which they were posted."""
    return list(
        session.scalars(
            select(ImportedRow.transfer_id)
            .where(ImportedRow.batch_id == batch_id, ImportedRow.is_undone.is_(False))
            .order_by(ImportedRow.stamp, ImportedRow.transfer_id)
        )
    )


def reversed_ids(session: Session, bank_id: UUID) -> set[UUID]:
    """Transfers with a reversal, waiting or posted."""
    live = transfer.c.state.in_(("pending", "posted"))
    found = select(transfer.c.reverses_id).where(transfer.c.bank_id == bank_id, transfer.c.kind == "reversal", live)
    return set(session.scalars(found))


def undone_batches(session: Session, bank_id: UUID) -> set[UUID]:
    found = select(ImportBatch.id).where(ImportBatch.bank_id == bank_id, ImportBatch.undone_at.is_not(None))
    return set(session.scalars(found))
