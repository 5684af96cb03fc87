"""Hearing what people say. A second press of the same button says nothing new, and nothing is written."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from timebank.consents import reads, wordings
from timebank.consents.models import Consent, ConsentWords, Decision, Source
from timebank.consents.purposes import Purpose
from timebank.consents.reads import AT_ONCE, Said, Standing
from timebank.errors import Conflict
from timebank.members.models import Member


class OtherWords(Conflict):
    """The words have changed since you opened this page, so nothing was noted. Please read them once more."""


class Word(Enum):
    """What somebody says when they are asked."""

    YES = auto()
    NO = auto()  # to wider words: what was agreed to before goes on
    TAKE_BACK = auto()  # all of it, whatever is asked just now


@dataclass(frozen=True, kw_only=True)
class Words:
    """What somebody read, or what stands for it, and which version of ours it is."""

    version: int
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Saying:
    member: Member
    purpose: Purpose
    words: Words
    word: Word
    criterion: str = ""
    source: Source = Source.PAGE


# Of version 0: what the charity asked them in is with the charity.
HELD_BY_CHARITY = Words(
    version=0, text="You said so to the charity before you came here. It keeps the words you said it in."
)


def words_now(purpose: Purpose, vocabulary: Mapping[str, str], *, criterion: str = "", label: str = "") -> Words:
    wording = wordings.current(purpose, criterion)
    return Words(version=wording.version, text=wording.told(vocabulary, label=label))


def check_words(read: str | None, words: Words) -> None:
    """`read`: the digest that stood in the form, beside the words. Raises OtherWords."""
    if read != words.digest:
        raise OtherWords


def say(session: Session, saying: Saying, *, at: datetime) -> bool:
    """Whether it was anything new."""
    return bool(say_many(session, [saying], at=at))


def say_many(session: Session, sayings: Sequence[Saying], *, at: datetime) -> int:
    """How many of them were new. People are held on to in one order, so that two presses at once count one after the other."""
    ids = sorted({saying.member.id for saying in sayings})
    for start in range(0, len(ids), AT_ONCE):
        some = select(Member.id).where(Member.id.in_(ids[start : start + AT_ONCE])).order_by(Member.id)
        session.execute(some.with_for_update(key_share=True))
    standing = reads.standing_of_many(session, ids)
    rows = [row for saying in sayings if (row := _row(standing[saying.member.id], saying, at)) is not None]
    if rows:
        _keep_words(session, [saying.words for saying in sayings])
        session.execute(insert(Consent), rows)
    return len(rows)


def _row(standing: Standing, saying: Saying, at: datetime) -> dict[str, Any] | None:
    decision = _decide(standing, saying)
    if decision is None:
        return None
    key = (saying.purpose, saying.criterion)
    seq = standing.last[key].seq + 1 if key in standing.last else 1
    standing.hear(key, Said(seq=seq, decision=decision, version=saying.words.version, at=at))
    return {
        "bank_id": saying.member.bank_id,
        "member_id": saying.member.id,
        "purpose": saying.purpose,
        "criterion": saying.criterion,
        "seq": seq,
        "decision": decision,
        "version": saying.words.version,
        "words_digest": saying.words.digest,
        "source": saying.source,
        "said_at": at,
    }


def _decide(standing: Standing, saying: Saying) -> Decision | None:
    """Nothing where nothing new is said."""
    purpose, criterion = saying.purpose, saying.criterion
    covers, is_asked = standing.may(purpose, criterion), standing.is_asked(purpose, criterion)
    match saying.word:
        case Word.YES if is_asked or not covers:
            return Decision.AGREED
        case Word.NO if is_asked:
            return Decision.REFUSED
        case Word.NO | Word.TAKE_BACK if covers:
            return Decision.WITHDRAWN
    return None


def _keep_words(session: Session, read: Sequence[Words]) -> None:
    rows = [{"digest": digest, "words": text} for digest, text in sorted({(one.digest, one.text) for one in read})]
    new = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(new(ConsentWords).on_conflict_do_nothing(), rows)
