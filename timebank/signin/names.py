"""The names that people sign in with: any spelling of one is the same name."""

import unicodedata


def folded(sign_in_name: str) -> str:
    return unicodedata.normalize("NFC", sign_in_name.strip()).casefold()
