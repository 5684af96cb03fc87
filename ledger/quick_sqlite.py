"""Posting on SQLite in the driver's own words: three statements for one transfer, four for a thousand.

It knows the ordinary case only. Whatever else there is (a known id, a closed account, a floor, a closed period) it leaves
as it found it and answers None, and the rules in ledger.store look into it. Values are written as SQLAlchemy writes them.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from ledger.ids import Ids
from ledger.transfers import NOBODY, POSTED_AT_ONCE, Posted, Receipt, Transfer, take_fingerprint

DriverError = sqlite3.Error
AT_ONCE = 1000
POSTED, SEQ, HEX, BYTES, WAS_POSTED, WAS_SEQ, LOWEST = range(7)
_Purse = list[Any]

INSERT_TRANSFER = (
    "INSERT INTO transfer (id, bank_id, kind, giver_id, receiver_id, minutes, happened_on, recorded_by, recorded_at,"
    " fingerprint, group_id, state, posted_minutes, giver_seq, giver_balance, receiver_seq, receiver_balance, settled_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'posted', ?, ?, ?, ?, ?, ?)"
)
# For one alone: each account is changed where it is ordinary, and says what it came to.
CHANGE = (
    "UPDATE account SET posted = posted + ?, seq = seq + 1"
    " WHERE id = ? AND bank_id = ? AND status = 'open' AND NOT floor_waived"
)
GIVE = f"{CHANGE} RETURNING posted, seq"
RECEIVE = f"{CHANGE} AND (hard_floor IS NULL OR posted - ? - held_out >= hard_floor) RETURNING posted, seq"
UNDO = "UPDATE account SET posted = posted - ?, seq = seq - 1 WHERE id = ?"
UPDATE_ACCOUNT = "UPDATE account SET posted = ?, seq = ? WHERE id = ? AND posted = ? AND seq = ?"
# By the primary key: the plus keeps the other index out. A partner's limit is on what is left when everything that waits is
# confirmed; with a waiver's mark it is no ordinary case.
SELECT_ACCOUNTS = (
    "SELECT id, posted, seq, hard_floor + held_out FROM account"
    " WHERE +bank_id = ? AND status = 'open' AND NOT floor_waived AND id IN "
)


def post(
    connection: sqlite3.Connection, bank_id: UUID, transfers: Sequence[Transfer], *, at: datetime
) -> tuple[Receipt, ...] | None:
    """Needs the writer's turn (BEGIN IMMEDIATE): what is read here is what is written over."""
    cursor = connection.cursor()
    if len(transfers) == 1:
        receipt = _post_one(cursor, bank_id, transfers[0], _moment(at))
        return None if receipt is None else (receipt,)
    bank = bank_id.hex
    purses = _open_purses(cursor, bank, transfers)
    if purses is None or _any_known(cursor, transfers):
        return None
    worked_out = _work_out(bank_id, transfers, purses, _moment(at))
    if worked_out is None:
        return None
    receipts, rows = worked_out
    try:
        cursor.executemany(INSERT_TRANSFER, rows)
    except sqlite3.IntegrityError:
        # The first row is refused or none is: the ids were looked up, and the moment is one for all.
        # (Save in a bank that was tampered with: there the long way is refused at the same row, and nothing is kept.)
        return None
    _write_purses(cursor, purses)
    return receipts


