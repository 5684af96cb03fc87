"""Migrated databases for tests: made once per worker as a template, as good as new for every test, with real commits."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine

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


# What a database is made of: whatever was added, changed or taken away since the template has another number or writer.
MADE_OF = " UNION ALL ".join(
    f"SELECT '{catalogue}' || ctid || xmin || tableoid AS made FROM {catalogue} {only}"
    for catalogue, only in {
        "pg_attribute": "WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)",
        "pg_class": "WHERE relnamespace = 'public'::regnamespace",
        "pg_constraint": "",
        "pg_default_acl": "",
        "pg_extension": "",
        "pg_namespace": "WHERE nspname !~ '^pg_(toast_)?temp_'",
        "pg_policy": "",
        "pg_proc": "",
        "pg_trigger": "",
        "pg_db_role_setting": "WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
        "alembic_version": "",
    }.items()
)
DIGEST = f"SELECT md5(string_agg(made, ',' ORDER BY made)) FROM ({MADE_OF})"
TABLES = """SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' ORDER BY relname"""
SEND_OTHERS_AWAY = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
LARGE = 500_000  # bytes in one table: what took many rows is thrown away, for emptied rows still lie there


class PostgresCopies:
    """Copies are made of the template's files. One that a test left as it was made, but for its rows, is emptied and used
    again: copying several hundred files takes much longer than the tests themselves.
    """

    def __init__(self, url_pattern: str, worker: str) -> None:
        self.pattern = url_pattern
        self.worker = worker
        self.numbers = itertools.count()
        self.as_new: list[str] = []
        self.template = f"template_{worker}"
        self.server = create_engine(url_pattern.format("postgres"), isolation_level="AUTOCOMMIT")
        self._execute(f"CREATE DATABASE {self.template}")
        database = Database(url_pattern.format(self.template))
        migrate(database)
        database.close()
        with self._inside(self.template) as connection:
            self.made = connection.exec_driver_sql(DIGEST).scalar()
            self.tables = [name for name, _ in connection.exec_driver_sql(TABLES)]
            assert not [one for one in self.tables if connection.exec_driver_sql(f"SELECT 1 FROM {one}").first()]

    def _execute(self, statement: str) -> None:
        with self.server.connect() as connection:
            connection.exec_driver_sql(statement)

    @contextmanager
    def _inside(self, name: str) -> Iterator[Connection]:
        engine = create_engine(self.pattern.format(name), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            yield connection

    def url(self) -> str:
        return self.pattern.format(self.as_new.pop() if self.as_new else self._copy())

    def _copy(self) -> str:
        name = f"copy_{self.worker}_{next(self.numbers)}"
        # Copying the files takes half the time of writing them to the log, and nobody else is connected to the template.
        self._execute(f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY FILE_COPY")
        return name

    def close(self) -> None:
        self.server.dispose()

    def discard(self, database: Database) -> None:
        database.close()
        name = str(database.url.database)
        if self.empty(name):
            self.as_new.append(name)
        else:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def empty(self, name: str) -> bool:
        """Whether it is as good as a new copy now. The rules that no row is ever deleted hold for everybody but this."""
        with self._inside(name) as connection:
            connection.exec_driver_sql(SEND_OTHERS_AWAY)
            if connection.exec_driver_sql(DIGEST).scalar() != self.made:
                return False
            if any(size > LARGE for _, size in connection.exec_driver_sql(TABLES)):
                return False
            deletes = "; ".join(f"DELETE FROM {table}" for table in self.tables)
            connection.exec_driver_sql(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; COMMIT")
            connection.exec_driver_sql("SELECT pg_stat_reset()")  # what PostgreSQL has counted here, such as deadlocks
            return True
