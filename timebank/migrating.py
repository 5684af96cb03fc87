"""Bringing a database to the newest numbered migration, and asking whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from timebank.db import Database

FOLDER = Path(__file__).parent.parent / "migrations"


def alembic_config(connection: Connection | None = None) -> AlembicConfig:
    config = AlembicConfig(attributes={"connection": connection})
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
        command.upgrade(alembic_config(connection), target)


def downgrade(database: Database, target: str) -> None:
    with database.writing_turn(), database.engine.begin() as connection:
        command.downgrade(alembic_config(connection), target)
