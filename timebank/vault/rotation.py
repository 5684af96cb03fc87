"""Changing every key, while the bank is open. Whatever stops it, nothing is lost and it goes on where it was.

    1. A new master key locks from now on; the old one still opens.
    2. Some people at a time: each gets a new key; what is stored of theirs is locked anew, in one transaction; only then
       their old key goes.
    3. When nobody's key needs the old master key any more, it goes too.

Whoever locks something at the same moment either does so with the new key, or is seen by step 2: on SQLite because one
writes at a time, on PostgreSQL because step 2 waits for all who are locking something (see sealed.py).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Table, bindparam, func, inspect, select, update
from sqlalchemy.orm import Session

from timebank.db import Database
from timebank.errors import Conflict
from timebank.vault.keys import KEY_NAME, KeyRing
from timebank.vault.sealed import CHANGING_KEYS, SealedColumn, place, sealed_columns

try:
    import fcntl
except ImportError:  # Windows: there one operator changes keys at a time
    fcntl = None  # type: ignore[assignment]

AT_ONCE = 100  # people

Moved = Callable[[int], None]


class KeysAreBeingChanged(Conflict):
    """Somebody else is changing the keys just now. Wait until they are done: it goes on by itself."""


def count_people(keys: KeyRing) -> int:
    """Of an unfinished change only those who are still to come; otherwise everybody."""
    return len(keys.people_to_change()) or keys.count()


def change_keys(database: Database, keys: KeyRing, *, moved: Moved = lambda _done: None) -> int:
    """How many values were locked anew. Raises KeysAreBeingChanged."""
    _know_every_lock(database)
    total = done = 0
    with _alone(keys):
        keys.begin_change()
        while due := keys.people_to_change():
            for start in range(0, len(due), AT_ONCE):
                some = due[start : start + AT_ONCE]
                total += _change_some(database, keys, some)
                done += len(some)
                moved(done)
        while not keys.end_change():
            total += _change_some(database, keys, keys.people_to_change())
    return total


def _know_every_lock(database: Database) -> None:
    """What is locked in a table that this process does not know would lose its key."""
    known = {(column.table.name, column.column) for column in sealed_columns()}
    with database.engine.connect() as connection:
        seen = inspect(connection)
        there = {
            (table, column["name"])
            for table in seen.get_table_names()
            for column in seen.get_columns(table)
            if column["name"].startswith("sealed_") and isinstance(column["type"], LargeBinary)
        }
    unknown = there - known
    if unknown:
        raise RuntimeError(f"the models of {sorted(unknown)} are not imported")


def _change_some(database: Database, keys: KeyRing, people: list[UUID]) -> int:
    keys.renew(people)
    count = database.run_again(lambda session: _lock_anew(session, keys, people))
    keys.drop_old(people)
    return count


def _lock_anew(session: Session, keys: KeyRing, people: list[UUID]) -> int:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(CHANGING_KEYS)))
    newest = {person: keys.newest_key(person) for person in people}
    return sum(_lock_column(session, keys, column, newest) for column in sealed_columns())


def _lock_column(session: Session, keys: KeyRing, column: SealedColumn, newest: dict[UUID, bytes]) -> int:
    table, stored, owner = column.table, column.table.c[column.column], column.table.c[column.person]
    key = list(table.primary_key.columns)
    found = session.execute(select(owner, stored, *key).where(owner.in_(newest), stored.is_not(None)))
    changed = []
    for person, locked, *row_key in found:
        if locked[KEY_NAME] != newest[person]:
            where = place(table, column.column, row_key)
            words = keys.unlock(locked, person=person, place=where)
            changed.append({"locked": keys.lock(words, person=person, place=where), **_named(row_key)})
    if changed:
        session.connection().execute(_change(table, column.column), changed)
    return len(changed)


def _change(table: Table, column: str) -> Any:
    key = zip(table.primary_key.columns, _names(len(table.primary_key.columns)), strict=True)
    return update(table).where(*(part == bindparam(name) for part, name in key)).values({column: bindparam("locked")})


def _named(row_key: list[Any]) -> dict[str, Any]:
    return dict(zip(_names(len(row_key)), row_key, strict=True))


def _names(count: int) -> list[str]:
    return [f"key_{number}" for number in range(count)]


@contextmanager
def _alone(keys: KeyRing) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    with keys.people_file.with_name(f"{keys.people_file.name}-changing").open("w") as door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeysAreBeingChanged from None
        yield
