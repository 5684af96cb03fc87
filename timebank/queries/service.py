"""Asking for a check, telling one's own account, and settling it by linked corrections."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ledger import settling
from ledger.errors import AlreadyExpired, AlreadyReleased, GiftNotShorter
from ledger.transfers import TransferState
from timebank.audit import service as audit
from timebank.audit.models import Act, Record
from timebank.errors import Conflict, Invalid, NotFound
from timebank.hours import reads as hours
from timebank.hours import service as hour_service
from timebank.members import reads as members
from timebank.members.models import Bank, Member
from timebank.members.service import ledger_of
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind
from timebank.queries import reads
from timebank.queries.models import AlreadySettled, Matter, Outcome, Query, Telling

VOID = "void after a check"


class NothingToCheck(Conflict):
    """These hours were taken back or lapsed, so there is nothing left to check."""


class AlreadyBeingChecked(Conflict):
    """These hours are already being checked. Open the check to add your own account."""


class NobodyToCheckWith(Conflict):
    """The two of you cannot check these hours together any more. If something about them worries you, please tell someone."""


class LengthNeeded(Invalid):
    """Please say how long it was. For a community gift, give the length that both can agree on, shorter than logged."""


class NoSecondPerson(Invalid):
    """Only time between two people can be settled as mutual."""


def open_query(session: Session, *, log_id: UUID, member: Member, matter: Matter, words: str, at: datetime) -> Query:
    """A waiting hour is frozen; an hour that already counts gets a reversal that waits. Everything else goes on."""
    log = hours.find_in_bank(session, log_id, member, lock=True)
    if log is None or not log.is_party(member.id):
        raise NotFound
    ledger = ledger_of(session, member.bank)
    if reads.find_open(session, log.id) is not None:
        raise AlreadyBeingChecked
    if hours.view(session, log, member).is_partner_gone:
        raise NobodyToCheckWith
    query = Query(
        id=uuid4(), bank_id=log.bank_id, log_id=log.id, log=log, opened_by=member.id, opened_at=at, matter=matter
    )
    try:
        query.reversal_id = settling.open_query(
            ledger, transfer=log.id, reversal_id=uuid4(), reason="being checked", by=member.id, at=at
        )
    except (AlreadyReleased, AlreadyExpired):
        raise NothingToCheck from None
    session.add(query)
    session.flush()
    partner_id = log.other_side_id(member.id)
    if partner_id is not None:
        outbox.tell_id(session, Kind.CHECK, member_id=partner_id, about_id=query.id, at=at)
    if words:
        tell(session, query_id=query.id, member=member, words=words, at=at)
    return query


def tell(session: Session, *, query_id: UUID, member: Member, words: str, at: datetime) -> Query:
    query = reads.get_for_party(session, query_id, member)
    if not query.is_open:
        raise AlreadySettled
    telling = session.get(Telling, (query.id, member.id))
    if telling is None:
        telling = Telling(query_id=query.id, member_id=member.id)
        session.add(telling)
    telling.words = words
    telling.told_at = at
    session.flush()
    session.refresh(query, ["tellings"])
    return query


def settle_query(
    session: Session,
    *,
    query_id: UUID,
    coordinator: Member,
    outcome: Outcome,
    minutes: int | None,
    words: str,
    at: datetime,
) -> Query:
    """The decision and the corrections it means, together or not at all. Posted entries stay readable for ever."""
    query = reads.get_to_settle(session, query_id, coordinator)
    query.settle(outcome=outcome, minutes=minutes, words=words, by=coordinator.id, at=at)
    _carry_out(session, query, outcome=outcome, minutes=minutes, coordinator=coordinator, at=at)
    session.flush()
    audit.note(
        session,
        bank_id=query.bank_id,
        by=coordinator.id,
        act=Act.SETTLED_CHECK,
        record=Record.CHECK,
        record_id=query.id,
        at=at,
    )
    return query


def end_open(session: Session, open_queries: Sequence[Query], *, bank: Bank, at: datetime) -> None:
    """Hours that counted go on counting; hours that waited are let go with everything else that waits."""
    ledger = ledger_of(session, bank)
    for query in open_queries:
        counted = ledger.get(id=query.log_id).state is TransferState.POSTED
        query.end_undecided(outcome=Outcome.AS_LOGGED if counted else Outcome.VOID, at=at)


def end_between(session: Session, *, member: Member, other: Member, at: datetime) -> None:
    """Every check of time between these two; what the ledger holds back for it is let go."""
    found = [query for query in reads.list_open_for_member(session, member) if query.log.is_party(other.id)]
    end_open(session, found, bank=member.bank, at=at)
    ledger = ledger_of(session, member.bank)
    for query in found:
        if query.reversal_id is not None:
            ledger.release(id=query.reversal_id, reason=hour_service.PARTED, at=at)


def _carry_out(
    session: Session, query: Query, *, outcome: Outcome, minutes: int | None, coordinator: Member, at: datetime
) -> None:
    """What one outcome means in the ledger, for an hour that still waits and for one that already counted."""
    ledger, checked = ledger_of(session, coordinator.bank), _as_ledger_knows(session, query, coordinator)
    by = coordinator.id
    match outcome:
        case Outcome.AS_LOGGED:
            settling.let_stand(ledger, checked, reason="the hours stand as they were logged", by=by, at=at)
        case Outcome.VOID:
            settling.make_void(ledger, checked, reason=VOID, by=by, at=at)
        case Outcome.NEW_LENGTH:
            if minutes is None:
                raise LengthNeeded
            settling.set_length(ledger, checked, minutes=minutes, by=by, at=at)
        case Outcome.COMMUNITY_GIFT:
            if minutes is None:
                raise LengthNeeded
            try:
                settling.give_the_rest(ledger, checked, minutes=minutes, by=by, at=at)
            except GiftNotShorter:
                raise LengthNeeded from None
        case Outcome.MUTUAL:
            if query.log.is_with_community:
                raise NoSecondPerson
            settling.make_mutual(ledger, checked, reason=VOID, by=by, at=at)


def _as_ledger_knows(session: Session, query: Query, coordinator: Member) -> settling.Query:
    community = coordinator.bank.community_account_id
    giver, receiver = (
        members.get_member(session, query.bank_id, party).account_id if party else community
        for party in (query.log.giver_id, query.log.receiver_id)
    )
    return settling.Query(
        id=query.id,
        transfer=query.log_id,
        reversal=query.reversal_id,
        giver=giver,
        receiver=receiver,
        community=community,
    )
