"""The time ledger: accounts, transfers, entries, and the rules the database itself keeps.

Revision ID: 0001
Revises:

What is written here is frozen: it names tables, checks and triggers as they were on the day, and imports nothing of ours.
How the constraints alone keep double entry: `entry.side` gives the sign; a key from the entry to (transfer, posted minutes)
gives both entries the transfer's length; the entry's own key allows one per side; and a posted transfer names its two sides
in deferred keys, which are looked for when the caller commits. Triggers keep what keys cannot say.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ACCOUNT_KINDS = "'member', 'community', 'opening', 'partner', 'leaver'"
TRANSFER_KINDS = (
    "'exchange', 'group', 'gift', 'grant', 'opening', 'import', 'partner', 'leaving', 'correction', 'reversal'"
)
LONGEST_MINUTES = 10_000_000

# SQLite puts any value into any column: there the type itself has to be checked.
WHOLE_NUMBERS = {
    "account": ("posted", "held_out", "held_in", "seq", "hard_floor"),
    "transfer": ("minutes", "posted_minutes", "out_side", "in_side"),
    "entry": ("side", "minutes", "balance_after", "seq"),
}
NULLABLE_NUMBERS = ("hard_floor", "posted_minutes", "out_side", "in_side")


def upgrade() -> None:
    on_sqlite = op.get_context().dialect.name == "sqlite"
    create_account(on_sqlite=on_sqlite)
    create_transfer(on_sqlite=on_sqlite)
    create_entry(on_sqlite=on_sqlite)
    for statement in SQLITE_TRIGGERS if on_sqlite else POSTGRESQL_TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        # Looked at when the caller commits, by which time neither side of any link is left.
        op.execute("PRAGMA defer_foreign_keys=ON")
    else:
        op.drop_constraint("fk_transfer_id_out_side", "transfer", type_="foreignkey")
        op.drop_constraint("fk_transfer_id_in_side", "transfer", type_="foreignkey")
    op.drop_table("entry")
    op.drop_table("transfer")
    op.drop_table("account")
    if op.get_context().dialect.name == "postgresql":
        for function in POSTGRESQL_FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}()")


def whole_numbers(table: str, *, on_sqlite: bool) -> list[sa.CheckConstraint]:
    if not on_sqlite:
        return []
    return [
        sa.CheckConstraint(
            f"typeof({column}) = 'integer'" + (f" OR {column} IS NULL" if column in NULLABLE_NUMBERS else ""),
            name=f"ck_{table}_{column}_is_whole",
        )
        for column in WHOLE_NUMBERS[table]
    ]


def create_account(*, on_sqlite: bool) -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("posted", sa.BigInteger, nullable=False),
        sa.Column("held_out", sa.BigInteger, nullable=False),
        sa.Column("held_in", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hard_floor", sa.BigInteger),
        sa.Column("floor_waived", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("bank_id", "id", name="uq_account_bank_id_id"),
        sa.CheckConstraint(f"kind IN ({ACCOUNT_KINDS})", name="ck_account_kind"),
        sa.CheckConstraint("status IN ('open', 'closed')", name="ck_account_status"),
        sa.CheckConstraint("held_out >= 0 AND held_in >= 0 AND seq >= 0", name="ck_account_never_negative"),
        sa.CheckConstraint(
            "status = 'open' OR (posted = 0 AND held_out = 0 AND held_in = 0)", name="ck_account_closed_is_empty"
        ),
        # Only an organisation has a floor that refuses: nobody is turned away for what they received.
        sa.CheckConstraint(
            "hard_floor IS NULL OR (kind = 'partner' AND hard_floor <= 0)", name="ck_account_hard_floor"
        ),
        sa.CheckConstraint(
            "hard_floor IS NULL OR floor_waived OR posted - held_out >= hard_floor", name="ck_account_above_floor"
        ),
        *whole_numbers("account", on_sqlite=on_sqlite),
        postgresql_with={"fillfactor": 50},
    )


def create_transfer(*, on_sqlite: bool) -> None:
    sides = [
        ("fk_transfer_id_out_side", ["id", "out_side"]),
        ("fk_transfer_id_in_side", ["id", "in_side"]),
    ]
    pending = sa.text("state = 'pending'")
    live = sa.text("state IN ('pending', 'posted')")
    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("giver_id", sa.Uuid, nullable=False),
        sa.Column("receiver_id", sa.Uuid, nullable=False),
        sa.Column("minutes", sa.BigInteger, nullable=False),
        sa.Column("happened_on", sa.Date, nullable=False),
        sa.Column("recorded_by", sa.Uuid),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("reverses_id", sa.Uuid),
        sa.Column("reversal_reason", sa.Text),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("frozen_at", sa.DateTime(timezone=True)),
        sa.Column("posted_minutes", sa.BigInteger),
        sa.Column("out_side", sa.SmallInteger),
        sa.Column("in_side", sa.SmallInteger),
        sa.Column("confirmed_by", sa.Uuid),
        sa.Column("release_reason", sa.Text),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("bank_id", "id", name="uq_transfer_bank_id_id"),
        sa.UniqueConstraint("id", "posted_minutes", name="uq_transfer_id_posted_minutes"),
        *same_bank("transfer", "giver_id", "account"),
        *same_bank("transfer", "receiver_id", "account"),
        *same_bank("transfer", "reverses_id", "transfer"),
        *(
            sa.ForeignKeyConstraint(
                columns, ["entry.transfer_id", "entry.side"], name=name,
                deferrable=True, initially="DEFERRED", use_alter=True,
            )
            for name, columns in sides
        ),
        *(sa.CheckConstraint(rule, name=f"ck_transfer_{name}") for name, rule in TRANSFER_CHECKS.items()),
        *whole_numbers("transfer", on_sqlite=on_sqlite),
    )  # fmt: skip
    op.create_index(
        "uq_transfer_live_reversal", "transfer", ["reverses_id"], unique=True, sqlite_where=live, postgresql_where=live
    )
    for name, column in (("due", "expires_at"), ("held_in", "giver_id"), ("held_out", "receiver_id")):
        op.create_index(
            f"ix_transfer_{name}", "transfer", ["bank_id", column], sqlite_where=pending, postgresql_where=pending
        )


# A check passes when its answer is unknown, so whatever may be empty is asked for with IS NULL.
TRANSFER_CHECKS = {
    "kind": f"kind IN ({TRANSFER_KINDS})",
    "state": "state IN ('pending', 'posted', 'released', 'expired')",
    "two_accounts": "giver_id <> receiver_id",
    "minutes": f"minutes > 0 AND minutes <= {LONGEST_MINUTES} AND (kind NOT IN ('exchange', 'group') OR minutes <= 1440)",
    "posted_minutes": (
        f"posted_minutes IS NULL OR (posted_minutes > 0 AND posted_minutes <= {LONGEST_MINUTES}"
        " AND (kind NOT IN ('exchange', 'group') OR posted_minutes <= 1440)"
        " AND (kind <> 'reversal' OR posted_minutes = minutes))"
    ),
    "posted_has_length": "(state = 'posted') = (posted_minutes IS NOT NULL)",
    "posted_has_out_side": "(state = 'posted') = (out_side IS NOT NULL)",
    "posted_has_in_side": "(state = 'posted') = (in_side IS NOT NULL)",
    "sides": "(out_side IS NULL OR out_side = -1) AND (in_side IS NULL OR in_side = 1)",
    "settled": "(state = 'pending') = (settled_at IS NULL)",
    "frozen_waits": "frozen_at IS NULL OR state = 'pending'",
    "recorded_by": "recorded_by IS NOT NULL OR kind = 'reversal'",
    "confirmed_is_posted": "confirmed_by IS NULL OR state = 'posted'",
    # Whoever recorded an exchange, the other side confirms it.
    "two_hands": "kind <> 'exchange' OR confirmed_by IS NULL OR confirmed_by <> recorded_by",
    "released_has_reason": "(state = 'released') = (release_reason IS NOT NULL)",
    "reversal_names_its_transfer": "(kind = 'reversal') = (reverses_id IS NOT NULL)",
    "reversal_has_reason": "(kind = 'reversal') = (reversal_reason IS NOT NULL)",
    "fingerprint": "length(fingerprint) = 32",
}


def create_entry(*, on_sqlite: bool) -> None:
    op.create_table(
        "entry",
        sa.Column("transfer_id", sa.Uuid, nullable=False),
        sa.Column("side", sa.SmallInteger, nullable=False),
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("minutes", sa.BigInteger, nullable=False),
        sa.Column("balance_after", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", "side", name="pk_entry"),
        sa.UniqueConstraint("account_id", "seq", name="uq_entry_account_id_seq"),
        *same_bank("entry", "account_id", "account"),
        *same_bank("entry", "transfer_id", "transfer"),
        sa.ForeignKeyConstraint(
            ["transfer_id", "minutes"], ["transfer.id", "transfer.posted_minutes"], name="fk_entry_transfer_id_minutes"
        ),
        sa.CheckConstraint("side IN (-1, 1)", name="ck_entry_side"),
        sa.CheckConstraint("minutes > 0", name="ck_entry_minutes"),
        sa.CheckConstraint("seq > 0", name="ck_entry_seq"),
        *whole_numbers("entry", on_sqlite=on_sqlite),
        sqlite_with_rowid=False,
    )
    if on_sqlite:
        return
    for name, column in (("fk_transfer_id_out_side", "out_side"), ("fk_transfer_id_in_side", "in_side")):
        op.create_foreign_key(
            name, "transfer", "entry", ["id", column], ["transfer_id", "side"], deferrable=True, initially="DEFERRED"
        )


def same_bank(table: str, column: str, other: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ["bank_id", column], [f"{other}.bank_id", f"{other}.id"], name=f"fk_{table}_bank_id_{column}"
        )
    ]


SQLITE_TRIGGERS = (
    """CREATE TRIGGER account_starts_empty BEFORE INSERT ON account
    WHEN NEW.posted <> 0 OR NEW.held_out <> 0 OR NEW.held_in <> 0 OR NEW.seq <> 0 OR NEW.status <> 'open'
    BEGIN SELECT RAISE(ABORT, 'ledger: an account starts open and empty'); END""",
    """CREATE TRIGGER account_keeps_its_name BEFORE UPDATE ON account
    WHEN NEW.id IS NOT OLD.id OR NEW.bank_id IS NOT OLD.bank_id OR NEW.kind IS NOT OLD.kind OR NEW.seq < OLD.seq
    BEGIN SELECT RAISE(ABORT, 'ledger: an account keeps its id, bank and kind, and its count only grows'); END""",
    """CREATE TRIGGER account_stays BEFORE DELETE ON account
    BEGIN SELECT RAISE(ABORT, 'ledger: an account is never deleted'); END""",
    """CREATE TRIGGER transfer_starts BEFORE INSERT ON transfer
    WHEN NEW.state NOT IN ('pending', 'posted') OR NEW.frozen_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'ledger: a transfer starts waiting or posted'); END""",
    """CREATE TRIGGER transfer_reversal_mirrors BEFORE INSERT ON transfer
    WHEN NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM transfer AS original
        WHERE original.id = NEW.reverses_id AND original.bank_id = NEW.bank_id AND original.state = 'posted'
        AND original.giver_id = NEW.receiver_id AND original.receiver_id = NEW.giver_id
        AND original.posted_minutes = NEW.minutes)
    BEGIN SELECT RAISE(ABORT, 'ledger: a reversal mirrors a posted transfer'); END""",
    """CREATE TRIGGER transfer_facts_are_frozen BEFORE UPDATE ON transfer
    WHEN NEW.id IS NOT OLD.id OR NEW.bank_id IS NOT OLD.bank_id OR NEW.kind IS NOT OLD.kind
        OR NEW.giver_id IS NOT OLD.giver_id OR NEW.receiver_id IS NOT OLD.receiver_id
        OR NEW.minutes IS NOT OLD.minutes OR NEW.happened_on IS NOT OLD.happened_on
        OR NEW.recorded_by IS NOT OLD.recorded_by OR NEW.recorded_at IS NOT OLD.recorded_at
        OR NEW.fingerprint IS NOT OLD.fingerprint OR NEW.reverses_id IS NOT OLD.reverses_id
        OR NEW.reversal_reason IS NOT OLD.reversal_reason
    BEGIN SELECT RAISE(ABORT, 'ledger: the facts of a transfer are never changed'); END""",
    """CREATE TRIGGER transfer_settles_once BEFORE UPDATE ON transfer WHEN OLD.state <> 'pending'
    BEGIN SELECT RAISE(ABORT, 'ledger: a settled transfer is never changed'); END""",
    """CREATE TRIGGER transfer_frozen_waits BEFORE UPDATE ON transfer
    WHEN OLD.frozen_at IS NOT NULL AND NEW.state IN ('posted', 'expired')
    BEGIN SELECT RAISE(ABORT, 'ledger: a frozen transfer is not posted and does not expire'); END""",
    """CREATE TRIGGER transfer_keeps_its_clock BEFORE UPDATE ON transfer
    WHEN NEW.expires_at IS NOT OLD.expires_at
        AND (OLD.frozen_at IS NULL OR NEW.frozen_at IS NOT NULL OR OLD.expires_at IS NULL OR NEW.expires_at IS NULL
            OR NEW.expires_at < OLD.expires_at)
    BEGIN SELECT RAISE(ABORT, 'ledger: the expiry of a transfer moves only back, when it is unfrozen'); END""",
    """CREATE TRIGGER transfer_stays BEFORE DELETE ON transfer
    BEGIN SELECT RAISE(ABORT, 'ledger: a transfer is never deleted'); END""",
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for.
    """CREATE TRIGGER entry_comes_once BEFORE INSERT ON entry
    WHEN EXISTS (SELECT 1 FROM entry WHERE (transfer_id = NEW.transfer_id AND side = NEW.side)
        OR (account_id = NEW.account_id AND seq = NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'ledger: an entry is never replaced'); END""",
    """CREATE TRIGGER entry_is_on_its_side BEFORE INSERT ON entry
    WHEN NOT EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id
        AND NEW.account_id = CASE NEW.side WHEN 1 THEN giver_id ELSE receiver_id END)
    BEGIN SELECT RAISE(ABORT, 'ledger: an entry belongs to an account of its transfer'); END""",
    """CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON entry
    WHEN NEW.balance_after - NEW.side * NEW.minutes IS NOT CASE NEW.seq WHEN 1 THEN 0 ELSE
        (SELECT balance_after FROM entry WHERE account_id = NEW.account_id AND seq = NEW.seq - 1) END
    BEGIN SELECT RAISE(ABORT, 'ledger: an entry follows the account''s last one'); END""",
    """CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'ledger: an entry is never changed'); END""",
    """CREATE TRIGGER entry_stays BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'ledger: an entry is never deleted'); END""",
)

POSTGRESQL_FUNCTIONS = (
    "ledger_refuse",
    "ledger_account_insert",
    "ledger_account_update",
    "ledger_transfer_insert",
    "ledger_transfer_update",
    "ledger_entry_insert",
)
POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '23000',
        MESSAGE = 'ledger: ' || TG_TABLE_NAME || ' rows stay as they are: ' || lower(TG_OP) || ' refused';
    END $$""",
    """CREATE FUNCTION ledger_account_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.posted <> 0 OR NEW.held_out <> 0 OR NEW.held_in <> 0 OR NEW.seq <> 0 OR NEW.status <> 'open' THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: an account starts open and empty';
    END IF;
    RETURN NEW; END $$""",
    """CREATE FUNCTION ledger_account_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.id <> OLD.id OR NEW.bank_id <> OLD.bank_id OR NEW.kind <> OLD.kind OR NEW.seq < OLD.seq THEN
        RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'ledger: an account keeps its id, bank and kind, and its count only grows';
    END IF;
    RETURN NEW; END $$""",
    """CREATE FUNCTION ledger_transfer_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.state NOT IN ('pending', 'posted') OR NEW.frozen_at IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: a transfer starts waiting or posted';
    END IF;
    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM transfer AS original
        WHERE original.id = NEW.reverses_id AND original.bank_id = NEW.bank_id AND original.state = 'posted'
        AND original.giver_id = NEW.receiver_id AND original.receiver_id = NEW.giver_id
        AND original.posted_minutes = NEW.minutes) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: a reversal mirrors a posted transfer';
    END IF;
    RETURN NEW; END $$""",
    """CREATE FUNCTION ledger_transfer_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.state <> 'pending' THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: a settled transfer is never changed';
    END IF;
    IF (NEW.id, NEW.bank_id, NEW.kind, NEW.giver_id, NEW.receiver_id, NEW.minutes, NEW.happened_on, NEW.recorded_by,
        NEW.recorded_at, NEW.fingerprint, NEW.reverses_id, NEW.reversal_reason) IS DISTINCT FROM
        (OLD.id, OLD.bank_id, OLD.kind, OLD.giver_id, OLD.receiver_id, OLD.minutes, OLD.happened_on, OLD.recorded_by,
        OLD.recorded_at, OLD.fingerprint, OLD.reverses_id, OLD.reversal_reason) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: the facts of a transfer are never changed';
    END IF;
    IF OLD.frozen_at IS NOT NULL AND NEW.state IN ('posted', 'expired') THEN
        RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'ledger: a frozen transfer is not posted and does not expire';
    END IF;
    IF NEW.expires_at IS DISTINCT FROM OLD.expires_at
        AND (OLD.frozen_at IS NULL OR NEW.frozen_at IS NOT NULL OR OLD.expires_at IS NULL OR NEW.expires_at IS NULL
            OR NEW.expires_at < OLD.expires_at) THEN
        RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'ledger: the expiry of a transfer moves only back, when it is unfrozen';
    END IF;
    RETURN NEW; END $$""",
    """CREATE FUNCTION ledger_entry_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id
        AND NEW.account_id = CASE NEW.side WHEN 1 THEN giver_id ELSE receiver_id END) THEN
        RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'ledger: an entry belongs to an account of its transfer';
    END IF;
    IF NEW.balance_after - NEW.side * NEW.minutes IS DISTINCT FROM (CASE NEW.seq WHEN 1 THEN 0 ELSE
        (SELECT balance_after FROM entry WHERE account_id = NEW.account_id AND seq = NEW.seq - 1) END) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: an entry follows the account''s last one';
    END IF;
    RETURN NEW; END $$""",
    """CREATE TRIGGER account_starts_empty BEFORE INSERT ON account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_insert()""",
    """CREATE TRIGGER account_keeps_its_name BEFORE UPDATE ON account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_update()""",
    """CREATE TRIGGER account_stays BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER account_is_not_emptied BEFORE TRUNCATE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER transfer_starts BEFORE INSERT ON transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_transfer_insert()""",
    """CREATE TRIGGER transfer_facts_are_frozen BEFORE UPDATE ON transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_transfer_update()""",
    """CREATE TRIGGER transfer_stays BEFORE DELETE ON transfer FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER transfer_is_not_emptied BEFORE TRUNCATE ON transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON entry
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_insert()""",
    """CREATE TRIGGER entry_is_never_changed BEFORE UPDATE OR DELETE ON entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER entry_is_not_emptied BEFORE TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()""",
)
