"""The ledger, bank-grade: clocks that pause, linked legs, waivers, closed periods, sealed history, and the posting functions.

Revision ID: 0004
Revises: 0003

What is written here is frozen. Every key and trigger on the path of a posting is one that nothing else can stand in for;
every rule of the database is kept by one check, key or trigger only, so that a test can take each away and see it missed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD_ACCOUNT_KINDS = ("member", "community", "opening", "partner", "leaver")
OLD_TRANSFER_KINDS = (
    "exchange", "group", "gift", "grant", "opening", "import", "partner", "leaving", "correction", "reversal",
)  # fmt: skip
LONGEST_MINUTES = 10_000_000
LEDGER = ("account", "transfer", "entry")


def one_of(column: str, words: tuple[str, ...]) -> str:
    """Written out: for a longer IN (...) SQLite builds a table each time a row is written."""
    return " OR ".join(f"{column} = '{word}'" for word in words)


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        rebuild_on_sqlite()
    else:
        alter_on_postgresql()
    # The clock of what is being checked stands still already.
    op.execute("UPDATE transfer SET stopped_at = frozen_at WHERE frozen_at IS NOT NULL")
    create_beside()
    if op.get_context().dialect.name == "sqlite":
        for statement in SQLITE_TRIGGERS:
            op.execute(statement)
    else:
        for statement in (*POSTGRESQL_FUNCTIONS, *POSTGRESQL_TRIGGERS):
            op.execute(statement)


# SQLite: a table is changed by making it anew. Its rows wait in a temporary one; links are looked at when the caller commits.


def rebuild_on_sqlite() -> None:
    op.execute("PRAGMA defer_foreign_keys=ON")
    columns = {table: take_out(table) for table in reversed(LEDGER)}
    create_account()
    create_transfer()
    create_entry()
    for table in LEDGER:
        op.execute(f"INSERT INTO {table} ({columns[table]}) SELECT {columns[table]} FROM taken_{table}")
        op.execute(f"DROP TABLE taken_{table}")


def take_out(table: str) -> str:
    rows = op.get_bind().execute(sa.text(f"SELECT name FROM pragma_table_info('{table}')"))
    columns = ", ".join(row.name for row in rows)
    op.execute(f"CREATE TEMPORARY TABLE taken_{table} AS SELECT * FROM {table}")
    op.execute(f"DROP TABLE {table}")
    return columns


def whole(table: str, *columns: str) -> list[sa.CheckConstraint]:
    """SQLite puts any value into any column: there the type itself has to be checked."""
    return [
        sa.CheckConstraint(
            f"typeof({column}) = 'integer'" + (f" OR {column} IS NULL" if column in NULLABLE else ""),
            name=f"ck_{table}_{column}_is_whole",
        )
        for column in columns
    ]


NULLABLE = ("hard_floor", "posted_minutes")
ACCOUNT_CHECKS = {
    "kind": one_of("kind", (*OLD_ACCOUNT_KINDS, "bridge")),
    "status": "status IN ('open', 'closed')",
    "never_negative": "held_out >= 0 AND held_in >= 0 AND seq >= 0",
    "closed_is_empty": "status = 'open' OR (posted = 0 AND held_out = 0 AND held_in = 0)",
    # Only an organisation has a floor that refuses: nobody is turned away for what they received.
    "hard_floor": "hard_floor IS NULL OR (kind = 'partner' AND hard_floor <= 0)",
    "above_floor": "hard_floor IS NULL OR floor_waived OR posted - held_out >= hard_floor",
}


def create_account() -> None:
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
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("bank_id", "id", name="uq_account_bank_id_id"),
        *(sa.CheckConstraint(rule, name=f"ck_account_{name}") for name, rule in ACCOUNT_CHECKS.items()),
        *whole("account", "posted", "held_out", "held_in", "seq", "hard_floor"),
        sqlite_with_rowid=False,
    )


# A check passes when its answer is unknown, so whatever may be empty is asked for with IS NULL.
TRANSFER_CHECKS = {
    "kind": one_of("kind", (*OLD_TRANSFER_KINDS, "bridge")),
    "state": one_of("state", ("pending", "posted", "released", "expired")),
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
    "frozen_waits": "(frozen_at IS NULL AND stopped_at IS NULL) OR state = 'pending'",
    "recorded_by": "recorded_by IS NOT NULL OR kind = 'reversal'",
    "confirmed_is_posted": "confirmed_by IS NULL OR state = 'posted'",
    # Whoever recorded an exchange, the other side confirms it.
    "two_hands": "kind <> 'exchange' OR confirmed_by IS NULL OR confirmed_by <> recorded_by",
    "released_has_reason": "(state = 'released') = (release_reason IS NOT NULL)",
    "reversal_names_its_transfer": "(kind = 'reversal') = (reverses_id IS NOT NULL)",
    "reversal_has_reason": "(kind = 'reversal') = (reversal_reason IS NOT NULL)",
    # Each end of a bridge names the other, in whichever bank that is.
    "bridge_names_its_other_end": "(kind = 'bridge') = (peer_id IS NOT NULL)",
    "fingerprint": "length(fingerprint) = 32",
}


def create_transfer() -> None:
    pending = sa.text("state = 'pending'")
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
        sa.Column("group_id", sa.Uuid),
        sa.Column("peer_id", sa.Uuid),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("stopped_at", sa.DateTime(timezone=True)),
        sa.Column("frozen_at", sa.DateTime(timezone=True)),
        sa.Column("posted_minutes", sa.BigInteger),
        sa.Column("out_side", sa.SmallInteger),
        sa.Column("in_side", sa.SmallInteger),
        sa.Column("confirmed_by", sa.Uuid),
        sa.Column("release_reason", sa.Text),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("bank_id", "id", name="uq_transfer_bank_id_id"),
        *(
            sa.ForeignKeyConstraint(
                ["id", f"{side}_side"], ["entry.transfer_id", "entry.side"], name=f"fk_transfer_id_{side}_side",
                deferrable=True, initially="DEFERRED", use_alter=True,
            )
            for side in ("out", "in")
        ),
        *(sa.CheckConstraint(rule, name=f"ck_transfer_{name}") for name, rule in TRANSFER_CHECKS.items()),
        *whole("transfer", "minutes", "posted_minutes"),
    )  # fmt: skip
    op.create_index(
        "uq_transfer_live_reversal", "transfer", ["reverses_id"], unique=True,
        sqlite_where=sa.text("reverses_id IS NOT NULL AND state IN ('pending', 'posted')"),
    )  # fmt: skip
    for name, column in (("due", "expires_at"), ("held_in", "giver_id"), ("held_out", "receiver_id")):
        op.create_index(f"ix_transfer_{name}", "transfer", ["bank_id", column], sqlite_where=pending)


def create_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("transfer_id", sa.Uuid, nullable=False),
        sa.Column("side", sa.SmallInteger, nullable=False),
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("minutes", sa.BigInteger, nullable=False),
        sa.Column("balance_after", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "seq", name="pk_entry"),
        sa.UniqueConstraint("transfer_id", "side", name="uq_entry_transfer_id_side"),
        sa.CheckConstraint("side IN (-1, 1)", name="ck_entry_side"),
    )


def of_bank(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["bank_id", column], [f"{other}.bank_id", f"{other}.id"], name=f"fk_{table}_bank_id_{column}"
    )


# PostgreSQL: the same shape, step by step.


def alter_on_postgresql() -> None:
    for trigger, table in OLD_POSTGRESQL_TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in OLD_POSTGRESQL_FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
    op.add_column("account", sa.Column("paused_at", sa.DateTime(timezone=True)))
    for column in ("group_id", "peer_id"):
        op.add_column("transfer", sa.Column(column, sa.Uuid))
    op.add_column("transfer", sa.Column("stopped_at", sa.DateTime(timezone=True)))
    for statement in POSTGRESQL_CHANGES:
        op.execute(statement)


OLD_POSTGRESQL_TRIGGERS = (
    ("account_starts_empty", "account"),
    ("account_keeps_its_name", "account"),
    ("account_stays", "account"),
    ("account_is_not_emptied", "account"),
    ("transfer_starts", "transfer"),
    ("transfer_facts_are_frozen", "transfer"),
    ("transfer_stays", "transfer"),
    ("transfer_is_not_emptied", "transfer"),
    ("entry_follows_the_last", "entry"),
    ("entry_is_never_changed", "entry"),
    ("entry_is_not_emptied", "entry"),
)
OLD_POSTGRESQL_FUNCTIONS = (
    "ledger_refuse",
    "ledger_account_insert",
    "ledger_account_update",
    "ledger_transfer_insert",
    "ledger_transfer_update",
    "ledger_entry_insert",
)
POSTGRESQL_CHANGES = (
    "ALTER TABLE account DROP CONSTRAINT ck_account_kind,"
    f" ADD CONSTRAINT ck_account_kind CHECK ({ACCOUNT_CHECKS['kind']})",
    "ALTER TABLE transfer DROP CONSTRAINT ck_transfer_kind,"
    f" ADD CONSTRAINT ck_transfer_kind CHECK ({TRANSFER_CHECKS['kind']}),"
    " ADD CONSTRAINT ck_transfer_bridge_names_its_other_end"
    f" CHECK ({TRANSFER_CHECKS['bridge_names_its_other_end']}),"
    " DROP CONSTRAINT ck_transfer_frozen_waits,"
    f" ADD CONSTRAINT ck_transfer_frozen_waits CHECK ({TRANSFER_CHECKS['frozen_waits']}),"
    " DROP CONSTRAINT fk_transfer_id_out_side, DROP CONSTRAINT fk_transfer_id_in_side,"
    # A trigger asks for the accounts of a whole batch at once: keys would ask for each row, and take half of the time.
    " DROP CONSTRAINT fk_transfer_bank_id_giver_id, DROP CONSTRAINT fk_transfer_bank_id_receiver_id,"
    " DROP CONSTRAINT fk_transfer_bank_id_reverses_id",
    # Entries lie where their account's last ones are. What the one trigger on them says needs no key to say it again.
    "ALTER TABLE entry DROP CONSTRAINT pk_entry, DROP CONSTRAINT uq_entry_account_id_seq,"
    " DROP CONSTRAINT fk_entry_bank_id_account_id, DROP CONSTRAINT fk_entry_bank_id_transfer_id,"
    " DROP CONSTRAINT ck_entry_minutes, DROP CONSTRAINT ck_entry_seq, DROP CONSTRAINT fk_entry_transfer_id_minutes,"
    " ADD CONSTRAINT pk_entry PRIMARY KEY (account_id, seq),"
    " ADD CONSTRAINT uq_entry_transfer_id_side UNIQUE (transfer_id, side)",
    "ALTER TABLE transfer DROP CONSTRAINT uq_transfer_id_posted_minutes",
    *(
        f"ALTER TABLE transfer ADD CONSTRAINT fk_transfer_id_{side}_side FOREIGN KEY (id, {side}_side)"
        " REFERENCES entry (transfer_id, side) DEFERRABLE INITIALLY DEFERRED"
        for side in ("out", "in")
    ),
    "DROP INDEX uq_transfer_live_reversal",
    "CREATE UNIQUE INDEX uq_transfer_live_reversal ON transfer (reverses_id)"
    " WHERE reverses_id IS NOT NULL AND state IN ('pending', 'posted')",
)


# What stands beside: none of it is on the path of a posting, save the question whether a period is closed.


def create_beside() -> None:
    op.create_table(
        "waiver",
        sa.Column("transfer_id", sa.Uuid, nullable=False),
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("waived_by", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", "account_id", name="pk_waiver"),
        of_bank("waiver", "transfer_id", "transfer"),
        of_bank("waiver", "account_id", "account"),
        sa.CheckConstraint("length(reason) > 0", name="ck_waiver_reason"),
    )
    op.create_table(
        "period",
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Uuid, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transfers", sa.BigInteger, nullable=False),
        sa.Column("minutes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bank_id", "until", name="pk_period"),
        sa.CheckConstraint("until <= closed_at", name="ck_period_is_over"),
        sa.CheckConstraint("transfers >= 0 AND minutes >= 0", name="ck_period_figures"),
    )
    op.create_table(
        "block",
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("no", sa.BigInteger, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bank_id", "no", name="pk_block"),
        sa.CheckConstraint("no > 0 AND first > 0 AND first <= last", name="ck_block_places"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seal",
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("no", sa.BigInteger, nullable=False),
        sa.Column("transfer_id", sa.Uuid, nullable=False),
        sa.Column("leaf", sa.LargeBinary(32), nullable=False),
        sa.Column("salt", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("bank_id", "no", name="pk_seal"),
        sa.UniqueConstraint("transfer_id", name="uq_seal_transfer_id"),
        of_bank("seal", "transfer_id", "transfer"),
        sqlite_with_rowid=False,
    )
    # How far each account is sealed: the sealer's own bookmark. `verify` counts for itself.
    op.create_table(
        "sealed_account",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("bank_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_sealed_account"),
        of_bank("sealed_account", "account_id", "account"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_transfer_let_go", "transfer", ["bank_id", "settled_at"],
        sqlite_where=sa.text(LET_GO), postgresql_where=sa.text(LET_GO),
    )  # fmt: skip


LET_GO = "state IN ('released', 'expired')"
KEPT = ("waiver", "period", "block", "seal")  # written once, like entries

FACTS = (
    "id", "bank_id", "kind", "giver_id", "receiver_id", "minutes", "happened_on", "recorded_by", "recorded_at",
    "fingerprint", "reverses_id", "reversal_reason", "group_id", "peer_id",
)  # fmt: skip
MIRROR = """SELECT 1 FROM transfer AS original
        WHERE original.id = NEW.reverses_id AND original.bank_id = NEW.bank_id AND original.state = 'posted'
        AND original.giver_id = NEW.receiver_id AND original.receiver_id = NEW.giver_id
        AND original.posted_minutes = NEW.minutes"""
NOT_EMPTY = "NEW.posted <> 0 OR NEW.held_out <> 0 OR NEW.held_in <> 0 OR NEW.seq <> 0 OR NEW.status <> 'open'"
NO_START = "NEW.state NOT IN ('pending', 'posted') OR NEW.frozen_at IS NOT NULL"
CLOSED = "EXISTS (SELECT 1 FROM period WHERE bank_id = NEW.bank_id AND until > NEW.settled_at)"

# What each refusal is called and says, the same on both databases: (trigger, table, moment, when, sentence).
REFUSALS = (
    ("account_starts_empty", "account", "INSERT", NOT_EMPTY, "an account starts open and empty"),
    (
        "account_keeps_its_name", "account", "UPDATE OF id, bank_id, kind, hard_floor",
        "NEW.id <> OLD.id OR NEW.bank_id <> OLD.bank_id OR NEW.kind <> OLD.kind OR NEW.hard_floor IS NOT OLD.hard_floor",
        "an account keeps its id, bank, kind and limit",
    ),
    (
        "transfer_settles_once", "transfer", "UPDATE", "OLD.state <> 'pending'",
        "a settled transfer is never changed",
    ),
    (
        "transfer_facts_are_frozen", "transfer", "UPDATE",
        " OR ".join(f"NEW.{fact} IS NOT OLD.{fact}" for fact in FACTS),
        "the facts of a transfer are never changed",
    ),
    (
        "transfer_frozen_waits", "transfer", "UPDATE",
        "OLD.frozen_at IS NOT NULL AND NEW.state IN ('posted', 'expired')",
        "a frozen transfer is not posted and does not expire",
    ),
    (
        "transfer_keeps_its_clock", "transfer", "UPDATE",
        "NEW.expires_at IS NOT OLD.expires_at AND (OLD.stopped_at IS NULL OR NEW.stopped_at IS NOT NULL"
        " OR OLD.expires_at IS NULL OR NEW.expires_at IS NULL OR NEW.expires_at < OLD.expires_at)",
        "the expiry of a transfer moves only back, when its clock goes on again",
    ),
)  # fmt: skip


def refusals_on_sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {when}\n    BEGIN SELECT RAISE(ABORT, 'ledger: {says}'); END"
        for name, table, moment, when, says in REFUSALS
    ]


def never_on_sqlite(table: str, moment: str) -> str:
    name = f"{table}_is_never_{'changed' if moment == 'UPDATE' else 'deleted'}"
    return (
        f"CREATE TRIGGER {name} BEFORE {moment} ON {table}\n"
        f"    BEGIN SELECT RAISE(ABORT, 'ledger: {table} rows stay as they are'); END"
    )


def comes_once_on_sqlite(table: str, *keys: str) -> str:
    """INSERT OR REPLACE would delete unseen on a connection without recursive triggers: the row itself is looked for."""
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)
    return (
        f"CREATE TRIGGER {table}_comes_once BEFORE INSERT ON {table} WHEN {taken}\n"
        f"    BEGIN SELECT RAISE(ABORT, 'ledger: {table} rows are never replaced'); END"
    )


SQLITE_TRIGGERS = (
    *refusals_on_sqlite(),
    *(never_on_sqlite(table, "DELETE") for table in (*LEDGER, *KEPT)),
    *(never_on_sqlite(table, "UPDATE") for table in ("entry", *KEPT)),
    comes_once_on_sqlite("account", "id = NEW.id"),
    comes_once_on_sqlite("waiver", "transfer_id = NEW.transfer_id AND account_id = NEW.account_id"),
    comes_once_on_sqlite("period", "bank_id = NEW.bank_id AND until = NEW.until"),
    comes_once_on_sqlite("block", "bank_id = NEW.bank_id AND no = NEW.no"),
    comes_once_on_sqlite("seal", "bank_id = NEW.bank_id AND no = NEW.no", "transfer_id = NEW.transfer_id"),
    # One trigger a table on the path of a posting: each costs as much as the row itself.
    f"""CREATE TRIGGER transfer_begins BEFORE INSERT ON transfer BEGIN SELECT CASE
    WHEN {NO_START} THEN RAISE(ABORT, 'ledger: a transfer starts waiting or posted')
    WHEN EXISTS (SELECT 1 FROM transfer WHERE id = NEW.id) OR NEW.reverses_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM transfer WHERE reverses_id = NEW.reverses_id AND state IN ('pending', 'posted'))
        THEN RAISE(ABORT, 'ledger: transfer rows are never replaced')
    WHEN NOT EXISTS (SELECT 1 FROM account WHERE bank_id = NEW.bank_id AND id = NEW.giver_id)
        OR NOT EXISTS (SELECT 1 FROM account WHERE bank_id = NEW.bank_id AND id = NEW.receiver_id)
        THEN RAISE(ABORT, 'ledger: both accounts of a transfer are in its bank')
    WHEN NEW.reverses_id IS NOT NULL AND NOT EXISTS ({MIRROR})
        THEN RAISE(ABORT, 'ledger: a reversal mirrors a posted transfer')
    WHEN NEW.state = 'posted' AND {CLOSED} THEN RAISE(ABORT, 'ledger: nothing is posted into a closed period')
    END; END""",
    f"""CREATE TRIGGER transfer_settles_in_an_open_period BEFORE UPDATE ON transfer
    WHEN NEW.state = 'posted' AND {CLOSED}
    BEGIN SELECT RAISE(ABORT, 'ledger: nothing is posted into a closed period'); END""",
    """CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON entry BEGIN SELECT CASE
    WHEN NOT EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id AND bank_id = NEW.bank_id
        AND posted_minutes = NEW.minutes AND NEW.account_id = CASE NEW.side WHEN 1 THEN giver_id ELSE receiver_id END)
        THEN RAISE(ABORT, 'ledger: an entry stands in an account of its transfer, with its length')
    WHEN NEW.balance_after - NEW.side * NEW.minutes IS NOT CASE NEW.seq WHEN 1 THEN 0 ELSE
        (SELECT balance_after FROM entry WHERE account_id = NEW.account_id AND seq = NEW.seq - 1) END
        THEN RAISE(ABORT, 'ledger: an entry follows the account''s last one')
    WHEN EXISTS (SELECT 1 FROM entry WHERE transfer_id = NEW.transfer_id AND side = NEW.side)
        THEN RAISE(ABORT, 'ledger: entry rows are never replaced')
    END; END""",
)


def refusals_on_postgresql() -> list[str]:
    """The condition is asked before the function is called, so a row that is in order costs next to nothing."""
    return [
        f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW"
        f" WHEN ({when.replace(' IS NOT OLD.', ' IS DISTINCT FROM OLD.')}) EXECUTE FUNCTION ledger_refuse('{says}')"
        for name, table, moment, when, says in REFUSALS
    ]


BY_KEY = "SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off"
POSTGRESQL_FUNCTIONS = (
    """CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: ' || TG_ARGV[0]; END $$""",
    f"""CREATE FUNCTION ledger_reversal_mirrors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NOT EXISTS ({MIRROR}) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: a reversal mirrors a posted transfer';
    END IF;
    RETURN NEW; END $$""",
    f"""CREATE FUNCTION ledger_period_is_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF {CLOSED} THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: nothing is posted into a closed period';
    END IF;
    RETURN NEW; END $$""",
    # All rows of a statement at once: asking row by row would take half the time of a posting. The planner knows nothing of
    # how many rows are fresh, and would read whole tables: it may only look rows up by their keys.
    f"""CREATE FUNCTION ledger_transfers_begin() RETURNS trigger LANGUAGE plpgsql {BY_KEY} AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM fresh
        LEFT JOIN account AS giver ON giver.id = fresh.giver_id AND giver.bank_id = fresh.bank_id
        LEFT JOIN account AS receiver ON receiver.id = fresh.receiver_id AND receiver.bank_id = fresh.bank_id
        WHERE giver.id IS NULL OR receiver.id IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: both accounts of a transfer are in its bank';
    END IF;
    IF EXISTS (SELECT 1 FROM period) AND EXISTS (
        SELECT 1 FROM fresh JOIN period ON period.bank_id = fresh.bank_id AND period.until > fresh.settled_at) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: nothing is posted into a closed period';
    END IF;
    RETURN NULL; END $$""",
    f"""CREATE FUNCTION ledger_entries_follow() RETURNS trigger LANGUAGE plpgsql {BY_KEY} AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM fresh LEFT JOIN transfer ON transfer.id = fresh.transfer_id
        WHERE transfer.posted_minutes IS DISTINCT FROM fresh.minutes OR transfer.bank_id <> fresh.bank_id
        OR fresh.account_id <> CASE fresh.side WHEN 1 THEN transfer.giver_id ELSE transfer.receiver_id END) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: an entry stands in an account of its transfer, with its length';
    END IF;
    IF EXISTS (SELECT 1 FROM fresh
        LEFT JOIN entry AS last ON last.account_id = fresh.account_id AND last.seq = fresh.seq - 1
        WHERE fresh.balance_after - fresh.side * fresh.minutes
        IS DISTINCT FROM CASE fresh.seq WHEN 1 THEN 0 ELSE last.balance_after END) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: an entry follows the account''s last one';
    END IF;
    RETURN NULL; END $$""",
    # One posting in one call. It answers with no row, and has written nothing, where anything at all is out of the
    # ordinary (a known id, a closed account, a floor): the rules stand in one place, which then looks into it.
    """CREATE FUNCTION ledger_post(bank uuid, new_id uuid, new_kind text, giver uuid, receiver uuid, length bigint,
        day date, recorder uuid, print bytea, new_group uuid, now timestamptz)
    RETURNS TABLE (giver_balance bigint, giver_seq bigint, receiver_balance bigint, receiver_seq bigint)
    LANGUAGE plpgsql AS $$
    DECLARE ready integer; BEGIN
    SELECT count(*) INTO ready FROM (
        SELECT id, status, posted, held_out, hard_floor, floor_waived FROM account
        WHERE id IN (giver, receiver) AND bank_id = bank
        ORDER BY id FOR NO KEY UPDATE) AS locked
    WHERE status = 'open' AND NOT floor_waived
        AND (hard_floor IS NULL OR id = giver OR posted - length - held_out >= hard_floor);
    IF ready <> 2 OR EXISTS (SELECT 1 FROM period WHERE bank_id = bank AND until > now) THEN RETURN; END IF;
    INSERT INTO transfer (id, bank_id, kind, giver_id, receiver_id, minutes, happened_on, recorded_by, recorded_at,
        fingerprint, group_id, state, posted_minutes, out_side, in_side, settled_at)
    VALUES (new_id, bank, new_kind, giver, receiver, length, day, recorder, now,
        print, new_group, 'posted', length, -1, 1, now) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    UPDATE account SET posted = posted + length, seq = seq + 1 WHERE id = giver
        RETURNING posted, seq INTO giver_balance, giver_seq;
    UPDATE account SET posted = posted - length, seq = seq + 1 WHERE id = receiver
        RETURNING posted, seq INTO receiver_balance, receiver_seq;
    INSERT INTO entry (transfer_id, side, bank_id, account_id, minutes, balance_after, seq)
    VALUES (new_id, 1, bank, giver, length, giver_balance, giver_seq),
        (new_id, -1, bank, receiver, length, receiver_balance, receiver_seq);
    RETURN NEXT; END $$""",
    # Many postings in one call, in the order given, by running sums over each account.
    f"""CREATE FUNCTION ledger_post_many(bank uuid, ids uuid[], kinds text[], givers uuid[], receivers uuid[],
        lengths bigint[], days date[], recorders uuid[], prints bytea[], groups uuid[], now timestamptz)
    RETURNS TABLE (giver_balance bigint, giver_seq bigint, receiver_balance bigint, receiver_seq bigint)
    LANGUAGE plpgsql {BY_KEY} AS $$
    DECLARE named uuid[]; ready bigint; BEGIN
    SELECT array_agg(DISTINCT one) INTO named FROM unnest(givers || receivers) AS both_sides (one);
    SELECT count(*) INTO ready FROM (
        SELECT status, hard_floor FROM account WHERE id = ANY (named) AND bank_id = bank
        ORDER BY id FOR NO KEY UPDATE) AS locked
    WHERE status = 'open' AND hard_floor IS NULL;
    IF ready <> cardinality(named) OR EXISTS (SELECT 1 FROM period WHERE bank_id = bank AND until > now) THEN RETURN; END IF;
    IF EXISTS (SELECT 1 FROM transfer WHERE id = ANY (ids)) THEN RETURN; END IF;
    INSERT INTO transfer (id, bank_id, kind, giver_id, receiver_id, minutes, happened_on, recorded_by, recorded_at,
        fingerprint, group_id, state, posted_minutes, out_side, in_side, settled_at)
    SELECT id, bank, kind, giver, receiver, length, day, recorder, now, print, grouped, 'posted', length, -1, 1, now
    FROM unnest(ids, kinds, givers, receivers, lengths, days, recorders, prints, groups)
        AS new (id, kind, giver, receiver, length, day, recorder, print, grouped);
    RETURN QUERY WITH legs AS MATERIALIZED (
        SELECT leg.place, leg.side, leg.account_id, leg.length, leg.id,
            account.posted + sum(leg.side * leg.length) OVER before AS balance,
            account.seq + row_number() OVER before AS number
        FROM (
            SELECT place, 1 AS side, giver AS account_id, length, id
            FROM unnest(ids, givers, lengths) WITH ORDINALITY AS given (id, giver, length, place)
            UNION ALL
            SELECT place, -1, receiver, length, id
            FROM unnest(ids, receivers, lengths) WITH ORDINALITY AS received (id, receiver, length, place)
        ) AS leg JOIN account ON account.id = leg.account_id
        WINDOW before AS (PARTITION BY leg.account_id ORDER BY leg.place)
    ), written AS (
        INSERT INTO entry (transfer_id, side, bank_id, account_id, minutes, balance_after, seq)
        SELECT id, side, bank, account_id, length, balance, number FROM legs
    ), moved AS (
        UPDATE account SET posted = posted + change.minutes, seq = seq + change.entries
        FROM (SELECT account_id, sum(side * length) AS minutes, count(*) AS entries FROM legs GROUP BY account_id) AS change
        WHERE account.id = change.account_id
    )
    SELECT max(balance) FILTER (WHERE side = 1)::bigint, max(number) FILTER (WHERE side = 1)::bigint,
        max(balance) FILTER (WHERE side = -1)::bigint, max(number) FILTER (WHERE side = -1)::bigint
    FROM legs GROUP BY place ORDER BY place;
    END $$""",
)
NEVER = "rows stay as they are"
POSTGRESQL_TRIGGERS = (
    *refusals_on_postgresql(),
    *(
        f"CREATE TRIGGER {table}_is_never_deleted BEFORE DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION ledger_refuse('{table} {NEVER}')"
        for table in (*LEDGER, *KEPT)
    ),
    *(
        f"CREATE TRIGGER {table}_is_never_changed BEFORE UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION ledger_refuse('{table} {NEVER}')"
        for table in ("entry", *KEPT)
    ),
    *(
        f"CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('{table} {NEVER}')"
        for table in (*LEDGER, *KEPT)
    ),
    "CREATE TRIGGER transfer_starts BEFORE INSERT ON transfer FOR EACH ROW"
    f" WHEN ({NO_START}) EXECUTE FUNCTION ledger_refuse('a transfer starts waiting or posted')",
    "CREATE TRIGGER transfer_reversal_mirrors BEFORE INSERT ON transfer FOR EACH ROW"
    " WHEN (NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION ledger_reversal_mirrors()",
    "CREATE TRIGGER transfer_begins AFTER INSERT ON transfer REFERENCING NEW TABLE AS fresh"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfers_begin()",
    "CREATE TRIGGER transfer_settles_in_an_open_period BEFORE UPDATE ON transfer FOR EACH ROW"
    " WHEN (NEW.state = 'posted') EXECUTE FUNCTION ledger_period_is_open()",
    "CREATE TRIGGER entry_follows_the_last AFTER INSERT ON entry REFERENCING NEW TABLE AS fresh"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_follow()",
)


