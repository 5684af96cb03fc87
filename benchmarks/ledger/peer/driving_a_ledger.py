"""a-ledger: one journal command with two postings in a write transaction of its own. Run in its own environment.

python -m benchmarks.ledger.peer.driving_a_ledger FILE ACCOUNTS
"""

import itertools
import sys
from typing import Any

from a_ledger import Ledger
from a_ledger.domain.journal import CommandKey, JournalBatch, Post, PostingInput, SourceIdentity, TransactionInput
from a_ledger.schema import install
from a_ledger.sqlite import create_sqlite_engine, write_transaction
from sqlalchemy import event

from benchmarks.ledger.peer.protocol import serve

DAY, MOMENT = "2026-03-01", "2026-03-02T12:00:00+00:00"


def durable(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


class Peer:
    def __init__(self, file: str, accounts: int) -> None:
        engine = create_sqlite_engine(file)
        event.listen(engine, "connect", durable)
        self.connection = engine.connect()
        self.ledger = Ledger(self.connection)
        self.numbers = itertools.count(1)
        self.ids = [f"member-{number}" for number in range(accounts)]
        with write_transaction(self.connection):
            install(self.connection)
            self.ledger.accounts.create_portfolio("bank", code="bank", currency="MIN", minor_unit=0)
            for one in self.ids:
                self.ledger.accounts.create_account(one, portfolio_id="bank", code=one, category="LIABILITY")

    def post(self, giver: int, receiver: int, minutes: int) -> None:
        key = str(next(self.numbers))
        facts = TransactionInput(
            event_code="exchange",
            business_date=DAY,
            occurred_at=MOMENT,
            postings=(
                PostingInput(posting_key="giver", account_id=self.ids[giver], amount_minor=minutes),
                PostingInput(posting_key="receiver", account_id=self.ids[receiver], amount_minor=-minutes),
            ),
        )
        action = Post(item_key="hours", source=SourceIdentity("hours", key), facts=facts)
        with write_transaction(self.connection):
            self.ledger.journal.execute(JournalBatch("bank", CommandKey("hours", key), (action,)))

    def balances(self) -> list[int]:
        with write_transaction(self.connection):
            found = self.ledger.queries.account_balances("bank")
        return [found[one] for one in self.ids]


if __name__ == "__main__":
    peer = Peer(sys.argv[1], int(sys.argv[2]))
    serve({"single": peer.post}, peer.balances)
