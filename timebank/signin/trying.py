"""Looking at a password or a code that was typed: counted first, and nothing of the database held open while it is slow."""

from datetime import datetime
from typing import NamedTuple

from timebank.signin import events, factors, guesses, passwords, service
from timebank.signin.entering import device, secret
from timebank.signin.models import User
from timebank.web import edge
from timebank.web.edge import in_one_act, session


class Tried(NamedTuple):
    is_right: bool
    kept: str | None  # what was kept of the password it was held against
    stamp: str | None  # how things stood then: what is changed meanwhile makes the try worth nothing
    lane: str  # what the try is taken back by


def try_password(name: str, password: str, *, at: datetime) -> Tried:
    """Raises TriedTooOften, and ManySigningIn, which is no try."""
    lane = in_one_act(lambda writing: guesses.count_try(writing, name=name, device=device(), secret=secret(), at=at))
    user = service.find_user(session(), name)
    kept = user.password if user is not None and user.active else None
    stamp = user.fs_uniquifier if user is not None else None
    edge.close()
    try:
        return Tried(passwords.is_right(password, kept), kept, stamp, lane)
    except passwords.ManySigningIn:
        forget_try(lane, at=at)
        raise


def try_code(user: User, typed: str, *, at: datetime) -> bool:
    """Of the second step, for somebody whose password was right. Raises TriedTooOften."""
    try:
        lane = in_one_act(
            lambda writing: guesses.count_code(writing, user=user, device=device(), secret=secret(), at=at)
        )
    except guesses.TriedTooOften:
        in_one_act(lambda writing: events.note_tried(writing, member=user.member, at=at))
        raise
    is_right = in_one_act(
        lambda writing: factors.use_code(
            writing, user=writing.get_one(User, user.id), typed=typed, secret=secret(), at=at
        )
    )
    if is_right:
        forget_try(lane, at=at)
    return is_right


def forget_try(lane: str, *, at: datetime) -> None:
    in_one_act(lambda writing: guesses.forget_try(writing, lane=lane, at=at))
