"""Bringing in TimeOverflow's members and transfers: looked at first, then written together or not at all.

A row that was imported before is known by its key. A row may also have changed in TimeOverflow since: its post was renamed, or a
member left and now stands under the label of all who left. Such a row has the same moment, length and sides as a row that
stands here and is no longer in the file as it was, and is taken for the same one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ledger.accounts import AccountKind
from ledger.transfers import Transfer, TransferKind
from matching.errors import Problem
from timebank.console import Moved, nobody_looks
from timebank.hours.models import LONGEST_WORDS, HourLog
from timebank.imports import leavers, reads
from timebank.imports.cells import FileRefused
from timebank.imports.models import ImportBatch, ImportedMember, ImportedRow, ImportKind
from timebank.imports.timeoverflow import Other, Party, TheirExport, TheirMember, TheirTransfer
from timebank.members import names
from timebank.members import service as members
from timebank.members.models import Bank, Member, MemberStatus
from timebank.schemes import reads as schemes

AT_ONCE = 500  # rows in one go to the ledger


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What of an export is new here."""

    members: tuple[TheirMember, ...]
    members_back: tuple[TheirMember, ...]  # came with an import that was undone
    transfers: tuple[TheirTransfer, ...]
    changed: tuple[TheirTransfer, ...]  # here already, and written otherwise in the file since

    @property
    def is_empty(self) -> bool:
        return not (self.members or self.members_back or self.transfers)


def plan_timeoverflow(session: Session, *, bank: Bank, export: TheirExport) -> Plan:
    """Writes nothing. Raises FileRefused."""
    known = reads.known_members(session, bank.id, ImportKind.TIMEOVERFLOW)
    new = tuple(member for member in export.members if str(member.number) not in known)
    rows = [(member.row, member.name) for member in new]
    refuse_look_alikes(session, bank=bank, file=export.files[0], column="Name", rows=rows)
    undone = reads.undone_batches(session, bank.id)
    back = {
        number
        for number, (imported, member) in known.items()
        if member.status is MemberStatus.LEFT and imported.batch_id in undone
    }
    changed = _changed(session, bank, export, {int(number): member for number, (_, member) in known.items()})
    standing = {row.key for row in reads.known_rows(session, bank.id)} | {transfer.key for transfer in changed}
    return Plan(
        members=new,
        members_back=tuple(member for member in export.members if str(member.number) in back),
        transfers=tuple(transfer for transfer in export.transfers if transfer.key not in standing),
        changed=tuple(changed),
    )


def refuse_look_alikes(
    session: Session, *, bank: Bank, file: str, column: str, rows: Iterable[tuple[int, str]]
) -> None:
    """Of those who are new: row and name. Raises FileRefused."""
    staff = schemes.coordinators_names(session, bank.id)
    problems = []
    for row, name in rows:
        try:
            names.refuse_look_alike(name, staff=staff, bank=bank.name)
        except names.LooksLikeAnother as refused:
            problems.append(Problem(file=file, row=row, column=column, value=name, fix=refused.sentence))
    if problems:
        raise FileRefused(problems)


def _changed(session: Session, bank: Bank, export: TheirExport, known: dict[int, Member]) -> list[TheirTransfer]:
    in_file = {transfer.key for transfer in export.transfers}
    rows = reads.known_rows(session, bank.id)
    standing = {row.key for row in rows}
    gone: dict[tuple[datetime, int], list[reads.KnownRow]] = defaultdict(list)
    for row in rows:
        if row.key not in in_file:
            gone[row.stamp, row.minutes].append(row)
    accounts = {number: member.account_id for number, member in known.items()}
    still_there = {accounts[member.number] for member in export.members if member.number in accounts}
    they_left = set(accounts.values()) - still_there
    changed = []
    for transfer in export.transfers if gone else ():
        candidates = gone.get((transfer.stamp, transfer.minutes), []) if transfer.key not in standing else []
        for row in candidates:
            gave = _could_be(transfer.giver, row.giver_account, leavers.gave_id(bank), bank, accounts, they_left)
            if gave and _could_be(
                transfer.receiver, row.receiver_account, leavers.received_id(bank), bank, accounts, they_left
            ):
                candidates.remove(row)
                changed.append(transfer)
                break
    return changed


def _could_be(
    party: Party, account: UUID, leavers_account: UUID, bank: Bank, accounts: dict[int, UUID], they_left: set[UUID]
) -> bool:
    if party is Other.LEFT:
        return account == leavers_account or account in they_left
    if party is Other.COMMUNITY:
        return account == bank.community_account_id
    return isinstance(party, int) and accounts.get(party) == account


