"""One act that needs two people: who asked, about whom, who decided, and how it ended. What has ended never changes."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict
from timebank.vault.sealed import Sealed, sealed_check, sealed_column

WAITS_FOR = timedelta(days=7)
WAITS = text("state = 'waiting'")
ENDED = "state IN ('agreed', 'declined')"


class AlreadyEnded(Conflict):
    """This has been decided, taken back or has run out meanwhile. Nothing more can be done with it."""


class NeedsAnother(Conflict):
    """Two people are needed for this: not the one who asked, and not the one whom it is about."""


class Kind(StrEnum):
    NEW_CODE = "new-code"
    TAKE_SECOND_STEP = "take-second-step"
    MAKE_COORDINATOR = "make-coordinator"
    END_COORDINATOR = "end-coordinator"


TASKS = frozenset({Kind.MAKE_COORDINATOR, Kind.END_COORDINATOR})


class State(StrEnum):
    WAITING = "waiting"
    AGREED = "agreed"
    DECLINED = "declined"
    SAID_NO = "said-no"  # by the person whom it is about
    TAKEN_BACK = "taken-back"
    RAN_OUT = "ran-out"


class WeightyAct(Base):
    __tablename__ = "weighty_act"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "about_id"], ["member.bank_id", "member.id"], name="fk_weighty_act_about"),
        ForeignKeyConstraint(["bank_id", "asked_by"], ["member.bank_id", "member.id"], name="fk_weighty_act_asked_by"),
        ForeignKeyConstraint(["bank_id", "decided_by"], ["member.bank_id", "member.id"], name="fk_weighty_act_decided_by"),
        ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_weighty_act_scheme"),
        CheckConstraint("asked_by <> about_id", name="asked_by_another"),
        CheckConstraint("decided_by <> asked_by", name="decided_by_a_second"),
        CheckConstraint("decided_by <> about_id", name="decided_by_another"),
        CheckConstraint(f"(decided_by IS NOT NULL) = ({ENDED})", name="decided_by"),
        CheckConstraint("(decided_at IS NULL) = (state = 'waiting')", name="decided_at"),
        CheckConstraint("state <> 'agreed' OR decided_at < runs_out_at", name="in_time"),
        CheckConstraint("scheme_id IS NULL OR kind IN ('make-coordinator', 'end-coordinator')", name="scheme"),
        *sealed_check("sealed_reason"),
        Index("uq_weighty_act_waiting", "about_id", "kind", unique=True, sqlite_where=WAITS, postgresql_where=WAITS),
        Index("ix_weighty_act_bank", "bank_id", "state"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)  # made by the form, so that the same form asks once
    bank_id: Mapped[UUID]
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    about_id: Mapped[UUID]
    scheme_id: Mapped[UUID | None]  # of a task: none is the whole bank
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    runs_out_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason = Sealed[str]("sealed_reason", of="asked_by", empty=str)
    sealed_reason: Mapped[bytes | None] = sealed_column()
    state: Mapped[State] = mapped_column(one_of(State), default=State.WAITING)
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def has_run_out(self, at: datetime) -> bool:
        return self.state is State.WAITING and at >= self.runs_out_at

    def is_waiting(self, at: datetime) -> bool:
        return self.state is State.WAITING and not self.has_run_out(at)

    def agree(self, *, by: UUID, at: datetime) -> None:
        self._decide(State.AGREED, by=by, at=at)

    def decline(self, *, by: UUID, at: datetime) -> None:
        self._decide(State.DECLINED, by=by, at=at)

    def say_no(self, *, at: datetime) -> None:
        """By the person whom it is about."""
        self._check_waits(at)
        self._end(State.SAID_NO, at=at)

    def take_back(self, *, at: datetime) -> None:
        self._check_waits(at)
        self._end(State.TAKEN_BACK, at=at)

    def run_out(self, *, at: datetime) -> None:
        """Because its time is over, or because nobody who may ask for it stands behind it any more."""
        if self.state is not State.WAITING:
            raise AlreadyEnded
        self._end(State.RAN_OUT, at=at)

    def _decide(self, state: State, *, by: UUID, at: datetime) -> None:
        self._check_waits(at)
        if by in {self.asked_by, self.about_id}:
            raise NeedsAnother
        self.decided_by = by
        self._end(state, at=at)

    def _check_waits(self, at: datetime) -> None:
        if not self.is_waiting(at):
            raise AlreadyEnded

    def _end(self, state: State, *, at: datetime) -> None:
        self.state, self.decided_at = state, at
