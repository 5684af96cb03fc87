"""Since when those who may read a concern are asked whether its words may go. Without a month of that, they stay.

The database refuses to let words go for which nobody was asked a month before, since they were closed for the last time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STAYS = "concerns: what was asked stays written down"
NOT_ASKED = "concerns: nothing is let go that nobody was asked about a month before"
ASKED = """SELECT 1 FROM concern_asked AS asked WHERE asked.concern_id = NEW.concern_id AND {a_month_before}
    AND asked.at > (SELECT max(settled.at) FROM concern_step AS settled
        WHERE settled.concern_id = NEW.concern_id AND settled.kind IN ('closed', 'reopened'))"""
# In whole seconds, so that nothing which is a month before is refused for a rounding.
A_MONTH_BEFORE_ON_SQLITE = "strftime('%s', NEW.at) - strftime('%s', asked.at) >= 30 * 86400"
A_MONTH_BEFORE = "NEW.at - asked.at >= interval '30 days'"


def upgrade():
    op.create_table(
        "concern_asked",
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "concern_id"], ["concern.bank_id", "concern.id"], name="fk_concern_asked_concern"
        ),
        sa.PrimaryKeyConstraint("concern_id", "at", name=op.f("pk_concern_asked")),
    )
    for statement in sqlite_upgrade() if on_sqlite() else postgresql_upgrade():
        op.execute(statement)


def downgrade():
    op.drop_table("concern_asked")
    for statement in sqlite_downgrade() if on_sqlite() else postgresql_downgrade():
        op.execute(statement)


def on_sqlite():
    return op.get_context().dialect.name == "sqlite"


def sqlite_upgrade():
    # Until now the pages alone asked, a month before.
    yield """INSERT INTO concern_asked (concern_id, at, bank_id)
        SELECT concern_id, strftime('%Y-%m-%d %H:%M:%S', at, '-30 days') || '.000000', bank_id FROM concern_let_go"""
    for act in ("UPDATE", "DELETE"):
        yield f"""CREATE TRIGGER concern_asked_refuses_{act.lower()} BEFORE {act} ON concern_asked
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"""
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for.
    yield f"""CREATE TRIGGER concern_asked_comes_once BEFORE INSERT ON concern_asked
        WHEN EXISTS (SELECT 1 FROM concern_asked WHERE concern_id = NEW.concern_id AND at = NEW.at)
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"""
    yield f"""CREATE TRIGGER concern_let_go_asked_before BEFORE INSERT ON concern_let_go
        WHEN NOT EXISTS ({ASKED.format(a_month_before=A_MONTH_BEFORE_ON_SQLITE)})
        BEGIN SELECT RAISE(ABORT, '{NOT_ASKED}'); END"""


def sqlite_downgrade():
    yield "DROP TRIGGER concern_let_go_asked_before"


def postgresql_upgrade():
    yield """INSERT INTO concern_asked (concern_id, at, bank_id)
        SELECT concern_id, at - interval '30 days', bank_id FROM concern_let_go"""
    yield f"""CREATE FUNCTION concern_asked_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{STAYS}'; END $$"""
    yield f"""CREATE FUNCTION concern_let_go_asked_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NOT EXISTS ({ASKED.format(a_month_before=A_MONTH_BEFORE)})
        THEN RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{NOT_ASKED}'; END IF;
        RETURN NEW; END $$"""
    yield """CREATE TRIGGER concern_let_go_asked_before BEFORE INSERT ON concern_let_go
        FOR EACH ROW EXECUTE FUNCTION concern_let_go_asked_before()"""
    yield """CREATE TRIGGER concern_asked_stays BEFORE UPDATE OR DELETE ON concern_asked
        FOR EACH ROW EXECUTE FUNCTION concern_asked_refuse()"""
    yield """CREATE TRIGGER concern_asked_is_not_emptied BEFORE TRUNCATE ON concern_asked
        FOR EACH STATEMENT EXECUTE FUNCTION concern_asked_refuse()"""


def postgresql_downgrade():
    yield "DROP TRIGGER concern_let_go_asked_before ON concern_let_go"
    yield "DROP FUNCTION concern_let_go_asked_before()"
    yield "DROP FUNCTION concern_asked_refuse()"