def import_timeoverflow(
    session: Session, *, bank: Bank, export: TheirExport, at: datetime, moved: Moved = nobody_looks
) -> tuple[Plan, ImportBatch | None]:
    """Writes what is new, in the order of the file. No batch when nothing is."""
    # Two imports at one time would each find the same rows new: the second waits here, and then finds them known.
    session.execute(select(Bank.id).where(Bank.id == bank.id).with_for_update())
    plan = plan_timeoverflow(session, bank=bank, export=export)
    if plan.is_empty:
        return plan, None
    batch = ImportBatch(
        id=uuid4(), bank_id=bank.id, kind=ImportKind.TIMEOVERFLOW, files=list(export.files), imported_at=at
    )
    session.add(batch)
    session.flush()
    _bring_members(session, bank=bank, batch=batch, plan=plan)
    _bring_transfers(session, bank=bank, batch=batch, transfers=plan.transfers, at=at, moved=moved)
    return plan, batch


def _bring_members(session: Session, *, bank: Bank, batch: ImportBatch, plan: Plan) -> None:
    known = reads.known_members(session, bank.id, ImportKind.TIMEOVERFLOW)
    for theirs in plan.members_back:
        imported, member = known[str(theirs.number)]
        bring_back(imported, member, batch)
    for theirs in plan.members:
        member = members.add_member(session, bank=bank, name=theirs.name, joined_on=theirs.joined_on)
        remember(session, batch=batch, number=str(theirs.number), member=member)
    session.flush()


def remember(session: Session, *, batch: ImportBatch, number: str, member: Member) -> None:
    session.add(
        ImportedMember(bank_id=batch.bank_id, kind=batch.kind, number=number, member_id=member.id, batch_id=batch.id)
    )


def bring_back(imported: ImportedMember, member: Member, batch: ImportBatch) -> None:
    """The same member as before the undo: one person keeps one account."""
    imported.batch_id = batch.id
    member.status = MemberStatus.ACTIVE


def _bring_transfers(
    session: Session,
    *,
    bank: Bank,
    batch: ImportBatch,
    transfers: tuple[TheirTransfer, ...],
    at: datetime,
    moved: Moved,
) -> None:
    ledger = members.ledger_of(session, bank)
    for account in (leavers.gave_id(bank), leavers.received_id(bank)):
        ledger.open_account(id=account, kind=AccountKind.LEAVER)
    known = reads.known_members(session, bank.id, ImportKind.TIMEOVERFLOW)
    people = {int(number): member for number, (_, member) in known.items()}
    done = 0
    for some in _chunks(transfers):
        numbered = [(uuid4(), theirs) for theirs in some]
        ledger.post_many(
            transfers=[_transfer(new_id, theirs, bank, batch, people) for new_id, theirs in numbered], at=at
        )
        session.execute(insert(ImportedRow), [_row(new_id, theirs, batch) for new_id, theirs in numbered])
        logs = [_log(new_id, theirs, batch, people, at) for new_id, theirs in numbered if _is_somebodys(theirs)]
        if logs:
            session.execute(insert(HourLog), logs)
        done += len(numbered)
        moved(done)


def _chunks(transfers: tuple[TheirTransfer, ...]) -> Iterable[tuple[TheirTransfer, ...]]:
    return (transfers[start : start + AT_ONCE] for start in range(0, len(transfers), AT_ONCE))


def _transfer(
    new_id: UUID, theirs: TheirTransfer, bank: Bank, batch: ImportBatch, people: dict[int, Member]
) -> Transfer:
    def account(party: Party, left: UUID) -> UUID:
        if isinstance(party, int):
            return people[party].account_id
        return left if party is Other.LEFT else bank.community_account_id

    return Transfer(
        id=new_id,
        giver=account(theirs.giver, leavers.gave_id(bank)),
        receiver=account(theirs.receiver, leavers.received_id(bank)),
        minutes=theirs.minutes,
        happened_on=theirs.stamp.date(),
        kind=TransferKind.IMPORT,
        recorded_by=batch.id,  # no person recorded it here
    )


def _row(new_id: UUID, theirs: TheirTransfer, batch: ImportBatch) -> dict[str, object]:
    return {
        "transfer_id": new_id,
        "bank_id": batch.bank_id,
        "batch_id": batch.id,
        "key": theirs.key,
        "stamp": theirs.stamp,
        "words": theirs.words,
        "is_undone": False,
    }


def _is_somebodys(theirs: TheirTransfer) -> bool:
    """Nobody reads a log in which no member has a part."""
    return isinstance(theirs.giver, int) or isinstance(theirs.receiver, int)


def _log(
    new_id: UUID, theirs: TheirTransfer, batch: ImportBatch, people: dict[int, Member], at: datetime
) -> dict[str, object]:
    giver, receiver = (
        people[party].id if isinstance(party, int) else None for party in (theirs.giver, theirs.receiver)
    )
    words = theirs.words
    return {
        "id": new_id,
        "bank_id": batch.bank_id,
        "scheme_id": None,
        "giver_id": giver,
        "receiver_id": receiver,
        "logged_by": None,
        "logged_at": at,
        "happened_on": theirs.stamp.date(),
        "minutes": theirs.minutes,
        # The whole text is kept with the imported row.
        "words": words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…",
        "by_code": False,
        "with_leaver": Other.LEFT in {theirs.giver, theirs.receiver},
        "replaces_id": None,
    }
