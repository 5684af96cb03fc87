"""Concerns as those who may know of them see them; nobody else learns that one exists."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, selectinload

from timebank.concerns.models import (
    Closeness,
    CloseTie,
    Concern,
    ConcernKey,
    ConcernLetGo,
    ConcernReader,
    ConcernStep,
    ConcernText,
    Lead,
    StepKind,
)
from timebank.concerns.routing import Chart, Tie, TieKind
from timebank.errors import NotFound
from timebank.hours import reads as hours
from timebank.members.models import Member, MemberStatus
from timebank.relationships import reads as relationships
from timebank.schemes import reads as schemes

WHOLE = (
    selectinload(Concern.steps),
    selectinload(Concern.readers),
    selectinload(Concern.asked),
    selectinload(Concern.gone),
)
WITH_TEXTS = selectinload(Concern.texts).selectinload(ConcernText.wraps)


@dataclass(frozen=True, kw_only=True)
class WhoIsThere:
    """Who could receive something now, to be said honestly before anybody types."""

    leads: list[Lead]  # who have a key
    has_bank_key: bool

    @property
    def is_nobody(self) -> bool:
        return not self.leads and not self.has_bank_key


# Leads and keys


def is_lead(session: Session, member: Member) -> bool:
    if member.status is MemberStatus.LEFT:
        return False
    return session.scalar(select(exists().where(Lead.member_id == member.id, Lead.left_at.is_(None)))) or False


def get_lead(session: Session, member: Member) -> Lead:
    lead = find_lead(session, member)
    if lead is None:
        raise NotFound
    return lead


def find_lead(session: Session, member: Member) -> Lead | None:
    theirs = (Lead.bank_id == member.bank_id, Lead.member_id == member.id, Lead.left_at.is_(None))
    return session.scalar(select(Lead).where(*theirs))


def list_leads(session: Session, bank_id: UUID) -> list[Lead]:
    """In their order, with or without a key."""
    found = select(Lead).where(Lead.bank_id == bank_id, Lead.left_at.is_(None)).order_by(Lead.place)
    return list(session.scalars(found))


def list_ready(session: Session, bank_id: UUID) -> list[Lead]:
    return [lead for lead in list_leads(session, bank_id) if lead.key is not None and lead.is_here]


def find_bank_key(session: Session, bank_id: UUID) -> ConcernKey | None:
    return session.scalar(select(ConcernKey).where(ConcernKey.bank_id == bank_id, ConcernKey.lead_id.is_(None)))


def who_is_there(session: Session, bank_id: UUID) -> WhoIsThere:
    return WhoIsThere(leads=list_ready(session, bank_id), has_bank_key=find_bank_key(session, bank_id) is not None)


# Who is close to whom


def chart(session: Session, bank_id: UUID, leads: Collection[Lead]) -> Chart:
    people = tuple(lead.member_id for lead in leads)
    said = session.scalars(select(CloseTie).where(CloseTie.bank_id == bank_id))
    ties = {Tie(kind=TieKind(tie.kind), one=tie.member_id, other=tie.other_id) for tie in said}
    supports = relationships.pairs_ever_with(session, people)
    ties |= {Tie(kind=TieKind.SUPPORTS, one=one, other=other) for one, other in supports}
    coordinators = frozenset(person.id for person in schemes.list_coordinators(session, bank_id))
    return Chart(leads=people, coordinators=coordinators, ties=frozenset(ties))


def list_ties(session: Session, member: Member) -> list[CloseTie]:
    """What they said of themselves; not what others said of them."""
    supervised = and_(CloseTie.other_id == member.id, CloseTie.kind == Closeness.SUPERVISES)
    found = select(CloseTie).where(CloseTie.bank_id == member.bank_id, or_(CloseTie.member_id == member.id, supervised))
    return list(session.scalars(found.order_by(CloseTie.recorded_at, CloseTie.kind)))


def too_close_to(session: Session, member: Member) -> frozenset[UUID]:
    """About whom somebody who looks after others decides nothing: with whom they are or were together, from whom they are
    kept apart, and who is close to them by what either said."""
    said = session.execute(
        select(CloseTie.member_id, CloseTie.other_id).where(
            CloseTie.bank_id == member.bank_id, or_(CloseTie.member_id == member.id, CloseTie.other_id == member.id)
        )
    )
    close = {person for tie in said for person in (tie.member_id, tie.other_id)} - {member.id}
    return relationships.too_close_to(session, member) | close


def list_nameable(session: Session, member: Member) -> tuple[list[Member], list[Member]]:
    """Whom one can point at without typing a name: those who have a task in the bank, and whoever one has ever met here.

    Also people with whom one is kept apart, and who left: they are whom it may be about, and nobody learns which of it.
    """
    staff = {person.id for person in schemes.list_coordinators(session, member.bank_id)}
    staff |= {lead.member_id for lead in list_leads(session, member.bank_id)}
    met = relationships.everyone_ever_with(session, member.id) | hours.exchanged_with(session, member)
    wanted = (staff | met) - {member.id}
    found = list(
        session.scalars(
            select(Member)
            .where(Member.bank_id == member.bank_id, Member.id.in_(wanted))
            .order_by(Member.name, Member.id)
        )
    )
    return [one for one in found if one.id in met], [one for one in found if one.id in staff - met]


# For whoever told it


def list_told(session: Session, member: Member) -> list[Concern]:
    found = select(Concern).where(Concern.bank_id == member.bank_id, Concern.teller_id == member.id)
    return list(session.scalars(found.order_by(Concern.told_at.desc(), Concern.id).options(*WHOLE)))


def is_told(session: Session, concern_id: UUID) -> bool:
    return session.get(Concern, concern_id) is not None


def get_told(session: Session, concern_id: UUID, member: Member, *, lock: bool = False) -> Concern:
    theirs = (Concern.bank_id == member.bank_id, Concern.teller_id == member.id, Concern.id == concern_id)
    return _one(session, theirs, lock=lock)


# For leads


def list_with(session: Session, lead: Lead, *, at: datetime) -> list[Concern]:
    """What this lead has by now: unread first, the ones in danger before others, the oldest first."""
    theirs = select(ConcernReader.concern_id).where(ConcernReader.lead_id == lead.id)
    found = session.scalars(
        select(Concern).where(Concern.bank_id == lead.bank_id, Concern.id.in_(theirs)).options(*WHOLE)
    )
    mine = [concern for concern in found if concern.is_with(lead, at=at)]
    return sorted(mine, key=lambda one: (one.is_closed, not one.is_unread, not one.in_danger, one.told_at, one.id))


def list_of_reader(session: Session, lead: Lead) -> list[Concern]:
    """Everything that they have or would have in time, closed or not."""
    theirs = select(ConcernReader.concern_id).where(ConcernReader.lead_id == lead.id)
    found = select(Concern).where(Concern.id.in_(theirs)).order_by(Concern.told_at, Concern.id)
    return list(session.scalars(found.options(*WHOLE, WITH_TEXTS)))


def count_waiting(session: Session, lead: Lead, *, years: int, at: datetime) -> int:
    """What nobody has read, and what goes unless somebody keeps it."""
    mine = list_with(session, lead, at=at)
    return sum(concern.is_unread or concern.goes_soon(years=years, at=at) for concern in mine)


def get_with(session: Session, concern_id: UUID, lead: Lead, *, at: datetime, lock: bool = False) -> Concern:
    """Not with this lead yet, never theirs, and not there: all the same answer."""
    concern = _one(session, (Concern.bank_id == lead.bank_id, Concern.id == concern_id), lock=lock)
    if not concern.is_with(lead, at=at):
        raise NotFound
    return concern


def list_open(session: Session, bank_id: UUID) -> list[Concern]:
    """With all their texts. For those who look after the whole: they see no word of them."""
    found = session.scalars(
        select(Concern)
        .where(Concern.bank_id == bank_id)
        .order_by(Concern.told_at, Concern.id)
        .options(*WHOLE, WITH_TEXTS)
    )
    return [concern for concern in found if not concern.is_closed]


def list_closed_before(session: Session, moment: datetime) -> list[UUID]:
    """In all banks, what was closed by then and is kept still; it may have been opened again since."""
    closed = (ConcernStep.kind == StepKind.CLOSED, ConcernStep.at <= moment)
    found = select(ConcernStep.concern_id).where(
        *closed, ~exists().where(ConcernLetGo.concern_id == ConcernStep.concern_id)
    )
    return list(session.scalars(found.distinct().order_by(ConcernStep.concern_id)))


def get_locked(session: Session, concern_id: UUID) -> Concern:
    """As it is once nobody else is at it."""
    return _one(session, (Concern.id == concern_id,), lock=True)


def find_in_bank(session: Session, concern_id: UUID, bank_id: UUID) -> Concern | None:
    """For the holder of the printed key."""
    found = select(Concern).where(Concern.bank_id == bank_id, Concern.id == concern_id)
    return session.scalar(found.options(*WHOLE, WITH_TEXTS))


def _one(session: Session, where: tuple, *, lock: bool) -> Concern:
    """Locked, so that of two acts at once each is judged, and numbered, after the other."""
    question = select(Concern).where(*where)
    concern = session.scalar(question.with_for_update(of=Concern) if lock else question)
    if concern is None:
        raise NotFound
    return concern
