"""Sign-ins held by the server: the cookie carries a random id and nothing else, so signing out really ends it."""

import hashlib
import logging
import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response
from flask import request as flask_request
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete, update
from werkzeug.datastructures import CallbackDict

from ledger.errors import VeryBusy
from timebank import clock
from timebank.db import Database
from timebank.signin.models import HeldSignIn

COOKIE_LIFE = timedelta(hours=12)
COOKIE_NAME = "sign-in"
# Set by the page itself when somebody leaves quickly, so that it is there before anything else can be asked for. The
# message that ends the sign-in may come late, or never on a bad line; whatever asks next with this cookie ends it.
LEFT_COOKIE = "left"
FOR_NOBODY = frozenset({"static", "pages.htmx", "pages.health"})  # the same whoever asks

log = logging.getLogger(__name__)


class Held(CallbackDict, SessionMixin):
    """What Flask calls a session: a mapping that knows whether it was changed."""

    def __init__(self, data: dict[str, Any] | None = None, cookie: str | None = None) -> None:
        super().__init__(data, on_update=lambda held: setattr(held, "modified", True))
        self.cookie = cookie
        self.modified = False
        self.accessed = True


class HeldByServer(SessionInterface):
    def __init__(self, database: Database) -> None:
        self.database = database

    def open_session(self, app: Flask, request: Request) -> Held:
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie or request.endpoint in FOR_NOBODY:
            return Held()
        if LEFT_COOKIE in request.cookies:
            self._forget(cookie)
            return Held()
        with self.database.reading() as session:
            row = session.get(HeldSignIn, hashed(cookie))
            if row is None or row.expires_at <= clock.now():
                return Held()
            return Held(row.data, cookie)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, Held)
        if LEFT_COOKIE in flask_request.cookies and flask_request.endpoint not in FOR_NOBODY:
            response.delete_cookie(LEFT_COOKIE, path="/")
        if not session.modified:
            return
        if not session:
            self._forget(session.cookie)
            response.delete_cookie(self.get_cookie_name(app), path="/")
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
            max_age=COOKIE_LIFE,
        )
        response.headers["Cache-Control"] = "no-store"

    def _keep(self, held: Held) -> str | None:
        """The cookie to send, or None where nothing could be kept.

        Whoever signs in gets a fresh id at that moment, so an id planted before is worth nothing. And what was ended
        while this request was under way stays ended: an answer that comes late does not open it again.
        """
        signed_in_anew = held.pop("signed-in-anew", False)
        values = {"data": dict(held), "expires_at": clock.now() + COOKIE_LIFE}
        try:
            with self.database.writing() as session:
                if held.cookie and not signed_in_anew:
                    theirs = HeldSignIn.id_hash == hashed(held.cookie)
                    kept = session.execute(
                        update(HeldSignIn).where(theirs).values(values).returning(HeldSignIn.id_hash)
                    )
                    return held.cookie if kept.first() else None
                cookie = secrets.token_urlsafe(32)
                if held.cookie:
                    session.execute(delete(HeldSignIn).where(HeldSignIn.id_hash == hashed(held.cookie)))
                session.add(HeldSignIn(id_hash=hashed(cookie), **values))
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
