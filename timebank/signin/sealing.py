"""What the database keeps but does not know: readable with the server's key only, and only for whom it was sealed."""

import base64
import hashlib
import hmac
from functools import cache
from uuid import UUID

import tink
from tink import TinkError, aead, secret_key_access
from tink.proto import aes_gcm_pb2, tink_pb2

KIND_OF_KEY = "type.googleapis.com/google.crypto.tink.AesGcmKey"
ID_OF_KEY = 1


class CannotBeOpened(Exception):  # noqa: N818 - nobody reads it: whoever asks takes it for "not there"
    """Sealed with another key, for somebody else, or changed since."""


def seal(words: str, *, secret: str, owner: UUID) -> str:
    """`secret` is the server's key; `owner` can be told by nobody from what comes out, and nobody else can be put there."""
    sealed = _key(secret).encrypt(words.encode(), owner.bytes)
    return base64.urlsafe_b64encode(sealed).decode()


def unseal(sealed: str, *, secret: str, owner: UUID) -> str:
    """Raises CannotBeOpened."""
    try:
        return _key(secret).decrypt(base64.urlsafe_b64decode(sealed), owner.bytes).decode()
    except (TinkError, ValueError) as error:
        raise CannotBeOpened from error


def derived(secret: str, purpose: str) -> bytes:
    """A key for one purpose only, from which the server's own cannot be worked out."""
    return hmac.new(secret.encode(), f"timebank {purpose}".encode(), hashlib.sha256).digest()


@cache
def _key(secret: str) -> aead.Aead:
    """AES-256-GCM. Tink makes the nonces, and puts the number of the key before what it seals."""
    aead.register()
    raw = aes_gcm_pb2.AesGcmKey(version=0, key_value=derived(secret, "seals second factors"))
    keyset = tink_pb2.Keyset(primary_key_id=ID_OF_KEY)
    key = keyset.key.add()
    key.key_id, key.status, key.output_prefix_type = ID_OF_KEY, tink_pb2.ENABLED, tink_pb2.TINK
    key.key_data.type_url, key.key_data.value = KIND_OF_KEY, raw.SerializeToString()
    key.key_data.key_material_type = tink_pb2.KeyData.SYMMETRIC
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(aead.Aead)
