"""Choosing not to be with somebody, and taking that back.

To the other one it must look as if whoever chose had left: what ends here, and in which state it is left, is what ends when
somebody leaves (timebank/record/service.py). A test compares the two, page by page.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from timebank.hours import service as hours
from timebank.introductions import reads as introductions
from timebank.members import reads as members
from timebank.members import service as member_service
from timebank.members.models import Member
from timebank.offers import reads as offers
from timebank.queries import service as queries
from timebank.relationships import service as relationships


def choose(session: Session, *, member: Member, other: Member, at: datetime) -> None:
    """At once: all there is between the two ends, and they are not brought together again. Twice is once.

    First the locks, in the order in which answers take them: what is being answered at this moment is judged before or after.
    """
    asked = introductions.list_open_between(session, member.id, other.id)
    offers.lock_replies_between(session, member.id, other.id)
    members.lock_both(session, member, other)
    member_service.keep_apart(session, member=member, other=other, at=at)
    for introduction in asked:
        introduction.lapse(at=at)
    relationships.end_all_between(session, member=member, other=other, at=at)
    queries.end_between(session, member=member, other=other, at=at)
    hours.let_go_between(session, member=member, other=other, at=at)
    session.flush()


def take_back(session: Session, *, member: Member, other_id: UUID) -> None:
    """Nothing that ended begins again. What the other one chose, if they did, stands."""
    member_service.take_back_apart(session, member=member, other_id=other_id)
