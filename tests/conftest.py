"""What every test may use. The databases are real: SQLite files and a PostgreSQL 18 that lives as long as the run."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache
from pytest_factoryboy import LazyFixture, register
from sqlalchemy.orm import Session

from tests.clients import Browser
from tests.databases import ENGINES, PostgresCopies, SqliteCopies
from tests.demonstration.inventing import copy_of, invent, made_once
from tests.factories import (
    CURRENT,
    BankFactory,
    HourLogFactory,
    IntroductionFactory,
    MemberFactory,
    PartFactory,
    SchemeFactory,
)
from tests.postgres import ThrowawayPostgres
from timebank.app import create_app
from timebank.config import Config, Mail
from timebank.db import Database
from timebank.members.models import Member
from timebank.schemes import service as schemes
from timebank.vault.keys import KeyRing

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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Where the minutes go: seconds of work by part, all workers together."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds["/".join(Path(report.nodeid.partition("::")[0]).parts[:2])] += report.duration
    if seconds:
        terminalreporter.section("seconds by part")
        for part, spent in seconds.most_common():
            terminalreporter.write_line(f"{part:<28}{spent:8.1f}")


def pytest_unconfigure() -> None:
    while _server:
        _server.pop().stop()
        os.environ.pop(POSTGRES_VARIABLE, None)


@pytest.fixture(autouse=True)
def _surroundings() -> Iterator[None]:
    """A test that leaves a variable of the environment changed is told so, or another one fails for it an hour later."""
    before = {**os.environ, "PYTEST_CURRENT_TEST": ""}
    yield
    left = {**os.environ, "PYTEST_CURRENT_TEST": ""}
    assert {name for name, value in left.items() ^ before.items()} == set(), "put the environment back"


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {"workerid": "main"})["workerid"]


@pytest.fixture(scope="session")
def sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> SqliteCopies:
    return SqliteCopies(Path(tmp_path_factory.mktemp("sqlite")))


@pytest.fixture(scope="session")
def postgres_copies(worker: str) -> Iterator[PostgresCopies]:
    copies = PostgresCopies(os.environ[POSTGRES_VARIABLE], worker)
    yield copies
    copies.close()


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of this run."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if hasattr(request.config, "workerinput") else folder


@pytest.fixture(scope="session")
def invented(shared_folder: Path) -> Path:
    """The invented community, made once for all workers. Read it, or copy it."""
    return made_once(shared_folder / "invented.db", invent)


@pytest.fixture
def community(invented: Path, tmp_path: Path) -> Iterator[Database]:
    """A copy of the invented community that this test may change."""
    database = copy_of(invented, tmp_path / "community.db")
    yield database
    database.close()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    """The keys of all databases but the invented community's, which has its own. They need not outlive a power cut."""
    return KeyRing(tmp_path_factory.mktemp("keys") / "keys", is_durable=False)


@pytest.fixture(params=ENGINES)
def copies(request: pytest.FixtureRequest) -> SqliteCopies | PostgresCopies:
    """Fresh databases of one kind; a test that uses this runs once on each kind."""
    return request.getfixturevalue("sqlite_copies" if request.param == "sqlite" else "postgres_copies")


@pytest.fixture
def database(copies: SqliteCopies | PostgresCopies, keys: KeyRing) -> Iterator[Database]:
    """An empty migrated database of this test's own, in which commits are real (deferred constraints are checked then)."""
    database = Database(copies.url(), keys=keys)
    yield database
    copies.discard(database)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """The test's own session; factories build in it, and `as_` commits it before each request."""
    opened = database.open_writing()
    CURRENT["session"] = opened
    yield opened
    opened.close()
    CURRENT.clear()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Every test has an app of its own; its templates need not be compiled anew each time."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(database: Database, compiled: FileSystemBytecodeCache) -> Flask:
    mail = Mail(host="mail.example.org", sender="post@example.org")  # pages offer it; only tests of sending send any
    app = create_app(Config(secret_key="only-for-tests-" * 3, mail=mail), database)
    app.jinja_env.bytecode_cache = compiled
    return app


@pytest.fixture
def as_(app: Flask, session: Session) -> Callable[[Member | None], Browser]:
    return lambda member: Browser(app, session, member)


@pytest.fixture
def stranger(as_: Callable[[Member | None], Browser]) -> Browser:
    return as_(None)


@pytest.fixture(autouse=True)
def noise(request: pytest.FixtureRequest) -> None:
    """Rows that belong to somebody else, so that a filter that is missing shows."""
    if "session" in request.fixturenames:
        request.getfixturevalue("session")
        HourLogFactory(words="somebody else's")


register(BankFactory)
register(BankFactory, "another_bank", name="Another bank")
register(MemberFactory)
register(SchemeFactory)
register(PartFactory)
register(HourLogFactory)
register(IntroductionFactory)
# Each person by name, so that the giver is never the receiver.
for person in ("giver", "receiver", "mentor", "supported", "bystander"):
    register(MemberFactory, person, bank=LazyFixture("bank"), name=person.title())
# Named on its own: left to the factory, the outsider would be given the same bank as everybody else.
register(MemberFactory, "outsider", bank=LazyFixture("another_bank"), name="Outsider")
register(MemberFactory, "looks_after_all", bank=LazyFixture("bank"), name="Coordinator")


@pytest.fixture
def coordinator(looks_after_all: Member, session: Session) -> Member:
    """Looks after the whole bank."""
    schemes.make_coordinator(session, member=looks_after_all)
    return looks_after_all
