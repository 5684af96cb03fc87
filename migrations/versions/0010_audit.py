"""The trail of who did what for others and who has looked, which the database lets nobody change; and safety holds."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ACTORS = ("member", "command-line", "system")
ACTS = (
    "looked", "exported", "opened-bank", "made-coordinator", "added-member", "gave-code", "took-second-step", "confirmed-hours", "settled-check",
    "tried-round", "sent-round", "called-round-back", "set-aside", "took-up-again", "imported", "undid-import", "restored",
    "set-safety-hold", "ended-safety-hold",
)  # fmt: skip
RECORDS = (
    "bank", "members", "member", "hours", "waiting-hours", "check", "round", "proposal", "import", "safety-hold",
)  # fmt: skip
REASONS = (
    "open-check", "open-round", "hours-wait", "member-asked", "settling-hours", "checking-round", "worried", "other-work",
)  # fmt: skip
HOLD_REASONS = ("somebody-at-risk", "concern-looked-into", "asked-by-police")
NEVER = "audit: events stay as they are"
IN_ORDER = "audit: each event follows the one before it"


def upgrade():
    op.create_table(
        "audit_event",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", one_of("audit_event", "actor", ACTORS), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("act", one_of("audit_event", "act", ACTS), nullable=False),
        sa.Column("record", one_of("audit_event", "record", RECORDS), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("reason", one_of("audit_event", "reason", REASONS), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("act_key", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_audit_event_seq")),
        sa.CheckConstraint("(actor = 'member') = (actor_id IS NOT NULL)", name=op.f("ck_audit_event_actor_id")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_audit_event_digest")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_audit_event_bank_id")),
        sa.ForeignKeyConstraint(["bank_id", "actor_id"], ["member.bank_id", "member.id"], name="fk_audit_event_actor"),
        sa.ForeignKeyConstraint(["bank_id", "about_id"], ["member.bank_id", "member.id"], name="fk_audit_event_about"),
        sa.PrimaryKeyConstraint("bank_id", "seq", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("bank_id", "act", "act_key", name=op.f("uq_audit_event_bank_id_act_act_key")),
    )
    op.create_index("ix_audit_event_record", "audit_event", ["bank_id", "record", "record_id"])
    op.create_index("ix_audit_event_about", "audit_event", ["bank_id", "about_id"])
    op.create_table(
        "safety_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", one_of("safety_hold", "holdreason", HOLD_REASONS), nullable=False),
        sa.Column("looker_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("days >= 1 AND days <= 90", name=op.f("ck_safety_hold_days")),
        sa.CheckConstraint("set_by <> about_id", name=op.f("ck_safety_hold_not_by_whom_it_is_about")),
        sa.ForeignKeyConstraint(["bank_id", "about_id"], ["member.bank_id", "member.id"], name="fk_safety_hold_about"),
        sa.ForeignKeyConstraint(["bank_id", "set_by"], ["member.bank_id", "member.id"], name="fk_safety_hold_setter"),
        sa.ForeignKeyConstraint(
            ["bank_id", "looker_id"], ["member.bank_id", "member.id"], name="fk_safety_hold_looker"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_hold")),
    )
    op.create_index("ix_safety_hold_about", "safety_hold", ["bank_id", "about_id"])
    if op.get_context().dialect.name == "sqlite":
        statements = SQLITE_TRIGGERS
    else:
        schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
        statements = (follows_on_postgresql(schema), *POSTGRESQL_TRIGGERS)
    for statement in statements:
        op.execute(statement)


def downgrade():
    op.drop_table("safety_hold")
    op.drop_table("audit_event")
    if op.get_context().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_refuse()")
        op.execute("DROP FUNCTION audit_event_follows()")


def one_of(table, name, words):
    return sa.Enum(*words, name=op.f(f"ck_{table}_{name}"), native_enum=False, create_constraint=True, length=20)


LAST = "SELECT coalesce(max(seq), 0) FROM {schema}audit_event WHERE bank_id = NEW.bank_id"
SQLITE_TRIGGERS = (
    f"""CREATE TRIGGER audit_event_follows_the_last BEFORE INSERT ON audit_event
    WHEN NEW.seq <> ({LAST.format(schema="")}) + 1
    BEGIN SELECT RAISE(ABORT, '{IN_ORDER}'); END""",
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for.
    f"""CREATE TRIGGER audit_event_comes_once BEFORE INSERT ON audit_event
    WHEN NEW.act_key IS NOT NULL AND EXISTS (SELECT 1 FROM audit_event
        WHERE bank_id = NEW.bank_id AND act = NEW.act AND act_key = NEW.act_key)
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    f"""CREATE TRIGGER audit_event_is_never_changed BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    f"""CREATE TRIGGER audit_event_is_never_deleted BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
)


def follows_on_postgresql(schema):
    return f"""CREATE FUNCTION audit_event_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.seq <> ({LAST.format(schema=f"{schema}.")}) + 1 THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{IN_ORDER}';
    END IF;
    RETURN NEW; END $$"""


POSTGRESQL_TRIGGERS = (
    f"""CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{NEVER}'; END $$""",
    "CREATE TRIGGER audit_event_follows_the_last BEFORE INSERT ON audit_event"
    " FOR EACH ROW EXECUTE FUNCTION audit_event_follows()",
    *(
        f"CREATE TRIGGER audit_event_is_never_{done} BEFORE {moment} ON audit_event"
        f" FOR EACH {what} EXECUTE FUNCTION audit_refuse()"
        for done, moment, what in (
            ("changed", "UPDATE", "ROW"), ("deleted", "DELETE", "ROW"), ("emptied", "TRUNCATE", "STATEMENT"),
        )
    ),
)  # fmt: skip
