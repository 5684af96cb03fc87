"""Hours and checks on them, as the tests of both need them: one log on each of many days, a check, and how it is settled."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from tests.factories import DAY, NOON, HourLogFactory, QueryFactory
from tests.races import ROUNDS
from timebank.hours.models import HourLog
from timebank.members.models import Member
from timebank.queries import service as queries
from timebank.queries.models import Matter, Outcome, Query

LATER = NOON + timedelta(days=1)


def log_one_a_day(giver: Member, receiver: Member, *, days: int = ROUNDS) -> list[HourLog]:
    """Each on a day of its own, so that none looks like another and no day is too full."""
    return [
        HourLogFactory(member=giver, partner=receiver, happened_on=DAY - timedelta(days=number))
        for number in range(days)
    ]


def check_between(giver: Member, receiver: Member, **more: Any) -> Query:
    """What the receiver asks about an hour and a half that the giver logged."""
    return QueryFactory(log__member=giver, log__partner=receiver, **{"log__minutes": 90} | more)


def open_check(session: Session, log: HourLog, member: Member, **more: Any) -> Query:
    said = {"matter": Matter.LENGTH, "words": "", "at": LATER} | more
    return queries.open_query(session, log_id=log.id, member=member, **said)


def settle(session: Session, query: Query, coordinator: Member, outcome: str, minutes: int | None = None) -> Query:
    return queries.settle_query(
        session,
        query_id=query.id,
        coordinator=coordinator,
        outcome=Outcome(outcome),
        minutes=minutes,
        words="We talked it over.",
        at=LATER,
    )


def hand_over(session: Session) -> None:
    """What was prepared is committed, and this session holds nothing that another one waits for."""
    session.commit()
    session.close()
