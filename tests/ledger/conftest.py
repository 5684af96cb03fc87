from collections.abc import Iterator

import pytest

from ledger import Transfer
from tests.databases import SqliteCopies
from tests.ledger.making import AT, Bank, make_transfer
from timebank.db import Database


@pytest.fixture
def bank(database: Database) -> Bank:
    """A bank with three members; another one beside it, with hours of its own, that nothing may ever touch."""
    noise = Bank(database)
    noise.do("post", transfer=_noise(noise), at=AT)
    return Bank(database)


@pytest.fixture
def sqlite_bank(sqlite_copies: SqliteCopies) -> Iterator[Bank]:
    """For what only a SQLite file can come to."""
    database = Database(sqlite_copies.url())
    yield Bank(database)
    sqlite_copies.discard(database)


def _noise(bank: Bank) -> Transfer:
    return make_transfer(bank.ada, bank.ben, minutes=77)
