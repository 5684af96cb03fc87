"""A round: what the engine proposed, whom it left out and why, and what a coordinator made of it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict
from timebank.introductions.reasons import Kept
from timebank.schemes.models import BankScheme
from timebank.vault.sealed import Sealed, sealed_check, sealed_column


class AlreadySent(Conflict):
    """This round has already been sent. Run a new one to see new proposals."""


class RoundState(StrEnum):
    TRIED = "tried"  # a dry run: nothing has left the coordinator's desk
    SENT = "sent"


class Round(Base):
    __tablename__ = "round"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_round_scheme"),
        ForeignKeyConstraint(["bank_id", "run_by"], ["member.bank_id", "member.id"], name="fk_round_runner"),
        UniqueConstraint("bank_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    scheme_id: Mapped[UUID]
    run_by: Mapped[UUID]
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    run_on: Mapped[date]
    seed: Mapped[int]
    facts_digest: Mapped[str] = mapped_column(
        String(64)
    )  # of what the engine saw: tells whether anything changed since
    state: Mapped[RoundState] = mapped_column(one_of(RoundState), default=RoundState.TRIED)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    scheme: Mapped[BankScheme] = relationship(
        primaryjoin="foreign(Round.scheme_id) == BankScheme.id", viewonly=True, lazy="joined"
    )
    proposals: Mapped[list["Proposal"]] = relationship(order_by="Proposal.place", back_populates="round")
    left_out: Mapped[list["LeftOut"]] = relationship(order_by="LeftOut.member_id", back_populates="round")

    def send(self, *, at: datetime) -> None:
        if self.state is not RoundState.TRIED:
            raise AlreadySent
        self.state = RoundState.SENT
        self.sent_at = at


class Proposal(Base):
    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("guide_id <> other_id", name="two_people"),
        *sealed_check("sealed_guide_reasons", "sealed_other_reasons", "sealed_staff_reasons", "sealed_set_aside_note"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"), index=True)
    place: Mapped[int]
    guide_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    other_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    # For the two only what both agreed to share; for staff the same, and perhaps "a private item agreed".
    guide_reasons = Sealed[list[Kept]]("sealed_guide_reasons", of="guide_id", empty=list)
    sealed_guide_reasons: Mapped[bytes | None] = sealed_column()
    other_reasons = Sealed[list[Kept]]("sealed_other_reasons", of="other_id", empty=list)
    sealed_other_reasons: Mapped[bytes | None] = sealed_column()
    staff_reasons = Sealed[str]("sealed_staff_reasons", of="guide_id", empty=str)
    sealed_staff_reasons: Mapped[bytes | None] = sealed_column()
    introduction_id: Mapped[UUID | None] = mapped_column(ForeignKey("introduction.id"))
    set_aside_note = Sealed[str | None]("sealed_set_aside_note", of="other_id", empty=lambda: None)
    sealed_set_aside_note: Mapped[bytes | None] = sealed_column()

    round: Mapped[Round] = relationship(back_populates="proposals")

    @property
    def is_set_aside(self) -> bool:
        return self.sealed_set_aside_note is not None

    def set_aside(self, *, note: str) -> None:
        if self.round.state is not RoundState.TRIED:
            raise AlreadySent
        self.set_aside_note = note

    def take_up_again(self) -> None:
        if self.round.state is not RoundState.TRIED:
            raise AlreadySent
        self.set_aside_note = None


class LeftOut(Base):
    __tablename__ = "left_out"
    __table_args__ = sealed_check("sealed_reason")

    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    reason = Sealed[str]("sealed_reason", of="member_id", empty=str)
    sealed_reason: Mapped[bytes | None] = sealed_column()

    round: Mapped[Round] = relationship(back_populates="left_out")
