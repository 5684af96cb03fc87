"""A million transfers: how long to bring them in, to seal and to verify them, how much room and memory they take.

    python -m benchmarks.ledger.million [sqlite] [postgresql] [--transfers 1000000] [--accounts 1000]

A first tenth is brought in, sealed and verified, then the rest. Each step is a process of its own, of which the system
knows the highest memory it ever had (on PostgreSQL that is our side of it). Memory is flat: ten times the transfers may
take at most a quarter more. Everything is posted by `post_many` in batches of 1,000, one commit each, durable; at the
end every rule holds and as many transfers stand in the bank as were brought in.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from benchmarks.ledger.places import fresh
from ledger import AccountKind, Ledger, Transfer, TransferKind
from ledger.looking import RUNNING
from ledger.sealing import Sealer
from timebank.db import Database, twin_snapshots

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
SIZE = 1_000
FLAT = 1.25
JUDGED_FROM = 100_000  # below that the database's own cache is still filling


# What a child does; it answers with one line of JSON


def bring_in(database: Database, bank_id: UUID, accounts: list[UUID], transfers: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    start = time.perf_counter()
    for _ in range(transfers // SIZE):
        batch = [_transfer(chance, accounts) for _ in range(SIZE)]
        with database.writing() as session:
            Ledger(session.connection(), bank_id=bank_id).post_many(transfers=batch, at=AT)
    return {"seconds": time.perf_counter() - start}


def _transfer(chance: random.Random, accounts: list[UUID]) -> Transfer:
    giver, receiver = chance.sample(accounts, 2)
    return Transfer(
        id=uuid4(), giver=giver, receiver=receiver, minutes=chance.randint(15, 240), happened_on=DAY,
        kind=TransferKind.EXCHANGE, recorded_by=giver,
    )  # fmt: skip


def verify(database: Database, bank_id: UUID) -> dict[str, Any]:
    start = time.perf_counter()
    with twin_snapshots(database) as (session, beside):
        report = Ledger(session.connection(), bank_id=bank_id).verify(beside=beside.connection() if beside else None)
    return {
        "seconds": time.perf_counter() - start,
        "looked_at": report.counts[RUNNING],
        "findings": [str(one) for one in report.findings[:3]],
    }


def seal(database: Database, bank_id: UUID) -> dict[str, Any]:
    start = time.perf_counter()
    with database.writing() as session:
        blocks = Sealer(session.connection(), bank_id=bank_id).seal(at=AT)
    return {"seconds": time.perf_counter() - start, "blocks": len(blocks)}


def child(asked: dict[str, Any]) -> None:
    database = Database(asked["url"])
    bank_id = UUID(asked["bank_id"])
    if asked["do"] == "bring in":
        accounts = [UUID(one) for one in asked["accounts"]]
        answer = bring_in(database, bank_id, accounts, asked["transfers"], asked["seed"])
    else:
        answer = {"seal": seal, "verify": verify}[asked["do"]](database, bank_id)
    database.close()
    print(json.dumps(answer | {"memory": highest_memory()}))


def highest_memory() -> int:
    """Bytes. Linux counts what the parent had when it started us among our own in `getrusage`, but not in `VmHWM`."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


# What the parent does


