"""A scheme is data: its own copy of a preset, which the engine and the pages read."""

from datetime import date
from enum import StrEnum
from functools import cached_property
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

import matching
from timebank.db import Base, one_of
from timebank.members.models import Member


class Side(StrEnum):
    """Which way support goes for this person in this scheme; symmetric schemes do not ask."""

    OFFER = "offer"
    SEEK = "seek"
    BOTH = "both"


class BankScheme(Base):
    __tablename__ = "scheme"
    __table_args__ = (UniqueConstraint("bank_id", "id"), UniqueConstraint("bank_id", "name"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("bank.id"))
    name: Mapped[str] = mapped_column(String(120))
    definition: Mapped[str] = mapped_column(Text)  # TOML, as matching.Scheme reads it

    @cached_property
    def rules(self) -> matching.Scheme:
        return matching.Scheme.from_text(self.definition)

    @property
    def is_symmetric(self) -> bool:
        return self.rules.shape == "symmetric"


class SchemeMembership(Base):
    """One person's part in one scheme. Stepping back keeps it, and only takes them out of matching."""

    __tablename__ = "scheme_membership"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_part_scheme"),
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_part_member"),
        CheckConstraint("capacity >= 0 AND capacity <= 50", name="capacity"),
    )

    bank_id: Mapped[UUID]
    scheme_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    side: Mapped[Side] = mapped_column(one_of(Side))
    capacity: Mapped[int] = mapped_column(default=1)
    is_stepped_back: Mapped[bool] = mapped_column(default=False)
    waiting_since: Mapped[date]
    roles: Mapped[str] = mapped_column(String(200), default="")  # records such as "mentor;core-training"

    scheme: Mapped[BankScheme] = relationship(lazy="joined", viewonly=True)
    member: Mapped[Member] = relationship(lazy="joined", viewonly=True)


class Coordinator(Base):
    """Somebody who looks after the whole bank (no scheme named) or one scheme of it."""

    __tablename__ = "coordinator"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_coordinator_member"),
        ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_coordinator_scheme"),
        UniqueConstraint("member_id", "scheme_id"),
        Index(
            "uq_coordinator_bank_wide",
            "member_id",
            unique=True,
            sqlite_where=text("scheme_id IS NULL"),
            postgresql_where=text("scheme_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    member_id: Mapped[UUID]
    scheme_id: Mapped[UUID | None]
