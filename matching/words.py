"""Comparing what people write: two spellings of one word are one answer, and each person keeps their own spelling."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# People of one community say the same words over and over. What was folded last is kept, so much of it at most.
WORDS_KEPT, LISTS_KEPT = 1 << 16, 1 << 15


@lru_cache(WORDS_KEPT)
def fold(text: str) -> str:
    """The form of `text` that is compared, never shown: no case, one Unicode form, single spaces, no invisible marks.

    Compatibility caseless matching after The Unicode Standard, section 3.13, D146. Accents are kept: they change words.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFKC", folded).casefold()
    folded = "".join(letter for letter in unicodedata.normalize("NFKC", folded) if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", folded).split())


@lru_cache(WORDS_KEPT)
def tidy(text: str) -> str:
    """The form that is shown: as its owner wrote it, without stray spaces."""
    return " ".join(text.split())


@lru_cache(LISTS_KEPT)
def fold_all(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, texts))


def once_each(texts: Iterable[str]) -> tuple[str, ...]:
    """Tidied, blanks dropped, the first spelling of each word kept, in the order given."""
    kept: dict[str, str] = {}
    for text in texts:
        folded = fold(text)
        if folded:
            kept.setdefault(folded, tidy(text))
    return tuple(kept.values())
