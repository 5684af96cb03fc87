"""Asking for a check, telling one's own account, and settling it by linked corrections."""

from datetime import datetime
from uuid import UUID, uuid4, uuid5

from sqlalchemy.orm import Session

from ledger.store import Ledger
from ledger.transfers import Transfer, TransferKind, TransferState
from timebank.errors import Conflict, Invalid, NotFound
from timebank.hours import reads as hours
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.members.service import ledger_of
from timebank.queries import reads
from timebank.queries.models import AlreadySettled, Matter, Outcome, Query, Telling


class NothingToCheck(Conflict):
    """These hours were taken back or lapsed, so there is nothing left to check."""


class AlreadyBeingChecked(Conflict):
    """These hours are already being checked. Open the check to add your own account."""


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
    query = Query(
        id=uuid4(), bank_id=log.bank_id, log_id=log.id, log=log, opened_by=member.id, opened_at=at, matter=matter
    )
    state = ledger.get(id=log.id).state
    if state is TransferState.PENDING:
        ledger.freeze(id=log.id, at=at)
    elif state is TransferState.POSTED:
        query.reversal_id = uuid4()
        ledger.reverse(id=log.id, reversal_id=query.reversal_id, reason="being checked", at=at, held=True, by=member.id)
    else:
        raise NothingToCheck
    session.add(query)
    session.flush()
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
    _Settlement(session, query, coordinator, at).carry_out(outcome, minutes)
    session.flush()
    return query


class _Settlement:
    """What one outcome means in the ledger, for an hour that still waits and for one that already counted."""

    def __init__(self, session: Session, query: Query, coordinator: Member, at: datetime) -> None:
        self.query, self.log, self.at, self.by = query, query.log, at, coordinator.id
        self.ledger: Ledger = ledger_of(session, coordinator.bank)
        stands = self.ledger.get(id=self.log.id)
        self.minutes = stands.posted_minutes or stands.minutes
        self.community = coordinator.bank.community_account_id
        self.accounts = {
            party: members.get_member(session, query.bank_id, party).account_id if party else self.community
            for party in (self.log.giver_id, self.log.receiver_id)
        }

    def carry_out(self, outcome: Outcome, minutes: int | None) -> None:
        if self.query.reversal_id is None:
            self.ledger.unfreeze(id=self.log.id, at=self.at)
        match outcome:
            case Outcome.AS_LOGGED:
                self.let_stand()
            case Outcome.VOID:
                self.void()
            case Outcome.NEW_LENGTH:
                if minutes is None:
                    raise LengthNeeded
                self.stand_at(minutes)
            case Outcome.COMMUNITY_GIFT:
                if minutes is None or minutes >= self.minutes:
                    raise LengthNeeded
                self.stand_at(minutes)
                self.give_the_rest(minutes)
            case Outcome.MUTUAL:
                if self.log.is_with_community:
                    raise NoSecondPerson
                self.void()
                self.count_both_ways()

    def let_stand(self) -> None:
        if self.query.reversal_id is not None:
            self.ledger.release(id=self.query.reversal_id, reason="the hours stand as they were logged", at=self.at)
        else:
            self.ledger.confirm(id=self.log.id, by=self.by, at=self.at)

    def void(self) -> None:
        if self.query.reversal_id is not None:
            self.ledger.confirm(id=self.query.reversal_id, by=self.by, at=self.at)
        else:
            self.ledger.release(id=self.log.id, reason="void after a check", at=self.at)

    def stand_at(self, minutes: int) -> None:
        if self.query.reversal_id is None:
            self.ledger.confirm(id=self.log.id, by=self.by, at=self.at, minutes=minutes)
            return
        self.void()
        self._post("new length", self.log.giver_id, self.log.receiver_id, minutes, TransferKind.CORRECTION)

    def give_the_rest(self, minutes: int) -> None:
        """Two honest memories differ: the community gives the difference, so that neither loses."""
        self._post("gift", self.log.giver_id, None, self.minutes - minutes, TransferKind.GIFT)

    def count_both_ways(self) -> None:
        """An odd minute is recorded as untimed, never given to one side (requirements.md L7)."""
        half = self.minutes // 2
        if half:
            self._post("one way", self.log.giver_id, self.log.receiver_id, half, TransferKind.CORRECTION)
            self._post("other way", self.log.receiver_id, self.log.giver_id, half, TransferKind.CORRECTION)

    def _post(
        self, part: str, giver_id: UUID | None, receiver_id: UUID | None, minutes: int, kind: TransferKind
    ) -> None:
        giver, receiver = (self.accounts.get(party, self.community) for party in (giver_id, receiver_id))
        if giver == receiver:
            return  # the community would give to itself
        transfer = Transfer(
            id=uuid5(self.query.id, part),
            giver=giver,
            receiver=receiver,
            minutes=minutes,
            happened_on=self.log.happened_on,
            kind=kind,
            recorded_by=self.by,
        )
        self.ledger.post(transfer=transfer, at=self.at)
