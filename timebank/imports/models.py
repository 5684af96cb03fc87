"""What an import brought, so that the same file again brings nothing twice and a whole import can be taken back."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.tables import transfer
from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict


class AlreadyUndone(Conflict):
    """This import has already been undone; nothing of it is left standing."""


class ImportKind(StrEnum):
    TIMEOVERFLOW = "timeoverflow"
    PEOPLE = "people"


class ImportBatch(Base):
    """One run of an import that wrote something."""

    __tablename__ = "import_batch"
    __table_args__ = (UniqueConstraint("bank_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("bank.id"))
    kind: Mapped[ImportKind] = mapped_column(one_of(ImportKind))
    files: Mapped[list[str]] = mapped_column(JSON)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def undo(self, *, at: datetime) -> None:
        if self.undone_at is not None:
            raise AlreadyUndone
        self.undone_at = at


class ImportedMember(Base):
    """The number by which the other system knows a member. The batch is the one that last made them a member here."""

    __tablename__ = "imported_member"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"]),
        ForeignKeyConstraint(["bank_id", "batch_id"], ["import_batch.bank_id", "import_batch.id"]),
        Index("ix_imported_member_batch", "batch_id"),
    )

    bank_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[ImportKind] = mapped_column(one_of(ImportKind), primary_key=True)
    number: Mapped[str] = mapped_column(String(120), primary_key=True)
    member_id: Mapped[UUID]
    batch_id: Mapped[UUID]


class ImportedRow(Base):
    """One row of a file of transfers that stands here as a transfer. `key`: all cells of the row, and which of several alike."""

    __tablename__ = "imported_row"
    __table_args__ = (
        ForeignKeyConstraint(["transfer_id"], [transfer.c.id], name="fk_imported_row_bank_id_transfer_id"),
        ForeignKeyConstraint(["bank_id", "batch_id"], ["import_batch.bank_id", "import_batch.id"]),
        # A row that was undone may be imported once more; one that stands may not.
        Index(
            "uq_imported_row_standing",
            "bank_id",
            "key",
            unique=True,
            sqlite_where=text("NOT is_undone"),
            postgresql_where=text("NOT is_undone"),
        ),
        Index("ix_imported_row_batch", "batch_id"),
    )

    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    bank_id: Mapped[UUID]
    batch_id: Mapped[UUID]
    key: Mapped[str] = mapped_column(String(64))
    stamp: Mapped[datetime] = mapped_column(UtcDateTime)
    words: Mapped[str] = mapped_column(Text)  # as they stood in the file, also where no log can carry them
    is_undone: Mapped[bool] = mapped_column(default=False)


class ImportedPart(Base):
    """A part in a scheme that an import gave to somebody."""

    __tablename__ = "imported_part"
    __table_args__ = (
        ForeignKeyConstraint(
            ["scheme_id", "member_id"], ["scheme_membership.scheme_id", "scheme_membership.member_id"]
        ),
        ForeignKeyConstraint(["bank_id", "batch_id"], ["import_batch.bank_id", "import_batch.id"]),
        Index("ix_imported_part_batch", "batch_id"),
    )

    scheme_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    bank_id: Mapped[UUID]
    batch_id: Mapped[UUID]
