"""Going in: how far somebody is, as the sign-in that the server holds says it, and what a browser keeps from then on."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from flask import Response, current_app, flash, request, url_for
from flask import session as held
from flask_security import current_user, login_user
from sqlalchemy.orm import Session

from timebank.signin import events, guesses, passkeys
from timebank.signin.browsers import browser_of
from timebank.signin.held import SHARED_DEVICE, SIGNED_IN_ANEW, current, hashed
from timebank.signin.models import User, What
from timebank.web.edge import database, session
from timebank.web.render import go_to

HALF_WAY_LIFE = timedelta(minutes=5)
PROVED_LIFE = timedelta(minutes=10)
HALF_WAY = "half-way"  # after a right password, before the second step: nobody is signed in by it
PASSED = "second-step-passed"
PROVED_AT = "proved-at"
CODE_OF = "code-of"  # whose code this sign-in began with, if one was used
APP_TO_BE = "app-to-be"  # what an app is to share that has not shown its first code yet


class HalfWay(NamedTuple):
    """Who has typed a right password, and what they wanted."""

    user_id: str
    stamp: str  # as it was then: a password or second factor that changes meanwhile ends this
    began_at: str
    page: str
    is_shared: bool
    code_of: str | None


def go_in(
    user: User, page: str, *, is_shared: bool, code_of: UUID | None, has_second_factor: bool, at: datetime
) -> Response:
    """After a right password or one-time code: all the way, or half of it where there is a second step to take."""
    if not has_second_factor:
        return welcome(user, page, is_shared=is_shared, code_of=code_of, has_passed=False, at=at)
    _forget_who_was_here()
    code_by = str(code_of) if code_of else None
    held[HALF_WAY] = list(HalfWay(str(user.id), user.fs_uniquifier, at.isoformat(), page, is_shared, code_by))
    held[SIGNED_IN_ANEW] = ""
    return go_to(url_for("signin.second_step"))


def half_way(*, at: datetime) -> HalfWay | None:
    if HALF_WAY not in held:
        return None
    found = HalfWay(*held[HALF_WAY])
    return found if at < datetime.fromisoformat(found.began_at) + HALF_WAY_LIFE else None


def find_half_way(reading: Session, *, at: datetime) -> User | None:
    """Who it is, if nothing was changed or closed since."""
    found = half_way(at=at)
    user = reading.get(User, UUID(found.user_id)) if found else None
    return user if found and user and user.active and user.fs_uniquifier == found.stamp else None


def welcome(
    user: User, page: str, *, is_shared: bool, code_of: UUID | None, has_passed: bool, at: datetime
) -> Response:
    """All the way in. What others have done with this person's way in since last time is told now."""
    _forget_who_was_here()
    held[SHARED_DEVICE] = is_shared
    if code_of is not None:
        held[CODE_OF] = str(code_of)
    told = database().run_again(lambda writing: _arrive(writing, user.id, at=at))
    for sentence in told:
        flash(sentence, "info")
    return stay(user, go_to(page), has_passed=has_passed, at=at)


def stay(user: User, answer: Response, *, has_passed: bool, at: datetime) -> Response:
    """Signed in under a new id: at the sign-in, and whenever all others of this person's have just ended."""
    login_user(user)
    held[SIGNED_IN_ANEW] = str(user.id)
    held[PASSED] = has_passed
    held[PROVED_AT] = at.isoformat()
    return _keep_device(user, answer, at=at)


def prove(*, at: datetime) -> None:
    held[PROVED_AT] = at.isoformat()


def has_proved_lately(*, at: datetime) -> bool:
    proved_at = held.get(PROVED_AT)
    return proved_at is not None and at < datetime.fromisoformat(proved_at) + PROVED_LIFE


def has_passed() -> bool:
    return bool(held.get(PASSED))


def came_by_code_of() -> UUID | None:
    """The coordinator whose code this sign-in began with. Later ones begin with the person's own password."""
    return UUID(held[CODE_OF]) if CODE_OF in held else None


def current_user_here() -> User:
    """Who is signed in, in this request's own session."""
    return session().get_one(User, current_user.id)


def held_hash() -> str:
    """What the server calls this browser. Every form brings the token of a sign-in that is held already."""
    return hashed(current().cookie or "")


def here() -> passkeys.Place:
    return passkeys.place_of(current_app.config["TIMEBANK_ADDRESS"], asked_at=request.host_url)


def device() -> str | None:
    return request.cookies.get(current_app.config["TIMEBANK_DEVICE_COOKIE"])


def secret() -> str:
    return str(current_app.secret_key)


def _forget_who_was_here() -> None:
    for name in [name for name in held if name != "csrf_token"]:
        held.pop(name)


def _arrive(writing: Session, user_id: UUID, *, at: datetime) -> list[str]:
    user = writing.get_one(User, user_id)
    told = [events.sentence(one) for one in events.tell_what_others_did(writing, member=user.member, at=at)]
    if not guesses.is_known(writing, user=user, device=device(), at=at):
        about = browser_of(request.user_agent.string)
        events.note(writing, What.NEW_BROWSER, member=user.member, by=user.member, at=at, about=about)
    return [f"{sentence}. You find it under “My sign-in”." for sentence in told]


def _keep_device(user: User, answer: Response, *, at: datetime) -> Response:
    before, name = device(), current_app.config["TIMEBANK_DEVICE_COOKIE"]
    safely: dict[str, Any] = {
        "httponly": True,
        "samesite": "Lax",
        "path": "/",
        "secure": current_app.config["SESSION_COOKIE_SECURE"],
    }
    if held.get(SHARED_DEVICE):
        database().run_again(lambda writing: guesses.forget_device(writing, device=before))
        answer.delete_cookie(name, **safely)
    else:
        fresh = database().run_again(lambda writing: guesses.remember_device(writing, user=user, device=before, at=at))
        answer.set_cookie(name, fresh, max_age=guesses.DEVICE_LIFE, **safely)
    return answer
