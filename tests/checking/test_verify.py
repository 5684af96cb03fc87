"""verify finds what was forged, names it, and changes nothing."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select, text

from tests.exports.making import live
from tests.imports.commanding import Console
from tests.imports.making import AT, facts, make_bank, read
from timebank.checking.reads import check_bank
from timebank.db import Database
from timebank.hours.models import HourLog
from timebank.imports import service
from timebank.members.models import Bank, Member

FORGERIES = {
    "UPDATE hour_log SET minutes = minutes + 1 WHERE id = (SELECT min(id) FROM hour_log)": "every log says what its transfer says",
    "UPDATE member SET account_id = (SELECT community_account_id FROM bank) WHERE name = 'Wen Ito'": "every member has an account of their own",
    "UPDATE bank SET community_account_id = (SELECT min(account_id) FROM member)": "the bank has its community account",
    "UPDATE account SET posted = posted + 1 WHERE kind = 'community'": "the bank sums to zero",
    "UPDATE imported_row SET transfer_id = '00000000000000000000000000000001' WHERE words = 'Painting'": "refers to a row",
    "UPDATE account SET bank_id = '00000000000000000000000000000001' WHERE kind = 'leaver'": "belong to no bank",
}


@pytest.fixture
def forged(sqlite_copies, tmp_path):
    """A SQLite bank with an import in it, and a door past its rules, as somebody with the file has one."""
    database = Database(sqlite_copies.url())
    with database.writing() as session:
        bank = make_bank(session)
        service.import_timeoverflow(session, bank=bank, export=read(), at=AT)
    console = Console(str(database.url), str(tmp_path / "keys"))

    def forge(statement: str) -> None:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            for name in (
                connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            ):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
            connection.exec_driver_sql(statement)
        database.close()

    yield database, console, forge
    sqlite_copies.discard(database)


def test_an_honest_bank_passes_and_is_not_changed(forged):
    database, console, _ = forged
    with database.reading() as session:
        before = facts(session)

    result = console.run("verify")

    assert result.exit_code == 0
    assert "every log says what its transfer says: 8 looked at, 0 off" in result.stdout
    assert "Everything agrees." in result.stdout
    with database.reading() as session:
        assert facts(session) == before


@pytest.mark.parametrize(("statement", "said"), list(FORGERIES.items()))
def test_a_forged_row_is_found_and_named(forged, statement, said):
    _, console, forge = forged
    forge(statement)

    result = console.run("verify")

    assert result.exit_code == 1
    assert "The first that is off: " in result.stderr
    assert said in result.stderr


def test_json_says_the_same(forged):
    _, console, forge = forged
    assert json.loads(console.run("verify", "--json").stdout)["ok"] is True
    forge("UPDATE hour_log SET minutes = minutes + 1 WHERE words = 'Newsletter'")

    result = console.run("verify", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["ok"] is False
    [wrong] = told["banks"][0]["wrong"]
    assert (wrong["table"], wrong["check"]) == ("hour_log", "every log says what its transfer says")


def test_a_damaged_file_is_told_in_a_sentence(forged):
    database, console, _ = forged
    path = database.url.database
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        [root] = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'entry'").scalars()
        [size] = connection.exec_driver_sql("PRAGMA page_size").scalars()
    database.close()
    with Path(path).open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\x00" * size)

    result = console.run("verify")

    assert result.exit_code == 1
    assert "damaged" in result.stderr or "cannot be read" in result.stderr


def test_a_bank_that_is_not_there_is_bad_use(forged):
    assert forged[1].run("verify", "--bank", "Nowhere").exit_code == 2


def test_every_bank_is_checked_on_both_databases_and_a_wrong_log_is_found(database):
    with database.writing() as session:
        lively = live(session, seed=3, acts=150)
        bank = make_bank(session)
        service.import_timeoverflow(session, bank=bank, export=read(), at=AT)
    with database.reading() as session:
        reports = [check_bank(session, session.get_one(Bank, one.id)) for one in (lively, bank)]
        assert [report.wrong for report in reports] == [(), ()]
        assert all(count >= 0 for report in reports for count in report.counts.values())

    with database.writing() as session:
        log = session.scalars(select(HourLog).where(HourLog.words == "Newsletter")).one()
        stranger = session.scalars(select(Member).where(Member.bank_id == bank.id, Member.id != log.giver_id)).first()
        session.execute(text("UPDATE hour_log SET receiver_id = :one WHERE words = 'Newsletter'"), {
            "one": stranger.id.hex if database.is_sqlite else stranger.id,
        })  # fmt: skip

    with database.reading() as session:
        [wrong] = check_bank(session, session.get_one(Bank, bank.id)).wrong
    assert wrong.row == str(log.id)


class TestSealedBooks:
    def code(self, console: Console) -> str:
        said = console.run("seal")
        assert said.exit_code == 0
        return said.stdout.rpartition("Check code: ")[2].strip()

    def test_sealing_prints_a_check_code_that_verify_finds_again(self, forged):
        _, console, _ = forged
        code = self.code(console)

        result = console.run("verify", "--head", code)

        assert result.exit_code == 0
        assert f"Check code: {code} (0 settled since)" in result.stdout
        assert "check codes from outside stand in the chain: 1 looked at, 0 off" in result.stdout

    def test_sealing_again_with_nothing_new_keeps_the_code(self, forged):
        _, console, _ = forged

        assert self.code(console) == self.code(console)

    def test_a_past_that_was_written_anew_does_not_fit_the_code_that_was_kept(self, forged):
        """Somebody with the file changes an hour, and seals everything again so that it holds together."""
        _, console, forge = forged
        code = self.code(console)
        forge("DELETE FROM sealed_account")
        forge("DELETE FROM seal")
        forge("DELETE FROM block")
        forge("UPDATE transfer SET happened_on = '2020-01-01' WHERE kind = 'import'")
        other = self.code(console)

        result = console.run("verify", "--head", code)

        assert other != code
        assert result.exit_code == 1
        assert "check codes from outside stand in the chain" in result.stderr

    def test_json_gives_a_monitor_the_code_and_what_is_not_sealed_yet(self, forged):
        _, console, _ = forged
        unsealed = json.loads(console.run("verify", "--json").stdout)["banks"][0]
        code = self.code(console)

        sealed = json.loads(console.run("verify", "--json").stdout)["banks"][0]

        assert (unsealed["check_code"], sealed["check_code"]) == (None, code)
        assert unsealed["unsealed"] > 0
        assert sealed["unsealed"] == 0

    @pytest.mark.parametrize("code", ["7", "7-abc", "x-" + "a" * 64])
    def test_what_is_no_check_code_is_bad_use(self, forged, code):
        _, console, _ = forged

        result = console.run("verify", "--head", code)

        assert result.exit_code == 2
        assert "is no check code" in result.stderr

    def test_exports_carry_the_code(self, forged):
        _, console, _ = forged
        code = self.code(console)

        texts = [console.run("export", kind).stdout for kind in ("hledger", "beancount", "json")]

        assert all(code in text for text in texts)
