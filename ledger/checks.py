"""Looking over a whole bank: every invariant of ledger.md section 3 that rows can show, and the sealed history.

Long answers are streamed, so memory stays flat however large the bank is. It reads one moment only when the caller's
transaction does (a snapshot); posting goes on meanwhile. Nothing is ever repaired.

It stays one file: the passes share their counts, and whoever asks what `verify` looks at wants to see all of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, func, or_, select

from ledger import chain, packed, tables
from ledger.chain import Block, Head
from ledger.transfers import fits_fingerprint

LIVE = ("pending", "posted")
MOST_FINDINGS = 1000  # of one check: nobody reads more, and a wrecked bank must not fill the memory
NO_MOMENT = datetime.min.replace(tzinfo=UTC)
EVERY = 5000  # rows between two strokes of the progress bar

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """How many rows each check looked at, and what it found. Nothing found: every rule holds.

    `head` is the check code of the newest block, `unsealed` how many settled transfers no block covers yet.
    """

    bank_id: UUID
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    head: Head | None
    unsealed: int

    @property
    def is_clean(self) -> bool:
        return not self.findings


def nobody_looks(_name: str, _done: int, _all: int) -> None:
    """For callers who show no progress."""


def verify(connection: Connection, *, bank_id: UUID, heads: Iterable[Head] = (), moved: Moved = nobody_looks) -> Report:
    """`heads` are check codes that were written down outside: whatever is older than they is proved against them."""
    looking = _Looking(connection, bank_id, moved)
    looking.at_accounts()
    looking.at_transfers()
    looking.at_reversals()
    looking.at_blocks(list(heads))
    looking.at_periods()
    return looking.report()


@dataclass
class _Book:
    """One account as its entries say it is."""

    count: int = 0
    balance: int = 0
    last: int = 0
    odd: tuple[str, str] | None = field(default=None)  # the first entry that does not follow: (expected, found)

    def add(self, seq: int, signed: int, balance_after: int) -> None:
        self.count += 1
        self.balance += signed
        if self.odd is None and (seq != self.count or balance_after != self.balance):
            self.odd = (f"entry {self.count} with {self.balance}", f"entry {seq} with {balance_after}")
        self.last = balance_after


class _Looking:
    def __init__(self, connection: Connection, bank_id: UUID, moved: Moved) -> None:
        self.connection = connection
        self.bank_id = bank_id
        self.moved = moved
        self.on_postgresql = packed.is_postgresql(connection)
        self.me = packed.word(connection, bank_id)
        self.counts: Counter[str] = Counter(dict.fromkeys(CHECKS, 0))
        self.found: dict[str, list[Finding]] = {check: [] for check in CHECKS}
        self.head: Head | None = None
        self.unsealed = 0
        self.entries = 0
        if self.on_postgresql:
            # Every pass goes through whole tables. What the planner knows of new ones is often nothing, and looking up row
            # by row on such a guess takes many times as long. Until the caller's transaction ends.
            connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
            connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")

    def report(self) -> Report:
        findings = [finding for check in CHECKS for finding in self.found[check]]
        return Report(
            bank_id=self.bank_id,
            counts=dict(self.counts),
            findings=tuple(findings),
            head=self.head,
            unsealed=self.unsealed,
        )

    def off(self, check: str, table: str, row: UUID | str, *, expected: object, found: object) -> None:
        if len(self.found[check]) < MOST_FINDINGS:
            named = _id_or_word(row) if table in {"transfer", "account"} else row
            one = Finding(check=check, table=table, row=named, expected=str(expected), found=str(found))
            self.found[check].append(one)

    def rows(self, name: str, statement: str, *, of: str, values: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Streams an answer about this bank; `of` is the table whose rows it goes through."""
        total = self.count(of)
        done = 0
        self.moved(name, 0, total)
        for done, row in enumerate(packed.stream(self.connection, statement, [self.me, *values]), start=1):
            if done % EVERY == 0:
                self.moved(name, done, total)
            yield row
        self.moved(name, max(done, total), total)

    def count(self, table: str) -> int:
        counted = tables.metadata.tables[table]
        found = select(func.count()).select_from(counted).where(counted.c.bank_id == self.bank_id)
        return self.connection.scalar(found) or 0

    def text(self, column: str, table: str) -> str:
        return packed.as_text(column, table, postgresql=self.on_postgresql)

    # Accounts, and the entries of each in their order

    def at_accounts(self) -> None:
        waiting = self._sum_waiting()
        total = 0
        for row, book in self._books():
            account_id, posted, held_out, held_in, seq, hard_floor, is_waived = row
            one = account_id
            total += posted
            self._compare(SUMS, one, book.balance, posted)
            self._compare(LAST, one, book.last, posted)
            self._compare(COUNTS, one, book.count, seq)
            self._compare(HELD_OUT, one, waiting["out", account_id], held_out)
            self._compare(HELD_IN, one, waiting["in", account_id], held_in)
            self._look_at_limit(one, hard_floor, bool(is_waived), posted - held_out)
            self.counts[RUNNING] += book.count
            self.entries += book.count
            if book.odd is not None:
                self.off(RUNNING, "account", one, expected=book.odd[0], found=book.odd[1])
        self.counts[ZERO] = self.counts[SUMS]
        if total:
            self.off(ZERO, "bank", self.bank_id, expected=0, found=total)

    def _compare(self, check: str, account: str, expected: int, found: object) -> None:
        self.counts[check] += 1
        if expected != found:
            self.off(check, "account", account, expected=expected, found=found)

    def _look_at_limit(self, account: str, hard_floor: int | None, is_waived: bool, available: int) -> None:  # noqa: FBT001
        self.counts[LIMITS] += 1
        is_below = hard_floor is not None and available < hard_floor
        if is_below != is_waived:
            self.off(LIMITS, "account", account, expected="a mark" if is_below else "no mark", found=f"{available} min")

    def _books(self) -> Iterator[tuple[tuple[Any, ...], _Book]]:
        """Each account with what its entries come to. Both streams run in the order of the account ids."""
        account_id = self.text("id", "account")
        accounts = packed.stream(
            self.connection,
            f"SELECT {account_id}, posted, held_out, held_in, seq, hard_floor, floor_waived FROM account"
            " WHERE bank_id = ? ORDER BY account.id",
            [self.me],
        )
        entries = self.rows(
            "entries",
            f"SELECT {account_id}, entry.seq, entry.side * entry.minutes, entry.balance_after FROM account"
            " JOIN entry ON entry.account_id = account.id WHERE account.bank_id = ? ORDER BY account.id, entry.seq",
            of="account",
        )
        ahead = next(entries, None)
        for row in accounts:
            book = _Book()
            while ahead is not None and ahead[0] == row[0]:
                book.add(*ahead[1:])
                ahead = next(entries, None)
            yield row, book

    def _sum_waiting(self) -> Counter[tuple[str, str]]:
        """Minutes that wait, by side and account."""
        waiting: Counter[tuple[str, str]] = Counter()
        statement = (
            f"SELECT {self.text('giver_id', 'transfer')}, {self.text('receiver_id', 'transfer')}, minutes FROM transfer"
            " WHERE bank_id = ? AND state = 'pending'"
        )
        for giver, receiver, minutes in packed.stream(self.connection, statement, [self.me]):
            waiting["in", giver] += minutes
            waiting["out", receiver] += minutes
        return waiting

    # Transfers, each with its two entries and its seal

    def at_transfers(self) -> None:
        for transfer_id, facts, giver, receiver, state, is_paired, leaf, salt in self._transfers():
            self.counts[PAIRS] += 1
            self.counts[SIDES] += (giver is not None) + (receiver is not None)
            if not is_paired:
                wanted = "two entries of its length" if state == "posted" else "no entries"
                self.off(PAIRS, "transfer", transfer_id, expected=wanted, found=_say(facts, giver, receiver))
            if leaf is not None:
                self._look_at_leaf(transfer_id, facts, giver, receiver, leaf, salt)
            elif state == "pending":
                self._look_at_facts(transfer_id, facts)
            else:
                self.unsealed += 1
        if self.entries != self.counts[SIDES] or self.found[PAIRS]:
            self._look_for_strays()

    def _transfers(self) -> Iterator[tuple[Any, ...]]:
        fits = " AND ".join(
            f"{side}.transfer_id = transfer.id AND {side}.side = {sign} AND {side}.minutes = transfer.posted_minutes"
            f" AND {side}.balance_after = transfer.{side}_balance"
            for side, sign in (("giver", 1), ("receiver", -1))
        )
        places = " AND ".join(
            f"transfer.{side}_{what} IS NULL" for side in ("giver", "receiver") for what in ("seq", "balance")
        )
        paired = f"CASE WHEN transfer.state = 'posted' THEN coalesce({fits}, FALSE) ELSE {places} END"
        statement = packed.settled(
            postgresql=self.on_postgresql,
            where="transfer.bank_id = ?",
            more=f", transfer.state, {paired}, seal.leaf, seal.salt",
            join="LEFT JOIN seal ON seal.transfer_id = transfer.id AND seal.bank_id = transfer.bank_id",
        )
        return self.rows("transfers", statement, of="transfer")

    def _look_for_strays(self) -> None:
        """Entries that no transfer points to. Looked for only where there are more entries than the transfers have."""
        strays = (
            f"SELECT {self.text('account_id', 'entry')}, entry.seq FROM entry JOIN account ON account.id = entry.account_id"
            " LEFT JOIN transfer ON transfer.id = entry.transfer_id AND CASE entry.side"
            " WHEN 1 THEN transfer.giver_id = entry.account_id AND transfer.giver_seq = entry.seq"
            " WHEN -1 THEN transfer.receiver_id = entry.account_id AND transfer.receiver_seq = entry.seq END"
            " WHERE account.bank_id = ? AND transfer.id IS NULL"
        )
        for account_id, seq in packed.stream(self.connection, strays, [self.me]):
            where = "a transfer that stands there"
            self.off(SIDES, "account", account_id, expected=where, found=f"none for its entry {seq}")

    def _look_at_leaf(
        self, transfer_id: str, facts: str, giver: str | None, receiver: str | None, leaf: bytes, salt: bytes
    ) -> None:
        self.counts[LEAVES] += 1
        if chain.seal(facts, giver, receiver, salt) != leaf:
            self.off(LEAVES, "transfer", transfer_id, expected="what was sealed", found=_say(facts, giver, receiver))

    def _look_at_facts(self, transfer_id: str, facts: str) -> None:
        self.counts[FACTS] += 1
        if not fits_fingerprint(dict(zip(packed.FACTS, packed.unpack(facts), strict=True))):
            self.off(FACTS, "transfer", transfer_id, expected="what was recorded", found="other facts")

    # Reversals: few, so one statement is quick enough

    def at_reversals(self) -> None:
        mirror, original = tables.transfer.alias("mirror"), tables.transfer.alias("original")
        is_mirrored = and_(
            original.c.bank_id == mirror.c.bank_id,
            original.c.state == "posted",
            original.c.giver_id == mirror.c.receiver_id,
            original.c.receiver_id == mirror.c.giver_id,
            original.c.posted_minutes == mirror.c.minutes,
        )
        live = func.count().over(partition_by=mirror.c.reverses_id).label("live")
        reversals = (
            select(mirror.c.id, mirror.c.reverses_id, is_mirrored.label("is_mirrored"), live)
            .join_from(mirror, original, original.c.id == mirror.c.reverses_id, isouter=True)
            .where(mirror.c.bank_id == self.bank_id, mirror.c.kind == "reversal", mirror.c.state.in_(LIVE))
            .subquery()
        )
        self.counts[MIRRORS] = self.connection.scalar(select(func.count()).select_from(reversals)) or 0
        r = reversals.c
        wrong = select(r.id, r.reverses_id).where(or_(r.is_mirrored.is_(None), ~r.is_mirrored, r.live != 1))
        for transfer_id, reverses in self.connection.execute(wrong):
            wanted = "the only mirror of a posted transfer"
            self.off(MIRRORS, "transfer", transfer_id, expected=wanted, found=reverses)

    # The chain, and what was written down outside

    def at_blocks(self, heads: list[Head]) -> None:
        statement = "SELECT seal.leaf, seal.no FROM seal WHERE seal.bank_id = ? ORDER BY seal.no"
        leaves = self.rows("seals", statement, of="seal")
        hashes: dict[int, bytes] = {}
        before: Block | None = None
        for block, stored in self._blocks():
            self.counts[BLOCKS] += 1
            some = list(islice(leaves, max(block.last - block.first + 1, 0)))
            wrong = _wrong_with(block, before, some, stored)
            if wrong:
                self.off(BLOCKS, "block", str(block.no), expected=wrong[0], found=wrong[1])
            before, hashes[block.no] = block, block.hash
        if before is not None:
            self.head = before.head
        left = sum(1 for _ in leaves)
        sealed = self.count("seal")
        if left:
            self.off(BLOCKS, "seal", str(self.bank_id), expected="seals within a block", found=f"{left} outside")
        if sealed != self.counts[LEAVES]:
            self.off(LEAVES, "seal", str(self.bank_id), expected=f"{sealed} transfers", found=self.counts[LEAVES])
        self._look_at_heads(heads, hashes)

    def _blocks(self) -> Iterator[tuple[Block, bytes]]:
        """As text and numbers, so that a moment that nobody can read is a finding and no accident."""
        sealed_at = self.text("sealed_at", "block")
        statement = (
            f"SELECT no, first, last, root, previous, hash, {sealed_at} FROM block WHERE bank_id = ? ORDER BY no"
        )
        for no, first, last, root, previous, stored, moment in packed.stream(self.connection, statement, [self.me]):
            try:
                at = chain.read_moment(moment)
            except ValueError:
                self.off(BLOCKS, "block", str(no), expected="a moment", found=moment)
                at = NO_MOMENT
            yield (
                Block(bank_id=self.bank_id, no=no, first=first, last=last, root=root, previous=previous, sealed_at=at),
                stored,
            )

    def _look_at_heads(self, heads: list[Head], hashes: Mapping[int, bytes]) -> None:
        for head in heads:
            self.counts[HEADS] += 1
            stands = hashes.get(head.no)
            if stands != head.hash:
                found = "no such block" if stands is None else Head(no=head.no, hash=stands)
                self.off(HEADS, "block", str(head.no), expected=head, found=found)

    # Periods

    def at_periods(self) -> None:
        period, transfer = tables.period.c, tables.transfer.c
        since = None
        for row in self.connection.execute(
            select(tables.period).where(period.bank_id == self.bank_id).order_by(period.until)
        ).all():
            self.counts[PERIODS] += 1
            figures = select(func.count(), func.coalesce(func.sum(transfer.posted_minutes), 0)).where(
                transfer.bank_id == self.bank_id, transfer.state == "posted", transfer.settled_at < row.until
            )
            if since is not None:
                figures = figures.where(transfer.settled_at >= since)
            count, minutes = self.connection.execute(figures).one()
            if (count, minutes) != (row.transfers, row.minutes):
                expected, found = f"{row.transfers} with {row.minutes} min", f"{count} with {minutes} min"
                self.off(PERIODS, "period", row.until.isoformat(), expected=expected, found=found)
            since = row.until


