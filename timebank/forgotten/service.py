"""Asking for a new password, making the link when the message goes out, and using it once."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from timebank.forgotten.models import ForgottenAsk, LinkNotGood, PasswordLink
from timebank.outbox import reads as outbox_reads
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind
from timebank.signin import events, factors, guesses
from timebank.signin import service as signin
from timebank.signin.models import User, What

LINK_LIFE = timedelta(minutes=30)
MOST_A_DAY = 3
DAY = timedelta(days=1)


def ask(session: Session, *, name: str, secret: str, at: datetime) -> None:
    """The same work for a name that somebody has, with or without an address, and for one that nobody has.

    Nothing that was typed is kept but a keyed hash. Raises TriedTooOften.
    """
    lane = guesses.count_forgotten(session, name=name, secret=secret, at=at)
    new = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(ForgottenAsk)
    session.execute(new.values(lane=lane, asked_at=at).on_conflict_do_nothing())


def look_up_asked(session: Session, *, secret: str, at: datetime) -> None:
    """Done by the worker. More than three a day, which only somebody else would want, are left out without a word."""
    asked = set(session.scalars(delete(ForgottenAsk).returning(ForgottenAsk.lane)))
    if not asked:
        return
    for user in session.scalars(select(User).where(User.active.is_(True)).order_by(User.id)):
        lane = guesses.forgotten_lane(user.sign_in_name, secret=secret)
        made = outbox_reads.count_made(session, user.member_id, Kind.PASSWORD, since=at - DAY) if lane in asked else 0
        if lane in asked and made < MOST_A_DAY:
            about_id = uuid5(user.id, at.isoformat())
            outbox.tell(session, Kind.PASSWORD, member=user.member, about_id=about_id, at=at)


def make_link(session: Session, *, member_id: UUID, at: datetime) -> str:
    """When its message is about to go: nothing keeps what opens the door but the message itself."""
    user = session.scalars(select(User).where(User.member_id == member_id)).one()
    token = secrets.token_urlsafe(32)
    session.execute(delete(PasswordLink).where(PasswordLink.user_id == user.id))
    session.add(
        PasswordLink(user_id=user.id, token_hash=_hashed(token), stamp=user.fs_uniquifier, expires_at=at + LINK_LIFE)
    )
    session.flush()
    return token


def is_good(session: Session, *, token: str, at: datetime) -> bool:
    try:
        _find(session, token, at=at)
    except LinkNotGood:
        return False
    return True


def look_over(session: Session, *, token: str, password: str, at: datetime) -> None:
    """Before the slow work of keeping a password. Raises LinkNotGood, EasilyGuessed."""
    user = _find(session, token, at=at)
    signin.look_over_password(password, member=user.member, sign_in_name=user.sign_in_name)


def set_password(session: Session, *, token: str, kept: str, at: datetime) -> signin.Entry:
    """Every sign-in of theirs ends. The second step is asked for afterwards, as always. Raises LinkNotGood.

    `kept`: what is kept of the password, made before this act begins, for it is slow.
    """
    user = _find(session, token, at=at, lock=True)
    gone = delete(PasswordLink).where(PasswordLink.token_hash == _hashed(token)).returning(PasswordLink.user_id)
    if session.execute(gone).first() is None:
        raise LinkNotGood
    user.password = kept
    factors.end_everywhere(session, user=user, here=None)
    events.note(session, What.PASSWORD_BY_MAIL, member=user.member, by=user.member, at=at)
    return signin.Entry(user, factors.has_any(session, user), None)


def clear_old(session: Session, *, at: datetime) -> None:
    session.execute(delete(PasswordLink).where(PasswordLink.expires_at <= at))
    # Where mail was switched off meanwhile, nobody looks them up.
    session.execute(delete(ForgottenAsk).where(ForgottenAsk.asked_at <= at - DAY))


def _find(session: Session, token: str, *, at: datetime, lock: bool = False) -> User:
    """Locked in one order, person first, as whatever else changes a sign-in does."""
    hashed = _hashed(token)
    user_id = session.scalar(select(PasswordLink.user_id).where(PasswordLink.token_hash == hashed))
    user = session.get(User, user_id, with_for_update={"of": User} if lock else None) if user_id else None
    link = session.scalar(select(PasswordLink).where(PasswordLink.token_hash == hashed))
    if user is None or link is None:
        raise LinkNotGood
    link.check(user, at=at)
    return user


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
