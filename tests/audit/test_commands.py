"""Heads that are kept elsewhere, what verify says of the trail, and what commands leave in it."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from tests.audit.making import as_owner, head_at
from tests.factories import NOON
from tests.imports.commanding import Console
from timebank import serving
from timebank.audit import heads, reads, service
from timebank.audit.heads import Keeper
from timebank.audit.models import Act, Actor, AuditEvent, Record, SafetyHold
from timebank.config import Config
from timebank.db import Database
from timebank.members import reads as members
from timebank.members.models import Bank, Member

TODAY = NOON.date()


@pytest.fixture
def console(database, tmp_path) -> Console:
    """On either database, by an address that a command line can carry."""
    console = Console(database.url.render_as_string(hide_password=False), str(tmp_path / "keys"))
    assert console.run("new-bank", "Riverbank").exit_code == 0
    assert console.run("add-coordinator", "Cora").exit_code == 0
    return console


def only_bank(session) -> Bank:
    bank = members.find_bank(session)
    assert bank
    return bank


def acts(database: Database) -> list[Act]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEvent.act).order_by(AuditEvent.seq)))


def note_some(database: Database, events: int = 5) -> None:
    for _ in range(events):
        with database.writing() as session:
            service.note(
                session, bank_id=only_bank(session).id, by=Actor.SYSTEM, act=Act.EXPORTED, record=Record.BANK, at=NOON
            )


def forge(database: Database, statement: str) -> None:
    with as_owner(database) as session:
        session.execute(text(statement))
        session.commit()


class TestHeads:
    def test_a_line_is_printed_to_keep_and_found_again(self, console, database, tmp_path):
        said = console.run("audit-head")
        kept = tmp_path / "kept"
        kept.write_text(said.stdout)
        note_some(database)

        again = console.run("verify", "--audit-head", kept)

        assert said.stdout.count("\n") == 1
        assert "Riverbank" not in said.stdout
        assert again.exit_code == 0, again.stderr
        assert "each audit head that was kept stands in the trail: 1 looked at, 0 off" in again.stdout

    def test_what_was_cut_off_behind_it_is_found(self, console, database, tmp_path):
        note_some(database)
        kept = tmp_path / "kept"
        kept.write_text(console.run("audit-head").stdout)
        forge(database, "DELETE FROM audit_event WHERE seq >= 7")

        assert console.run("verify").exit_code == 0
        found = console.run("verify", "--audit-head", kept)

        assert found.exit_code == 1
        assert "audit_event 7: expected events up to 9" in found.stderr

    @pytest.mark.parametrize("given", ["", "no head at all\n", "timebank-audit-1 0 1 2 3 4\n"])
    def test_what_is_none_is_bad_use(self, console, tmp_path, given):
        kept = tmp_path / "kept"
        kept.write_text(given)

        assert console.run("verify", "--audit-head", kept).exit_code == 2
        assert console.run("verify", "--audit-head", tmp_path / "nothing").exit_code == 2

    def test_one_of_another_key_is_bad_use(self, console, database, tmp_path):
        other = Console(console.url, str(tmp_path / "other-keys"))
        kept = tmp_path / "kept"
        kept.write_text(other.run("audit-head").stdout)

        said = console.run("verify", "--audit-head", kept)

        assert said.exit_code == 2
        assert "not written with this server's key" in said.stderr


class TestTheFile:
    @pytest.fixture
    def path(self, tmp_path) -> Path:
        return tmp_path / "keys.heads"

    def test_grows_by_a_line_when_there_is_something_new(self, console, database, path, tmp_path):
        key = (tmp_path / "keys").read_text().strip()
        keeper = Keeper(database, path, key=key)
        wrote = [keeper.keep(today=TODAY), keeper.keep(today=TODAY)]
        note_some(database, 3)
        wrote.append(keeper.keep(today=TODAY))

        assert wrote == [1, 0, 1]
        assert [head.seq for head in heads.read_file(path, key=key).heads] == [4, 7]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert console.run("verify").exit_code == 0
        assert json.loads(console.run("verify", "--json").stdout)["banks"][0]["audit"]["heads"] == 2

    def test_is_believed_against_the_database(self, console, database, path, tmp_path):
        note_some(database)
        keeper = Keeper(database, path, key=(tmp_path / "keys").read_text().strip())
        keeper.keep(today=TODAY)
        forge(database, "DELETE FROM audit_event WHERE seq = 9")

        found = console.run("verify", "--json")

        assert found.exit_code == 1
        [wrong] = json.loads(found.stdout)["banks"][0]["wrong"]
        assert (wrong["table"], wrong["row"]) == ("audit_event", "9")

    def test_a_line_that_somebody_else_wrote_is_named(self, console, path):
        path.write_text("timebank-audit-1 nonsense\n")

        found = console.run("verify")

        assert found.exit_code == 1
        assert "line 1 is no head of an audit trail" in found.stderr

    def test_a_line_that_was_torn_does_not_spoil_the_next(self, console, database, path, tmp_path):
        path.write_bytes(b"timebank-audi")
        key = (tmp_path / "keys").read_text().strip()
        Keeper(database, path, key=key).keep(today=TODAY)

        assert len(heads.read_file(path, key=key).heads) == 1

    def test_is_written_while_the_bank_is_served(self, console, database, path, tmp_path):
        key = (tmp_path / "keys").read_text().strip()
        config = Config(secret_key=key, keys_file=tmp_path / "keys")
        with serving.keeping_heads(config, database, every=3600):
            note_some(database, 2)

        assert [head.seq for head in heads.read_file(path, key=key).heads][-1] == 6
        assert serving.KEEP_HEADS_EVERY <= 300

    def test_that_cannot_be_written_does_not_stop_the_bank(self, console, database, tmp_path, caplog):
        config = Config(secret_key="k" * 40, keys_file=tmp_path / "nowhere" / "keys")
        with serving.keeping_heads(config, database, every=3600):
            pass

        assert "could not be kept: FileNotFoundError" in caplog.text


class TestVerify:
    def test_names_the_first_event_that_was_changed(self, console, database):
        note_some(database)
        forge(database, "UPDATE audit_event SET reason = 'worried' WHERE seq IN (6, 8)")

        found = console.run("verify")

        assert found.exit_code == 1
        assert "each audit event follows the one before it: audit_event 6" in found.stderr

    def test_counts_and_says_how_far_the_trail_is(self, console, database):
        note_some(database)

        said = console.run("verify")

        assert "each audit event follows the one before it: 9 looked at, 0 off" in said.stdout
        assert "Audit trail: event 9, 0 kept heads compared" in said.stdout


class TestCommands:
    def test_leave_events(self, console, database, tmp_path):
        console.run("export", "csv", "-o", tmp_path / "hours.csv")

        assert acts(database) == [
            Act.OPENED_BANK, Act.ADDED_MEMBER, Act.MADE_COORDINATOR, Act.GAVE_CODE, Act.EXPORTED,
        ]  # fmt: skip

    def test_an_export_that_cannot_be_noted_is_not_made(self, console, database, tmp_path, monkeypatch):
        monkeypatch.setattr(service.chain, "digest", lambda *_: "too short")

        with pytest.raises(AssertionError):  # the database refuses, and the command stops there
            console.run("export", "csv", "-o", tmp_path / "hours.csv")

        assert not (tmp_path / "hours.csv").exists()

    def test_a_restore_goes_on_from_the_backup_and_says_so(self, console, database, copies, tmp_path):
        backup, path = tmp_path / "bank.backup", tmp_path / "keys.heads"
        key = (tmp_path / "keys").read_text().strip()
        assert console.run("backup", backup).exit_code == 0
        note_some(database)
        Keeper(database, path, key=key).keep(today=TODAY)
        fresh = Database(copies.url())
        restored = Console(fresh.url.render_as_string(hide_password=False), console.keys)

        answer = restored.run("restore", backup)

        assert answer.exit_code == 0, answer.stderr
        assert acts(fresh)[-1] is Act.RESTORED
        said = restored.run("verify")
        assert said.exit_code == 0, said.stderr
        assert "1 kept heads compared, 1 from before a restore" in said.stdout
        copies.discard(fresh)


class TestSafetyHold:
    @pytest.fixture
    def codes(self, console, database) -> dict[str, str]:
        console.run("add-coordinator", "Lena")
        with database.reading() as session:
            return {member.name: member.code for member in session.scalars(select(Member))}

    def test_is_set_and_ended_and_noted(self, console, database, codes):
        more = ("--by", codes["Lena"], "--reason", "asked-by-police", "--days", 30, "--looker", codes["Lena"])

        said = console.run("safety-hold", "set", codes["Cora"], *more)
        with database.reading() as session:
            [hold] = session.scalars(select(SafetyHold))
            assert hold.until == hold.set_at + timedelta(days=30)
        ended = console.run("safety-hold", "end", hold.id)
        again = console.run("safety-hold", "end", hold.id)

        assert (said.exit_code, ended.exit_code, again.exit_code) == (0, 0, 2)
        assert str(hold.id) in said.stdout
        assert acts(database)[-2:] == [Act.SET_SAFETY_HOLD, Act.ENDED_SAFETY_HOLD]
        with database.reading() as session:
            assert session.scalars(select(AuditEvent.about_id).order_by(AuditEvent.seq)).all()[-1] == hold.about_id

    @pytest.mark.parametrize(
        ("by", "days", "sentence"),
        [
            ("Lena", 91, "90"),
            ("Lena", 0, "1"),
            ("Cora", 30, "Nobody sets a safety hold on what they see themselves"),
            ("nobody", 30, "Nobody in Riverbank has the code"),
        ],
    )
    def test_is_refused_in_a_sentence(self, console, codes, by, days, sentence):
        more = ("--by", codes.get(by, "22222222"), "--reason", "somebody-at-risk", "--days", days)

        said = console.run("safety-hold", "set", codes["Cora"], *more)

        assert said.exit_code == 2
        assert sentence in said.stderr

    def test_one_that_is_not_there_is_said_to_be_so(self, console):
        assert console.run("safety-hold", "end", "00000000-0000-0000-0000-000000000000").exit_code == 2


def test_a_head_says_what_the_trail_says(console, database):
    with database.reading() as session:
        bank = only_bank(session)
        assert reads.newest_head(session, bank.id, day=TODAY) == head_at(session, bank.id, 4)
