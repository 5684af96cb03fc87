"""Every table as rows of plain values, in an order in which they can be put back with all the database's rules in force.

The rows are the same from SQLite and from PostgreSQL, so that a bank can move from one to the other.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, DateTime, LargeBinary, Select, Table, Uuid, case, select
from sqlalchemy.orm import Session
from sqlalchemy.schema import sort_tables

from ledger.tables import UtcDateTime, account, block, entry, period, seal, sealed_account, transfer, waiver
from timebank.tables import metadata

# A browser's sign-in lives for hours; after a restore people sign in again.
NOT_KEPT = ("held_sign_in",)
LEDGER = (account, transfer, entry, waiver, period, block, seal, sealed_account)
LIVE = ("pending", "posted")
AT_ONCE = 1000


def tables() -> list[Table]:
    """The ledger first, then the others, each after those it refers to."""
    others = [table for table in metadata.tables.values() if table.name not in NOT_KEPT]
    return [*LEDGER, *(table for table in sort_tables([*LEDGER, *others]) if table not in LEDGER)]


def each_row(session: Session, table: Table) -> Iterator[list[Any]]:
    for question in _questions(session, table):
        for row in session.execute(question.execution_options(yield_per=AT_ONCE)):
            yield [as_plain(value) for value in row]


def _questions(session: Session, table: Table) -> Iterator[Select[Any]]:
    """One for most tables; transfers come generation by generation, since a reversal follows what it reverses."""
    if table is entry:
        yield select(table).order_by(table.c.account_id, table.c.seq)
    elif table is transfer:
        yield select(table).where(table.c.reverses_id.is_(None)).order_by(table.c.recorded_at, table.c.id)
        for generation in _generations(session):
            for start in range(0, len(generation), AT_ONCE):
                some = generation[start : start + AT_ONCE]
                # Of several reversals of one transfer one may live at a time: it comes after those that were let go.
                is_live = case((table.c.state.in_(LIVE), 1), else_=0)
                yield select(table).where(table.c.id.in_(some)).order_by(is_live, table.c.recorded_at, table.c.id)
    else:
        yield select(table).order_by(*table.primary_key.columns)


def _generations(session: Session) -> Iterator[list[UUID]]:
    """Reversals, reversals of reversals, and so on."""
    question = select(transfer.c.id, transfer.c.reverses_id, transfer.c.state.in_(LIVE))
    rows = session.execute(question.where(transfer.c.reverses_id.is_not(None))).all()
    left = {one: of for one, of, _ in rows}
    lives = {one: is_live for one, _, is_live in rows}
    while left:
        generation = [one for one, of in left.items() if of not in left]
        yield sorted(generation, key=lambda one: (lives[one], one))
        for one in generation:
            del left[one]


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
