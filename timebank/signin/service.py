"""One-time codes, and the password a person sets with one."""

import hashlib
import unicodedata
from datetime import datetime, timedelta
from uuid import uuid4

from flask_security import hash_password
from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.errors import Invalid
from timebank.members import codes
from timebank.members.models import Member
from timebank.signin.models import OneTimeCode, User

CODE_LENGTH = 12
LONGEST_NAME = 254
CODE_LIFE = timedelta(days=14)


class CodeNotGood(Invalid):
    """That code does not work. It may have been used, or be older than 14 days. Your coordinator can give you a new one."""


class NameTooLong(Invalid):
    """That name is too long. Please choose a shorter one."""


class NameTaken(Invalid):
    """Please choose another name to sign in with: this one cannot be used."""


def issue_code(session: Session, *, member: Member, issued_by: Member | None, at: datetime) -> str:
    """A fresh code, shown once. Codes given earlier to the same person stop working."""
    for earlier in session.scalars(select(OneTimeCode).where(OneTimeCode.member_id == member.id)):
        earlier.expires_at = min(earlier.expires_at, at)
    code = codes.new_code(CODE_LENGTH)
    session.add(
        OneTimeCode(
            member_id=member.id,
            code_hash=_hashed(code),
            issued_by=issued_by.id if issued_by else None,
            issued_at=at,
            expires_at=at + CODE_LIFE,
        )
    )
    session.flush()
    return code


def set_password(session: Session, *, typed_code: str, sign_in_name: str, password: str, at: datetime) -> User:
    """The first password, or a new one for somebody whose coordinator gave them a code because they forgot theirs."""
    code = session.scalar(
        select(OneTimeCode).where(OneTimeCode.code_hash == _hashed(codes.plain(typed_code))).with_for_update()
    )
    if code is None or not code.can_be_used(at):
        raise CodeNotGood
    name = folded(sign_in_name)
    if len(name) > LONGEST_NAME:
        raise NameTooLong
    user = session.scalar(select(User).where(User.member_id == code.member_id))
    holder = session.scalar(select(User).where(User.sign_in_name == name))
    if holder is not None and holder is not user:
        raise NameTaken
    if user is None:
        user = User(id=uuid4(), member_id=code.member_id)
        session.add(user)
    user.sign_in_name = name
    user.password = hashed_password(password)
    user.fs_uniquifier = uuid4().hex  # every sign-in that was open under the old password ends
    code.used_at = at
    session.flush()
    return user


def hashed_password(password: str) -> str:
    return hash_password(password)


def find_user(session: Session, sign_in_name: str) -> User | None:
    return session.scalar(select(User).where(User.sign_in_name == folded(sign_in_name)))


def folded(sign_in_name: str) -> str:
    return unicodedata.normalize("NFC", sign_in_name.strip()).casefold()


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
