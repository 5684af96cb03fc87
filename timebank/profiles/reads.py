"""A person's own answers, what they agreed to for each, and the words they are asked in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.consents import reads as consents
from timebank.consents import service as consent_service
from timebank.consents.models import Consent, Decision
from timebank.consents.purposes import OF_AN_ANSWER, Purpose
from timebank.consents.reads import Standing
from timebank.consents.service import Words
from timebank.members.models import Member
from timebank.profiles.criteria import QUESTIONS, Question, Step
from timebank.profiles.models import Answer
from timebank.schemes import reads as schemes


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One thing that a person may say yes or no to, in the words of today, and what they said."""

    purpose: Purpose
    question: Question | None
    words: Words
    said: list[Consent]
    is_covered: bool
    is_asked: bool

    @property
    def key(self) -> str:
        return f"{self.purpose}-{self.question.criterion}" if self.question else self.purpose

    @property
    def last(self) -> Consent | None:
        return self.said[-1] if self.said else None

    @property
    def agreed(self) -> Consent | None:
        """The yes that still counts: the last one, if nothing was taken back since."""
        found = [one for one in self.said if one.decision is not Decision.REFUSED][-1:]
        return found[0] if self.is_covered and found else None

    @property
    def is_by_writing(self) -> bool:
        """Nobody is asked first: it was written down for this, and can be kept out."""
        return self.is_covered and self.agreed is None


@dataclass(frozen=True, kw_only=True)
class AskedOfAnAnswer:
    question: Question
    answer: Answer
    asked: list[Asked]


def answers_of(session: Session, member_id: UUID) -> dict[str, Answer]:
    found = session.scalars(select(Answer).where(Answer.member_id == member_id))
    return {answer.criterion: answer for answer in found}


def answers_of_many(session: Session, member_ids: list[UUID]) -> dict[UUID, dict[str, Answer]]:
    gathered: dict[UUID, dict[str, Answer]] = {member_id: {} for member_id in member_ids}
    for answer in session.scalars(select(Answer).where(Answer.member_id.in_(member_ids))):
        gathered[answer.member_id][answer.criterion] = answer
    return gathered


def words_now(purpose: Purpose, question: Question | None, vocabulary: Mapping[str, str]) -> Words:
    if question is None:
        return consent_service.words_now(purpose, vocabulary)
    return consent_service.words_now(purpose, vocabulary, criterion=question.criterion, label=question.label)


def asked_in(session: Session, member: Member, step: Step) -> dict[str, Words]:
    """The words of one page of the profile, by purpose and question."""
    vocabulary = schemes.words_of(session, member.bank_id)
    return {
        f"{purpose}-{question.criterion}": words_now(purpose, question, vocabulary)
        for question in step.questions
        for purpose in question.purposes
    }


def asked_of_answers(session: Session, member: Member) -> list[AskedOfAnAnswer]:
    answers = answers_of(session, member.id)
    about = _About(session, member)
    return [
        AskedOfAnAnswer(
            question=question,
            answer=answers[criterion],
            asked=[about.asked(purpose, question) for purpose in question.purposes],
        )
        for criterion, question in QUESTIONS.items()
        if criterion in answers
    ]


def asked_besides(session: Session, member: Member) -> list[Asked]:
    about = _About(session, member)
    return [about.asked(purpose, None) for purpose in Purpose if purpose not in OF_AN_ANSWER]


def still_asked(session: Session, member: Member) -> list[tuple[Purpose, str]]:
    """What waits for a word of theirs: a sensitive answer that nobody may use before, and words that ask for more than before.

    Whether an answer may be shown is asked where it is written, and no more than that.
    """
    standing = consents.standing_of(session, member.id)
    criteria = select(Answer.criterion).where(Answer.member_id == member.id)
    keys = [(Purpose.USE, criterion) for criterion in session.scalars(criteria.order_by(Answer.criterion))]
    return [key for key in dict.fromkeys([*keys, *standing.agreed]) if standing.is_asked(*key)]


def waits_for_their_word(answers: Mapping[str, Answer], standing: Standing) -> bool:
    """Whether somebody has musts, which a file brought, and has not yet said whether they may be looked at.

    Proposed without them they might meet the very person they cannot; used without their yes, a most private thing would be.
    """
    return "musts" in answers and (Purpose.USE, "musts") not in standing.last


def youngest_year(today: date) -> int:
    """Nobody joins who is not yet eighteen, and nobody was born in the future."""
    return today.year - 18


class _About:
    """One person's record, read once for a page."""

    def __init__(self, session: Session, member: Member) -> None:
        self.standing = consents.standing_of(session, member.id)
        self.said = consents.record_of(session, member.id)
        self.vocabulary = schemes.words_of(session, member.bank_id)

    def asked(self, purpose: Purpose, question: Question | None) -> Asked:
        criterion = question.criterion if question else ""
        return Asked(
            purpose=purpose,
            question=question,
            words=words_now(purpose, question, self.vocabulary),
            said=self.said.get((purpose, criterion), []),
            is_covered=self.standing.may(purpose, criterion),
            is_asked=self.standing.is_asked(purpose, criterion),
        )
