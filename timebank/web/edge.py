"""One database session per request, opened by purpose and committed once, here.

Where PostgreSQL sends a request back for the sake of another one (ledger.retrying), the whole request is run again: with
the same form, so with the same ids, and with nothing remembered of the first time.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from io import BytesIO
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session

from ledger import retrying
from ledger.errors import VeryBusy
from timebank.db import Database

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAY_RUN_AGAIN = "timebank.may_run_again"
Answer = TypeVar("Answer")


def plug_in(app: Flask, database: Database) -> None:
    app.extensions["timebank.database"] = database
    if not database.is_sqlite:
        app.wsgi_app = RunAgain(app)  # type: ignore[method-assign]
    app.after_request(_close_before_sign_ins)
    app.teardown_request(_close)


def database() -> Database:
    return current_app.extensions["timebank.database"]


def session() -> Session:
    """This request's session. Pages that are only read get one in which the database refuses to write."""
    if "session" not in g:
        g.closing = ExitStack()
        if request.method in SAFE_METHODS or g.get("only_reads", False):
            g.session = g.closing.enter_context(database().open_reading())
        else:
            # Taken before the session begins: on SQLite writers wait here in the order they came.
            _take_turn()
            g.session = g.closing.enter_context(database().open_writing())
    return g.session


def _take_turn() -> None:
    try:
        g.closing.enter_context(database().writing_turn())
    except VeryBusy:
        only_read()  # the page that says so must not stand in the same line again
        raise


def only_read() -> None:
    """For an act that stores nothing of its own (signing in checks a slow password): do not queue with the writers."""
    g.only_reads = True


def commit() -> None:
    if "session" in g and request.method not in SAFE_METHODS and not g.get("only_reads", False):
        g.session.commit()


def write_before_answering(act: Callable[[Session], None]) -> None:
    """Has something written down that belongs to reading a page, once the page is made. It leaves only if that was written."""
    g.setdefault("to_write_down", []).append(act)


def write_down(*, is_done: bool) -> None:
    """In a transaction of its own. An act that was done has noted itself, and what it shows belongs to it."""
    acts = g.pop("to_write_down", [])
    if not acts or (is_done and request.method not in SAFE_METHODS):
        return

    def write(session: Session) -> None:
        for act in acts:
            act(session)

    database().run_again(write)


def close() -> None:
    """End the act; what was not committed is rolled back. Whatever the answer still needs, it may only read."""
    _close(None)
    only_read()


def in_one_act(act: Callable[[Session], Answer]) -> Answer:
    """For an act that only reads (see `only_read`), and then writes after all. Nothing that was read is held on to."""
    close()
    return database().run_again(act)


def _close_before_sign_ins(response: Response) -> Response:
    """Sign-ins are kept after this, by a transaction of their own. It would wait for ours for ever on SQLite."""
    _close(None)
    return response


def _close(_: BaseException | None) -> None:
    closing = g.pop("closing", None)
    g.pop("session", None)
    if closing is not None:
        closing.close()


class SentBack(BaseException):
    """Ends a run of a request from wherever it is, past every handler, so that nothing of it is answered or kept."""


def run_again_after(error: Exception) -> None:
    """Does not come back where the database sent this request back and it may still be run again."""
    if request.environ.get(MAY_RUN_AGAIN, False) and retrying.is_clash(error):
        current_app.logger.info("two stood in each other's way at %s: run again", request.endpoint)
        raise SentBack from error


class RunAgain:
    """Keeps what came with a request until it is answered."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.run = app.wsgi_app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        most = self.app.config["MAX_CONTENT_LENGTH"]
        if environ["REQUEST_METHOD"] in SAFE_METHODS or not length.isdecimal() or int(length) > most:
            return self.run(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        for before in range(1, retrying.AGAIN + 1):
            try:
                return self.run({**environ, "wsgi.input": BytesIO(body), MAY_RUN_AGAIN: True}, start_response)
            except SentBack:
                retrying.pause(before)
        return self.run({**environ, "wsgi.input": BytesIO(body)}, start_response)
