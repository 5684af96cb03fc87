"""Logging, confirming, changing and taking back hours. Every act carries the id it acts on, so doing it twice does it once."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.store import Ledger
from ledger.transfers import Transfer, TransferKind, TransferState
from timebank.audit import service as audit
from timebank.audit.models import Act, Record
from timebank.errors import Conflict, Invalid, NotFound
from timebank.hours import reads
from timebank.hours.models import HourLog
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.members.service import ledger_of
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind
from timebank.relationships import reads as relationships
from timebank.schemes import reads as schemes

MOST_MINUTES_A_DAY = 24 * 60
MANY_MINUTES_A_DAY = 12 * 60
CHANGED = "changed"
# What the books say of hours that wait when one of two people leaves, or chooses "not with this person": which, nobody learns.
PARTED = "one of the two has stopped"


class NobodyWithThatCode(Invalid):
    """We could not find anyone with that code. Please check it with the person who told you."""


class NotYours(NotFound):
    """We could not find those hours. They may have been taken back."""


class OtherSideConfirms(Conflict):
    """You logged these hours, so the other person confirms them. You can still take them back."""


class BeingChecked(Conflict):
    """These hours are being checked together, so they wait until that is settled."""


class NoLongerWaiting(Conflict):
    """These hours no longer wait: they were taken back, or changed. Open your hours to see what stands now."""


class MayBeTwice(Conflict):
    """You already logged the same time with the same person on that day. Was this another time? Then tick “yes, keep both”."""


class ManyHours(Conflict):
    """With this, there are more than 12 hours on that day. If that is right, tick “yes, keep both”."""


class CameByTheirCode(Conflict):
    """You came in with a code that the other person made. Please sign out, sign in with your own password, and do it then."""


class TooManyHours(Invalid):
    """A day has 24 hours, and with this there would be more on that day. Please check the length and the day."""


def find_partner(session: Session, *, member: Member, partner_id: UUID | None, code: str) -> Member:
    """By a code that was told, or somebody already known. Everybody else looks as if they were not there."""
    if partner_id is None:
        found = members.find_by_code(session, member, code)
        if found is None:
            raise NobodyWithThatCode
        return found
    found = next((known for known in reads.list_known(session, member) if known.id == partner_id), None)
    if found is None:
        raise NobodyWithThatCode
    return found


def scheme_between(session: Session, member: Member, partner: Member | None) -> UUID | None:
    """Hours between two who were brought together by a scheme count as that scheme's."""
    return relationships.find_scheme_between(session, member.id, partner.id) if partner else None


def log_hours(
    session: Session,
    *,
    log_id: UUID,
    member: Member,
    partner: Member | None,
    is_given: bool,
    minutes: int,
    happened_on: date,
    at: datetime,
    words: str = "",
    by_code: bool = False,
    is_sure: bool = False,
    scheme_id: UUID | None = None,
    replaces_id: UUID | None = None,
) -> HourLog:
    """A hold in the ledger and what was said about it. The same log sent twice is one log."""
    partner_id = partner.id if partner else None
    giver_id, receiver_id = (member.id, partner_id) if is_given else (partner_id, member.id)
    log = HourLog(
        id=log_id,
        bank_id=member.bank_id,
        scheme_id=scheme_id,
        giver_id=giver_id,
        receiver_id=receiver_id,
        logged_by=member.id,
        logged_at=at,
        happened_on=happened_on,
        minutes=minutes,
        words=words,
        by_code=by_code,
        replaces_id=replaces_id,
    )
    if session.get(HourLog, log_id) is None:
        _check_day(session, log, member)
        if not is_sure and replaces_id is None:
            _warn(session, log, member)
    _ledger(session, member).hold(transfer=_as_transfer(log, member, partner), at=at)
    # Asked again after the ledger has judged the id: the same log, sent twice at once, waited there for its first copy.
    already = session.get(HourLog, log_id)
    if already is None:
        session.add(log)
        session.flush()
        # Asked once it is written: where the other one chose "not with this person" at this moment, the row waited for that.
        if partner_id is not None and members.are_kept_apart(session, member.id, partner_id):
            raise NobodyWithThatCode
        if partner is not None:
            outbox.tell(session, Kind.HOURS_WAIT, member=partner, about_id=log.id, at=at)
    return already or log


def _as_transfer(log: HourLog, member: Member, partner: Member | None) -> Transfer:
    """Who gave and who received decides; never who typed it in."""
    mine, theirs = member.account_id, partner.account_id if partner else member.bank.community_account_id
    giver, receiver = (mine, theirs) if log.giver_id == member.id else (theirs, mine)
    return Transfer(
        id=log.id,
        giver=giver,
        receiver=receiver,
        minutes=log.minutes,
        happened_on=log.happened_on,
        kind=TransferKind.EXCHANGE,
        recorded_by=member.id,
    )


