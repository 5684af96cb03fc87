"""How much waits on a coordinator's desk."""

from datetime import datetime

from sqlalchemy.orm import Session

from timebank.hours import reads as hours
from timebank.members.models import Member
from timebank.queries import reads as queries
from timebank.two_people import reads as two_people


def count_waiting(session: Session, coordinator: Member, *, at: datetime) -> int:
    return (
        len(hours.list_waiting_with_community(session, coordinator))
        + len(queries.list_open_to_settle(session, coordinator))
        + len(two_people.list_to_decide(session, coordinator, at=at))
    )
