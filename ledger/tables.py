"""The ledger's three tables. Their checks and triggers are written out in the migration, where the database keeps them.

Every row says which bank it belongs to, and the links between rows carry the bank: none can reach into another one.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, aware and in UTC on both databases. SQLite keeps no zone, so a naive time is refused at the door."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone: hand in an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("status", String(10), nullable=False),
    Column("posted", BigInteger, nullable=False),
    Column("held_out", BigInteger, nullable=False),
    Column("held_in", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hard_floor", BigInteger),
    Column("floor_waived", Boolean, nullable=False),
    PrimaryKeyConstraint("id", name="pk_account"),
    UniqueConstraint("bank_id", "id", name="uq_account_bank_id_id"),
    postgresql_with={"fillfactor": 50},
)

PENDING = text("state = 'pending'")
LIVE = text("state IN ('pending', 'posted')")

transfer = Table(
    "transfer",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("giver_id", Uuid, nullable=False),
    Column("receiver_id", Uuid, nullable=False),
    Column("minutes", BigInteger, nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("recorded_by", Uuid),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("reverses_id", Uuid),
    Column("reversal_reason", Text),
    Column("state", String(10), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("frozen_at", UtcDateTime),
    Column("posted_minutes", BigInteger),
    Column("out_side", SmallInteger),
    Column("in_side", SmallInteger),
    Column("confirmed_by", Uuid),
    Column("release_reason", Text),
    Column("settled_at", UtcDateTime),
    PrimaryKeyConstraint("id", name="pk_transfer"),
    UniqueConstraint("bank_id", "id", name="uq_transfer_bank_id_id"),
    UniqueConstraint("id", "posted_minutes", name="uq_transfer_id_posted_minutes"),
    ForeignKeyConstraint(
        ["bank_id", "giver_id"], ["account.bank_id", "account.id"], name="fk_transfer_bank_id_giver_id"
    ),
    ForeignKeyConstraint(
        ["bank_id", "receiver_id"], ["account.bank_id", "account.id"], name="fk_transfer_bank_id_receiver_id"
    ),
    ForeignKeyConstraint(
        ["bank_id", "reverses_id"], ["transfer.bank_id", "transfer.id"], name="fk_transfer_bank_id_reverses_id"
    ),
    # A posted transfer names its two entries, and the database looks for them when the caller commits.
    ForeignKeyConstraint(
        ["id", "out_side"],
        ["entry.transfer_id", "entry.side"],
        name="fk_transfer_id_out_side",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    ForeignKeyConstraint(
        ["id", "in_side"],
        ["entry.transfer_id", "entry.side"],
        name="fk_transfer_id_in_side",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    Index("uq_transfer_live_reversal", "reverses_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
    Index("ix_transfer_due", "bank_id", "expires_at", sqlite_where=PENDING, postgresql_where=PENDING),
    Index("ix_transfer_held_in", "bank_id", "giver_id", sqlite_where=PENDING, postgresql_where=PENDING),
    Index("ix_transfer_held_out", "bank_id", "receiver_id", sqlite_where=PENDING, postgresql_where=PENDING),
)

entry = Table(
    "entry",
    metadata,
    Column("transfer_id", Uuid, nullable=False),
    Column("side", SmallInteger, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("minutes", BigInteger, nullable=False),
    Column("balance_after", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("transfer_id", "side", name="pk_entry"),
    UniqueConstraint("account_id", "seq", name="uq_entry_account_id_seq"),
    ForeignKeyConstraint(
        ["bank_id", "account_id"], ["account.bank_id", "account.id"], name="fk_entry_bank_id_account_id"
    ),
    ForeignKeyConstraint(
        ["bank_id", "transfer_id"], ["transfer.bank_id", "transfer.id"], name="fk_entry_bank_id_transfer_id"
    ),
    # The side gives the sign and this key the length: two entries of one transfer cannot but balance.
    ForeignKeyConstraint(
        ["transfer_id", "minutes"], ["transfer.id", "transfer.posted_minutes"], name="fk_entry_transfer_id_minutes"
    ),
    sqlite_with_rowid=False,
)
