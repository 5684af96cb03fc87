"""What tests of signing in share: a clock that they hand to the app, somebody with a password, and somebody with an app."""

from datetime import timedelta
from uuid import uuid4

import pytest
from passlib.totp import TOTP
from sqlalchemy import select

from tests.factories import NOON
from timebank import clock
from timebank.signin import code_app, factors, passwords
from timebank.signin.models import CodeApp, User

PASSWORD = "three or four words"


class Clock:
    """In place of the real one: it goes on when it is told to."""

    def __init__(self, monkeypatch):
        self.at = NOON
        monkeypatch.setattr(clock, "now", lambda: self.at)

    def forward(self, **more):
        self.at += timedelta(**more)


@pytest.fixture
def time(monkeypatch):
    return Clock(monkeypatch)


class Phone:
    """The app of one person."""

    def __init__(self, user_id, shared, spare):
        self.user_id, self.shared, self.spare = user_id, shared, spare

    def code(self, *, at=None, steps=0):
        return TOTP(key=self.shared).generate((at or clock.now()) + timedelta(seconds=30 * steps)).token


def open_door(session, member, name):
    """Somebody signs in with this name; what is kept of the password is known to `quick_passwords` only."""
    user = User(id=uuid4(), member_id=member.id, sign_in_name=name, password=PASSWORD)
    session.add(user)
    session.commit()
    return user


def give_app(app, session, user, *, at):
    """Switched on a while ago, so that the code of now is still to be used."""
    shared = code_app.new_shared()
    typed = TOTP(key=shared).generate(at - timedelta(minutes=5)).token
    before = {"typed": typed, "secret": app.secret_key, "here": None, "at": at - timedelta(minutes=5)}
    begun = factors.switch_app_on(session, user_id=user.id, shared=shared, **before)
    session.commit()
    return Phone(user.id, shared, begun.spare_codes)


@pytest.fixture
def quick_passwords(monkeypatch):
    """Right or wrong is what is tested here; that looking is slow is tested elsewhere."""
    monkeypatch.setattr(passwords, "is_right", lambda password, kept: kept is not None and password == kept)
    monkeypatch.setattr(passwords, "to_keep", lambda password: password)
    monkeypatch.setattr(passwords, "is_kept_as_of_old", lambda kept: False)


@pytest.fixture
def nell(session, giver, quick_passwords):
    """A member with a password and nothing else."""
    return open_door(session, giver, "nell")


@pytest.fixture
def phone(app, session, nell, time):
    """Nell's: she has a second step now."""
    return give_app(app, session, nell, at=time.at)


def sign_in(browser, name="nell", password=PASSWORD, **more):
    return browser.post("/sign-in/", {"sign_in_name": name, "password": password} | more)


def second_step(browser, code):
    return browser.post("/sign-in/second-step", {"second_code": code})


def is_in(browser):
    return browser.get("/hours/").status_code == 200


def last_step(session, user_id):
    return session.scalar(select(CodeApp.last_step).where(CodeApp.user_id == user_id))
