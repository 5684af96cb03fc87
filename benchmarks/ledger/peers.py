"""One durable posting through `Ledger`, beside the same posting through other people's packages.

    python -m benchmarks.ledger.peers [--rounds 9] [--accounts 1000] [--keep FOLDER]

Each package is installed from PyPI, in the version named here, into an environment of its own (one of them hooks
SQLAlchemy for its whole process), and posts the same transfers between as many accounts, one commit each, durable on both
sides. Rounds are taken by turns; a ratio is the median over the rounds of a round's two speeds. The balances that every
package ends with are compared with what the transfers add up to, and a limit that is checked has to refuse one at the end.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine

from benchmarks.environments import install
from benchmarks.ledger.places import fresh
from ledger import AccountKind, Ledger, Transfer, TransferKind
from ledger.errors import BelowHardFloor
from timebank.db import Database

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
FLOOR = -60_000
FAR_TOO_MUCH = 5_000_000

# Two of python-accounting's requirements are drivers of other databases, which build only where those are installed:
# it is put in without them, and with what it does import.
PACKAGES = {
    "python-accounting": [
        ["--no-deps", "python-accounting==2.0.0"],
        ["sqlalchemy==2.1.9", "python-dateutil==2.9.0.post0"],
    ],
    "a-ledger": [["a-ledger==0.3.0"]],
    "django-hordak": [["django-hordak==2.0.0", "psycopg[binary]==3.3.9"]],
}

Numbers = tuple[int, int, int]  # giver, receiver, minutes


@dataclass(kw_only=True)
class Side:
    """One way to post, and what its accounts should hold by now. `post` answers with the seconds it took."""

    name: str
    post: Callable[[list[Numbers]], float]
    count: int  # transfers in a round
    balances: Callable[[], Sequence[int]]
    expected: list[int]  # shared by the ways to post into the same accounts
    check_limit: Callable[[], None] = lambda: None
    speeds: list[float] = field(default_factory=list)

    def run(self, transfers: list[Numbers], *, counts: bool) -> None:
        for giver, receiver, minutes in transfers:
            self.expected[giver] += minutes
            self.expected[receiver] -= minutes
        took = self.post(transfers)
        if counts:
            self.speeds.append(len(transfers) / took)

    def check_balances(self) -> None:
        found = list(self.balances())
        wrong = [number for number, (a, b) in enumerate(zip(found, self.expected, strict=True)) if a != b]
        if wrong:
            raise SystemExit(f"{self.name}: {len(wrong)} accounts hold what was never posted, account {wrong[0]} first")


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How many times as quick `ours` has to be as `peer`; 0 where it is only told."""

    ours: str
    peer: str
    at_least: float = 0


FREE, LIMITED = "Ledger", "Ledger with a limit on every account"
BARS = {
    "sqlite": [
        Bar(ours=FREE, peer="python-accounting", at_least=10),
        Bar(ours=FREE, peer="a-ledger"),
        Bar(ours=LIMITED, peer="python-accounting"),
        Bar(ours=LIMITED, peer="a-ledger"),
    ],
    "postgresql": [
        Bar(ours=FREE, peer="django-hordak, locked and checked", at_least=4),
        Bar(ours=FREE, peer="django-hordak, plain"),
        Bar(ours=LIMITED, peer="django-hordak, locked and checked"),
    ],
}


class Ours:
    """A bank of members, or of partners with a limit each, which takes the longer way through the rules."""

    def __init__(self, database: Database, *, accounts: int, has_limit: bool) -> None:
        self.connection = database.engine.connect()
        self.ledger = Ledger(self.connection, bank_id=uuid4())
        kind, floor = (AccountKind.PARTNER, FLOOR) if has_limit else (AccountKind.MEMBER, None)
        self.accounts = [self.ledger.open_account(id=uuid4(), kind=kind, hard_floor=floor).id for _ in range(accounts)]
        self.connection.commit()

    def post(self, transfers: list[Numbers]) -> float:
        start = time.perf_counter()
        for giver, receiver, minutes in transfers:
            self.ledger.post(transfer=self.transfer(giver, receiver, minutes), at=AT)
            self.connection.commit()
        return time.perf_counter() - start

    def transfer(self, giver: int, receiver: int, minutes: int, kind: TransferKind = TransferKind.EXCHANGE) -> Transfer:
        account = self.accounts[giver]
        return Transfer(
            id=uuid4(), giver=account, receiver=self.accounts[receiver], minutes=minutes,
            happened_on=DAY, kind=kind, recorded_by=account,
        )  # fmt: skip

    def balances(self) -> list[int]:
        found = [self.ledger.balance(account=one).posted for one in self.accounts]
        report = self.ledger.verify()
        self.connection.commit()
        if not report.is_clean:
            raise SystemExit(f"verify: {report.findings[0]}")
        return found

    def check_limit(self) -> None:
        try:
            self.ledger.post(transfer=self.transfer(0, 1, FAR_TOO_MUCH, TransferKind.PARTNER), at=AT)
        except BelowHardFloor:
            self.connection.rollback()
            return
        raise SystemExit("our own limit let a transfer pass")


