"""Somebody is signed out everywhere by whoever looks after others: the trail and the lines about a sign-in can say so."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

WORD = "signed-out"


def upgrade():
    for table, column in (("audit_event", "act"), ("sign_in_event", "what")):
        say(table, column, lambda known: [*known, *(one for one in [WORD] if one not in known)])


def downgrade():
    """The trail goes on knowing the word: what was noted is never taken out of it."""
    op.execute(f"DELETE FROM sign_in_event WHERE what = '{WORD}'")
    say("sign_in_event", "what", lambda known: [one for one in known if one != WORD])


def say(table, column, choose):
    on_sqlite = op.get_context().dialect.name == "sqlite"
    (let_sqlite_say if on_sqlite else let_postgresql_say)(table, column, choose)


# A closed list is a rule of its column. What other steps have added to it is read from the database, and kept.


def let_postgresql_say(table, column, choose):
    name = f"ck_{table}_{column}"
    rule = op.get_bind().scalar(
        sa.text(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conname = :name AND conrelid = CAST(:table AS regclass)"
        ),
        {"name": name, "table": table},
    )
    listed = in_quotes(choose(re.findall(r"'([^']*)'", rule)))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))")


def let_sqlite_say(table, column, choose):
    """SQLite cannot change a rule: the table is made anew as it was but for this one, with its rows, indexes and triggers."""
    connection = op.get_bind()
    kept = connection.execute(
        sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL ORDER BY type = 'table' DESC"),
        {"table": table},
    ).all()  # fmt: skip
    (_, made), *hung_on = kept
    rule = re.compile(rf"(CONSTRAINT ck_{table}_{column} CHECK \({column} IN \()([^)]*)(\)\))")
    found = rule.search(made)
    listed = in_quotes(choose(re.findall(r"'([^']*)'", found[2])))
    made = rule.sub(lambda found: found[1] + listed + found[3], made)
    connection.exec_driver_sql(re.sub(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE {table}_anew", made))
    connection.exec_driver_sql(f"INSERT INTO {table}_anew SELECT * FROM {table}")
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE {table}_anew RENAME TO {table}")
    for _, statement in hung_on:
        connection.exec_driver_sql(statement)


def in_quotes(words):
    return ", ".join(f"'{word}'" for word in words)
