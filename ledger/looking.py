"""What looking over a bank has in common: the names of the checks, what was counted, and what was found.

Long answers are streamed, so memory stays flat however large the bank is. One moment is read only where the caller's
transaction does (a snapshot); posting goes on meanwhile. Nothing is ever repaired.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from ledger import packed, tables

MOST_FINDINGS = 1000  # of one check: nobody reads more, and a wrecked bank must not fill the memory

Moved = Callable[[str, int, int], None]  # which pass, rows done, rows in all

ZERO = "the bank sums to zero"
PAIRS = "posted transfers have two entries that balance, others none"
SIDES = "entries stand where their transfer says"
SUMS = "cached balances are the sum of their entries"
LAST = "cached balances are the last running balance"
COUNTS = "cached counts are the number of entries"
HELD_OUT = "held out is what waits to be received"
HELD_IN = "held in is what waits to be given"
RUNNING = "entries are numbered without a gap and carry the running balance"
MIRRORS = "every live reversal mirrors one posted transfer, which has no other"
LIMITS = "accounts below an agreed limit carry the mark of a waiver"
FACTS = "waiting transfers are as they were recorded"
LEAVES = "sealed transfers are as they were sealed"
BLOCKS = "the blocks follow each other and cover what they say"
HEADS = "check codes from outside stand in the chain"
PERIODS = "closed periods keep their figures"
CHECKS = (
    ZERO, PAIRS, SIDES, SUMS, LAST, COUNTS, HELD_OUT, HELD_IN, RUNNING, MIRRORS, LIMITS, FACTS, LEAVES, BLOCKS, HEADS,
    PERIODS,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One row that breaks a rule: which, what was expected and what was found."""

    check: str
    table: str
    row: UUID | str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.check}: {self.table} {self.row}: expected {self.expected}, found {self.found}"


def nobody_looks(_name: str, _done: int, _all: int) -> None:
    """For callers who show no progress."""


class Looking:
    """One connection that goes through one bank, and what it came upon."""

    def __init__(self, connection: Connection, bank_id: UUID, moved: Moved = nobody_looks) -> None:
        self.connection = connection
        self.bank_id = bank_id
        self.moved = moved
        self.on_postgresql = packed.is_postgresql(connection)
        self.me = packed.word(connection, bank_id)
        self.counts: Counter[str] = Counter(dict.fromkeys(CHECKS, 0))
        self._rows: dict[str, int] = {}
        self.found: dict[str, list[Finding]] = {check: [] for check in CHECKS}
        if self.on_postgresql:
            # Every pass goes through whole tables. What the planner knows of new ones is often nothing, and looking up row
            # by row on such a guess takes many times as long. Until the caller's transaction ends.
            connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
            connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
            connection.exec_driver_sql("SET LOCAL synchronize_seqscans = off")  # rows come as they lie, oldest first

    def findings(self) -> list[Finding]:
        return [finding for check in CHECKS for finding in self.found[check]]

    def off(self, check: str, table: str, row: UUID | str, *, expected: object, found: object) -> None:
        if len(self.found[check]) < MOST_FINDINGS:
            named = _id_or_word(row) if table in {"transfer", "account"} else row
            one = Finding(check=check, table=table, row=named, expected=str(expected), found=str(found))
            self.found[check].append(one)

    def chunks(self, name: str, statement: str, *, total: int) -> Generator[list[tuple[Any, ...]]]:
        """An answer about this bank, a thousand rows at a time; its one mark is the bank."""
        done = 0
        self.moved(name, 0, total)
        for chunk in packed.chunks(self.connection, statement, [self.me]):
            yield chunk
            done += len(chunk)
            self.moved(name, min(done, total), total)
        self.moved(name, total, total)

    def stream(self, statement: str) -> Iterator[tuple[Any, ...]]:
        return packed.stream(self.connection, statement, [self.me])

    def count(self, table: str) -> int:
        """Rows of this bank; counted once, as everything here is of one moment."""
        if table not in self._rows:
            counted = tables.metadata.tables[table]
            found = select(func.count()).select_from(counted).where(counted.c.bank_id == self.bank_id)
            self._rows[table] = self.connection.scalar(found) or 0
        return self._rows[table]

    def count_posted(self) -> int:
        transfer = tables.transfer.c
        posted = select(func.count()).where(transfer.bank_id == self.bank_id, transfer.state == "posted")
        return self.connection.scalar(posted) or 0

    def text(self, column: str, table: str) -> str:
        return packed.as_text(column, table, postgresql=self.on_postgresql)

    def take_over(self, other: "Looking") -> None:
        """What another one came upon, who looked at something else at the same moment."""
        self.counts.update(other.counts)
        for check, findings in other.found.items():
            self.found[check] += findings


def _id_or_word(row: UUID | str) -> UUID | str:
    """An id that was tampered with may be none any more."""
    try:
        return UUID(str(row))
    except ValueError:
        return row
