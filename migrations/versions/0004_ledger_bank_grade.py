"""The ledger, bank-grade: clocks that pause, linked legs, waivers, closed periods, sealed history, and the posting functions.

Revision ID: 0004
Revises: 0003

What is written here is frozen. A posted transfer says itself where its two entries stand (number and balance in each
account), and the database writes them when it takes it in: nobody else can. So a posting needs no link that is looked at
later, and every rule is kept by one check, key or trigger only: a test can take each away and see it missed.
"""

import re

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
        statements, schema = SQLITE_TRIGGERS, ""
    else:
        statements = (*POSTGRESQL_FUNCTIONS, *POSTGRESQL_TRIGGERS)
        schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())")) + "."
    for statement in statements:
        op.execute(statement.replace(IN_SCHEMA[:-1] + ", ", schema[:-1] + ", ").replace(IN_SCHEMA, schema))


# Whoever may not write somewhere may still make a temporary table of the same name, which comes first where none is said.
IN_SCHEMA = "OUR_SCHEMA."


# SQLite: a table is changed by making it anew. Its rows wait in a temporary one; links are looked at when the caller commits.


def rebuild_on_sqlite() -> None:
    op.execute("PRAGMA defer_foreign_keys=ON")
    links = take_out_links(bank_wide=False)
    columns = {table: take_out(table) for table in reversed(LEDGER)}
    create_account()
    create_transfer()
    create_entry()
    op.execute("CREATE INDEX taken_sides ON taken_entry (transfer_id, side)")
    kept = ", ".join(f"taken_transfer.{name}" for name in columns["transfer"].split(", ") if name not in OLD_SIDES)
    for table, named, taken in (
        ("account", columns["account"], f"SELECT {columns['account']} FROM taken_account"),
        (
            "transfer",
            f"{kept.replace('taken_transfer.', '')}, {', '.join(PLACES)}",
            f"SELECT {kept}, giver.seq, giver.balance_after, receiver.seq, receiver.balance_after FROM taken_transfer"
            " LEFT JOIN taken_entry AS giver ON giver.transfer_id = taken_transfer.id AND giver.side = 1"
            " LEFT JOIN taken_entry AS receiver ON receiver.transfer_id = taken_transfer.id AND receiver.side = -1",
        ),
        ("entry", ENTRY, f"SELECT {ENTRY} FROM taken_entry"),
    ):
        op.execute(f"INSERT INTO {table} ({named}) {taken}")
    for statement in (*links, *(f"DROP TABLE taken_{table}" for table in LEDGER)):
        op.execute(statement)


OLD_SIDES = ("out_side", "in_side")
PLACES = ("giver_seq", "giver_balance", "receiver_seq", "receiver_balance")
ENTRY = "account_id, seq, transfer_id, side, minutes, balance_after"


# What names a transfer does so by its id alone, which no two banks share: a key of bank and id, random as ids are, would cost
# each posting a page of the disk.
NAMING_BY_ID = {"hour_log": "id", "imported_row": "transfer_id"}


def by_bank_and_id(column: str) -> tuple[str, str]:
    return f"(bank_id, {column}) REFERENCES transfer (bank_id, id)", f"({column}) REFERENCES transfer (id)"


