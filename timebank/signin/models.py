"""How a person signs in, the codes that let them begin, and the sign-ins that the server holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from flask_security import UserMixin
from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.db import Base, UtcDateTime, one_of
from timebank.members.models import Member


class User(Base, UserMixin):  # the class name is Flask-Security's
    """One person's way in: an e-mail address or any name they chose, and a password."""

    __tablename__ = "user_sign_in"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), unique=True)
    sign_in_name: Mapped[str] = mapped_column(String(254), unique=True)  # case-folded
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True, default=lambda: uuid4().hex)

    member: Mapped[Member] = relationship(lazy="joined")


class OneTimeCode(Base):
    """Given to one person by a coordinator; it works once, and only its hash is stored."""

    __tablename__ = "one_time_code"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def can_be_used(self, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a sign-in lasts unused, and at all."""

    idle: timedelta
    whole: timedelta


MEMBERS = Limits(idle=timedelta(hours=12), whole=timedelta(days=30))
COORDINATORS = Limits(idle=timedelta(minutes=30), whole=timedelta(hours=12))


class HeldSignIn(Base):
    """What the server keeps about one browser. The browser holds only a random id, of which only the hash is here."""

    __tablename__ = "held_sign_in"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    # What its owner may call it by, in a form: the hash stays here.
    id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_sign_in.id"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    browser: Mapped[str] = mapped_column(String(40))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def is_over(limits: Limits, *, began_at: datetime, seen_at: datetime, at: datetime) -> bool:
    return at >= seen_at + limits.idle or at >= began_at + limits.whole


class Tries(Base):
    """When a password was tried in the last minutes, by strangers or from one device. The name is here only as a keyed hash."""

    __tablename__ = "sign_in_tries"

    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    made_at: Mapped[list[str]] = mapped_column(JSON)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    def wait(self, windows: Sequence[tuple[timedelta, int]], *, at: datetime) -> timedelta:
        """How long until one more may be made; nothing, if it may be made now. `windows`: of what length, and how many."""
        made = [datetime.fromisoformat(one) for one in self.made_at]
        waits = [
            made[-most] + length - at
            for length, most in windows
            # A clock that was set back does not open the way.
            if len([one for one in made if one > at - length]) >= most
        ]
        return max(waits, default=timedelta(0))

    def add(self, *, at: datetime, keep: int) -> None:
        self.made_at = [*self.made_at, at.isoformat()][-keep:]
        self.last_at = at

    def take_back(self, *, at: datetime) -> None:
        self.made_at = [one for one in self.made_at if one != at.isoformat()]


class KnownDevice(Base):
    """A browser in which somebody has signed in. It holds a random number, of which only the hash is here."""

    __tablename__ = "known_device"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_sign_in.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class CodeApp(Base):
    """An app that shows a new code every half minute. It is here once its first code was right."""

    __tablename__ = "code_app"
    __table_args__ = (CheckConstraint("last_step >= 0", name="last_step"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_sign_in.id"), primary_key=True)
    sealed: Mapped[str] = mapped_column(String(400))  # what the app and the server both know (sealing.py)
    last_step: Mapped[int] = mapped_column(
        BigInteger
    )  # the half minute whose code was used last: none before it counts
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """One of ten, for the day on which the telephone is gone. It works once, and only its keyed hash is here."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_sign_in.id"), index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Passkey(Base):
    """The public half of a key that a person's own device keeps and unlocks by finger, face or number."""

    __tablename__ = "passkey"
    __table_args__ = (CheckConstraint("sign_count >= 0", name="sign_count"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_sign_in.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyChallenge(Base):
    """What a passkey is asked to sign: one at a time for a browser, taken once, soon over."""

    __tablename__ = "passkey_challenge"

    held_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class What(StrEnum):
    """What may happen with a person's way in."""

    NEW_BROWSER = "new-browser"
    CODE_MADE = "code-made"
    CODE_USED = "code-used"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an event
    NAME_CHANGED = "name-changed"
    APP_ON = "app-on"
    APP_OFF = "app-off"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    SPARE_CODES_MADE = "spare-codes-made"
    SPARE_CODE_USED = "spare-code-used"
    CODES_TRIED = "codes-tried"
    TAKEN_AWAY = "taken-away"
    MAIL_ON = "mail-on"
    MAIL_OFF = "mail-off"
    PASSWORD_BY_MAIL = "password-by-mail"  # noqa: S105 - the name of an event
    SECOND_ASKED = "second-asked"
    SECOND_AGREED = "second-agreed"
    SECOND_NO = "second-no"
    SIGNED_OUT = "signed-out"  # everywhere, by somebody else


class SignInEvent(Base):
    """One line of what has happened with a person's way in, for them to read. Nothing in it helps anybody in."""

    __tablename__ = "sign_in_event"
    __table_args__ = (Index("ix_sign_in_event_member", "member_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    what: Mapped[What] = mapped_column(one_of(What))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"))  # nobody: whoever runs the server
    about: Mapped[str] = mapped_column(String(60), default="")  # which browser, which passkey
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # what others did is said at the next sign-in

    by: Mapped[Member | None] = relationship(foreign_keys=by_id, lazy="joined")
