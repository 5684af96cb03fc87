"""Why two were thought of. Each reason is kept with the answers it was drawn from, and told only while both let them be told."""

from collections.abc import Iterable

from timebank.consents.purposes import Purpose
from timebank.consents.reads import Standing

# The guide's answer, the other's answer, and the sentence. What was kept before answers were noted is a sentence alone.
Kept = list[str] | str
NO_ANSWERS = frozenset({"stage", "roles"})  # said by the scheme about a person
COLUMN = {"age": "born"}


def keep(criterion: str, sentence: str) -> Kept:
    """What one can teach, the other wants to learn: `skills` is the guide's, and of `wants` it is the other way about."""
    guide_answer = COLUMN.get(criterion, criterion)
    other_answer = {"skills": "wants", "wants": "skills"}.get(guide_answer, guide_answer)
    return [guide_answer, other_answer, sentence]


def sentences(reasons: Iterable[Kept]) -> list[str]:
    """All of them, whatever was taken back since."""
    return [reason if isinstance(reason, str) else reason[-1] for reason in reasons]


def still_told(reasons: Iterable[Kept], *, guide: Standing, other: Standing, has_changed: bool) -> list[str]:
    """`has_changed`: one of the two took something back since; then nobody knows whether the old sentences rest on it."""
    told = []
    for reason in reasons:
        if isinstance(reason, str):
            told += [] if has_changed else [reason]
            continue
        guide_answer, other_answer, sentence = reason
        if _is_open(guide, guide_answer) and _is_open(other, other_answer):
            told.append(sentence)
    return told


def _is_open(standing: Standing, answer: str) -> bool:
    return answer in NO_ANSWERS or (standing.may(Purpose.USE, answer) and standing.may(Purpose.SHOW, answer))
