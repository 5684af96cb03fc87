"""Sign-ins held by the server: the cookie carries a random id and nothing else, so signing out really ends it."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete
from werkzeug.datastructures import CallbackDict

from timebank import clock
from timebank.db import Database
from timebank.signin.models import HeldSignIn

COOKIE_LIFE = timedelta(hours=12)
COOKIE_NAME = "sign-in"


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
        if not cookie or request.endpoint in {"static", "pages.htmx", "pages.health"}:
            return Held()
        with self.database.reading() as session:
            row = session.get(HeldSignIn, hashed(cookie))
            if row is None or row.expires_at <= clock.now():
                return Held()
            return Held(row.data, cookie)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, Held)
        if not session.modified:
            return
        if not session:
            self._forget(session)
            response.delete_cookie(self.get_cookie_name(app), path="/")
            return
        cookie = self._keep(session)
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

    def _keep(self, held: Held) -> str:
        """Whoever is signed in gets a fresh id at that moment, so an id planted before is worth nothing."""
        signed_in_anew = held.pop("signed-in-anew", False)
        cookie = held.cookie if held.cookie and not signed_in_anew else secrets.token_urlsafe(32)
        with self.database.writing() as session:
            if held.cookie and held.cookie != cookie:
                session.execute(delete(HeldSignIn).where(HeldSignIn.id_hash == hashed(held.cookie)))
            row = HeldSignIn(id_hash=hashed(cookie), data=dict(held), expires_at=clock.now() + COOKIE_LIFE)
            session.merge(row)
        return cookie

    def _forget(self, held: Held) -> None:
        if held.cookie:
            with self.database.writing() as session:
                session.execute(delete(HeldSignIn).where(HeldSignIn.id_hash == hashed(held.cookie)))


def hashed(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
