"""Leads and their keys, and what was told: sealed words, who may open them, and each step that was taken, for good.

This stays one file: the rules of a concern's states ask of all these tables at once, and are read beside them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.concerns import routing
from timebank.concerns.routing import TieKind
from timebank.concerns.sealing import ForKey, KeptKey, Place
from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict, Invalid
from timebank.members.models import Member, MemberStatus


class AlreadyClosed(Conflict):
    """This is closed. Open it again first, if there is more to say."""


class NotClosed(Conflict):
    """This is open already."""


class WordsLetGo(Conflict):
    """This was closed years ago, and its words are no longer kept. If there is more, please tell it anew."""


class ReadFirst(Invalid):
    """Please open and read it first."""


class Closeness(StrEnum):
    """What people say of themselves. That somebody supports somebody is known from their relationships."""

    PARTNER = TieKind.PARTNER
    RELATIVE = TieKind.RELATIVE
    CLOSE = TieKind.CLOSE
    SUPERVISES = TieKind.SUPERVISES


class TextKind(StrEnum):
    TELLING = "telling"
    ADDITION = "addition"
    NOTE = "note"
    OUTCOME = "outcome"


class StepKind(StrEnum):
    RECEIVED = "received"
    ADDED = "added"
    PASSED_ON = "passed-on"
    OPENED = "opened"
    NOTED = "noted"
    CLOSED = "closed"
    REOPENED = "reopened"
    SEALED_FOR = "sealed-for"  # for one person more
    STEPPED_ASIDE = "stepped-aside"  # may not receive it any longer


TOLD = frozenset({StepKind.RECEIVED, StepKind.ADDED})
A_YEAR = timedelta(days=365)  # what a concern is kept for after it was closed is counted in these
NOTICE = timedelta(days=30)  # so long before, whoever may read it is told, and can keep it


def _where(condition: str) -> dict[str, Any]:
    """For an index of some rows only, on both kinds of database."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Lead(Base):
    """Somebody who receives concerns: appointed by whoever keeps the server, and by no coordinator."""

    __tablename__ = "lead"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_lead_member"),
        UniqueConstraint("bank_id", "id"),
        CheckConstraint("place >= 1", name="place"),
        Index("uq_lead_member", "member_id", unique=True, **_where("left_at IS NULL")),
        Index("uq_lead_place", "bank_id", "place", unique=True, **_where("left_at IS NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    member_id: Mapped[UUID]
    place: Mapped[int]
    appointed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    member: Mapped[Member] = relationship(
        primaryjoin="foreign(Lead.member_id) == Member.id", viewonly=True, lazy="joined"
    )
    key: Mapped["ConcernKey | None"] = relationship(viewonly=True, lazy="joined")

    @property
    def is_here(self) -> bool:
        """Whether concerns may go to them now: somebody who takes a break would only hold them up."""
        return self.left_at is None and self.member.status is MemberStatus.ACTIVE

    def leave(self, *, at: datetime) -> None:
        self.left_at = at


class ConcernKey(Base):
    """A key pair. The private half is encrypted under a passphrase that is kept nowhere; the bank's own one is on paper."""

    __tablename__ = "concern_key"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "lead_id"], ["lead.bank_id", "lead.id"], name="fk_concern_key_lead"),
        UniqueConstraint("lead_id"),
        Index("uq_concern_key_bank", "bank_id", unique=True, **_where("lead_id IS NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("bank.id"))
    lead_id: Mapped[UUID | None]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    slowness: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def keep(self, kept: KeptKey) -> None:
        self.public_key, self.private_key = kept.public, kept.private
        self.salt, self.slowness = kept.salt, kept.slowness

    @property
    def kept(self) -> KeptKey:
        return KeptKey(
            id=self.id,
            bank_id=self.bank_id,
            public=self.public_key,
            private=self.private_key,
            salt=self.salt,
            slowness=self.slowness,
        )

    @property
    def to_seal_for(self) -> ForKey:
        return ForKey(id=self.id, lead_id=self.lead_id, public=self.public_key)


class CloseTie(Base):
    """Two people of whom one must not receive what names the other. Once said it stays: people part, and stay partial."""

    __tablename__ = "conflict"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_conflict_member"),
        ForeignKeyConstraint(["bank_id", "other_id"], ["member.bank_id", "member.id"], name="fk_conflict_other"),
        CheckConstraint("member_id <> other_id", name="two_people"),
    )

    bank_id: Mapped[UUID] = mapped_column(index=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    other_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Closeness] = mapped_column(one_of(Closeness), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Concern(Base):
    """Whom it is about stands in the sealed words alone."""

    __tablename__ = "concern"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "teller_id"], ["member.bank_id", "member.id"], name="fk_concern_teller"),
        UniqueConstraint("bank_id", "id"),
        Index("ix_concern_teller", "teller_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # made by the form, so that the same form tells once
    bank_id: Mapped[UUID]
    teller_id: Mapped[UUID]
    in_danger: Mapped[bool]
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)

    teller: Mapped[Member] = relationship(primaryjoin="foreign(Concern.teller_id) == Member.id", viewonly=True)
    steps: Mapped[list["ConcernStep"]] = relationship(order_by="ConcernStep.seq", back_populates="concern")
    readers: Mapped[list["ConcernReader"]] = relationship(order_by="ConcernReader.place", back_populates="concern")
    texts: Mapped[list["ConcernText"]] = relationship(order_by="ConcernText.place", back_populates="concern")
    asked: Mapped[list["ConcernAsked"]] = relationship(order_by="ConcernAsked.at")
    gone: Mapped["ConcernLetGo | None"] = relationship()

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def closed_at(self) -> datetime | None:
        """Where it is closed."""
        settled = [step for step in self.steps if step.kind in {StepKind.CLOSED, StepKind.REOPENED}]
        return settled[-1].at if settled and settled[-1].kind is StepKind.CLOSED else None

    @property
    def is_let_go(self) -> bool:
        return self.gone is not None

    def goes_at(self, *, years: int, at: datetime) -> datetime | None:
        """When its words are let go, if nobody opens it again before: so many years after it was closed, and never less than
        a month after those who may read it were asked. None while it is open, and once they are."""
        due = self._due(years)
        return None if due is None else max(due, (self._asked_at(due) or at) + NOTICE)

    def goes_soon(self, *, years: int, at: datetime) -> bool:
        due = self._due(years)
        return due is not None and at >= due - NOTICE

    def ask_whether_to_keep(self, *, years: int, at: datetime) -> None:
        """Once, and only where it goes soon: whoever may read it sees the question from now on."""
        due = self._due(years)
        if due is not None and at >= due - NOTICE and self._asked_at(due) is None:
            self.asked.append(ConcernAsked(bank_id=self.bank_id, concern_id=self.id, at=at))

    def let_go(self, *, at: datetime) -> None:
        """What it says can be read by nobody any more. That it was told, and what was done when, stays."""
        self.gone = ConcernLetGo(bank_id=self.bank_id, at=at)

    def check_is_kept(self) -> None:
        if self.is_let_go:
            raise WordsLetGo

    @property
    def told(self) -> list[datetime]:
        return [step.at for step in self.steps if step.kind in TOLD]

    @property
    def opened(self) -> list[routing.Opening]:
        return [(step.by_id, step.at) for step in self.steps if step.kind is StepKind.OPENED]

    @property
    def in_line(self) -> list["ConcernReader"]:
        """Those who may receive it, in order: whoever left or takes a break holds nobody up."""
        return [reader for reader in self.readers if reader.lead.is_here]

    @property
    def is_unread(self) -> bool:
        return not self.is_closed and routing.is_unread(self._line, told=self.told, opened=self.opened)

    def with_whom(self, *, at: datetime) -> list["ConcernReader"]:
        """Those who have it by now: the first, and one more for each day that it lay unread."""
        return self.in_line[: 1 + len(self._handed_on(at))]

    def is_with(self, lead: Lead, *, at: datetime) -> bool:
        return any(reader.lead_id == lead.id for reader in self.with_whom(at=at))

    def at_bank_since(self, *, at: datetime) -> datetime | None:
        if self.is_closed:
            return None
        return routing.waits_at_bank_since(self._line, told=self.told, opened=self.opened, at=at)

    def hear(self, *, kind: StepKind, at: datetime) -> None:
        """What the teller says: first, or later. Who told it stands in the concern itself."""
        self._add_step(kind, by=None, to=None, at=at)

    def open(self, *, by: UUID | None, at: datetime) -> None:
        """`by` nobody: with the bank's printed key."""
        self._step(StepKind.OPENED, by=by, at=at)

    def note(self, *, by: UUID, at: datetime) -> None:
        self._check_open_and_read(by)
        self._step(StepKind.NOTED, by=by, at=at)

    def close(self, *, by: UUID, at: datetime) -> None:
        self._check_open_and_read(by)
        self._step(StepKind.CLOSED, by=by, at=at)

    def reopen(self, *, by: UUID | None, at: datetime) -> None:
        if not self.is_closed:
            raise NotClosed
        self.check_is_kept()
        self._step(StepKind.REOPENED, by=by, at=at)

    def seal_for(self, lead: Lead, *, by: UUID | None, at: datetime) -> None:
        place = max((reader.place for reader in self.readers), default=0) + 1
        self.readers.append(ConcernReader(bank_id=self.bank_id, lead_id=lead.id, lead=lead, place=place))
        self._step(StepKind.SEALED_FOR, by=by, to=lead.member_id, at=at)

    def step_aside(self, lead: Lead, *, at: datetime) -> None:
        self._step(StepKind.STEPPED_ASIDE, by=lead.member_id, at=at)

    def place_of(self, sealed: "ConcernText") -> Place:
        return Place(bank_id=self.bank_id, concern_id=self.id, text_id=sealed.id, kind=sealed.kind)

    def _due(self, years: int) -> datetime | None:
        return None if self.closed_at is None or self.is_let_go else self.closed_at + years * A_YEAR

    def _asked_at(self, due: datetime) -> datetime | None:
        """A question about an end that was put off since is asked again."""
        return min((one.at for one in self.asked if one.at >= due - NOTICE), default=None)

    @property
    def _line(self) -> list[UUID]:
        return [reader.lead.member_id for reader in self.in_line]

    def _handed_on(self, at: datetime) -> tuple[datetime, ...]:
        return routing.handed_on(self._line, told=self.told, opened=self.opened, at=at)

    def _check_open_and_read(self, lead_member_id: UUID) -> None:
        if self.is_closed:
            raise AlreadyClosed
        if lead_member_id not in {by for by, _ in self.opened}:
            raise ReadFirst

    def _step(self, kind: StepKind, *, by: UUID | None, at: datetime, to: UUID | None = None) -> None:
        """With what the clock has done meanwhile written down first."""
        self.write_down_the_clock(at=at)
        self._add_step(kind, by=by, to=to, at=at)

    def write_down_the_clock(self, *, at: datetime) -> None:
        known = {step.to_id for step in self.steps if step.kind is StepKind.PASSED_ON}
        for moment, reader in self.passed_on(at=at):
            if reader.lead.member_id not in known:
                self._add_step(StepKind.PASSED_ON, by=None, to=reader.lead.member_id, at=moment)

    def passed_on(self, *, at: datetime) -> Iterable[tuple[datetime, "ConcernReader"]]:
        """When each further reader got it, and whom that made."""
        return zip(self._handed_on(at), self.in_line[1:], strict=False)

    def _add_step(self, kind: StepKind, *, by: UUID | None, to: UUID | None, at: datetime) -> None:
        seq = len(self.steps) + 1
        self.steps.append(ConcernStep(bank_id=self.bank_id, seq=seq, kind=kind, by_id=by, to_id=to, at=at))


