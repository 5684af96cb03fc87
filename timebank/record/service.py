"""Leaving, and being forgotten. What others' hours hang on stays, under nobody's name, so every sum stays as it was."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Table, and_, delete, event, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.schema import sort_tables

from ledger import leaving
from ledger.accounts import AccountKind
from ledger.errors import TransferNotFound
from ledger.leaving import Left
from ledger.transfers import Transfer, TransferKind
from timebank import tables
from timebank.concerns import reads as concerns
from timebank.errors import Conflict
from timebank.forgotten.models import PasswordLink
from timebank.hours import service as hours
from timebank.hours.models import HourLog
from timebank.introductions.models import Introduction, State
from timebank.members import reads as members
from timebank.members import service as member_service
from timebank.members.models import Member, MemberStatus
from timebank.members.service import ledger_of
from timebank.offers.models import Offer
from timebank.outbox import service as outbox
from timebank.queries import reads as queries
from timebank.queries import service as query_service
from timebank.record.register import PERSONAL, Gone, Kept
from timebank.relationships import reads as relationships
from timebank.schemes.models import Coordinator, SchemeMembership
from timebank.signin.models import HeldSignIn, KnownDevice, OneTimeCode, User
from timebank.two_people import service as two_people
from timebank.vault.journal import Forgotten
from timebank.vault.keys import KeyRing

KEPT_AFTER_LEAVING = timedelta(days=365)


class OnlyCoordinator(Conflict):
    """You are the only one who looks after this time bank. Please ask whoever runs it to name somebody else first; then you can leave."""


class StillLead(Conflict):
    """You look into what worries others. Please ask whoever runs this time bank to name somebody else first; then you can leave."""


class NotGone(Conflict):
    """Nobody of that code has left and could come back: they are here, or were forgotten as they wished."""


def go(session: Session, *, member_id: UUID, after: str, at: datetime) -> None:
    """`after`: forget, give or keep. Raises OnlyCoordinator, AlreadyLeft."""
    member = session.get_one(Member, member_id, with_for_update=True)
    if after == "forget":
        forget(session, member=member, at=at)
    else:
        leave(session, member=member, keeps_hours=after == "keep", at=at)


def leave(session: Session, *, member: Member, keeps_hours: bool, at: datetime) -> None:
    """At once, with no reason given, and nobody is told. Raises OnlyCoordinator, StillLead, AlreadyLeft.

    `keeps_hours`: they are kept for a return; otherwise they go to everybody. A minus is borne by all and never asked back.
    """
    _check_somebody_stays(session, member)
    _end_what_is_open(session, member, at)
    _close_account(session, member, keeps_hours=keeps_hours, at=at)
    _close_the_door(session, member, at)
    member.leave(at=at)
    session.flush()


def bring_back(session: Session, *, member: Member, at: datetime) -> None:
    """With the hours that were kept. What ended stays ended; a new code lets them in. Raises NotGone."""
    if member.left_at is None or member.forgotten_at is not None:
        raise NotGone
    leaving.come_back(
        ledger_of(session, member.bank),
        _leaving(member, member.left_at),
        happened_on=at.date(),
        recorded_by=member.id,
        at=at,
    )
    user = session.scalar(select(User).where(User.member_id == member.id))
    if user is not None:
        user.active = True
    member.return_to_us()
    session.flush()


def forget(session: Session, *, member: Member, at: datetime) -> None:
    """Leaves first, if that was not done. Nothing brings any of it back, an old backup neither.

    Raises OnlyCoordinator. A second time does nothing.
    """
    if member.forgotten_at is not None:
        return
    if member.status is not MemberStatus.LEFT:
        leave(session, member=member, keeps_hours=False, at=at)
    _give_on_what_was_kept(session, member, at)
    # The name first: what they agreed to goes with its person only, and the database looks at whether they are forgotten.
    member_service.forget_name(session, member=member, at=at)
    session.flush()
    for table, kept in _children_first():
        _let_go(session, table, kept, member)
    session.expire_all()
    _throw_the_key_away(session, member, at)


def forget_again(session: Session, *, keys: object, at: datetime) -> int:
    """After an old backup was put back: everybody whom the journal names. How many had come back by it."""
    if not isinstance(keys, KeyRing):
        return 0
    count = 0
    for gone in list(keys.journal.entries()):
        member = members.find_member(session, gone.bank_id, gone.member_id)
        if member is not None and member.forgotten_at is None:
            forget(session, member=member, at=at)
            count += 1
        keys.forget(gone.member_id)
    return count


def forget_long_gone(session: Session, *, at: datetime) -> int:
    """Whoever left a year ago and did not come back."""
    found = select(Member).where(Member.left_at <= at - KEPT_AFTER_LEAVING, Member.forgotten_at.is_(None))
    gone = session.scalars(found.order_by(Member.id)).unique().all()
    for member in gone:
        forget(session, member=member, at=at)
    return len(gone)


def _check_somebody_stays(session: Session, member: Member) -> None:
    wide = select(Coordinator.member_id).where(Coordinator.bank_id == member.bank_id, Coordinator.scheme_id.is_(None))
    if set(session.scalars(wide)) == {member.id}:
        raise OnlyCoordinator
    if concerns.is_lead(session, member):
        raise StillLead


def _end_what_is_open(session: Session, member: Member, at: datetime) -> None:
    for together in relationships.list_live(session, member.id):
        together.end(at=at)
    open_to_them = or_(Introduction.guide_id == member.id, Introduction.other_id == member.id)
    for introduction in session.scalars(select(Introduction).where(open_to_them, Introduction.state == State.OPEN)):
        introduction.lapse(at=at)
    two_people.end_with_leaver(session, member=member, at=at)
    for offer in session.scalars(select(Offer).where(Offer.member_id == member.id)):
        offer.close(at=at)
    for part in session.scalars(select(SchemeMembership).where(SchemeMembership.member_id == member.id)):
        part.is_stepped_back = True
    query_service.end_open(session, queries.list_open_for_member(session, member), bank=member.bank, at=at)


def _close_account(session: Session, member: Member, *, keeps_hours: bool, at: datetime) -> Left:
    ledger, bank = ledger_of(session, member.bank), member.bank
    asked = _leaving(member, at)
    if not keeps_hours:
        return leaving.leave_with_gift(ledger, asked, to=bank.community_account_id, at=at)
    keeper = _keeper(bank.id)
    ledger.open_account(id=keeper, kind=AccountKind.LEAVER)
    return leaving.leave_with_hold(ledger, asked, keeper=keeper, at=at)


def _leaving(member: Member, at: datetime) -> leaving.Leaving:
    return leaving.Leaving(
        id=_leaving_id(member, at),
        account=member.account_id,
        community=member.bank.community_account_id,
        happened_on=at.date(),
        recorded_by=member.id,
        reason=hours.PARTED,
    )


def _leaving_id(member: Member, at: datetime) -> UUID:
    """Somebody may leave, come back, and leave again."""
    return uuid5(member.id, f"left {at.isoformat()}")


def _keeper(bank_id: UUID) -> UUID:
    return uuid5(bank_id, "kept for leavers")


def _give_on_what_was_kept(session: Session, member: Member, at: datetime) -> None:
    """Nobody can come back for it any more."""
    ledger, keeper = ledger_of(session, member.bank), _keeper(member.bank_id)
    if member.left_at is None:
        return
    leaving_id = _leaving_id(member, member.left_at)
    try:
        kept = ledger.get(id=uuid5(leaving_id, "settled"))
    except TransferNotFound:
        return
    if kept.giver == keeper:
        given_on = Transfer(
            id=uuid5(leaving_id, "given on"),
            giver=member.bank.community_account_id,
            receiver=keeper,
            minutes=kept.minutes,
            happened_on=at.date(),
            kind=TransferKind.GIFT,
            recorded_by=member.id,
        )
        ledger.post(transfer=given_on, at=at)


def _close_the_door(session: Session, member: Member, at: datetime) -> None:
    user = session.scalar(select(User).where(User.member_id == member.id))
    session.execute(delete(Coordinator).where(Coordinator.member_id == member.id))
    session.execute(delete(OneTimeCode).where(OneTimeCode.member_id == member.id))
    outbox.forget_address(session, member_id=member.id, at=at)
    if user is not None:
        user.active = False
        session.execute(delete(HeldSignIn).where(HeldSignIn.user_id == user.id))
        session.execute(delete(KnownDevice).where(KnownDevice.user_id == user.id))
        session.execute(delete(PasswordLink).where(PasswordLink.user_id == user.id))


def _children_first() -> Iterator[tuple[Table, Kept]]:
    """Each table before those that its rows refer to, as far as rows of it go."""
    named = {table.name: table for table in tables.metadata.tables.values()}
    known = [table for table in sort_tables(named.values()) if table.name in PERSONAL]
    yield from ((table, PERSONAL[table.name]) for table in reversed(known) if table.name != "member")


def _let_go(session: Session, table: Table, kept: Kept, member: Member) -> None:
    if kept.gone is Gone.DELETED:
        session.execute(delete(table).where(_theirs(table, kept, member)))
    elif kept.gone is Gone.BLANKED:
        session.execute(update(table).where(_theirs(table, kept, member)).values(kept.blanks))


def _theirs(table: Table, kept: Kept, member: Member) -> ColumnElement[bool]:
    if table.name == HourLog.__tablename__:
        return _written_by(table, member)
    if kept.through == User.__tablename__:
        whose: Any = select(User.id).where(User.member_id == member.id)
    elif kept.through == HourLog.__tablename__:
        parties = (HourLog.giver_id == member.id, HourLog.receiver_id == member.id, HourLog.logged_by == member.id)
        whose = select(HourLog.id).where(or_(*parties))
    else:
        whose = [member.id]
    return or_(*(table.c[column].in_(whose) for column in kept.whose))


def _written_by(table: Table, member: Member) -> ColumnElement[bool]:
    """What others wrote about hours together is theirs; what an import brought was written by nobody who is here."""
    party = or_(table.c.giver_id == member.id, table.c.receiver_id == member.id)
    return or_(table.c.logged_by == member.id, and_(table.c.logged_by.is_(None), party))


def _throw_the_key_away(session: Session, member: Member, at: datetime) -> None:
    """The journal knows it before it is done, and the key goes once it is: neither can be lost between the two."""
    keys, member_id = session.info.get("keys"), member.id
    if isinstance(keys, KeyRing):
        keys.journal.add(Forgotten(bank_id=member.bank_id, member_id=member_id, at=at))
        event.listen(session, "after_commit", lambda _: keys.forget(member_id), once=True)
