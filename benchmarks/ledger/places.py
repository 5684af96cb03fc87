"""Where the benchmarks run: a fresh SQLite file, and a PostgreSQL that really writes to the disk, each made for one run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine

from tests.postgres import ThrowawayPostgres
from timebank.db import Database
from timebank.migrating import migrate

DURABLE = "-c fsync=on -c full_page_writes=on -c synchronous_commit=on -c shared_buffers=512MB -c max_wal_size=8GB"


@contextmanager
def fresh(engine: str) -> Iterator[Database]:
    """A migrated, empty database of its own."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="timebank-benchmark-") as folder:
            database = Database(f"sqlite:///{Path(folder) / 'bank.db'}")
            migrate(database)
            yield database
            database.close()
        return
    server = ThrowawayPostgres(settings=DURABLE)
    try:
        pattern = server.start()
        with create_engine(pattern.format("postgres"), isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE benchmark")
        database = Database(pattern.format("benchmark"))
        migrate(database)
        yield database
        database.close()
    finally:
        server.stop()
