"""Beginning and ending."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from timebank.errors import NotFound
from timebank.members import reads as members
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
    # Asked once it is written: where one of the two chose "not with this person" at this moment, the row waited for that.
    if members.are_kept_apart(session, guide_id, other_id):
        raise NotFound
    return begun


def end_all_between(session: Session, *, member: Member, other: Member, at: datetime) -> None:
    for live in reads.list_live(session, member.id):
        if live.partner_of(member).id == other.id:
            live.end(at=at)


def end(session: Session, *, relationship_id: UUID, member: Member, at: datetime) -> Relationship:
    """Either may end it, at once, and gives no reason."""
    found = reads.get_for_party(session, relationship_id, member)
    found.end(at=at)
    return found
