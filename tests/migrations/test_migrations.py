"""The models are what the migrations make; going down and up again is possible; rows are kept on the way."""

import re
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Row, Table, create_engine, func, inspect, select

from ledger.tables import metadata as ledger_metadata
from tests.databases import PostgresCopies, SqliteCopies
from tests.guards.world import make_world
from timebank import migrating
from timebank.checking import reads as checking
from timebank.db import Database
from timebank.members import reads as members
from timebank.tables import metadata as app_metadata
from timebank.vault.sealed import place, sealed_columns

METADATA = [ledger_metadata, app_metadata]
OURS = {table for metadata in METADATA for table in metadata.tables}
# A step back before the version takes these tables away, and with them what is in them.
NO_PLACE_BEFORE = {
    "0006": ("held_sign_in",),  # nobody knew then whose they are, so everybody signs in anew
    "0009": ("code_app", "recovery_code", "passkey", "passkey_challenge", "sign_in_event"),
    "0010": ("audit_event", "safety_hold"),  # what was noted is not made up again
    "0011": (
        "concern", "conflict", "lead", "concern_key", "concern_reader", "concern_step", "concern_text", "concern_wrap",
    ),
    # It has the two boxes of each answer only: how they stand is kept, and tests/consents looks at that.
    "0013": ("consent", "consent_words"),
    "0014": ("mail_address", "mail_wish", "notice", "safe_contact", "forgotten_ask", "password_link"),
    "0015": ("weighty_act",),
    "0016": ("concern_let_go",),
    "0018": ("concern_asked",),
}  # fmt: skip
# The sealed history is made again; before 0004 there is no place for what links legs of a session.
MADE_AGAIN = ("block", "seal", "sealed_account")
LINKS = ("group_id", "peer_id")
LINKS_SINCE = "0004"
BACK = ("0003", "0004")
SCRIPTS = ScriptDirectory.from_config(migrating.alembic_config())
UNDER_LOCK = {table: list(some) for table, some in groupby(sealed_columns(), key=lambda sealed: sealed.table.name)}
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


def differences(database: Database) -> list:
    """No exception is made: alembic's own table is not in the models, and alembic leaves it out by itself."""
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)


def fresh(metadata: MetaData) -> MetaData:
    """Making tables on PostgreSQL marks the keys of a circle as made apart, and they would be missing on SQLite afterwards."""
    if metadata is not ledger_metadata:
        return metadata
    copied = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(copied)
    return copied


def rules(database: Database) -> dict[str, Any]:
    """Names and texts of checks, keys and indexes, which alembic does not compare all."""
    found: dict[str, Any] = {}
    with database.engine.connect() as connection:
        seen = inspect(connection)
        for table in sorted(OURS & set(seen.get_table_names())):
            found[table] = {
                "checks": sorted(
                    (check["name"] or "", plain(check["sqltext"])) for check in seen.get_check_constraints(table)
                ),
                "unique": sorted(
                    (key["name"] or "", tuple(key["column_names"])) for key in seen.get_unique_constraints(table)
                ),
                "foreign": sorted(
                    (tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
                    for key in seen.get_foreign_keys(table)
                ),
                "indexes": sorted(
                    (index["name"] or "", tuple(index["column_names"])) for index in seen.get_indexes(table)
                ),
                "key": seen.get_pk_constraint(table)["constrained_columns"],
            }
    return found


def plain(sql: str) -> str:
    return re.sub(r"[\s()\"]+", " ", sql).strip().lower()


def rows(database: Database) -> dict[str, list]:
    """What is under lock is read: locked again, the same words look different."""
    tables = MetaData()
    with database.engine.connect() as connection:
        tables.reflect(connection)
        return {
            table.name: sorted((read(database, table, row) for row in connection.execute(select(table))), key=repr)
            for table in tables.tables.values()
            if table.name != "alembic_version"
        }


def read(database: Database, table: Table, row: Row) -> tuple:
    values = dict(row._mapping)
    key = [values[column.name] for column in table.primary_key.columns]
    for sealed in UNDER_LOCK.get(table.name, ()):
        if values.get(sealed.column) is not None:
            person = UUID(str(values[sealed.person]))
            where = place(table, sealed.column, [UUID(part) if len(str(part)) == 32 else part for part in key])
            values[sealed.column] = database.keys.unlock(values[sealed.column], person=person, place=where)
    return tuple(values.values())


class TestTheChain:
    def test_is_one_line_of_numbered_files(self):
        assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
        assert len(SCRIPTS.get_heads()) == 1

    @pytest.mark.parametrize("revision", REVISIONS)
    def test_each_file_begins_with_its_number_and_can_go_back(self, revision: str):
        script = SCRIPTS.get_revision(revision)

        assert Path(script.path).name.startswith(f"{revision}_")
        assert callable(script.module.downgrade)
        assert script.doc


def without(found: dict[str, list[tuple]], *tables: str) -> dict[str, list[tuple]]:
    return found | {table: [] for table in tables}


def as_kept_at(revision: str, found: dict[str, list[tuple]], database: Database) -> dict[str, list[tuple]]:
    gone = [table for since, tables in NO_PLACE_BEFORE.items() if revision < since for table in tables]
    found = without(found, *gone, *MADE_AGAIN)
    if revision >= LINKS_SINCE:
        return found
    with database.engine.connect() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("transfer")]
    links = {columns.index(name) for name in LINKS}
    transfers = [
        tuple(None if place in links else value for place, value in enumerate(row)) for row in found["transfer"]
    ]
    return found | {"transfer": transfers}