# Back again. What the older shape has no place for (waivers, closed periods, the chain) is lost; bridges stop it.


def downgrade() -> None:
    first = op.get_context().script.get_revision("0001").module
    if op.get_context().dialect.name == "sqlite":
        go_back_on_sqlite(first)
    else:
        go_back_on_postgresql(first)


def go_back_on_sqlite(first) -> None:
    drop_beside()
    op.execute("PRAGMA defer_foreign_keys=ON")
    columns = {table: take_out(table) for table in reversed(LEDGER)}
    first.create_account(on_sqlite=True)
    first.create_transfer(on_sqlite=True)
    first.create_entry(on_sqlite=True)
    for table in LEDGER:
        old = ", ".join(name for name in columns[table].split(", ") if name not in NEW_COLUMNS)
        op.execute(f"INSERT INTO {table} ({old}) SELECT {old} FROM taken_{table}")
        op.execute(f"DROP TABLE taken_{table}")
    for statement in first.SQLITE_TRIGGERS:
        op.execute(statement)


def go_back_on_postgresql(first) -> None:
    for table in LEDGER:
        for (trigger,) in op.get_bind().execute(sa.text(TRIGGERS_OF), {"wanted": table}).all():
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    drop_beside()
    for (function,) in op.get_bind().execute(sa.text(OUR_FUNCTIONS)).all():
        op.execute(f"DROP FUNCTION {function}")
    for statement in (*POSTGRESQL_WAY_BACK, *first.POSTGRESQL_TRIGGERS):
        op.execute(statement)


