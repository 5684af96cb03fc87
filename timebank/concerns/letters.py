"""What is inside a sealed text, and opening it for somebody who has a key to it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tink import KeysetHandle

from timebank.concerns import sealing
from timebank.concerns.models import Concern, ConcernText, TextKind
from timebank.concerns.sealing import Place, Unreadable


@dataclass(frozen=True, kw_only=True, repr=False)
class Letter:
    """It is never printed, nor part of a message about what went wrong: `repr` shows its type alone."""

    words: str
    named: tuple[UUID, ...] = ()
    who: str = ""  # somebody they named in their own words
    may_contact: str = ""
    how: str = ""

    @property
    def body(self) -> dict[str, Any]:
        return {
            "words": self.words,
            "named": [str(person) for person in self.named],
            "who": self.who,
            "may_contact": self.may_contact,
            "how": self.how,
        }

    @classmethod
    def of(cls, body: dict[str, Any]) -> "Letter":
        return cls(**{**body, "named": tuple(UUID(person) for person in body["named"])})


@dataclass(frozen=True, kw_only=True)
class SealedText:
    """A text as it is stored, with what one key opens of it; apart from any session, for opening is slow."""

    place: Place
    kind: TextKind
    by_id: UUID
    written_at: datetime
    text: bytes = field(repr=False)
    wrapped: bytes | None = field(repr=False)  # nothing, where it was never sealed for this key, or that was taken away


@dataclass(frozen=True, kw_only=True)
class OpenedText:
    kind: TextKind
    by_id: UUID
    written_at: datetime
    letter: Letter | None  # nothing, where it does not open: it was damaged or changed


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whose key it is: a lead's, or nobody's, which is the bank's own."""

    key_id: UUID
    lead_id: UUID | None


def sealed_texts(concern: Concern, holder: Holder) -> list[SealedText]:
    return [_sealed_text(concern, text, holder) for text in concern.texts]


def _sealed_text(concern: Concern, text: ConcernText, holder: Holder) -> SealedText:
    wraps = {wrap.key_id: wrap.wrapped for wrap in text.wraps}
    return SealedText(
        place=concern.place_of(text),
        kind=text.kind,
        by_id=text.by_id,
        written_at=text.written_at,
        text=text.sealed,
        wrapped=wraps.get(holder.key_id),
    )


def open_all(texts: list[SealedText], *, holder: Holder, private: KeysetHandle) -> list[OpenedText]:
    """One that does not open keeps nobody from reading the others."""
    return [
        OpenedText(kind=text.kind, by_id=text.by_id, written_at=text.written_at, letter=_opened(text, holder, private))
        for text in texts
    ]


def _opened(text: SealedText, holder: Holder, private: KeysetHandle) -> Letter | None:
    if text.wrapped is None:
        return None
    try:
        body = sealing.open_sealed(
            text.text,
            text.wrapped,
            place=text.place,
            key_id=holder.key_id,
            lead_id=holder.lead_id,
            private=private,
        )
    except Unreadable:
        return None
    return Letter.of(body)
