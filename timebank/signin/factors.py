"""The second step: what somebody has besides a password. Who has none of it has no second step."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from timebank.errors import Conflict, Invalid, NotFound
from timebank.members import codes
from timebank.members.models import Member
from timebank.signin import code_app, events, guesses, sealing
from timebank.signin.models import CodeApp, HeldSignIn, Passkey, RecoveryCode, User, What

SPARE_CODES, SPARE_LENGTH = 10, 12


class CodeNotRight(Invalid):
    """That code is not right, or was used already. Please wait for the next one in your app, and type that."""


class HasNoneYet(Conflict):
    """Spare codes stand in for something else. Please set up codes from an app, or a passkey, first."""


class PasskeyIsThere(Conflict):
    """This passkey is there already."""


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What one person has, as their own page shows it."""

    app: CodeApp | None
    passkeys: list[Passkey]
    spare_left: int

    @property
    def are_there(self) -> bool:
        return self.app is not None or bool(self.passkeys)


class Begun(NamedTuple):
    """Whose it is, and the spare codes where this was the first of all."""

    user: User
    spare_codes: list[str]


class Left(NamedTuple):
    """Whose it was, and whether they still have a second step."""

    user: User
    is_any: bool


def of(session: Session, user: User) -> Factors:
    left = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    passkeys = select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.made_at, Passkey.id)
    return Factors(
        app=session.get(CodeApp, user.id),
        passkeys=list(session.scalars(passkeys)),
        spare_left=session.scalar(left) or 0,
    )


def has_any(session: Session, user: User) -> bool:
    by_app = select(CodeApp.user_id).where(CodeApp.user_id == user.id)
    by_key = select(Passkey.user_id).where(Passkey.user_id == user.id)
    return session.scalar(by_app.union_all(by_key).limit(1)) is not None


def switch_app_on(
    session: Session, *, user_id: UUID, shared: str, typed: str, secret: str, here: UUID | None, at: datetime
) -> Begun:
    """With a first code, so that nobody is locked out by an app that never worked. Takes the place of an earlier app.

    Raises CodeNotRight.
    """
    step = code_app.step_of(typed, shared, at=at)
    if step is None:
        raise CodeNotRight
    begun = _begin(session, user_id=user_id, secret=secret, here=here, at=at)
    session.execute(delete(CodeApp).where(CodeApp.user_id == user_id))
    sealed = sealing.seal(shared, secret=secret, owner=user_id)
    session.add(CodeApp(user_id=user_id, sealed=sealed, last_step=step, made_at=at))
    events.note(session, What.APP_ON, member=begun.user.member, by=begun.user.member, at=at)
    return begun


def add_passkey(session: Session, *, made: Passkey, secret: str, here: UUID | None, at: datetime) -> Begun:
    """Raises PasskeyIsThere."""
    begun = _begin(session, user_id=made.user_id, secret=secret, here=here, at=at)
    member, values = begun.user.member, {column.key: getattr(made, column.key) for column in Passkey.__table__.columns}
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id)) is not None:
        raise PasskeyIsThere
    session.add(Passkey(**values))  # a new one each time: PostgreSQL may have this act done again
    events.note(session, What.PASSKEY_ADDED, member=member, by=member, at=at, about=made.name)
    return begun


def switch_app_off(session: Session, *, user_id: UUID, here: UUID | None, at: datetime) -> Left:
    """Twice is no mistake."""
    user = _locked(session, user_id)
    gone = session.execute(delete(CodeApp).where(CodeApp.user_id == user.id).returning(CodeApp.user_id)).first()
    if gone is not None:
        events.note(session, What.APP_OFF, member=user.member, by=user.member, at=at)
    return _what_is_left(session, user, here=here)


def remove_passkey(session: Session, *, user_id: UUID, passkey_id: UUID, here: UUID | None, at: datetime) -> Left:
    """The same for one that is not theirs as for one that is not there. Raises NotFound."""
    user = _locked(session, user_id)
    passkey = session.scalar(select(Passkey).where(Passkey.user_id == user.id, Passkey.id == passkey_id))
    if passkey is None:
        raise NotFound
    session.delete(passkey)
    events.note(session, What.PASSKEY_REMOVED, member=user.member, by=user.member, at=at, about=passkey.name)
    return _what_is_left(session, user, here=here)