def confirm_hours(
    session: Session, *, log_id: UUID, member: Member, at: datetime, code_of: UUID | None = None
) -> HourLog:
    """By the side that did not log it; hours with the community by a coordinator who has no part in them."""
    log = _get_to_answer(session, log_id, member)
    refuse_with_code_of(code_of, log.giver_id, log.receiver_id)
    _ledger(session, member).confirm(id=log.id, by=member.id, at=at)
    if log.logged_by is not None:
        outbox.tell_id(session, Kind.HOURS_CONFIRMED, member_id=log.logged_by, about_id=log.id, at=at)
    if log.is_with_community:
        audit.note(
            session,
            bank_id=log.bank_id,
            by=member.id,
            act=Act.CONFIRMED_HOURS,
            record=Record.HOURS,
            record_id=log.id,
            about_id=log.giver_id or log.receiver_id,
            at=at,
            key=log.id,
        )
    return log


def change_hours(
    session: Session,
    *,
    log_id: UUID,
    new_log_id: UUID,
    member: Member,
    minutes: int,
    at: datetime,
    code_of: UUID | None = None,
) -> HourLog:
    """Not quite right: the old log is let go, and a new one, by this person, waits for the other side."""
    log = _get_to_answer(session, log_id, member)
    sent_before = session.get(HourLog, new_log_id)
    if sent_before is not None and sent_before.replaces_id == log.id and sent_before.logged_by == member.id:
        return sent_before
    partner_id = log.other_side_id(member.id)
    if partner_id is None or not log.is_party(member.id):
        raise NotYours
    refuse_with_code_of(code_of, partner_id)
    partner = members.get_member(session, member.bank_id, partner_id)
    _let_go(session, log, member, reason=CHANGED, at=at)
    return log_hours(
        session,
        log_id=new_log_id,
        member=member,
        partner=partner,
        is_given=log.giver_id == member.id,
        minutes=minutes,
        happened_on=log.happened_on,
        at=at,
        words=log.words,
        scheme_id=log.scheme_id,
        replaces_id=log.id,
    )


def take_back(session: Session, *, log_id: UUID, member: Member, at: datetime) -> HourLog:
    """Whoever logged it may take it back while it waits."""
    log = reads.find_in_bank(session, log_id, member, lock=True)
    if log is None or log.logged_by != member.id:
        raise NotYours
    _let_go(session, log, member, reason="taken back", at=at)
    return log


def let_go_between(session: Session, *, member: Member, other: Member, at: datetime) -> None:
    """What waits between two people waits no more; what both agreed on stays."""
    ledger = _ledger(session, member)
    for log in reads.list_waiting_between(session, member.id, other.id):
        ledger.release(id=log.id, reason=PARTED, at=at)


def refuse_with_code_of(code_of: UUID | None, *parties: UUID | None) -> None:
    """Whoever made the code may be the one who uses it: so it never agrees to hours of theirs."""
    if code_of is not None and code_of in parties:
        raise CameByTheirCode


def _get_to_answer(session: Session, log_id: UUID, member: Member) -> HourLog:
    log = reads.find_in_bank(session, log_id, member, lock=True)
    if log is None:
        raise NotYours
    if log.is_with_community:
        if log.is_party(member.id):
            raise OtherSideConfirms
        party_id = log.giver_id or log.receiver_id
        if log.logged_by == member.id or not schemes.coordinates(session, member, log.scheme_id):
            raise NotYours
        if party_id is not None and members.are_kept_apart(session, member.id, party_id):
            raise NotYours
        return log
    if not log.is_party(member.id):
        raise NotYours
    if log.logged_by == member.id:
        raise OtherSideConfirms
    return log


def _let_go(session: Session, log: HourLog, member: Member, *, reason: str, at: datetime) -> None:
    """The ledger would release a frozen hold too (settling needs that); people may not while a check is open."""
    ledger = _ledger(session, member)
    record = ledger.get(id=log.id)
    if record.is_frozen:
        raise BeingChecked
    if record.state is TransferState.RELEASED and (reason == CHANGED or record.release_reason != reason):
        raise NoLongerWaiting  # taking back twice is no error, but a second change would leave two new logs
    ledger.release(id=log.id, reason=reason, at=at)


def _check_day(session: Session, log: HourLog, member: Member) -> None:
    """Only this person's own day is looked at: a refusal must tell nobody how full somebody else's was."""
    if reads.minutes_on_day(session, member.id, log.happened_on, besides=log.id) + log.minutes > MOST_MINUTES_A_DAY:
        raise TooManyHours


def _warn(session: Session, log: HourLog, member: Member) -> None:
    if reads.is_logged_like_this(
        session,
        log_id=log.id,
        giver_id=log.giver_id,
        receiver_id=log.receiver_id,
        minutes=log.minutes,
        happened_on=log.happened_on,
    ):
        raise MayBeTwice
    if reads.minutes_on_day(session, member.id, log.happened_on, besides=log.id) + log.minutes > MANY_MINUTES_A_DAY:
        raise ManyHours


def _ledger(session: Session, member: Member) -> Ledger:
    return ledger_of(session, member.bank)
