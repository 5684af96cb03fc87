"""The words in which people are asked, as data with versions (wordings.toml). What was published is never changed.

Beside each text stands the digest of it. A text that does not fit its digest stops the start: new words are a new version,
which says whether it means the same as the one before or asks for more.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

from timebank.consents.purposes import ASKED_FIRST, Purpose

FILE = Path(__file__).with_name("wordings.toml")


class Change(StrEnum):
    FIRST = "first"
    SAME = "same"  # said otherwise: whoever agreed before has agreed to this
    WIDER = "wider"  # asks for more: an agreement from before goes on for what the old words covered, and no further


class ChangedWordsError(RuntimeError):
    """Words that people may have agreed to were changed. Put them back, and add a new version below."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """`about`: which questions of a purpose are asked in these words, or nothing where there is one."""

    purpose: Purpose
    about: str
    version: int
    since: date
    change: Change
    words: str
    digest: str

    def told(self, vocabulary: Mapping[str, str], *, label: str = "") -> str:
        """As a person reads it: in the scheme's own words, and with the question that it is about."""
        return self.words.format_map({**vocabulary, "label": label})


def digest_of(wording: Wording) -> str:
    said = (wording.purpose, wording.about, str(wording.version), wording.change, wording.words)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def parse(text: str) -> tuple[Wording, ...]:
    """Raises ChangedWordsError."""
    found = tuple(
        Wording(**(row | {"purpose": Purpose(row["purpose"]), "change": Change(row["change"])}))
        for row in tomllib.loads(text)["wording"]
    )
    for wording in found:
        if digest_of(wording) != wording.digest:
            raise ChangedWordsError(f"{wording.purpose} {wording.about} {wording.version}: {digest_of(wording)}")
    return found


@cache
def published() -> tuple[Wording, ...]:
    return parse(FILE.read_text("utf-8"))


def about(purpose: Purpose, criterion: str = "") -> str:
    """Under which heading the words for it stand."""
    if purpose is Purpose.SHOW:
        return "answer"
    if purpose is not Purpose.USE:
        return ""
    if criterion == "musts":
        return "musts"
    return "sensitive" if criterion in ASKED_FIRST else "everyday"


def versions(purpose: Purpose, criterion: str = "") -> list[Wording]:
    """From the first to the one that people are asked in now."""
    heading = about(purpose, criterion)
    found = [one for one in published() if (one.purpose, one.about) == (purpose, heading)]
    return sorted(found, key=lambda one: one.version)


def current(purpose: Purpose, criterion: str = "") -> Wording:
    return versions(purpose, criterion)[-1]


def is_wider_since(version: int, purpose: Purpose, criterion: str = "") -> bool:
    """Whether words that came later ask for more."""
    return any(one.change is Change.WIDER for one in versions(purpose, criterion) if one.version > version)
