"""Invented accounts and transfers for the ledger's tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from ledger import AccountKind, Ledger, Transfer, TransferKind
from timebank.db import Database

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
COORDINATOR = uuid4()


def make_transfer(giver: UUID, receiver: UUID, minutes: int = 60, **more: Any) -> Transfer:
    facts: dict[str, Any] = {"id": uuid4(), "happened_on": DAY, "kind": TransferKind.EXCHANGE, "recorded_by": giver}
    return Transfer(giver=giver, receiver=receiver, minutes=minutes, **facts | more)


class Bank:
    """A bank in a real database. Every act is its own transaction and is committed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.id = uuid4()
        self.ada, self.ben, self.cleo = (self.open_account() for _ in range(3))

    @contextmanager
    def writing(self) -> Iterator[Ledger]:
        with self.database.writing() as session:
            yield Ledger(session.connection(), bank_id=self.id)

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        with self.database.reading() as session:
            yield Ledger(session.connection(), bank_id=self.id)

    def do(self, act: str, **facts: Any) -> Any:
        """One act of the ledger, in a transaction of its own."""
        with self.writing() as ledger:
            return getattr(ledger, act)(**facts)

    def see(self, reading: str, **facts: Any) -> Any:
        with self.reading() as ledger:
            return getattr(ledger, reading)(**facts)

    def open_account(self, kind: AccountKind = AccountKind.MEMBER, hard_floor: int | None = None) -> UUID:
        account_id = uuid4()
        self.do("open_account", id=account_id, kind=kind, hard_floor=hard_floor)
        return account_id

    def posted(self, account: UUID) -> int:
        return self.see("balance", account=account).posted
