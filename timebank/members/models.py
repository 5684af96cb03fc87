"""A bank, and a person's membership of it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ledger.tables import account
from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict


class AlreadyLeft(Conflict):
    """This person has left the bank, so this can no longer be done."""


FORGOTTEN = "A former member"


class MemberStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"


class Bank(Base):
    """The set of accounts that sums to zero. It carries many schemes."""

    __tablename__ = "bank"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    nation: Mapped[str] = mapped_column(String(20), default="england")
    exit_url: Mapped[str] = mapped_column(String(300), default="https://www.bbc.co.uk/weather")
    community_account_id: Mapped[UUID]
    is_demonstration: Mapped[bool] = mapped_column(default=False)  # everyone in it is invented
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Member(Base):
    """One person in one bank, with one account in its ledger whatever they do there."""

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("bank_id", "id"),
        UniqueConstraint("bank_id", "code"),
        UniqueConstraint("bank_id", "account_id"),
        ForeignKeyConstraint(["bank_id", "account_id"], [account.c.bank_id, account.c.id], name="fk_member_account"),
        CheckConstraint("left_at IS NULL OR status = 'left'", name="left_with_status"),
        CheckConstraint("forgotten_at IS NULL OR left_at IS NOT NULL", name="forgotten_after_leaving"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("bank.id"))
    name: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(12))
    account_id: Mapped[UUID]
    status: Mapped[MemberStatus] = mapped_column(one_of(MemberStatus), default=MemberStatus.ACTIVE)
    joined_on: Mapped[date]
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # none for those whom an undone import took back
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    bank: Mapped[Bank] = relationship(lazy="joined")

    def pause(self) -> None:
        if self.status is MemberStatus.LEFT:
            raise AlreadyLeft
        self.status = MemberStatus.PAUSED

    def leave(self, *, at: datetime) -> None:
        if self.status is MemberStatus.LEFT:
            raise AlreadyLeft
        self.status = MemberStatus.LEFT
        self.left_at = at

    def return_to_us(self) -> None:
        self.status, self.left_at = MemberStatus.ACTIVE, None

    def forget(self, *, code: str, at: datetime) -> None:
        """What is left is a number that others' hours hang on."""
        if self.left_at is None:
            self.status, self.left_at = MemberStatus.LEFT, at
        self.name, self.code, self.forgotten_at = FORGOTTEN, code, at

    def come_back(self) -> None:
        if self.status is MemberStatus.LEFT:
            raise AlreadyLeft
        self.status = MemberStatus.ACTIVE


class NotWith(Base):
    """ "Not with this person": secret, and it holds in both directions."""

    __tablename__ = "not_with"
    __table_args__ = (CheckConstraint("member_id <> other_id", name="two_people"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)
