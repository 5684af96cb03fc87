"""The import commands: what they print, what they leave behind and how they end."""

import re

import pytest

from tests.imports.commanding import Console
from tests.imports.making import BANK, MEMBERS, PEOPLE, TRANSFERS, changed, facts
from timebank.db import Database

BATCH = re.compile(r"undo-import ([0-9a-f-]{36})")


@pytest.fixture
def console(sqlite_copies, tmp_path) -> Console:
    console = Console(sqlite_copies.url(), str(tmp_path / "keys"))
    assert console.run("new-bank", BANK).exit_code == 0
    return console


def stored(console):
    database = Database(console.url)
    with database.reading() as session:
        found = facts(session)
    database.close()
    return found


def test_a_dry_run_compares_and_writes_nothing(console):
    before = stored(console)

    result = console.run("import", "timeoverflow", MEMBERS, TRANSFERS, "--bank", BANK, "--dry-run")

    assert result.exit_code == 0
    assert "4 of 4 balances equal the sum of the member's transfers; 0 differ." in result.stdout
    assert "Would be written: 4 members and 9 transfers" in result.stdout
    assert stored(console) == before


def test_an_import_can_be_repeated_and_undone_without_harm(console):
    first = console.run("import", "timeoverflow", MEMBERS, TRANSFERS)
    batch = BATCH.search(first.stdout)[1]
    after_first = stored(console)
    second = console.run("import", "timeoverflow", MEMBERS, TRANSFERS)
    assert "Nothing is new" in second.stdout
    assert stored(console) == after_first

    undone = console.run("undo-import", batch)

    assert "9 transfers reversed" in undone.stdout
    assert {row.posted for row in stored(console)[0]} == {0}
    again = console.run("undo-import", batch)
    assert (again.exit_code, "already been undone" in again.stdout) == (0, True)


def test_a_balance_that_differs_is_named_in_hours_and_minutes_and_does_not_stop_the_import(console, tmp_path):
    wrong = changed(MEMBERS, tmp_path / "members.csv", ",5400", ",9045")

    result = console.run("import", "timeoverflow", wrong, TRANSFERS)

    assert result.exit_code == 0
    assert (
        "Difference: member 1, Asha Lund: balance in the file 2:30:45 (150 min 45 s), sum of transfers 1:30 (90 min),"
        " difference 1:00:45 (60 min 45 s)"
    ) in result.stdout


def test_one_bad_cell_stops_it_with_file_row_column_value_and_fix(console, tmp_path):
    before = stored(console)
    bad = changed(TRANSFERS, tmp_path / "transfers.csv", "2:00", "2.5")

    result = console.run("import", "timeoverflow", MEMBERS, bad)

    assert result.exit_code == 2
    assert f"{bad}, row 8, column Quantity, value '2.5': Write hours and minutes as H:MM" in result.stderr
    assert stored(console) == before


def test_many_problems_are_told_up_to_a_limit(console, tmp_path):
    rows = "".join(f"2024-03-08 09:00:00 UTC,Nobody ({number}),Asha Lund (1),,1:00\n" for number in range(900, 970))
    bad = tmp_path / "transfers.csv"
    bad.write_text(f"Date,From,To,Post,Quantity\n{rows}")

    result = console.run("import", "timeoverflow", MEMBERS, bad)

    assert "and 20 more like these" in result.stderr
    assert "70 problems: nothing was saved." in result.stderr


def test_a_bank_that_is_not_there_and_a_batch_that_is_not_there_are_refused(console):
    assert console.run("import", "timeoverflow", MEMBERS, TRANSFERS, "--bank", "Nowhere").exit_code == 2
    assert console.run("undo-import", "12345678-1234-1234-1234-123456789abc").exit_code == 2
    assert console.run("undo-import", "x").exit_code == 2


def test_people_come_into_a_scheme_by_its_name(console):
    tried = console.run("import", "people", PEOPLE, "--scheme", "open", "--dry-run")
    done = console.run("import", "people", PEOPLE, "--scheme", "Open introductions")
    again = console.run("import", "people", PEOPLE, "--scheme", "open")

    assert "3 new" in tried.stdout
    assert "3 new" in done.stdout
    assert "unused and unshown until they say yes" in done.stdout
    assert "Nothing is new" in again.stdout
    assert console.run("import", "people", PEOPLE, "--scheme", "no such").exit_code == 2


def test_names_are_not_read_as_markup(console, tmp_path):
    odd = changed(MEMBERS, tmp_path / "m.csv", "Wen Ito,", "[bold]Wen[/] Ito,")
    odd = changed(odd, tmp_path / "m2.csv", ",,en,0", ",,en,60")
    rows = changed(TRANSFERS, tmp_path / "t.csv", "Wen Ito", "[bold]Wen[/] Ito")

    result = console.run("import", "timeoverflow", odd, rows)

    assert "member 7, [bold]Wen[/] Ito:" in result.stdout


def test_every_command_of_ours_has_help(console):
    for words in (
        ["import"],
        ["import", "timeoverflow"],
        ["import", "people"],
        ["undo-import"],
        ["export"],
        ["verify"],
    ):
        assert console.run(*words, "--help").exit_code == 0
    for words in (["backup"], ["restore"]):
        assert "backup-keys" in console.run("backup", "--help").stdout
        assert console.run(*words, "--help").exit_code == 0
