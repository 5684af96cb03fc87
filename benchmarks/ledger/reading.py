"""Reading a balance and a page of a statement, from a thousand entries to a million; and beside two programs that read text.

    python -m benchmarks.ledger.reading [sqlite] [postgresql] [--largest 1000000] [--rounds 9]

One account has all the entries: the community account of a bank in which everybody gives to it and receives from it. Each
size is a database of its own, filled by `post_many`. The sizes take turns at every call; the ratio is the largest size's
time over the smallest's, the median over the rounds, and has to be at most 1.5.

hledger and beancount then read an export of 10,000 transfers, each as a process that tells one account's balance, beside a
process of ours that tells the same from the database. All three have to answer with the same number.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import create_engine, select

from benchmarks.ledger.places import fresh
from ledger import AccountKind, Ledger, Transfer, TransferKind, tables
from timebank.db import Database
from timebank.exports import formats
from timebank.exports.reads import OutAccount, OutTransfer

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
EXPORTED = 10_000
MEMBERS = 100
AT_ONCE = 1_000
FLAT = 1.5
PAGE = 50


@dataclass(kw_only=True)
class Bank:
    """One database with one bank, whose community account has `size` entries."""

    database: Database
    size: int
    bank_id: UUID = field(default_factory=uuid4)
    community: UUID = field(default_factory=uuid4)
    members: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(MEMBERS)])
    times: dict[str, list[float]] = field(default_factory=dict)

    def fill(self) -> None:
        chance = random.Random(self.size)
        with self.database.writing() as session:
            ledger = Ledger(session.connection(), bank_id=self.bank_id)
            ledger.open_account(id=self.community, kind=AccountKind.COMMUNITY)
            for member in self.members:
                ledger.open_account(id=member, kind=AccountKind.MEMBER)
        for _ in range(self.size // AT_ONCE):
            with self.database.writing() as session:
                ledger = Ledger(session.connection(), bank_id=self.bank_id)
                ledger.post_many(transfers=[self._transfer(chance) for _ in range(AT_ONCE)], at=AT)
        if not self.database.is_sqlite:  # what the server would do by itself in a minute or so
            with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    def _transfer(self, chance: random.Random) -> Transfer:
        member = chance.choice(self.members)
        giver, receiver = (member, self.community) if chance.random() < 0.5 else (self.community, member)  # noqa: PLR2004
        return Transfer(
            id=uuid4(), giver=giver, receiver=receiver, minutes=chance.randint(15, 240), happened_on=DAY,
            kind=TransferKind.GIFT, recorded_by=member,
        )  # fmt: skip

    def balance(self, ledger: Ledger, _place: int) -> None:
        ledger.balance(account=self.community)

    def newest_page(self, ledger: Ledger, _place: int) -> None:
        lines = ledger.entries(account=self.community, limit=PAGE, newest_first=True)
        assert len(lines) == PAGE
        assert lines[0].seq == self.size

    def any_page(self, ledger: Ledger, place: int) -> None:
        place %= self.size - PAGE
        lines = ledger.entries(account=self.community, after=place, limit=PAGE)
        assert [lines[0].seq, lines[-1].seq] == [place + 1, place + PAGE]


ACTS = {"balance": Bank.balance, "newest page": Bank.newest_page, "any page": Bank.any_page}


def read(banks: list[Bank], calls: int, chance: random.Random) -> dict[str, list[float]]:
    """For each act the milliseconds it takes in each bank, the median of the calls. The banks take turns at every call."""
    found = {}
    with ExitStack() as stack:
        sessions = [stack.enter_context(bank.database.reading()) for bank in banks]
        ledgers = [Ledger(one.connection(), bank_id=bank.bank_id) for one, bank in zip(sessions, banks, strict=True)]
        for name, act in ACTS.items():
            times: list[list[float]] = [[] for _ in banks]
            for _ in range(calls):
                place = chance.randrange(SIZES[-1])
                for bank, ledger, taken in zip(banks, ledgers, times, strict=True):
                    start = time.perf_counter()
                    act(bank, ledger, place)
                    taken.append(1000 * (time.perf_counter() - start))
            found[name] = [statistics.median(taken) for taken in times]
    return found


@contextmanager
def databases(engine: str, sizes: list[int]) -> Iterator[list[Bank]]:
    """A migrated database for every size."""
    with ExitStack() as stack:
        if engine == "sqlite":
            yield [Bank(database=stack.enter_context(fresh(engine)), size=size) for size in sizes]
            return
        first = stack.enter_context(fresh(engine))
        first.close()  # nobody may be connected to what is copied
        with create_engine(first.url.set(database="postgres"), isolation_level="AUTOCOMMIT").connect() as connection:
            for size in sizes:
                connection.exec_driver_sql(f"CREATE DATABASE of_{size} TEMPLATE {first.url.database}")
        banks = []
        for size in sizes:
            url = first.url.set(database=f"of_{size}").render_as_string(hide_password=False)
            banks.append(Bank(database=Database(url), size=size))
            stack.callback(banks[-1].database.close)
        yield banks


def measure(engine: str, banks: list[Bank], *, rounds: int, calls: int) -> list[str]:
    """Prints the times, keeps them with their banks, and answers with what is not flat."""
    chance = random.Random(7)
    read(banks, calls, chance)  # the first round warms everything up
    for _ in range(rounds):
        for name, times in read(banks, calls, chance).items():
            for bank, taken in zip(banks, times, strict=True):
                bank.times.setdefault(name, []).append(taken)
    missed = []
    for name in ACTS:
        told = ", ".join(f"{statistics.median(bank.times[name]):.3f} ms at {bank.size:,}" for bank in banks)
        pairs = zip(banks[0].times[name], banks[-1].times[name], strict=True)
        ratios = [largest / smallest for smallest, largest in pairs]
        ratio = statistics.median(ratios)
        line = f"{engine} {name}: {told}; ratio {ratio:.2f} [{min(ratios):.2f}-{max(ratios):.2f}], {rounds} rounds of {calls}"
        print(line, flush=True)
        if ratio > FLAT:
            missed.append(line)
    return missed


# Beside programs that read text


def write_out(bank: Bank, journal: Path, beans: Path) -> None:
    with bank.database.reading() as session:
        rows = session.execute(select(tables.account)).all()
        accounts = {
            row.id: OutAccount(
                id=row.id, kind=row.kind, path=("community",) if row.id == bank.community else ("member", row.id.hex[:8]),
                name="", posted=row.posted, held_out=0, held_in=0, first_on=DAY,
            )
            for row in rows
        }  # fmt: skip
        transfers = [
            OutTransfer(
                id=row.id, kind=row.kind, state=row.state, giver=accounts[row.giver_id], receiver=accounts[row.receiver_id],
                minutes=row.posted_minutes, happened_on=row.happened_on, recorded_at=row.recorded_at,
                settled_at=row.settled_at, expires_at=None, reverses=None,
            )
            for row in session.execute(select(tables.transfer))
        ]  # fmt: skip
    for path, form in ((journal, formats.hledger), (beans, formats.beancount)):
        with path.open("w") as file:
            file.writelines(form("Bank", accounts.values(), transfers, formats.Tally()))


READ_AFRESH = os.environ | {"BEANCOUNT_DISABLE_LOAD_CACHE": "1"}
OURS = """
import sys
from uuid import UUID
from ledger import Ledger
from timebank.db import Database
database = Database(sys.argv[1])
with database.reading() as session:
    print(Ledger(session.connection(), bank_id=UUID(sys.argv[2])).balance(account=UUID(sys.argv[3])).posted)
