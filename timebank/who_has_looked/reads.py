"""The looks at what is one person's own. Whose a record is, the record itself says: the trail names nobody in a list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, union
from sqlalchemy.orm import Session

from ledger.tables import transfer
from timebank.audit import reads as audit
from timebank.audit.models import Act, Actor, AuditEvent, Reason, Record, SafetyHold
from timebank.clock import LONDON
from timebank.hours.models import HourLog
from timebank.matches.models import LeftOut, Proposal
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.queries.models import Query
from timebank.two_people.models import WeightyAct

LOOKS = (Act.LOOKED, Act.EXPORTED)
PAGE = 50
AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Look:
    """`looker` is a name, or None for whoever runs the computer; `hours_on` is the day of the hours it is about."""

    seq: int
    noted_at: datetime
    looker: str | None
    act: Act
    record: Record
    hours_on: date | None
    reason: Reason | None
    is_late: bool  # a safety hold kept it back for a while


@dataclass(frozen=True, kw_only=True)
class Page:
    looks: list[Look]
    older: int | None  # where the next page begins


def get_page(session: Session, member: Member, *, at: datetime, before: int | None = None, limit: int = PAGE) -> Page:
    """The newest first. What a hold still keeps back is as if it were not there."""
    holds = audit.list_holds(session, bank_id=member.bank_id, about_id=member.id)
    found: list[AuditEvent] = []
    while len(found) <= limit:
        some = _list_events(session, member, before=before)
        found += [event for event in some if not any(hold.covers(event) and not hold.is_over(at) for hold in holds)]
        if len(some) < AT_ONCE:
            break
        before = some[-1].seq
    shown = found[:limit]
    return Page(looks=_looks(session, shown, holds), older=shown[-1].seq if len(found) > limit else None)


def list_all(session: Session, member: Member, *, at: datetime) -> Iterable[Look]:
    before: int | None = None
    while True:
        page = get_page(session, member, at=at, before=before, limit=AT_ONCE)
        yield from page.looks
        if page.older is None:
            return
        before = page.older


def _list_events(session: Session, member: Member, *, before: int | None) -> Sequence[AuditEvent]:
    question = (
        select(AuditEvent)
        .where(AuditEvent.bank_id == member.bank_id, AuditEvent.act.in_(LOOKS), _is_of(member))
        .order_by(AuditEvent.seq.desc())
        .limit(AT_ONCE)
    )
    if before is not None:
        question = question.where(AuditEvent.seq < before)
    return session.scalars(question).all()


def _is_of(member: Member) -> ColumnElement[bool]:
    """By somebody else, at something in which this person has a part."""
    mine = or_(HourLog.giver_id == member.id, HourLog.receiver_id == member.id)
    joined = datetime.combine(member.joined_on, time.min, tzinfo=LONDON)
    checks = select(Query.id).join(HourLog, HourLog.id == Query.log_id).where(HourLog.bank_id == member.bank_id, mine)
    rounds = union(
        select(Proposal.round_id).where(or_(Proposal.guide_id == member.id, Proposal.other_id == member.id)),
        select(LeftOut.round_id).where(LeftOut.member_id == member.id),
    )
    asked_for = select(WeightyAct.id).where(WeightyAct.about_id == member.id)
    waited = exists().where(
        HourLog.bank_id == member.bank_id,
        mine,
        or_(HourLog.giver_id.is_(None), HourLog.receiver_id.is_(None)),
        HourLog.logged_at <= AuditEvent.noted_at,
        transfer.c.id == HourLog.id,
        or_(transfer.c.settled_at.is_(None), transfer.c.settled_at >= AuditEvent.noted_at),
    )
    return and_(
        or_(AuditEvent.actor != Actor.MEMBER, AuditEvent.actor_id != member.id),
        or_(
            and_(AuditEvent.record == Record.CHECK, AuditEvent.record_id.in_(checks)),
            and_(AuditEvent.record == Record.ROUND, AuditEvent.record_id.in_(rounds)),
            and_(AuditEvent.record == Record.WAITING_HOURS, waited),
            and_(AuditEvent.record == Record.WEIGHTY_ACT, AuditEvent.record_id.in_(asked_for)),
            and_(AuditEvent.record.in_((Record.MEMBERS, Record.BANK)), AuditEvent.noted_at >= joined),
            AuditEvent.about_id == member.id,
        ),
    )


def _looks(session: Session, events: Sequence[AuditEvent], holds: Sequence[SafetyHold]) -> list[Look]:
    names = members.names_of(session, {event.actor_id for event in events})
    days = _days_of_checks(session, {event.record_id for event in events if event.record is Record.CHECK})
    return [
        Look(
            seq=event.seq,
            noted_at=event.noted_at,
            looker=names.get(event.actor_id),
            act=event.act,
            record=event.record,
            hours_on=days.get(event.record_id),
            reason=event.reason,
            is_late=any(hold.covers(event) for hold in holds),
        )
        for event in events
    ]


def _days_of_checks(session: Session, check_ids: set[UUID | None]) -> dict[UUID | None, date]:
    rows = session.execute(
        select(Query.id, HourLog.happened_on).join(HourLog, HourLog.id == Query.log_id).where(Query.id.in_(check_ids))
    )
    return {row.id: row.happened_on for row in rows}