def _id_or_word(row: UUID | str) -> UUID | str:
    """An id that was tampered with may be none any more."""
    try:
        return UUID(str(row))
    except ValueError:
        return row


def _wrong_with(
    block: Block, before: Block | None, seals: list[tuple[Any, ...]], stored: bytes
) -> tuple[str, str] | None:
    """(expected, found), or None where the block is in order."""
    previous, no, first = (chain.NO_BLOCK, 1, 1) if before is None else (before.hash, before.no + 1, before.last + 1)
    if (block.no, block.first, block.previous) != (no, first, previous):
        return f"block {no} from {first} after {previous.hex()[:12]}", f"block {block.no} from {block.first}"
    numbers = [number for _, number in seals]
    if numbers != list(range(block.first, block.last + 1)):
        return f"seals {block.first} to {block.last}", f"{len(numbers)} seals"
    if chain.root([bytes(leaf) for leaf, _ in seals]) != block.root:
        return "the root of its seals", block.root.hex()
    if block.hash != stored:
        return block.hash.hex(), stored.hex()
    return None


def _say(facts: str, giver: str | None, receiver: str | None) -> str:
    """What stands there, short enough to be read."""
    stands = dict(zip(packed.FACTS, packed.unpack(facts), strict=True))
    said = [f"{stands['state']}, {stands['posted_minutes'] or stands['minutes']} min on {stands['happened_on']}"]
    for name, text in (("giver", giver), ("receiver", receiver)):
        if text is not None:
            entry = dict(zip(packed.ENTRY, packed.unpack(text), strict=True))
            said.append(f"{name}'s entry {entry['seq']} of {entry['minutes']} min in {entry['account_id']}")
    return "; ".join(said)