class ConcernAsked(Base):
    """Since when whoever may read a closed concern is asked whether its words may go. The database refuses to change it."""

    __tablename__ = "concern_asked"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "concern_id"], ["concern.bank_id", "concern.id"], name="fk_concern_asked_concern"),
    )  # fmt: skip

    concern_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    bank_id: Mapped[UUID]


class ConcernLetGo(Base):
    """The words of a concern are no longer kept, since when. The database refuses it while the concern is open or nobody was
    asked a month before, and to change it."""

    __tablename__ = "concern_let_go"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "concern_id"], ["concern.bank_id", "concern.id"], name="fk_concern_let_go_concern"),
    )  # fmt: skip

    concern_id: Mapped[UUID] = mapped_column(primary_key=True)
    bank_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConcernReader(Base):
    """Who may receive one concern, as it was decided when it was told. Each of them has a key to every text of it."""

    __tablename__ = "concern_reader"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "concern_id"], ["concern.bank_id", "concern.id"], name="fk_concern_reader_concern"),
        ForeignKeyConstraint(["bank_id", "lead_id"], ["lead.bank_id", "lead.id"], name="fk_concern_reader_lead"),
        UniqueConstraint("concern_id", "place"),
        Index("ix_concern_reader_lead", "lead_id"),
    )  # fmt: skip

    bank_id: Mapped[UUID]
    concern_id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int]

    concern: Mapped[Concern] = relationship(back_populates="readers")
    lead: Mapped[Lead] = relationship(
        primaryjoin="foreign(ConcernReader.lead_id) == Lead.id", viewonly=True, lazy="joined"
    )


