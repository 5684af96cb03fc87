"""A disk without room, or that fails: what was acknowledged stands, reading goes on, and posting does once there is room.

The error has to name its cause, so that a page can say it: the library's own word on SQLite, the SQLSTATE on PostgreSQL.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from ledger import Receipt
from tests.databases import SqliteCopies
from tests.ledger.clients import Client, clients_of
from tests.ledger.durable import DurablePostgres
from tests.ledger.dying import DONE, check, fork, let_syncing_fail, wait_for
from tests.ledger.making import Bank
from timebank.db import Database
from timebank.migrating import migrate

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
PLACES = 1000 if IS_FULL else 24  # in the log at which there is no room, or the writer is gone
ROUNDS = 10  # in which a disk is full and is not
LONGEST = 20_000  # acts that are tried before it is said that nothing was ever refused
ACTS = 3  # while the log grows from nothing to its end
NO_ROOM = {"SQLITE_FULL", "SQLITE_IOERR_WRITE"}


@pytest.fixture
def bank(sqlite_copies: SqliteCopies):
    database = Database(sqlite_copies.url())
    yield Bank(database)
    sqlite_copies.discard(database)


def post_until_refused(database: Database, client: Client) -> tuple[dict[int, Receipt], OperationalError]:
    answers: dict[int, Receipt] = {}
    while len(answers) < LONGEST:
        try:
            answers[len(answers)] = client.act(database, len(answers))
        except OperationalError as refused:
            return answers, refused
    raise AssertionError("there was room all the time")


def check_all_stand(bank: Bank, client: Client, answers: dict[int, Receipt]) -> None:
    """Reads on; every rule holds; what was acknowledged is there and is answered alike. The refused act left nothing."""
    assert bank.see("verify").findings == ()
    assert ids_in_the_book(bank, client) == Counter(id_ for number in answers for id_ in client.ids(number))


def check_whole_or_undone(bank: Bank, client: Client, acknowledged: int) -> None:
    """The act after the last acknowledged one may stand or not, but not in part."""
    assert bank.see("verify").findings == ()
    wanted = [id_ for number in range(acknowledged) for id_ in client.ids(number)]
    assert ids_in_the_book(bank, client) in (Counter(wanted), Counter(wanted + client.ids(acknowledged)))


def ids_in_the_book(bank: Bank, client: Client) -> Counter[UUID]:
    return Counter(line.transfer_id for line in bank.see("entries", account=client.giver, limit=LONGEST * 2))


def check_goes_on(bank: Bank, client: Client, answers: dict[int, Receipt]) -> None:
    """With the same keys: what was done is not done again, what was refused is done now."""
    assert {number: client.act(bank.database, number) for number in answers} == answers
    answers |= {number: client.act(bank.database, number) for number in range(len(answers), len(answers) + 3)}
    check_all_stand(bank, client, answers)


def tell(words: str) -> None:
    sys.stdout.write(f"\n{words}\n")


def cause(error: OperationalError) -> str:
    return error.orig.sqlite_errorname


def wal(database: Database) -> Path:
    return Path(f"{database.url.database}-wal")


def limit_files(size: int | None) -> None:
    """No file of this process grows beyond it. Only the soft limit: it can be raised again."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def test_a_database_that_may_not_grow_refuses_and_goes_on_when_it_may(bank):
    client = next(clients_of(bank, 1))
    pages = {"more": 3}

    def few_pages(connection, _record):
        count = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={count + pages['more']}")

    bank.database.close()
    event.listen(bank.database.engine, "connect", few_pages)
    answers, refused = post_until_refused(bank.database, client)
    check_all_stand(bank, client, answers)
    pages["more"] = 10_000
    bank.database.close()

    assert cause(refused) == "SQLITE_FULL"
    assert "database or disk is full" in str(refused)
    assert answers
    tell(f"max_page_count: {len(answers)} acts acknowledged before it was full")
    check_goes_on(bank, client, answers)