class Peer:
    """A package at work in its own process (benchmarks/ledger/peer)."""

    def __init__(self, python: Path, module: str, *words: object) -> None:
        self.name = module
        command = [python, "-m", f"benchmarks.ledger.peer.{module}", *map(str, words)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._hear()

    def ask(self, **asked: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return self._hear()

    def post(self, mode: str) -> Callable[[list[Numbers]], float]:
        return lambda transfers: self.ask(do="post", mode=mode, transfers=transfers)

    def balances(self) -> list[int]:
        return self.ask(do="balances")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()

    def _hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended early; what it said stands above")
        return json.loads(line)


@contextmanager
def at_work(python: Path, module: str, *words: object) -> Iterator[Peer]:
    peer = Peer(python, module, *words)
    try:
        yield peer
    finally:
        peer.close()


def of_ours(stack: ExitStack, database: Database, accounts: int) -> list[Side]:
    sides = []
    for name, has_limit in ((FREE, False), (LIMITED, True)):
        ours = Ours(database, accounts=accounts, has_limit=has_limit)
        stack.callback(ours.connection.close)
        side = Side(name=name, post=ours.post, count=300, balances=ours.balances, expected=[0] * accounts)
        if has_limit:
            side.check_limit = ours.check_limit
        sides.append(side)
    return sides


def peers_on_sqlite(folder: Path, stack: ExitStack, accounts: int) -> list[Side]:
    files = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="timebank-peers-")))
    sides = []
    # a-ledger reads its whole history at each posting: a small count keeps it near its best.
    for package, module, count in (
        ("python-accounting", "driving_python_accounting", 60),
        ("a-ledger", "driving_a_ledger", 25),
    ):
        peer = stack.enter_context(
            at_work(install(folder, package, PACKAGES[package]), module, files / f"{package}.db", accounts)
        )
        sides.append(
            Side(name=package, post=peer.post("single"), count=count, balances=peer.balances, expected=[0] * accounts)
        )
    return sides


def peers_on_postgresql(folder: Path, stack: ExitStack, accounts: int, database: Database) -> list[Side]:
    python = install(folder, "django-hordak", PACKAGES["django-hordak"])
    maker = create_engine(database.url, isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE hordak")
    maker.dispose()
    where = (database.url.query["host"], "hordak", database.url.username)
    peer = stack.enter_context(at_work(python, "driving_hordak", *where, accounts, FLOOR))
    expected = [0] * accounts
    plain, checked = (
        Side(name=f"django-hordak, {name}", post=peer.post(mode), count=100, balances=peer.balances, expected=expected)
        for name, mode in (("plain", "plain"), ("locked and checked", "checked"))
    )
    checked.check_limit = lambda: peer.ask(do="post", mode="refused", transfers=[(0, 1, FAR_TOO_MUCH)])
    return [plain, checked]


def sync_time(folder: Path) -> float:
    """Milliseconds until the disk has one page for certain. Where it takes long, all durable commits come out alike."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(50):
            start = time.perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def contest(sides: list[Side], *, rounds: int, accounts: int) -> None:
    chance = random.Random(7)
    for number in range(rounds + 1):
        turn = number % len(sides)
        for side in sides[turn:] + sides[:turn]:
            pairs = (chance.sample(range(accounts), 2) for _ in range(side.count))
            transfers = [(giver, receiver, chance.randint(15, 240)) for giver, receiver in pairs]
            side.run(transfers, counts=number > 0)  # the first round warms everything up
    for side in sides:
        side.check_limit()
        side.check_balances()


def tell(engine: str, sides: list[Side]) -> list[str]:
    """Prints every speed and ratio; answers with the ratios that are below their bar."""
    by_name = {side.name: side for side in sides}
    for side in sides:
        print(
            f"{engine} {side.name}: {statistics.median(side.speeds):,.0f}/s in rounds of {side.count}, balances agree"
        )
    missed = []
    for bar in BARS[engine]:
        pairs = zip(by_name[bar.ours].speeds, by_name[bar.peer].speeds, strict=True)
        ratios = [ours / peer for ours, peer in pairs]
        ratio = statistics.median(ratios)
        wanted = f", at least {bar.at_least:g} wanted" if bar.at_least else ""
        line = f"{engine} {bar.ours} / {bar.peer}: {ratio:.1f} times [{min(ratios):.1f}-{max(ratios):.1f}], {len(ratios)} rounds{wanted}"
        print(line, flush=True)
        if ratio < bar.at_least:
            missed.append(line)
    return missed


def run(engine: str, folder: Path, *, rounds: int, accounts: int) -> list[str]:
    with ExitStack() as stack:
        database = stack.enter_context(fresh(engine))
        sides = of_ours(stack, database, accounts)
        if engine == "sqlite":
            sides += peers_on_sqlite(folder, stack, accounts)
        else:
            sides += peers_on_postgresql(folder, stack, accounts, database)
        quiet = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="timebank-sync-")))
        before = sync_time(quiet)
        contest(sides, rounds=rounds, accounts=accounts)
        print(f"{engine}: the disk took {before:.2f} ms to sync before, {sync_time(quiet):.2f} ms after")
        return tell(engine, sides)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("engines", nargs="*", metavar="ENGINE", help="sqlite, postgresql; both when none is named")
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--accounts", type=int, default=1000)
    asked.add_argument("--keep", type=Path, help="a folder for the packages' environments, to be used again")
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="timebank-peer-packages-")))
        missed = [
            line
            for engine in given.engines or BARS
            for line in run(engine, folder.resolve(), rounds=given.rounds, accounts=given.accounts)
        ]
    if missed:
        raise SystemExit("below what was promised:\n" + "\n".join(missed))


if __name__ == "__main__":
    main()
