"""Whom a person already knows here."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from timebank.errors import NotFound
from timebank.members import reads as members
from timebank.members.models import Member, MemberStatus
from timebank.relationships.models import Relationship


def list_live(session: Session, member_id: UUID) -> list[Relationship]:
    found = session.scalars(
        select(Relationship)
        .where(_with(member_id), Relationship.ended_at.is_(None))
        .options(joinedload(Relationship.guide), joinedload(Relationship.other))
        .order_by(Relationship.started_at, Relationship.id)
    )
    return list(found)


def list_live_in_bank(session: Session, bank_id: UUID) -> list[Relationship]:
    found = session.scalars(
        select(Relationship)
        .where(Relationship.bank_id == bank_id, Relationship.ended_at.is_(None))
        .options(joinedload(Relationship.guide), joinedload(Relationship.other))
        .order_by(Relationship.guide_id, Relationship.other_id)
    )
    return list(found)


def find_scheme_between(session: Session, one_id: UUID, other_id: UUID) -> UUID | None:
    """The scheme that brought these two together, while they are."""
    return session.scalar(
        select(Relationship.scheme_id)
        .where(_between(one_id, other_id), Relationship.ended_at.is_(None), Relationship.scheme_id.is_not(None))
        .order_by(Relationship.started_at)
        .limit(1)
    )


def list_past(session: Session, member: Member) -> list[Relationship]:
    """One for each person one was together with and is no more: the last one. Without those who left or are kept apart."""
    rows = session.scalars(
        select(Relationship)
        .where(_with(member.id))
        .options(joinedload(Relationship.guide), joinedload(Relationship.other))
        .order_by(Relationship.started_at, Relationship.id)
    ).all()
    apart = members.kept_apart_from(session, member.id)
    together = {found.partner_of(member).id for found in rows if found.ended_at is None}
    last = {found.partner_of(member).id: found for found in rows}
    return [
        found
        for partner_id, found in last.items()
        if partner_id not in together | apart and found.partner_of(member).status is not MemberStatus.LEFT
    ]


def get_for_party(session: Session, relationship_id: UUID, member: Member) -> Relationship:
    """Once the other one has left, or the two are kept apart, it is there for neither: both look the same."""
    found = find_for_party(session, relationship_id, member)
    partner = found.partner_of(member)
    if partner.status is MemberStatus.LEFT or members.are_kept_apart(session, member.id, partner.id):
        raise NotFound
    return found


def find_for_party(session: Session, relationship_id: UUID, member: Member) -> Relationship:
    """Whatever became of the two since. Not yours and not there look alike."""
    found = session.scalar(select(Relationship).where(_with(member.id), Relationship.id == relationship_id))
    if found is None:
        raise NotFound
    return found


def are_together(session: Session, one_id: UUID, other_ids: Collection[UUID]) -> set[UUID]:
    """With whom of these this person is together now."""
    rows = session.execute(
        select(Relationship.guide_id, Relationship.other_id).where(_with(one_id), Relationship.ended_at.is_(None))
    )
    return {person for row in rows for person in (row.guide_id, row.other_id)} & set(other_ids)


def pairs_in_scheme(session: Session, scheme_id: UUID, *, live: bool) -> list[tuple[UUID, UUID]]:
    ended = Relationship.ended_at.is_(None) if live else Relationship.ended_at.is_not(None)
    found = session.execute(
        select(Relationship.guide_id, Relationship.other_id).where(Relationship.scheme_id == scheme_id, ended)
    )
    return list(found)


def count_live_as_guide(session: Session, *, scheme_id: UUID, member_id: UUID) -> int:
    return (
        session.scalar(
            select(func.count()).where(
                Relationship.scheme_id == scheme_id, Relationship.guide_id == member_id, Relationship.ended_at.is_(None)
            )
        )
        or 0
    )


def count_live(session: Session, *, scheme_id: UUID, member_id: UUID) -> int:
    return (
        session.scalar(
            select(func.count()).where(
                Relationship.scheme_id == scheme_id, _with(member_id), Relationship.ended_at.is_(None)
            )
        )
        or 0
    )


def everyone_ever_with(session: Session, member_id: UUID) -> frozenset[UUID]:
    rows = session.execute(select(Relationship.guide_id, Relationship.other_id).where(_with(member_id)))
    return frozenset(person for row in rows for person in (row.guide_id, row.other_id)) - {member_id}


def too_close_to(session: Session, member: Member) -> frozenset[UUID]:
    """About whom somebody who looks after others decides nothing: who is or was together with them, or is kept apart from them."""
    return everyone_ever_with(session, member.id) | members.kept_apart_from(session, member.id)


def pairs_ever_with(session: Session, member_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Every two who are or were together, of whom at least one is among these."""
    among = or_(Relationship.guide_id.in_(member_ids), Relationship.other_id.in_(member_ids))
    found = session.execute(select(Relationship.guide_id, Relationship.other_id).where(among).distinct())
    return [(row.guide_id, row.other_id) for row in found]


def _with(member_id: UUID) -> ColumnElement[bool]:
    return or_(Relationship.guide_id == member_id, Relationship.other_id == member_id)


def _between(one_id: UUID, other_id: UUID) -> ColumnElement[bool]:
    return or_(
        and_(Relationship.guide_id == one_id, Relationship.other_id == other_id),
        and_(Relationship.guide_id == other_id, Relationship.other_id == one_id),
    )
