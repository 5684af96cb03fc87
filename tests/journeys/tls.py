"""https in front of the server, as a reverse proxy gives it: a certificate of this run's own, and bytes handed on."""

import base64
import hashlib
import socket
import socketserver
import ssl
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID


def make_certificate(file: Path) -> str:
    """Written to that file with its key; the answer is what a browser may be told to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.touch(mode=0o600)
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


class Front(socketserver.ThreadingTCPServer):
    """Everything that comes in over https goes on to the server behind, and what it answers comes back."""

    daemon_threads = True

    def __init__(self, *, behind: int, certificate: Path) -> None:
        self.behind = behind
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        super().__init__(("127.0.0.1", 0), _HandOn)
        self.url = f"https://localhost:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _HandOn(socketserver.BaseRequestHandler):
    server: Front

    def handle(self) -> None:
        # A browser that leaves in the middle of something is no fault of anybody's.
        with (
            suppress(OSError),
            self.server.tls.wrap_socket(self.request, server_side=True) as outside,
            closing(socket.create_connection(("127.0.0.1", self.server.behind))) as inside,
        ):
            back = threading.Thread(target=_pour, args=(inside, outside), daemon=True)
            back.start()
            _pour(outside, inside)
            back.join()


def _pour(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(65536):
            to.sendall(some)
    with suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)
