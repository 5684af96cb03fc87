"""Bringing a database to the newest numbered migration, asking whether it is there, and letting the app into it.

On PostgreSQL two roles may share the work: the owner migrates, and the app may do with the ledger's rows what the ledger
does with them and nothing else. Then whoever breaks into the app cannot take the rules away before breaking them.
"""

from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ledger.tables import metadata as ledger_metadata
from timebank.db import Database
from timebank.errors import Refusal

FOLDER = Path(__file__).parent.parent / "migrations"


def alembic_config(connection: Connection | None = None, *, keys: object | None = None) -> AlembicConfig:
    config = AlembicConfig(attributes={"connection": connection, "keys": keys})
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None, "there are no migrations"
    return head


def is_known(revision: str) -> bool:
    """Whether this version knows the migration at all; one that it does not know comes from a newer version."""
    return revision in {found.revision for found in ScriptDirectory.from_config(alembic_config()).walk_revisions()}


def current(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(database: Database, target: str = "head") -> None:
    with database.writing_turn(), database.engine.begin() as connection:
        command.upgrade(alembic_config(connection, keys=database.keys), target)


def downgrade(database: Database, target: str) -> None:
    with database.writing_turn(), database.engine.begin() as connection:
        command.downgrade(alembic_config(connection, keys=database.keys), target)


def clear_away(database: Database) -> None:
    """What migrations dropped lies about in the file until it is written over; here the file is written anew without it."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.exec_driver_sql("VACUUM FULL")


# What becomes of a row of the ledger after it was written. Whatever is not named here stays as it is.
CHANGES = {
    "account": ("posted", "held_out", "held_in", "seq", "status", "floor_waived", "paused_at"),
    "transfer": (
        "state", "expires_at", "stopped_at", "frozen_at", "posted_minutes", "giver_seq", "giver_balance",
        "receiver_seq", "receiver_balance", "confirmed_by", "release_reason", "settled_at",
    ),
    "sealed_account": ("seq",),
}  # fmt: skip
# What is written once: nobody changes it, not the app either.
APPEND_ONLY = ("audit_event", "consent_words", "helpline_check")
POSTING_FUNCTIONS = "SELECT CAST(oid AS regprocedure) FROM pg_proc WHERE proname IN ('ledger_post', 'ledger_post_many')"
OUR_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND pg_has_role(tableowner, 'USAGE')"
WHERE_WE_ARE = "SELECT oid, datname FROM pg_database WHERE datname = current_database()"


class OtherDatabase(Refusal):
    """TIMEBANK_OWNER_DATABASE_URL and TIMEBANK_DATABASE_URL name different databases. Name one PostgreSQL database, by two roles."""


def let_app_in(owner: Database, app: Database) -> None:
    """The app's role may do from now on what the app does, and no more. Nothing to do where it is the owner itself.

    Raises OtherDatabase.
    """
    if owner.is_sqlite or app.is_sqlite:
        raise OtherDatabase
    with app.engine.connect() as connection:
        role = connection.scalar(text("SELECT current_user"))
        place = connection.execute(text(WHERE_WE_ARE)).one()
    with owner.engine.begin() as connection:
        if connection.execute(text(WHERE_WE_ARE)).one() != place:
            raise OtherDatabase
        if connection.scalar(text("SELECT current_user")) != role:
            for statement in _grants(connection, role):
                connection.exec_driver_sql(statement)


def _grants(connection: Connection, role_name: str) -> Iterator[str]:
    quoted = connection.dialect.identifier_preparer.quote
    role = quoted(role_name)
    # Two starts at once would change the same rights at once, which PostgreSQL refuses.
    yield "SELECT pg_advisory_xact_lock(hashtext('timebank: rights of the app'))"
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
    ledger = [quoted(name) for name in ledger_metadata.tables]
    others = {quoted(name) for name in connection.scalars(text(OUR_TABLES))} - {*ledger, "alembic_version"}
    for table in (*ledger, *sorted(others), "alembic_version"):
        yield f"REVOKE ALL ON {table} FROM {role}"
        yield f"GRANT SELECT ON {table} TO {role}"
    for table in ledger:
        if table != "entry":  # the database itself writes them
            yield f"GRANT INSERT ON {table} TO {role}"
    for table, columns in CHANGES.items():
        yield f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO {role}"
    for table in sorted(others):
        yield f"GRANT {'INSERT' if table in APPEND_ONLY else 'INSERT, UPDATE, DELETE'} ON {table} TO {role}"
    for function in connection.scalars(text(POSTING_FUNCTIONS)):
        yield f"GRANT EXECUTE ON FUNCTION {function} TO {role}"
    # Closing a period locks this table against postings. Before PostgreSQL 17 only the right to change all of it allows that.
    lock = "MAINTAIN" if (connection.dialect.server_version_info or ()) >= (17,) else "UPDATE"
    yield f"GRANT {lock} ON transfer TO {role}"
