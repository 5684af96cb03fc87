"""Posting on PostgreSQL by its own functions: one call for one transfer, one for a thousand (migration 0004).

The functions know the ordinary case only: where anything else is found they write nothing and answer with no row, and the
rules in ledger.store look into it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from ledger.transfers import Posted, Receipt, Transfer

DriverError = psycopg.Error
POST = "SELECT * FROM ledger_post(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
POST_MANY = (
    "SELECT * FROM ledger_post_many(%b, %b::uuid[], %b::text[], %b::uuid[], %b::uuid[], %b::bigint[], %b::date[],"
    " %b::uuid[], %b::bytea[], %b::uuid[], %b)"
)


def post(
    connection: psycopg.Connection[Any], bank_id: UUID, transfers: Sequence[Transfer], *, at: datetime
) -> tuple[Receipt, ...] | None:
    """The accounts are locked in id order until the caller commits."""
    if len(transfers) == 1:
        cursor = connection.execute(POST, (bank_id, *_facts(bank_id, transfers[0]), at), prepare=True)
    elif len({one.id for one in transfers}) < len(transfers):
        return None
    else:
        columns = [list(column) for column in zip(*(_facts(bank_id, one) for one in transfers), strict=True)]
        cursor = connection.execute(POST_MANY, (bank_id, *columns, at), prepare=True)
    rows = cursor.fetchall()
    if not rows:
        return None
    return tuple(Receipt(Posted(a, b), Posted(c, d)) for a, b, c, d in rows)


def _facts(bank_id: UUID, one: Transfer) -> tuple[Any, ...]:
    return (
        one.id, one.kind.value, one.giver, one.receiver, one.minutes, one.happened_on, one.recorded_by,
        one.fingerprint(bank_id=bank_id, act="post"), one.group,
    )  # fmt: skip
