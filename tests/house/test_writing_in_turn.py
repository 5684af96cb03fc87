"""Writers of a SQLite file come one after the other: threads, processes, and whoever dies while they write."""

import fcntl
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.errors import VeryBusy
from tests.databases import SqliteCopies
from timebank.db import Database, WriterQueue
from timebank.migrating import migrate

REPOSITORY = Path(__file__).parents[2]
WRITES_FOR_EVER = """
import sys, time
from timebank.db import Database
with Database(sys.argv[1]).writing_turn():
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def url(sqlite_copies: SqliteCopies) -> str:
    return sqlite_copies.url()


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Database]]:
    """The same file opened as often as a test likes, as other processes would."""
    databases = []

    def open_it(**more) -> Database:
        databases.append(Database(url, **more))
        return databases[-1]

    yield open_it
    for database in databases:
        database.close()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.002)


@contextmanager
def another_process_writing(url: str) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-c", WRITES_FOR_EVER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        try:
            assert process.stdout.readline() == "writing\n"
            yield process
        finally:
            process.kill()


class TestThreads:
    def test_come_in_the_order_in_which_they_asked(self):
        queue = WriterQueue(patience=60)
        came: list[int] = []

        def write(number: int) -> None:
            with queue:
                came.append(number)

        with ThreadPoolExecutor(40) as threads, queue:
            for number in range(40):
                threads.submit(write, number)
                wait_until(lambda so_far=number + 1: len(queue._waiting) == so_far, "they stand in line")
        assert came == list(range(40))

    def test_who_waits_too_long_hears_that_nothing_was_saved(self):
        queue = WriterQueue(patience=0.05)

        with ThreadPoolExecutor(1) as threads, queue:
            start = time.monotonic()
            refused = threads.submit(queue.__enter__).exception(timeout=10)
            waited = time.monotonic() - start

        assert isinstance(refused, VeryBusy)
        assert "Nothing was saved, please try again" in refused.sentence
        assert 0.05 <= waited < 5
        with queue:
            pass  # whoever gave up holds nobody up

    def test_those_who_give_up_at_any_moment_lose_no_turn_of_others(self):
        """A thousand turns with patience about as short as the wait: some give up just as they are called."""
        queue = WriterQueue(patience=0.004)
        chance = random.Random(3)
        rests = [[chance.uniform(0, 0.003) for _ in range(125)] for _ in range(8)]
        outcomes: Counter[str] = Counter()
        inside = 0

        def write_often(mine: list[float]) -> None:
            nonlocal inside
            for rest in mine:
                try:
                    with queue:
                        inside += 1
                        assert inside == 1
                        time.sleep(rest)
                        inside -= 1
                    outcomes["wrote"] += 1
                except VeryBusy:
                    outcomes["gave up"] += 1

        with ThreadPoolExecutor(8) as threads:
            for done in [threads.submit(write_often, mine) for mine in rests]:
                done.result(60)

        assert sum(outcomes.values()) == 1000
        assert outcomes["wrote"] >= 50
        assert outcomes["gave up"] >= 50
        assert not queue._busy
        assert not queue._waiting


class TestProcesses:
    def test_one_that_writes_keeps_the_others_waiting(self, url: str, opened):
        with another_process_writing(url), pytest.raises(VeryBusy), opened(patience=0.2).writing():
            pytest.fail("two wrote at once")

    def test_who_gave_up_waiting_for_a_process_holds_nobody_up(self, url: str, opened):
        """One writes, one is next, and behind them one gives up three times: the system may call it when it has gone."""
        hasty, is_next, patient = opened(patience=0.1), opened(patience=60), opened(patience=60)
        with another_process_writing(url) as process, ThreadPoolExecutor(2) as threads:
            comes_next = threads.submit(is_next.run_again, lambda session: session.scalar(select(1)))
            wait_until(lambda: not is_free(url, "next"), "somebody is next")
            for _ in range(3):
                with pytest.raises(VeryBusy), hasty.writing_turn():
                    pytest.fail("two wrote at once")
            waits = threads.submit(patient.run_again, lambda session: session.scalar(select(2)))
            process.kill()
            assert (comes_next.result(30), waits.result(30)) == (1, 2)
        with hasty.writing_turn():
            pass
        wait_until(lambda: is_free(url, "next") and is_free(url, "writing"), "nobody keeps what nobody waits for")

    def test_one_that_is_killed_while_it_writes_lets_go(self, url: str, opened):
        database = opened(patience=60)
        with another_process_writing(url) as process, ThreadPoolExecutor(1) as threads:
            waits = threads.submit(database.run_again, lambda session: session.scalar(select(1)))
            time.sleep(0.1)
            assert not waits.done()
            os.kill(process.pid, signal.SIGKILL)
            assert waits.result(30) == 1

    def test_whoever_waits_comes_before_whoever_has_just_written(self, opened):
        """Without somebody being next, the one that writes again and again would keep the lock to itself."""
        greedy, waiting = opened(), opened()
        stop = threading.Event()
        turns: Counter[str] = Counter()

        def write_on(name: str, database: Database) -> None:
            while not stop.is_set():
                with database.writing_turn():
                    turns[name] += 1
                    time.sleep(0.002)

        with ThreadPoolExecutor(2) as threads:
            for name, database in (("greedy", greedy), ("waiting", waiting)):
                threads.submit(write_on, name, database)
            wait_until(lambda: sum(turns.values()) >= 400, "they take turns")
            stop.set()
        assert min(turns["waiting"], turns["greedy"]) >= 150, turns

    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_forked_process_stands_in_line_by_itself(self, url: str, opened):
        """It is copied with its parent's open files and line, and may neither come in with them nor let go of them."""
        database = opened(patience=0.3)
        fork = multiprocessing.get_context("fork")
        exits = []
        for is_parent_writing in (True, False):
            with database.writing_turn():
                forked_inside, now = fork.Process(target=take_a_turn, args=(database, None)), fork.Event()
                forked_inside.start()
                forked_inside.join(30)
            forked_before = fork.Process(target=take_a_turn, args=(database, now))
            forked_before.start()
            with database.writing_turn() if is_parent_writing else nullcontext():
                now.set()
                forked_before.join(30)
                if is_parent_writing:
                    with pytest.raises(VeryBusy), Database(url, patience=0.1).writing_turn():
                        pytest.fail("the child let go of what its parent holds")
            exits.append((forked_inside.exitcode, forked_before.exitcode))
        assert exits == [(BUSY, BUSY), (BUSY, 0)]


