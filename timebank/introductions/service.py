"""Asking two people, and hearing their answers."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.introductions import reads
from timebank.introductions.models import Introduction, NoLongerOpen, NoPlaceLeft, State
from timebank.introductions.reasons import Kept
from timebank.members import reads as members
from timebank.members.models import Member, MemberStatus
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind
from timebank.relationships import reads as relationships
from timebank.relationships import service as relationship_service
from timebank.schemes.models import BankScheme, SchemeMembership

TIME_TO_ANSWER = timedelta(days=7)


def introduce(
    session: Session,
    *,
    scheme: BankScheme,
    guide_id: UUID,
    other_id: UUID,
    guide_reasons: list[Kept],
    other_reasons: list[Kept],
    at: datetime,
) -> Introduction:
    introduction = Introduction(
        id=uuid4(),
        bank_id=scheme.bank_id,
        scheme_id=scheme.id,
        guide_id=guide_id,
        other_id=other_id,
        is_symmetric=scheme.is_symmetric,
        guide_reasons=guide_reasons,
        other_reasons=other_reasons,
        sent_at=at,
        answer_by=at + TIME_TO_ANSWER,
    )
    session.add(introduction)
    session.flush()
    _tell(session, introduction, *((guide_id, other_id) if scheme.is_symmetric else (guide_id,)), at=at)
    return introduction


def answer_introduction(
    session: Session, *, introduction_id: UUID, member: Member, yes: bool, at: datetime
) -> Introduction:
    """Both yes: the relationship starts, if there is still a place. The guide's yes gives the other side a week of their own."""
    introduction = reads.get_for_party(session, introduction_id, member)
    introduction.answer(member=member, yes=yes, at=at)
    if yes:
        if members.are_kept_apart(session, introduction.guide_id, introduction.other_id):
            raise NoLongerOpen
        _check_places(session, introduction, member)
        if introduction.is_guide(member):
            introduction.answer_by = at + TIME_TO_ANSWER
            _tell(session, introduction, introduction.other_id, at=at)
    if introduction.state is State.ACCEPTED:
        relationship_service.start(
            session,
            bank_id=introduction.bank_id,
            scheme_id=introduction.scheme_id,
            guide_id=introduction.guide_id,
            other_id=introduction.other_id,
            at=at,
        )
    session.flush()
    return introduction


def lapse_unanswered(session: Session, *, at: datetime) -> int:
    """Quietly: nobody is told that somebody did not answer."""
    past = reads.list_past_their_day(session, at=at)
    for introduction in past:
        introduction.lapse(at=at)
    return len(past)


def _tell(session: Session, introduction: Introduction, *member_ids: UUID, at: datetime) -> None:
    """Whoever is asked now. Of two who are asked at once each is told for themselves."""
    for member_id in member_ids:
        outbox.tell_id(session, Kind.INTRODUCTION, member_id=member_id, about_id=introduction.id, at=at)


def _check_places(session: Session, introduction: Introduction, member: Member) -> None:
    """The row of the scheme membership is locked: of two answers for the last place, one comes second and is told so.

    A guide's yes already takes the place, so that two people are never promised the same one.
    """
    for party_id in _who_needs_a_place(introduction):
        part = session.scalar(
            select(SchemeMembership)
            .where(SchemeMembership.scheme_id == introduction.scheme_id, SchemeMembership.member_id == party_id)
            .with_for_update(of=SchemeMembership)
        )
        taken = _places_taken(session, introduction, party_id, is_promising=party_id == member.id)
        if part is None or part.is_stepped_back or taken >= part.capacity or _is_away(session, party_id):
            raise NoPlaceLeft if party_id == member.id else NoLongerOpen


def _is_away(session: Session, member_id: UUID) -> bool:
    """On a break from everything, or gone."""
    return session.get_one(Member, member_id).status is not MemberStatus.ACTIVE


def _who_needs_a_place(introduction: Introduction) -> list[UUID]:
    if introduction.is_symmetric:
        return sorted([introduction.guide_id, introduction.other_id], key=str)
    return [introduction.guide_id]


def _places_taken(session: Session, introduction: Introduction, party_id: UUID, *, is_promising: bool) -> int:
    """A guide who says yes promises a place, so promises count; when the other side takes it up, only who is there counts."""
    if introduction.is_symmetric:
        taken = relationships.count_live(session, scheme_id=introduction.scheme_id, member_id=party_id)
    else:
        taken = relationships.count_live_as_guide(session, scheme_id=introduction.scheme_id, member_id=party_id)
    if introduction.is_symmetric or not is_promising:
        return taken
    promised = session.scalars(
        select(Introduction.id).where(
            Introduction.scheme_id == introduction.scheme_id,
            Introduction.id != introduction.id,
            Introduction.state == State.OPEN,
            Introduction.guide_id == party_id,
            Introduction.guide_said_yes.is_(True),
        )
    ).all()
    return taken + len(promised)
