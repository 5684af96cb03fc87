"""Processes that die on purpose: a child is forked from the warm test, acts on the ledger, and is gone at a chosen point.

A point is each moment at which the database has been told one thing more: before a statement is carried out (the next one
begins where the last is over), and after the commit. Quick posting speaks to the driver past SQLAlchemy, so the driver is the
place to look. SQLite's own trace tells of each row of a batch and of each trigger too; on PostgreSQL there is a further point
whenever words are on their way and their answer is awaited.
"""

import ctypes
import errno
import os
import platform
import signal
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Callable, Generator
from typing import Any

import psycopg
from sqlalchemy import event

from timebank.db import Database

DONE, DIED, BROKEN = 0, 77, 78
Act = Callable[[], object]


class Points:
    """In a child that watches: counts them from the beginning of a transaction on; at the last one the process is gone."""

    def __init__(self) -> None:
        self.passed = 0
        self._last: int | None = None
        self._is_watching = self._is_counting = False

    def watch(self, *, until: int | None = None) -> None:
        self._is_watching, self._last = True, until

    def begin(self, _: object = None) -> None:
        self._is_counting = self._is_watching

    def end(self) -> None:
        self.pass_one()
        self._is_counting = False

    def pass_one(self, _: object = None) -> None:
        if self._is_counting:
            self.passed += 1
            if self.passed == self._last:
                os._exit(DIED)


POINTS = Points()


class WatchedSqlite(sqlite3.Connection):
    def __init__(self, *places: Any, **more: Any) -> None:
        super().__init__(*places, **more)
        self.set_trace_callback(POINTS.pass_one)

    def commit(self) -> None:
        super().commit()
        POINTS.end()


class WatchedPostgres(psycopg.Connection[Any]):
    """Whatever goes to the server and comes back goes through `wait`, BEGIN and COMMIT too."""

    def wait(self, gen: Generator[Any, Any, Any], *more: Any, **named: Any) -> Any:
        POINTS.pass_one()
        return super().wait(_told_of_each_wait(gen), *more, **named)

    def commit(self) -> None:
        super().commit()
        POINTS.end()


def _told_of_each_wait(gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    ready = None
    while True:
        try:
            wanted = gen.send(ready)
        except StopIteration as end:
            return end.value
        POINTS.pass_one()
        ready = yield wanted


def watch(database: Database) -> None:
    """From now on new connections of this database pass points, once their transaction begins."""
    event.listen(database.engine, "do_connect", _connect_watched)
    # Before the database's own listener, which sends the BEGIN itself.
    event.listen(database.engine, "begin", POINTS.begin, insert=True)


def _connect_watched(dialect: Any, _: object, words: list[Any], named: dict[str, Any]) -> Any:
    if dialect.name == "sqlite":
        named["factory"] = WatchedSqlite
        return None
    return WatchedPostgres.connect(*words, **named)


def count_points(database: Database, act: Act) -> int:
    """How many points this act has, done to its end in a child."""
    reading, writing = os.pipe()

    def act_and_tell() -> None:
        POINTS.watch()
        act()
        os.write(writing, str(POINTS.passed).encode())

    check(wait_for(fork(database, act_and_tell)), DONE)
    os.close(writing)
    with os.fdopen(reading) as told:
        return int(told.read())


def die(database: Database, act: Act, *, at_point: int) -> bool:
    """In a child, which is gone at that point. False when the act was over before: an answer that comes in two pieces is
    waited for twice, so that the last points of an act on PostgreSQL are not always there."""

    def act_until_then() -> None:
        POINTS.watch(until=at_point)
        act()

    code = wait_for(fork(database, act_until_then))
    check(code, DONE if code == DONE else DIED)
    return code == DIED


def fork(database: Database, act: Act) -> int:
    """The id of a child that does this act with connections of its own, and is then gone without any tidying up."""
    database.close()  # neither SQLite's locks nor a connection to PostgreSQL can be shared with a child
    with warnings.catch_warnings():
        # In a parallel run there is a thread that talks to the leader; the child touches nothing that it holds.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    try:
        act()
    except BaseException:  # noqa: BLE001 - a child that went on would run the rest of the tests
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(BROKEN)
    os._exit(DONE)


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check(code: int, expected: int) -> None:
    assert code == expected, f"a child ended with {code}, not {expected}: what it had to say is above"


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    check(wait_for(child), -signal.SIGKILL)


# A disk that fails: the kernel is told to answer this process, and only it, with an error whenever it asks for durability.

SYNCING = {"x86_64": (74, 75), "aarch64": (82, 83)}  # the numbers of fsync and fdatasync
NO_NEW_PRIVILEGES, SET_FILTER, FILTER_MODE = 38, 22, 2  # prctl(2), seccomp(2)
LOAD_NUMBER, JUMP_IF_EQUAL, ANSWER = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("word", ctypes.c_uint32))


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step)))


def let_syncing_fail() -> None:
    """From now on, and for as long as this process lives: Linux cannot take such a filter back."""
    both = SYNCING[platform.machine()]
    steps = (
        _Step(LOAD_NUMBER, 0, 0, 0),
        _Step(JUMP_IF_EQUAL, 2, 0, both[0]),
        _Step(JUMP_IF_EQUAL, 1, 0, both[1]),
        _Step(ANSWER, 0, 0, ALLOW),
        _Step(ANSWER, 0, 0, FAIL | errno.EIO),
    )
    program = _Filter(len(steps), (_Step * len(steps))(*steps))
    system = ctypes.CDLL(None, use_errno=True)
    for words in ((NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_FILTER, FILTER_MODE, ctypes.byref(program), 0, 0)):
        if system.prctl(*words) != 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no filter: this test needs Linux with seccomp")
