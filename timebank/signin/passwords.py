"""Checking and keeping passwords: never more than a few at once, and as slow for a name nobody has as for any other.

A check takes an eighth of a second and 46 MiB on purpose (argon2id; OWASP's password storage cheat sheet). So many people
signing in at once must not take the computer away from everybody else: two are checked at a time, two more wait their turn,
and whoever comes after them is asked to try again in a moment.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from flask_security import hash_password, verify_password
from zxcvbn import zxcvbn

from timebank.errors import Refusal

AT_ONCE, WAITING = 2, 2
ROUNDS, KIBIBYTES, LANES = 1, 46 * 1024, 1
SETTINGS = {"argon2__rounds": ROUNDS, "argon2__memory_cost": KIBIBYTES, "argon2__parallelism": LANES}
LOOKED_AT = 72  # letters of a password are looked at for how easily they are guessed: what follows makes it only harder
GUESSES_LEAST = 10**9

_places = threading.BoundedSemaphore(AT_ONCE + WAITING)
_turns = threading.BoundedSemaphore(AT_ONCE)


class ManySigningIn(Refusal):
    """Many people are signing in just now. Please try again in a moment; nothing was changed."""

    status = 503


def is_right(password: str, kept: str | None) -> bool:
    """`kept` is None where there is nobody of that name: then it takes as long, and is wrong. Raises ManySigningIn."""
    with a_turn():
        return verify_password(password, kept or _nobodys()) and kept is not None


def to_keep(password: str) -> str:
    """What is kept of a password. Raises ManySigningIn."""
    with a_turn():
        return hash_password(password)


def is_kept_as_of_old(kept: str) -> bool:
    """Whether this was made with other settings than today's, so that it is to be made anew."""
    return PasswordHasher(ROUNDS, KIBIBYTES, LANES).check_needs_rehash(kept)


def is_easily_guessed(password: str, *, known_words: list[str]) -> bool:
    """Whether guessing in the order that guessers use comes to it soon; `known_words` are the bank's and the person's."""
    found = zxcvbn(password[:LOOKED_AT], user_inputs=known_words, max_length=LOOKED_AT)
    return found["guesses"] < GUESSES_LEAST


@cache
def _nobodys() -> str:
    return hash_password("the password of nobody")


@contextmanager
def a_turn() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise ManySigningIn
    try:
        with _turns:
            yield
    finally:
        _places.release()
