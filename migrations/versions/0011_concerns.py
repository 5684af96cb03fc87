"""Concerns: who receives them and with which key, what was told (sealed), who may open it, and every step, for good.

What was told and what was done about it can be added to, and never changed or taken out: the database itself refuses.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CLOSENESS = ("partner", "relative", "close", "supervises")
TEXT_KINDS = ("telling", "addition", "note", "outcome")
STEP_KINDS = ("received", "added", "passed-on", "opened", "noted", "closed", "reopened", "sealed-for", "stepped-aside")
MOMENT = sa.DateTime(timezone=True)
FOR_GOOD = ("concern", "concern_text", "concern_step")


def upgrade():
    create_leads()
    create_concerns()
    create_steps()
    on_sqlite = op.get_context().dialect.name == "sqlite"
    if not on_sqlite:
        op.execute(POSTGRESQL_REFUSES)
    for table in FOR_GOOD:
        for statement in sqlite_guards(table) if on_sqlite else postgresql_guards(table):
            op.execute(statement)


def downgrade():
    for table in (
        "concern_step", "concern_wrap", "concern_text", "concern_reader", "concern", "conflict", "concern_key", "lead",
    ):  # fmt: skip
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION concern_refuse()")


def one_of(words, name):
    return sa.Enum(*words, name=op.f(name), native_enum=False, create_constraint=True, length=20)


def in_bank(columns, table, name):
    return sa.ForeignKeyConstraint(["bank_id", columns], [f"{table}.bank_id", f"{table}.id"], name=name)


def create_leads():
    op.create_table(
        "lead",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("appointed_at", MOMENT, nullable=False),
        sa.Column("left_at", MOMENT, nullable=True),
        sa.CheckConstraint("place >= 1", name=op.f("ck_lead_place")),
        in_bank("member_id", "member", "fk_lead_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("bank_id", "id", name=op.f("uq_lead_bank_id_id")),
    )
    here = {"sqlite_where": sa.text("left_at IS NULL"), "postgresql_where": sa.text("left_at IS NULL")}
    op.create_index("uq_lead_member", "lead", ["member_id"], unique=True, **here)
    op.create_index("uq_lead_place", "lead", ["bank_id", "place"], unique=True, **here)
    op.create_table(
        "concern_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("slowness", sa.String(length=60), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_concern_key_bank_id")),
        in_bank("lead_id", "lead", "fk_concern_key_lead"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern_key")),
        sa.UniqueConstraint("lead_id", name=op.f("uq_concern_key_lead_id")),
    )
    banks = {"sqlite_where": sa.text("lead_id IS NULL"), "postgresql_where": sa.text("lead_id IS NULL")}
    op.create_index("uq_concern_key_bank", "concern_key", ["bank_id"], unique=True, **banks)
    op.create_table(
        "conflict",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", one_of(CLOSENESS, "ck_conflict_closeness"), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint("member_id <> other_id", name=op.f("ck_conflict_two_people")),
        in_bank("member_id", "member", "fk_conflict_member"),
        in_bank("other_id", "member", "fk_conflict_other"),
        sa.PrimaryKeyConstraint("member_id", "other_id", "kind", name=op.f("pk_conflict")),
    )
    op.create_index(op.f("ix_conflict_bank_id"), "conflict", ["bank_id"])


def create_concerns():
    op.create_table(
        "concern",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("teller_id", sa.Uuid(), nullable=False),
        sa.Column("in_danger", sa.Boolean(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        in_bank("teller_id", "member", "fk_concern_teller"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern")),
        sa.UniqueConstraint("bank_id", "id", name=op.f("uq_concern_bank_id_id")),
    )
    op.create_index("ix_concern_teller", "concern", ["teller_id"])
    op.create_table(
        "concern_reader",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        in_bank("concern_id", "concern", "fk_concern_reader_concern"),
        in_bank("lead_id", "lead", "fk_concern_reader_lead"),
        sa.PrimaryKeyConstraint("concern_id", "lead_id", name=op.f("pk_concern_reader")),
        sa.UniqueConstraint("concern_id", "place", name=op.f("uq_concern_reader_concern_id_place")),
    )
    op.create_index("ix_concern_reader_lead", "concern_reader", ["lead_id"])
    op.create_table(
        "concern_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", one_of(TEXT_KINDS, "ck_concern_text_textkind"), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        in_bank("concern_id", "concern", "fk_concern_text_concern"),
        in_bank("by_id", "member", "fk_concern_text_writer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern_text")),
        sa.UniqueConstraint("concern_id", "place", name=op.f("uq_concern_text_concern_id_place")),
    )
    op.create_table(
        "concern_wrap",
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["text_id"], ["concern_text.id"], name=op.f("fk_concern_wrap_text_id")),
        sa.ForeignKeyConstraint(["key_id"], ["concern_key.id"], name=op.f("fk_concern_wrap_key_id")),
        sa.PrimaryKeyConstraint("text_id", "key_id", name=op.f("pk_concern_wrap")),
    )
    op.create_index(op.f("ix_concern_wrap_key_id"), "concern_wrap", ["key_id"])


def create_steps():
    op.create_table(
        "concern_step",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", one_of(STEP_KINDS, "ck_concern_step_stepkind"), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_concern_step_seq")),
        in_bank("concern_id", "concern", "fk_concern_step_concern"),
        in_bank("by_id", "member", "fk_concern_step_by"),
        in_bank("to_id", "member", "fk_concern_step_to"),
        sa.PrimaryKeyConstraint("concern_id", "seq", name=op.f("pk_concern_step")),
    )


def sqlite_guards(table):
    for act in ("UPDATE", "DELETE"):
        yield f"""CREATE TRIGGER {table}_refuses_{act.lower()} BEFORE {act} ON {table}
        BEGIN SELECT RAISE(ABORT, 'concerns: what was told and done stays as it is'); END"""
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for.
    key = "concern_id = NEW.concern_id AND seq = NEW.seq" if table == "concern_step" else "id = NEW.id"
    yield f"""CREATE TRIGGER {table}_comes_once BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})
        BEGIN SELECT RAISE(ABORT, 'concerns: what was told and done is never replaced'); END"""


POSTGRESQL_REFUSES = """CREATE FUNCTION concern_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'concerns: what was told and done stays as it is';
    END $$"""


def postgresql_guards(table):
    yield f"""CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION concern_refuse()"""
    yield f"""CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION concern_refuse()"""
