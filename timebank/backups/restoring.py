"""Putting the ledger's rows back through its own door: the database's triggers watch, as they do every day.

An account starts empty, a transfer starts waiting or posted, and entries follow one another; what became of them later is written
after that. Nothing is switched off, so a backup that breaks a rule does not get in.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from ledger.tables import account, transfer

LATER_IN_ACCOUNT = ("posted", "held_out", "held_in", "seq", "status", "floor_waived")
LATER_IN_TRANSFER = ("state", "frozen_at", "release_reason", "settled_at")
EMPTY = {"posted": 0, "held_out": 0, "held_in": 0, "seq": 0, "status": "open", "floor_waived": False}
WAITING = {"state": "pending", "frozen_at": None, "release_reason": None, "settled_at": None}

Rows = Sequence[dict[str, Any]]
Finish = Callable[[], None]


def put_accounts(session: Session, rows: Rows) -> Finish:
    """The balances themselves are written when the entries are there."""
    if not rows:
        return lambda: None
    session.execute(insert(account), [row | EMPTY for row in rows])
    later = [{"row_id": row["id"], **{f"now_{name}": row[name] for name in LATER_IN_ACCOUNT}} for row in rows]
    change = (
        update(account)
        .where(account.c.id == bindparam("row_id"))
        .values({name: bindparam(f"now_{name}") for name in LATER_IN_ACCOUNT})
    )

    def finish() -> None:
        session.connection().execute(change, later)

    return finish


def put_transfers(session: Session, rows: Rows) -> None:
    """In the order of the file, where reversals follow what they reverse, and those that were let go come before the live one."""
    for is_plain, some in groupby(rows, key=_stands_as_inserted):
        if is_plain:
            session.execute(insert(transfer), list(some))
            continue
        for row in some:
            session.execute(insert(transfer), [row | WAITING])
            now = {name: row[name] for name in LATER_IN_TRANSFER}
            session.execute(update(transfer).where(transfer.c.id == row["id"]).values(now))


def _stands_as_inserted(row: dict[str, Any]) -> bool:
    return row["state"] == "posted" or (row["state"] == "pending" and row["frozen_at"] is None)
