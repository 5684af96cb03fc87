"""Quicker: a block carries one digest of everything in it, and SQLite looks at less when it takes in an entry.

Revision ID: 0005
Revises: 0004

Blocks that were sealed before have no digest, and are looked at leaf by leaf as before: their check codes stay what they
are. An entry is held against the last one of its account with one look instead of two.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CHAIN = ("block", "seal", "sealed_account")


ENTRY_FOLLOWS_THE_LAST = """CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON entry BEGIN SELECT CASE
    WHEN NOT EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id AND (
        (giver_id = NEW.account_id AND giver_seq = NEW.seq) OR (receiver_id = NEW.account_id AND receiver_seq = NEW.seq)))
        THEN RAISE(ABORT, 'ledger: an entry stands where its transfer says')
    WHEN NOT coalesce(CASE NEW.seq
        WHEN 1 THEN NEW.balance_after = NEW.side * NEW.minutes
            AND NOT EXISTS (SELECT 1 FROM entry WHERE account_id = NEW.account_id)
        ELSE (SELECT seq = NEW.seq - 1 AND balance_after = NEW.balance_after - NEW.side * NEW.minutes
            FROM entry WHERE account_id = NEW.account_id ORDER BY seq DESC LIMIT 1) END, FALSE)
        THEN RAISE(ABORT, 'ledger: an entry follows the account''s last one')
    END; END"""


def upgrade() -> None:
    op.add_column("block", sa.Column("digest", sa.LargeBinary(32)))
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER entry_follows_the_last")
        op.execute(ENTRY_FOLLOWS_THE_LAST)


def downgrade() -> None:
    """The check codes of blocks with a digest cover it: the chain is sealed anew, with other codes."""
    empty = [f"DELETE FROM {table}" for table in CHAIN]
    if op.get_context().dialect.name == "sqlite":
        triggers = op.get_bind().execute(sa.text(KEEPING)).all()
        statements = [f"DROP TRIGGER {name}" for name, _ in triggers] + empty + [written for _, written in triggers]
        before = op.get_context().script.get_revision("0004").module.SQLITE_TRIGGERS
        statements += [
            "DROP TRIGGER entry_follows_the_last",
            *(one for one in before if "entry_follows_the_last" in one),
        ]
    else:
        off, on = ([f"ALTER TABLE {table} {word} TRIGGER USER" for table in CHAIN] for word in ("DISABLE", "ENABLE"))
        statements = [*off, *empty, *on]
    for statement in statements:
        op.execute(statement)
    op.drop_column("block", "digest")


KEEPING = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN {CHAIN}"
