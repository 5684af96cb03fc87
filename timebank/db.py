"""The database: one engine, a session that only reads or one that writes and commits once, and the base of all models."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Enum, MetaData, create_engine, event, make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.tables import UtcDateTime

__all__ = ["Base", "Database", "UtcDateTime", "one_of", "snapshot"]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


def one_of(kind: type[StrEnum]) -> Enum:
    """A column of words from a closed list, which the database checks too and which is read back as the list's own member."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


class WriterQueue:
    """First come, first served. SQLite has one writer, and its own busy wait lets some threads starve (ledger.md section 0)."""

    def __init__(self) -> None:
        self._waiting: deque[threading.Event] = deque()
        self._busy = False
        self._guard = threading.Lock()

    def __enter__(self) -> None:
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._busy = False


class Database:
    """One per application. Sessions are handed out by purpose, so that reading a page cannot write."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_engine(url, pool_pre_ping=True)
        self._reader = self.engine.execution_options(reads_only=True)
        if not self.is_sqlite:
            event.listen(self.engine, "begin", _begin_postgresql)
        self._writers = WriterQueue()

    def open_reading(self) -> Session:
        """A session in which the database itself refuses to write."""
        return Session(self._reader, expire_on_commit=False)

    def open_writing(self) -> Session:
        """A session that may write. On SQLite enter `writing_turn` first, so that writers queue fairly."""
        return Session(self.engine, expire_on_commit=False)

    @contextmanager
    def writing_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        with self._writers:
            yield

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.open_reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One act: everything in it is committed together, or nothing is."""
        with self.writing_turn(), self.open_writing() as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """A session that only reads, and reads one moment of the whole database: what is written meanwhile is not seen.

    Nobody waits for us. SQLite keeps the moment of the first read by itself; PostgreSQL has to be asked to.
    """
    with database.open_reading() as session:
        if not database.is_sqlite:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling runs SELECTs outside a transaction: we begin ourselves.
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads_only else 'OFF'}")
    # A write that starts as a read can be refused half-way; IMMEDIATE takes its turn at the door.
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("reads_only", False):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
