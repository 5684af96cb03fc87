"""A browser without pictures: signs in as somebody at once, sends the token a form would send, and asks as htmx when told to."""

import hashlib
import re
import secrets
from functools import cache
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from argon2 import PasswordHasher
from flask import Flask
from flask_login.utils import _create_identifier
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from timebank import clock
from timebank.members.models import Member
from timebank.signin import passwords
from timebank.signin.entering import HALF_WAY, PASSED, PROVED_AT, HalfWay
from timebank.signin.models import HeldSignIn, User

WHO = {"User-Agent": "tests"}
_TOKEN = re.compile(r"""(name="csrf_token" value=")[^"]+|("X-CSRFToken":\s*")[^"]+|(nonce=")[^"]+""")


@cache
def nobodys_password() -> str:
    """What is kept of a password that no test types: it can be held against any other, as a real one."""
    return PasswordHasher(passwords.ROUNDS, passwords.KIBIBYTES, passwords.LANES).hash(secrets.token_hex(16))


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
        user = self._user(member) if member is not None else None
        if user is not None:
            data |= {"_user_id": user.fs_uniquifier, "_fresh": True, "_id": self._identifier()}
            # As after a sign-in of just now with a second step: whoever coordinates needs one, and nobody minds.
            data |= {PASSED: True, PROVED_AT: clock.now().isoformat()}
        self.row = HeldSignIn(
            id_hash=hashlib.sha256(cookie.encode()).hexdigest(),
            user_id=user.id if user else None,
            data=data,
            browser="Firefox on Linux",
            began_at=clock.now(),
            seen_at=clock.now(),
        )
        session.add(self.row)
        self.client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)

    def begin_half_way(self, member: Member) -> None:
        """As after a right password, where a second step is still to be taken."""
        user = self._user(member)
        half = HalfWay(str(user.id), user.fs_uniquifier, clock.now().isoformat(), "/", False, None)
        self.row.data = self.row.data | {HALF_WAY: list(half)}

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

    def say_why(self, record: str, record_id: object = None, *, reason: str = "other-work") -> TestResponse:
        """Where no task is open, whoever looks after others says first why they look."""
        said = {"record": record, "reason": reason} | ({"record_id": str(record_id)} if record_id else {})
        return self.post("/why/", said)

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
        return self.client.open(url, headers=headers, base_url=self.site, **more)

    @property
    def site(self) -> str:
        return "https://localhost" if self.app.config["SESSION_COOKIE_SECURE"] else "http://localhost"

    @property
    def token(self) -> str:
        return URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(self.raw_token)

    def _user(self, member: Member) -> User:
        user = self.session.scalar(select(User).where(User.member_id == member.id))
        if user is None:
            user = User(
                id=uuid4(),
                member_id=member.id,
                sign_in_name=uuid4().hex,
                password=nobodys_password(),
                fs_uniquifier=uuid4().hex,
            )
            self.session.add(user)
            self.session.flush()
        return user

    def _identifier(self) -> str:
        with self.app.test_request_context("/", headers=WHO, environ_base={"REMOTE_ADDR": "127.0.0.1"}):
            return _create_identifier()
