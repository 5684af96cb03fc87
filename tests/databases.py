"""Migrated databases for tests: made once per worker as a template, copied fresh for every test, with real commits."""

import itertools
import shutil
from pathlib import Path

from sqlalchemy import create_engine

from timebank.db import Database
from timebank.migrating import migrate

ENGINES = ("sqlite", "postgresql")


class SqliteCopies:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()
        self.template = folder / "template.db"
        database = Database(f"sqlite:///{self.template}")
        migrate(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def url(self) -> str:
        path = self.folder / f"copy-{next(self.numbers)}.db"
        shutil.copy(self.template, path)
        return f"sqlite:///{path}"

    def discard(self, database: Database) -> None:
        database.close()
        for suffix in ("", "-wal", "-shm", "-next", "-writing"):
            Path(f"{database.url.database}{suffix}").unlink(missing_ok=True)


class PostgresCopies:
    def __init__(self, url_pattern: str, worker: str) -> None:
        self.pattern = url_pattern
        self.worker = worker
        self.numbers = itertools.count()
        self.template = f"template_{worker}"
        self.server = create_engine(url_pattern.format("postgres"), isolation_level="AUTOCOMMIT")
        self._execute(f"CREATE DATABASE {self.template}")
        database = Database(url_pattern.format(self.template))
        migrate(database)
        database.close()

    def _execute(self, statement: str) -> None:
        with self.server.connect() as connection:
            connection.exec_driver_sql(statement)

    def url(self) -> str:
        name = f"copy_{self.worker}_{next(self.numbers)}"
        # Copying the files takes half the time of writing them to the log, and nobody else is connected to the template.
        self._execute(f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY FILE_COPY")
        return self.pattern.format(name)

    def close(self) -> None:
        self.server.dispose()

    def discard(self, database: Database) -> None:
        database.close()
        self._execute(f"DROP DATABASE {database.url.database} WITH (FORCE)")
