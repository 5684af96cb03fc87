"""When the words of a concern were let go. That somebody told something, and each step, stays.

A concern that is open is never let go, nor one that was closed less than a year ago, whatever is set: the database refuses.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STAYS = "concerns: what was let go stays so"
TOO_EARLY = "concerns: only what was closed a year ago is let go"
LAST_SETTLED = """SELECT settled.{column} FROM concern_step AS settled
    WHERE settled.concern_id = NEW.concern_id AND settled.kind IN ('closed', 'reopened')
    ORDER BY settled.seq DESC LIMIT 1"""


def upgrade():
    op.create_table(
        "concern_let_go",
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "concern_id"], ["concern.bank_id", "concern.id"], name="fk_concern_let_go_concern"
        ),
        sa.PrimaryKeyConstraint("concern_id", name=op.f("pk_concern_let_go")),
    )
    on_sqlite = op.get_context().dialect.name == "sqlite"
    for statement in sqlite_guards() if on_sqlite else postgresql_guards():
        op.execute(statement)


def downgrade():
    op.drop_table("concern_let_go")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION concern_let_go_refuse()")
        op.execute("DROP FUNCTION concern_let_go_in_time()")


def sqlite_guards():
    for act in ("UPDATE", "DELETE"):
        yield f"""CREATE TRIGGER concern_let_go_refuses_{act.lower()} BEFORE {act} ON concern_let_go
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"""
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for.
    yield f"""CREATE TRIGGER concern_let_go_comes_once BEFORE INSERT ON concern_let_go
        WHEN EXISTS (SELECT 1 FROM concern_let_go WHERE concern_id = NEW.concern_id)
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"""
    yield f"""CREATE TRIGGER concern_let_go_in_time BEFORE INSERT ON concern_let_go
        WHEN ({LAST_SETTLED.format(column="kind")}) IS NOT 'closed'
            OR julianday(NEW.at) - julianday(({LAST_SETTLED.format(column="at")})) < 365
        BEGIN SELECT RAISE(ABORT, '{TOO_EARLY}'); END"""


def postgresql_guards():
    yield f"""CREATE FUNCTION concern_let_go_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{STAYS}'; END $$"""
    yield f"""CREATE FUNCTION concern_let_go_in_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF ({LAST_SETTLED.format(column="kind")}) IS DISTINCT FROM 'closed'
            OR NEW.at - ({LAST_SETTLED.format(column="at")}) < interval '365 days'
        THEN RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{TOO_EARLY}'; END IF;
        RETURN NEW; END $$"""
    yield """CREATE TRIGGER concern_let_go_in_time BEFORE INSERT ON concern_let_go
        FOR EACH ROW EXECUTE FUNCTION concern_let_go_in_time()"""
    yield """CREATE TRIGGER concern_let_go_stays BEFORE UPDATE OR DELETE ON concern_let_go
        FOR EACH ROW EXECUTE FUNCTION concern_let_go_refuse()"""
    yield """CREATE TRIGGER concern_let_go_is_not_emptied BEFORE TRUNCATE ON concern_let_go
        FOR EACH STATEMENT EXECUTE FUNCTION concern_let_go_refuse()"""
