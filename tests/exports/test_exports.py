"""What goes out adds up to what is in the bank, in the eyes of the programs that read it."""

# ruff: noqa: RUF001 - full-width signs are what this is for

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest
from beancount import loader
from beancount.core.data import Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.transfers import Transfer, TransferKind
from matching.formulas import unguarded
from tests.databases import ENGINES
from tests.exports.making import START, live
from tests.imports.commanding import Console
from timebank.db import Database, snapshot
from timebank.exports import formats, service
from timebank.exports.reads import list_accounts
from timebank.exports.service import ExportKind, NotTheSame
from timebank.members import service as members
from timebank.members.models import Bank

ACTS = 350
MANY = 10_000
NUMBERS = {"minutes", "balance_after"}
LINE = re.compile(r"^\s*(-?\d+)(?: min)?  (\S.*)$")


@pytest.fixture(scope="module")
def lived() -> Iterator[dict[str, tuple[Database, Bank]]]:
    """One bank on each kind of database, made when first asked for: these tests only read."""
    made: dict[str, tuple[Database, Bank]] = {}
    yield made
    for database, _ in made.values():
        database.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, lived: dict[str, tuple[Database, Bank]]) -> str:
    if request.param not in lived:
        copies = request.getfixturevalue("sqlite_copies" if request.param == "sqlite" else "postgres_copies")
        database = Database(copies.url())
        with database.writing() as session:
            live(session, seed=99, acts=30)
            lived[request.param] = database, live(session, seed=5, acts=ACTS)
    return request.param


@pytest.fixture
def database(engine: str, lived: dict[str, tuple[Database, Bank]]) -> Database:
    return lived[engine][0]


@pytest.fixture
def bank(engine: str, lived: dict[str, tuple[Database, Bank]]) -> Bank:
    return lived[engine][1]


def exported(database, bank, kind, *, with_names=False):
    file = io.BytesIO()
    with snapshot(database) as session:
        here = session.get_one(Bank, bank.id)
        tally = service.write_export(session, bank=here, kind=kind, file=file, with_names=with_names)
    assert tally.transfers > ACTS / 8
    return file.getvalue().decode()


def in_the_bank(database, bank):
    with database.reading() as session:
        accounts = list_accounts(session, session.get_one(Bank, bank.id)).values()
        return {account: account.posted for account in accounts}


def sums(text):
    """Balances from the CSV alone, by account."""
    found = Counter()
    for row in csv.DictReader(io.StringIO(text)):
        found[row["account"]] += int(row["minutes"])
    return found


def hledger(journal, *words):
    """The real program; a machine without it fails the test."""
    command = ["hledger", "-f", str(journal), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def balances_by_hledger(journal):
    """Of every account, and that all together are nothing; the program's own strict check first."""
    hledger(journal, "check", "--strict")
    *lines, total = [
        line for line in hledger(journal, "balance", "--flat", "--empty").splitlines() if "----" not in line
    ]
    assert total.split()[0] == "0"
    return {match[2]: int(match[1]) for match in map(LINE.match, lines)}


def balances_by_beancount(text):
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    found = Counter()
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                assert posting.units.currency == "MIN"
                found[posting.account] += int(posting.units.number)
    return found


def without_zeros(balances):
    return {name: minutes for name, minutes in balances.items() if minutes}


def test_hledger_finds_the_same_balance_for_every_account_and_zero_in_all(database, bank, tmp_path):
    journal = tmp_path / "bank.journal"
    journal.write_text(exported(database, bank, ExportKind.HLEDGER), encoding="utf-8")

    found = balances_by_hledger(journal)

    expected = in_the_bank(database, bank)
    assert found == {account.label: minutes for account, minutes in expected.items()}
    assert without_zeros(found) == without_zeros(sums(exported(database, bank, ExportKind.CSV)))
    assert len(expected) == 14


def test_beancount_finds_no_error_and_the_same_balance_for_every_account(database, bank):
    text = exported(database, bank, ExportKind.BEANCOUNT, with_names=True)

    found = balances_by_beancount(text)

    assert 'option "title" "Bank \\"5\\""' in text
    expected = {formats.beancount_account(account): minutes for account, minutes in in_the_bank(database, bank).items()}
    assert without_zeros(found) == without_zeros(expected)
    assert sum(found.values()) == 0


def test_both_agree_on_ten_thousand_transfers(sqlite_copies, tmp_path):
    """A large bank's years, with everything in them that can happen to hours."""
    database = Database(sqlite_copies.url())
    with database.writing() as session:
        bank = live(session, seed=8, acts=ACTS, posts=MANY)
    journal = tmp_path / "bank.journal"
    journal.write_text(exported(database, bank, ExportKind.HLEDGER), encoding="utf-8")

    expected = in_the_bank(database, bank)
    by_hledger = balances_by_hledger(journal)
    by_beancount = balances_by_beancount(exported(database, bank, ExportKind.BEANCOUNT))

    posted = len(re.findall(r"^\d{4}-\d\d-\d\d ", journal.read_text(encoding="utf-8"), re.MULTILINE))
    sys.stdout.write(f"\n{posted:,} transfers, {len(expected)} balances: hledger, beancount and ours are equal\n")
    assert posted >= MANY
    assert by_hledger == {account.label: minutes for account, minutes in expected.items()}
    assert without_zeros(by_beancount) == without_zeros(
        {formats.beancount_account(account): minutes for account, minutes in expected.items()}
    )
    database.close()


def test_json_tells_everything_also_what_waits(database, bank):
    told = json.loads(exported(database, bank, ExportKind.JSON))

    assert {one["account"]: one["balance"] for one in told["accounts"]} == {
        account.label: minutes for account, minutes in in_the_bank(database, bank).items()
    }
    assert {"posted", "pending", "released", "expired"} == {one["state"] for one in told["transfers"]}
    assert any(one["reverses"] for one in told["transfers"])
    balances = Counter()
    for one in told["transfers"]:
        if one["state"] == "posted":
            balances[one["giver"]] += one["minutes"]
            balances[one["receiver"]] -= one["minutes"]
    assert balances == Counter({one["account"]: one["balance"] for one in told["accounts"]})


def test_csv_has_one_row_per_entry_with_the_balance_after_it(database, bank):
    rows = list(csv.DictReader(io.StringIO(exported(database, bank, ExportKind.CSV))))

    assert Counter(Counter(row["transfer_id"] for row in rows).values()).keys() == {2}
    running = Counter()
    for row in rows:
        running[row["account"]] += int(row["minutes"])
        assert int(row["balance_after"]) == running[row["account"]]
        assert row["account"] == row[row["role"]]
        hours, minutes = row["length"].split(":")
        assert int(hours) * 60 + int(minutes) == abs(int(row["minutes"]))


@pytest.mark.parametrize("kind", list(ExportKind))
def test_names_stay_here_unless_they_are_asked_for(database, bank, kind):
    without = exported(database, bank, kind)
    assert not any(name in without for name in ("Ada", "Eve", "HYPERLINK"))

    assert "Eve" in exported(database, bank, kind, with_names=True)


def test_no_cell_is_a_formula(database, bank):
    text = exported(database, bank, ExportKind.CSV, with_names=True)

    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert all(cell.lstrip("-").isdigit() for cell in cells if cell.startswith(("=", "+", "-", "@", "\t")))


def test_names_like_formulas_are_written_as_texts_and_read_back_as_they_were(sqlite_copies_for_all):
    starts = (
        "=1+1",
        "+44",
        "-x",
        "@SUM(A1)",
        "＝1+1",
        "＋44",
        "－x",
        "＠x",
        "'=1",
        "''-1",
        "Ada;=1",
        'x";=HYPERLINK("y")',
        "Ben",
    )
    with sqlite_copies_for_all.writing() as session:
        bank = members.open_bank(session, name="Formulas", at=START)
        everybody = [members.add_member(session, bank=bank, name=name, joined_on=START.date()) for name in starts]
        ledger = members.ledger_of(session, bank)
        for one in everybody:
            ledger.post(transfer=an_hour(one.account_id, bank.community_account_id), at=START)
        file = io.BytesIO()
        service.write_export(session, bank=bank, kind=ExportKind.CSV, file=file, with_names=True)
        session.rollback()

    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode())))
    assert {unguarded(row["giver_name"]) for row in rows} == set(starts)
    for row in rows:
        pieces = [piece for name, cell in row.items() if name not in NUMBERS for piece in cell.split(";")]
        assert not any(piece.strip().startswith(tuple("=+-@＝＋－＠")) for piece in pieces)
    assert {row["minutes"] for row in rows} == {"60", "-60"}