def _post_one(cursor: sqlite3.Cursor, bank_id: UUID, one: Transfer, moment: str) -> Receipt | None:
    bank, giver, receiver, minutes = bank_id.hex, one.giver.hex, one.receiver.hex, one.minutes
    given = cursor.execute(GIVE, (minutes, giver, bank)).fetchall()
    if not given:
        return None
    received = cursor.execute(RECEIVE, (-minutes, receiver, bank, minutes)).fetchall()
    if not received:
        cursor.execute(UNDO, (minutes, giver))
        return None
    [(gives, gives_no)], [(receives, receives_no)] = given, received
    row = (
        one.id.hex, bank, one.kind.value, giver, receiver, minutes, one.happened_on.isoformat(),
        one.recorded_by.hex if one.recorded_by else None, moment, one.fingerprint(bank_id=bank_id, act="post"),
        one.group.hex if one.group else None, minutes, gives_no, gives, receives_no, receives, moment,
    )  # fmt: skip
    try:
        cursor.execute(INSERT_TRANSFER, row)
    except sqlite3.IntegrityError:  # a known id, or a closed period
        cursor.executemany(UNDO, ((minutes, giver), (-minutes, receiver)))
        return None
    return Receipt(Posted(gives, gives_no), Posted(receives, receives_no))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _open_purses(cursor: sqlite3.Cursor, bank: str, transfers: Sequence[Transfer]) -> dict[int, _Purse] | None:
    """By the number that an id is: looking up by a UUID itself takes as long as all the rest."""
    named = {one.giver.int for one in transfers}
    named.update([one.receiver.int for one in transfers])
    words = [f"{one:032x}" for one in named]
    purses: dict[int, _Purse] = {}
    for start in range(0, len(words), AT_ONCE):
        some = words[start : start + AT_ONCE]
        cursor.execute(f"{SELECT_ACCOUNTS}({','.join('?' * len(some))})", [bank, *some])
        for word, posted, seq, lowest in cursor.fetchall():
            purses[int(word, 16)] = [posted, seq, word, bytes.fromhex(word), posted, seq, lowest]
    return purses if len(purses) == len(named) else None


def _any_known(cursor: sqlite3.Cursor, transfers: Sequence[Transfer]) -> bool:
    words = [f"{one.id.int:032x}" for one in transfers]
    if len(set(words)) < len(words):
        return True
    for start in range(0, len(words), AT_ONCE):
        some = words[start : start + AT_ONCE]
        cursor.execute(f"SELECT 1 FROM transfer WHERE id IN ({','.join('?' * len(some))}) LIMIT 1", some)
        if cursor.fetchone() is not None:
            return True
    return False


def _work_out(
    bank_id: UUID, transfers: Sequence[Transfer], purses: dict[int, _Purse], moment: str
) -> tuple[tuple[Receipt, ...], list[tuple[Any, ...]]] | None:
    """Receipts, and the rows to write; None where a limit is in the way. It moves the purses on."""
    bank, bank_bytes = bank_id.hex, bank_id.bytes
    receipts, rows = [], []
    ids = Ids()
    days: dict[date, str] = {}
    for one in transfers:
        giver, receiver, minutes, day = purses[one.giver.int], purses[one.receiver.int], one.minutes, one.happened_on
        giver[POSTED] = gives = giver[POSTED] + minutes
        giver[SEQ] = gives_no = giver[SEQ] + 1
        receiver[POSTED] = receives = receiver[POSTED] - minutes
        receiver[SEQ] = receives_no = receiver[SEQ] + 1
        if receiver[LOWEST] is not None and receives < receiver[LOWEST]:
            return None
        recorder, group, new_id = ids.of(one.recorded_by), ids.of(one.group), one.id.bytes
        fingerprint = take_fingerprint(
            POSTED_AT_ONCE, bank_bytes, new_id, giver[BYTES], receiver[BYTES], minutes, day, recorder[1], group[1],
            NOBODY, NOBODY, one.kind, b"",
        )  # fmt: skip
        receipts.append(Receipt(Posted(gives, gives_no), Posted(receives, receives_no)))
        rows.append((
            new_id.hex(), bank, one.kind.value, giver[HEX], receiver[HEX], minutes, days.get(day) or _day(days, day),
            recorder[0], moment, fingerprint, group[0], minutes, gives_no, gives, receives_no, receives, moment,
        ))  # fmt: skip
    return tuple(receipts), rows


def _day(days: dict[date, str], day: date) -> str:
    days[day] = word = day.isoformat()
    return word


def _write_purses(cursor: sqlite3.Cursor, purses: dict[int, _Purse]) -> None:
    changes = [(one[POSTED], one[SEQ], one[HEX], one[WAS_POSTED], one[WAS_SEQ]) for one in purses.values()]
    cursor.executemany(UPDATE_ACCOUNT, changes)
    if cursor.rowcount != len(changes):
        raise sqlite3.IntegrityError("ledger: an account changed while it was written: begin with IMMEDIATE")
