"""How much waits on a coordinator's desk."""

from sqlalchemy.orm import Session

from timebank.hours import reads as hours
from timebank.members.models import Member
from timebank.queries import reads as queries


def count_waiting(session: Session, coordinator: Member) -> int:
    return len(hours.list_waiting_with_community(session, coordinator)) + len(
        queries.list_open_to_settle(session, coordinator)
    )
