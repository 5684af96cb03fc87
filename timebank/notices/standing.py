"""Looking again when a message's turn has come: what was dealt with meanwhile, or has gone, is not told any more."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.transfers import TransferRecord, TransferState
from timebank.hours import reads as hours
from timebank.hours.models import HourLog
from timebank.introductions import reads as introductions
from timebank.introductions.models import Introduction
from timebank.members import reads as members
from timebank.members.models import Member, MemberStatus
from timebank.members.service import ledger_of
from timebank.outbox.models import Kind, Notice
from timebank.queries.models import Query
from timebank.signin.models import HeldSignIn, User


def still_stands(session: Session, notice: Notice, member: Member) -> bool:
    match notice.kind:
        case Kind.HOURS_WAIT:
            return _do_hours_wait(session, notice, member)
        case Kind.HOURS_CONFIRMED:
            return _do_hours_count(session, notice, member)
        case Kind.INTRODUCTION:
            return _is_asked(session, notice, member)
        case Kind.CHECK:
            return _is_being_checked(session, notice, member)
        case _:
            return True


def _do_hours_wait(session: Session, notice: Notice, member: Member) -> bool:
    log = hours.find_in_bank(session, notice.about_id, member)
    if log is None or not _may_meet(session, member, log.other_side_id(member.id)):
        return False
    record = _in_books(member, log, session)
    return record.state is TransferState.PENDING and not record.is_frozen


def _do_hours_count(session: Session, notice: Notice, member: Member) -> bool:
    """Nothing is to be done about them: whoever looked in since has seen it."""
    log = hours.find_in_bank(session, notice.about_id, member)
    if log is None or (not log.is_with_community and not _may_meet(session, member, log.other_side_id(member.id))):
        return False
    return _in_books(member, log, session).state is TransferState.POSTED and not _has_been_here(session, notice)


def _is_asked(session: Session, notice: Notice, member: Member) -> bool:
    found = session.get(Introduction, notice.about_id)
    return (
        found is not None
        and introductions.is_told(session, found, member)
        and found.waits_for(member)
        and _may_meet(session, member, found.partner_id(member))
    )


def _is_being_checked(session: Session, notice: Notice, member: Member) -> bool:
    query = session.get(Query, notice.about_id)
    if query is None or not query.is_open or not query.log.is_party(member.id):
        return False
    return _may_meet(session, member, query.log.other_side_id(member.id))


def _may_meet(session: Session, member: Member, other_id: UUID | None) -> bool:
    """Nobody is rung up because of somebody they are kept apart from, or who is no longer here."""
    other = session.get(Member, other_id) if other_id else None
    if other is None or other.status is MemberStatus.LEFT:
        return False
    return not members.are_kept_apart(session, member.id, other.id)


def _in_books(member: Member, log: HourLog, session: Session) -> TransferRecord:
    return ledger_of(session, member.bank).get(id=log.id)


def _has_been_here(session: Session, notice: Notice) -> bool:
    seen = (
        select(func.max(HeldSignIn.seen_at))
        .join(User, User.id == HeldSignIn.user_id)
        .where(User.member_id == notice.member_id)
    )
    last = session.scalar(seen)
    return last is not None and last >= notice.made_at
