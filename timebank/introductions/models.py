"""An introduction waits for two people to say yes. No relationship starts without both."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict, NotFound
from timebank.introductions.reasons import Kept
from timebank.members.models import Member
from timebank.schemes.models import BankScheme
from timebank.vault.sealed import Sealed, sealed_check, sealed_column


class AlreadyAnswered(Conflict):
    """You have already answered this introduction. Your answer stands."""


class NoLongerOpen(Conflict):
    """This introduction is no longer open. Thank you for looking at it."""


class NoPlaceLeft(Conflict):
    """You have no free place at the moment. You can change how many people you support on your profile page."""


class State(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    NOT_THIS_TIME = "not-this-time"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Introduction(Base):
    __tablename__ = "introduction"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_introduction_scheme"),
        ForeignKeyConstraint(["bank_id", "guide_id"], ["member.bank_id", "member.id"], name="fk_introduction_guide"),
        ForeignKeyConstraint(["bank_id", "other_id"], ["member.bank_id", "member.id"], name="fk_introduction_other"),
        CheckConstraint("guide_id <> other_id", name="two_people"),
        CheckConstraint("state <> 'accepted' OR (guide_said_yes AND other_said_yes)", name="two_yeses"),
        Index(
            "uq_introduction_open",
            "scheme_id",
            "guide_id",
            "other_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        *sealed_check("sealed_guide_reasons", "sealed_other_reasons"),
        Index("ix_introduction_guide", "guide_id"),
        Index("ix_introduction_other", "other_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    scheme_id: Mapped[UUID]
    guide_id: Mapped[UUID]
    other_id: Mapped[UUID]
    is_symmetric: Mapped[bool]
    # Each side reads them from where they stand, as far as both still let them be said (timebank/introductions/reasons.py).
    guide_reasons = Sealed[list[Kept]]("sealed_guide_reasons", of="guide_id", empty=list)
    sealed_guide_reasons: Mapped[bytes | None] = sealed_column()
    other_reasons = Sealed[list[Kept]]("sealed_other_reasons", of="other_id", empty=list)
    sealed_other_reasons: Mapped[bytes | None] = sealed_column()
    state: Mapped[State] = mapped_column(one_of(State), default=State.OPEN)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    guide_said_yes: Mapped[bool | None]
    other_said_yes: Mapped[bool | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    scheme: Mapped[BankScheme] = relationship(
        primaryjoin="Introduction.scheme_id == foreign(BankScheme.id)", viewonly=True, lazy="joined"
    )

    def is_guide(self, member: Member) -> bool:
        return member.id == self.guide_id

    def is_party(self, member: Member) -> bool:
        return member.id in {self.guide_id, self.other_id}

    def is_visible_to(self, member: Member) -> bool:
        """One-way: the other side hears of it only once the guide has said yes. Symmetric: both hear at once."""
        if not self.is_party(member) or self.state is State.WITHDRAWN:
            return False
        return self.is_symmetric or self.is_guide(member) or self.guide_said_yes is True

    def kept_reasons_for(self, member: Member) -> list[Kept]:
        return self.guide_reasons if self.is_guide(member) else self.other_reasons

    def answer_of(self, member: Member) -> bool | None:
        return self.guide_said_yes if self.is_guide(member) else self.other_said_yes

    @property
    def is_answered(self) -> bool:
        """By anybody, or by time: what was seen cannot be called back."""
        return self.state is not State.OPEN or self.guide_said_yes is not None or self.other_said_yes is not None

    def waits_for(self, member: Member) -> bool:
        return self.state is State.OPEN and self.is_visible_to(member) and self.answer_of(member) is None

    def partner_id(self, member: Member) -> UUID:
        return self.other_id if self.is_guide(member) else self.guide_id

    def answer(self, *, member: Member, yes: bool, at: datetime) -> None:
        if not self.is_visible_to(member):
            raise NotFound
        if self.answer_of(member) is not None:
            raise AlreadyAnswered
        if self.state is not State.OPEN or at >= self.answer_by:
            raise NoLongerOpen
        if self.is_guide(member):
            self.guide_said_yes = yes
        else:
            self.other_said_yes = yes
        if not yes:
            self._close(State.NOT_THIS_TIME, at)
        elif self.guide_said_yes and self.other_said_yes:
            self._close(State.ACCEPTED, at)

    def lapse(self, *, at: datetime) -> None:
        if self.state is not State.OPEN:
            raise NoLongerOpen
        self._close(State.LAPSED, at)

    def withdraw(self, *, at: datetime) -> None:
        """By a coordinator, only before anybody has answered."""
        if self.is_answered:
            raise NoLongerOpen
        self._close(State.WITHDRAWN, at)

    def _close(self, state: State, at: datetime) -> None:
        self.state = state
        self.closed_at = at
