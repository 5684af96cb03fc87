"""Looking over a whole bank: every invariant of ledger.md section 3 that rows can show, and the sealed history.

The two long passes are in ledger.books and ledger.history, what they have in common in ledger.looking; the short ones are
here. Nothing is ever repaired.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, func, select

from ledger import packed, tables
from ledger.books import look_over_books
from ledger.chain import Head
from ledger.history import look_over_history
from ledger.looking import FACTS, MIRRORS, PERIODS, Finding, Looking, Moved, nobody_looks
from ledger.transfers import fits_fingerprint


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


def verify(
    connection: Connection,
    *,
    bank_id: UUID,
    heads: Iterable[Head] = (),
    moved: Moved = nobody_looks,
    beside: Connection | None = None,
) -> Report:
    """`heads` are check codes that were written down outside: whatever is older than they is proved against them.

    `beside` is a second connection that reads the same moment of the same database: then the books are looked over on it
    while the sealed history is on the first, each by a processor of its own.
    """
    looking = Looking(connection, bank_id, moved)
    if beside is None:
        look_over_the_rest(looking)
        head, unsealed = look_over_chain(looking, heads)
    else:
        other = Looking(beside, bank_id, moved)
        with ThreadPoolExecutor(1, "looking over the books") as another:
            looked = another.submit(look_over_the_rest, other)
            head, unsealed = look_over_chain(looking, heads)
            looked.result()
        looking.take_over(other)
    return Report(
        bank_id=bank_id,
        counts=dict(looking.counts),
        findings=tuple(looking.findings()),
        head=head,
        unsealed=unsealed,
    )


def look_over_the_rest(looking: Looking) -> None:
    """All but the sealed history. The database does it almost alone, so Python is free meanwhile."""
    look_over_books(looking)
    look_over_waiting(looking)
    look_over_reversals(looking)
    look_over_periods(looking)


def look_over_chain(looking: Looking, heads: Iterable[Head]) -> tuple[Head | None, int]:
    """The check code of the newest block, and how many settled transfers no block covers."""
    head, sealed = look_over_history(looking, heads)
    transfer = tables.transfer.c
    settled = select(func.count()).where(transfer.bank_id == looking.bank_id, transfer.state != "pending")
    return head, (looking.connection.scalar(settled) or 0) - sealed


def look_over_waiting(looking: Looking) -> None:
    """What waits is not sealed yet: its own fingerprint says whether it is as it was recorded."""
    facts = packed.packed(packed.FACTS, "transfer", postgresql=looking.on_postgresql)
    statement = (
        f"SELECT {looking.text('id', 'transfer')}, {facts} FROM transfer WHERE bank_id = ? AND state = 'pending'"
    )
    for transfer_id, stands in looking.stream(statement):
        looking.counts[FACTS] += 1
        if not fits_fingerprint(dict(zip(packed.FACTS, packed.unpack(stands), strict=True))):
            looking.off(FACTS, "transfer", transfer_id, expected="what was recorded", found="other facts")


def look_over_reversals(looking: Looking) -> None:
    """Each live reversal, as texts and numbers: an id that was tampered with is a finding and no accident."""
    live = f"""
        SELECT {looking.text("id", "mirror")}, {looking.text("reverses_id", "mirror")},
            count(*) OVER (PARTITION BY mirror.reverses_id), CASE WHEN original.bank_id = mirror.bank_id
                AND original.state = 'posted' AND original.giver_id = mirror.receiver_id
                AND original.receiver_id = mirror.giver_id AND original.posted_minutes = mirror.minutes THEN 1 ELSE 0 END
        FROM transfer AS mirror LEFT JOIN transfer AS original ON original.id = mirror.reverses_id
        WHERE mirror.bank_id = ? AND mirror.kind = 'reversal' AND mirror.state IN ('pending', 'posted')"""
    for transfer_id, reverses, count, is_mirror in looking.stream(live):
        looking.counts[MIRRORS] += 1
        if count != 1 or not is_mirror:
            wanted = "the only mirror of a posted transfer"
            looking.off(MIRRORS, "transfer", transfer_id, expected=wanted, found=reverses)


def look_over_periods(looking: Looking) -> None:
    until = looking.text("until", "closed")
    figures = f"""
        SELECT {until}, closed.transfers, closed.minutes, count(transfer.id), coalesce(sum(transfer.posted_minutes), 0)
        FROM (SELECT *, lag(until) OVER (ORDER BY until) AS since FROM period WHERE bank_id = ?) AS closed
        LEFT JOIN transfer ON transfer.bank_id = closed.bank_id AND transfer.state = 'posted'
            AND transfer.settled_at < closed.until AND (closed.since IS NULL OR transfer.settled_at >= closed.since)
        GROUP BY closed.until, closed.transfers, closed.minutes ORDER BY closed.until"""
    for moment, transfers, minutes, count, total in looking.stream(figures):
        looking.counts[PERIODS] += 1
        if (transfers, minutes) != (count, total):
            expected, found = f"{transfers} with {minutes} min", f"{count} with {total} min"
            looking.off(PERIODS, "period", moment, expected=expected, found=found)
