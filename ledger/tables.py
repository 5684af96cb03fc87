"""The ledger's tables. Their checks and triggers are written out in the migration, where the database keeps them.

Every row belongs to one bank, which it or its account names, and no link reaches into another one: triggers see to it.
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
    Column("paused_at", UtcDateTime),
    PrimaryKeyConstraint("id", name="pk_account"),
    UniqueConstraint("bank_id", "id", name="uq_account_bank_id_id"),
    postgresql_with={"fillfactor": 50},
    sqlite_with_rowid=False,
)

PENDING = text("state = 'pending'")
LIVE = text("reverses_id IS NOT NULL AND state IN ('pending', 'posted')")
LET_GO = text("state IN ('released', 'expired')")

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
    Column("group_id", Uuid),
    Column("peer_id", Uuid),
    Column("state", String(10), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("stopped_at", UtcDateTime),
    Column("frozen_at", UtcDateTime),
    Column("posted_minutes", BigInteger),
    # Where a posted transfer stands in each account: the number of its entry there, and the balance after it.
    Column("giver_seq", BigInteger),
    Column("giver_balance", BigInteger),
    Column("receiver_seq", BigInteger),
    Column("receiver_balance", BigInteger),
    Column("confirmed_by", Uuid),
    Column("release_reason", Text),
    Column("settled_at", UtcDateTime),
    PrimaryKeyConstraint("id", name="pk_transfer"),
    Index("uq_transfer_live_reversal", "reverses_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
    Index("ix_transfer_due", "bank_id", "expires_at", sqlite_where=PENDING, postgresql_where=PENDING),
    Index("ix_transfer_held_in", "bank_id", "giver_id", sqlite_where=PENDING, postgresql_where=PENDING),
    Index("ix_transfer_held_out", "bank_id", "receiver_id", sqlite_where=PENDING, postgresql_where=PENDING),
    Index("ix_transfer_let_go", "bank_id", "settled_at", sqlite_where=LET_GO, postgresql_where=LET_GO),
)

# Written by the database itself when it takes in a posted transfer, and by nobody else (migration 0004). The side gives the
# sign to the minutes. Rows lie in the order of an account's statement.
entry = Table(
    "entry",
    metadata,
    Column("account_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("transfer_id", Uuid, nullable=False),
    Column("side", SmallInteger, nullable=False),
    Column("minutes", BigInteger, nullable=False),
    Column("balance_after", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "seq", name="pk_entry"),
    sqlite_with_rowid=False,
)


def _of_bank(table: str, column: str, other: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["bank_id", column], [f"{other}.bank_id", f"{other}.id"], name=f"fk_{table}_bank_id_{column}"
    )


# A partner organisation was let past its limit, by whom and why. Seen by the partner, and by staff inside an open case.
waiver = Table(
    "waiver",
    metadata,
    Column("transfer_id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("waived_by", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("waived_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("transfer_id", "account_id", name="pk_waiver"),
    _of_bank("waiver", "account_id", "account"),
)

# What was published: nothing can be posted into it any more.
period = Table(
    "period",
    metadata,
    Column("bank_id", Uuid, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("closed_by", Uuid, nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
    Column("transfers", BigInteger, nullable=False),
    Column("minutes", BigInteger, nullable=False),
    PrimaryKeyConstraint("bank_id", "until", name="pk_period"),
)

# The chain: blocks that each cover the one before, the sealed transfers in their order, and the sealer's bookmark.
block = Table(
    "block",
    metadata,
    Column("bank_id", Uuid, nullable=False),
    Column("no", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("digest", LargeBinary(32)),  # of everything in it; the first blocks had none
    PrimaryKeyConstraint("bank_id", "no", name="pk_block"),
    sqlite_with_rowid=False,
)
seal = Table(
    "seal",
    metadata,
    Column("bank_id", Uuid, nullable=False),
    Column("no", BigInteger, nullable=False),
    Column("transfer_id", Uuid, nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),
    Column("salt", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("bank_id", "no", name="pk_seal"),
    UniqueConstraint("transfer_id", name="uq_seal_transfer_id"),
    sqlite_with_rowid=False,
)
sealed_account = Table(
    "sealed_account",
    metadata,
    Column("account_id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", name="pk_sealed_account"),
    _of_bank("sealed_account", "account_id", "account"),
    sqlite_with_rowid=False,
)
