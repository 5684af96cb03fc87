"""Rows changed behind the ledger's back, with the database's own guards taken away first, are found and named."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy.exc import DBAPIError

from ledger import Ledger, looking, packed
from ledger.looking import BLOCKS, HELD_OUT, LEAVES, MIRRORS, PAIRS, PERIODS, RUNNING, SUMS
from tests.ledger.making import AT, COORDINATOR, Bank, make_transfer
from timebank.db import Database, twin_snapshots


@pytest.fixture
def transfer(bank):
    transfer = make_transfer(bank.ada, bank.ben, 60)
    bank.do("post", transfer=transfer, at=AT)
    bank.do("hold", transfer=make_transfer(bank.ben, bank.cleo, 30), at=AT)
    return transfer


CHECKS_OF_POSTGRESQL = (
    "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'ck_transfer%%'"
)


def change(bank: Bank, statement: str, **ids) -> None:
    """As an owner of the database could: PostgreSQL and SQLite each have a way around triggers and keys."""
    keys = {name: f"'{one.hex if bank.database.is_sqlite else one}'" for name, one in ids.items()}
    with bank.database.engine.connect() as connection:
        if bank.database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
            for table, check in connection.exec_driver_sql(CHECKS_OF_POSTGRESQL).all():
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
        connection.exec_driver_sql(statement.format(**keys))
        if not bank.database.is_sqlite:
            connection.commit()


def test_a_sound_bank_has_no_findings_and_every_check_looked_at_something(bank, transfer):
    bank.do("reverse", id=transfer.id, reversal_id=bank.id, reason="wrong day", at=AT)
    bank.do("close_period", until=AT, by=COORDINATOR, at=AT)
    bank.do("seal", at=AT)

    report = bank.see("verify", heads=[bank.see("head")])

    assert report.is_clean
    assert all(report.counts.values())


def test_a_changed_balance_is_named_with_what_was_expected_and_found(bank, transfer):
    change(bank, "UPDATE account SET posted = 61 WHERE id = {one}", one=bank.ada)

    findings = bank.see("verify").findings

    assert any(
        (one.check, one.row, one.expected, one.found)
        == ("cached balances are the sum of their entries", bank.ada, "60", "61")
        for one in findings
    )
    assert {one.check for one in findings} >= {"the bank sums to zero", "cached balances are the last running balance"}


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE account SET held_in = 5 WHERE id = {ada}", "held in is what waits to be given"),
        ("UPDATE account SET held_out = 5 WHERE id = {ada}", "held out is what waits to be received"),
        ("UPDATE account SET seq = 2 WHERE id = {ada}", "cached counts are the number of entries"),
        ("UPDATE entry SET minutes = 61 WHERE account_id = {ada}", "posted transfers have two entries that balance, others none"),
        ("DELETE FROM entry WHERE account_id = {ada}", "posted transfers have two entries that balance, others none"),
        ("UPDATE entry SET balance_after = 1 WHERE account_id = {ada}", "entries are numbered without a gap and carry the running balance"),
        ("UPDATE entry SET seq = 2 WHERE account_id = {ada}", "entries are numbered without a gap and carry the running balance"),
        ("UPDATE entry SET account_id = {cleo} WHERE account_id = {ada}", "entries stand where their transfer says"),
        ("UPDATE transfer SET state = 'released' WHERE id = {transfer}", "posted transfers have two entries that balance, others none"),
        ("UPDATE account SET floor_waived = TRUE WHERE id = {ada}", "accounts below an agreed limit carry the mark of a waiver"),
        ("UPDATE transfer SET minutes = 31 WHERE state = 'pending'", "waiting transfers are as they were recorded"),
        ("UPDATE transfer SET kind = 'reversal' WHERE id = {transfer}", "every live reversal mirrors one posted transfer, which has no other"),
    ],
)  # fmt: skip
def test_every_kind_of_damage_is_found(bank, transfer, statement, check):
    change(bank, statement, ada=bank.ada, cleo=bank.cleo, transfer=transfer.id)

    report = bank.see("verify")

    assert check in {finding.check for finding in report.findings}
    assert all(str(finding.row) in str(finding) for finding in report.findings)


def test_damage_in_one_bank_is_no_finding_in_another(bank, transfer):
    other = Bank(bank.database)

    change(bank, "UPDATE account SET posted = 61 WHERE id = {one}", one=bank.ada)

    assert other.see("verify").is_clean


def test_of_one_check_a_wrecked_bank_names_no_more_than_somebody_reads(bank, transfer, monkeypatch):
    monkeypatch.setattr(looking, "MOST_FINDINGS", 2)
    change(bank, "UPDATE account SET posted = posted + 7 WHERE bank_id = {one}", one=bank.id)

    named = [finding.check for finding in bank.see("verify").findings]

    assert named.count(SUMS) == 2


def test_a_database_that_fails_on_the_way_says_so_as_databases_do(bank):
    with bank.database.reading() as session, pytest.raises(DBAPIError):
        list(packed.stream(session.connection(), "SELECT nothing FROM nowhere"))


UNREADABLE = "'no id, and no moment'"


@pytest.mark.parametrize(
    ("table", "column", "check"),
    [
        ("transfer", "id", PAIRS),
        ("transfer", "reverses_id", MIRRORS),
        ("transfer", "giver_id", PAIRS),
        ("transfer", "settled_at", LEAVES),
        ("transfer", "minutes", MIRRORS),
        ("entry", "transfer_id", PAIRS),
        ("entry", "minutes", PAIRS),
        ("entry", "seq", RUNNING),
        ("entry", "balance_after", RUNNING),
        ("account", "posted", SUMS),
        ("account", "held_out", HELD_OUT),
        ("seal", "transfer_id", LEAVES),
        ("seal", "salt", LEAVES),
        ("seal", "leaf", LEAVES),
        *(
            ("block", column, BLOCKS)
            for column in ("no", "first", "last", "root", "previous", "hash", "sealed_at", "digest")
        ),
        ("seal", "no", BLOCKS),
        ("period", "until", PERIODS),
        ("period", "minutes", PERIODS),
    ],
)
def test_what_nobody_can_read_is_a_finding_and_no_accident(sqlite_bank, table, column, check):
    """SQLite keeps any value in any column. (A flipped bit in the id of a reversal once ended the whole look.)"""
    bank = sqlite_bank
    one = make_transfer(bank.ada, bank.ben, 60)
    bank.do("post", transfer=one, at=AT)
    bank.do("reverse", id=one.id, reversal_id=bank.id, reason="wrong day", at=AT)
    bank.do("close_period", until=AT, by=COORDINATOR, at=AT)
    bank.do("seal", at=AT)
    narrowed = {"transfer": "kind = 'reversal'", "entry": "account_id = {ada} AND seq = 1", "seal": "no = 1"}.get(
        table, "TRUE"
    )
    change(bank, f"UPDATE {table} SET {column} = {UNREADABLE} WHERE {narrowed}", ada=bank.ada)

    findings = bank.see("verify").findings

    assert check in {finding.check for finding in findings}


class TestTwoAtOnce:
    """A second connection on the same moment shares the work; the answer is the same."""

    def test_finds_what_one_alone_finds(self, bank, transfer):
        bank.do("seal", at=AT)
        change(bank, "UPDATE entry SET minutes = 61 WHERE account_id = {one}", one=bank.ada)
        change(bank, "UPDATE block SET root = previous WHERE bank_id = {one}", one=bank.id)
        alone = bank.see("verify")

        with twin_snapshots(bank.database) as (session, beside):
            both = Ledger(session.connection(), bank_id=bank.id).verify(beside=beside.connection())

        assert {one.check for one in both.findings} >= {PAIRS, BLOCKS}
        assert both == alone

    def test_both_read_one_moment_while_others_write(self, bank):
        """Seen from two moments, entries and transfers, or seals and blocks, would not fit together."""
        done = Event()

        def write() -> None:
            while not done.is_set():
                bank.do("post_many", transfers=[make_transfer(bank.ada, bank.ben, 1) for _ in range(3)], at=AT)
                bank.do("seal", at=AT)

        with ThreadPoolExecutor(1) as another:
            writing = another.submit(write)
            seen = set()
            for _ in range(25):
                with twin_snapshots(bank.database) as (session, beside):
                    report = Ledger(session.connection(), bank_id=bank.id).verify(beside=beside.connection())
                assert report.findings == ()
                seen.add(report.counts[PAIRS])
            done.set()
            writing.result()
        assert len(seen) > 5

    def test_where_no_turn_to_write_can_be_had_one_looks_alone(self, sqlite_bank):
        """SQLite: two connections see the same moment only if nobody writes while they begin."""
        hasty = Database(sqlite_bank.database.url.render_as_string(), patience=0.05)
        with sqlite_bank.writing(), twin_snapshots(hasty) as (session, beside):
            assert beside is None
            assert Ledger(session.connection(), bank_id=sqlite_bank.id).verify().is_clean
        hasty.close()

    def test_a_database_in_memory_has_one_connection(self):
        database = Database("sqlite://")
        with twin_snapshots(database) as (_, beside):
            assert beside is None
        database.close()
