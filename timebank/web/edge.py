"""One database session per request, opened by purpose and committed once, here."""

from contextlib import ExitStack

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session

from timebank.db import Database

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def plug_in(app: Flask, database: Database) -> None:
    app.extensions["timebank.database"] = database
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
            g.closing.enter_context(database().writing_turn())
            g.session = g.closing.enter_context(database().open_writing())
    return g.session


def only_read() -> None:
    """For an act that stores nothing of its own (signing in checks a slow password): do not queue with the writers."""
    g.only_reads = True


def commit() -> None:
    if "session" in g and request.method not in SAFE_METHODS and not g.get("only_reads", False):
        g.session.commit()


def close() -> None:
    """End the act; what was not committed is rolled back. Whatever the answer still needs, it may only read."""
    _close(None)
    only_read()


def _close_before_sign_ins(response: Response) -> Response:
    """Sign-ins are kept after this, by a transaction of their own. It would wait for ours for ever on SQLite."""
    _close(None)
    return response


def _close(_: BaseException | None) -> None:
    closing = g.pop("closing", None)
    g.pop("session", None)
    if closing is not None:
        closing.close()
