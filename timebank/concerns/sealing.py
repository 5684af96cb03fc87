"""Sealing words for a few people, so that neither the database nor the server's own key opens them.

Each text is encrypted with a key of its own, and that key once for each person who may read it, with their public key. A
person's private key is kept only encrypted under a key made from their passphrase, which is typed each time and kept nowhere.
What is bound to a place (bank, concern, text, person) opens in no other.
"""

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from tink import KeysetHandle, TinkError, aead, hybrid, new_keyset_handle, proto_keyset_format, secret_key_access
from tink.proto import aes_gcm_pb2, tink_pb2

from timebank.errors import Conflict, Invalid
from timebank.signin import passwords

aead.register()
hybrid.register()

SLOWNESS = "argon2id:3:47104:1"  # passes, KiB and lanes; it stands with each key, so that it can grow later
TEMPLATE = hybrid.hybrid_key_templates.DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_AES_256_GCM
KEY_BYTES, SALT_BYTES = 32, 16
PADDED_TO = 1024  # so that the length of what is stored tells little about the length of what was said
CHECK_LETTERS = 12


class WrongPassphrase(Invalid):
    """That passphrase does not open it. Please check it and try again."""


class Unreadable(Conflict):
    """This cannot be opened: it was damaged or changed since it was sealed. Please tell whoever keeps the server."""


@dataclass(frozen=True, kw_only=True)
class KeptKey:
    """All that is stored about somebody's key."""

    id: UUID
    bank_id: UUID
    public: bytes
    private: bytes
    salt: bytes
    slowness: str

    @property
    def _place(self) -> bytes:
        return _place("private key", self.bank_id, self.id, self.slowness)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a text belongs. Moved to any other place, it does not open."""

    bank_id: UUID
    concern_id: UUID
    text_id: UUID
    kind: str

    @property
    def as_bytes(self) -> bytes:
        return _place("text", self.bank_id, self.concern_id, self.text_id, self.kind)

    def for_key(self, key_id: UUID, lead_id: UUID | None) -> bytes:
        return _place("wrap", self.bank_id, self.concern_id, self.text_id, self.kind, key_id, lead_id or "bank")


@dataclass(frozen=True, kw_only=True)
class ForKey:
    """A public key to seal for, and whose it is; None is the bank's printed key."""

    id: UUID
    lead_id: UUID | None
    public: bytes


@dataclass(frozen=True, kw_only=True)
class Sealed:
    text: bytes
    wraps: Mapping[UUID, bytes]  # by the id of the key


def make_key(passphrase: str, *, key_id: UUID, bank_id: UUID, slowness: str = SLOWNESS) -> KeptKey:
    """Slow on purpose. Raises ManySigningIn."""
    return lock(new_keyset_handle(TEMPLATE), passphrase, key_id=key_id, bank_id=bank_id, slowness=slowness)


def lock(private: KeysetHandle, passphrase: str, *, key_id: UUID, bank_id: UUID, slowness: str = SLOWNESS) -> KeptKey:
    """The same key under another passphrase. Raises ManySigningIn."""
    salt = secrets.token_bytes(SALT_BYTES)
    box = _box(_stretched(passphrase, salt, slowness))
    plain = proto_keyset_format.serialize(private, secret_key_access.TOKEN)
    return KeptKey(
        id=key_id,
        bank_id=bank_id,
        public=proto_keyset_format.serialize_without_secret(private.public_keyset_handle()),
        private=box.encrypt(plain, _place("private key", bank_id, key_id, slowness)),
        salt=salt,
        slowness=slowness,
    )


def unlock(kept: KeptKey, passphrase: str) -> KeysetHandle:
    """Raises WrongPassphrase, ManySigningIn."""
    box = _box(_stretched(passphrase, kept.salt, kept.slowness))
    try:
        plain = box.decrypt(kept.private, kept._place)  # noqa: SLF001 - its own
        return proto_keyset_format.parse(plain, secret_key_access.TOKEN)
    except TinkError:
        raise WrongPassphrase from None


def seal(body: Mapping[str, Any], *, place: Place, keys: Iterable[ForKey]) -> Sealed:
    key = secrets.token_bytes(KEY_BYTES)
    return Sealed(
        text=_box(key).encrypt(_padded(json.dumps(body).encode()), place.as_bytes),
        wraps={one.id: _wrap(key, one, place) for one in keys},
    )


def open_sealed(
    text: bytes, wrapped: bytes, *, place: Place, key_id: UUID, lead_id: UUID | None, private: KeysetHandle
) -> dict[str, Any]:
    """Raises Unreadable."""
    key = _unwrap(wrapped, place=place, key_id=key_id, lead_id=lead_id, private=private)
    try:
        return json.loads(_box(key).decrypt(text, place.as_bytes))
    except TinkError:
        raise Unreadable from None


def wrap_again(
    wrapped: bytes, *, place: Place, key_id: UUID, lead_id: UUID | None, private: KeysetHandle, for_key: ForKey
) -> bytes:
    """The same text for one person more. Raises Unreadable."""
    return _wrap(_unwrap(wrapped, place=place, key_id=key_id, lead_id=lead_id, private=private), for_key, place)


def check_code(public: bytes) -> str:
    """A few letters that two people can compare by voice: the same code, the same key."""
    code = hashlib.sha256(public).hexdigest()[:CHECK_LETTERS].upper()
    return " ".join(code[start : start + 4] for start in range(0, CHECK_LETTERS, 4))


def _wrap(key: bytes, one: ForKey, place: Place) -> bytes:
    public = proto_keyset_format.parse_without_secret(one.public)
    return public.primitive(hybrid.HybridEncrypt).encrypt(key, place.for_key(one.id, one.lead_id))


def _unwrap(wrapped: bytes, *, place: Place, key_id: UUID, lead_id: UUID | None, private: KeysetHandle) -> bytes:
    try:
        return private.primitive(hybrid.HybridDecrypt).decrypt(wrapped, place.for_key(key_id, lead_id))
    except TinkError:
        raise Unreadable from None


def _stretched(passphrase: str, salt: bytes, slowness: str) -> bytes:
    _, rounds, kibibytes, lanes = slowness.split(":")
    typed = unicodedata.normalize("NFKC", passphrase).encode()
    with passwords.a_turn():
        return hash_secret_raw(typed, salt, int(rounds), int(kibibytes), int(lanes), KEY_BYTES, Type.ID)


def _box(key: bytes) -> Any:
    """AES-256-GCM with a key of 32 bytes."""
    data = tink_pb2.KeyData(
        type_url="type.googleapis.com/google.crypto.tink.AesGcmKey",
        value=aes_gcm_pb2.AesGcmKey(key_value=key).SerializeToString(),
        key_material_type=tink_pb2.KeyData.SYMMETRIC,
    )
    only = tink_pb2.Keyset.Key(key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW)
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[only]).SerializeToString()
    return proto_keyset_format.parse(keyset, secret_key_access.TOKEN).primitive(aead.Aead)


def _padded(body: bytes) -> bytes:
    return body + b" " * (-len(body) % PADDED_TO)


def _place(*parts: object) -> bytes:
    return json.dumps(["timebank concern", *map(str, parts)]).encode()
