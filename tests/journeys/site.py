"""The app as people get it: waitress on a free port of this computer, in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import waitress
from flask import Flask

from tests.demonstration.inventing import CONFIG
from timebank.app import create_app
from timebank.db import Database
from timebank.serving import THREADS


class Site:
    """One server for the whole run; which bank it serves is said test by test."""

    def __init__(self) -> None:
        self.app: Flask | None = None
        self._server = waitress.create_server(self._answer, host="127.0.0.1", port=0, threads=THREADS, ident=None)
        self.url = f"http://localhost:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    @contextmanager
    def serving(self, database: Database) -> Iterator[Flask]:
        self.app = create_app(CONFIG, database)
        yield self.app
        self.app = None

    def close(self) -> None:
        self._server.close()
        self._server.task_dispatcher.shutdown(timeout=1)

    def _answer(self, environ, start_response):
        if self.app is None:  # a browser's last beacon may come after its test
            start_response("503 Between two tests", [])
            return []
        return self.app(environ, start_response)
