"""Passkeys: what a browser is asked, and whether what it answers is theirs. The cryptography is the library's.

Every passkey has to check who is there, by finger, face or number: so it is both factors at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import webauthn
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from timebank.errors import Conflict, Invalid
from timebank.signin.models import Passkey, PasskeyChallenge, User

CHALLENGE_LIFE = timedelta(minutes=5)
MOST = 10
Read = TypeVar("Read")


class NotThisPasskey(Invalid):
    """That passkey did not work here. You can try again, or use your password."""


class NoPasskeysHere(Conflict):
    """Passkeys work only at the address of the bank that was given to you. Please open that one, or use your password."""


class ManyPasskeys(Conflict):
    """Ten passkeys are the most. Please remove one that you no longer use."""


class Purpose(StrEnum):
    REGISTER = "register"
    ENTER = "enter"
    SECOND_STEP = "second-step"
    PROVE = "prove"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where passkeys are made and asked for. A passkey of one place is worth nothing at another."""

    name: str
    origin: str


def place_of(address: str | None, *, asked_at: str) -> Place:
    """The configured address; without one, this computer only, as it was asked for. Raises NoPasskeysHere."""
    parts = urlsplit((address or asked_at).lower().rstrip("/"))
    name = parts.hostname or ""
    if address is None and name != "localhost" and not name.endswith(".localhost"):
        raise NoPasskeysHere
    return Place(name=name, origin=f"{parts.scheme}://{parts.netloc}")


def options_to_register(session: Session, *, user: User, place: Place, held_hash: str, at: datetime) -> str:
    """What the browser needs to make a new one, as JSON. Raises ManyPasskeys."""
    theirs = list_of(session, user)
    if len(theirs) >= MOST:
        raise ManyPasskeys
    options = webauthn.generate_registration_options(
        rp_id=place.name,
        rp_name=user.member.bank.name,
        user_id=user.id.bytes,
        user_name=user.sign_in_name,
        user_display_name=user.member.name,
        timeout=_milliseconds(CHALLENGE_LIFE),
        # Whatever the device has: nothing is said about where the key is kept, so phones and laptops may use their own.
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(theirs),
    )
    _keep(session, held_hash, Purpose.REGISTER, options.challenge, at=at)
    return webauthn.options_to_json(options)


def options_to_use(
    session: Session, *, purpose: Purpose, user: User | None, place: Place, held_hash: str, at: datetime
) -> str:
    """`user` None: whoever it is, the device says it. Then nothing in the answer depends on who is a member."""
    options = webauthn.generate_authentication_options(
        rp_id=place.name,
        timeout=_milliseconds(CHALLENGE_LIFE),
        allow_credentials=_described(list_of(session, user)) if user else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _keep(session, held_hash, purpose, options.challenge, at=at)
    return webauthn.options_to_json(options)


def take_challenge(session: Session, *, purpose: Purpose, held_hash: str | None, at: datetime) -> bytes:
    """It is gone afterwards, whatever is answered to it. Raises NotThisPasskey."""
    mine = delete(PasskeyChallenge).where(PasskeyChallenge.held_hash == held_hash)
    found = session.execute(
        mine.returning(PasskeyChallenge.purpose, PasskeyChallenge.challenge, PasskeyChallenge.expires_at)
    ).first()
    if found is None or found.purpose != purpose or at >= found.expires_at:
        raise NotThisPasskey
    return found.challenge


def read_new(*, user: User, answer: str, name: str, challenge: bytes, place: Place, at: datetime) -> Passkey:
    """Raises NotThisPasskey."""
    made = _checked(
        lambda: webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.name,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    )
    return Passkey(
        id=uuid4(),
        user_id=user.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        made_at=at,
    )


def use(session: Session, *, answer: str, challenge: bytes, place: Place, at: datetime) -> User:
    """Whose it is. One whose count goes back may be a copy, and is refused. Raises NotThisPasskey."""
    credential = _checked(lambda: parse_authentication_credential_json(answer))
    passkey = session.scalar(select(Passkey).where(Passkey.credential_id == credential.raw_id).with_for_update())
    user = session.get(User, passkey.user_id) if passkey is not None else None
    handle = credential.response.user_handle
    if passkey is None or user is None or not user.active or (handle is not None and handle != user.id.bytes):
        raise NotThisPasskey
    used = _checked(
        lambda: webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=place.name,
            expected_origin=place.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    )
    passkey.sign_count, passkey.used_at = used.new_sign_count, at
    session.flush()
    return user


def list_of(session: Session, user: User) -> Sequence[Passkey]:
    return session.scalars(select(Passkey).where(Passkey.user_id == user.id)).all()


def clear_old(session: Session, *, at: datetime) -> None:
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= at))


def _keep(session: Session, held_hash: str, purpose: Purpose, challenge: bytes, *, at: datetime) -> None:
    kept = {"purpose": purpose.value, "challenge": challenge, "expires_at": at + CHALLENGE_LIFE}
    new = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(PasskeyChallenge)
    session.execute(
        new.values(held_hash=held_hash, **kept).on_conflict_do_update(index_elements=["held_hash"], set_=kept)
    )


def _described(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.credential_id) for one in passkeys]


def _checked(read: Callable[[], Read]) -> Read:
    """What comes from outside may be anything: the library has many words for what is wrong with it, people need one."""
    try:
        return read()
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise NotThisPasskey from error


def _milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
