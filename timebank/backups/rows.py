"""Every table as rows of plain values, in an order in which they can be put back with all the database's rules in force.

The rows are the same from SQLite and from PostgreSQL, so that a bank can move from one to the other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, DateTime, LargeBinary, Row, Select, Table, Uuid, and_, select
from sqlalchemy.orm import Session
from sqlalchemy.schema import sort_tables

from ledger.tables import UtcDateTime, account, block, period, seal, sealed_account, transfer, waiver
from timebank.tables import metadata

# A browser’s sign-in lives for hours, a challenge for minutes; after a restore people sign in again. And what waited to be
# mailed when the backup was made has gone out long since: put back, it would go out once more.
NOT_KEPT = ("held_sign_in", "passkey_challenge", "notice", "password_link", "forgotten_ask")
# Entries are not among them: the database writes them anew from the transfers, which say where each stands.
LEDGER = (account, transfer, waiver, period, block, seal, sealed_account)
AT_ONCE = 1000


def tables() -> list[Table]:
    """The ledger first, then the others, each after those it refers to."""
    others = [table for table in metadata.tables.values() if table.name not in NOT_KEPT]
    return [*LEDGER, *(table for table in sort_tables([*LEDGER, *others]) if table not in LEDGER)]


def each_row(session: Session, table: Table) -> Iterator[list[Any]]:
    for row in in_posting_order(session) if table is transfer else _rows_by_key(session, table):
        yield [as_plain(value) for value in row]


def _rows_by_key(session: Session, table: Table) -> Iterator[Row[Any]]:
    return _stream(session, select(table).order_by(*table.primary_key.columns))


def _stream(session: Session, question: Select[Any]) -> Iterator[Row[Any]]:
    yield from session.execute(question.execution_options(yield_per=AT_ONCE))


def in_posting_order(session: Session) -> Iterator[Row[Any]]:
    """Each posted transfer after the ones before it in both its accounts, then what waits or was let go.

    The clocks of several servers may have disagreed, so the order in time is a beginning only: what comes too early waits
    for the one that its account still lacks. A reversal that was let go comes before the one that stands: of several
    reversals of one transfer one may live at a time.
    """
    let_go = _let_go_reversals(session)
    posted = (
        select(transfer).where(transfer.c.state == "posted").order_by(transfer.c.settled_at, _further_on, transfer.c.id)
    )
    for row in _unrolled(_stream(session, posted)):
        yield from let_go.pop(row.reverses_id, ())
        yield row
    for rows in let_go.values():
        yield from rows
    waiting = select(transfer).where(transfer.c.state != "posted").order_by(transfer.c.recorded_at, transfer.c.id)
    yield from _stream(session, waiting.where(~_is_let_go_reversal))


_further_on = transfer.c.giver_seq + transfer.c.receiver_seq  # of two with one moment, a good guess at the earlier
_is_let_go_reversal = and_(transfer.c.reverses_id.is_not(None), transfer.c.state.in_(["released", "expired"]))


def _let_go_reversals(session: Session) -> dict[UUID | None, list[Row[Any]]]:
    found: dict[UUID | None, list[Row[Any]]] = {}
    for row in session.execute(
        select(transfer).where(_is_let_go_reversal).order_by(transfer.c.recorded_at, transfer.c.id)
    ):
        found.setdefault(row.reverses_id, []).append(row)
    return found


def _unrolled(rows: Iterable[Row[Any]]) -> Iterator[Row[Any]]:
    """In each account by number. A row waits under the place that its account lacks, and comes when that has come."""
    stands: Counter[UUID] = Counter()  # how many entries of each account have come
    early: dict[tuple[UUID, int], Row[Any]] = {}
    for row in rows:
        ready = [row]
        while ready:
            one = ready.pop()
            lacking = [(account_id, seq - 1) for account_id, seq in _places(one) if stands[account_id] != seq - 1]
            if lacking:
                early[lacking[0]] = one
                continue
            yield one
            for account_id, seq in _places(one):
                stands[account_id] = seq
                if (account_id, seq) in early:
                    ready.append(early.pop((account_id, seq)))
    if early:
        raise ValueError("the numbers of an account have a gap")


def _places(row: Row[Any]) -> tuple[tuple[UUID, int], tuple[UUID, int]]:
    return (row.giver_id, row.giver_seq), (row.receiver_id, row.receiver_seq)


def as_plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    return value


def from_plain(table: Table, names: list[str], rows: Iterable[list[Any]]) -> list[dict[str, Any]]:
    readers = [_reader(table.c[name]) for name in names]
    return [
        {name: None if value is None else read(value) for name, read, value in zip(names, readers, row, strict=True)}
        for row in rows
    ]


def _reader(column: Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Uuid):
        return UUID
    if isinstance(kind, UtcDateTime | DateTime):
        return datetime.fromisoformat
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, LargeBinary):
        return bytes.fromhex
    return lambda value: value