def an_hour(giver, receiver):
    return Transfer(
        id=uuid4(), giver=giver, receiver=receiver, minutes=60, happened_on=START.date(), kind=TransferKind.EXCHANGE,
        recorded_by=uuid4(),
    )  # fmt: skip


def test_an_export_that_does_not_add_up_is_not_kept(sqlite_copies, tmp_path):
    database = Database(sqlite_copies.url())
    with database.writing() as session:
        bank = live(session, seed=1, acts=60)
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE account SET posted = posted + 1 WHERE kind = 'community'")
    out = tmp_path / "bank.csv"
    out.write_text("the old one")

    with pytest.raises(NotTheSame):
        exported(database, bank, ExportKind.CSV)
    result = Console(str(database.url), str(tmp_path / "keys")).run("export", "csv", "-o", out)

    assert result.exit_code == 1
    assert out.read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir() if "bank" in path.name] == ["bank.csv"]
    database.close()


def test_the_command_writes_a_file_or_the_screen(sqlite_copies, tmp_path):
    database = Database(sqlite_copies.url())
    with database.writing() as session:
        live(session, seed=1, acts=60)
    console = Console(str(database.url), str(tmp_path / "keys"))

    to_file = console.run("export", "csv", "--bank", 'Bank "1"', "-o", tmp_path / "bank.csv")
    to_screen = console.run("export", "csv")

    assert (to_file.exit_code, to_screen.exit_code) == (0, 0)
    assert to_screen.stdout.encode() == (tmp_path / "bank.csv").read_bytes().replace(b"\r\n", b"\n") or (
        to_screen.stdout_bytes == (tmp_path / "bank.csv").read_bytes()
    )
    assert console.run("export", "csv", "-o", tmp_path / "nowhere" / "bank.csv").exit_code == 2
    assert console.run("export", "xlsx").exit_code == 2
    database.close()


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), acts=st.integers(0, 60))
def test_any_bank_adds_up_to_the_same_balances_from_its_csv(sqlite_copies_for_all, seed, acts):
    database = sqlite_copies_for_all
    with database.writing() as session:
        bank = live(session, seed=seed, acts=acts)
        file = io.BytesIO()
        service.write_export(session, bank=bank, kind=ExportKind.CSV, file=file)
        accounts = list_accounts(session, bank).values()
        found = sums(file.getvalue().decode())
        assert {account.label: account.posted for account in accounts if account.posted} == {
            name: minutes for name, minutes in found.items() if minutes
        }
        session.rollback()


@pytest.fixture(scope="module")
def sqlite_copies_for_all(sqlite_copies):
    """One database for all examples; each is rolled back."""
    database = Database(sqlite_copies.url())
    yield database
    sqlite_copies.discard(database)
