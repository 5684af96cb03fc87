"""Writing a notice in the transaction of the act it tells of, and taking it up once: before anything is handed over.

A message may get lost where a worker dies in the middle; it is never sent twice. Whoever is told to look in once too little
finds what waits when they come; a doubled message would ring a phone that somebody else may be holding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID, uuid5

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from timebank.members.models import Member, MemberStatus
from timebank.outbox import reads
from timebank.outbox.models import ALIKE, Kind, MailAddress, MailWish, Notice, NoticeState, Why

# After so long it is tried again; when these are used up it is given up.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 120, 360, 720))
STALE_AFTER = timedelta(days=3)
GOING_AT_MOST = timedelta(hours=1)  # whoever has been handing over for longer is dead
KEPT_FOR = timedelta(days=30)
ONE_A_DAY = timedelta(days=1)

StillStands = Callable[[Session, Notice, Member], bool]
MakeCode = Callable[[Session, Notice, datetime], str]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one worker hands over, and nobody else: one message, whatever number of notices it stands for."""

    notices: tuple[UUID, ...]
    member_id: UUID
    kind: Kind
    address: str
    code: str | None  # of the two kinds that carry one


class Outcome(Enum):
    SENT = auto()
    LATER = auto()  # not now, and certainly not handed over
    REFUSED = auto()
    UNCLEAR = auto()


def tell(session: Session, kind: Kind, *, member: Member, about_id: UUID, at: datetime) -> None:
    """To be called in the act itself. Nothing is written for whoever does not want this kind of message."""
    if reads.wants(session, member.id, kind):
        queue(session, kind, member=member, about_id=about_id, at=at)


def tell_id(session: Session, kind: Kind, *, member_id: UUID, about_id: UUID, at: datetime) -> None:
    """As `tell`, where only the number of the person is at hand."""
    if reads.wants(session, member_id, kind):
        queue(session, kind, member=session.get_one(Member, member_id), about_id=about_id, at=at)


def queue(session: Session, kind: Kind, *, member: Member, about_id: UUID, at: datetime) -> None:
    """The same act about the same thing queues once."""
    new = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(Notice)
    values = {
        "id": uuid5(about_id, f"{kind.value} {member.id.hex}"),
        "bank_id": member.bank_id,
        "member_id": member.id,
        "kind": kind,
        "about_id": about_id,
        "state": NoticeState.WAITING,
        "tries": 0,
        "made_at": at,
        "due_at": at,
        "changed_at": at,
    }
    session.execute(new.values(**values).on_conflict_do_nothing())


def take_next(
    session: Session, *, still_stands: StillStands, codes: Mapping[Kind, MakeCode], at: datetime
) -> Claim | None:
    """The next message to be handed over, marked as going. What is no longer wanted or needed is taken back on the way."""
    while (notice := _next_due(session, at)) is not None:
        claim = _take(session, notice, still_stands=still_stands, codes=codes, at=at)
        session.flush()
        if claim is not None:
            return claim
    return None


def settle(session: Session, claim: Claim, outcome: Outcome, *, at: datetime) -> None:
    address = reads.find_address(session, claim.member_id, lock=True)
    if address is not None and outcome in {Outcome.SENT, Outcome.UNCLEAR} and claim.kind in ALIKE:
        address.last_sent_at = at
    if address is not None and claim.kind is not Kind.CONFIRM and outcome in {Outcome.SENT, Outcome.REFUSED}:
        address.came_back_at = at if outcome is Outcome.REFUSED else None
    going = select(Notice).where(Notice.id.in_(claim.notices), Notice.state == NoticeState.GOING)
    for notice in session.scalars(going.order_by(Notice.id).with_for_update()):
        _settle(notice, outcome, at=at)
    session.flush()


def take_back_all(session: Session, *, member_id: UUID, at: datetime) -> None:
    """How many were made stays known for a while: that is how many may be asked for in a day."""
    waiting = update(Notice).where(Notice.member_id == member_id, Notice.state == NoticeState.WAITING)
    session.execute(waiting.values(state=NoticeState.TAKEN_BACK, changed_at=at))


def forget_address(session: Session, *, member_id: UUID, at: datetime) -> bool:
    """Gives whether there was one. Nothing more goes to it, also nothing that waits already."""
    take_back_all(session, member_id=member_id, at=at)
    session.execute(delete(MailWish).where(MailWish.member_id == member_id))
    gone = delete(MailAddress).where(MailAddress.member_id == member_id).returning(MailAddress.member_id)
    return session.execute(gone).first() is not None


