from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from ledger.tables import metadata
from tests.ledger.making import AT, Bank, make_transfer
from timebank.db import Database
from timebank.migrating import downgrade, migrate

TABLES = {"account", "transfer", "entry"}


def differences(database: Database) -> list:
    def is_ours(thing, name, kind, _reflected, _other) -> bool:
        return (name if kind == "table" else thing.table.name) in TABLES

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        return compare_metadata(context, metadata)


def test_the_tables_are_what_the_migration_makes(database):
    assert differences(database) == []


def test_going_down_and_up_again_leaves_nothing_behind(database):
    bank = Bank(database)
    bank.do("post", transfer=make_transfer(bank.ada, bank.ben), at=AT)

    downgrade(database, "base")
    with database.engine.connect() as connection:
        assert not TABLES & set(inspect(connection).get_table_names())
    migrate(database)

    assert differences(database) == []
    again = Bank(database)
    again.do("post", transfer=make_transfer(again.ada, again.ben), at=AT)
    assert again.see("verify").is_clean
