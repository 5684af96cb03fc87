"""A browser without pictures: signs in as somebody at once, sends the token a form would send, and asks as htmx when told to."""

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from flask import Flask
from flask_login.utils import _create_identifier
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from timebank import clock
from timebank.members.models import Member
from timebank.signin.held import COOKIE_NAME
from timebank.signin.models import HeldSignIn, User

WHO = {"User-Agent": "tests"}
_TOKEN = re.compile(r"""(name="csrf_token" value=")[^"]+|("X-CSRFToken":\s*")[^"]+""")


def is_whole_page(answer: TestResponse) -> bool:
    return "<html" in answer.text


def without_tokens(answer: TestResponse) -> str:
    """The answer as two people could compare it: the tokens of its forms differ by the second."""
    return _TOKEN.sub("", answer.text)


class Browser:
    """`member` None is a stranger. Whatever the test prepared is committed before each request, so that the app sees it."""

    def __init__(self, app: Flask, session: Session, member: Member | None) -> None:
        self.app, self.session = app, session
        self.client = app.test_client()
        self.raw_token = secrets.token_hex(16)
        cookie = secrets.token_urlsafe(32)
        data: dict[str, Any] = {"csrf_token": self.raw_token}
        if member is not None:
            data |= {"_user_id": self._user(member).fs_uniquifier, "_fresh": True, "_id": self._identifier()}
        row = HeldSignIn(
            id_hash=hashlib.sha256(cookie.encode()).hexdigest(), data=data, expires_at=clock.now() + timedelta(hours=1)
        )
        session.add(row)
        self.client.set_cookie(COOKIE_NAME, cookie)

    def get(self, url: str, **more: Any) -> TestResponse:
        return self.open(url, method="GET", **more)

    def post(
        self, url: str, data: dict[str, Any] | None = None, *, token: str | None = "", **more: Any
    ) -> TestResponse:
        """`token=None` sends none, which must be refused."""
        form = dict(data or {})
        if token is not None:
            form["csrf_token"] = token or self.token
        return self.open(url, method="POST", data=form, **more)

    def post_raw(self, url: str, data: dict[str, str]) -> TestResponse:
        """As `post`, for letters that no honest browser sends, such as half of a surrogate pair."""
        pairs = (data | {"csrf_token": self.token}).items()
        body = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs)
        return self.open(url, method="POST", data=body, content_type="application/x-www-form-urlencoded")

    def open(self, url: str, *, htmx: bool = False, **more: Any) -> TestResponse:
        self.session.commit()
        self.session.close()  # the next read sees what the app wrote
        headers = WHO | dict(more.pop("headers", {}))
        if htmx:
            headers["HX-Request"] = "true"
        return self.client.open(url, headers=headers, **more)

    @property
    def token(self) -> str:
        return URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(self.raw_token)

    def _user(self, member: Member) -> User:
        user = self.session.scalar(select(User).where(User.member_id == member.id))
        if user is None:
            user = User(
                id=uuid4(), member_id=member.id, sign_in_name=uuid4().hex, password="!", fs_uniquifier=uuid4().hex
            )
            self.session.add(user)
            self.session.flush()
        return user

    def _identifier(self) -> str:
        with self.app.test_request_context("/", headers=WHO, environ_base={"REMOTE_ADDR": "127.0.0.1"}):
            return _create_identifier()
