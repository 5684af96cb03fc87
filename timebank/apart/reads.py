"""Who it is that is named to somebody in an introduction, an offer, an hour… Not named and not there look alike.

Once they chose, it may be asked again about the same thing, so that a button pressed twice is no trouble.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from timebank.errors import NotFound
from timebank.hours import reads as hours
from timebank.introductions.models import Introduction, State
from timebank.members import reads as members
from timebank.members.models import Member, MemberStatus
from timebank.offers.models import Offer, Reply
from timebank.relationships import reads as relationships


def in_relationship(session: Session, relationship_id: UUID, member: Member) -> Member:
    """Also in one that ended."""
    return _if_named(session, relationships.find_for_party(session, relationship_id, member).partner_of(member), member)


def in_introduction(session: Session, introduction_id: UUID, member: Member) -> Member:
    """Names stand in it once both have said yes."""
    found = session.get(Introduction, introduction_id)
    if found is None or not found.is_party(member) or found.state is not State.ACCEPTED:
        raise NotFound
    return _if_named(session, members.get_member(session, member.bank_id, found.partner_id(member)), member)


def in_offer(session: Session, offer_id: UUID, member: Member) -> Member:
    found = session.get(Offer, offer_id)
    if found is None or found.bank_id != member.bank_id or found.member_id == member.id:
        raise NotFound
    is_listed = found.closed_at is None and found.member.status is MemberStatus.ACTIVE
    return _if_named(session, found.member, member, is_named=is_listed)


def in_reply(session: Session, reply_id: UUID, member: Member) -> Member:
    """Whoever replied to what I posted is named to me until I have answered."""
    found = session.get(Reply, reply_id)
    if found is None or found.offer.member_id != member.id:
        raise NotFound
    is_listed = found.said_yes is None and found.member.status is MemberStatus.ACTIVE
    return _if_named(session, found.member, member, is_named=is_listed)


def in_hours(session: Session, log_id: UUID, member: Member) -> Member:
    """What happened keeps its names, whatever became of the two since; who is known by a code only is not named."""
    log = hours.get_for_party(session, log_id, member)
    other_id = log.other_side_id(member.id)
    if other_id is None or not hours.view(session, log, member).names_somebody:
        raise NotFound
    return members.get_member(session, member.bank_id, other_id)


def _if_named(session: Session, other: Member, member: Member, *, is_named: bool = True) -> Member:
    """Whoever left, and whoever is kept apart by the other's choice, is named nowhere but in what happened."""
    if members.has_chosen_apart(session, member.id, other.id):
        return other
    if not is_named or members.gone_from(session, member, {other.id}):
        raise NotFound
    return other
