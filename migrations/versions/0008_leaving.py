"""Members leave, and may be forgotten: when, as far as that is known."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LEFT = "ck_member_left_with_status"
FORGOTTEN = "ck_member_forgotten_after_leaving"


def upgrade():
    # Said to the database itself: anything else would make the whole table anew on SQLite, and all others refer to it.
    kind = sa.DateTime(timezone=True).compile(op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE member ADD COLUMN left_at {kind} CONSTRAINT {LEFT} CHECK (left_at IS NULL OR status = 'left')"
    )
    op.execute(
        f"ALTER TABLE member ADD COLUMN forgotten_at {kind}"
        f" CONSTRAINT {FORGOTTEN} CHECK (forgotten_at IS NULL OR left_at IS NOT NULL)"
    )


def downgrade():
    """Whoever was forgotten stays so: nothing brings a name back."""
    op.execute("ALTER TABLE member DROP COLUMN forgotten_at")
    op.execute("ALTER TABLE member DROP COLUMN left_at")
