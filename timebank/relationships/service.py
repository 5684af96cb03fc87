"""Beginning and ending."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from timebank.members import service as member_service
from timebank.members.models import Member
from timebank.relationships import reads
from timebank.relationships.models import Relationship


def start(
    session: Session, *, bank_id: UUID, scheme_id: UUID | None, guide_id: UUID, other_id: UUID, at: datetime
) -> Relationship:
    begun = Relationship(
        id=uuid4(), bank_id=bank_id, scheme_id=scheme_id, guide_id=guide_id, other_id=other_id, started_at=at
    )
    session.add(begun)
    session.flush()
    return begun


def part(session: Session, *, member: Member, other: Member, at: datetime) -> None:
    """ "Not with this person": all there is between the two ends at once, and they are never brought together again."""
    member_service.keep_apart(session, member=member, other=other, at=at)
    for live in reads.list_live(session, member.id):
        if live.partner_of(member).id == other.id:
            live.end(at=at)


def end(session: Session, *, relationship_id: UUID, member: Member, at: datetime) -> Relationship:
    """Either may end it, at once, and gives no reason."""
    found = reads.get_for_party(session, relationship_id, member)
    found.end(at=at)
    return found
