"""A person's own answers, and the facts that the engine may see."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.profiles.models import Answer


def answers_of(session: Session, member_id: UUID) -> dict[str, Answer]:
    found = session.scalars(select(Answer).where(Answer.member_id == member_id))
    return {answer.criterion: answer for answer in found}


def answers_of_many(session: Session, member_ids: list[UUID]) -> dict[UUID, dict[str, Answer]]:
    gathered: dict[UUID, dict[str, Answer]] = {member_id: {} for member_id in member_ids}
    for answer in session.scalars(select(Answer).where(Answer.member_id.in_(member_ids))):
        gathered[answer.member_id][answer.criterion] = answer
    return gathered


def youngest_year(today: date) -> int:
    """Nobody joins who is not yet eighteen, and nobody was born in the future."""
    return today.year - 18