class ConcernText(Base):
    """Somebody's words, sealed. The database refuses to change or delete them."""

    __tablename__ = "concern_text"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "concern_id"], ["concern.bank_id", "concern.id"], name="fk_concern_text_concern"),
        ForeignKeyConstraint(["bank_id", "by_id"], ["member.bank_id", "member.id"], name="fk_concern_text_writer"),
        UniqueConstraint("concern_id", "place"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    bank_id: Mapped[UUID]
    concern_id: Mapped[UUID]
    place: Mapped[int]
    kind: Mapped[TextKind] = mapped_column(one_of(TextKind))
    by_id: Mapped[UUID]
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)

    concern: Mapped[Concern] = relationship(back_populates="texts")
    wraps: Mapped[list["ConcernWrap"]] = relationship(order_by="ConcernWrap.key_id")


class ConcernWrap(Base):
    """One text's key, for one person's key."""

    __tablename__ = "concern_wrap"

    text_id: Mapped[UUID] = mapped_column(ForeignKey("concern_text.id"), primary_key=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("concern_key.id"), primary_key=True, index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class ConcernStep(Base):
    """Who did what and when, without a word of it. The database refuses to change or delete it."""

    __tablename__ = "concern_step"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "concern_id"], ["concern.bank_id", "concern.id"], name="fk_concern_step_concern"),
        ForeignKeyConstraint(["bank_id", "by_id"], ["member.bank_id", "member.id"], name="fk_concern_step_by"),
        ForeignKeyConstraint(["bank_id", "to_id"], ["member.bank_id", "member.id"], name="fk_concern_step_to"),
        CheckConstraint("seq >= 1", name="seq"),
    )  # fmt: skip

    bank_id: Mapped[UUID]
    concern_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[StepKind] = mapped_column(one_of(StepKind))
    by_id: Mapped[UUID | None]  # nobody: whoever told it, the clock, or the bank's printed key
    to_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    concern: Mapped[Concern] = relationship(back_populates="steps")


# A backup is put back under the database's rules, which look at these first.
for later, first in (("concern_asked", "concern_step"), ("concern_let_go", "concern_asked")):
    Base.metadata.tables[later].add_is_dependent_on(Base.metadata.tables[first])
