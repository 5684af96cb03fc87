"""Looking over the books: accounts, the entries of each in their order, and what the transfers say of them.

The database does it by itself: each entry is held against the one before it and each transfer against its two entries, and
only what is off comes back.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ledger import packed
from ledger.looking import (
    COUNTS,
    HELD_IN,
    HELD_OUT,
    LAST,
    LIMITS,
    PAIRS,
    RUNNING,
    SIDES,
    SUMS,
    ZERO,
    Looking,
)  # fmt: skip
from ledger.transfers import LONGEST_MINUTES, SIDE

ROOM = 32 * 1024  # KiB that SQLite may keep in hand meanwhile: the newest page of some thousand accounts


def look_over_books(looking: Looking) -> None:
    """Every account against its entries and what waits, and the entries against the transfers."""
    with _room(looking):
        _look_at_accounts(looking)
        _look_at_transfers(looking)
        if looking.counts[SIDES] != looking.counts[RUNNING] or looking.found[PAIRS]:
            _name_strays(looking)


@contextmanager
def _room(looking: Looking) -> Iterator[None]:
    if looking.on_postgresql:
        yield
        return
    before = looking.connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    looking.connection.exec_driver_sql(f"PRAGMA cache_size = -{ROOM}")
    try:
        yield
    finally:
        looking.connection.exec_driver_sql(f"PRAGMA cache_size = {before}")


# Accounts, and the entries of each


def _look_at_accounts(looking: Looking) -> None:
    waiting = _sum_waiting(looking)
    total = 0
    for account_id, posted, held_out, held_in, seq, hard_floor, is_waived, *book in _accounts(looking):
        count, balance, last, odd = book
        total += _whole(posted)
        for check, expected, stands in (
            (SUMS, balance, posted),
            (LAST, last, posted),
            (COUNTS, count, seq),
            (HELD_OUT, waiting["out", account_id], held_out),
            (HELD_IN, waiting["in", account_id], held_in),
        ):
            looking.counts[check] += 1
            if expected != stands:
                looking.off(check, "account", account_id, expected=expected, found=stands)
        _look_at_limit(looking, account_id, hard_floor, bool(is_waived), _whole(posted) - _whole(held_out))
        looking.counts[RUNNING] += count
        if odd is not None:
            looking.off(RUNNING, "account", account_id, expected="each entry to follow the last", found=f"entry {odd}")
    looking.counts[ZERO] = looking.counts[SUMS]
    if total:
        looking.off(ZERO, "bank", looking.bank_id, expected=0, found=total)


def _look_at_limit(looking: Looking, account: str, hard_floor: int | None, is_waived: bool, available: int) -> None:  # noqa: FBT001
    looking.counts[LIMITS] += 1
    is_below = hard_floor is not None and available < hard_floor
    if is_below != is_waived:
        wanted = "a mark" if is_below else "no mark"
        looking.off(LIMITS, "account", account, expected=wanted, found=f"{available} min")


def _accounts(looking: Looking) -> Iterator[tuple[Any, ...]]:
    """Each account, and what its entries come to: how many, their sum, the balance after the last, and the first that does
    not follow. Where each follows the one before, or is the first, there is no gap."""
    # What is out of all bounds counts nothing, so that no sum runs over: it shows where it is held against its transfer.
    is_sane = f"one.minutes BETWEEN 1 AND {LONGEST_MINUTES} AND one.side IN (-1, 1)"
    signed = f"CASE WHEN {is_sane} THEN one.side * one.minutes ELSE 0 END"
    before = "CASE WHEN one.seq = 1 THEN 0 ELSE last.balance_after END"
    if looking.on_postgresql:
        before = f"({before})::numeric"
    odd = f"one.seq IS NOT NULL AND NOT coalesce(one.balance_after = {before} + {signed}, FALSE)"
    statement = f"""
        SELECT {looking.text("id", "account")}, account.posted, account.held_out, account.held_in, account.seq,
            account.hard_floor, account.floor_waived, count(one.seq), coalesce(sum({signed}), 0),
            CASE WHEN count(one.seq) = 0 THEN 0 ELSE max(CASE WHEN one.seq = account.seq THEN one.balance_after END) END,
            min(CASE WHEN {odd} THEN one.seq END)
        FROM account LEFT JOIN entry AS one ON one.account_id = account.id
        LEFT JOIN entry AS last ON last.account_id = one.account_id AND last.seq = one.seq - 1
        WHERE account.bank_id = ? GROUP BY account.id ORDER BY account.id"""
    for chunk in looking.chunks("accounts", statement, total=looking.count("account")):
        yield from chunk


def _sum_waiting(looking: Looking) -> Counter[tuple[str, str]]:
    """Minutes that wait, by side and account."""
    waiting: Counter[tuple[str, str]] = Counter()
    giver, receiver = (looking.text(f"{side}_id", "transfer") for side in SIDE._fields)
    statement = f"SELECT {giver}, {receiver}, minutes FROM transfer WHERE bank_id = ? AND state = 'pending'"
    for gives, receives, minutes in looking.stream(statement):
        waiting["in", gives] += minutes
        waiting["out", receives] += minutes
    return waiting


# Transfers, and the two entries of each


def _look_at_transfers(looking: Looking) -> None:
    looking.counts[PAIRS] = total = looking.count("transfer")
    looking.counts[SIDES] = 2 * looking.count_posted()
    fits = " AND ".join(
        f"{side}.transfer_id = transfer.id AND {side}.side = {sign} AND {side}.minutes = transfer.posted_minutes"
        f" AND {side}.balance_after = transfer.{side}_balance"
        for side, sign in SIDE._asdict().items()
    )
    places = " AND ".join(f"transfer.{place} IS NULL" for place in packed.PLACES)
    paired = f"CASE WHEN transfer.state = 'posted' THEN coalesce({fits}, FALSE) ELSE {places} END"
    odd = packed.settled(
        postgresql=looking.on_postgresql, where=f"transfer.bank_id = ? AND NOT {paired}", more=", transfer.state"
    )
    for chunk in looking.chunks("transfers", odd, total=total):
        for transfer_id, facts, giver, receiver, state in chunk:
            wanted = "two entries of its length" if state == "posted" else "no entries"
            looking.off(PAIRS, "transfer", transfer_id, expected=wanted, found=packed.say(facts, giver, receiver))


def _name_strays(looking: Looking) -> None:
    """Entries that no transfer points to."""
    strays = (
        f"SELECT {looking.text('account_id', 'entry')}, entry.seq FROM entry"
        " JOIN account ON account.id = entry.account_id"
        " LEFT JOIN transfer ON transfer.id = entry.transfer_id AND CASE entry.side"
        " WHEN 1 THEN transfer.giver_id = entry.account_id AND transfer.giver_seq = entry.seq"
        " WHEN -1 THEN transfer.receiver_id = entry.account_id AND transfer.receiver_seq = entry.seq END"
        " WHERE account.bank_id = ? AND transfer.id IS NULL"
    )
    for account_id, seq in looking.stream(strays):
        where = "a transfer that stands there"
        looking.off(SIDES, "account", account_id, expected=where, found=f"none for its entry {seq}")


def _whole(value: Any) -> int:
    """Whatever is no number counts nothing; that it is none shows where it is compared."""
    return value if isinstance(value, int) else 0
