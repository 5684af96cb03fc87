"""Looking over a whole bank: every invariant of ledger.md section 3 that rows can show, and the sealed history.

The two long passes are in ledger.books and ledger.history, what they have in common in ledger.looking; the short ones are
here. Nothing is ever repaired.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, and_, func, or_, select

from ledger import packed, tables
from ledger.books import look_over_books
from ledger.chain import Head
from ledger.history import look_over_history
from ledger.looking import FACTS, MIRRORS, PERIODS, Finding, Looking, Moved, nobody_looks
from ledger.transfers import fits_fingerprint

LIVE = ("pending", "posted")


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
    """Few, so one statement is quick enough."""
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
        .where(mirror.c.bank_id == looking.bank_id, mirror.c.kind == "reversal", mirror.c.state.in_(LIVE))
        .subquery()
    )
    looking.counts[MIRRORS] = looking.connection.scalar(select(func.count()).select_from(reversals)) or 0
    r = reversals.c
    wrong = select(r.id, r.reverses_id).where(or_(r.is_mirrored.is_(None), ~r.is_mirrored, r.live != 1))
    for transfer_id, reverses in looking.connection.execute(wrong):
        wanted = "the only mirror of a posted transfer"
        looking.off(MIRRORS, "transfer", transfer_id, expected=wanted, found=reverses)


def look_over_periods(looking: Looking) -> None:
    period, transfer = tables.period.c, tables.transfer.c
    since = None
    periods = select(tables.period).where(period.bank_id == looking.bank_id).order_by(period.until)
    for row in looking.connection.execute(periods).all():
        looking.counts[PERIODS] += 1
        figures = select(func.count(), func.coalesce(func.sum(transfer.posted_minutes), 0)).where(
            transfer.bank_id == looking.bank_id, transfer.state == "posted", transfer.settled_at < row.until
        )
        if since is not None:
            figures = figures.where(transfer.settled_at >= since)
        count, minutes = looking.connection.execute(figures).one()
        if (count, minutes) != (row.transfers, row.minutes):
            expected, found = f"{row.transfers} with {row.minutes} min", f"{count} with {minutes} min"
            looking.off(PERIODS, "period", row.until.isoformat(), expected=expected, found=found)
        since = row.until
