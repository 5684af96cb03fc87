"""Many processes in one bank at once: whoever reads sees a bank that sums to zero, and what was acknowledged is there once.

After Jepsen's bank test. Threads of one process would share a connection pool and a writers' queue, so these are processes.
"""

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from ledger import AccountKind, Ledger
from ledger.tables import account, entry, transfer
from ledger.transfers import SIDE
from tests.ledger.making import AT, make_transfer
from tests.races import tell
from timebank.db import Database, snapshot

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
SECONDS = 60 if IS_FULL else 10
WRITERS, READERS = 16, 4
FEWEST_WRITES, FEWEST_READS = 10 * SECONDS, 5 * SECONDS
PAUSE = 0.02  # seconds
AGAIN = 0.05  # of the writes are sent a second time, as somebody does who heard no answer

# A server that is copied for each process: started fresh each would spend its first second on imports.
START = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


@dataclass(frozen=True, kw_only=True)
class Load:
    """Among which accounts hours are exchanged. `pot` is given to by everybody."""

    name: str
    accounts: int
    pot: float = 0.0  # of the transfers go to the community account


EIGHT = Load(name="8 accounts", accounts=8)
TEN = Load(name="10 accounts", accounts=10)
POT = Load(name="1 community account", accounts=1000, pot=1.0)
MANY = Load(name="1,000 accounts", accounts=1000)
MIXED = Load(name="mixed: 8 accounts and a community account", accounts=8, pot=0.3)
LOADS = (EIGHT, TEN, POT, MANY) if IS_FULL else (MIXED,)


@dataclass(frozen=True, kw_only=True)
class World:
    url: str
    bank: UUID
    accounts: tuple[UUID, ...]
    pot: UUID
    load: Load

    def pick(self, chance: random.Random) -> tuple[UUID, UUID]:
        if chance.random() < self.load.pot:
            return chance.choice(self.accounts), self.pot
        giver, receiver = chance.sample(self.accounts, 2)
        return giver, receiver


def write(world: World, seed: int, until: float, pipe: Pipe) -> None:
    """Posts until the time is over; sends which transfers were acknowledged, each after its commit."""
    chance = random.Random(seed)
    database = Database(world.url)
    acknowledged: list[bytes] = []
    while time.monotonic() < until:
        given = make_transfer(*world.pick(chance), chance.randint(1, 90))
        receipts = [post(database, world.bank, given)]
        acknowledged.append(given.id.bytes)
        if chance.random() < AGAIN:
            receipts.append(post(database, world.bank, given))
        assert len(set(receipts)) == 1
    database.close()
    pipe.send(acknowledged)


def post(database: Database, bank: UUID, given):
    with database.writing() as session:
        return Ledger(session.connection(), bank_id=bank).post(transfer=given, at=AT)


def read(world: World, _seed: int, until: float, pipe: Pipe) -> None:
    """Totals the bank again and again, each time in one moment of it; sends how often, and every total that is not zero."""
    database = Database(world.url)
    totals: Counter[tuple[int, int, int]] = Counter()
    while time.monotonic() < until:
        with snapshot(database) as session:
            rows = session.execute(select(account.c.posted, account.c.seq).where(account.c.bank_id == world.bank)).all()
            sides = session.execute(
                select(func.count(), func.coalesce(func.sum(entry.c.side * entry.c.minutes), 0))
                .join(account, account.c.id == entry.c.account_id)
                .where(account.c.bank_id == world.bank)
            ).one()
        # The balances, the entries, and the entries that the accounts say they have beside those that are there.
        time.sleep(PAUSE)  # nobody totals a bank without a break
        totals[sum(row.posted for row in rows), int(sides[1]), sum(row.seq for row in rows) - sides[0]] += 1
    database.close()
    pipe.send(totals)


def run(work: Callable[[World, int, float, Pipe], None], world: World, seed: int, ready: Barrier, pipe: Pipe) -> None:
    try:
        ready.wait(60)
        work(world, seed, time.monotonic() + SECONDS, pipe)
    except BaseException as error:
        pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
        raise


def open_bank(database: Database, load: Load) -> World:
    bank, accounts, pot = uuid4(), tuple(uuid4() for _ in range(load.accounts)), uuid4()
    with database.writing() as session:
        ledger = Ledger(session.connection(), bank_id=bank)
        ledger.open_account(id=pot, kind=AccountKind.COMMUNITY)
        for one in accounts:
            ledger.open_account(id=one, kind=AccountKind.MEMBER)
    url = database.url.render_as_string(hide_password=False)
    return World(url=url, bank=bank, accounts=accounts, pot=pot, load=load)


def carry_out(world: World) -> tuple[list[list[bytes]], list[Counter]]:
    """What each writer had acknowledged, and what each reader saw."""
    start = multiprocessing.get_context(START)
    if START == "forkserver":
        start.set_forkserver_preload([__name__])
    ready, people = start.Barrier(WRITERS + READERS), []
    for number in range(WRITERS + READERS):
        ours, theirs = start.Pipe(duplex=False)
        work = write if number < WRITERS else read
        process = start.Process(target=run, args=(work, world, number, ready, theirs), daemon=True)
        process.start()
        theirs.close()
        people.append((process, ours))
    found = []
    for process, pipe in people:
        assert pipe.poll(SECONDS + 120), "nobody hangs"
        found.append(pipe.recv())
        process.join(30)
        pipe.close()
    failed = [one for one in found if isinstance(one, Exception)]
    assert not failed
    assert {process.exitcode for process, _ in people} == {0}
    return found[:WRITERS], found[WRITERS:]


def count_deadlocks(database: Database) -> int:
    if database.is_sqlite:
        return 0  # one writer at a time: there is nobody to wait for in a circle
    with database.reading() as session:
        return session.scalar(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))


@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
def test_every_reader_sees_zero_and_every_acknowledged_transfer_is_there_once(database: Database, load: Load):
    world = open_bank(database, load)

    written, seen = carry_out(world)

    acknowledged = Counter(key for one in written for key in one)
    reads = sum(seen, Counter())
    deadlocks = count_deadlocks(database)
    shares = [len(one) for one in written]
    tell(
        f"{database.url.get_backend_name()}, {load.name}, {SECONDS} s: {WRITERS} writers, {sum(shares)} acknowledged"
        f" (each {min(shares)} to {max(shares)}); {READERS} readers, {reads.total()} totals;"
        f" {deadlocks} deadlocks"
    )
    assert reads.total() >= FEWEST_READS
    assert set(reads) == {(0, 0, 0)}
    check_kept(database, world, acknowledged)
    assert deadlocks == 0
    assert sum(shares) >= FEWEST_WRITES
    if database.is_sqlite:
        assert min(shares) >= sum(shares) / WRITERS / 4, shares


def check_kept(database: Database, world: World, acknowledged: Counter) -> None:
    """Nobody was killed, so what is there and what was acknowledged is the same, and has its two entries."""
    with database.reading() as session:
        ids = session.scalars(select(transfer.c.id).where(transfer.c.bank_id == world.bank)).all()
        legs = Counter(
            (row.transfer_id, row.side)
            for row in session.execute(
                select(entry.c.transfer_id, entry.c.side)
                .join(account, account.c.id == entry.c.account_id)
                .where(account.c.bank_id == world.bank)
            )
        )
        report = Ledger(session.connection(), bank_id=world.bank).verify()
    assert Counter(one.bytes for one in ids) == acknowledged
    assert set(acknowledged.values()) == {1}
    assert legs == Counter((one, side) for one in ids for side in SIDE)
    assert report.is_clean
