"""Posting on PostgreSQL by its own functions: one call for one transfer, one for a thousand (migration 0004).

The functions know the ordinary case only: where anything else is found they write nothing and answer with no row, and the
rules in ledger.store look into it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from ledger.ids import Ids
from ledger.transfers import NOBODY, POSTED_AT_ONCE, Posted, Receipt, Transfer, take_fingerprint

DriverError = psycopg.Error
POST = "SELECT * FROM ledger_post(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
POST_MANY = (
    "SELECT * FROM ledger_post_many(%s, %s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::bigint[], %s::date[],"
    " %s::uuid[], %s::bytea[], %s::uuid[], %s)"
)


def post(
    connection: psycopg.Connection[Any], bank_id: UUID, transfers: Sequence[Transfer], *, at: datetime
) -> tuple[Receipt, ...] | None:
    """The accounts are locked in id order until the caller commits."""
    if len(transfers) == 1:
        cursor = connection.execute(POST, (bank_id, *_facts(bank_id, transfers[0]), at), prepare=True)
    elif len({one.id.int for one in transfers}) < len(transfers):
        return None
    else:
        cursor = connection.execute(POST_MANY, (bank_id, *_columns(bank_id, transfers), at), prepare=True)
    rows = cursor.fetchall()
    if not rows:
        return None
    return tuple(Receipt(Posted(a, b), Posted(c, d)) for a, b, c, d in rows)


def _columns(bank_id: UUID, transfers: Sequence[Transfer]) -> Iterator[str]:
    """The facts of all, column by column, each as one text in PostgreSQL's own writing of an array: value by value the
    driver takes as long as the database."""
    ids, bank = Ids(), bank_id.bytes
    rows = []
    for one in transfers:
        new_id, giver, receiver = one.id.bytes, ids[one.giver.int], ids[one.receiver.int]
        recorder, group = ids.of(one.recorded_by), ids.of(one.group)
        fingerprint = take_fingerprint(
            POSTED_AT_ONCE, bank, new_id, giver[1], receiver[1], one.minutes, one.happened_on, recorder[1], group[1],
            NOBODY, NOBODY, one.kind, b"",
        )  # fmt: skip
        rows.append((
            new_id.hex(), one.kind.value, giver[0], receiver[0], str(one.minutes), one.happened_on.isoformat(),
            recorder[0] or "NULL", f'"\\\\x{fingerprint.hex()}"', group[0] or "NULL",
        ))  # fmt: skip
    return (f"{{{','.join(column)}}}" for column in zip(*rows, strict=True))


def _facts(bank_id: UUID, one: Transfer) -> tuple[Any, ...]:
    return (
        one.id, one.kind.value, one.giver, one.receiver, one.minutes, one.happened_on, one.recorded_by,
        one.fingerprint(bank_id=bank_id, act="post"), one.group,
    )  # fmt: skip
