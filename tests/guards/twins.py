"""Two copies of one bank, each with an application of its own, and the same browser in both: what differs is what was done."""

import copy
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.clients import Browser, without_tokens
from timebank.app import create_app
from timebank.config import Config
from timebank.db import Database
from timebank.members.models import Member
from timebank.web.policy import POLICY, Who

CONFIG = Config(secret_key="only-for-tests-" * 3)
_NONCE = re.compile(r"'nonce-[^']+'")
# What a page makes up for its form, new each time.
_NEW = re.compile(r'(name="(?:log_id|offer_id|concern_id|text_id)" value=")[0-9a-f-]{36}')
NOT_COMPARED = {"Date", "Set-Cookie"}
WITHOUT_WHO = {Who.ANYONE, Who.HALF_IN}


@dataclass
class World:
    app: Flask
    database: Database
    session: Session

    @classmethod
    def of(cls, database: Database, compiled: object) -> "World":
        app = create_app(CONFIG, database)
        app.jinja_env.bytecode_cache = compiled  # type: ignore[assignment]
        return cls(app, database, database.open_writing())

    def close(self) -> None:
        self.session.close()
        self.database.close()


def copied(database: Database, to: Path) -> Database:
    """Of a SQLite file whose sessions are closed."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(str(database.url.database), to)
    return Database(f"sqlite:///{to}", keys=database.keys)


def signed_in(world: World, member: Member) -> Browser:
    return Browser(world.app, world.session, member)


def same_browser(browser: Browser, world: World) -> Browser:
    """The same cookie, so the same sign-in, at the other application."""
    twin = copy.copy(browser)
    twin.app, twin.session, twin.client = world.app, world.session, world.app.test_client()
    cookie = browser.client.get_cookie(browser.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    twin.client.set_cookie(browser.app.config["SESSION_COOKIE_NAME"], cookie.value)
    return twin


def addresses(app: Flask, method: str, things: list[tuple[str, object]]) -> list[str]:
    """Every address of the live map for which these ids, or none, are enough. What is the same for strangers is left out."""
    found, adapter = [], app.url_map.bind("localhost")
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        row = getattr(app.view_functions[rule.endpoint], "policy_row", rule.endpoint)
        if method not in (rule.methods or ()) or POLICY[row] in WITHOUT_WHO or len(rule.arguments) > 1:
            continue
        if not rule.arguments:
            found.append(adapter.build(rule.endpoint))
        for name, thing in things:
            if rule.arguments == {name}:
                found.append(adapter.build(rule.endpoint, {name: thing}))
    return found


def as_read(answer: TestResponse) -> tuple[int, dict[str, str], str | bytes]:
    """All that a person and their browser get, without what is drawn anew for every page."""
    headers = {name: _NONCE.sub("", value) for name, value in answer.headers.items() if name not in NOT_COMPARED}
    is_text = answer.mimetype.startswith("text/")
    body: str | bytes = _NEW.sub(r"\1", without_tokens(answer)) if is_text else answer.get_data()
    return answer.status_code, headers, body


def words_of(answer: TestResponse) -> str:
    """What could name somebody; a bundle of tables holds what the same record as one file holds."""
    return answer.text if answer.mimetype.startswith(("text/", "application/json")) else ""
