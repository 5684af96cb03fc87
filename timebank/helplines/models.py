"""What a bank adds to the numbers that come with the program: that one was checked, and lines of its own."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base, UtcDateTime, one_of


class Way(StrEnum):
    CALL = "call"
    TEXT = "text"


class HelplineCheck(Base):
    """Somebody called, or looked, and found what the page said still right. It is written once and never changed."""

    __tablename__ = "helpline_check"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "checked_by"], ["member.bank_id", "member.id"], name="fk_helpline_check_by"),
        Index("ix_helpline_check_line", "bank_id", "line", "checked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)  # the form's own: sent twice, it is one check
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("bank.id"))
    line: Mapped[str] = mapped_column(String(40))  # the entry's key, or the id of one of the bank's own
    shown: Mapped[str] = mapped_column(String(300))  # the number as it stood there: for another one it says nothing
    checked_by: Mapped[UUID]
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LocalLine(Base):
    """A line of the bank's own, like a crisis house near by."""

    __tablename__ = "local_line"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "added_by"], ["member.bank_id", "member.id"], name="fk_local_line_added_by"),
        ForeignKeyConstraint(
            ["bank_id", "taken_away_by"], ["member.bank_id", "member.id"], name="fk_local_line_taken_away_by"
        ),
        CheckConstraint("(taken_away_at IS NULL) = (taken_away_by IS NULL)", name="taken_away"),
        Index("ix_local_line_shown", "bank_id", "taken_away_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("bank.id"))
    name: Mapped[str] = mapped_column(String(80))
    way: Mapped[Way] = mapped_column(one_of(Way))
    number: Mapped[str] = mapped_column(String(20))
    hours: Mapped[str] = mapped_column(String(60))
    added_by: Mapped[UUID]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_away_by: Mapped[UUID | None]
    taken_away_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def take_away(self, *, by: UUID, at: datetime) -> None:
        """Twice is once."""
        if self.taken_away_at is None:
            self.taken_away_by, self.taken_away_at = by, at
