"""Weighty acts: what one person asks for and another one decides. What has ended stays as it is; only its reason may go.

The lists of words that the trail and the lines about a sign-in may hold grow by what is noted of it.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS = ("new-code", "take-second-step", "make-coordinator", "end-coordinator")
STATES = ("waiting", "agreed", "declined", "said-no", "taken-back", "ran-out")
MOMENT = sa.DateTime(timezone=True)
SHORTEST_LOCKED = 33
EVENTS = ("second-asked", "second-agreed", "second-no")
NEW_WORDS = (
    ("audit_event", "act", (
        "ended-coordinator", "asked-for-a-second", "agreed-as-second", "declined-as-second", "said-no", "took-asking-back", "let-run-out",
    )),
    ("audit_event", "record", ("weighty-act",)),
    ("audit_event", "reason", ("second-person",)),
    ("sign_in_event", "what", EVENTS),
)  # fmt: skip
STAYS = "weighty acts: what was asked and decided stays as it is"
# Whatever a row says, but for its reason: that is locked anew when keys change, and goes with who wrote it.
FIXED = ("id", "bank_id", "kind", "about_id", "scheme_id", "asked_by", "asked_at", "runs_out_at")
DECIDED = ("state", "decided_by", "decided_at")


def upgrade():
    create_table()
    on_sqlite = op.get_context().dialect.name == "sqlite"
    for statement in sqlite_guards() if on_sqlite else postgresql_guards():
        op.execute(statement)
    for table, column, words in NEW_WORDS:
        (let_sqlite_say if on_sqlite else let_postgresql_say)(
            table, column, lambda known, new=words: [*known, *(one for one in new if one not in known)]
        )


def downgrade():
    """The trail goes on knowing the new words: what was noted is never taken out of it."""
    op.drop_table("weighty_act")
    on_sqlite = op.get_context().dialect.name == "sqlite"
    if not on_sqlite:
        op.execute("DROP FUNCTION weighty_act_refuse()")
    listed = ", ".join(f"'{word}'" for word in EVENTS)
    op.execute(f"DELETE FROM sign_in_event WHERE what IN ({listed})")
    say = let_sqlite_say if on_sqlite else let_postgresql_say
    say("sign_in_event", "what", lambda known: [one for one in known if one not in EVENTS])


def create_table():
    op.create_table(
        "weighty_act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("kind", one_of("kind", KINDS), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("runs_out_at", MOMENT, nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.Column("state", one_of("state", STATES), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        check("asked_by <> about_id", "asked_by_another"),
        check("decided_by <> asked_by", "decided_by_a_second"),
        check("decided_by <> about_id", "decided_by_another"),
        check("(decided_by IS NOT NULL) = (state IN ('agreed', 'declined'))", "decided_by"),
        check("(decided_at IS NULL) = (state = 'waiting')", "decided_at"),
        check("state <> 'agreed' OR decided_at < runs_out_at", "in_time"),
        check("scheme_id IS NULL OR kind IN ('make-coordinator', 'end-coordinator')", "scheme"),
        check(f"length(sealed_reason) >= {SHORTEST_LOCKED}", "sealed_reason"),
        in_bank("about_id", "member", "about"),
        in_bank("asked_by", "member", "asked_by"),
        in_bank("decided_by", "member", "decided_by"),
        in_bank("scheme_id", "scheme", "scheme"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weighty_act")),
    )
    waiting = {"sqlite_where": sa.text("state = 'waiting'"), "postgresql_where": sa.text("state = 'waiting'")}
    op.create_index("uq_weighty_act_waiting", "weighty_act", ["about_id", "kind"], unique=True, **waiting)
    op.create_index("ix_weighty_act_bank", "weighty_act", ["bank_id", "state"])


def one_of(name, words):
    return sa.Enum(*words, name=op.f(f"ck_weighty_act_{name}"), native_enum=False, create_constraint=True, length=20)


def check(rule, name):
    return sa.CheckConstraint(rule, name=op.f(f"ck_weighty_act_{name}"))


def in_bank(column, table, name):
    return sa.ForeignKeyConstraint(
        ["bank_id", column], [f"{table}.bank_id", f"{table}.id"], name=f"fk_weighty_act_{name}"
    )


def changed(columns, differs):
    return " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns)


def sqlite_guards():
    yield f"""CREATE TRIGGER weighty_act_stays BEFORE UPDATE ON weighty_act
        WHEN {changed(FIXED, "IS NOT")} OR (OLD.state <> 'waiting' AND ({changed(DECIDED, "IS NOT")}))
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"""
    yield f"""CREATE TRIGGER weighty_act_is_never_deleted BEFORE DELETE ON weighty_act
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"""
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for.
    yield f"""CREATE TRIGGER weighty_act_comes_once BEFORE INSERT ON weighty_act
        WHEN EXISTS (SELECT 1 FROM weighty_act WHERE id = NEW.id
            OR (about_id = NEW.about_id AND kind = NEW.kind AND state = 'waiting' AND NEW.state = 'waiting'))
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"""


def postgresql_guards():
    yield f"""CREATE FUNCTION weighty_act_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{STAYS}'; END $$"""
    yield f"""CREATE TRIGGER weighty_act_stays BEFORE UPDATE ON weighty_act FOR EACH ROW
        WHEN ({changed(FIXED, "IS DISTINCT FROM")}
            OR (OLD.state <> 'waiting' AND ({changed(DECIDED, "IS DISTINCT FROM")})))
        EXECUTE FUNCTION weighty_act_refuse()"""
    for done, moment, what in (("deleted", "DELETE", "ROW"), ("emptied", "TRUNCATE", "STATEMENT")):
        yield f"""CREATE TRIGGER weighty_act_is_never_{done} BEFORE {moment} ON weighty_act
            FOR EACH {what} EXECUTE FUNCTION weighty_act_refuse()"""


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
