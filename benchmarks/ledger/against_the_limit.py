"""Postings through `Ledger`, with every rule of the database on, beside the same rows merely inserted.

    python -m benchmarks.ledger.against_the_limit sqlite|postgresql [--rounds 9] [--single 400] [--batches 5]

The limit writes the same three rows (one transfer, two entries) into tables with the same columns, primary keys and way
of keeping rows, and no rule, no account and no other index; by the fastest way the driver has (one statement, executemany,
COPY), from rows that were made before the clock starts. Both sides begin and commit by the driver itself, durably. Rounds are
taken by turns, and the ratio is the median over the rounds of a round's two figures.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from benchmarks.ledger.places import fresh
from ledger import AccountKind, Ledger, Transfer, TransferKind
from timebank.db import Database

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
ACCOUNTS = 1000
SIZE = 1000
COLUMNS = (
    "id, bank_id, kind, giver_id, receiver_id, minutes, happened_on, recorded_by, recorded_at, fingerprint,"
    " state, posted_minutes, giver_seq, giver_balance, receiver_seq, receiver_balance, settled_at"
)
ENTRY = "account_id, seq, transfer_id, side, minutes, balance_after"
MARKS = {"transfer": COLUMNS.count(",") + 1, "entry": ENTRY.count(",") + 1}


class Turn:
    """The caller's transactions, by the driver itself, as on the other side: what is measured is the ledger."""

    def __init__(self, connection: Connection) -> None:
        connection.begin()  # from here on SQLAlchemy leaves beginning and committing to us
        self.driver: Any = connection.connection.driver_connection
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.commit()

    def begin(self) -> None:
        if self.is_sqlite:  # psycopg begins by itself
            self.driver.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.driver.commit()


