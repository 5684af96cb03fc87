"""What every test may use. The databases are real: SQLite files and a PostgreSQL 18 that lives as long as the run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases import ENGINES, PostgresCopies, SqliteCopies
from tests.postgres import ThrowawayPostgres
from timebank.db import Database

POSTGRES_VARIABLE = "TIMEBANK_TEST_POSTGRES"
_server: list[ThrowawayPostgres] = []

settings.register_profile("timebank", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("timebank")


def pytest_configure(config: pytest.Config) -> None:
    """One server for the whole run: the workers of a parallel run are told where it is."""
    if hasattr(config, "workerinput") or POSTGRES_VARIABLE in os.environ or config.option.collectonly:
        return
    server = ThrowawayPostgres()
    os.environ[POSTGRES_VARIABLE] = server.start()
    _server.append(server)


def pytest_unconfigure() -> None:
    while _server:
        _server.pop().stop()
        os.environ.pop(POSTGRES_VARIABLE, None)


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {"workerid": "main"})["workerid"]


@pytest.fixture(scope="session")
def sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> SqliteCopies:
    return SqliteCopies(Path(tmp_path_factory.mktemp("sqlite")))


@pytest.fixture(scope="session")
def postgres_copies(worker: str) -> PostgresCopies:
    return PostgresCopies(os.environ[POSTGRES_VARIABLE], worker)


@pytest.fixture(params=ENGINES)
def copies(request: pytest.FixtureRequest) -> SqliteCopies | PostgresCopies:
    """Fresh databases of one kind; a test that uses this runs once on each kind."""
    return request.getfixturevalue("sqlite_copies" if request.param == "sqlite" else "postgres_copies")


@pytest.fixture
def database(copies: SqliteCopies | PostgresCopies) -> Iterator[Database]:
    """An empty migrated database of this test's own, in which commits are real (deferred constraints are checked then)."""
    database = Database(copies.url())
    yield database
    copies.discard(database)
