"""Changing the sealed past of a bank, as an owner of the database or a failing disk could."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, inspect, select

from ledger import tables
from tests.ledger.making import AT, Bank
from timebank.db import Database


@contextmanager
def past_the_guards(database: Database) -> Iterator[Connection]:
    """A connection on which neither keys nor triggers ask, in a transaction that nobody commits."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
            connection.exec_driver_sql("BEGIN")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection
        connection.rollback()


class Tamperer:
    """Changes one thing in the sealed past of a bank, at random; what it did can be said."""

    def __init__(self, bank: Bank, seed: int) -> None:
        self.bank = bank
        self.random = random.Random(seed)
        with bank.database.engine.connect() as connection:
            self.columns = {
                table: [column["name"] for column in inspect(connection).get_columns(table)]
                for table in ("transfer", "entry", "seal", "block")
            }
            self.rows = {
                table: connection.execute(
                    select(*tables.metadata.tables[table].primary_key.columns).where(self._mine(table))
                ).all()
                for table in self.columns
            }

    def _mine(self, table: str):
        column = tables.metadata.tables[table].c
        if table == "transfer":
            return (column.bank_id == self.bank.id) & (column.state != "pending")
        if table == "entry":
            accounts = tables.account.c
            return column.account_id.in_(select(accounts.id).where(accounts.bank_id == self.bank.id))
        return column.bank_id == self.bank.id

    def tamper(self, connection) -> str:
        table = self.random.choice(["transfer", "transfer", "entry", "entry", "seal", "block"])
        made = tables.metadata.tables[table]
        key = self.random.choice(self.rows[table])
        row = [column == value for column, value in zip(made.primary_key.columns, key, strict=True)]
        if self.random.random() < 0.15:
            connection.execute(made.delete().where(*row))
            return f"delete {table} {key}"
        column = made.c[self.random.choice(self.columns[table])]
        before = connection.execute(select(column).where(*row)).scalar_one()
        after = self.other(before, column)
        connection.execute(made.update().where(*row).values({column: after}))
        return f"{table}.{column.name} of {key}: {before!r} to {after!r}"

    def other(self, value, column):
        kind = column.type.python_type
        if value is None:
            return {int: 3, str: "x", UUID: uuid4()}.get(kind, AT.date() if kind.__name__ == "date" else AT)
        if kind is int:
            return value + self.random.choice([-1, 1, 7])
        if kind is UUID:
            return uuid4()
        if kind is str:
            return {"posted": "released", "released": "expired"}.get(value, "gift" if value != "gift" else "grant")
        if kind is bytes:
            place = self.random.randrange(len(value))
            return value[:place] + bytes([value[place] ^ (1 << self.random.randrange(8))]) + value[place + 1 :]
        return value + timedelta(days=1)

    def flip(self, connection) -> str:
        """One bit of one value, as the driver hands it out: of a text one of its letters."""
        table = self.random.choice(["transfer", "entry", "seal", "block"])
        column = self.random.choice(self.columns[table])
        made = tables.metadata.tables[table]
        key = self.random.choice(self.rows[table])
        is_sqlite = self.bank.database.is_sqlite
        words = [one.hex if isinstance(one, UUID) and is_sqlite else one for one in key]
        mark = "?" if is_sqlite else "%s"
        row = " AND ".join(f"{one.name} = {mark}" for one in made.primary_key.columns)
        before = connection.exec_driver_sql(f"SELECT {column} FROM {table} WHERE {row}", tuple(words)).scalar_one()
        if before is None or before == "":
            return self.flip(connection)
        after = self._flipped(before)
        connection.exec_driver_sql(f"UPDATE {table} SET {column} = {mark} WHERE {row}", (after, *words))
        return f"{table}.{column} of {key}: {before!r} to {after!r}"

    def _flipped(self, value: Any) -> Any:
        bit = self.random.randrange(5)
        if isinstance(value, int):
            return value ^ (1 << self.random.randrange(16))
        if isinstance(value, UUID):
            return UUID(int=value.int ^ (1 << self.random.randrange(128)))
        if isinstance(value, bytes):
            place = self.random.randrange(len(value))
            return value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]
        if isinstance(value, str):
            place = self.random.randrange(len(value))
            return value[:place] + chr(ord(value[place]) ^ (1 << bit)) + value[place + 1 :]
        assert isinstance(value, date)
        return value + (timedelta(microseconds=1 << bit) if isinstance(value, datetime) else timedelta(days=1 << bit))
