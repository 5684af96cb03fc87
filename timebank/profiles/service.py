"""Writing a profile: one step at a time, stop anywhere."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from timebank.consents import reads as consented
from timebank.consents import service as consents
from timebank.consents.purposes import Purpose
from timebank.consents.service import Saying, Word
from timebank.members.models import Member
from timebank.profiles import reads
from timebank.profiles.criteria import Question, Step
from timebank.profiles.models import Answer
from timebank.schemes import reads as schemes


def save_step(
    session: Session, *, member: Member, step: Step, values: dict[str, Any], at: datetime, are_words_read: bool = True
) -> bool:
    """An answer that is emptied is forgotten, and what was agreed to for it is taken back. Whether every word was heard.

    `are_words_read`: whether the page showed the words that people are asked in now. Where it showed others, no yes in it
    counts; a no always does.
    """
    for question in step.questions:
        answer = session.get(Answer, (member.id, question.criterion))
        words = values[question.criterion]
        if not words:
            if answer is not None:
                session.delete(answer)
            continue
        if answer is None:
            answer = Answer(member_id=member.id, criterion=question.criterion)
            session.add(answer)
        answer.words = words
        answer.importance = values.get(f"{question.criterion}_importance", 1)
    session.flush()
    said = list(_said(session, member, step, values))
    heard = [one for one in said if are_words_read or one.word is not Word.YES]
    consents.say_many(session, heard, at=at)
    return len(heard) == len(said)


def say(
    session: Session,
    *,
    member: Member,
    purpose: Purpose,
    question: Question | None,
    is_yes: bool,
    read: str | None,
    at: datetime,
) -> None:
    """One press on "What I have agreed to". Nobody agrees to words that they did not read; a no needs no reading.

    Raises OtherWords.
    """
    words = reads.words_now(purpose, question, schemes.words_of(session, member.bank_id))
    if is_yes:
        consents.check_words(read, words)
    saying = Saying(
        member=member,
        purpose=purpose,
        criterion=question.criterion if question else "",
        words=words,
        word=Word.YES if is_yes else Word.NO,
    )
    consents.say(session, saying, at=at)


def _said(session: Session, member: Member, step: Step, values: dict[str, Any]) -> Iterator[Saying]:
    standing, vocabulary = consented.standing_of(session, member.id), schemes.words_of(session, member.bank_id)
    for question in step.questions:
        for purpose in question.purposes:
            word = _word(question, purpose, values, stands=standing.may(purpose, question.criterion))
            if word is not None:
                yield Saying(
                    member=member,
                    purpose=purpose,
                    criterion=question.criterion,
                    words=reads.words_now(purpose, question, vocabulary),
                    word=word,
                )


def _word(question: Question, purpose: Purpose, values: dict[str, Any], *, stands: bool) -> Word | None:
    """None where nothing was said: neither a yes nor a no is made of that, and what stands goes on.

    An everyday answer has boxes, empty at first: one keeps it out, one lets it be shown. A sensitive one has a yes and a no.
    """
    name = question.criterion
    is_there = bool(values[name])
    if purpose is Purpose.USE and not question.is_sensitive:
        said = not values.get(f"{name}_kept_out", False) if is_there else None
    elif not is_there:
        said = False if stands else None
    else:
        said = values.get(f"{name}_{'used' if purpose is Purpose.USE else 'shown'}")
        if said is None and not question.is_sensitive:
            said = False if stands else None  # the box was emptied, or never ticked
    if said is None or (said and stands):
        return None
    return Word.YES if said else Word.TAKE_BACK if stands else Word.NO
