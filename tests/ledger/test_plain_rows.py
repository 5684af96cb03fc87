"""On PostgreSQL a plain row is let in without looking at each check: so nothing plain may break one."""

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tests.races import tell
from timebank.db import Database
from timebank.migrating import alembic_config

ROWS = 300_000
# What a column may hold: first what most plain rows have, then whatever else could stand there. Each is drawn at random.
ID, OTHER = "'11111111-1111-1111-1111-111111111111'::uuid", "'22222222-2222-2222-2222-222222222222'::uuid"
MOMENT, NUMBER, WORDS = "'2026-03-02 12:00Z'::timestamptz", "NULL::bigint", "NULL::text"
VALUES = {
    "transfer": {
        "kind": ["'exchange'", "'group'", "'gift'", "'leaving'", "'reversal'", "'bridge'", "'correction'", "'payment'"],
        "state": ["'posted'", "'pending'", "'released'", "'expired'", "'thinking'"],
        "giver_id": [ID, OTHER],
        "receiver_id": [OTHER, ID],
        "minutes": ["60", "1", "1440", "0", "-60", "1441", "10000000", "10000001"],
        "posted_minutes": ["60", "1", "1440", "0", "-60", "1441", "10000001", NUMBER],
        **{f"{side}_{what}": ["3", "-4", NUMBER] for side in ("giver", "receiver") for what in ("seq", "balance")},
        "settled_at": [MOMENT, "NULL"],
        **{column: ["NULL", MOMENT] for column in ("frozen_at", "stopped_at")},
        "recorded_by": [ID, OTHER, "NULL"],
        **{column: ["NULL", ID] for column in ("confirmed_by", "reverses_id", "peer_id")},
        **{column: [WORDS, "'x'", "''"] for column in ("release_reason", "reversal_reason")},
        "fingerprint": ["decode(repeat('07', 32), 'hex')", "decode(repeat('07', 31), 'hex')", "''::bytea"],
    },
    "account": {
        "kind": ["'member'", "'community'", "'leaver'", "'opening'", "'partner'", "'bridge'", "'bank'"],
        "status": ["'open'", "'closed'", "'asleep'"],
        "posted": ["0", "60", "-60"],
        **{column: ["0", "5", "-1"] for column in ("held_out", "held_in", "seq")},
        "hard_floor": [NUMBER, "0", "-60", "5"],
        "floor_waived": ["FALSE", "TRUE"],
    },
}  # fmt: skip


def drawn(values: list[str]) -> str:
    """The first of them in nine rows of ten, else any: so that many rows are plain, and many are so but for one thing."""
    choice = " ".join(f"WHEN {place} THEN {value}" for place, value in enumerate(values))
    return f"CASE CASE WHEN random() < 0.9 THEN 0 ELSE floor(random() * {len(values)})::int END {choice} END"


@pytest.mark.parametrize("table", VALUES)
def test_a_plain_row_breaks_no_check(postgres_copies, table):
    migration = ScriptDirectory.from_config(alembic_config()).get_revision("0004").module
    plain = migration.PLAIN[table].replace("TG_OP = 'INSERT'", "TRUE")
    checks = migration.TRANSFER_CHECKS if table == "transfer" else migration.ACCOUNT_CHECKS
    columns = ", ".join(f"{drawn(values)} AS {column}" for column, values in VALUES[table].items())
    broken = " ".join(f"WHEN NOT ({rule}) THEN '{name}'" for name, rule in checks.items())
    database = Database(postgres_copies.url())

    with database.reading() as session:
        counted = dict(
            session.execute(
                text(
                    f"SELECT broken, count(*) FROM (SELECT {plain} AS is_plain, CASE {broken} END AS broken FROM"
                    f" (SELECT {columns} FROM generate_series(1, {ROWS}) OFFSET 0) AS row) AS looked_at"
                    " WHERE is_plain GROUP BY broken"
                )
            ).all()
        )
        breaking = ", ".join(f"count(*) FILTER (WHERE NOT ({rule})) AS {name}" for name, rule in checks.items())
        broke = session.execute(
            text(f"SELECT {breaking} FROM (SELECT {columns} FROM generate_series(1, {ROWS}) OFFSET 0) AS row")
        ).one()

    tell(
        f"{table}: {counted[None]} plain rows of {ROWS}; each of {len(checks)} checks was broken {min(broke)} times or more"
    )
    assert set(counted) == {None}
    assert counted[None] > ROWS / 100
    assert min(broke) > 0
    postgres_copies.discard(database)