class TestModels:
    def test_are_what_the_migrations_make(self, database: Database):
        assert differences(database) == []

    def test_have_the_same_checks_keys_and_indexes(self, database: Database, tmp_path: Path, copies):
        """Made a second time, straight from the models."""
        made = Database(f"sqlite:///{tmp_path / 'made.db'}") if database.is_sqlite else self.empty(copies)
        for metadata in METADATA:
            fresh(metadata).create_all(made.engine)

        by_models, by_migrations = rules(made), rules(database)

        made.close()
        assert set(by_migrations) == OURS
        for table in sorted(OURS):
            if (
                table in ledger_metadata.tables
            ):  # their checks stand in the migration alone, and test_forgery proves them
                del by_migrations[table]["checks"], by_models[table]["checks"]
            assert by_migrations[table] == by_models[table], table

    def empty(self, copies: PostgresCopies) -> Database:
        name = f"made_{copies.worker}_{next(copies.numbers)}"
        copies._execute(f"CREATE DATABASE {name}")
        return Database(copies.pattern.format(name))

    def test_hold_every_table(self, database: Database):
        with database.engine.connect() as connection:
            assert set(inspect(connection).get_table_names()) == OURS | {"alembic_version"}


class TestThereAndBack:
    def test_from_nothing_step_by_step(self, database: Database):
        migrating.downgrade(database, "base")
        for revision in [*REVISIONS, *reversed(REVISIONS[:-1])]:
            (migrating.migrate if revision > (migrating.current(database) or "") else migrating.downgrade)(
                database, revision
            )
            assert migrating.current(database) == revision
        migrating.migrate(database)

        assert differences(database) == []

    @pytest.mark.parametrize("revision", BACK)
    def test_the_newest_steps_keep_every_row(self, database: Database, session, revision: str):
        make_world(session, rows=2)
        session.close()
        before = rows(database)

        migrating.downgrade(database, revision)
        migrating.migrate(database)

        assert without(rows(database), *NO_PLACE_BEFORE["0013"]) == as_kept_at(revision, before, database)
        assert len(before["entry"]) > 0

    @pytest.mark.parametrize("revision", BACK)
    def test_a_year_is_kept_over_the_newest_steps(self, community: Database, revision: str):
        before = rows(community)

        migrating.downgrade(community, revision)
        migrating.migrate(community)

        assert without(rows(community), *NO_PLACE_BEFORE["0013"]) == as_kept_at(revision, before, community)
        assert len(before["entry"]) > 1000
        with community.reading() as session:
            report = checking.check_bank(session, members.list_banks(session)[0])
            assert report.wrong == ()

    def test_going_down_to_nothing_works_with_a_year_in_it(self, community: Database):
        """The ledger refuses to delete an entry; only taking the whole house down removes its tables."""
        migrating.downgrade(community, "base")

        with community.engine.connect() as connection:
            assert OURS & set(inspect(connection).get_table_names()) == set()
        migrating.migrate(community)
        assert differences(community) == []

    def test_nothing_is_left_behind_on_either(self, database: Database, session):
        make_world(session, rows=1)
        session.close()

        migrating.downgrade(database, "base")

        with database.engine.connect() as connection:
            left = defaultdict(list)
            if database.is_sqlite:
                kinds = connection.exec_driver_sql(
                    "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
                )
            else:
                kinds = connection.exec_driver_sql(
                    "SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                    " UNION ALL SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                    " UNION ALL SELECT 'type', typname FROM pg_type"
                    "  WHERE typnamespace = 'public'::regnamespace AND typrelid = 0 AND typelem = 0"
                )
            for kind, what in kinds:
                left[kind].append(what)
        assert {what for found in left.values() for what in found if "alembic_version" not in what} == set()


class TestTwice:
    def test_migrating_a_new_database_again_changes_nothing(self, database: Database):
        before = rules(database)

        migrating.migrate(database)

        assert rules(database) == before

    def test_a_step_that_breaks_leaves_all_as_it_was(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Half a migration is none: tables are made in one transaction, on SQLite too."""
        database = Database(f"sqlite:///{tmp_path / 'broken.db'}")
        migrating.migrate(database, REVISIONS[-2])
        before = rules(database)
        module = SCRIPTS.get_revision(REVISIONS[-1]).module
        monkeypatch.setattr(migrating.command, "upgrade", self.breaking(migrating.command.upgrade))

        with pytest.raises(RuntimeError, match="the power went"):
            migrating.migrate(database)

        assert module.upgrade
        assert rules(database) == before
        assert migrating.current(database) == REVISIONS[-2]
        database.close()

    def breaking(self, upgrade):
        def upgrade_and_break(config, target):
            upgrade(config, target)
            raise RuntimeError("the power went")

        return upgrade_and_break


def test_the_demonstration_counts_rows_in_every_table_it_touches(community: Database):
    """The year that the migrations are tried with is not an empty one."""
    touched = (
        "bank",
        "member",
        "scheme",
        "answer",
        "introduction",
        "relationship",
        "hour_log",
        "query",
        "round",
        "offer",
    )
    tables = MetaData()
    engine = create_engine(community.url)
    with engine.connect() as connection:
        tables.reflect(connection)
        counts = {name: connection.scalar(select(func.count()).select_from(tables.tables[name])) for name in touched}
    engine.dispose()
    assert {name for name, count in counts.items() if not count} == set()


def test_copies_are_at_the_newest(sqlite_copies: SqliteCopies):
    database = Database(sqlite_copies.url())

    assert migrating.current(database) == migrating.newest() == REVISIONS[-1]
    sqlite_copies.discard(database)
