"""Posting, replying, and getting to know each other by it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from timebank.errors import Conflict, NotFound
from timebank.members import reads as members
from timebank.members.models import Member, MemberStatus
from timebank.offers import reads
from timebank.offers.models import AlreadyAnswered, Kind, Offer, Reply
from timebank.relationships import reads as relationships
from timebank.relationships import service as relationship_service


def post_offer(
    session: Session, *, offer_id: UUID, member: Member, kind: Kind, title: str, words: str, at: datetime
) -> Offer:
    """The same form sent twice is one offer."""
    earlier = session.get(Offer, offer_id)
    if earlier is not None:
        if earlier.member_id != member.id:
            raise Conflict
        return earlier
    offer = Offer(
        id=offer_id, bank_id=member.bank_id, member_id=member.id, kind=kind, title=title, words=words, posted_at=at
    )
    session.add(offer)
    session.flush()
    return offer


def close_offer(session: Session, *, offer_id: UUID, member: Member, at: datetime) -> Offer:
    offer = reads.get_own(session, offer_id, member)
    offer.close(at=at)
    return offer


def reply(session: Session, *, offer_id: UUID, member: Member, words: str, at: datetime) -> Reply:
    offer = reads.get_open(session, offer_id, member)
    if offer.member_id == member.id or offer.id in reads.replied_to(session, member):
        raise AlreadyAnswered
    made = Reply(id=uuid4(), offer=offer, member_id=member.id, words=words, replied_at=at)
    session.add(made)
    session.flush()
    return made


def answer_reply(session: Session, *, reply_id: UUID, member: Member, yes: bool, at: datetime) -> Reply:
    """A yes makes the two known to each other, so that they can log time together. A no is not told."""
    found = reads.get_reply_to_me(session, reply_id, member)
    found.answer(member=member, yes=yes)
    gone = found.member.status is MemberStatus.LEFT
    if yes and (gone or members.are_kept_apart(session, member.id, found.member_id)):
        raise NotFound
    known = {relationship.partner_of(member).id for relationship in relationships.list_live(session, member.id)}
    if yes and found.member_id not in known:
        giver, receiver = (
            (member.id, found.member_id) if found.offer.kind is Kind.OFFER else (found.member_id, member.id)
        )
        relationship_service.start(
            session, bank_id=member.bank_id, scheme_id=None, guide_id=giver, other_id=receiver, at=at
        )
    session.flush()
    return found
