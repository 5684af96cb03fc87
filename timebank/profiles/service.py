"""Writing a profile: one step at a time, stop anywhere."""

from typing import Any

from sqlalchemy.orm import Session

from timebank.members.models import Member
from timebank.profiles.criteria import Step
from timebank.profiles.models import Answer


def save_step(session: Session, *, member: Member, step: Step, values: dict[str, Any]) -> None:
    """An answer that is emptied is forgotten with everything that was said about it."""
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
        answer.is_shown = values[f"{question.criterion}_shown"]
        answer.is_used = values[f"{question.criterion}_used"]
        answer.importance = values[f"{question.criterion}_importance"]
    session.flush()
