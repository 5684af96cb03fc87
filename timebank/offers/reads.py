"""The one plain list, without what people who are kept apart posted."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.errors import NotFound
from timebank.members import reads as members
from timebank.members.models import Member, MemberStatus
from timebank.offers.models import Offer, Reply


def list_open(session: Session, member: Member) -> list[Offer]:
    """Left out before they are counted, so that a long list is as long as if they had never been on it."""
    found = session.scalars(
        select(Offer)
        .join(Member, Member.id == Offer.member_id)
        .where(
            Offer.bank_id == member.bank_id,
            Offer.closed_at.is_(None),
            Offer.member_id.not_in(members.kept_apart_from(session, member.id)),
            Member.status == MemberStatus.ACTIVE,
        )
        .order_by(Offer.posted_at.desc(), Offer.id)
        .limit(200)
    )
    return list(found)


def get_open(session: Session, offer_id: UUID, member: Member) -> Offer:
    """Closed, kept apart and never there look alike."""
    found = next((offer for offer in list_open(session, member) if offer.id == offer_id), None)
    if found is None:
        raise NotFound
    return found


def get_own(session: Session, offer_id: UUID, member: Member) -> Offer:
    found = session.get(Offer, offer_id)
    if found is None or found.member_id != member.id:
        raise NotFound
    return found


def lock_replies_between(session: Session, one_id: UUID, other_id: UUID) -> None:
    """Of an answer and an ending that come together, one is judged after the other."""
    both = (one_id, other_id)
    found = select(Reply.id).join(Offer).where(Offer.member_id.in_(both), Reply.member_id.in_(both))
    session.execute(found.order_by(Reply.id).with_for_update(of=Reply))


def get_reply_to_me(session: Session, reply_id: UUID, member: Member) -> Reply:
    found = session.scalar(select(Reply).where(Reply.id == reply_id).with_for_update(of=Reply))
    if found is None or found.offer.member_id != member.id:
        raise NotFound
    return found


def list_replies_waiting(session: Session, member: Member) -> list[Reply]:
    apart = members.kept_apart_from(session, member.id)
    found = session.scalars(
        select(Reply)
        .join(Offer)
        .where(Offer.member_id == member.id, Reply.said_yes.is_(None))
        .order_by(Reply.replied_at)
    )
    return [reply for reply in found if reply.member_id not in apart and reply.member.status is MemberStatus.ACTIVE]


def replied_to(session: Session, member: Member) -> set[UUID]:
    return set(session.scalars(select(Reply.offer_id).where(Reply.member_id == member.id)))