def tidy(session: Session, *, at: datetime) -> None:
    """Whoever died handing over left it unclear; what nobody could send for days is out of date; what is done is forgotten."""
    lost = update(Notice).where(Notice.state == NoticeState.GOING, Notice.changed_at <= at - GOING_AT_MOST)
    session.execute(lost.values(state=NoticeState.GIVEN_UP, why=Why.UNCLEAR, changed_at=at))
    stale = update(Notice).where(Notice.state == NoticeState.WAITING, Notice.made_at <= at - STALE_AFTER)
    session.execute(stale.values(state=NoticeState.TAKEN_BACK, changed_at=at))
    done = (NoticeState.SENT, NoticeState.GIVEN_UP, NoticeState.TAKEN_BACK)
    session.execute(delete(Notice).where(Notice.state.in_(done), Notice.changed_at <= at - KEPT_FOR))


def _next_due(session: Session, at: datetime) -> Notice | None:
    """With the row of the address locked: one worker at a time has to do with one person. Others take the next person."""
    return session.scalar(
        select(Notice)
        .join(MailAddress, MailAddress.member_id == Notice.member_id)
        .where(Notice.state == NoticeState.WAITING, Notice.due_at <= at)
        .order_by(Notice.due_at, Notice.id)
        .limit(1)
        .with_for_update(of=(Notice, MailAddress), skip_locked=True)
    )


def _take(
    session: Session,
    first: Notice,
    *,
    still_stands: StillStands,
    codes: Mapping[Kind, MakeCode],
    at: datetime,
) -> Claim | None:
    member, address = session.get_one(Member, first.member_id), session.get_one(MailAddress, first.member_id)
    standing: list[Notice] = []
    for notice in _together(session, first, at):
        if _is_wanted(session, notice, member) and still_stands(session, notice, member):
            standing.append(notice)
        else:
            notice.take_back(at=at)
    until = address.waits_until(at=at, pause=ONE_A_DAY) if first.kind in ALIKE else None
    if until is not None:
        for notice in standing:
            notice.wait_until(until)
    if until is not None or not standing or not _mark_going(session, standing, at):
        return None
    code = codes[first.kind](session, first, at) if first.kind in codes else None
    return Claim(
        notices=tuple(notice.id for notice in standing),
        member_id=member.id,
        kind=first.kind,
        address=address.next if first.kind is Kind.CONFIRM else address.address,
        code=code,
    )


def _together(session: Session, first: Notice, at: datetime) -> Sequence[Notice]:
    """As all messages say the same, one of them does for all that this person is to be told now."""
    if first.kind not in ALIKE:
        return [first]
    return session.scalars(
        select(Notice)
        .where(
            Notice.member_id == first.member_id,
            Notice.kind.in_(ALIKE),
            Notice.state == NoticeState.WAITING,
            Notice.due_at <= at,
        )
        .order_by(Notice.id)
        .with_for_update()
    ).all()


def _is_wanted(session: Session, notice: Notice, member: Member) -> bool:
    """Asked again: they may have changed their mind, left, or be taking a break from all of this."""
    if notice.kind is Kind.CONFIRM:
        address = reads.find_address(session, member.id)
        return member.status is not MemberStatus.LEFT and address is not None and address.sealed_next is not None
    if notice.kind is Kind.PASSWORD:
        return member.status is not MemberStatus.LEFT and reads.wants(session, member.id, notice.kind)
    return member.status is MemberStatus.ACTIVE and reads.wants(session, member.id, notice.kind)


def _mark_going(session: Session, notices: Sequence[Notice], at: datetime) -> bool:
    """The database is the judge: of two workers one gets the rows."""
    ids = [notice.id for notice in notices]
    waiting = update(Notice).where(Notice.id.in_(ids), Notice.state == NoticeState.WAITING)
    going = waiting.values(state=NoticeState.GOING, changed_at=at, tries=Notice.tries + 1).returning(Notice.id)
    return len(session.scalars(going).all()) == len(ids)


def _settle(notice: Notice, outcome: Outcome, *, at: datetime) -> None:
    notice.changed_at = at
    match outcome:
        case Outcome.SENT:
            notice.state = NoticeState.SENT
        case Outcome.REFUSED:
            notice.state, notice.why = NoticeState.GIVEN_UP, Why.REFUSED
        case Outcome.UNCLEAR:
            notice.state, notice.why = NoticeState.GIVEN_UP, Why.UNCLEAR
        case Outcome.LATER if notice.tries > len(PAUSES):
            notice.state, notice.why = NoticeState.GIVEN_UP, Why.NO_ANSWER
        case Outcome.LATER:
            notice.state, notice.due_at = NoticeState.WAITING, at + PAUSES[notice.tries - 1]
