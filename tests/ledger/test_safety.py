"""A start on a database that does not keep what it takes is refused, with a sentence that says what to do."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import waitress
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, event

from ledger import safety
from ledger.safety import UnsafeDatabase, check_connection
from tests.postgres import ThrowawayPostgres
from timebank.cli import main
from timebank.db import Database


@pytest.fixture(scope="module")
def careful() -> Iterator[str]:
    """A PostgreSQL as it comes, which waits for the disk."""
    server = ThrowawayPostgres(settings="")
    yield server.start().format("postgres")
    server.stop()


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`timebank serve` up to where it would begin to serve."""
    monkeypatch.setattr(waitress, "serve", lambda *_, **__: None)

    def invoke(url: str, owner: str | None = None) -> Result:
        with closing(socket.socket()) as door:
            door.bind(("127.0.0.1", 0))
            port = door.getsockname()[1]
        settings = {"TIMEBANK_DATABASE_URL": url, "TIMEBANK_PORT": str(port), "TIMEBANK_KEYS": str(tmp_path / "keys")}
        return CliRunner().invoke(
            main, ["serve"], env=settings | ({"TIMEBANK_OWNER_DATABASE_URL": owner} if owner else {})
        )

    return invoke


def check(url: str, *, has_owner: bool = False) -> None:
    with closing(Database(url)) as database, database.engine.connect() as connection:
        check_connection(connection, has_owner=has_owner)


def change(url: str, *settings: str) -> None:
    """For the whole server, and only once it is so everywhere."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in settings:
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        if not settings:
            connection.exec_driver_sql("ALTER SYSTEM RESET ALL")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        for setting in ("fsync", "full_page_writes"):
            wanted, until = "off" if setting in settings else "on", time.monotonic() + 10
            while connection.exec_driver_sql(f"SHOW {setting}").scalar() != wanted:
                assert time.monotonic() < until, setting
                time.sleep(0.01)
    engine.dispose()


class TestSqlite:
    def test_as_the_app_opens_it_it_is_safe(self, sqlite_copies):
        check(sqlite_copies.url())

    def test_in_memory_there_is_nothing_to_lose(self):
        check("sqlite://")

    @pytest.mark.parametrize(
        ("switch", "refusal"),
        [
            ("foreign_keys=OFF", safety.LinksUnchecked),
            ("synchronous=NORMAL", safety.MayForgetCommits),
            ("synchronous=OFF", safety.MayForgetCommits),
            ("journal_mode=DELETE", safety.NoWriteAheadLog),
            ("journal_mode=MEMORY", safety.NoWriteAheadLog),
        ],
    )
    def test_whatever_is_switched_off_is_noticed(self, sqlite_copies, switch, refusal):
        database = Database(sqlite_copies.url())
        event.listen(database.engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {switch}"))

        with database.engine.connect() as connection, pytest.raises(UnsafeDatabase) as refused:
            check_connection(connection)

        sqlite_copies.discard(database)
        assert type(refused.value) is refusal

    def test_serve_refuses_where_there_can_be_no_write_ahead_log(self, start, tmp_path):
        """As on a drive that knows no shared memory between processes."""
        answer = start(f"sqlite:///file:{tmp_path}/bank.db?vfs=unix-dotfile&uri=true")

        assert (answer.exit_code, answer.stderr.strip()) == (2, safety.NoWriteAheadLog().sentence)
        assert "Timebank is ready" not in answer.stdout
        assert not Path("file:").exists()  # a folder of that name was once left behind


class TestPostgresql:
    def test_as_it_comes_it_is_safe(self, careful):
        check(careful)

    @pytest.mark.parametrize(
        ("setting", "refusal"), [("fsync", safety.DiskNotAwaited), ("full_page_writes", safety.PagesMayTear)]
    )
    def test_whatever_is_switched_off_is_noticed(self, careful, setting, refusal):
        change(careful, setting)

        with pytest.raises(UnsafeDatabase) as refused:
            check(careful)

        change(careful)
        assert type(refused.value) is refusal

    def test_a_role_that_does_not_wait_for_its_commits_is_noticed(self, careful):
        with pytest.raises(safety.CommitNotAwaited):
            check(f"{careful}&options=-csynchronous_commit%3Doff")

    def test_serve_starts_where_all_is_well(self, start, careful):
        answer = start(careful)

        assert answer.exit_code == 0, answer.output
        assert "Timebank is ready" in answer.stdout

    def test_serve_refuses_a_server_that_does_not_wait_for_the_disk(self, start, postgres_copies):
        """The tests' own one does not, since what it holds is thrown away."""
        answer = start(postgres_copies.url())

        assert (answer.exit_code, answer.stderr.strip()) == (2, safety.DiskNotAwaited().sentence)
        assert "Timebank is ready" not in answer.stdout

    def test_serve_refuses_an_app_that_may_delete_entries_though_another_role_migrates(self, start, careful):
        answer = start(careful, owner=careful)

        assert (answer.exit_code, answer.stderr.strip()) == (2, safety.MayRewriteHistory().sentence)


def test_every_refusal_says_what_is_off_and_what_to_do():
    refusals = UnsafeDatabase.__subclasses__()

    assert len(refusals) == 7
    for refusal in refusals:
        sentences = refusal().sentence.split(". ")
        assert len(sentences) == 2, refusal
        assert sentences[1].startswith(("Set ", "Put ", "Use ", "Name ")), refusal
