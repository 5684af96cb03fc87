"""One moment of the whole database: what is written meanwhile is not seen, and nobody waits for us."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from timebank.db import Database


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """A session that only reads. SQLite keeps the moment of the first read by itself; PostgreSQL has to be asked to."""
    with database.open_reading() as session:
        if not database.is_sqlite:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session
