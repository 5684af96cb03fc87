"""A database of another version: every command stops with one sentence, and only `migrate` brings it up."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import inspect

from timebank import migrating
from timebank.cli import main
from timebank.db import Database

SENTENCE = "This database was made by another version of Timebank. Run 'timebank migrate' first.\n"
PEOPLE = Path(__file__).parents[1] / "data" / "people"


def commands(folder: Path) -> dict[str, list[str]]:
    some_file = folder / "people.csv"
    some_file.write_text("id\none\n")
    return {
        "new-bank": ["new-bank", "Riverbank"],
        "add-coordinator": ["add-coordinator", "Cora"],
        "remove-second-step": ["remove-second-step", "cora"],
        "make-coordinator": ["make-coordinator", "2222-2222"],
        "remove-coordinator": ["remove-coordinator", "2222-2222"],
        "give-code": ["give-code", "2222-2222"],
        "bring-back": ["bring-back", "2222-2222"],
        "work": ["work", "--once"],
        "send-mail": ["send-mail"],
        "seal": ["seal"],
        "verify": ["verify"],
        "export": ["export", "csv"],
        "import": ["import", "people", str(some_file), "--scheme", "open"],
        "undo-import": ["undo-import", "00000000-0000-0000-0000-000000000000"],
        "audit-head": ["audit-head"],
        "safety-hold": ["safety-hold", "end", "00000000-0000-0000-0000-000000000000"],
        "add-lead": ["add-lead", "Lena"],
        "remove-lead": ["remove-lead", "2222-2222"],
        "leads": ["leads"],
        "add-conflict": ["add-conflict", "2222-2222", "3333-3333", "--kind", "partner"],
        "concerns": ["concerns", "--waiting"],
        "reseal": ["reseal"],
        "helplines": ["helplines"],
        "backup": ["backup", str(folder / "backup")],
        "change-keys": ["change-keys"],
    }


# These need no database, or make one, or bring it up to date themselves.
OTHERS = {"serve", "migrate", "match", "restore", "backup-keys", "restore-keys"}


class Installation:
    def __init__(self, folder: Path, revision: str | None) -> None:
        self.folder = folder
        self.file = folder / "bank.db"
        database = self.database()
        if revision:
            migrating.migrate(database, revision)
        database.close()

    def database(self) -> Database:
        return Database(f"sqlite:///{self.file}")

    def run(self, *words: str) -> Result:
        settings = {"TIMEBANK_DATABASE_URL": f"sqlite:///{self.file}", "TIMEBANK_KEYS": str(self.folder / "keys")}
        return CliRunner().invoke(main, list(words), env=settings)

    def revision(self) -> str | None:
        database = self.database()
        found = migrating.current(database)
        database.close()
        return found


@pytest.fixture(params=[None, "0001", "0002", "0003"], ids=["empty", "of 0001", "of 0002", "of 0003"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    return Installation(tmp_path, request.param)


class TestEveryCommand:
    def test_is_tried_here(self, tmp_path: Path):
        assert set(commands(tmp_path)) | OTHERS == set(main.commands)

    def test_stops_with_2_and_one_sentence(self, old: Installation, tmp_path: Path):
        before = old.revision()

        answers = {name: old.run(*words) for name, words in commands(tmp_path).items()}

        assert {name: answer.exit_code for name, answer in answers.items() if answer.exit_code != 2} == {}
        assert {name: answer.stderr for name, answer in answers.items() if answer.stderr != SENTENCE} == {}
        assert {answer.stdout for answer in answers.values()} == {""}
        assert old.revision() == before


class TestMigrate:
    def test_brings_it_up(self, old: Installation):
        answer = old.run("migrate")

        assert answer.exit_code == 0, answer.output
        assert old.revision() == migrating.newest()
        assert old.run("verify").exit_code == 0

    def test_copies_a_file_first(self, tmp_path: Path):
        old = Installation(tmp_path, "0002")

        answer = old.run("migrate")

        (copy,) = tmp_path.glob("bank.db.before-*")
        assert str(copy) in answer.stdout.replace("\n", "")
        kept = Installation.__new__(Installation)
        kept.folder, kept.file = tmp_path, copy
        assert kept.revision() == "0002"

    def test_copies_nothing_when_there_is_nothing_to_do(self, tmp_path: Path):
        old = Installation(tmp_path, migrating.newest())

        answer = old.run("migrate")

        assert answer.exit_code == 0
        assert answer.stdout == ""
        assert list(tmp_path.glob("bank.db.before-*")) == []

    def test_stops_at_a_database_of_a_newer_version(self, tmp_path: Path):
        newer = Installation(tmp_path, migrating.newest())
        database = newer.database()
        with database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        database.close()

        answer = newer.run("migrate")

        assert answer.exit_code == 2, answer.output
        assert answer.exception is None or isinstance(answer.exception, SystemExit)
        assert answer.stderr.count("\n") == 1

    def test_stops_at_a_file_that_is_no_database(self, tmp_path: Path):
        odd = Installation(tmp_path, migrating.newest())
        shutil.copy(Path(__file__), odd.file)
        for more in tmp_path.glob("bank.db-*"):
            more.unlink()

        answer = odd.run("migrate")

        assert answer.exit_code == 2
        assert answer.stderr.startswith("The database cannot be opened")


def test_a_downgraded_database_has_lost_only_the_last_tables(tmp_path: Path):
    old = Installation(tmp_path, migrating.newest())
    database = old.database()
    migrating.downgrade(database, "0001")
    with database.engine.connect() as connection:
        left = set(inspect(connection).get_table_names())
    database.close()

    assert left == {"account", "entry", "transfer", "alembic_version"}