def take_out_links(*, bank_wide: bool) -> list[str]:
    """Takes those tables out, and answers with what puts them back, linked in the other way."""
    again = []
    for table, column in NAMING_BY_ID.items():
        was, now = by_bank_and_id(column)[:: -1 if bank_wide else 1]
        made = op.get_bind().scalars(
            sa.text(f"SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL ORDER BY type DESC")
        )
        tight = [re.sub(r"FOREIGN KEY ?\(", "FOREIGN KEY (", sql).replace(was, now) for sql in made]
        if now not in tight[0]:
            raise RuntimeError(f"{table} is not linked as expected")
        columns = take_out(table)
        again += [
            *tight,
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM taken_{table}",
            f"DROP TABLE taken_{table}",
        ]
    return again


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
    **{f"posted_has_{place}": f"(state = 'posted') = ({place} IS NOT NULL)" for place in PLACES},
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
        *(sa.Column(place, sa.BigInteger) for place in PLACES),
        sa.Column("confirmed_by", sa.Uuid),
        sa.Column("release_reason", sa.Text),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
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
    """Rows lie in the order in which they are read: an account's statement is one walk, and a posting finds its end there."""
    op.create_table(
        "entry",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("transfer_id", sa.Uuid, nullable=False),
        sa.Column("side", sa.SmallInteger, nullable=False),
        sa.Column("minutes", sa.BigInteger, nullable=False),
        sa.Column("balance_after", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "seq", name="pk_entry"),
        sqlite_with_rowid=False,
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
    for place in PLACES:
        op.add_column("transfer", sa.Column(place, sa.BigInteger))
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
LINKS = (
    ("hour_log", "id", "fk_hour_log_transfer"),
    ("imported_row", "transfer_id", "fk_imported_row_bank_id_transfer_id"),
)
POSTGRESQL_CHANGES = (
    # Checks are read anew for each statement, which takes most of the time of a posting; a trigger reads them once.
    *(
        f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}"
        for table, names in {
            "account": ("kind", "status", "never_negative", "closed_is_empty", "hard_floor", "above_floor"),
            "transfer": (
                "kind",
                "state",
                "two_accounts",
                "minutes",
                "posted_minutes",
                "posted_has_length",
                "posted_has_out_side",
                "posted_has_in_side",
                "sides",
                "settled",
                "frozen_waits",
                "recorded_by",
                "confirmed_is_posted",
                "two_hands",
                "released_has_reason",
                "reversal_names_its_transfer",
                "reversal_has_reason",
                "fingerprint",
            ),
            "entry": ("side", "minutes", "seq"),
        }.items()
        for name in names
    ),
    "ALTER TABLE transfer DROP CONSTRAINT fk_transfer_id_out_side, DROP CONSTRAINT fk_transfer_id_in_side,"
    " DROP CONSTRAINT fk_transfer_bank_id_giver_id, DROP CONSTRAINT fk_transfer_bank_id_receiver_id,"
    " DROP CONSTRAINT fk_transfer_bank_id_reverses_id",
    *(f"ALTER TABLE {table} DROP CONSTRAINT {link}" for table, _, link in LINKS),
    "UPDATE transfer SET giver_seq = giver.seq, giver_balance = giver.balance_after, receiver_seq = receiver.seq,"
    " receiver_balance = receiver.balance_after FROM entry AS giver, entry AS receiver"
    " WHERE giver.transfer_id = transfer.id AND giver.side = 1 AND receiver.transfer_id = transfer.id AND receiver.side = -1",
    # Entries lie where their account's last ones are.
    "ALTER TABLE entry DROP CONSTRAINT pk_entry, DROP CONSTRAINT uq_entry_account_id_seq,"
    " DROP CONSTRAINT fk_entry_bank_id_account_id, DROP CONSTRAINT fk_entry_bank_id_transfer_id,"
    " DROP CONSTRAINT fk_entry_transfer_id_minutes, DROP COLUMN bank_id,"
    " ADD CONSTRAINT pk_entry PRIMARY KEY (account_id, seq)",
    "ALTER TABLE transfer DROP CONSTRAINT uq_transfer_id_posted_minutes, DROP CONSTRAINT uq_transfer_bank_id_id,"
    " DROP COLUMN out_side, DROP COLUMN in_side",
    *(
        f"ALTER TABLE {table} ADD CONSTRAINT {link} FOREIGN KEY {by_bank_and_id(column)[1]}"
        for table, column, link in LINKS
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
OF_ITS_BANK = f"EXISTS (SELECT 1 FROM {IN_SCHEMA}transfer WHERE id = NEW.transfer_id AND bank_id = NEW.bank_id)"
MIRROR = f"""SELECT 1 FROM {IN_SCHEMA}transfer AS original
        WHERE original.id = NEW.reverses_id AND original.bank_id = NEW.bank_id AND original.state = 'posted'
        AND original.giver_id = NEW.receiver_id AND original.receiver_id = NEW.giver_id
        AND original.posted_minutes = NEW.minutes"""
NOT_EMPTY = "NEW.posted <> 0 OR NEW.held_out <> 0 OR NEW.held_in <> 0 OR NEW.seq <> 0 OR NEW.status <> 'open'"
NO_START = "NEW.state NOT IN ('pending', 'posted') OR NEW.frozen_at IS NOT NULL"
CLOSED = f"EXISTS (SELECT 1 FROM {IN_SCHEMA}period WHERE bank_id = NEW.bank_id AND until > NEW.settled_at)"

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


NAMING_A_TRANSFER = ("waiver", "seal")
WRITE_ENTRIES = (
    f"INSERT INTO entry ({ENTRY})"
    " VALUES (NEW.giver_id, NEW.giver_seq, NEW.id, 1, NEW.posted_minutes, NEW.giver_balance);"
    f" INSERT INTO entry ({ENTRY})"
    " VALUES (NEW.receiver_id, NEW.receiver_seq, NEW.id, -1, NEW.posted_minutes, NEW.receiver_balance);"
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
    f"""CREATE TRIGGER transfer_is_posted AFTER INSERT ON transfer WHEN NEW.state = 'posted' BEGIN
    {WRITE_ENTRIES} END""",
    f"""CREATE TRIGGER transfer_is_confirmed AFTER UPDATE ON transfer WHEN NEW.state = 'posted' BEGIN
    {WRITE_ENTRIES} END""",
    """CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON entry BEGIN SELECT CASE
    WHEN NOT EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id AND (
        (giver_id = NEW.account_id AND giver_seq = NEW.seq) OR (receiver_id = NEW.account_id AND receiver_seq = NEW.seq)))
        THEN RAISE(ABORT, 'ledger: an entry stands where its transfer says')
    WHEN NEW.balance_after - NEW.side * NEW.minutes IS NOT CASE NEW.seq WHEN 1 THEN 0 ELSE
        (SELECT balance_after FROM entry WHERE account_id = NEW.account_id AND seq = NEW.seq - 1) END
        THEN RAISE(ABORT, 'ledger: an entry follows the account''s last one')
    WHEN EXISTS (SELECT 1 FROM entry WHERE account_id = NEW.account_id AND seq = NEW.seq)
        THEN RAISE(ABORT, 'ledger: entry rows are never replaced')
    END; END""",
    *(
        f"CREATE TRIGGER {table}_names_a_transfer BEFORE INSERT ON {table} WHEN NOT {OF_ITS_BANK}\n"
        f"    BEGIN SELECT RAISE(ABORT, 'ledger: a {table} names a transfer of its bank'); END"
        for table in NAMING_A_TRANSFER
    ),
)


# PostgreSQL: a trigger for each row asks for all that the row itself shows, and one for each statement for the rest. To look
# at a thousand rows at once takes a fraction of the time of looking at each.


def in_order(table: str, checks: dict[str, str], columns: str) -> str:
    """The function that keeps the checks of a table, each on a line of its own, and its other rules in SQL of their own.

    PostgreSQL makes a long condition ready anew in each transaction, which takes longer than a posting itself. So the plain
    row comes first: what is plain breaks no check (a test tries it on many rows), and needs no further look.
    """
    column = re.compile(rf"(?<!')\b({columns})\b")
    new = {name: column.sub(r"NEW.\1", rule) for name, rule in checks.items()}
    lines = [f"WHEN NOT ({rule}) THEN '{name.replace('_', ' ')}'" for name, rule in new.items()]
    plain = column.sub(r"NEW.\1", PLAIN[table])
    return f"""CREATE FUNCTION ledger_{table}_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE broken text; BEGIN
    IF {plain} THEN
        RETURN NEW;
    END IF;
    broken := CASE
        {NEW_LINE.join(lines)}
        END;
    {MORE_RULES[table]}
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'ledger: ' || broken;
    END IF;
    RETURN NEW; END $$"""


def refusals_on_postgresql() -> list[str]:
    """Those about columns that a posting does not write cost it nothing."""
    return [
        f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW"
        f" WHEN ({when.replace(' IS NOT OLD.', ' IS DISTINCT FROM OLD.')}) EXECUTE FUNCTION ledger_refuse('{says}')"
        for name, table, moment, when, says in REFUSALS
    ]


NEW_LINE = "\n        "
PLAIN = {
    "account": "kind = ANY ('{member,community,opening,leaver}') AND status = 'open' AND hard_floor IS NULL AND least(held_out, held_in, seq) >= 0",
    # A posting of the ordinary kinds, between people, of no more than a day. Only an insert: an update may post what waits.
    "transfer": (
        "TG_OP = 'INSERT' AND state = 'posted' AND kind = ANY ('{exchange,group,gift,grant,opening,import,partner,leaving}')"
        " AND giver_id <> receiver_id AND minutes > 0 AND minutes <= 1440 AND posted_minutes > 0 AND posted_minutes <= 1440"
        " AND length(fingerprint) = 32 AND num_nulls(settled_at, recorded_by, giver_seq, giver_balance, receiver_seq,"
        " receiver_balance) = 0 AND num_nonnulls(reverses_id, reversal_reason, peer_id, confirmed_by, release_reason,"
        " frozen_at, stopped_at) = 0"
    ),
}
MORE_RULES = {
    "account": "",
    "transfer": f"""IF TG_OP = 'UPDATE' THEN
        IF NEW.state = 'posted' THEN
            broken := coalesce(broken, CASE
                WHEN {CLOSED} THEN 'nothing is posted into a closed period'
            END);
        END IF;
    ELSE
        broken := coalesce(broken, CASE
            WHEN {NO_START} THEN 'a transfer starts waiting or posted'
            END);
        IF NEW.reverses_id IS NOT NULL THEN
            broken := coalesce(broken, CASE
                WHEN NOT EXISTS ({" ".join(MIRROR.split())}) THEN 'a reversal mirrors a posted transfer'
                END);
        END IF;
    END IF;""",
}
ACCOUNT_COLUMNS = "kind|status|posted|held_out|held_in|seq|hard_floor|floor_waived"
TRANSFER_COLUMNS = "|".join((
    *FACTS, "state", "expires_at", "stopped_at", "frozen_at", "posted_minutes", *PLACES, "confirmed_by",
    "release_reason", "settled_at",
))  # fmt: skip
# The planner knows nothing of how many rows are fresh, and would read whole tables: it may only look rows up by their keys.
BY_KEY = "SET enable_seqscan = off"
WRITE_FRESH_ENTRIES = f"""INSERT INTO entry ({ENTRY})
        SELECT giver_id, giver_seq, id, 1, posted_minutes, giver_balance FROM fresh WHERE state = 'posted'
        UNION ALL SELECT receiver_id, receiver_seq, id, -1, posted_minutes, receiver_balance FROM fresh WHERE state = 'posted';"""
FOLLOWS = """WHEN state = 'posted' AND (
                giver_balance - posted_minutes IS DISTINCT FROM CASE giver_seq WHEN 1 THEN 0 ELSE
                    (SELECT balance_after FROM entry WHERE account_id = giver_id AND seq = giver_seq - 1) END
                OR receiver_balance + posted_minutes IS DISTINCT FROM CASE receiver_seq WHEN 1 THEN 0 ELSE
                    (SELECT balance_after FROM entry WHERE account_id = receiver_id AND seq = receiver_seq - 1) END
            ) THEN 'an entry follows the account''s last one'"""
BEGIN = """WHEN (SELECT bank_id FROM account WHERE id = giver_id) IS DISTINCT FROM bank_id
                OR (SELECT bank_id FROM account WHERE id = receiver_id) IS DISTINCT FROM bank_id
            THEN 'both accounts of a transfer are in its bank'
            WHEN EXISTS (SELECT 1 FROM period WHERE period.bank_id = fresh.bank_id AND until > settled_at)
            THEN 'nothing is posted into a closed period'"""


def after_the_statement(name: str, *checks: str) -> str:
    """As the owner, who alone may write entries: nobody else may put these on a table of their own (REVOKE below)."""
    return f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = {IN_SCHEMA[:-1]}, pg_temp {BY_KEY} AS $$ DECLARE broken text; BEGIN
    {WRITE_FRESH_ENTRIES}
    SELECT wrong INTO broken FROM (SELECT CASE
            {(NEW_LINE + "    ").join(checks)}
            END AS wrong FROM fresh OFFSET 0) AS looked_at WHERE wrong IS NOT NULL;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: ' || broken;
    END IF;
    RETURN NULL; END $$"""


IS_OPEN = "bank_id = bank AND status = 'open' AND NOT floor_waived"
GIVE = f"""UPDATE account SET posted = posted + length, seq = seq + 1 WHERE id = giver AND {IS_OPEN}
            AND NOT EXISTS (SELECT 1 FROM period WHERE period.bank_id = bank AND until > now)
            RETURNING posted, seq INTO giver_after, giver_no;"""
RECEIVE = f"""UPDATE account SET posted = posted - length, seq = seq + 1 WHERE id = receiver AND {IS_OPEN}
            AND (hard_floor IS NULL OR posted - length - held_out >= hard_floor)
            RETURNING posted, seq INTO receiver_after, receiver_no;"""
GIVE_BACK = "UPDATE account SET posted = posted - length, seq = seq - 1 WHERE id = giver;"
TAKE_BACK = "UPDATE account SET posted = posted + length, seq = seq - 1 WHERE id = receiver;"
POSTGRESQL_FUNCTIONS = (
    """CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: ' || TG_ARGV[0]; END $$""",
    in_order("account", ACCOUNT_CHECKS, ACCOUNT_COLUMNS),
    in_order("transfer", TRANSFER_CHECKS, TRANSFER_COLUMNS),
    after_the_statement("ledger_transfers_begin", FOLLOWS, BEGIN),
    after_the_statement("ledger_transfers_are_confirmed", FOLLOWS),
    "REVOKE EXECUTE ON FUNCTION ledger_transfers_begin(), ledger_transfers_are_confirmed() FROM PUBLIC",
    # A trigger writes the entries of a transfer: whoever calls from outside of one stands at depth 1 here.
    """CREATE FUNCTION ledger_entries_come_with_transfers() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: an entry comes with its transfer';
    END IF;
    RETURN NULL; END $$""",
    f"""CREATE FUNCTION ledger_names_a_transfer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NOT {OF_ITS_BANK} THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = 'ledger: a ' || TG_TABLE_NAME || ' names a transfer of its bank';
    END IF;
    RETURN NEW; END $$""",
    # One posting in one call. It answers with no row, and leaves everything as it was, where anything at all is out of the
    # ordinary (a known id, a closed account, a floor): the rules stand in one place, which then looks into it. The accounts
    # are written in the order of their ids, as they are locked everywhere: so nobody waits in a circle.
    f"""CREATE FUNCTION ledger_post(bank uuid, new_id uuid, new_kind text, giver uuid, receiver uuid, length bigint,
        day date, recorder uuid, print bytea, new_group uuid, now timestamptz)
    RETURNS TABLE (giver_after bigint, giver_no bigint, receiver_after bigint, receiver_no bigint)
    LANGUAGE plpgsql AS $$ BEGIN
    IF giver < receiver THEN
        {GIVE}
        IF NOT FOUND THEN RETURN; END IF;
        {RECEIVE}
        IF NOT FOUND THEN
            {GIVE_BACK}
            RETURN;
        END IF;
    ELSE
        {RECEIVE}
        IF NOT FOUND THEN RETURN; END IF;
        {GIVE}
        IF NOT FOUND THEN
            {TAKE_BACK}
            RETURN;
        END IF;
    END IF;
    INSERT INTO transfer (id, bank_id, kind, giver_id, receiver_id, minutes, happened_on, recorded_by, recorded_at,
        fingerprint, group_id, state, posted_minutes, giver_seq, giver_balance, receiver_seq, receiver_balance, settled_at)
    VALUES (new_id, bank, new_kind, giver, receiver, length, day, recorder, now,
        print, new_group, 'posted', length, giver_no, giver_after, receiver_no, receiver_after, now) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        {GIVE_BACK}
        {TAKE_BACK}
        RETURN;
    END IF;
    RETURN NEXT; END $$""",
    # Many postings in one call, in the order given, by running sums over each account.
    f"""CREATE FUNCTION ledger_post_many(bank uuid, ids uuid[], kinds text[], givers uuid[], receivers uuid[],
        lengths bigint[], days date[], recorders uuid[], prints bytea[], groups uuid[], now timestamptz)
    RETURNS TABLE (giver_after bigint, giver_no bigint, receiver_after bigint, receiver_no bigint)
    LANGUAGE plpgsql {BY_KEY} AS $$
    DECLARE named uuid[]; ready bigint; BEGIN
    SELECT array_agg(DISTINCT one) INTO named FROM unnest(givers || receivers) AS both_sides (one);
    SELECT count(*) INTO ready FROM (
        SELECT status, hard_floor FROM account WHERE id = ANY (named) AND bank_id = bank
        ORDER BY id FOR NO KEY UPDATE) AS locked
    WHERE status = 'open' AND hard_floor IS NULL;
    IF ready <> cardinality(named) OR EXISTS (SELECT 1 FROM period WHERE bank_id = bank AND until > now) THEN RETURN; END IF;
    IF EXISTS (SELECT 1 FROM transfer WHERE id = ANY (ids)) THEN RETURN; END IF;
    RETURN QUERY WITH given AS MATERIALIZED (
        SELECT * FROM unnest(ids, kinds, givers, receivers, lengths, days, recorders, prints, groups) WITH ORDINALITY
        AS new (id, kind, giver, receiver, length, day, recorder, print, grouped, place)
    ), leg AS MATERIALIZED (
        SELECT leg.place, leg.account_id, leg.signed,
            sum(leg.signed) OVER before AS so_far, row_number() OVER before AS number
        FROM (
            SELECT place * 2 AS place, giver AS account_id, length AS signed FROM given
            UNION ALL SELECT place * 2 + 1, receiver, -length FROM given
        ) AS leg WINDOW before AS (PARTITION BY leg.account_id ORDER BY leg.place)
    ), line AS MATERIALIZED (
        SELECT leg.place, (account.posted + leg.so_far)::bigint AS balance, account.seq + leg.number AS seq
        FROM leg JOIN account ON account.id = leg.account_id
    ), placed AS MATERIALIZED (
        SELECT place / 2 AS place,
            max(balance) FILTER (WHERE place % 2 = 0) AS giver_balance, max(seq) FILTER (WHERE place % 2 = 0) AS giver_seq,
            max(balance) FILTER (WHERE place % 2 = 1) AS receiver_balance, max(seq) FILTER (WHERE place % 2 = 1) AS receiver_seq
        FROM line GROUP BY place / 2
    ), written AS (
        INSERT INTO transfer (id, bank_id, kind, giver_id, receiver_id, minutes, happened_on, recorded_by, recorded_at,
            fingerprint, group_id, state, posted_minutes, giver_seq, giver_balance, receiver_seq, receiver_balance, settled_at)
        SELECT id, bank, kind, giver, receiver, length, day, recorder, now, print, grouped, 'posted', length,
            placed.giver_seq, placed.giver_balance, placed.receiver_seq, placed.receiver_balance, now
        FROM given JOIN placed ON placed.place = given.place
    ), moved AS (
        UPDATE account SET posted = posted + change.minutes, seq = seq + change.entries
        FROM (SELECT account_id, sum(signed) AS minutes, count(*) AS entries FROM leg GROUP BY account_id) AS change
        WHERE account.id = change.account_id
    )
    SELECT placed.giver_balance, placed.giver_seq, placed.receiver_balance, placed.receiver_seq FROM placed ORDER BY place;
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
    *(
        f"CREATE TRIGGER {table}_in_order BEFORE INSERT OR UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION ledger_{table}_in_order()"
        for table in ("account", "transfer")
    ),
    "CREATE TRIGGER transfer_begins AFTER INSERT ON transfer REFERENCING NEW TABLE AS fresh"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfers_begin()",
    "CREATE TRIGGER transfer_is_confirmed AFTER UPDATE ON transfer REFERENCING NEW TABLE AS fresh"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfers_are_confirmed()",
    "CREATE TRIGGER entry_comes_with_its_transfer BEFORE INSERT ON entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_come_with_transfers()",
    *(
        f"CREATE TRIGGER {table}_names_a_transfer BEFORE INSERT ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION ledger_names_a_transfer()"
        for table in NAMING_A_TRANSFER
    ),
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
    links = take_out_links(bank_wide=True)
    columns = {table: take_out(table) for table in reversed(LEDGER)}
    first.create_account(on_sqlite=True)
    first.create_transfer(on_sqlite=True)
    first.create_entry(on_sqlite=True)
    for table, sides, what in (("account", "", ""), ("transfer", ", out_side, in_side", THEIR_SIDES)):
        old = ", ".join(name for name in columns[table].split(", ") if name not in NEW_COLUMNS)
        op.execute(f"INSERT INTO {table} ({old}{sides}) SELECT {old}{what} FROM taken_{table}")
    op.execute(
        f"INSERT INTO entry ({ENTRY}, bank_id) SELECT {NAMED_ENTRY}, taken_account.bank_id FROM {ENTRIES_WITH_BANK}"
    )
    drops = [f"DROP TABLE taken_{table}" for table in LEDGER]
    for statement in (*links, *drops, *first.SQLITE_TRIGGERS):
        op.execute(statement)


THEIR_SIDES = ", CASE state WHEN 'posted' THEN -1 END, CASE state WHEN 'posted' THEN 1 END"
NAMED_ENTRY = "taken_entry." + ENTRY.replace(", ", ", taken_entry.")
ENTRIES_WITH_BANK = "taken_entry JOIN taken_account ON taken_account.id = taken_entry.account_id"


def go_back_on_postgresql(first) -> None:
    for table in LEDGER:
        for (trigger,) in op.get_bind().execute(sa.text(TRIGGERS_OF), {"wanted": table}).all():
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    drop_beside()
    for (function,) in op.get_bind().execute(sa.text(OUR_FUNCTIONS)).all():
        op.execute(f"DROP FUNCTION {function}")
    accounts = ACCOUNT_CHECKS | {"kind": one_of("kind", OLD_ACCOUNT_KINDS)}
    checks = [("account", name, rule) for name, rule in accounts.items()]
    checks += [("transfer", name, rule) for name, rule in first.TRANSFER_CHECKS.items()]
    asked_again = [
        f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule})" for table, name, rule in checks
    ]
    for statement in (*POSTGRESQL_WAY_BACK, *asked_again, *first.POSTGRESQL_TRIGGERS):
        op.execute(statement)


def drop_beside() -> None:
    for table in ("sealed_account", "seal", "block", "period", "waiver"):
        op.drop_table(table)


NEW_COLUMNS = ("paused_at", "group_id", "peer_id", "stopped_at", *PLACES)
TRIGGERS_OF = "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:wanted AS regclass) AND NOT tgisinternal"
OUR_FUNCTIONS = (
    "SELECT oid::regprocedure::text FROM pg_proc"
    " WHERE proname LIKE 'ledger\\_%' AND pronamespace = CAST(current_schema() AS regnamespace)"
)
POSTGRESQL_WAY_BACK = (
    "DROP INDEX ix_transfer_let_go",
    *(f"ALTER TABLE {table} DROP CONSTRAINT {link}" for table, _, link in LINKS),
    "ALTER TABLE transfer ADD COLUMN out_side SMALLINT, ADD COLUMN in_side SMALLINT",
    "UPDATE transfer SET out_side = -1, in_side = 1 WHERE state = 'posted'",
    "ALTER TABLE entry ADD COLUMN bank_id UUID",
    "UPDATE entry SET bank_id = account.bank_id FROM account WHERE account.id = entry.account_id",
    "ALTER TABLE entry ALTER COLUMN bank_id SET NOT NULL, DROP CONSTRAINT pk_entry,"
    " ADD CONSTRAINT pk_entry PRIMARY KEY (transfer_id, side), ADD CONSTRAINT uq_entry_account_id_seq UNIQUE (account_id, seq)",
    "ALTER TABLE transfer DROP COLUMN group_id, DROP COLUMN peer_id, DROP COLUMN stopped_at,"
    f" {', '.join(f'DROP COLUMN {place}' for place in PLACES)},"
    " ADD CONSTRAINT uq_transfer_bank_id_id UNIQUE (bank_id, id),"
    " ADD CONSTRAINT uq_transfer_id_posted_minutes UNIQUE (id, posted_minutes)",
    "ALTER TABLE account DROP COLUMN paused_at",
    *(
        f"ALTER TABLE {table} ADD CONSTRAINT {link} FOREIGN KEY {by_bank_and_id(column)[0]}"
        for table, column, link in LINKS
    ),
    "ALTER TABLE entry"
    " ADD CONSTRAINT ck_entry_side CHECK (side IN (-1, 1)), ADD CONSTRAINT ck_entry_minutes CHECK (minutes > 0),"
    " ADD CONSTRAINT ck_entry_seq CHECK (seq > 0),"
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