"""
BEANCOUNT = """
import sys
from beancount import loader
from beancount.core import realization
entries, errors, options = loader.load_file(sys.argv[1])
assert not errors, errors[:1]
print(realization.get(realization.realize(entries), sys.argv[2]).balance.get_currency_units("MIN").number)
"""


def beside_text(bank: Bank, *, rounds: int) -> None:
    if shutil.which("hledger") is None:
        raise SystemExit("hledger is missing: install it with your system's packages")
    with tempfile.TemporaryDirectory(prefix="timebank-reading-") as folder:
        journal, beans = Path(folder) / "bank.journal", Path(folder) / "bank.beancount"
        write_out(bank, journal, beans)
        url = bank.database.url.render_as_string(hide_password=False)
        commands = {
            "ours, as a process": [sys.executable, "-c", OURS, url, str(bank.bank_id), str(bank.community)],
            "hledger": ["hledger", "-f", str(journal), "balance", "^community$", "--no-total", "--layout=bare"],
            "beancount": [
                sys.executable,
                "-c",
                BEANCOUNT,
                str(beans),
                formats.BEANCOUNT_ROOTS["community"] + ":Community",
            ],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        answers = set()
        for _ in range(rounds):
            for name, command in commands.items():
                start = time.perf_counter()
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=READ_AFRESH)
                times[name].append(time.perf_counter() - start)
                answers.add(int(done.stdout.split()[0].rstrip(".")))
    if len(answers) != 1:
        raise SystemExit(f"the programs disagree: {sorted(answers)}")
    running = statistics.median(bank.times["balance"]) / 1000
    print(
        f"balance out of {bank.size:,} transfers, {rounds} rounds, all the same answer; a running program of ours: {1000 * running:.3f} ms"
    )
    first = statistics.median(times["ours, as a process"])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(
            f"  {name}: {median:.2f} s, {median / first:.1f} times ours as a process, {median / running:,.0f} times ours running"
        )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("engines", nargs="*", metavar="ENGINE", help="sqlite, postgresql; both when none is named")
    asked.add_argument("--largest", type=int, choices=SIZES[1:], default=SIZES[-1])
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--calls", type=int, default=200)
    given = asked.parse_args()
    missed = []
    for engine in given.engines or ("sqlite", "postgresql"):
        with databases(engine, [size for size in SIZES if size <= given.largest]) as banks:
            for bank in banks:
                bank.fill()
            missed += measure(engine, banks, rounds=given.rounds, calls=given.calls)
            if engine == "sqlite":
                beside_text(next(bank for bank in banks if bank.size == EXPORTED), rounds=given.rounds)
    if missed:
        raise SystemExit(f"not flat (at most {FLAT} times is promised):\n" + "\n".join(missed))


if __name__ == "__main__":
    main()
