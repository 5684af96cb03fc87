"""Roles hang here, on the relationship: one person may support A and be supported by B on the same day."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.db import Base, UtcDateTime
from timebank.errors import Conflict
from timebank.members.models import Member


class AlreadyEnded(Conflict):
    """This has already come to its end."""


class Relationship(Base):
    """`guide` is the supporting side where the scheme has one; in symmetric schemes the two stand in id order."""

    __tablename__ = "relationship"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_relationship_scheme"),
        ForeignKeyConstraint(["bank_id", "guide_id"], ["member.bank_id", "member.id"], name="fk_relationship_guide"),
        ForeignKeyConstraint(["bank_id", "other_id"], ["member.bank_id", "member.id"], name="fk_relationship_other"),
        CheckConstraint("guide_id <> other_id", name="two_people"),
        Index(
            "uq_relationship_live",
            "scheme_id",
            "guide_id",
            "other_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_relationship_guide", "guide_id"),
        Index("ix_relationship_other", "other_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    scheme_id: Mapped[UUID | None]  # none: they met through an offer or an ask
    guide_id: Mapped[UUID]
    other_id: Mapped[UUID]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    guide: Mapped[Member] = relationship(primaryjoin="foreign(Relationship.guide_id) == Member.id", viewonly=True)
    other: Mapped[Member] = relationship(primaryjoin="foreign(Relationship.other_id) == Member.id", viewonly=True)

    def partner_of(self, member: Member) -> Member:
        return self.other if member.id == self.guide_id else self.guide

    def end(self, *, at: datetime) -> None:
        if self.ended_at is not None:
            raise AlreadyEnded
        self.ended_at = at