class Contest:
    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.random = random.Random(seed)
        self.bank_id = uuid4()
        with database.writing() as session:
            ledger = Ledger(session.connection(), bank_id=self.bank_id)
            self.accounts = [ledger.open_account(id=uuid4(), kind=AccountKind.MEMBER).id for _ in range(ACCOUNTS)]
        self.make_limit()

    def make_limit(self) -> None:
        with self.database.engine.begin() as connection:
            for table in ("transfer", "entry"):
                like = f"CREATE TABLE limit_{table} AS SELECT * FROM {table} WHERE 1 = 0"
                if self.database.is_sqlite:
                    columns = connection.exec_driver_sql(f"SELECT name, type FROM pragma_table_info('{table}')").all()
                    key = "id" if table == "transfer" else "account_id, seq"
                    named = ", ".join(f"{name} {kind}" for name, kind in columns)
                    kept = " WITHOUT ROWID" if table == "entry" else ""
                    like = f"CREATE TABLE limit_{table} ({named}, PRIMARY KEY ({key})){kept}"
                connection.exec_driver_sql(like)
                if not self.database.is_sqlite:
                    key = "id" if table == "transfer" else "account_id, seq"
                    connection.exec_driver_sql(f"ALTER TABLE limit_{table} ADD PRIMARY KEY ({key})")
        self.seqs: dict[UUID, int] = dict.fromkeys(self.accounts, 0)

    def transfers(self, count: int) -> list[Transfer]:
        made = []
        for _ in range(count):
            giver, receiver = self.random.sample(self.accounts, 2)
            made.append(
                Transfer(
                    id=uuid4(), giver=giver, receiver=receiver, minutes=self.random.randint(15, 240),
                    happened_on=DAY, kind=TransferKind.EXCHANGE, recorded_by=giver,
                )
            )  # fmt: skip
        return made

    def rows(self, transfers: list[Transfer]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Made before the clock starts."""
        word: Callable[[UUID], Any] = (lambda one: one.hex) if self.database.is_sqlite else (lambda one: one)
        moment = AT.replace(tzinfo=None).isoformat(" ", "microseconds") if self.database.is_sqlite else AT
        day = DAY.isoformat() if self.database.is_sqlite else DAY
        bank = word(self.bank_id)
        rows, entries = [], []
        for one in transfers:
            places = []
            for side, account in ((1, one.giver), (-1, one.receiver)):
                self.seqs[account] += 1
                entries.append((word(account), self.seqs[account], word(one.id), side, one.minutes, 1000))
                places += [self.seqs[account], 1000]
            rows.append((
                word(one.id), bank, "exchange", word(one.giver), word(one.receiver), one.minutes, day,
                word(one.giver), moment, one.id.bytes * 2, "posted", one.minutes, *places, moment,
            ))  # fmt: skip
        return rows, entries

    # The two sides of each contest

    def ours_single(self, transfers: list[Transfer]) -> float:
        with self.database.engine.connect() as connection:
            ledger, turn = Ledger(connection, bank_id=self.bank_id), Turn(connection)
            start = time.perf_counter()
            for one in transfers:
                turn.begin()
                ledger.post(transfer=one, at=AT)
                turn.commit()
            return time.perf_counter() - start

    def ours_batch(self, transfers: list[Transfer]) -> float:
        with self.database.engine.connect() as connection:
            ledger, turn = Ledger(connection, bank_id=self.bank_id), Turn(connection)
            start = time.perf_counter()
            for first in range(0, len(transfers), SIZE):
                turn.begin()
                ledger.post_many(transfers=transfers[first : first + SIZE], at=AT)
                turn.commit()
            return time.perf_counter() - start

    def limit_single(self, transfers: list[Transfer]) -> float:
        rows, entries = self.rows(transfers)
        raw = self.database.engine.raw_connection()
        cursor = raw.cursor()
        mark = "?" if self.database.is_sqlite else "%s"
        header = f"INSERT INTO limit_transfer ({COLUMNS}) VALUES ({', '.join([mark] * MARKS['transfer'])})"
        both = f"INSERT INTO limit_entry ({ENTRY}) VALUES " + ", ".join([f"({', '.join([mark] * MARKS['entry'])})"] * 2)
        one_statement = f"WITH header AS ({header}) {both}"
        start = time.perf_counter()
        for place, row in enumerate(rows):
            legs = entries[2 * place] + entries[2 * place + 1]
            if self.database.is_sqlite:
                cursor.execute("BEGIN IMMEDIATE")
                cursor.execute(header, row)
                cursor.execute(both, legs)
                cursor.execute("COMMIT")
            else:
                cursor.execute(one_statement, row + legs, prepare=True)
                raw.commit()
        took = time.perf_counter() - start
        raw.close()
        return took

    def limit_batch(self, transfers: list[Transfer]) -> float:
        rows, entries = self.rows(transfers)
        raw = self.database.engine.raw_connection()
        cursor = raw.cursor()
        start = time.perf_counter()
        for first in range(0, len(rows), SIZE):
            some, legs = rows[first : first + SIZE], entries[2 * first : 2 * (first + SIZE)]
            if self.database.is_sqlite:
                cursor.execute("BEGIN IMMEDIATE")
                for table, columns, lines in (("transfer", COLUMNS, some), ("entry", ENTRY, legs)):
                    marks = ", ".join("?" * MARKS[table])
                    cursor.executemany(f"INSERT INTO limit_{table} ({columns}) VALUES ({marks})", lines)
                cursor.execute("COMMIT")
            else:
                for table, columns, lines in (("transfer", COLUMNS, some), ("entry", ENTRY, legs)):
                    with cursor.copy(f"COPY limit_{table} ({columns}) FROM STDIN") as copy:
                        for line in lines:
                            copy.write_row(line)
                raw.commit()
        took = time.perf_counter() - start
        raw.close()
        return took


def compare(contest: Contest, name: str, count: int, rounds: int) -> float:
    ours, limit = getattr(contest, f"ours_{name}"), getattr(contest, f"limit_{name}")
    ratios, speeds = [], []
    for number in range(rounds + 1):
        first, second = contest.transfers(count), contest.transfers(count)
        sides = [("ours", ours, first), ("limit", limit, second)]
        took = {side: run(given) for side, run, given in (sides if number % 2 else sides[::-1])}
        if number:  # the first round warms both up
            ratios.append(took["limit"] / took["ours"])
            speeds.append((count / took["ours"], count / took["limit"]))
    ours_speed, limit_speed = (statistics.median(side) for side in zip(*speeds, strict=True))
    print(
        f"{contest.database.url.get_backend_name()} {name}: ratio {statistics.median(ratios):.2f}"
        f" [{min(ratios):.2f}-{max(ratios):.2f}], {rounds} rounds of {count};"
        f" ours {ours_speed:,.0f}/s, limit {limit_speed:,.0f}/s",
        flush=True,
    )
    return statistics.median(ratios)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("engine", choices=["sqlite", "postgresql"])
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--single", type=int, default=400)
    asked.add_argument("--batches", type=int, default=5)
    given = asked.parse_args()
    with fresh(given.engine) as database:
        contest = Contest(database, seed=7)
        compare(contest, "single", given.single, given.rounds)
        compare(contest, "batch", given.batches * SIZE, given.rounds)
        with database.reading() as session:
            report = Ledger(session.connection(), bank_id=contest.bank_id).verify()
        print(f"verify: {report.counts['the bank sums to zero']} accounts, {len(report.findings)} findings")


if __name__ == "__main__":
    main()
