"""Mail: addresses under lock, what is wanted, what waits to be sent, notes about being reached, and links for a new password."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KINDS = (
    "hours-wait", "hours-confirmed", "introduction", "check", "new-sign-in", "password", "confirm-address",
)  # fmt: skip
STATES = ("waiting", "going", "sent", "given-up", "taken-back")
WHY = ("refused", "no-answer", "unclear")
HAPPENED = (
    "new-browser", "code-made", "code-used", "password-changed", "name-changed", "app-on", "app-off", "passkey-added",
    "passkey-removed", "spare-codes-made", "spare-code-used", "codes-tried", "taken-away",
)  # fmt: skip
HAPPENS_NOW = (*HAPPENED, "mail-on", "mail-off", "password-by-mail")
MOMENT = sa.DateTime(timezone=True)
SHORTEST_LOCKED = 33


def upgrade():
    create_addresses()
    create_notices()
    create_links()
    let_happen(HAPPENS_NOW)


def downgrade():
    """What happened with mail has no place there."""
    new = ", ".join(f"'{what}'" for what in set(HAPPENS_NOW) - set(HAPPENED))
    op.execute(f"DELETE FROM sign_in_event WHERE what IN ({new})")
    let_happen(HAPPENED)
    for table in ("password_link", "forgotten_ask", "notice", "mail_wish", "mail_address", "safe_contact"):
        op.drop_table(table)


def one_of(table, name, words):
    return sa.Enum(*words, name=op.f(f"ck_{table}_{name}"), native_enum=False, create_constraint=True, length=20)


def locked(table, column):
    return sa.CheckConstraint(f"length({column}) >= {SHORTEST_LOCKED}", name=op.f(f"ck_{table}_{column}"))


def of_member(table):
    return sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f(f"fk_{table}_member_id"))


def create_addresses():
    op.create_table(
        "safe_contact",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=True),
        sa.Column("written_at", MOMENT, nullable=False),
        locked("safe_contact", "sealed_words"),
        of_member("safe_contact"),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_safe_contact")),
    )
    op.create_table(
        "mail_address",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("sealed_next", sa.LargeBinary(), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("code_until", MOMENT, nullable=True),
        sa.Column("at_most_daily", sa.Boolean(), nullable=False),
        sa.Column("last_sent_at", MOMENT, nullable=True),
        sa.Column("came_back_at", MOMENT, nullable=True),
        sa.CheckConstraint("(sealed_address IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_mail_address_confirmed")),
        sa.CheckConstraint("(code_hash IS NULL) = (code_until IS NULL)", name=op.f("ck_mail_address_code")),
        locked("mail_address", "sealed_address"),
        locked("mail_address", "sealed_next"),
        of_member("mail_address"),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_mail_address")),
    )
    op.create_table(
        "mail_wish",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", one_of("mail_wish", "kind", KINDS), nullable=False),
        sa.CheckConstraint("kind <> 'confirm-address'", name=op.f("ck_mail_wish_to_choose")),
        of_member("mail_wish"),
        sa.PrimaryKeyConstraint("member_id", "kind", name=op.f("pk_mail_wish")),
    )


def create_notices():
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", one_of("notice", "kind", KINDS), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("state", one_of("notice", "noticestate", STATES), nullable=False),
        sa.Column("why", one_of("notice", "why", WHY), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_notice_tries")),
        sa.CheckConstraint("(state = 'given-up') = (why IS NOT NULL)", name=op.f("ck_notice_given_up")),
        sa.ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_notice_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_due", "notice", ["state", "due_at"])
    op.create_index("ix_notice_member", "notice", ["member_id", "made_at"])


def create_links():
    op.create_table(
        "forgotten_ask",
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_forgotten_ask")),
    )
    op.create_table(
        "password_link",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_sign_in.id"], name=op.f("fk_password_link_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_password_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_link_token_hash")),
    )


def let_happen(words):
    """SQLite changes no rule of a table that is there: a new table takes the place of the old one."""
    if op.get_context().dialect.name != "sqlite":
        listed = ", ".join(f"'{word}'" for word in words)
        op.execute("ALTER TABLE sign_in_event DROP CONSTRAINT ck_sign_in_event_what")
        op.execute(f"ALTER TABLE sign_in_event ADD CONSTRAINT ck_sign_in_event_what CHECK (what IN ({listed}))")
        return
    op.drop_index("ix_sign_in_event_member", "sign_in_event")
    op.rename_table("sign_in_event", "sign_in_event_before")
    op.create_table(
        "sign_in_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("what", one_of("sign_in_event", "what", words), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sign_in_event_member_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_sign_in_event_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_event")),
    )
    columns = "id, member_id, what, at, by_id, about, told_at"
    op.execute(f"INSERT INTO sign_in_event ({columns}) SELECT {columns} FROM sign_in_event_before")
    op.drop_table("sign_in_event_before")
    op.create_index("ix_sign_in_event_member", "sign_in_event", ["member_id", "at"])
