"""The databases of the tests themselves: one that is used again is as good as new, and one that was altered is not used again."""

import pytest
from sqlalchemy import text

from tests.databases import LARGE
from tests.factories import CURRENT, MemberFactory
from timebank.db import Database

ALTERED = (
    "ALTER TABLE member ADD COLUMN shoe_size integer",
    "ALTER TABLE entry DISABLE TRIGGER ALL",
    "ALTER TABLE member DROP CONSTRAINT fk_member_account",
    "DROP INDEX uq_transfer_live_reversal",
    "CREATE TABLE left_behind (id integer)",
    "CREATE SCHEMA left_behind",
    "GRANT DELETE ON entry TO PUBLIC",
    "CREATE FUNCTION left_behind() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "UPDATE alembic_version SET version_num = '0001'",
)


@pytest.fixture
def place(postgres_copies, keys):
    return Database(postgres_copies.url(), keys=keys)


def test_what_a_test_left_is_gone_when_its_database_is_used_again(postgres_copies, place, keys):
    with place.open_writing() as session:
        CURRENT["session"] = session
        MemberFactory()
        session.commit()
        CURRENT.clear()
    held = place.engine.connect()
    held.execute(text("BEGIN"))
    held.execute(text("LOCK TABLE member"))
    postgres_copies.discard(place)

    again = Database(postgres_copies.url(), keys=keys)
    with again.reading() as session:
        rows = {table: session.scalar(text(f"SELECT count(*) FROM {table}")) for table in postgres_copies.tables}
    held.invalidate()

    assert again.url == place.url
    with again.engine.connect() as connection:
        counted = "SELECT deadlocks, conflicts, tup_inserted FROM pg_stat_database WHERE datname = current_database()"
        assert connection.execute(text(counted)).one() == (0, 0, 0)
    assert len(rows) > 40
    assert set(rows.values()) == {0}
    postgres_copies.discard(again)


@pytest.mark.parametrize("statement", ALTERED)
def test_one_that_was_altered_is_thrown_away(postgres_copies, place, statement):
    with place.engine.begin() as connection:
        connection.execute(text(statement))
    postgres_copies.discard(place)

    assert place.url.database not in postgres_copies.as_new


def test_one_that_was_filled_is_thrown_away(postgres_copies, place):
    with place.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text(
                "INSERT INTO waiver (transfer_id, bank_id, account_id, waived_by, reason, waived_at) SELECT gen_random_uuid(),"
                " gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'one of many', now()"
                f" FROM generate_series(1, {LARGE // 50})"
            )
        )
    postgres_copies.discard(place)

    assert place.url.database not in postgres_copies.as_new
