"""Sign-ins: how often a password was tried of late, on which devices somebody has signed in before, and where they are now.

Everybody signs in anew once: of what was held until now it is not known whose it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "sign_in_tries",
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.JSON(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_last_at"), "sign_in_tries", ["last_at"])
    op.create_table(
        "known_device",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_sign_in.id"], name=op.f("fk_known_device_user_id")),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_known_device")),
    )
    op.create_index(op.f("ix_known_device_expires_at"), "known_device", ["expires_at"])
    op.create_index(op.f("ix_known_device_user_id"), "known_device", ["user_id"])
    op.execute("DELETE FROM held_sign_in")
    with op.batch_alter_table("held_sign_in") as held:
        held.drop_index(op.f("ix_held_sign_in_expires_at"))
        held.drop_column("expires_at")
        held.add_column(sa.Column("id", sa.Uuid(), nullable=False))
        held.add_column(sa.Column("user_id", sa.Uuid(), nullable=True))
        held.add_column(sa.Column("browser", sa.String(length=40), nullable=False))
        held.add_column(sa.Column("began_at", sa.DateTime(timezone=True), nullable=False))
        held.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False))
        held.create_unique_constraint(op.f("uq_held_sign_in_id"), ["id"])
        held.create_foreign_key(op.f("fk_held_sign_in_user_id"), "user_sign_in", ["user_id"], ["id"])
        held.create_index(op.f("ix_held_sign_in_seen_at"), ["seen_at"])
        held.create_index(op.f("ix_held_sign_in_user_id"), ["user_id"])


def downgrade():
    op.execute("DELETE FROM held_sign_in")
    with op.batch_alter_table("held_sign_in") as held:
        held.drop_index(op.f("ix_held_sign_in_user_id"))
        held.drop_index(op.f("ix_held_sign_in_seen_at"))
        held.drop_constraint(op.f("fk_held_sign_in_user_id"), type_="foreignkey")
        held.drop_constraint(op.f("uq_held_sign_in_id"), type_="unique")
        for column in ("seen_at", "began_at", "browser", "user_id", "id"):
            held.drop_column(column)
        held.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False))
        held.create_index(op.f("ix_held_sign_in_expires_at"), ["expires_at"])
    op.drop_table("known_device")
    op.drop_table("sign_in_tries")
