"""Attributes that are stored only under lock. Code reads and writes them like any other; the database never sees them.

    class Answer(Base):
        words = Sealed[list[str]]("sealed_words", of="member_id", empty=list)
        sealed_words: Mapped[bytes | None] = sealed_column()

What is locked opens only in its own row and for its own person, so a value that is copied elsewhere is refused.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar, cast, overload

from sqlalchemy import CheckConstraint, Connection, LargeBinary, Table, event, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, Session, mapped_column, object_session

from timebank.db import Base
from timebank.vault.keys import SHORTEST, KeyRing

Value = TypeVar("Value")

TO_BE_LOCKED = b""  # what a column holds between being set and being written; the database refuses it
ROUNDED_TO = 32  # letters, so that the length of an answer tells little
# One lock for everybody who locks something on PostgreSQL, shared among them, and alone for whoever changes the keys.
CHANGING_KEYS = 7_203_441


class KeysNotGivenError(RuntimeError):
    """A session without keys cannot read or write what is locked."""


def sealed_column() -> Mapped[bytes | None]:
    return mapped_column(LargeBinary)


def sealed_check(*columns: str) -> tuple[CheckConstraint, ...]:
    """Nothing that is too short to be locked is stored, by whatever mistake."""
    return tuple(CheckConstraint(f"length({column}) >= {SHORTEST}", name=column) for column in columns)


class Sealed(Generic[Value]):
    """`column`: where it is stored. `of`: the attribute that says whose it is. `empty`: makes what is stored as nothing."""

    def __init__(self, column: str, *, of: str, empty: Callable[[], Value]) -> None:
        self.column, self.of, self.empty = column, of, empty
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        _attributes.setdefault(owner, []).append(self)

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...
    @overload
    def __get__(self, row: object, owner: type) -> Value: ...
    def __get__(self, row: object | None, owner: type) -> Self | Value:
        if row is None:
            return self
        stored = getattr(row, self.column)
        if stored is None:
            return self.empty()
        if stored == TO_BE_LOCKED:
            return cast(Value, row.__dict__["_to_be_locked"][self.name])
        read = row.__dict__.setdefault("_unlocked", {})
        if self.name not in read or read[self.name][0] != stored:
            keys = _keys_of(object_session(row))
            read[self.name] = (stored, keys.unlock(stored, person=getattr(row, self.of), place=self.place(row)))
        return cast(Value, json.loads(read[self.name][1]))

    def __set__(self, row: object, value: Value) -> None:
        if value == self.empty():
            setattr(row, self.column, None)
        elif getattr(row, self.column) is None or self.__get__(row, type(row)) != value:
            row.__dict__.setdefault("_to_be_locked", {})[self.name] = value
            setattr(row, self.column, TO_BE_LOCKED)

    def lock(self, row: object, keys: KeyRing) -> None:
        """Just before the row is written."""
        if getattr(row, self.column) == TO_BE_LOCKED:
            words = json.dumps(row.__dict__["_to_be_locked"].pop(self.name), ensure_ascii=False)
            words += " " * (-len(words) % ROUNDED_TO)
            setattr(row, self.column, keys.lock(words.encode(), person=getattr(row, self.of), place=self.place(row)))

    def place(self, row: object) -> str:
        mapper: Mapper[Any] = inspect(type(row))
        return place(mapper.local_table, self.column, mapper.primary_key_from_instance(row))


def place(table: Any, column: str, key: Any) -> str:
    """The one place where a value opens."""
    return f"{table.name}.{column}:{','.join(str(part) for part in key)}"


@dataclass(frozen=True, kw_only=True)
class SealedColumn:
    table: Table
    column: str
    person: str  # the column that says whose it is
    model: type
    name: str  # under which code reads and writes it


def sealed_columns() -> Iterator[SealedColumn]:
    for owner, attributes in _attributes.items():
        mapper: Mapper[Any] = inspect(owner)
        for attribute in attributes:
            person = mapper.attrs[attribute.of].columns[0].name
            yield SealedColumn(
                table=cast(Table, mapper.local_table),
                column=attribute.column,
                person=person,
                model=owner,
                name=attribute.name,
            )


_attributes: dict[type, list[Sealed[Any]]] = {}


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
def _lock_all(mapper: Mapper[Any], connection: Connection, row: DeclarativeBase) -> None:
    waiting = [one for one in _attributes.get(mapper.class_, ()) if getattr(row, one.column) == TO_BE_LOCKED]
    if not waiting:
        return
    session = object_session(row)
    keys = _keys_of(session)
    _give_id(mapper, row)
    lock_while_keys_stay(connection)
    for attribute in waiting:
        attribute.lock(row, keys)


def lock_while_keys_stay(connection: Connection) -> None:
    """Until this transaction ends nobody finishes changing the keys. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({CHANGING_KEYS})")


def _give_id(mapper: Mapper[Any], row: DeclarativeBase) -> None:
    """What is locked is bound to its row, so the row has to have its id already."""
    for column in mapper.primary_key:
        attribute = mapper.get_property_by_column(column).key
        if getattr(row, attribute) is None and column.default is not None and column.default.is_callable:
            setattr(row, attribute, column.default.arg(None))


def _keys_of(session: Session | None) -> KeyRing:
    keys = session.info.get("keys") if session is not None else None
    if not isinstance(keys, KeyRing):
        raise KeysNotGivenError
    return keys
