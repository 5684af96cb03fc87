"""Sign-ins held by the server: the cookie carries a random id and nothing else, so signing out really ends it."""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from flask import Flask, Request, Response
from flask import request as flask_request
from flask.globals import request_ctx
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete, update
from werkzeug.datastructures import CallbackDict

from ledger.errors import VeryBusy
from timebank import clock
from timebank.db import Database
from timebank.signin.browsers import browser_of
from timebank.signin.models import MEMBERS, HeldSignIn, Limits, is_over

# So often it is written down that a sign-in is in use.
SEEN_EVERY = timedelta(minutes=5)
SIGNED_IN_ANEW = "signed-in-anew"  # by whom: their sign-in gets an id of its own
SHARED_DEVICE = "shared-device"  # kept no longer than the browser stays open
FOR_NOBODY = frozenset({"static", "pages.htmx", "pages.health"})  # the same whoever asks


class CookieNames(NamedTuple):
    """`left` is set by the page itself when somebody leaves quickly, so that it is there before anything else can be asked
    for. The message that ends the sign-in may come late, or never on a bad line; whatever asks next with it ends it."""

    sign_in: str
    left: str
    device: str


def cookie_names(*, is_https: bool) -> CookieNames:
    """With the prefix browsers take them from this very site only, over https; on plain http they refuse such names."""
    prefix = "__Host-" if is_https else ""
    return CookieNames(f"{prefix}sign-in", f"{prefix}left", f"{prefix}device")


log = logging.getLogger(__name__)


class Held(CallbackDict, SessionMixin):
    """What Flask calls a session: a mapping that knows whether it was changed."""

    def __init__(self, row: HeldSignIn | None = None, cookie: str | None = None) -> None:
        super().__init__(row.data if row else None, on_update=lambda held: setattr(held, "modified", True))
        self.row, self.cookie = row, cookie
        self.modified = False
        self.accessed = True

    @property
    def id(self) -> UUID | None:
        return self.row.id if self.row else None

    def is_over(self, limits: Limits, *, at: datetime) -> bool:
        row = self.row
        return row is not None and is_over(limits, began_at=row.began_at, seen_at=row.seen_at, at=at)


def current() -> Held:
    """The one of this request, as what it is."""
    held = request_ctx.session
    assert isinstance(held, Held)
    return held


def has_lasted_for(limits: Limits) -> bool:
    """Whether this request's sign-in has lasted as long as these let it."""
    return current().is_over(limits, at=clock.now())


class HeldByServer(SessionInterface):
    def __init__(self, database: Database) -> None:
        self.database = database

    def open_session(self, app: Flask, request: Request) -> Held:
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie or request.endpoint in FOR_NOBODY:
            return Held()
        if app.config["TIMEBANK_LEFT_COOKIE"] in request.cookies:
            self._forget(cookie)
            return Held()
        with self.database.reading() as session:
            row, at = session.get(HeldSignIn, hashed(cookie)), clock.now()
            if row is None:
                return Held()
            held = Held(row, cookie)
        if held.is_over(MEMBERS, at=at):
            return Held()
        held.modified = at >= row.seen_at + SEEN_EVERY
        return held

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, Held)
        left = app.config["TIMEBANK_LEFT_COOKIE"]
        if left in flask_request.cookies and flask_request.endpoint not in FOR_NOBODY:
            self._delete(app, left, response)
        if not session.modified:
            return
        if not session:
            self._forget(session.cookie)
            self._delete(app, self.get_cookie_name(app), response)
            return
        cookie = self._keep(session)
        if cookie is None:
            return
        response.set_cookie(
            self.get_cookie_name(app),
            cookie,
            httponly=True,
            samesite="Lax",
            path="/",
            secure=app.config["SESSION_COOKIE_SECURE"],
            max_age=None if session.get(SHARED_DEVICE) else MEMBERS.whole,
        )
        response.headers["Cache-Control"] = "no-store"

    def _delete(self, app: Flask, name: str, response: Response) -> None:
        secure = app.config["SESSION_COOKIE_SECURE"]
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")

    def _keep(self, held: Held) -> str | None:
        """The cookie to send, or None where nothing could be kept.

        Whoever signs in gets a fresh id at that moment, so an id planted before is worth nothing. And what was ended
        while this request was under way stays ended: an answer that comes late does not open it again.
        """
        user_id = held.pop(SIGNED_IN_ANEW, None)
        at = clock.now()
        values = {"data": dict(held), "seen_at": at}
        try:
            with self.database.writing() as session:
                if held.cookie and user_id is None:
                    theirs = HeldSignIn.id_hash == hashed(held.cookie)
                    kept = session.execute(
                        update(HeldSignIn).where(theirs).values(values).returning(HeldSignIn.id_hash)
                    )
                    return held.cookie if kept.first() else None
                cookie = secrets.token_urlsafe(32)
                if held.cookie:
                    session.execute(delete(HeldSignIn).where(HeldSignIn.id_hash == hashed(held.cookie)))
                browser = browser_of(flask_request.user_agent.string)
                user = UUID(user_id) if user_id else None
                session.add(HeldSignIn(id_hash=hashed(cookie), user_id=user, browser=browser, began_at=at, **values))
        except VeryBusy:  # the act itself is done and its answer stands
            log.warning("a sign-in could not be kept: too many were writing")
            return None
        return cookie

    def _forget(self, cookie: str | None) -> None:
        if not cookie:
            return
        try:
            with self.database.writing() as session:
                session.execute(delete(HeldSignIn).where(HeldSignIn.id_hash == hashed(cookie)))
        except VeryBusy:
            log.warning("a sign-in could not be ended on the server: too many were writing; the browser forgets it")


def hashed(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
