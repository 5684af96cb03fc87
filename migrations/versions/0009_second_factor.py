"""The second factor: code apps, recovery codes and passkeys; and what has happened with a person's way in."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

HAPPENED = (
    "new-browser", "code-made", "code-used", "password-changed", "name-changed", "app-on", "app-off", "passkey-added",
    "passkey-removed", "spare-codes-made", "spare-code-used", "codes-tried", "taken-away",
)  # fmt: skip


def upgrade():
    op.create_table(
        "code_app",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.String(length=400), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("last_step >= 0", name=op.f("ck_code_app_last_step")),
        sa.ForeignKeyConstraint(["user_id"], ["user_sign_in.id"], name=op.f("fk_code_app_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_code_app")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_sign_in.id"], name=op.f("fk_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_passkey_sign_count")),
        sa.ForeignKeyConstraint(["user_id"], ["user_sign_in.id"], name=op.f("fk_passkey_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("held_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("held_hash", name=op.f("pk_passkey_challenge")),
    )
    op.create_index(op.f("ix_passkey_challenge_expires_at"), "passkey_challenge", ["expires_at"])
    op.create_table(
        "sign_in_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column(
            "what",
            sa.Enum(
                *HAPPENED, name=op.f("ck_sign_in_event_what"), native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sign_in_event_member_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_sign_in_event_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_event")),
    )
    op.create_index("ix_sign_in_event_member", "sign_in_event", ["member_id", "at"])


def downgrade():
    for table in ("sign_in_event", "passkey_challenge", "passkey", "recovery_code", "code_app"):
        op.drop_table(table)
