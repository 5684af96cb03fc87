"""Whether everything that is under lock still opens."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from timebank.vault.keys import CannotBeOpened, KeyRing
from timebank.vault.sealed import SealedColumn, place, sealed_columns

AT_ONCE = 1000
MOST_NAMED = 20


@dataclass
class Opened:
    """How many values open, and where those are that do not: of many the first."""

    good: int = 0
    bad: int = 0
    where: list[str] = field(default_factory=list)

    def count(self, where: str, *, opens: bool) -> None:
        if opens:
            self.good += 1
            return
        self.bad += 1
        if len(self.where) < MOST_NAMED:
            self.where.append(where)


def try_all(session: Session, keys: KeyRing) -> Opened:
    """Every value in the database. Nothing of what they say is kept or shown."""
    tried = Opened()
    for column in sealed_columns():
        for person, locked, where in _locked(session, column):
            tried.count(where, opens=_opens(keys, locked, person, where))
    return tried


def one_opens(session: Session, keys: KeyRing) -> bool:
    """Whether these are the keys of this database: one value of each kind is tried."""
    for column in sealed_columns():
        first = session.execute(_question(column).limit(1)).first()
        if first is not None and not _opens(keys, first[1], first[0], place(column.table, column.column, first[2:])):
            return False
    return True


def _opens(keys: KeyRing, locked: bytes, person: UUID, where: str) -> bool:
    try:
        keys.unlock(locked, person=person, place=where)
    except CannotBeOpened:
        return False
    return True


def _locked(session: Session, column: SealedColumn) -> Iterator[tuple[UUID, bytes, str]]:
    for person, locked, *key in session.execute(_question(column).execution_options(yield_per=AT_ONCE)):
        yield person, locked, place(column.table, column.column, key)


def _question(column: SealedColumn) -> Select[Any]:
    """Whose, what is stored, and the key of the row."""
    stored = column.table.c[column.column]
    return select(column.table.c[column.person], stored, *column.table.primary_key.columns).where(stored.is_not(None))