def drop_beside() -> None:
    for table in ("sealed_account", "seal", "block", "period", "waiver"):
        op.drop_table(table)


NEW_COLUMNS = ("paused_at", "group_id", "peer_id", "stopped_at")
TRIGGERS_OF = "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:wanted AS regclass) AND NOT tgisinternal"
OUR_FUNCTIONS = (
    "SELECT oid::regprocedure::text FROM pg_proc"
    " WHERE proname LIKE 'ledger\\_%' AND pronamespace = CAST(current_schema() AS regnamespace)"
)
POSTGRESQL_WAY_BACK = (
    "DROP INDEX ix_transfer_let_go",
    "ALTER TABLE transfer DROP CONSTRAINT fk_transfer_id_out_side, DROP CONSTRAINT fk_transfer_id_in_side,"
    " DROP CONSTRAINT ck_transfer_frozen_waits,"
    " ADD CONSTRAINT ck_transfer_frozen_waits CHECK (frozen_at IS NULL OR state = 'pending'),"
    " DROP CONSTRAINT ck_transfer_kind, DROP CONSTRAINT ck_transfer_bridge_names_its_other_end,"
    f" ADD CONSTRAINT ck_transfer_kind CHECK ({one_of('kind', OLD_TRANSFER_KINDS)}),"
    " DROP COLUMN group_id, DROP COLUMN peer_id, DROP COLUMN stopped_at",
    "ALTER TABLE account DROP CONSTRAINT ck_account_kind, DROP COLUMN paused_at,"
    f" ADD CONSTRAINT ck_account_kind CHECK ({one_of('kind', OLD_ACCOUNT_KINDS)})",
    "ALTER TABLE transfer ADD CONSTRAINT uq_transfer_id_posted_minutes UNIQUE (id, posted_minutes)",
    "ALTER TABLE entry DROP CONSTRAINT pk_entry, DROP CONSTRAINT uq_entry_transfer_id_side,"
    " ADD CONSTRAINT pk_entry PRIMARY KEY (transfer_id, side),"
    " ADD CONSTRAINT uq_entry_account_id_seq UNIQUE (account_id, seq),"
    " ADD CONSTRAINT ck_entry_minutes CHECK (minutes > 0), ADD CONSTRAINT ck_entry_seq CHECK (seq > 0),"
    " ADD CONSTRAINT fk_entry_transfer_id_minutes FOREIGN KEY (transfer_id, minutes) REFERENCES transfer (id, posted_minutes),"
    " ADD CONSTRAINT fk_entry_bank_id_account_id FOREIGN KEY (bank_id, account_id) REFERENCES account (bank_id, id),"
    " ADD CONSTRAINT fk_entry_bank_id_transfer_id FOREIGN KEY (bank_id, transfer_id) REFERENCES transfer (bank_id, id)",
    *(
        f"ALTER TABLE transfer ADD CONSTRAINT fk_transfer_id_{side}_side FOREIGN KEY (id, {side}_side)"
        " REFERENCES entry (transfer_id, side) DEFERRABLE INITIALLY DEFERRED"
        for side in ("out", "in")
    ),
    *(
        f"ALTER TABLE transfer ADD CONSTRAINT fk_transfer_bank_id_{column} FOREIGN KEY (bank_id, {column})"
        f" REFERENCES {table} (bank_id, id)"
        for column, table in (("giver_id", "account"), ("receiver_id", "account"), ("reverses_id", "transfer"))
    ),
    "DROP INDEX uq_transfer_live_reversal",
    "CREATE UNIQUE INDEX uq_transfer_live_reversal ON transfer (reverses_id) WHERE state IN ('pending', 'posted')",
)
