"""Introductions as one person may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from timebank.consents import reads as consents
from timebank.consents.purposes import Purpose
from timebank.consents.reads import Standing
from timebank.errors import NotFound
from timebank.introductions import reasons
from timebank.introductions.models import Introduction, State
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.profiles import reads as profiles
from timebank.profiles.criteria import MODES, QUESTIONS, TIMES
from timebank.profiles.models import Answer
from timebank.relationships import reads as relationships


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing that the other person agreed to show."""

    label: str
    words: list[str]


@dataclass(frozen=True, kw_only=True)
class IntroductionView:
    introduction: Introduction
    is_guide: bool
    waits_for_me: bool
    my_answer: bool | None
    partner_name: str | None  # only once both have said yes
    is_finished: bool  # they both said yes, and finished together since
    reasons: list[str]
    told: list[Told]

    @property
    def is_accepted(self) -> bool:
        return self.introduction.state is State.ACCEPTED

    @property
    def is_open(self) -> bool:
        return self.introduction.state is State.OPEN


def get_for_party(session: Session, introduction_id: UUID, member: Member) -> Introduction:
    """Locked, so that of two answers given at once each is judged after the other. Not yours and not there look alike."""
    found = session.scalar(
        select(Introduction)
        .where(Introduction.bank_id == member.bank_id, Introduction.id == introduction_id)
        .with_for_update(of=Introduction)
    )
    if found is None or not is_told(session, found, member):
        raise NotFound
    return found


def find_for_party(session: Session, introduction_id: UUID, member: Member) -> Introduction:
    found = session.get(Introduction, introduction_id)
    if found is None or not is_told(session, found, member):
        raise NotFound
    return found


def is_told(session: Session, introduction: Introduction, member: Member) -> bool:
    """Whether this person knows of it, as `list_for_member` has it."""
    return introduction.is_visible_to(member) and not _is_gone(
        introduction, _gone(session, [introduction], member), member
    )


def list_for_member(session: Session, member: Member) -> list[Introduction]:
    """Without what names, or would name, somebody who has left or is kept apart: for both it is as if never there."""
    found = session.scalars(
        select(Introduction)
        .where(or_(Introduction.guide_id == member.id, Introduction.other_id == member.id))
        .order_by(Introduction.sent_at.desc(), Introduction.id)
    ).all()
    gone = _gone(session, found, member)
    return [one for one in found if one.is_visible_to(member) and not _is_gone(one, gone, member)]


def _gone(session: Session, introductions: Sequence[Introduction], member: Member) -> set[UUID]:
    return members.gone_from(session, member, {introduction.partner_id(member) for introduction in introductions})


def _is_gone(introduction: Introduction, gone: set[UUID], member: Member) -> bool:
    """One that came to nothing names nobody, and stays."""
    return introduction.state in {State.OPEN, State.ACCEPTED} and introduction.partner_id(member) in gone


def list_waiting(session: Session, member: Member) -> list[Introduction]:
    return [introduction for introduction in list_for_member(session, member) if introduction.waits_for(member)]


def count_waiting(session: Session, member: Member) -> int:
    return len(list_waiting(session, member))


def view(session: Session, introduction: Introduction, member: Member) -> IntroductionView:
    return views(session, [introduction], member)[0]


def views(session: Session, introductions: Sequence[Introduction], member: Member) -> list[IntroductionView]:
    """Names only of those who both said yes; what people tell only while it is open, or while they are together."""
    accepted = {found.partner_id(member) for found in introductions if found.state is State.ACCEPTED}
    asked = {found.partner_id(member) for found in introductions if found.state is State.OPEN}
    together = relationships.are_together(session, member.id, accepted)
    names = members.names_of(session, accepted)
    answers = profiles.answers_of_many(session, sorted(asked | together))
    standing = consents.standing_of_many(session, [member.id, *(one.partner_id(member) for one in introductions)])
    told = _reasons(introductions, member, standing)
    return [_view(one, member, names, answers, standing, told[one.id], together) for one in introductions]


def reasons_for(session: Session, introduction: Introduction, member: Member) -> list[str]:
    """Once both have said yes, what brought them together stays said; before that, only what both still let be told."""
    standing = consents.standing_of_many(session, [introduction.guide_id, introduction.other_id])
    return _reasons([introduction], member, standing)[introduction.id]


def _reasons(
    introductions: Sequence[Introduction], member: Member, standing: dict[UUID, Standing]
) -> dict[UUID, list[str]]:
    told = {}
    for one in introductions:
        kept, both = one.kept_reasons_for(member), (one.guide_id, one.other_id)
        if one.state is State.ACCEPTED:
            told[one.id] = reasons.sentences(kept)
            continue
        has_changed = any(standing[person].took_back_since(one.sent_at) for person in both)
        guide, other = (standing[person] for person in both)
        told[one.id] = reasons.still_told(kept, guide=guide, other=other, has_changed=has_changed)
    return told


def _view(
    introduction: Introduction,
    member: Member,
    names: dict[UUID | None, str],
    answers: dict[UUID, dict[str, Answer]],
    standing: dict[UUID, Standing],
    told: list[str],
    together: set[UUID],
) -> IntroductionView:
    partner_id = introduction.partner_id(member)
    is_accepted = introduction.state is State.ACCEPTED
    is_finished = is_accepted and partner_id not in together
    is_telling = introduction.state in {State.OPEN, State.ACCEPTED} and not is_finished
    return IntroductionView(
        introduction=introduction,
        is_guide=introduction.is_guide(member),
        waits_for_me=introduction.waits_for(member),
        my_answer=introduction.answer_of(member),
        partner_name=names[partner_id] if is_accepted else None,
        is_finished=is_finished,
        reasons=told,
        told=_told(answers[partner_id], standing[partner_id]) if is_telling else [],
    )


def _told(answers: dict[str, Answer], standing: Standing) -> list[Told]:
    return [
        Told(
            label=question.told_as,
            words=[MODES.get(word) or TIMES.get(word) or word for word in answers[criterion].words],
        )
        for criterion, question in QUESTIONS.items()
        if criterion in answers and standing.may(Purpose.SHOW, criterion)
    ]


def list_open_between(session: Session, one_id: UUID, other_id: UUID) -> list[Introduction]:
    """Locked: of an answer and an ending that come together, one is judged after the other."""
    both = (one_id, other_id)
    return list(
        session.scalars(
            select(Introduction)
            .where(Introduction.guide_id.in_(both), Introduction.other_id.in_(both), Introduction.state == State.OPEN)
            .order_by(Introduction.id)
            .with_for_update(of=Introduction)
        )
    )


def list_past_their_day(session: Session, *, at: datetime) -> list[Introduction]:
    return list(
        session.scalars(
            select(Introduction)
            .where(Introduction.state == State.OPEN, Introduction.answer_by <= at)
            .with_for_update(of=Introduction)
        )
    )


def open_pairs(session: Session, scheme_id: UUID) -> list[tuple[UUID, UUID]]:
    return list(
        session.execute(
            select(Introduction.guide_id, Introduction.other_id).where(
                Introduction.scheme_id == scheme_id, Introduction.state == State.OPEN
            )
        )
    )


def refused_pairs(session: Session, scheme_id: UUID) -> list[tuple[UUID, UUID]]:
    """Pairs that were asked before and did not come together are not asked again."""
    return list(
        session.execute(
            select(Introduction.guide_id, Introduction.other_id).where(
                Introduction.scheme_id == scheme_id, Introduction.state == State.NOT_THIS_TIME
            )
        )
    )
