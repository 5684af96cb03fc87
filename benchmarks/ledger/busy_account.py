"""Everybody gives to one community account at once: handed in to the group writer, beside each in a transaction of its own.

    python -m benchmarks.ledger.busy_account sqlite|postgresql [--rounds 9] [--waiting 64] [--seconds 2]

Both sides go through `Ledger`, with every rule on, and commit durably. One by one, each of the waiting threads has a
connection of its own and posts by the ordered locks of `Ledger.post` (on SQLite in the writers' queue). Rounds are taken
by turns, and the ratio is the median over the rounds of a round's two figures.
"""

import argparse
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import create_engine

from benchmarks.ledger.places import fresh
from ledger import AccountKind, Ledger, Transfer, TransferKind
from ledger.group_commit import GroupWriter
from timebank.db import Database

BAR = 5  # on PostgreSQL; on SQLite writers take turns anyway
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
MEMBERS = 256

Post = Callable[[Transfer], object]


class Drive:
    """A bank whose members all give to its community account."""

    def __init__(self, database: Database, *, waiting: int) -> None:
        self.database = database
        self.waiting = waiting
        self.bank_id = uuid4()
        self.posted = 0
        with database.writing() as session:
            ledger = Ledger(session.connection(), bank_id=self.bank_id)
            self.pot = ledger.open_account(id=uuid4(), kind=AccountKind.COMMUNITY).id
            self.members = [ledger.open_account(id=uuid4(), kind=AccountKind.MEMBER).id for _ in range(MEMBERS)]

    def one_by_one(self, seconds: float) -> tuple[float, list[float]]:
        if self.database.is_sqlite:
            return self.run(self.post_alone, seconds)
        engine = create_engine(self.database.url, pool_size=self.waiting)
        connections = [engine.connect() for _ in range(self.waiting)]
        for connection in connections:
            connection.close()  # opened before the clock starts

        def post(transfer: Transfer) -> None:
            with engine.begin() as connection:
                Ledger(connection, bank_id=self.bank_id).post(transfer=transfer, at=AT)

        try:
            return self.run(post, seconds)
        finally:
            engine.dispose()

    def post_alone(self, transfer: Transfer) -> None:
        with self.database.connecting() as connection:
            Ledger(connection, bank_id=self.bank_id).post(transfer=transfer, at=AT)

    def grouped(self, seconds: float) -> tuple[float, list[float]]:
        with GroupWriter(self.database.connecting, bank_id=self.bank_id) as writer:
            return self.run(lambda transfer: writer.post(transfer, at=AT), seconds)

    def run(self, post: Post, seconds: float) -> tuple[float, list[float]]:
        """Transfers a second, and how long each waited."""
        ready = threading.Barrier(self.waiting + 1)
        stop = threading.Event()
        waits: list[list[float]] = [[] for _ in range(self.waiting)]

        def give(number: int) -> None:
            mine = itertools.cycle(self.members[number :: self.waiting])
            ready.wait()
            while not stop.is_set():
                transfer = gift(next(mine), self.pot)
                start = time.perf_counter()
                post(transfer)
                waits[number].append(time.perf_counter() - start)

        threads = [threading.Thread(target=give, args=(number,)) for number in range(self.waiting)]
        for thread in threads:
            thread.start()
        ready.wait()
        start = time.perf_counter()
        time.sleep(seconds)
        stop.set()
        for thread in threads:
            thread.join()
        every = sorted(itertools.chain.from_iterable(waits))
        self.posted += len(every)
        return len(every) / (time.perf_counter() - start), every


def gift(giver: UUID, pot: UUID) -> Transfer:
    return Transfer(
        id=uuid4(), giver=giver, receiver=pot, minutes=30, happened_on=DAY, kind=TransferKind.GIFT, recorded_by=giver
    )


def compare(drive: Drive, *, rounds: int, seconds: float) -> float:
    sides = [("grouped", drive.grouped), ("one by one", drive.one_by_one)]
    ratios, waits = [], {}
    speeds: dict[str, list[float]] = {"grouped": [], "one by one": []}
    for number in range(rounds + 1):
        found = {side: run(seconds) for side, run in (sides if number % 2 else sides[::-1])}
        if number:  # the first round warms both up
            ratios.append(found["grouped"][0] / found["one by one"][0])
            for side, (speed, every) in found.items():
                speeds[side].append(speed)
                waits[side] = every
    print(
        f"{drive.database.url.get_backend_name()}, one community account, {drive.waiting} waiting:"
        f" ratio {statistics.median(ratios):.1f} [{min(ratios):.1f}-{max(ratios):.1f}], {rounds} rounds of {seconds} s each side"
    )
    for side, figures in speeds.items():
        half, most = (waits[side][int(len(waits[side]) * share)] * 1000 for share in (0.5, 0.99))
        print(f"  {side}: {statistics.median(figures):,.0f}/s; waited {half:.1f} ms (median), {most:.1f} ms (99 %)")
    return statistics.median(ratios)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("engine", choices=["sqlite", "postgresql"])
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--waiting", type=int, default=64)
    asked.add_argument("--seconds", type=float, default=2)
    given = asked.parse_args()
    with fresh(given.engine) as database:
        drive = Drive(database, waiting=given.waiting)
        ratio = compare(drive, rounds=given.rounds, seconds=given.seconds)
        with database.reading() as session:
            ledger = Ledger(session.connection(), bank_id=drive.bank_id)
            kept, findings = ledger.get_account(id=drive.pot).seq, len(ledger.verify().findings)
        print(f"  {drive.posted:,} acknowledged, {kept:,} kept, {findings} findings")
    if kept != drive.posted or findings:
        raise SystemExit("what was acknowledged is not what was kept")
    if given.engine == "postgresql" and ratio < BAR:
        raise SystemExit(f"at least {BAR} times is promised")


if __name__ == "__main__":
    main()