def places_in_the_log(bank: Bank) -> list[int]:
    """Sizes, evenly spread, that the log has while a few acts are written to it."""
    [client] = clients_of(bank, 1)
    bank.database.close()
    for number in range(ACTS):
        client.act(bank.database, number)
    end = wal(bank.database).stat().st_size
    return [end * place // PLACES for place in range(PLACES)]


def limit_log(bank: Bank, client: Client, size: int) -> None:
    """What readers share has its full size from the first reading on, so that it is the log that comes to the limit."""
    bank.see("balance", account=client.giver)
    limit_files(size)


def test_a_log_without_room_at_any_byte_refuses_and_goes_on_when_there_is(bank):
    seen = Counter()
    for size in places_in_the_log(bank):
        bank = Bank(bank.database)  # so that looking over a bank stays quick
        [client] = clients_of(bank, 1)

        def without_room_for_a_while(bank=bank, client=client, size=size) -> None:
            limit_log(bank, client, size)
            answers, refused = post_until_refused(bank.database, client)
            assert cause(refused) in NO_ROOM
            check_all_stand(bank, client, answers)
            limit_files(None)
            check_goes_on(bank, client, answers)

        check(wait_for(fork(bank.database, without_room_for_a_while)), DONE)
        check_goes_on(bank, client, {number: client.act(bank.database, number) for number in range(3)})
        seen["places"] += 1

    tell(f"no room in the log: {dict(seen)}")
    assert seen["places"] >= PLACES


def test_a_commit_that_is_cut_off_at_any_byte_is_whole_or_undone(bank):
    """The process is gone in the middle of a write: the system ends it where the file would grow too long."""
    seen = Counter()
    for size in places_in_the_log(bank):
        bank = Bank(bank.database)  # so that looking over a bank stays quick
        [client] = clients_of(bank, 1)
        reading, writing = os.pipe()

        def die_in_a_write(bank=bank, client=client, size=size, writing=writing) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            limit_log(bank, client, size)
            for number in range(LONGEST):
                client.act(bank.database, number)
                os.write(writing, b".")

        child = fork(bank.database, die_in_a_write)
        os.close(writing)
        check(wait_for(child), -signal.SIGXFSZ)
        with os.fdopen(reading, "rb") as told:
            acknowledged = len(told.read())
        check_whole_or_undone(bank, client, acknowledged)
        check_goes_on(bank, client, {number: client.act(bank.database, number) for number in range(acknowledged + 1)})
        seen["acknowledged"] += acknowledged
        seen["deaths"] += 1

    tell(f"cut off in a write: {dict(seen)}")
    assert seen["deaths"] >= PLACES
    assert seen["acknowledged"] >= 1


class Disk:
    """A small one, in memory, that can be filled up."""

    def __init__(self, place: Path, size: str) -> None:
        self.place = place
        place.mkdir(mode=0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", place], check=True)
        self._ballast = place / "ballast"

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
            while ballast.write(bytes(1 << 12)):
                pass

    def empty(self) -> None:
        self._ballast.unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", self.place], check=True)


def fail_to_sync(bank: Bank, client: Client, pipe: int) -> None:
    """A few acts; then the disk fails, and nothing more is acknowledged, while reading goes on."""
    answers = {number: client.act(bank.database, number) for number in range(ACTS)}
    let_syncing_fail()
    for _ in range(ACTS):
        with pytest.raises(OperationalError) as refused:
            client.act(bank.database, len(answers))
        assert cause(refused.value) == "SQLITE_IOERR_FSYNC"
        check_all_stand(bank, client, answers)
    os.write(pipe, b"." * len(answers))


if IS_FULL:  # these need Linux, and the right to mount

    def test_a_disk_that_fails_to_sync_acknowledges_nothing(bank):
        [client] = clients_of(bank, 1)
        reading, writing = os.pipe()
        check(wait_for(fork(bank.database, lambda: fail_to_sync(bank, client, writing))), DONE)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            acknowledged = len(told.read())

        check_whole_or_undone(bank, client, acknowledged)
        tell(f"failing fsync: {acknowledged} acts acknowledged before, {ACTS} refused")
        assert acknowledged == ACTS
        check_goes_on(bank, client, {number: client.act(bank.database, number) for number in range(acknowledged + 1)})

    def test_sqlite_on_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path, sqlite_copies):
        disk = Disk(tmp_path / "disk", "4m")
        try:
            path = disk.place / "timebank.db"
            shutil.copy(sqlite_copies.template, path)
            database = Database(f"sqlite:///{path}")
            bank, seen = Bank(database), Counter()
            for _ in range(ROUNDS):
                [client] = clients_of(bank, 1)
                disk.fill()
                answers, refused = post_until_refused(database, client)
                check_all_stand(bank, client, answers)
                disk.empty()
                check_goes_on(bank, client, answers)
                seen[cause(refused)] += 1
            database.close()
        finally:
            disk.unmount()
        tell(f"SQLite on a full disk: {dict(seen)}")
        assert seen == {"SQLITE_FULL": ROUNDS}

    def test_postgresql_on_a_full_disk_refuses_and_goes_on_when_there_is_room():
        server = DurablePostgres()
        disk = Disk(server.home / "disk", "200m")
        try:
            server.live_on(disk.place)
            database = Database(server.start().format("postgres"))
            migrate(database)
            bank, seen = Bank(database), Counter()
            for _ in range(ROUNDS):
                [client] = clients_of(bank, 1)
                disk.fill()
                answers, refused = post_until_refused(database, client)
                seen[refused.orig.sqlstate or "gone"] += 1
                if server.is_there:
                    check_all_stand(bank, client, answers)
                    seen["read on"] += 1
                disk.empty()
                if not server.is_there:
                    database.close()
                    server.rise()
                check_whole_or_undone(bank, client, len(answers))
                check_goes_on(bank, client, answers)
            database.close()
        finally:
            server.stop()
            disk.unmount()
            server.stop()
        tell(f"PostgreSQL on a full disk: {dict(seen)}")
        assert seen["53100"] >= ROUNDS / 2
        assert seen["read on"] >= ROUNDS / 2
