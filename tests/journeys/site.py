"""The app as people get it: waitress on a free port of this computer, in a thread, and https in front of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import waitress
from flask import Flask

from tests.demonstration.inventing import CONFIG
from tests.journeys.tls import Front, make_certificate
from timebank.app import create_app
from timebank.db import Database
from timebank.serving import THREADS


class Site:
    """One server for the whole run; which bank it serves is said test by test."""

    def __init__(self, folder: Path) -> None:
        self.app: Flask | None = None
        self.trusted_by = make_certificate(folder / "certificate.pem")
        self._server = waitress.create_server(self._answer, host="127.0.0.1", port=0, threads=THREADS, ident=None)
        self.front = Front(behind=self._server.effective_port, certificate=folder / "certificate.pem")
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def url(self, *, is_https: bool) -> str:
        return self.front.url if is_https else f"http://localhost:{self._server.effective_port}"

    @contextmanager
    def serving(self, database: Database, *, is_https: bool = False) -> Iterator[Flask]:
        """Over https with its address set, as on the network; without, as at one's own computer."""
        self.app = create_app(replace(CONFIG, address=self.front.url) if is_https else CONFIG, database)
        yield self.app
        self.app = None

    def close(self) -> None:
        self.front.close()
        self._server.close()
        self._server.task_dispatcher.shutdown(timeout=1)

    def _answer(self, environ, start_response):
        if self.app is None:  # a browser's last beacon may come after its test
            start_response("503 Between two tests", [])
            return []
        return self.app(environ, start_response)
