"""The database: one engine, a session that only reads or one that writes and commits once, and the base of all models."""

import os
import sqlite3
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import URL, Connection, Engine, Enum, MetaData, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from ledger import retrying
from ledger.errors import VeryBusy
from ledger.tables import UtcDateTime

try:
    import fcntl
except ImportError:  # Windows: there one process writes, and its threads take turns
    fcntl = None  # type: ignore[assignment]

__all__ = ["Base", "Database", "UtcDateTime", "one_of", "snapshot", "twin_snapshots"]

PATIENCE = 20.0  # seconds somebody waits for a turn to write
LOOK_EVERY = 0.0005  # seconds, for the one process that is next
Answer = TypeVar("Answer")

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
    """First come, first served. SQLite has one writer, and its own busy wait lets some starve (ledger.md section 0).

    The threads of a process stand in one line; the first of each line goes to the door that the processes share. Nobody
    waits for ever: after `patience` seconds VeryBusy says that nothing was saved.
    """

    def __init__(self, *, patience: float, door: "Door | None" = None) -> None:
        self._patience = patience
        self._door = door
        self.start_anew()
        _queues.add(self)

    def start_anew(self) -> None:
        """Nobody waits. A forked process has none of the threads that stood in the line it was copied with."""
        self._waiting: deque[threading.Event] = deque()
        self._busy = False
        self._guard = threading.Lock()
        self.close()

    def close(self) -> None:
        if self._door is not None:
            self._door.close()

    def __enter__(self) -> None:
        until = time.monotonic() + self._patience
        self._take_turn(until)
        if self._door is not None:
            try:
                self._door.enter(until)
            except BaseException:
                self._pass_on()
                raise

    def __exit__(self, *_: object) -> None:
        try:
            if self._door is not None:
                self._door.leave()
        finally:
            self._pass_on()

    def _take_turn(self, until: float) -> None:
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        came = False
        try:
            came = turn.wait(until - time.monotonic())
        finally:
            if not came:
                self._step_out(turn)
        if not came:
            raise VeryBusy

    def _step_out(self, turn: threading.Event) -> None:
        """Whoever gives up may have been called at that very moment: then the turn goes to the next."""
        with self._guard:
            if not turn.is_set():
                self._waiting.remove(turn)
                return
        self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._busy = False