BUSY = 7


def take_a_turn(database: Database, now: Event | None) -> None:
    if now is not None:
        now.wait(30)
    try:
        with database.writing_turn():
            os._exit(0)
    except VeryBusy:
        os._exit(BUSY)


def is_free(url: str, name: str) -> bool:
    with Path(f"{url.removeprefix('sqlite:///')}-{name}").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


class TestTheFiles:
    def test_stand_beside_the_database_with_its_permissions(self, tmp_path: Path):
        path = tmp_path / "bank.db"
        sqlite3.connect(path).close()
        path.chmod(0o600)
        database = Database(f"sqlite:///{path}")
        with database.writing_turn():
            pass
        database.close()
        assert {file.name for file in tmp_path.iterdir()} == {"bank.db", "bank.db-next", "bank.db-writing"}
        assert {oct(file.stat().st_mode)[-3:] for file in tmp_path.iterdir()} == {"600"}
        assert {file.stat().st_size for file in tmp_path.iterdir()} == {0}

    def test_are_not_needed_where_there_is_no_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(tmp_path)
        database = Database("sqlite://")
        with database.writing_turn():
            pass
        database.close()
        assert list(tmp_path.iterdir()) == []

    def test_a_new_database_is_made_in_turn_too(self, tmp_path: Path):
        database = Database(f"sqlite:///{tmp_path / 'new.db'}")
        migrate(database)
        with database.writing_turn():
            pass
        database.close()
        assert (tmp_path / "new.db-writing").exists()

    def test_a_folder_that_takes_no_more_files_stops_nobody(self, url: str, opened, monkeypatch: pytest.MonkeyPatch):
        """Only the fairness is lost: SQLite itself lets in one at a time."""

        def no_room(*_: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("timebank.db.Door._open", no_room)
        with opened().writing() as session:
            assert session.connection().exec_driver_sql("SELECT 1").scalar() == 1

    def test_a_turn_costs_next_to_nothing_when_nobody_waits(self, opened):
        """Beside the cheapest write there is, a commit that waits for the disk (median of nine rounds)."""
        database = opened()
        with database.writing() as session:
            session.connection().exec_driver_sql("CREATE TABLE small (number INTEGER)")
        shares = []
        for _ in range(9):
            start = time.perf_counter()
            for _ in range(20):
                with database.writing_turn():
                    pass
            turns = time.perf_counter() - start
            with database.engine.connect() as connection:
                start = time.perf_counter()
                for number in range(20):
                    connection.exec_driver_sql("INSERT INTO small VALUES (?)", (number,))
                    connection.commit()
                writes = time.perf_counter() - start
            shares.append(turns / writes)
        print(f"share of a write: {sorted(shares)[4]:.3f}")  # noqa: T201
        assert sorted(shares)[4] < 0.25
