"""Logs as one person may see them, with what the ledger says about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from ledger.tables import transfer
from timebank.errors import NotFound
from timebank.hours.models import HourLog
from timebank.members import reads as members
from timebank.members.codes import spoken
from timebank.members.models import Member, MemberStatus
from timebank.relationships import reads as relationships
from timebank.schemes import reads as schemes

PENDING, POSTED, RELEASED = "pending", "posted", "released"


@dataclass(frozen=True, kw_only=True)
class LogView:
    """`partner` is what this person may call the other side: a name, a code they were told, or the community."""

    log: HourLog
    state: str
    is_being_checked: bool
    is_undone: bool  # posted once, and reversed since
    release_reason: str | None
    minutes: int
    is_given: bool
    partner: str
    names_somebody: bool  # `partner` is the name of somebody who has or had an account here
    is_partner_gone: bool  # has left, or the two are kept apart
    waits_for_me: bool
    is_mine: bool  # I logged it

    @property
    def is_waiting(self) -> bool:
        return self.state == PENDING and not self.is_being_checked


_mirror = transfer.alias("mirror")
# One row a log: its transfer, and the live reversal of it if there is one (the database allows one at most).
_LOGS = (
    select(
        HourLog,
        transfer.c.state,
        transfer.c.frozen_at,
        transfer.c.posted_minutes,
        transfer.c.release_reason,
        _mirror.c.state.label("reversal"),
    )
    .join(transfer, transfer.c.id == HourLog.id)
    .outerjoin(_mirror, and_(_mirror.c.reverses_id == transfer.c.id, _mirror.c.state.in_([PENDING, POSTED])))
)


def _stands() -> ColumnElement[bool]:
    """Waits or counts: neither let go nor reversed since."""
    reversed_since = select(_mirror.c.id).where(_mirror.c.reverses_id == transfer.c.id, _mirror.c.state == POSTED)
    return and_(transfer.c.state.in_([PENDING, POSTED]), ~reversed_since.exists())


def _party(member_id: UUID) -> ColumnElement[bool]:
    return or_(HourLog.giver_id == member_id, HourLog.receiver_id == member_id)


def list_for_member(session: Session, member: Member, *, states: Sequence[str], limit: int = 50) -> list[LogView]:
    rows = session.execute(
        _LOGS.where(HourLog.bank_id == member.bank_id, _party(member.id), transfer.c.state.in_(states))
        .order_by(HourLog.logged_at.desc(), HourLog.id)
        .limit(limit)
    ).all()
    return _views(session, member, rows)


def list_waiting(session: Session, member: Member) -> list[LogView]:
    return list_for_member(session, member, states=[PENDING], limit=200)


def list_waiting_with_community(session: Session, coordinator: Member) -> list[HourLog]:
    """Hours with the community are confirmed by a coordinator who did not log them and is not part of them.

    Nor is it one who is kept apart from that person.
    """
    found = session.scalars(
        select(HourLog)
        .join(transfer, transfer.c.id == HourLog.id)
        .where(
            HourLog.bank_id == coordinator.bank_id,
            transfer.c.state == PENDING,
            transfer.c.frozen_at.is_(None),
            or_(HourLog.giver_id.is_(None), HourLog.receiver_id.is_(None)),
            func.coalesce(HourLog.giver_id, HourLog.receiver_id).not_in(
                {coordinator.id} | members.kept_apart_from(session, coordinator.id)
            ),
            HourLog.logged_by != coordinator.id,
        )
        .order_by(HourLog.logged_at)
    )
    looked_after = schemes.coordinated_ids(session, coordinator)
    return [log for log in found if looked_after & {None, log.scheme_id}]


def get_for_party(session: Session, log_id: UUID, member: Member) -> HourLog:
    log = find_in_bank(session, log_id, member)
    if log is None or not log.is_party(member.id):
        raise NotFound
    return log


def find_in_bank(session: Session, log_id: UUID, member: Member, *, lock: bool = False) -> HourLog | None:
    """Locked before an act, so that an answer and a query that come together are judged one after the other."""
    question = select(HourLog).where(HourLog.bank_id == member.bank_id, HourLog.id == log_id)
    return session.scalar(question.with_for_update(of=HourLog) if lock else question)


def view(session: Session, log: HourLog, member: Member) -> LogView:
    return views(session, [log], member)[0]


def views(session: Session, logs: Sequence[HourLog], member: Member) -> list[LogView]:
    """In no particular order."""
    rows = session.execute(_LOGS.where(HourLog.id.in_([log.id for log in logs]))).all()
    return _views(session, member, rows)


def _views(session: Session, member: Member, rows: Sequence) -> list[LogView]:
    others = {row[0].other_side_id(member.id) for row in rows}
    names, gone = members.names_of(session, others), members.gone_from(session, member, others - {None})
    codes = _codes(session, {row[0].other_side_id(member.id) for row in rows if row[0].by_code} - {None})
    return [_view(member, row, names, codes, gone) for row in rows]


def _view(
    member: Member, row: tuple, names: dict[UUID | None, str], codes: dict[UUID, str], gone: set[UUID]
) -> LogView:
    log, state, frozen_at, posted_minutes, release_reason, reversal = row
    other_id, names_somebody = log.other_side_id(member.id), False
    if log.with_leaver:
        partner = "somebody who has left"
    elif other_id is None:
        partner = "the community"
    elif log.by_code and log.logged_by == member.id and state != POSTED:
        # Whoever logged by code learns the name only when the other side has agreed that they met.
        partner = f"the person with the code {spoken(codes[other_id])}"
    else:
        partner, names_somebody = names[other_id], True
    return LogView(
        log=log,
        state=state,
        is_being_checked=frozen_at is not None or reversal == PENDING,
        is_undone=reversal == POSTED,
        release_reason=release_reason,
        minutes=posted_minutes or log.minutes,
        is_given=log.giver_id == member.id,
        partner=partner,
        names_somebody=names_somebody,
        is_partner_gone=other_id in gone,
        waits_for_me=state == PENDING
        and frozen_at is None
        and log.logged_by != member.id
        and not log.is_with_community,
        is_mine=log.logged_by == member.id,
    )


def _codes(session: Session, member_ids: set[UUID]) -> dict[UUID, str]:
    if not member_ids:
        return {}
    return dict(session.execute(select(Member.id, Member.code).where(Member.id.in_(member_ids))).all())


def list_waiting_between(session: Session, one_id: UUID, other_id: UUID) -> list[HourLog]:
    """Hours of these two that nobody has agreed to yet, also those that are being checked."""
    both = (one_id, other_id)
    found = session.scalars(
        select(HourLog)
        .join(transfer, transfer.c.id == HourLog.id)
        .where(HourLog.giver_id.in_(both), HourLog.receiver_id.in_(both), transfer.c.state == PENDING)
        .order_by(HourLog.id)
    )
    return list(found)


def list_known(session: Session, member: Member) -> list[Member]:
    """People this person already knows here: in a relationship now, or with an exchange that was confirmed."""
    known = {relationship.partner_of(member).id for relationship in relationships.list_live(session, member.id)}
    known |= exchanged_with(session, member)
    known -= members.kept_apart_from(session, member.id)
    if not known:
        return []
    found = session.scalars(
        select(Member).where(Member.id.in_(known), Member.status != MemberStatus.LEFT).order_by(Member.name, Member.id)
    )
    return list(found)


def exchanged_with(session: Session, member: Member) -> set[UUID]:
    """Everybody with whom this person has hours that both agreed on."""
    exchanged = session.execute(
        select(HourLog.giver_id, HourLog.receiver_id)
        .join(transfer, transfer.c.id == HourLog.id)
        .where(HourLog.bank_id == member.bank_id, _party(member.id), transfer.c.state == POSTED, _stands())
        .distinct()
    )
    return {other for pair in exchanged for other in pair if other not in {None, member.id}}


def is_logged_like_this(
    session: Session,
    *,
    log_id: UUID,
    giver_id: UUID | None,
    receiver_id: UUID | None,
    minutes: int,
    happened_on: date,
) -> bool:
    """Other hours between the same two, as long and on the same day: perhaps typed twice. It warns, and never blocks."""
    same = (
        select(HourLog.id)
        .join(transfer, transfer.c.id == HourLog.id)
        .where(
            and_(
                HourLog.id != log_id,
                HourLog.giver_id == giver_id,
                HourLog.receiver_id == receiver_id,
                HourLog.minutes == minutes,
                HourLog.happened_on == happened_on,
                _stands(),
            )
        )
    )
    return session.scalar(same.limit(1)) is not None


def minutes_on_day(session: Session, member_id: UUID, day: date, *, besides: UUID) -> int:
    """What stands on that day for one person, without one log."""
    return (
        session.scalar(
            select(func.coalesce(func.sum(func.coalesce(transfer.c.posted_minutes, HourLog.minutes)), 0))
            .join(transfer, transfer.c.id == HourLog.id)
            .where(_party(member_id), HourLog.happened_on == day, HourLog.id != besides, _stands())
        )
        or 0
    )
