"""How often a password may be tried: by strangers together, and by each device that somebody has signed in on before.

Tries are counted by the name that was typed, whether anybody has it or not, so nothing is told about who is a member. All
strangers share one count for a name, wherever they come from, so a crowd of them gets no more tries than one. Whoever has
signed in on a device before has a count of their own there: strangers cannot use it up, so they lock nobody out.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from timebank.errors import Refusal
from timebank.signin.models import KnownDevice, Tries, User
from timebank.signin.names import folded

WINDOWS = ((timedelta(minutes=1), 5), (timedelta(minutes=5), 10))
LONGEST, TRIES_MOST = WINDOWS[-1]
DEVICE_LIFE = timedelta(days=90)


class TriedTooOften(Refusal):
    """This name was tried too often in the last minutes, perhaps by somebody else. Please wait five minutes and try again."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


def count_try(session: Session, *, name: str, device: str | None, secret: str, at: datetime) -> str:
    """Before a password is looked at. Raises TriedTooOften, and then it must not be looked at.

    `name` as it was typed; `device`: what its browser keeps, if anything. Gives what to take it back by.
    """
    return _count(session, _lane(session, name=name, device=device, secret=secret, at=at), at=at)


def count_code(session: Session, *, user: User, device: str | None, secret: str, at: datetime) -> str:
    """The same before a code of the second step is looked at. Only who has the password comes so far, so it has a count of
    its own: nobody else can use it up."""
    return _count(
        session, _lane(session, name=user.sign_in_name, device=device, secret=f"codes {secret}", at=at), at=at
    )


def count_name(session: Session, *, user: User, secret: str, at: datetime) -> None:
    """Before somebody is told whether a name is free."""
    _count(session, _lane(session, name=user.id.hex, device=None, secret=f"names {secret}", at=at), at=at)


def count_forgotten(session: Session, *, name: str, secret: str, at: datetime) -> str:
    """Before a new password is asked for by mail. The same for a name that nobody has. Gives what stands for the name."""
    return _count(session, forgotten_lane(name, secret=secret), at=at)


def forgotten_lane(name: str, *, secret: str) -> str:
    return _keyed(folded(name), secret=f"forgotten {secret}")


def _count(session: Session, lane: str, *, at: datetime) -> str:
    new = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(Tries)
    # Of two that begin a count at the same moment, one begins it, and the other goes on with it.
    session.execute(new.values(lane=lane, made_at=[], last_at=at).on_conflict_do_nothing())
    kept = session.get_one(Tries, lane, with_for_update=True)
    wait = kept.wait(WINDOWS, at=at)
    if wait > timedelta(0):
        raise TriedTooOften(wait)
    kept.add(at=at, keep=TRIES_MOST)
    return lane


def forget_try(session: Session, *, lane: str, at: datetime) -> None:
    """It was right, so it was no guess."""
    kept = session.get(Tries, lane, with_for_update=True)
    if kept is not None:
        kept.take_back(at=at)


def is_known(session: Session, *, user: User, device: str | None, at: datetime) -> bool:
    known = session.get(KnownDevice, _hashed(device)) if device else None
    return known is not None and known.user_id == user.id and at < known.expires_at


def remember_device(session: Session, *, user: User, device: str | None, at: datetime) -> str:
    """What the browser is to keep from now on. What it kept before is worth nothing any more, whosever it was."""
    forget_device(session, device=device)
    fresh = secrets.token_urlsafe(32)
    session.add(KnownDevice(id_hash=_hashed(fresh), user_id=user.id, expires_at=at + DEVICE_LIFE))
    return fresh


def forget_device(session: Session, *, device: str | None) -> None:
    if device:
        session.execute(delete(KnownDevice).where(KnownDevice.id_hash == _hashed(device)))


def forget_devices(session: Session, *, user: User) -> None:
    """With a new password, devices are strangers again."""
    session.execute(delete(KnownDevice).where(KnownDevice.user_id == user.id))


def clear_old(session: Session, *, at: datetime) -> None:
    session.execute(delete(Tries).where(Tries.last_at <= at - LONGEST))
    session.execute(delete(KnownDevice).where(KnownDevice.expires_at <= at))


def _lane(session: Session, *, name: str, device: str | None, secret: str, at: datetime) -> str:
    """Keyed, for people type their password where the name belongs."""
    typed = folded(name)
    if device:
        holder = session.scalar(select(User).where(User.sign_in_name == typed))
        if holder is not None and is_known(session, user=holder, device=device, at=at):
            typed = f"{typed}\0{_hashed(device)}"
    return _keyed(typed, secret=secret)


def _keyed(typed: str, *, secret: str) -> str:
    return hmac.new(secret.encode(), typed.encode(), hashlib.sha256).hexdigest()


def _hashed(device: str) -> str:
    return hashlib.sha256(device.encode()).hexdigest()
