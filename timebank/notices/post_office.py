"""Handing one message to the mail server, and saying for certain whether it took it: that decides whether it is tried again.

Until the message itself begins, nothing was handed over, whatever went wrong. From then on only the server's own answer
counts; where none comes it may have been taken, and it must not be sent again.
"""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from smtplib import SMTP, SMTPException

from timebank.config import Mail
from timebank.outbox.service import Outcome

PATIENCE = 20.0  # seconds for each answer
WHOLE_PATIENCE = 90.0  # for one message, with a server that answers letter by letter
READY, DONE, GO_ON, OK, FORWARDED, PERMANENT = 220, 235, 354, 250, 251, 500


class NotReached(Exception):  # noqa: N818 - the worker reads it as "not now"
    """The server is not there, or wants nothing from us: nothing of this message was handed over, and the others may wait."""


class PostOffice:
    """`trusted`: whom to trust, where it is not whom this computer trusts."""

    def __init__(
        self,
        mail: Mail,
        *,
        trusted: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
        whole_patience: float = WHOLE_PATIENCE,
    ) -> None:
        self.mail = mail
        self._trusted = trusted or ssl.create_default_context()
        self._patience, self._whole_patience = patience, whole_patience

    def hand_over(self, letter: EmailMessage, *, to: str) -> Outcome:
        """Raises NotReached."""
        with self._connected() as server:
            try:
                self._introduce(server)
                refused = self._address(server, to)
                if refused is not None:
                    return refused
                code, _ = server.docmd("DATA")
            except (OSError, SMTPException, ValueError) as error:
                raise NotReached(type(error).__name__) from error
            if code != GO_ON:
                return _refusal(code)
            return _deliver(server, letter.as_bytes())

    @contextmanager
    def _connected(self) -> Iterator[SMTP]:
        """However slowly the server answers, there is an end to it."""
        server = SMTP(local_hostname=self.mail.sender.rpartition("@")[2], timeout=self._patience)
        try:
            server.sock = socket.create_connection((self.mail.host, self.mail.port), self._patience)
        except OSError as error:
            raise NotReached(type(error).__name__) from error
        ending = threading.Timer(self._whole_patience, _hang_up, [server])
        ending.daemon = True
        ending.start()
        try:
            yield server
            with suppress(OSError, SMTPException, ValueError):
                server.quit()
        finally:
            ending.cancel()
            server.close()

    def _introduce(self, server: SMTP) -> None:
        """Never without encryption where it was asked for, and never a password without it."""
        if self.mail.tls == "tls":
            self._encrypt(server)
        _expect(READY, server.getreply()[0])
        server.ehlo_or_helo_if_needed()
        if self.mail.tls == "starttls":
            _expect(READY, server.docmd("STARTTLS")[0])
            self._encrypt(server)
            # What was said openly before could have been put there by anybody.
            server.helo_resp = server.ehlo_resp = None
            server.esmtp_features = {}
            server.does_esmtp = False
            server.ehlo_or_helo_if_needed()
        if self.mail.user is not None and self.mail.password_file is not None:
            server.login(self.mail.user, self.mail.password_file.read_text().strip())

    def _encrypt(self, server: SMTP) -> None:
        assert server.sock is not None
        server.sock = self._trusted.wrap_socket(server.sock, server_hostname=self.mail.host)
        server.file = None

    def _address(self, server: SMTP, to: str) -> Outcome | None:
        """One person. None where the server takes it."""
        _expect(OK, server.mail(self.mail.sender)[0])
        code, _ = server.rcpt(to)
        return None if code in {OK, FORWARDED} else _refusal(code)


def _deliver(server: SMTP, letter: bytes) -> Outcome:
    """A line that begins with a dot gets another one, or it would be the end of the message (RFC 5321, 4.5.2)."""
    try:
        server.send(re.sub(rb"(?m)^\.", b"..", letter) + b".\r\n")
        code, _ = server.getreply()
    except (OSError, SMTPException, ValueError):
        return Outcome.UNCLEAR
    return Outcome.SENT if code == OK else _refusal(code)


def _refusal(code: int) -> Outcome:
    return Outcome.REFUSED if code >= PERMANENT else Outcome.LATER


def _expect(code: int, got: int) -> None:
    """What the server says no to before it knows for whom it is has to do with our settings, and with nobody's address."""
    if got != code:
        raise NotReached(f"the mail server answered {got}")


def _hang_up(server: SMTP) -> None:
    """Whoever waits for an answer, in another thread, finds the line dead. (The socket under the encryption is meant.)"""
    if server.sock is not None:
        with suppress(OSError):
            socket.socket.shutdown(server.sock, socket.SHUT_RDWR)