class Door:
    """Where the processes that write one SQLite file take turns: two empty files beside it, which are locked.

    Whoever holds `-next` is next, and gives it up once it holds `-writing`: somebody who has just written cannot come
    before somebody who waits. The locks are the operating system's, so a process that dies lets go by itself. They are
    for fairness only: where they cannot be had, SQLite itself still lets in one at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, int] = {}

    def enter(self, until: float) -> None:
        """Raises VeryBusy. Three short calls of the system where nobody else is there, and one to leave."""
        try:
            self._open_both()
            self._become_next(until)
            try:
                self._begin_to_write(until)
            finally:
                fcntl.flock(self._files["next"], fcntl.LOCK_UN)
        except OSError:  # no database yet, or a folder or file system that knows no such locks
            self.close()

    def leave(self) -> None:
        if self._files:
            fcntl.flock(self._files["writing"], fcntl.LOCK_UN)

    def close(self) -> None:
        while self._files:
            os.close(self._files.popitem()[1])

    __del__ = close

    def _open_both(self) -> None:
        for name in ("next", "writing"):
            if name not in self._files:
                self._files[name] = self._open(name)

    def _open(self, name: str) -> int:
        """Whoever may write the database may take turns: the file gets its permissions, and its owner when root makes it."""
        path, database = f"{self._path}-{name}", self._path.stat()
        file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, stat.S_IMODE(database.st_mode))
        if os.geteuid() == 0 and os.fstat(file).st_uid != database.st_uid:
            os.fchown(file, database.st_uid, database.st_gid)
        return file

    def _become_next(self, until: float) -> None:
        if not self._lock("next"):
            locked = self._wait_for("next", until)
            os.close(self._files["next"])
            self._files["next"] = locked

    def _begin_to_write(self, until: float) -> None:
        """Only one waits for this, so looking now and then is fair; and it is quicker than being woken by a thread."""
        while not self._lock("writing"):
            if time.monotonic() >= until:
                raise VeryBusy
            time.sleep(LOOK_EVERY)

    def _lock(self, name: str) -> bool:
        try:
            fcntl.flock(self._files[name], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_for(self, name: str, until: float) -> int:
        """The system's own wait is fair and has no end, so a thread of its own waits: with a file of its own, so that it
        can let go by itself when the lock comes after we have given up."""
        locked: Future[int] = Future()

        def wait() -> None:
            try:
                file = self._open(name)
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                locked.set_exception(error)
                return
            if locked.set_running_or_notify_cancel():
                locked.set_result(file)
            else:
                os.close(file)

        threading.Thread(target=wait, name="waiting to write", daemon=True).start()
        try:
            return locked.result(max(0, until - time.monotonic()))
        except TimeoutError:
            if locked.cancel():
                raise VeryBusy from None
            return locked.result()
        except BaseException:
            if not locked.cancel():
                os.close(locked.result())
            raise


_queues: WeakSet[WriterQueue] = WeakSet()


def _start_all_anew() -> None:
    for queue in _queues:
        queue.start_anew()


if fcntl is not None:
    os.register_at_fork(after_in_child=_start_all_anew)


class Database:
    """One per application. Sessions are handed out by purpose, so that reading a page cannot write."""

    def __init__(self, url: str, *, patience: float = PATIENCE, keys: object | None = None) -> None:
        """`keys`: a KeyRing, for whoever reads or writes what is kept under lock (timebank/vault)."""
        self.keys = keys
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.engine, self._reader = _sqlite_engine(url, reads_only=False), _sqlite_engine(url, reads_only=True)
        else:
            self.engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
            self._reader = self.engine.execution_options(reads_only=True)
            event.listen(self.engine, "begin", _begin_postgresql)
        self._writers = WriterQueue(patience=patience, door=_door(self.url)) if self.is_sqlite else None

    def open_reading(self) -> Session:
        """A session in which the database itself refuses to write."""
        return Session(self._reader, expire_on_commit=False, info={"keys": self.keys})

    def open_writing(self) -> Session:
        """A session that may write. On SQLite enter `writing_turn` first, so that writers queue fairly."""
        return Session(self.engine, expire_on_commit=False, info={"keys": self.keys})

    @contextmanager
    def writing_turn(self) -> Iterator[None]:
        """Raises VeryBusy after `patience` seconds of waiting. On PostgreSQL writers need not take turns."""
        with self._writers or nullcontext():
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

    @contextmanager
    def connecting(self) -> Iterator[Connection]:
        """As `writing`, for work that needs no session: one transaction, committed at the end."""
        with self.writing_turn(), self.engine.begin() as connection:
            yield connection

    def run_again(self, act: Callable[[Session], Answer]) -> Answer:
        """One act as in `writing`. PostgreSQL may send it back for the sake of another: then it is done again from the
        beginning, three times at most. So `act` chooses no id of its own, and does nothing outside the session."""

        def write() -> Answer:
            with self.writing() as session:
                return act(session)

        return retrying.again(write)

    def close(self) -> None:
        if self._writers is not None:
            self._writers.close()
        self.engine.dispose()
        self._reader.dispose()


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """A session that only reads, and reads one moment of the whole database: what is written meanwhile is not seen.

    Nobody waits for us. SQLite keeps the moment of the first read by itself; PostgreSQL has to be asked to.
    """
    with database.open_reading() as session:
        if not database.is_sqlite:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


@contextmanager
def twin_snapshots(database: Database) -> Iterator[tuple[Session, Session | None]]:
    """Two sessions that read one and the same moment, for long looks that two processors share.

    PostgreSQL hands the moment of the first to the second. On SQLite nobody may write while both take their first look,
    a matter of a millisecond; where no turn to write can be had (a file that may only be read), there is no second one.
    """
    with snapshot(database) as first, snapshot(database) as second:
        if database.is_sqlite:
            yield first, second if _look_together(database, first, second) else None
        else:
            moment = first.scalar(text("SELECT pg_export_snapshot()"))
            second.connection().exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{moment}'")
            yield first, second


def _look_together(database: Database, *readers: Session) -> bool:
    if database.url.database in {None, "", ":memory:"}:
        return False
    try:
        with database.connecting():
            for reader in readers:
                reader.execute(text("SELECT count(*) FROM sqlite_master"))
    except (VeryBusy, OperationalError):
        return False
    return True


def _door(url: URL) -> Door | None:
    """A database in memory belongs to one process. One named as a URI may be that too: its own wait has to do."""
    if fcntl is None or not url.database or url.database.startswith((":memory:", "file:")):
        return None
    return Door(Path(url.database).resolve())


def _sqlite_engine(url: str, *, reads_only: bool) -> Engine:
    """Readers have connections of their own: changing between the two makes SQLite forget every prepared statement."""
    # What was being written is no part of a fault: it would stand in the logs.
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    if reads_only:
        event.listen(engine, "connect", _only_read)
    # A write that starts as a read can be refused half-way; IMMEDIATE takes its turn at the door.
    begin = "BEGIN" if reads_only else "BEGIN IMMEDIATE"
    event.listen(engine, "begin", lambda connection: _begin_sqlite(connection, begin))
    return engine


def _begin_sqlite(connection: Connection, begin: str) -> None:
    """By the driver itself: each posting begins, and the long way round takes a tenth of its time."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(begin)
    except sqlite3.Error as error:
        raise DBAPIError.instance(begin, None, error, sqlite3.Error, dialect=connection.dialect) from error


def _set_up_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling runs SELECTs outside a transaction: we begin ourselves.
    connection.isolation_level = None
    for pragma in (
        "foreign_keys=ON",
        "journal_mode=WAL",
        "synchronous=FULL",
        "recursive_triggers=ON",
        "cache_size=-32768",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _only_read(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("reads_only", False):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
