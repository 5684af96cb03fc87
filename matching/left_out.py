"""Everybody without a partner, and why: as codes and kinds of rule, for matching/explain.py to put into words."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from matching import explain, looking, rules
from matching.candidates import Possible
from matching.explain import Unmatched
from matching.packed import Numbers, bit_of
from matching.pool import ALIKE, OFFER, SEEK, Pool

# What a coordinator can do something about: find an interpreter, ask for more times. What people ask of a partner, whom
# they keep away from and how they meet is not for setting aside (decisions.md section 5).
CAN_BE_EASED = (rules.LANGUAGES, rules.AREAS, rules.TIMES, rules.STAGE, rules.BASIS, rules.FIT)
# So many people are looked at in one go.
AT_ONCE = 256


class Question(NamedTuple):
    """Somebody's position, and the side they are told about; None where they have not said which."""

    position: int
    side: str | None


def without_partner(
    pool: Pool, possible: Possible, pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[Unmatched, ...], tuple[Unmatched, ...]]:
    """Everyone in no pair; and those in a pair as a guide who are still looking for support themselves."""
    supported = {left for left, _ in pairs}
    anywhere = supported | {right for _, right in pairs}
    alone, looking_on = [], []
    for position, person in enumerate(pool.people):
        if person.id not in anywhere:
            alone.append(Question(position, _side_in_question(pool, position)))
        elif SEEK in pool.sides_of(person) and person.id not in supported:
            looking_on.append(Question(position, SEEK))
    told = _answers(pool, possible, [*alone, *looking_on])
    return tuple(told[one] for one in alone), tuple(told[one] for one in looking_on)


def why_nobody(pool: Pool, possible: Possible, position: int) -> Unmatched:
    """Why the person at this position has no partner."""
    question = Question(position, _side_in_question(pool, position))
    return _answers(pool, possible, [question])[question]


def _side_in_question(pool: Pool, position: int) -> str | None:
    """Someone who asks on both sides is told as one who seeks, if they may."""
    person = pool.people[position]
    sides = pool.sides_of(person)
    return next((side for side in sides if pool.shut_out(person, side) is None), sides[0] if sides else None)


def _answers(pool: Pool, possible: Possible, questions: Iterable[Question]) -> dict[Question, Unmatched]:
    had_somebody = {SEEK: possible.one, OFFER: possible.other, ALIKE: np.concatenate([possible.one, possible.other])}
    told: dict[Question, Unmatched] = {}
    parted: dict[str, list[int]] = {}
    for question in questions:
        person, side = pool.people[question.position], question.side
        if side is None:
            told[question] = Unmatched(person.id, rules.NO_SIDE)
        elif (code := pool.shut_out(person, side)) is not None:
            told[question] = Unmatched(person.id, code, side)
        else:
            parted.setdefault(side, []).append(question.position)
    for side, positions in parted.items():
        positions.sort()
        chosen_from = np.isin(positions, had_somebody[side])
        for position, lost in zip(positions, chosen_from, strict=True):
            if lost:
                person = pool.people[position]
                told[Question(position, side)] = Unmatched(person.id, explain.OTHERS_FIRST, side)
        told |= _parted(pool, side, np.array(positions, dtype=np.int64)[~chosen_from])
    return told


def _parted(pool: Pool, side: str, positions: Numbers) -> dict[Question, Unmatched]:
    """Those who have nobody at all: by which kinds of rule."""
    told = {}
    for low in range(0, len(positions), AT_ONCE):
        some = positions[low : low + AT_ONCE]
        if side == OFFER:
            masks = looking.matrices(pool.columns, pool.ones, some)[0].T
        else:
            masks = looking.matrices(pool.columns, some, pool.others)[0]
        for position, mask in zip(some.tolist(), masks, strict=True):
            told[Question(position, side)] = _unmatched(pool.people[position].id, side, mask)
    return told


def _unmatched(name: str, side: str, masks: Numbers) -> Unmatched:
    masks = masks[masks != bit_of(rules.SELF)]
    if not len(masks):
        return Unmatched(name, explain.NOBODY_YET, side)
    # Of each pair the rule that parts them first, in the order of rules.KINDS.
    first = int(np.bitwise_or.reduce(masks & -masks))
    kinds = tuple(kind for kind in rules.KINDS if first & bit_of(kind))
    would_open = looking.would_open(masks)
    eased = tuple((kind, would_open[kind]) for kind in CAN_BE_EASED if kind in would_open)
    return Unmatched(name, explain.NO_FIT, side, kinds, eased)
