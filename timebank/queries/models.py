"""A query stands on one log. Each side tells their own account; somebody who is no party settles it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict
from timebank.hours.models import HourLog
from timebank.vault.sealed import Sealed, sealed_check, sealed_column


class AlreadySettled(Conflict):
    """This check is already settled. You can read below what was decided."""


class Matter(StrEnum):
    """What may be off, as the person who asks puts it."""

    LENGTH = "length"
    DID_NOT_HAPPEN = "did-not-happen"
    DIRECTION = "direction"
    DUPLICATE = "duplicate"
    WRONG_PERSON = "wrong-person"
    WAS_PAID = "was-paid"
    NOT_AGREED = "not-agreed"


class Outcome(StrEnum):
    AS_LOGGED = "as-logged"
    NEW_LENGTH = "new-length"
    MUTUAL = "mutual"
    VOID = "void"
    COMMUNITY_GIFT = "community-gift"


class Query(Base):
    __tablename__ = "query"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "opened_by"], ["member.bank_id", "member.id"], name="fk_query_opener"),
        ForeignKeyConstraint(["bank_id", "settled_by"], ["member.bank_id", "member.id"], name="fk_query_settler"),
        CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled_with_outcome"),
        CheckConstraint("settled_by <> opened_by", name="not_by_the_opener"),
        Index(
            "uq_query_open",
            "log_id",
            unique=True,
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        *sealed_check("sealed_outcome_words"),
        Index("ix_query_bank", "bank_id", "settled_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    log_id: Mapped[UUID] = mapped_column(ForeignKey("hour_log.id"))
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    matter: Mapped[Matter] = mapped_column(one_of(Matter))
    reversal_id: Mapped[UUID | None]  # hours that were already confirmed: the reversal that waits for the outcome
    outcome: Mapped[Outcome | None] = mapped_column(one_of(Outcome))
    outcome_minutes: Mapped[int | None]
    outcome_words = Sealed[str]("sealed_outcome_words", of="opened_by", empty=str)
    sealed_outcome_words: Mapped[bytes | None] = sealed_column()
    settled_by: Mapped[UUID | None]
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    log: Mapped[HourLog] = relationship(lazy="joined")
    tellings: Mapped[list["Telling"]] = relationship(order_by="Telling.told_at", back_populates="query")

    @property
    def is_open(self) -> bool:
        return self.settled_at is None

    def settle(self, *, outcome: Outcome, minutes: int | None, words: str, by: UUID, at: datetime) -> None:
        if not self.is_open:
            raise AlreadySettled
        self.outcome = outcome
        self.outcome_minutes = minutes
        self.outcome_words = words
        self.settled_by = by
        self.settled_at = at

    def end_undecided(self, *, outcome: Outcome, at: datetime) -> None:
        """One of the two has left, or chose not to be with the other: nobody decides any more."""
        if not self.is_open:
            raise AlreadySettled
        self.outcome = outcome
        self.settled_at = at


class Telling(Base):
    """One side's own account, in their own words. Only the two and whoever settles it read it; no machine does."""

    __tablename__ = "telling"
    __table_args__ = sealed_check("sealed_words")

    query_id: Mapped[UUID] = mapped_column(ForeignKey("query.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    words = Sealed[str]("sealed_words", of="member_id", empty=str)
    sealed_words: Mapped[bytes | None] = sealed_column()
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)

    query: Mapped[Query] = relationship(back_populates="tellings")
