"""Queries as a party, or as a coordinator who has no part in them, may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from timebank.concerns import reads as concerns
from timebank.errors import NotFound
from timebank.hours import reads as hours
from timebank.hours.models import HourLog
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.queries.models import Query
from timebank.schemes import reads as schemes


@dataclass(frozen=True, kw_only=True)
class QueryView:
    query: Query
    names: dict[UUID | None, str]
    may_settle: bool
    my_words: str
    minutes: int  # as it stands logged

    @property
    def log(self) -> HourLog:
        return self.query.log


def list_for_member(session: Session, member: Member) -> list[Query]:
    """The open ones first."""
    found = session.scalars(
        select(Query)
        .join(HourLog, HourLog.id == Query.log_id)
        .where(Query.bank_id == member.bank_id, or_(HourLog.giver_id == member.id, HourLog.receiver_id == member.id))
        .order_by(Query.settled_at.is_not(None), Query.opened_at.desc(), Query.id)
        .options(selectinload(Query.tellings))
    )
    return list(found)


def list_open_for_member(session: Session, member: Member) -> list[Query]:
    return [query for query in list_for_member(session, member) if query.is_open]


def list_open_to_settle(session: Session, coordinator: Member) -> list[Query]:
    """Without those in which this coordinator has a part: somebody else settles them."""
    found = session.scalars(
        select(Query)
        .where(Query.bank_id == coordinator.bank_id, Query.settled_at.is_(None))
        .order_by(Query.opened_at)
        .options(selectinload(Query.tellings))
    )
    looked_after = schemes.coordinated_ids(session, coordinator)
    close = concerns.too_close_to(session, coordinator)
    return [query for query in found if _may_settle(query, coordinator, looked_after, close)]


def may_settle(session: Session, query: Query, member: Member) -> bool:
    """A coordinator who is neither a party, nor recorded it, nor is or was together with one of the two, nor is kept apart from
    one, nor is close to one by what either said."""
    looked_after = schemes.coordinated_ids(session, member)
    return _may_settle(query, member, looked_after, concerns.too_close_to(session, member))


def _may_settle(query: Query, member: Member, looked_after: frozenset[UUID | None], close: frozenset[UUID]) -> bool:
    log = query.log
    parties = {party for party in (log.giver_id, log.receiver_id) if party is not None}
    if member.id in {*parties, log.logged_by, query.opened_by}:
        return False
    return bool(looked_after & {None, log.scheme_id}) and not parties & close


def get_for_party(session: Session, query_id: UUID, member: Member) -> Query:
    query = _find(session, query_id, member)
    if query is None or not query.log.is_party(member.id):
        raise NotFound
    return query


def get_to_read(session: Session, query_id: UUID, member: Member) -> Query:
    """By a party, and by whoever may settle it or, afterwards, could have: who no longer looks after it reads it no more."""
    query = _find(session, query_id, member)
    if query is None:
        raise NotFound
    if query.log.is_party(member.id) or may_settle(session, query, member):
        return query
    raise NotFound


def get_to_settle(session: Session, query_id: UUID, member: Member) -> Query:
    """Locked: of two coordinators who decide at once the first one's decision stands, and the second is shown it."""
    query = _find(session, query_id, member, lock=True)
    if query is None or not may_settle(session, query, member):
        raise NotFound
    return query


def view(session: Session, query: Query, member: Member) -> QueryView:
    return views(session, [query], member)[0]


def views(session: Session, queries: Sequence[Query], member: Member) -> list[QueryView]:
    if not queries:
        return []
    looked_after = schemes.coordinated_ids(session, member)
    close = concerns.too_close_to(session, member)
    everybody = members.names_of(session, {person for query in queries for person in _people(query)})
    partners = {
        seen.log.id: seen.partner
        for seen in hours.views(session, [query.log for query in queries if query.log.is_party(member.id)], member)
    }
    return [
        QueryView(
            query=query,
            names=_names(query, member, everybody, partners),
            may_settle=query.is_open and _may_settle(query, member, looked_after, close),
            my_words=next((telling.words for telling in query.tellings if telling.member_id == member.id), ""),
            minutes=query.log.minutes,
        )
        for query in queries
    ]


def _people(query: Query) -> set[UUID | None]:
    return {query.log.giver_id, query.log.receiver_id, query.settled_by}


def _names(
    query: Query, member: Member, everybody: dict[UUID | None, str], partners: dict[UUID, str]
) -> dict[UUID | None, str]:
    """Only of those who have a part in this one. Whoever logged by a code learns no name from asking for a check."""
    names = {person: everybody[person] for person in _people(query) if person in everybody}
    if query.log.is_party(member.id):
        other_id = query.log.other_side_id(member.id)
        if other_id is not None:
            names[other_id] = partners[query.log.id]
    return names


def find_open(session: Session, log_id: UUID) -> Query | None:
    return session.scalar(select(Query).where(Query.log_id == log_id, Query.settled_at.is_(None)))


def _find(session: Session, query_id: UUID, member: Member, *, lock: bool = False) -> Query | None:
    question = select(Query).where(Query.bank_id == member.bank_id, Query.id == query_id)
    return session.scalar(question.with_for_update(of=Query) if lock else question)
