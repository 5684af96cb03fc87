"""A block carries one digest of everything in it, so that a long history is looked over quickly.

Revision ID: 0005
Revises: 0004

Blocks that were sealed before have none, and are looked at leaf by leaf as before: their check codes stay what they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CHAIN = ("block", "seal", "sealed_account")


def upgrade() -> None:
    op.add_column("block", sa.Column("digest", sa.LargeBinary(32)))


def downgrade() -> None:
    """The check codes of blocks with a digest cover it: the chain is sealed anew, with other codes."""
    empty = [f"DELETE FROM {table}" for table in CHAIN]
    if op.get_context().dialect.name == "sqlite":
        triggers = op.get_bind().execute(sa.text(KEEPING)).all()
        statements = [f"DROP TRIGGER {name}" for name, _ in triggers] + empty + [written for _, written in triggers]
    else:
        off, on = ([f"ALTER TABLE {table} {word} TRIGGER USER" for table in CHAIN] for word in ("DISABLE", "ENABLE"))
        statements = [*off, *empty, *on]
    for statement in statements:
        op.execute(statement)
    op.drop_column("block", "digest")


KEEPING = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN {CHAIN}"
