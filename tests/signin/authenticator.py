"""A device that keeps passkeys, in a few lines, so that tests can have it say what no honest device says."""

import base64
import hashlib
import json
import secrets
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def letters(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """`origin` and `place` are what the browser would fill in; `lies` overrides any of it."""

    def __init__(self, origin="http://localhost", place="localhost"):
        self.origin, self.place = origin, place
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.count, self.handle = 0, b""

    def make(self, options, **lies):
        self.handle = raw(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        point = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        key = bytes(16) + struct.pack(">H", 32) + self.credential_id + cbor2.dumps(point)
        said = self._said("webauthn.create", options, lies)
        shown = self._shown(lies, WITH_KEY) + key
        made = {"attestationObject": letters(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": shown}))}
        return self._credential(said, made)

    def use(self, options, **lies):
        self.count += 1
        said, shown = self._said("webauthn.get", options, lies), self._shown(lies, 0)
        signed = self.key.sign(shown + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        handle = lies.get("handle", self.handle)
        answered = {
            "authenticatorData": letters(shown),
            "signature": letters(lies.get("signature", signed)),
        }
        return self._credential(said, answered | ({"userHandle": letters(handle)} if handle else {}))

    def _said(self, kind, options, lies):
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | {name: lies[name] for name in said if name in lies}).encode()

    def _shown(self, lies, more):
        flags = lies.get("flags", PRESENT | VERIFIED) | more
        place = hashlib.sha256(lies.get("place", self.place).encode()).digest()
        return place + struct.pack(">BI", flags, lies.get("count", self.count))

    def _credential(self, said, response):
        name = letters(self.credential_id)
        response = {"clientDataJSON": letters(said)} | response
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
