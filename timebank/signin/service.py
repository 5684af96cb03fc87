"""One-time codes, and the password a person sets with one."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from timebank.audit import service as audit
from timebank.audit.models import Act, Actor, Record
from timebank.errors import Conflict, Invalid, NotFound
from timebank.members import codes
from timebank.members.models import Member
from timebank.signin import events, factors, guesses, passwords
from timebank.signin.models import MEMBERS, HeldSignIn, OneTimeCode, User, What, is_over
from timebank.signin.names import folded

CODE_LENGTH = 12
LONGEST_NAME = 254
CODE_LIFE = timedelta(days=14)


class CodeNotGood(Invalid):
    """That code does not work. It may have been used, or be older than 14 days. Your coordinator can give you a new one."""


class EasilyGuessed(Invalid):
    """That password is easy to guess. Three or four words that have nothing to do with each other work well."""


class NameTooLong(Invalid):
    """That name is too long. Please choose a shorter one."""


class NameTaken(Invalid):
    """Please choose another name to sign in with: this one cannot be used."""


class ChangedMeanwhile(Conflict):
    """Your password was changed in another window meanwhile. Please sign in with the new one."""


class Entry(NamedTuple):
    """Who may come in, and what is still asked of them."""

    user: User
    has_second_factor: bool
    code_of: UUID | None  # whose code brought them here, if one did


def issue_code(session: Session, *, member: Member, issued_by: Member | None, at: datetime) -> str:
    """A fresh code, shown once. Codes given earlier to the same person stop working."""
    end_codes(session, member=member, at=at)
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
    events.note(session, What.CODE_MADE, member=member, by=issued_by, at=at)
    audit.note(
        session,
        bank_id=member.bank_id,
        by=issued_by.id if issued_by else Actor.COMMAND_LINE,
        act=Act.GAVE_CODE,
        record=Record.MEMBER,
        record_id=member.id,
        about_id=member.id,
        at=at,
    )
    return code


def end_codes(session: Session, *, member: Member, at: datetime) -> None:
    """Codes that were given to this person stop working."""
    for earlier in session.scalars(select(OneTimeCode).where(OneTimeCode.member_id == member.id)):
        earlier.expires_at = min(earlier.expires_at, at)


def renew_code(session: Session, *, member: Member, at: datetime) -> str | None:
    """Codes that were given to this person stop working; whoever cannot sign in without one gets a new one."""
    if session.scalar(select(User.id).where(User.member_id == member.id)) is None:
        return issue_code(session, member=member, issued_by=None, at=at)
    end_codes(session, member=member, at=at)
    return None


def look_over(session: Session, *, typed_code: str, sign_in_name: str, password: str, at: datetime) -> None:
    """Before the slow work of keeping a password: refuses what could not be kept anyway."""
    code = session.scalar(select(OneTimeCode).where(OneTimeCode.code_hash == _hashed(codes.plain(typed_code))))
    if code is None or not code.can_be_used(at):
        raise CodeNotGood
    look_over_password(password, member=session.get_one(Member, code.member_id), sign_in_name=sign_in_name)


def look_over_password(password: str, *, member: Member, sign_in_name: str) -> None:
    """Raises EasilyGuessed."""
    known = [
        word for text in (sign_in_name, member.name, member.bank.name, "timebank") for word in (text, *text.split())
    ]
    if passwords.is_easily_guessed(password, known_words=known):
        raise EasilyGuessed


def set_password(session: Session, *, typed_code: str, sign_in_name: str, kept: str, at: datetime) -> User:
    """The first password, or a new one for somebody whose coordinator gave them a code because they forgot theirs.

    `kept`: what is kept of the password (passwords.to_keep), made before this act begins, for it is slow.
    """
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
    else:
        guesses.forget_devices(session, user=user)
    user.sign_in_name = name
    user.password = kept
    user.fs_uniquifier = uuid4().hex  # every sign-in that was open under the old password ends
    code.used_at = at
    session.flush()
    member = session.get_one(Member, code.member_id)
    events.note(session, What.CODE_USED, member=member, by=member, at=at)
    return user


def begin_with_code(session: Session, *, typed_code: str, sign_in_name: str, kept: str, at: datetime) -> Entry:
    """A code never stands in for the second factor: who has one is asked for it all the same."""
    user = set_password(session, typed_code=typed_code, sign_in_name=sign_in_name, kept=kept, at=at)
    hashed = _hashed(codes.plain(typed_code))
    issued_by = session.scalar(select(OneTimeCode.issued_by).where(OneTimeCode.code_hash == hashed))
    return Entry(user, factors.has_any(session, user), issued_by)


def let_in(
    session: Session, *, sign_in_name: str, stamp: str | None, kept_anew: str | None, lane: str, tried_at: datetime
) -> Entry | None:
    """After the right password: the try was no guess. None where the sign-in was closed or changed meanwhile."""
    user = find_user(session, sign_in_name)
    if user is None or not user.active or user.fs_uniquifier != stamp:
        return None
    guesses.forget_try(session, lane=lane, at=tried_at)
    if kept_anew is not None:
        user.password = kept_anew
    return Entry(user, factors.has_any(session, user), None)


def change_password(
    session: Session, *, user_id: UUID, stamp: str | None, kept: str, here: UUID | None, at: datetime
) -> User:
    """Ends every other sign-in, and makes strangers of all devices. `stamp`: how things stood when the old one was checked."""
    user = session.get_one(User, user_id, with_for_update={"of": User})
    if user.fs_uniquifier != stamp:
        raise ChangedMeanwhile
    user.password = kept
    factors.end_everywhere(session, user=user, here=here)
    events.note(session, What.PASSWORD_CHANGED, member=user.member, by=user.member, at=at)
    return user


def change_name(session: Session, *, user_id: UUID, sign_in_name: str, at: datetime) -> None:
    user, name = session.get_one(User, user_id), folded(sign_in_name)
    if len(name) > LONGEST_NAME:
        raise NameTooLong
    holder = find_user(session, name)
    if holder is not None and holder.id != user.id:
        raise NameTaken
    if user.sign_in_name != name:
        user.sign_in_name = name
        events.note(session, What.NAME_CHANGED, member=user.member, by=user.member, at=at)


def take_second_step_away(session: Session, *, member: Member, by: Member | None, at: datetime) -> bool:
    """For somebody who lost all of it. `by` None is whoever runs the server. Gives whether there was one."""
    user = session.scalar(select(User).where(User.member_id == member.id))
    return user is not None and factors.take_away(session, user=user, by=by, at=at)


def sign_out_everywhere(session: Session, *, member: Member, by: Member, at: datetime) -> None:
    """For somebody whose phone is in other hands. The password stays as it is. Noted and told only where they have a way in."""
    user = session.scalar(select(User).where(User.member_id == member.id).with_for_update(of=User))
    if user is None:
        return
    factors.end_everywhere(session, user=user, here=None)
    events.note(session, What.SIGNED_OUT, member=member, by=by, at=at)


def list_held(session: Session, *, user: User, at: datetime) -> Sequence[HeldSignIn]:
    """Where this person is signed in, the newest first."""
    held = session.scalars(
        select(HeldSignIn).where(HeldSignIn.user_id == user.id).order_by(HeldSignIn.seen_at.desc(), HeldSignIn.id)
    )
    return [one for one in held if not is_over(MEMBERS, began_at=one.began_at, seen_at=one.seen_at, at=at)]


def end_held(session: Session, *, user: User, held_id: UUID) -> None:
    """The same for one that is not theirs as for one that is not there. Raises NotFound."""
    theirs = (HeldSignIn.user_id == user.id, HeldSignIn.id == held_id)
    if session.execute(delete(HeldSignIn).where(*theirs).returning(HeldSignIn.id)).first() is None:
        raise NotFound


def end_others(session: Session, *, user: User, here: UUID | None) -> None:
    """All but this one; and no other device is known any more."""
    session.execute(delete(HeldSignIn).where(HeldSignIn.user_id == user.id, HeldSignIn.id != here))
    guesses.forget_devices(session, user=user)


def find_user(session: Session, sign_in_name: str) -> User | None:
    return session.scalar(select(User).where(User.sign_in_name == folded(sign_in_name)))


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
