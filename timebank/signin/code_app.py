"""Codes from an app (RFC 6238): six digits that change every half minute. The sums are the library's."""

import unicodedata
from datetime import datetime

import segno
from passlib.totp import TOTP, TokenError

STEP = 30
SIZE = 20  # bytes that the app and the server share
QUIET_EDGE = 4
_LABEL = str.maketrans(":", " ")


def new_shared() -> str:
    """What app and server are to share, in the letters that apps take."""
    return TOTP.new(size=SIZE).base32_key


def step_of(typed: str, shared: str, *, at: datetime) -> int | None:
    """The half minute whose code this is; None where it is none of now, the one before or the one after."""
    digits = "".join(str(unicodedata.decimal(letter, letter)) for letter in typed)
    try:
        return TOTP(key=shared, period=STEP).match(digits, time=at, window=STEP).counter
    except (TokenError, ValueError):
        return None


def address(shared: str, *, name: str, bank: str) -> str:
    """What the picture says: apps show the bank and the name that one signs in with."""
    return TOTP(key=shared).to_uri(label=name.translate(_LABEL), issuer=bank.translate(_LABEL))


def in_groups(shared: str) -> str:
    return " ".join(shared[start : start + 4] for start in range(0, len(shared), 4))


def drawn(text: str) -> tuple[int, str]:
    """A square code as a drawing: how wide, and the way of the pen."""
    code = segno.make_qr(text, error="m")
    rows = enumerate(code.matrix_iter(border=QUIET_EDGE))
    squares = [f"M{x} {y}h1v1h-1z" for y, row in rows for x, is_dark in enumerate(row) if is_dark]
    return len(code.matrix) + 2 * QUIET_EDGE, "".join(squares)
