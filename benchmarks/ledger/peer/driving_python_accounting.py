"""python-accounting, as its README posts: a journal entry with one line, then `post`. Run in its own environment.

    python -m benchmarks.ledger.peer.driving_python_accounting FILE ACCOUNTS

It commits by itself, and hooks SQLAlchemy's Session for the whole process. Credit lowers and debit raises here: the
receiver's account is the entry's own, the giver's is on its line.
"""

import sys
from datetime import datetime
from typing import Any

from python_accounting.database.session import get_session
from python_accounting.models import Account, Base, Currency, Entity, LineItem
from python_accounting.transactions import JournalEntry
from sqlalchemy import create_engine, event

from benchmarks.ledger.peer.protocol import serve


def durable(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def now() -> datetime:
    return datetime.now()  # noqa: DTZ005 - the package compares with naive times


class Peer:
    def __init__(self, file: str, accounts: int) -> None:
        engine = create_engine(f"sqlite:///{file}")
        event.listen(engine, "connect", durable)
        Base.metadata.create_all(engine)
        self.session = get_session(engine)
        entity = Entity(name="Bank")
        self.session.add(entity)
        self.session.commit()
        self.entity_id = entity.id
        currency = Currency(name="Minutes", code="MIN", entity_id=self.entity_id)
        self.session.add(currency)
        self.session.commit()
        made = [
            Account(
                name=f"Member {number}",
                account_type=Account.AccountType.PAYABLE,
                account_code=number + 1,
                currency_id=currency.id,
                entity_id=self.entity_id,
            )
            for number in range(accounts)
        ]
        self.session.add_all(made)
        self.session.commit()
        self.ids = [account.id for account in made]

    def post(self, giver: int, receiver: int, minutes: int) -> None:
        entry = JournalEntry(
            narration="Hours",
            transaction_date=now(),
            account_id=self.ids[receiver],
            entity_id=self.entity_id,
        )
        self.session.add(entry)
        self.session.flush()
        line = LineItem(narration="Hours", account_id=self.ids[giver], amount=minutes, entity_id=self.entity_id)
        self.session.add(line)
        self.session.flush()
        entry.line_items.add(line)
        self.session.add(entry)
        entry.post(self.session)

    def balances(self) -> list[int]:
        return [self.session.get(Account, one).closing_balance(self.session) for one in self.ids]


if __name__ == "__main__":
    peer = Peer(sys.argv[1], int(sys.argv[2]))
    serve({"single": peer.post}, peer.balances)
