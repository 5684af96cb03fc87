"""Taking a whole import back: every transfer of it that still stands is reversed, and nothing is deleted from the ledger.

Members who came with it and did nothing since are set to left; if they came from a people file, their answers go too.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from ledger.store import Ledger
from ledger.tables import account, entry, transfer
from ledger.transfers import TransferState
from timebank.consents import reads as consented
from timebank.consents import service as consents
from timebank.consents.models import Source
from timebank.consents.service import HELD_BY_CHARITY, Saying, Word
from timebank.console import Moved, nobody_looks
from timebank.errors import Conflict
from timebank.imports import reads
from timebank.imports.models import ImportBatch, ImportedMember, ImportedPart, ImportedRow, ImportKind
from timebank.members.models import Bank, Member, MemberStatus
from timebank.profiles.models import Answer
from timebank.schemes.models import Coordinator, SchemeMembership
from timebank.signin.models import SignInEvent, User

REASON = "the import was undone"
AT_ONCE = 500  # rows in one go to the ledger


class BeingChecked(Conflict):
    """Some hours of this import are being checked now. Settle those checks first, then undo the import."""


@dataclass(frozen=True, kw_only=True)
class Undone:
    reversed: int
    stood_no_more: int  # had been reversed before
    members_left: int
    members_staying: int  # have something of their own here by now
    parts_stepped_back: int


def undo_import(
    session: Session, *, batch: ImportBatch, bank: Bank, at: datetime, moved: Moved = nobody_looks
) -> Undone:
    """Raises AlreadyUndone, BeingChecked."""
    session.execute(select(ImportBatch.id).where(ImportBatch.id == batch.id).with_for_update())
    session.refresh(batch)
    batch.undo(at=at)
    ledger = Ledger(session.connection(), bank_id=bank.id)
    ids = reads.list_standing(session, batch.id)
    touched = reads.reversed_ids(session, bank.id)
    undone = 0
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        last = [_last_of(ledger, one) if one in touched else one for one in some]
        standing = {one: uuid4() for one in last if one is not None}
        ledger.reverse_many(reversals=standing, reason=REASON, at=at)
        undone += len(standing)
        moved(start + len(some))
    session.execute(update(ImportedRow).where(ImportedRow.batch_id == batch.id).values(is_undone=True))
    stepped_back = _step_back(session, batch)
    left, staying = _let_members_go(session, batch, at)
    session.flush()
    return Undone(
        reversed=undone,
        stood_no_more=len(ids) - undone,
        members_left=left,
        members_staying=staying,
        parts_stepped_back=stepped_back,
    )


def _last_of(ledger: Ledger, transfer_id: UUID) -> UUID | None:
    """What to reverse so that the hours stand no more; None when they stand no more already.

    A reversal that was itself reversed leaves the hours standing.
    """
    record = ledger.get(id=transfer_id)
    stands = True
    while record.reversed_by is not None:
        if record.reversal_state is TransferState.PENDING:
            raise BeingChecked
        record = ledger.get(id=record.reversed_by)
        stands = not stands
    return record.id if stands else None


def _step_back(session: Session, batch: ImportBatch) -> int:
    parts = session.scalars(
        select(SchemeMembership)
        .join(
            ImportedPart,
            (ImportedPart.scheme_id == SchemeMembership.scheme_id)
            & (ImportedPart.member_id == SchemeMembership.member_id),
        )
        .where(ImportedPart.batch_id == batch.id, SchemeMembership.is_stepped_back.is_(False))
    ).unique()
    stepped_back = 0
    for part in parts:
        part.is_stepped_back = True
        stepped_back += 1
    return stepped_back


def _take_back_what_the_file_agreed(session: Session, member_ids: list[UUID], at: datetime) -> None:
    """The record is never unwritten; it says that the file was taken back."""
    people = session.scalars(select(Member).where(Member.id.in_(member_ids))).unique()
    standing = consented.standing_of_many(session, member_ids)
    said = [
        Saying(
            member=member,
            purpose=purpose,
            criterion=criterion,
            words=HELD_BY_CHARITY,
            word=Word.TAKE_BACK,
            source=Source.FILE,
        )
        for member in people
        for purpose, criterion in standing[member.id].agreed
    ]
    consents.say_many(session, said, at=at)


def _let_members_go(session: Session, batch: ImportBatch, at: datetime) -> tuple[int, int]:
    """How many left, and how many stay."""
    came = ImportedMember.batch_id == batch.id
    everybody = set(
        session.scalars(
            select(Member.id)
            .join(ImportedMember, ImportedMember.member_id == Member.id)
            .where(came, Member.status != MemberStatus.LEFT)
        )
    )
    staying = (
        set(session.scalars(select(ImportedMember.member_id).where(came, _has_something_of_their_own()))) & everybody
    )
    leaving = sorted(everybody - staying)
    for start in range(0, len(leaving), 500):
        some = leaving[start : start + 500]
        session.execute(update(Member).where(Member.id.in_(some)).values(status=MemberStatus.LEFT))
        if batch.kind is ImportKind.PEOPLE:
            session.execute(delete(Answer).where(Answer.member_id.in_(some)))
            _take_back_what_the_file_agreed(session, some, at)
    return len(leaving), len(staying)


def _has_something_of_their_own() -> ColumnElement[bool]:
    """A way to sign in, a task, a part in a scheme that no undone import gave, or hours that are no import's."""
    person = ImportedMember.member_id
    undone_part = (
        select(ImportedPart.member_id)
        .join(ImportBatch, ImportBatch.id == ImportedPart.batch_id)
        .where(
            ImportedPart.member_id == SchemeMembership.member_id,
            ImportedPart.scheme_id == SchemeMembership.scheme_id,
            ImportBatch.undone_at.is_not(None),
        )
    )
    undone_row = select(ImportedRow.transfer_id).where(
        ImportedRow.is_undone,
        or_(ImportedRow.transfer_id == transfer.c.id, ImportedRow.transfer_id == transfer.c.reverses_id),
    )
    own_hours = (
        select(entry.c.transfer_id)
        .join(Member, Member.account_id == entry.c.account_id)
        .join(transfer, transfer.c.id == entry.c.transfer_id)
        .where(Member.id == person, ~exists(undone_row))
    )
    waiting_hours = (
        select(account.c.id)
        .join(Member, Member.account_id == account.c.id)
        .where(Member.id == person, account.c.held_out + account.c.held_in > 0)
    )
    return or_(
        exists(select(User.id).where(User.member_id == person)),
        exists(select(SignInEvent.id).where(SignInEvent.member_id == person)),  # a code was made for them
        exists(select(Coordinator.id).where(Coordinator.member_id == person)),
        exists(select(SchemeMembership.member_id).where(SchemeMembership.member_id == person, ~exists(undone_part))),
        exists(own_hours),
        exists(waiting_hours),
    )
