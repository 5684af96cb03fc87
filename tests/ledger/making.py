"""Invented accounts for the ledger's tests, in a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from ledger import AccountKind, Ledger
from tests.ledger.pure.making import AT, COORDINATOR, DAY, make_transfer
from timebank.db import Database

__all__ = ["AT", "COORDINATOR", "DAY", "Bank", "live_a_little", "make_transfer"]


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


def live_a_little(bank: Bank, *, times: int) -> list[UUID]:
    """Exchanges in every state there is; answers with those that are settled."""
    settled = []
    for number in range(times):
        posted, confirmed, released, undone = (make_transfer(bank.ada, bank.ben, 10 + number) for _ in range(4))
        bank.do("post", transfer=posted, at=AT)
        for one in (confirmed, released):
            bank.do("hold", transfer=one, at=AT)
        bank.do("confirm", id=confirmed.id, by=bank.ben, at=AT, minutes=5)
        bank.do("release", id=released.id, reason="not tóday", at=AT)
        bank.do("hold", transfer=make_transfer(bank.cleo, bank.ben, 7), at=AT)
        bank.do("post", transfer=undone, at=AT)
        mirror = uuid4()
        bank.do("reverse", id=undone.id, reversal_id=mirror, reason="wrong, sorry: “twice”", at=AT, by=COORDINATOR)
        settled += [posted.id, confirmed.id, released.id, undone.id, mirror]
    return settled
