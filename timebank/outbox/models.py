"""A notice says that somebody is to be told to look in, and nothing of what they will find. The address is under lock."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Invalid
from timebank.vault.sealed import Sealed, sealed_check, sealed_column


class CodeNotRight(Invalid):
    """That is not the code, or it is older than a day. Please look at the newest message, or have a new one sent."""


class Kind(StrEnum):
    """What a message is sent for. All but the last two look alike."""

    HOURS_WAIT = "hours-wait"
    HOURS_CONFIRMED = "hours-confirmed"
    INTRODUCTION = "introduction"
    CHECK = "check"
    NEW_SIGN_IN = "new-sign-in"
    PASSWORD = "password"  # noqa: S105 - a kind of message: a link for a new one
    CONFIRM = "confirm-address"  # a code, to find out whether an address is theirs


ALIKE = frozenset(Kind) - {Kind.PASSWORD, Kind.CONFIRM}
TO_CHOOSE = frozenset(Kind) - {Kind.CONFIRM}  # nobody gets any of these who did not ask for it


class NoticeState(StrEnum):
    WAITING = "waiting"
    GOING = "going"  # a worker is handing it over, or died doing so: nobody else ever takes it up
    SENT = "sent"
    GIVEN_UP = "given-up"
    TAKEN_BACK = "taken-back"  # no longer wanted or needed when its turn came


class Why(StrEnum):
    """Why it was given up."""

    REFUSED = "refused"  # nobody of that address, or they take nothing
    NO_ANSWER = "no-answer"  # tried often enough
    UNCLEAR = "unclear"  # the answer never came: it may have arrived, so it is not sent again


class MailAddress(Base):
    """Where one person wants to get mail. `next` is one that waits for its code; the one before goes on until then."""

    __tablename__ = "mail_address"
    __table_args__ = (
        CheckConstraint("(sealed_address IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("(code_hash IS NULL) = (code_until IS NULL)", name="code"),
        *sealed_check("sealed_address", "sealed_next"),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    address = Sealed[str]("sealed_address", of="member_id", empty=str)
    sealed_address: Mapped[bytes | None] = sealed_column()
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next = Sealed[str]("sealed_next", of="member_id", empty=str)
    sealed_next: Mapped[bytes | None] = sealed_column()
    code_hash: Mapped[str | None] = mapped_column(String(64))  # of the code that went to `next`
    code_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    at_most_daily: Mapped[bool] = mapped_column(default=False)
    last_sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    came_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a message could not be delivered

    def ask(self, address: str) -> None:
        """A code that went to another address is worth nothing from now on."""
        self.next, self.code_hash, self.code_until = address, None, None

    def expect(self, code_hash: str, *, until: datetime) -> None:
        self.code_hash, self.code_until = code_hash, until

    def confirm(self, code_hash: str, *, at: datetime) -> None:
        """Once: the code is gone afterwards."""
        if self.sealed_next is None or self.code_hash != code_hash or self.code_until is None or at >= self.code_until:
            raise CodeNotRight
        self.address, self.confirmed_at, self.next = self.next, at, ""
        self.code_hash = self.code_until = self.came_back_at = None

    def waits_until(self, *, at: datetime, pause: timedelta) -> datetime | None:
        """Who wants one a day at most gets the next when a day has gone by."""
        if not self.at_most_daily or self.last_sent_at is None or self.last_sent_at + pause <= at:
            return None
        return self.last_sent_at + pause


class MailWish(Base):
    """One kind of message that somebody wants. Without a row they do not."""

    __tablename__ = "mail_wish"
    __table_args__ = (CheckConstraint(f"kind <> '{Kind.CONFIRM.value}'", name="to_choose"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(one_of(Kind), primary_key=True)


class Notice(Base):
    """One row for one act that somebody is to be told of. Its id is made from the act, so the act done twice tells once."""

    __tablename__ = "notice"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_notice_member"),
        CheckConstraint("tries >= 0", name="tries"),
        CheckConstraint("(state = 'given-up') = (why IS NOT NULL)", name="given_up"),
        Index("ix_notice_due", "state", "due_at"),
        Index("ix_notice_member", "member_id", "made_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    bank_id: Mapped[UUID]
    member_id: Mapped[UUID]
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    about_id: Mapped[UUID]  # which hours, introduction or check: to look again when its turn comes
    state: Mapped[NoticeState] = mapped_column(one_of(NoticeState), default=NoticeState.WAITING)
    why: Mapped[Why | None] = mapped_column(one_of(Why))
    tries: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def take_back(self, *, at: datetime) -> None:
        self.state, self.changed_at = NoticeState.TAKEN_BACK, at

    def wait_until(self, due_at: datetime) -> None:
        self.due_at = due_at
