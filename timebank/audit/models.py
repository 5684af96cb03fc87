"""One event stands for one act of somebody who looks after others, or for one look. It is written once and never changed."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base, UtcDateTime, one_of
from timebank.errors import Conflict

LONGEST_HOLD_DAYS = 90


class AlreadyOver(Conflict):
    """This hold is over already."""


class Actor(StrEnum):
    MEMBER = "member"  # who signed in; `actor_id` says which
    COMMAND_LINE = "command-line"
    SYSTEM = "system"


class Act(StrEnum):
    LOOKED = "looked"
    EXPORTED = "exported"
    OPENED_BANK = "opened-bank"
    MADE_COORDINATOR = "made-coordinator"
    ADDED_MEMBER = "added-member"
    GAVE_CODE = "gave-code"
    TOOK_SECOND_STEP = "took-second-step"
    CONFIRMED_HOURS = "confirmed-hours"
    SETTLED_CHECK = "settled-check"
    TRIED_ROUND = "tried-round"
    SENT_ROUND = "sent-round"
    CALLED_ROUND_BACK = "called-round-back"
    SET_ASIDE = "set-aside"
    TOOK_UP_AGAIN = "took-up-again"
    IMPORTED = "imported"
    UNDID_IMPORT = "undid-import"
    RESTORED = "restored"
    SET_SAFETY_HOLD = "set-safety-hold"
    ENDED_SAFETY_HOLD = "ended-safety-hold"
    ENDED_COORDINATOR = "ended-coordinator"
    ASKED_FOR_A_SECOND = "asked-for-a-second"
    AGREED_AS_SECOND = "agreed-as-second"
    DECLINED_AS_SECOND = "declined-as-second"
    SAID_NO = "said-no"  # the person whom it was about
    TOOK_ASKING_BACK = "took-asking-back"
    LET_RUN_OUT = "let-run-out"
    SIGNED_OUT = "signed-out"  # everywhere


class Record(StrEnum):
    """What was acted on or looked at; with `record_id` where there is more than one of it in a bank."""

    BANK = "bank"
    MEMBERS = "members"  # the list of them
    MEMBER = "member"
    HOURS = "hours"
    WAITING_HOURS = "waiting-hours"  # all that wait with the community, on the desk
    CHECK = "check"
    ROUND = "round"
    PROPOSAL = "proposal"
    IMPORT = "import"
    SAFETY_HOLD = "safety-hold"
    WEIGHTY_ACT = "weighty-act"  # what one person asked for and another one decides


class Reason(StrEnum):
    """Why somebody looked: the task that is open there, or what they said."""

    OPEN_CHECK = "open-check"
    OPEN_ROUND = "open-round"
    HOURS_WAIT = "hours-wait"
    MEMBER_ASKED = "member-asked"
    SETTLING_HOURS = "settling-hours"
    CHECKING_ROUND = "checking-round"
    WORRIED = "worried"
    OTHER_WORK = "other-work"
    SECOND_PERSON = "second-person"  # to decide about what somebody else asked for


class AuditEvent(Base):
    __tablename__ = "audit_event"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "actor_id"], ["member.bank_id", "member.id"], name="fk_audit_event_actor"),
        ForeignKeyConstraint(["bank_id", "about_id"], ["member.bank_id", "member.id"], name="fk_audit_event_about"),
        UniqueConstraint("bank_id", "act", "act_key"),
        CheckConstraint("seq >= 1", name="seq"),
        CheckConstraint("(actor = 'member') = (actor_id IS NOT NULL)", name="actor_id"),
        CheckConstraint("length(digest) = 64", name="digest"),
        Index("ix_audit_event_record", "bank_id", "record", "record_id"),
        Index("ix_audit_event_about", "bank_id", "about_id"),
    )

    bank_id: Mapped[UUID] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # 1, 2, 3 …, with no gap
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[Actor] = mapped_column(one_of(Actor))
    actor_id: Mapped[UUID | None]
    act: Mapped[Act] = mapped_column(one_of(Act))
    record: Mapped[Record] = mapped_column(one_of(Record))
    record_id: Mapped[UUID | None]
    about_id: Mapped[UUID | None]  # where it is about one person only; who else is in a record, the record itself says
    reason: Mapped[Reason | None] = mapped_column(one_of(Reason))
    case_id: Mapped[UUID | None]  # the task that was the reason
    act_key: Mapped[UUID | None]  # the act's own, where doing it twice does it once
    digest: Mapped[str] = mapped_column(String(64))


class HoldReason(StrEnum):
    SOMEBODY_AT_RISK = "somebody-at-risk"
    CONCERN_LOOKED_INTO = "concern-looked-into"
    ASKED_BY_POLICE = "asked-by-police"


class SafetyHold(Base):
    """For a while one person is not shown who looks at what is theirs, because somebody could come to harm by it."""

    __tablename__ = "safety_hold"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "about_id"], ["member.bank_id", "member.id"], name="fk_safety_hold_about"),
        ForeignKeyConstraint(["bank_id", "set_by"], ["member.bank_id", "member.id"], name="fk_safety_hold_setter"),
        ForeignKeyConstraint(["bank_id", "looker_id"], ["member.bank_id", "member.id"], name="fk_safety_hold_looker"),
        CheckConstraint(f"days >= 1 AND days <= {LONGEST_HOLD_DAYS}", name="days"),
        CheckConstraint("set_by <> about_id", name="not_by_whom_it_is_about"),
        Index("ix_safety_hold_about", "bank_id", "about_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bank_id: Mapped[UUID]
    about_id: Mapped[UUID]
    set_by: Mapped[UUID]  # the coordinator who answers for it
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    days: Mapped[int]
    reason: Mapped[HoldReason] = mapped_column(one_of(HoldReason))
    looker_id: Mapped[UUID | None]  # hides the looks of this one person; none named: everybody's
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # before its time

    @property
    def until(self) -> datetime:
        planned = self.set_at + timedelta(days=self.days)
        return planned if self.ended_at is None else min(planned, self.ended_at)

    def is_over(self, at: datetime) -> bool:
        return at >= self.until

    def covers(self, event: AuditEvent) -> bool:
        """Whether that look came while it lasted, and is one of those it hides."""
        is_theirs = self.looker_id is None or self.looker_id == event.actor_id
        return is_theirs and self.set_at <= event.noted_at < self.until

    def end(self, *, at: datetime) -> None:
        if self.is_over(at):
            raise AlreadyOver
        self.ended_at = at
