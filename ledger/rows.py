"""The ledger's rows: how they are locked, looked up and written down. The SQL of posting is here, none of its rules.

Rows read under lock are written back only where they still stand as read: the number of rows written is the judge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from ledger import quick_postgresql, quick_sqlite, tables
from ledger.accounts import Account, AccountKind, AccountStatus
from ledger.errors import AccountNotFound, ChangedMeanwhile, SameIdOtherContent
from ledger.periods import Period
from ledger.statements import Line
from ledger.transfers import SIDE, Posted, Receipt, Transfer, TransferKind, TransferRecord, TransferState

AT_ONCE = 1000  # ids in one statement; SQLite takes 32,766 values
LIVE = ("pending", "posted")
WATCHED = ("posted", "held_out", "held_in", "seq", "status", "floor_waived")

_account, _transfer, _entry = tables.account.c, tables.transfer.c, tables.entry.c
_write_account = (
    update(tables.account)
    .where(_account.id == bindparam("row_id"), *(_account[name] == bindparam(f"was_{name}") for name in WATCHED))
    .values({name: bindparam(f"now_{name}") for name in (*WATCHED, "paused_at")})
)
_places = (_transfer.giver_balance, _transfer.giver_seq, _transfer.receiver_balance, _transfer.receiver_seq)
_reversal = tables.transfer.alias("reversal")
_paused = select(_account.id).where(_account.paused_at.is_not(None)).correlate(tables.transfer)
_records = (
    select(tables.transfer, _reversal.c.id.label("reversed_by"), _reversal.c.state.label("reversal_state"))
    .join_from(
        tables.transfer,
        _reversal,
        and_(_reversal.c.reverses_id == _transfer.id, _reversal.c.state.in_(LIVE)),
        isouter=True,
    )
    .order_by(_transfer.id)
)


class Rows:
    """The rows of one bank, over the caller's connection."""

    def __init__(self, connection: Connection, *, bank_id: UUID) -> None:
        self._connection = connection
        self._bank_id = bank_id
        self._dialect = postgresql if connection.dialect.name == "postgresql" else sqlite

    # Posting at once

    def post_quickly(self, transfers: Sequence[Transfer], *, at: datetime) -> tuple[Receipt, ...] | None:
        """All of them in the driver's own words; None, and nothing written, where anything is out of the ordinary."""
        quick = quick_postgresql if self._dialect is postgresql else quick_sqlite
        if not self._connection.in_transaction():
            self._connection.begin()  # the driver is spoken to past SQLAlchemy, which begins by itself otherwise
        driver: Any = self._connection.connection.driver_connection
        try:
            receipts: tuple[Receipt, ...] | None = quick.post(driver, self._bank_id, transfers, at=at)
        except quick.DriverError as error:
            raise DBAPIError.instance("posting", None, error, quick.DriverError) from error
        return receipts

    # Writing down

    def insert_account(self, account: Account) -> None:
        """Does nothing where the id is taken, in whichever bank."""
        taken = select(_account.id).where(_account.id == account.id)
        if self._connection.scalar(taken) is not None:
            return
        row = {
            "id": account.id,
            "bank_id": self._bank_id,
            "kind": account.kind.value,
            "hard_floor": account.hard_floor,
            **{name: getattr(account, name) for name in WATCHED},
            "status": account.status.value,
        }
        self._connection.execute(self._dialect.insert(tables.account).on_conflict_do_nothing(), row)

    def insert_transfers(self, rows: Sequence[dict[str, Any]]) -> None:
        """Raises SameIdOtherContent: with the accounts locked, an id taken since was taken for something else."""
        if not rows:
            return
        if self._dialect is sqlite:  # one writer: what is taken was looked up
            self._connection.execute(insert(tables.transfer), rows)
            return
        # No index is named: of two at once the second may meet the first in any of those that hold the id.
        new = postgresql.insert(tables.transfer).on_conflict_do_nothing()
        # Without this the count of an INSERT is gone with the cursor on PostgreSQL.
        if self._connection.execute(new, rows, execution_options={"preserve_rowcount": True}).rowcount != len(rows):
            raise SameIdOtherContent

    def write_accounts(self, before: Mapping[UUID, Account], after: Mapping[UUID, Account]) -> None:
        """Raises ChangedMeanwhile."""
        changed = [_account_change(was, after[was.id]) for was in before.values() if after[was.id] != was]
        if changed:
            _expect(len(changed), self._connection.execute(_write_account, changed).rowcount)

    def insert_waivers(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(tables.waiver), [{"bank_id": self._bank_id, **row} for row in rows])

    def insert_period(self, period: Period) -> None:
        row = {name: getattr(period, name) for name in ("until", "closed_by", "closed_at", "transfers", "minutes")}
        self._connection.execute(insert(tables.period), {"bank_id": self._bank_id, **row})

    def settle(self, ids: Sequence[UUID], values: dict[str, Any], *, frozen: bool | None = False) -> None:
        """Changes transfers that wait, and are frozen or not as read (None: either). Raises ChangedMeanwhile."""
        guards = [_transfer.bank_id == self._bank_id, _transfer.state == "pending"]
        if frozen is not None:
            guards.append(_transfer.frozen_at.is_not(None) if frozen else _transfer.frozen_at.is_(None))
        for some in _batches(ids):
            waiting = update(tables.transfer).where(_transfer.id.in_(some), *guards).values(values)
            _expect(len(some), self._connection.execute(waiting).rowcount)

    # Locking

    def lock_transfers(self, transfer_ids: Iterable[UUID]) -> list[TransferRecord]:
        """In id order. Locks first and reads then: what was decided while we waited for a lock has to be seen, reversals too."""
        ids = sorted(transfer_ids)
        for some in _batches(ids):
            rows = select(_transfer.id).where(_transfer.bank_id == self._bank_id, _transfer.id.in_(some))
            self._connection.execute(rows.order_by(_transfer.id).with_for_update())
        return self._list_transfers(ids)

    def lock_due(self, *, at: datetime, limit: int) -> list[TransferRecord]:
        """Transfers whose time has come. One that somebody is answering at this moment is left to them."""
        due = (
            select(_transfer.id)
            .where(_transfer.bank_id == self._bank_id, _transfer.state == "pending")
            .where(_transfer.stopped_at.is_(None), _transfer.expires_at <= at)
            .where(~_paused.where(_account.id.in_([_transfer.giver_id, _transfer.receiver_id])).exists())
            .order_by(_transfer.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self._list_transfers(self._connection.execute(due).scalars().all())

    def lock_clocks(self, account_id: UUID) -> list[TransferRecord]:
        """What waits for this account, locked. One that somebody is settling at this moment needs no clock any more.

        The account has to be locked: waiting for a transfer now could end in a circle of people who wait for each other.
        """
        waiting = self._select_waiting(account_id).with_for_update(skip_locked=True)
        return self._list_transfers(self._connection.execute(waiting).scalars().all())

    def lock_waiting(self, account_id: UUID) -> list[TransferRecord]:
        """What waits for this account, locked in id order. No account may be locked yet: we wait for who is settling it."""
        waiting = self._select_waiting(account_id).with_for_update()
        return self._list_transfers(self._connection.execute(waiting).scalars().all())

    def lock_postings(self) -> None:
        """Waits until nobody is posting, and lets nobody begin until we commit. On SQLite a writer is alone anyway."""
        if self._dialect is postgresql:
            self._connection.exec_driver_sql("LOCK TABLE transfer IN SHARE MODE")

    def lock_accounts(self, account_ids: Iterable[UUID]) -> dict[UUID, Account]:
        """In id order, which is the same in Python and in both databases. Raises AccountNotFound."""
        wanted = sorted(set(account_ids))
        found: dict[UUID, Account] = {}
        for some in _batches(wanted):
            locked = self._select_accounts(some).order_by(_account.id).with_for_update(key_share=True)
            found |= {row.id: _as_account(row) for row in self._connection.execute(locked)}
        for account_id in wanted:
            if account_id not in found:
                raise AccountNotFound(account_id)
        return found

    # Looking up

    def find_closed_until(self) -> datetime | None:
        """Up to when periods are closed, however far that is."""
        period = tables.period.c
        return self._connection.scalar(
            select(period.until).where(period.bank_id == self._bank_id).order_by(period.until.desc()).limit(1)
        )

    def find_period(self, until: datetime) -> Period | None:
        period = tables.period.c
        found = select(tables.period).where(period.bank_id == self._bank_id, period.until == until)
        row = self._connection.execute(found).one_or_none()
        if row is None:
            return None
        return Period(
            until=row.until,
            closed_by=row.closed_by,
            closed_at=row.closed_at,
            transfers=row.transfers,
            minutes=row.minutes,
        )

    def sum_posted(self, *, since: datetime | None, until: datetime) -> tuple[int, int]:
        """How many transfers were posted, and their minutes."""
        posted = select(func.count(), func.coalesce(func.sum(_transfer.posted_minutes), 0)).where(
            _transfer.bank_id == self._bank_id, _transfer.state == "posted", _transfer.settled_at < until
        )
        if since is not None:
            posted = posted.where(_transfer.settled_at >= since)
        count, minutes = self._connection.execute(posted).one()
        return count, int(minutes)

    def list_waivers(self, account_id: UUID) -> list[Row[Any]]:
        waiver = tables.waiver.c
        found = select(tables.waiver).where(waiver.bank_id == self._bank_id, waiver.account_id == account_id)
        return list(self._connection.execute(found.order_by(waiver.waived_at, waiver.transfer_id)))

    def list_paused(self, account_ids: Iterable[UUID]) -> set[UUID]:
        found: set[UUID] = set()
        for some in _batches(sorted(set(account_ids))):
            paused = select(_account.id).where(_account.id.in_(some), _account.paused_at.is_not(None))
            found |= set(self._connection.scalars(paused))
        return found

    def find_account(self, account_id: UUID) -> Account | None:
        row = self._connection.execute(self._select_accounts([account_id])).one_or_none()
        return None if row is None else _as_account(row)

    def find_transfer(self, transfer_id: UUID) -> TransferRecord | None:
        return next(iter(self._list_transfers([transfer_id])), None)

    def find_fingerprints(self, transfer_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Of all banks: an id that is taken elsewhere is taken."""
        found: dict[UUID, bytes] = {}
        for some in _batches(transfer_ids):
            taken = select(_transfer.id, _transfer.fingerprint).where(_transfer.id.in_(some))
            found |= {row.id: row.fingerprint for row in self._connection.execute(taken)}
        return found

    def list_receipts(self, transfer_ids: Iterable[UUID]) -> dict[UUID, Receipt]:
        """What posting did at the time, of those that are posted."""
        found: dict[UUID, Receipt] = {}
        for some in _batches(list(transfer_ids)):
            posted = select(_transfer.id, *_places).where(_transfer.id.in_(some), _transfer.state == "posted")
            for one, *places in self._connection.execute(posted):
                found[one] = Receipt(giver=Posted(*places[:2]), receiver=Posted(*places[2:]))
        return found

    def list_lines(self, account_id: UUID, *, first: int, end: int) -> tuple[Line, ...]:
        """Entries with `first` <= seq < `end`, in posting order."""
        lines = self._select_lines(account_id).where(_entry.seq >= first, _entry.seq < end).order_by(_entry.seq)
        return tuple(_as_line(row) for row in self._connection.execute(lines))

    def find_first_seq(self, account_id: UUID, *, since: datetime) -> int | None:
        first = self._select_lines(account_id).where(_transfer.settled_at >= since).order_by(_entry.seq).limit(1)
        return self._connection.scalar(first.with_only_columns(_entry.seq))

    def find_balance_after(self, account_id: UUID, *, seq: int) -> int | None:
        line = select(_entry.balance_after).where(_entry.account_id == account_id, _entry.seq == seq)
        return self._connection.scalar(line)

    def _list_transfers(self, transfer_ids: Sequence[UUID]) -> list[TransferRecord]:
        mine = _records.where(_transfer.bank_id == self._bank_id)
        return [
            _as_record(row)
            for some in _batches(transfer_ids)
            for row in self._connection.execute(mine.where(_transfer.id.in_(some)))
        ]

    def _select_waiting(self, account_id: UUID) -> Select[Any]:
        return (
            select(_transfer.id)
            .where(_transfer.bank_id == self._bank_id, _transfer.state == "pending")
            .where(or_(_transfer.giver_id == account_id, _transfer.receiver_id == account_id))
            .order_by(_transfer.id)
        )

    def _select_accounts(self, account_ids: Sequence[UUID]) -> Select[Any]:
        return select(tables.account).where(_account.bank_id == self._bank_id, _account.id.in_(account_ids))

    def _select_lines(self, account_id: UUID) -> Select[Any]:
        return (
            select(tables.entry, tables.transfer)
            .join_from(tables.entry, tables.transfer, _transfer.id == _entry.transfer_id)
            .where(_transfer.bank_id == self._bank_id, _entry.account_id == account_id)
        )


def _expect(rows: int, written: int) -> None:
    if written != rows:
        raise ChangedMeanwhile


def _batches(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _account_change(before: Account, after: Account) -> dict[str, Any]:
    was = {f"was_{name}": getattr(before, name) for name in WATCHED}
    now = {f"now_{name}": getattr(after, name) for name in (*WATCHED, "paused_at")}
    statuses = {"was_status": before.status.value, "now_status": after.status.value}
    return {"row_id": before.id, **was, **now, **statuses}


def _as_account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        kind=AccountKind(row.kind),
        status=AccountStatus(row.status),
        posted=row.posted,
        held_out=row.held_out,
        held_in=row.held_in,
        seq=row.seq,
        hard_floor=row.hard_floor,
        floor_waived=row.floor_waived,
        paused_at=row.paused_at,
    )


def _as_record(row: Row[Any]) -> TransferRecord:
    return TransferRecord(
        id=row.id,
        kind=TransferKind(row.kind),
        giver=row.giver_id,
        receiver=row.receiver_id,
        minutes=row.minutes,
        posted_minutes=row.posted_minutes,
        happened_on=row.happened_on,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        state=TransferState(row.state),
        frozen_at=row.frozen_at,
        stopped_at=row.stopped_at,
        expires_at=row.expires_at,
        confirmed_by=row.confirmed_by,
        settled_at=row.settled_at,
        release_reason=row.release_reason,
        reverses=row.reverses_id,
        reversal_reason=row.reversal_reason,
        group=row.group_id,
        peer=row.peer_id,
        reversed_by=row.reversed_by,
        reversal_state=None if row.reversal_state is None else TransferState(row.reversal_state),
    )


def _as_line(row: Row[Any]) -> Line:
    return Line(
        seq=row.seq,
        transfer_id=row.transfer_id,
        account=row.account_id,
        other=row.receiver_id if row.side == SIDE.giver else row.giver_id,
        kind=TransferKind(row.kind),
        minutes=row.side * row.posted_minutes,
        balance_after=row.balance_after,
        happened_on=row.happened_on,
        posted_at=row.settled_at,
        recorded_by=row.recorded_by,
        confirmed_by=row.confirmed_by,
        reverses=row.reverses_id,
        reason=row.reversal_reason,
    )