class Bank:
    def __init__(self, database: Database, accounts: int) -> None:
        self.database = database
        self.bank_id = uuid4()
        with database.writing() as session:
            ledger = Ledger(session.connection(), bank_id=self.bank_id)
            self.accounts = [ledger.open_account(id=uuid4(), kind=AccountKind.MEMBER).id for _ in range(accounts)]
        self.empty = self.room()

    def bring_in(self, transfers: int, *, seed: int) -> dict[str, Any]:
        return self._ask(do="bring in", transfers=transfers, seed=seed, accounts=[str(one) for one in self.accounts])

    def seal(self) -> dict[str, Any]:
        return self._ask(do="seal")

    def verify(self, transfers: int) -> dict[str, Any]:
        answer = self._ask(do="verify")
        if answer["findings"]:
            raise SystemExit(f"verify: {answer['findings'][0]}")
        if answer["looked_at"] != 2 * transfers:
            raise SystemExit(f"verify looked at {answer['looked_at']} entries of {2 * transfers}")
        return answer

    def room(self) -> int:
        """Bytes of everything, with indexes."""
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        if not self.database.is_sqlite:
            size = "SELECT pg_database_size(current_database())"
        with self.database.reading() as session:
            return session.connection().exec_driver_sql(size).scalar_one()

    def _ask(self, **asked: Any) -> dict[str, Any]:
        self.database.close()  # a connection left open would keep the child from tidying up
        where = {"url": self.database.url.render_as_string(hide_password=False), "bank_id": str(self.bank_id)}
        command = [sys.executable, "-m", "benchmarks.ledger.million", "--child"]
        words = json.dumps(where | asked)
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, input=words, text=True)
        return json.loads(done.stdout)


def run(engine: str, *, transfers: int, accounts: int) -> list[str]:
    few = transfers // 10
    with fresh(engine) as database:
        bank = Bank(database, accounts)
        tenth = {"import": bank.bring_in(few, seed=1), "seal": bank.seal(), "verify": bank.verify(few)}
        sealed_room = bank.room()
        full = {"import": bank.bring_in(transfers - few, seed=2)}
        room = (bank.room() - sealed_room) / (transfers - few)
        full |= {"seal": bank.seal(), "verify": bank.verify(transfers)}
        whole_room = bank.room() - bank.empty
    seconds = tenth["import"]["seconds"] + full["import"]["seconds"]
    sealing, look = tenth["seal"]["seconds"] + full["seal"]["seconds"], full["verify"]
    blocks = tenth["seal"]["blocks"] + full["seal"]["blocks"]
    print(
        f"{engine} import: {transfers:,} transfers in {seconds:.1f} s, {transfers / seconds:,.0f}/s in batches of {SIZE:,}"
    )
    print(f"{engine} seal: {blocks:,} blocks in {sealing:.1f} s")
    print(
        f"{engine} verify: {look['seconds']:.1f} s, {look['looked_at']:,} entries and the sealed history, nothing found"
    )
    print(f"{engine} room: {room:,.0f} bytes a transfer, {whole_room / transfers:,.0f} once sealed, with indexes")
    return [line for name in full if (line := tell_memory(engine, name, tenth[name], full[name], few))]


def tell_memory(engine: str, name: str, tenth: dict[str, Any], full: dict[str, Any], few: int) -> str | None:
    """Answers with the line where memory grew."""
    ratio = full["memory"] / tenth["memory"]
    line = (
        f"{engine} memory of {name}: {tenth['memory'] / 2**20:.0f} MiB at a tenth,"
        f" {full['memory'] / 2**20:.0f} MiB in full, ratio {ratio:.2f}"
    )
    is_judged = few >= JUDGED_FROM
    print(line + ("" if is_judged else f" (not judged: a tenth is below {JUDGED_FROM:,})"), flush=True)
    return line if is_judged and ratio > FLAT else None


def whole(text: str) -> int:
    number = int(text.replace(",", ""))
    if number <= 0 or number % (10 * SIZE):
        raise argparse.ArgumentTypeError(f"a multiple of {10 * SIZE:,}, so that a tenth is whole batches")
    return number


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("engines", nargs="*", metavar="ENGINE", help="sqlite, postgresql; both when none is named")
    asked.add_argument("--transfers", type=whole, default=1_000_000)
    asked.add_argument("--accounts", type=int, default=1_000)
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.child:
        child(json.load(sys.stdin))
        return
    missed = []
    for engine in given.engines or ("sqlite", "postgresql"):
        missed += run(engine, transfers=given.transfers, accounts=given.accounts)
    if missed:
        raise SystemExit(f"memory is not flat (at most {FLAT} times is promised):\n" + "\n".join(missed))


if __name__ == "__main__":
    main()
