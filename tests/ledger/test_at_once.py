"""What the ledger comes upon when somebody else writes at the same moment, and what it is handed that it cannot take."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, StatementError

from ledger import Balance, Ledger, quick_sqlite
from ledger.errors import ChangedMeanwhile, SameIdOtherContent
from ledger.rows import Rows
from ledger.tables import period
from tests.ledger.making import AT, COORDINATOR, make_transfer
from tests.ledger.test_store import posted


class TestOneAtATime:
    """What two who write at once come upon, one step after the other."""

    def test_an_id_that_is_taken_while_we_wait_is_taken(self, bank):
        """On PostgreSQL neither sees the other before it commits; on SQLite the second one waits for its turn."""
        dora = bank.open_account()
        taken = make_transfer(bank.ada, bank.ben)
        with ThreadPoolExecutor(1) as another, bank.writing() as ledger:
            ledger.hold(transfer=taken, at=AT)
            late = another.submit(bank.do, "hold", transfer=replace(taken, giver=bank.cleo, receiver=dora), at=AT)
            time.sleep(0.5)

        with pytest.raises(SameIdOtherContent):
            late.result()
        assert bank.see("balance", account=dora) == Balance(posted=0, held_out=0, held_in=0)

    def test_what_was_settled_since_it_was_read_is_not_written_over(self, bank):
        settled = posted(bank)

        with pytest.raises(ChangedMeanwhile), bank.database.writing() as session:
            Rows(session.connection(), bank_id=bank.id).settle([settled], {"stopped_at": AT})

    def test_an_account_that_changed_since_it_was_read_is_not_written_over(self, sqlite_bank, monkeypatch):
        """SQLite: somebody who did not begin with IMMEDIATE read before another one wrote."""
        work_out = quick_sqlite._work_out

        def late(bank_id, transfers, purses, moment):
            for purse in purses.values():
                purse[quick_sqlite.WAS_SEQ] += 1
            return work_out(bank_id, transfers, purses, moment)

        monkeypatch.setattr(quick_sqlite, "_work_out", late)
        two = [make_transfer(sqlite_bank.ada, sqlite_bank.ben) for _ in range(2)]

        with pytest.raises(DBAPIError, match="changed while it was written"):
            sqlite_bank.do("post_many", transfers=two, at=AT)
        assert sqlite_bank.posted(sqlite_bank.ada) == 0

    def test_a_connection_that_has_not_begun_begins_by_itself(self, bank):
        with bank.database.writing_turn(), bank.database.engine.connect() as connection:
            Ledger(connection, bank_id=bank.id).post(transfer=make_transfer(bank.ada, bank.ben, 45), at=AT)
            connection.commit()

        assert bank.posted(bank.ada) == 45


class TestWhatItIsGiven:
    def test_a_bank_is_named_by_its_id(self, bank):
        with bank.database.reading() as session, pytest.raises(TypeError, match="bank_id is a UUID"):
            Ledger(session.connection(), bank_id=str(bank.id))

    def test_a_moment_without_a_zone_is_refused_at_the_door(self, bank):
        row = {"bank_id": bank.id, "until": AT.replace(tzinfo=None), "closed_by": COORDINATOR, "closed_at": AT}
        with pytest.raises(StatementError, match="time zone"), bank.database.writing() as session:
            session.execute(insert(period), row | {"transfers": 0, "minutes": 0})
