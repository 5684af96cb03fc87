"""Short codes that can be read out: no letter that looks or sounds like another."""

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 4


def new_code(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def spoken(code: str) -> str:
    """`K7QP2MWD` as `K7QP-2MWD`, easier to read out and to write down."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def plain(typed: str) -> str:
    """What was typed, as it is stored: people write codes with dashes, spaces and small letters."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())
