"""Helplines: that a number was checked, for good; and lines of a bank's own."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "helpline_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.String(length=40), nullable=False),
        sa.Column("shown", sa.String(length=300), nullable=False),
        sa.Column("checked_by", sa.Uuid(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_helpline_check_bank_id")),
        by("checked_by", "fk_helpline_check_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpline_check")),
    )
    op.create_index("ix_helpline_check_line", "helpline_check", ["bank_id", "line", "checked_at"])
    op.create_table(
        "local_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "call", "text", name=op.f("ck_local_line_way"), native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("hours", sa.String(length=60), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("taken_away_by", sa.Uuid(), nullable=True),
        sa.Column("taken_away_at", MOMENT, nullable=True),
        sa.CheckConstraint("(taken_away_at IS NULL) = (taken_away_by IS NULL)", name=op.f("ck_local_line_taken_away")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_local_line_bank_id")),
        by("added_by", "fk_local_line_added_by"),
        by("taken_away_by", "fk_local_line_taken_away_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_line")),
    )
    op.create_index("ix_local_line_shown", "local_line", ["bank_id", "taken_away_at"])
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade():
    op.drop_table("local_line")
    op.drop_table("helpline_check")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION helpline_check_refuse()")


def by(column, name):
    return sa.ForeignKeyConstraint(["bank_id", column], ["member.bank_id", "member.id"], name=name)


SQLITE = (
    *(
        f"""CREATE TRIGGER helpline_check_refuses_{act.lower()} BEFORE {act} ON helpline_check
        BEGIN SELECT RAISE(ABORT, 'helplines: that a number was checked stays as it was written'); END"""
        for act in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for.
    """CREATE TRIGGER helpline_check_comes_once BEFORE INSERT ON helpline_check
        WHEN EXISTS (SELECT 1 FROM helpline_check WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'helplines: that a number was checked is never replaced'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION helpline_check_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'helplines: that a number was checked stays as it was written';
    END $$""",
    """CREATE TRIGGER helpline_check_stays BEFORE UPDATE OR DELETE ON helpline_check
        FOR EACH ROW EXECUTE FUNCTION helpline_check_refuse()""",
    """CREATE TRIGGER helpline_check_is_not_emptied BEFORE TRUNCATE ON helpline_check
        FOR EACH STATEMENT EXECUTE FUNCTION helpline_check_refuse()""",
)