def make_spare_codes(session: Session, *, user: User, secret: str, at: datetime) -> list[str]:
    """Shown once. The ones before stop working. Raises HasNoneYet."""
    if not has_any(session, user):
        raise HasNoneYet
    return _make_spare_codes(session, user=user, secret=secret, at=at)


def use_code(session: Session, *, user: User, typed: str, secret: str, at: datetime) -> bool:
    """Whether this is a code of theirs that was not used before: from the app, or a spare one. Of two who use one at the
    same moment the database lets one in."""
    return _use_app(session, user, typed, secret=secret, at=at) or _use_spare(
        session, user, typed, secret=secret, at=at
    )


def take_away(session: Session, *, user: User, by: Member | None, at: datetime) -> bool:
    """All of it, by somebody else, because it was lost. It ends every sign-in, and is told to its owner. `by` None is
    whoever runs the server. Gives whether there was anything."""
    user = _locked(session, user.id)
    if not has_any(session, user):
        return False
    session.execute(delete(CodeApp).where(CodeApp.user_id == user.id))
    session.execute(delete(Passkey).where(Passkey.user_id == user.id))
    _what_is_left(session, user, here=None)
    events.note(session, What.TAKEN_AWAY, member=user.member, by=by, at=at)
    return True


def end_everywhere(session: Session, *, user: User, here: UUID | None) -> None:
    """Every sign-in but this one, also one that is just being begun; and no device is known any more.

    Whoever stays has to be signed in anew: their sign-in names what is changed here.
    """
    user.fs_uniquifier = uuid4().hex
    session.execute(delete(HeldSignIn).where(HeldSignIn.user_id == user.id, HeldSignIn.id.is_distinct_from(here)))
    guesses.forget_devices(session, user=user)
    session.flush()


def _locked(session: Session, user_id: UUID) -> User:
    """One act about one person's factors at a time."""
    return session.get_one(User, user_id, with_for_update={"of": User}, populate_existing=True)


def _begin(session: Session, *, user_id: UUID, secret: str, here: UUID | None, at: datetime) -> Begun:
    """The first of all: spare codes come with it, and whoever is in elsewhere without it has to come again."""
    user = _locked(session, user_id)
    if has_any(session, user):
        return Begun(user, [])
    end_everywhere(session, user=user, here=here)
    return Begun(user, _make_spare_codes(session, user=user, secret=secret, at=at))


def _what_is_left(session: Session, user: User, *, here: UUID | None) -> Left:
    """With the last of all, the spare codes go too, and every sign-in that had passed it."""
    session.flush()
    is_any = has_any(session, user)
    if not is_any:
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        end_everywhere(session, user=user, here=here)
    return Left(user, is_any)


def _make_spare_codes(session: Session, *, user: User, secret: str, at: datetime) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    made = [codes.new_code(SPARE_LENGTH) for _ in range(SPARE_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_hashed(user, one, secret)) for one in made)
    events.note(session, What.SPARE_CODES_MADE, member=user.member, by=user.member, at=at)
    return made


def _use_app(session: Session, user: User, typed: str, *, secret: str, at: datetime) -> bool:
    app = session.get(CodeApp, user.id)
    if app is None:
        return False
    try:
        shared = sealing.unseal(app.sealed, secret=secret, owner=user.id)
    except sealing.CannotBeOpened:
        return False
    step = code_app.step_of(typed, shared, at=at)
    if step is None:
        return False
    newer = update(CodeApp).where(CodeApp.user_id == user.id, CodeApp.last_step < step)
    return session.execute(newer.values(last_step=step).returning(CodeApp.user_id)).first() is not None


def _use_spare(session: Session, user: User, typed: str, *, secret: str, at: datetime) -> bool:
    theirs = (RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    hashed = _hashed(user, codes.plain(typed), secret)
    unused = update(RecoveryCode).where(*theirs, RecoveryCode.code_hash == hashed)
    if session.execute(unused.values(used_at=at).returning(RecoveryCode.user_id)).first() is None:
        return False
    events.note(session, What.SPARE_CODE_USED, member=user.member, by=user.member, at=at)
    return True


def _hashed(user: User, code: str, secret: str) -> str:
    """Keyed, and each person's their own. A code has sixty bits by lot, so it needs no slow hash besides."""
    return hmac.new(sealing.derived(secret, "spare codes"), user.id.bytes + code.encode(), hashlib.sha256).hexdigest()
