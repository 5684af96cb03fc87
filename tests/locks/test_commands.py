"""Whoever runs the bank: new keys, a copy of the keys, and the copy put back."""

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.imports.commanding import Console
from timebank.db import Database
from timebank.members.models import Member
from timebank.profiles.models import Answer
from timebank.vault.keys import KeyRing


@pytest.fixture
def console(database: Database, session: Session, giver: Member, tmp_path: Path) -> Console:
    """A bank with an answer under lock, and the keys to it."""
    session.commit()
    console = Console(database.url.render_as_string(hide_password=False), str(tmp_path / "keys"))
    assert console.run("verify").exit_code == 0  # the server's own key is made by whoever comes first
    session.info["keys"] = KeyRing(tmp_path / "keys")
    session.add(Answer(member_id=giver.id, criterion="skills", words=["chess"]))
    session.commit()
    return console


def test_new_keys_lock_everything_and_all_opens(console: Console):
    made = console.run("change-keys")

    assert made.exit_code == 0
    assert "1 things are locked with new keys" in made.stdout
    assert "Under lock: 1 open, 0 do not" in console.run("verify").stdout


def test_a_copy_that_is_put_back_opens_everything(console: Console, tmp_path: Path):
    copy, elsewhere = tmp_path / "copy", tmp_path / "elsewhere"
    made = console.run("backup-keys", copy)
    moved = Console(console.url, str(elsewhere / "keys"))
    assert moved.run("verify").exit_code == 1

    back = moved.run("restore-keys", copy)

    assert (made.exit_code, back.exit_code) == (0, 0), (made.output, back.output)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "Under lock: 1 open, 0 do not" in moved.run("verify").stdout
    assert (elsewhere / "keys").read_text() == (tmp_path / "keys").read_text()


def test_verify_names_what_does_not_open_and_says_no_word_of_it(console: Console, tmp_path: Path, giver: Member):
    answer = Console(console.url, str(tmp_path / "others")).run("verify", "--json")

    told = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert told["under_lock"] == {"opens": 0, "does_not_open": 1}
    assert told["database"] == [f"answer.sealed_words:{giver.id},skills does not open with these keys"]


def test_serving_with_other_keys_is_refused(console: Console, tmp_path: Path):
    answer = Console(console.url, str(tmp_path / "others")).run("serve")

    assert answer.exit_code == 2
    assert "These are not the keys" in answer.stderr


class TestRefusals:
    def test_keys_are_never_written_over(self, console: Console, tmp_path: Path):
        console.run("backup-keys", tmp_path / "copy")
        before = (tmp_path / "keys-master").read_bytes()

        refused = console.run("restore-keys", tmp_path / "copy")

        assert refused.exit_code == 2
        assert "never written over" in refused.stderr
        assert (tmp_path / "keys-master").read_bytes() == before

    def test_a_file_that_is_there_is_not_taken(self, console: Console, tmp_path: Path):
        (tmp_path / "copy").write_text("mine")

        assert "is there already" in console.run("backup-keys", tmp_path / "copy").stderr
        assert (tmp_path / "copy").read_text() == "mine"

    @pytest.mark.parametrize(
        "text", ["", "hello", "[]", "{}", '{"form": 1, "people": [], "master": "x", "server": "y"}', "\x00\xff"]
    )
    def test_what_is_no_copy_is_refused(self, console: Console, tmp_path: Path, text: str):
        (tmp_path / "copy").write_text(text, encoding="latin-1")
        empty = Console(console.url, str(tmp_path / "empty"))

        refused = empty.run("restore-keys", tmp_path / "copy")

        assert refused.exit_code == 2
        assert not (tmp_path / "empty-master").exists()

    def test_a_copy_that_is_not_there(self, console: Console, tmp_path: Path):
        assert "cannot be read" in console.run("restore-keys", tmp_path / "nothing").stderr

    def test_a_folder_that_is_not_there(self, console: Console, tmp_path: Path):
        assert "cannot be written" in console.run("backup-keys", tmp_path / "no" / "copy").stderr
