"""Something a person offers or asks for, and the replies to it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict, NotFound
from timebank.members.models import Member
from timebank.vault.sealed import Sealed, sealed_check, sealed_column


class AlreadyAnswered(Conflict):
    """You have already answered this."""


class Kind(StrEnum):
    OFFER = "offer"
    ASK = "ask"


class Offer(Base):
    __tablename__ = "offer"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_offer_member"),
        Index("ix_offer_open", "bank_id", "closed_at", "posted_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    member_id: Mapped[UUID]
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    title: Mapped[str] = mapped_column(String(100))
    words: Mapped[str] = mapped_column(Text, default="")
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    member: Mapped[Member] = relationship(
        primaryjoin="foreign(Offer.member_id) == Member.id", viewonly=True, lazy="joined"
    )

    def close(self, *, at: datetime) -> None:
        if self.closed_at is None:
            self.closed_at = at


class Reply(Base):
    """ "I could help with that" or "I would like that". Who posted it says yes or not this time; only a yes makes them known."""

    __tablename__ = "reply"
    __table_args__ = (UniqueConstraint("offer_id", "member_id"), *sealed_check("sealed_words"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offer.id"), index=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), index=True)
    words = Sealed[str]("sealed_words", of="member_id", empty=str)
    sealed_words: Mapped[bytes | None] = sealed_column()
    replied_at: Mapped[datetime] = mapped_column(UtcDateTime)
    said_yes: Mapped[bool | None]

    offer: Mapped[Offer] = relationship(lazy="joined")
    member: Mapped[Member] = relationship(
        primaryjoin="foreign(Reply.member_id) == Member.id", viewonly=True, lazy="joined"
    )

    def answer(self, *, member: Member, yes: bool) -> None:
        if member.id != self.offer.member_id:
            raise NotFound
        if self.said_yes is not None:
            raise AlreadyAnswered
        self.said_yes = yes
