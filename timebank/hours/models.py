"""What people said about some hours. The ledger knows how many and in which state; this knows what for."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ledger.tables import transfer
from timebank.db import Base, UtcDateTime
from timebank.members.models import Member

LONGEST_WORDS = 200


class HourLog(Base):
    """One log is one transfer of the ledger, under the same id.

    No giver or no receiver means the community, or for imported hours somebody who had left before they came here.
    """

    __tablename__ = "hour_log"
    __table_args__ = (
        ForeignKeyConstraint(["id"], [transfer.c.id], name="fk_hour_log_transfer"),
        ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_hour_log_scheme"),
        ForeignKeyConstraint(["bank_id", "giver_id"], ["member.bank_id", "member.id"], name="fk_hour_log_giver"),
        ForeignKeyConstraint(["bank_id", "receiver_id"], ["member.bank_id", "member.id"], name="fk_hour_log_receiver"),
        ForeignKeyConstraint(["bank_id", "logged_by"], ["member.bank_id", "member.id"], name="fk_hour_log_logger"),
        CheckConstraint("giver_id IS NOT NULL OR receiver_id IS NOT NULL", name="a_member"),
        CheckConstraint("giver_id <> receiver_id", name="two_people"),
        Index("ix_hour_log_giver", "bank_id", "giver_id"),
        Index("ix_hour_log_receiver", "bank_id", "receiver_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    bank_id: Mapped[UUID]
    scheme_id: Mapped[UUID | None]
    giver_id: Mapped[UUID | None]
    receiver_id: Mapped[UUID | None]
    logged_by: Mapped[UUID | None]  # none: brought in from another system
    logged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    happened_on: Mapped[date]
    minutes: Mapped[int]
    words: Mapped[str] = mapped_column(String(LONGEST_WORDS), default="")
    by_code: Mapped[bool] = mapped_column(default=False)  # the logger knew a code, not a person
    with_leaver: Mapped[bool] = mapped_column(default=False)  # the side not named is somebody who left an imported bank
    replaces_id: Mapped[UUID | None]

    giver: Mapped[Member | None] = relationship(primaryjoin="foreign(HourLog.giver_id) == Member.id", viewonly=True)
    receiver: Mapped[Member | None] = relationship(
        primaryjoin="foreign(HourLog.receiver_id) == Member.id", viewonly=True
    )

    def is_party(self, member_id: UUID) -> bool:
        return member_id in {self.giver_id, self.receiver_id}

    def other_side_id(self, member_id: UUID) -> UUID | None:
        return self.receiver_id if member_id == self.giver_id else self.giver_id

    @property
    def is_with_community(self) -> bool:
        return not self.with_leaver and None in {self.giver_id, self.receiver_id}
