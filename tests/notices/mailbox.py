"""A mail server for tests: real sockets and the real protocol, and at each step it can refuse, hang, hang up or half accept."""

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANG, DROP = "hang", "drop"
# After the whole message came: it is kept, and then the server says nothing, or hangs up.
KEEP_AND_HANG, KEEP_AND_DROP = "keep and hang", "keep and drop"
GOOD = {"connect": 220, "ehlo": 250, "mail": 250, "rcpt": 250, "data": 354, "body": 250, "quit": 221, "starttls": 220}
STEPS = ("connect", "ehlo", "mail", "rcpt", "data", "body", "quit")


@dataclass
class Received:
    sender: str
    to: list[str]
    raw: bytes
    is_encrypted: bool

    @property
    def letter(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=default)  # type: ignore[return-value]


@dataclass
class MailServer:
    """`answers`: what to do at a step, a code or one of the words above; where nothing is said all goes well.

    `lists_tls`: whether it offers encryption. `reached`: is set when a step that hangs was come to.
    """

    answers: dict[str, object] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    lists_tls: bool = True
    from_the_start: bool = False  # encrypted before anything is said
    received: list[Received] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._ending = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._let_in, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    @property
    def port(self) -> int:
        return self._door.getsockname()[1]

    def _let_in(self) -> None:
        while not self._ending.is_set():
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._talk, args=[line], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, line: socket.socket) -> None:
        with suppress(OSError, _Over):
            _Talk(self, line).run()
        line.close()


class _Over(Exception):  # noqa: N818
    """This line is dead."""


class _Talk:
    def __init__(self, server: MailServer, line: socket.socket) -> None:
        self.server, self.line = server, line
        line.settimeout(0.05)
        self.sender, self.to, self.is_encrypted, self.left = "", [], False, b""

    def run(self) -> None:
        try:
            if self.server.from_the_start:
                self._encrypt()
            self._step("connect")
            while True:
                self._answer(self._read(b"\r\n").decode())
        finally:
            with suppress(OSError):
                self.line.close()

    def _answer(self, said: str) -> None:
        self.server.said.append(said)
        match said.split(" ", maxsplit=1)[0].upper():
            case "EHLO":
                offers = ["250-8BITMIME"]
                offers += ["250-AUTH PLAIN"] if self.is_encrypted else []
                offers += ["250-STARTTLS"] if self.server.lists_tls and not self.is_encrypted else []
                self._step("ehlo", before="\r\n".join(offers))
            case "STARTTLS":
                self._step("starttls" if self.server.lists_tls else "no-tls")
                self._encrypt()
            case "AUTH":
                self._say("235 yes" if self.is_encrypted else "538 not openly")
            case "MAIL":
                self.sender, self.to = said.partition("FROM:")[2].split(" ")[0].strip("<>"), []
                self._step("mail")
            case "RCPT":
                self._step("rcpt")
                self.to.append(said.partition("TO:")[2].strip("<>"))
            case "DATA":
                self._step("data")
                if self.server.answers.get("data", GOOD["data"]) == GOOD["data"]:
                    self._body(self._read(b"\r\n.\r\n"))
            case "QUIT":
                self._step("quit")
                raise _Over
            case _:
                self._say("502 what?")

    def _body(self, raw: bytes) -> None:
        answer = self.server.answers.get("body", GOOD["body"])
        if answer in {KEEP_AND_HANG, KEEP_AND_DROP} or str(answer)[0] == "2":
            whole = raw.replace(b"\r\n..", b"\r\n.") + b"\r\n"
            self.server.received.append(Received(self.sender, self.to, whole, self.is_encrypted))
        self._step("body")

    def _step(self, name: str, before: str = "") -> None:
        answer = self.server.answers.get(name, GOOD.get(name, 454))
        if answer in {HANG, KEEP_AND_HANG}:
            self.server.reached.set()
            while not self.server._ending.wait(0.02):
                self._look_whether_they_are_gone()
            raise _Over
        if answer in {DROP, KEEP_AND_DROP}:
            raise _Over
        self._say(f"{before}\r\n{answer} so it is" if before and str(answer)[0] == "2" else f"{answer} so it is")

    def _look_whether_they_are_gone(self) -> None:
        try:
            if self.line.recv(1000) == b"":
                raise _Over
        except TimeoutError:
            pass

    def _encrypt(self) -> None:
        assert self.server.context is not None
        self.line.settimeout(5)
        self.line = self.server.context.wrap_socket(self.line, server_side=True)
        self.line.settimeout(0.05)
        self.is_encrypted = True

    def _say(self, words: str) -> None:
        self.line.sendall(words.encode() + b"\r\n")

    def _read(self, end: bytes) -> bytes:
        while end not in self.left:
            try:
                some = self.line.recv(65536)
            except TimeoutError:
                if self.server._ending.is_set():
                    raise _Over from None
                continue
            if not some:
                raise _Over
            self.left += some
        found, _, self.left = self.left.partition(end)
        return found


def make_certificate(folder: Path, *, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For the server, and for whoever trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    alternative = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate", folder / "private"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(paths[0], paths[1])
    return server, ssl.create_default_context(cafile=str(paths[0]))
