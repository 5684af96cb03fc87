"""Which kinds of mentor to look for: what those a round left without support asked for, and what one more place is worth.

For staff, when they write a notice or ask around. It tells everyday answers alone, and only such as their owners show to
proposed partners: never identities, experiences, musts, stages or roles. How many people is told from LEAST_TOLD on, and
fewer are alike in the order as well, so that nothing about a few people can be read from it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matching import explain, looking, rules
from matching.candidates import Candidates
from matching.deciding import decide
from matching.explain import SENTENCES, shown_word
from matching.left_out import AT_ONCE, without_partner
from matching.packed import Numbers
from matching.people import Answers, Person
from matching.pool import SEEK, Pool
from matching.schemes import Scheme
from matching.words import fold, fold_all

# What may be told, and where those who are supported say it; mentors say it in the column of the criterion.
ASKED_IN = {"languages": "languages", "times": "times", "areas": "areas", "modes": "modes", "skills": "wants"}
# Fewer people than this are not counted (requirements.md J15).
LEAST_TOLD = 10

_HELPS = {
    **{criterion: SENTENCES[criterion] for criterion in ASKED_IN if criterion != "skills"},
    "skills": "can help with: ",
}


@dataclass(frozen=True)
class Wanted:
    """One kind of mentor to look for: a criterion of ASKED_IN, and a value as one of those left out wrote it.

    `people`: how many of those left out it would help; None for fewer than LEAST_TOLD. `points`: what one more place with
    such a mentor is worth at most, as the mean over the mentors of the round who say it, on the scale of fit; None where
    nobody does.
    """

    criterion: str
    value: str
    people: int | None
    points: int | None


def wanted(
    people: Iterable[Person],
    scheme: Scheme,
    decided: Iterable[tuple[str, str]],
    *,
    on: date,
    seed: int = 0,
    most: int = 10,
) -> tuple[Wanted, ...]:
    """The at most `most` kinds of mentor that would help the most people whom a one-way round left without support.

    `decided`: the pairs of ids that were made, the supported person first. Somebody left out asks for

    - where they had possible mentors, or there was nobody at all: all that they said in criteria the scheme counts, for any
      mentor like that, with a place left, may be one for them;
    - where rules left them nobody: what they said in each criterion that alone stood between them and somebody here; with too
      little in common, that is each that the scheme weighs. Where nothing of this kind stood alone, a new answer in one
      criterion would not help, and they ask for nothing.

    The order is by people, then points. Points are the prices of places (matching.md section 8) in a round decided by points
    alone, for where most people come first a price says little more than that somebody is left out. Empty for schemes that
    are not one-way. Raises AnswerRefused when two people have one id.
    """
    pool = Pool(people, scheme, on)
    if not pool.sided:
        return ()
    candidates = pool.candidates(seed)
    asked: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for answers, criteria in _left_out(pool, candidates, list(decided)):
        for criterion in criteria:
            for value, spelling in _asked(answers, criterion, scheme).items():
                asked[criterion, value][spelling] += 1
    if not asked:
        return ()
    price, said_by = _prices(pool, candidates), _said_by_mentors(pool)
    found = [
        Wanted(criterion, _commonest(spelled), _told(spelled.total()), _mean(price, said_by[criterion, value]))
        for (criterion, value), spelled in asked.items()
    ]
    return tuple(sorted(found, key=_order)[:most])


def wanted_for_board(found: Wanted, scheme: Scheme) -> str:
    """One kind of mentor in words, for whoever sees counts only."""
    mentors = scheme.words["mentors"]
    who = f"{mentors[0].upper()}{mentors[1:]} who {_HELPS[found.criterion]}{shown_word(found.criterion, found.value)}"
    people = f"fewer than {LEAST_TOLD}" if found.people is None else str(found.people)
    return f"{who}. Would help {people} of those left out."


def wanted_for_staff(found: Wanted, scheme: Scheme) -> str:
    """One kind of mentor in words, for a coordinator."""
    if found.points is None:
        worth = f"no {scheme.words['mentor']} here says so"
    else:
        worth = f"one more place is worth at most {found.points} {'point' if found.points == 1 else 'points'}"
    return f"{wanted_for_board(found, scheme)[:-1]}; {worth}."


def _left_out(
    pool: Pool, candidates: Candidates, decided: Sequence[tuple[str, str]]
) -> Iterator[tuple[Answers, Sequence[str]]]:
    """Everybody in the round who asked for support and has nobody, and the criteria that would help them."""
    position = {person.id: number for number, person in enumerate(pool.people)}
    weighed = [criterion for criterion in ASKED_IN if pool.scheme.weights[criterion]]
    counted = [name for name in ASKED_IN if name in weighed or getattr(pool.scheme.hard, name, False)]
    parted = []
    for left in (group for groups in without_partner(pool, candidates.possible, decided) for group in groups):
        if left.side == SEEK and left.code in {explain.OTHERS_FIRST, explain.NOBODY_YET}:
            yield pool.people[position[left.id]].answers, counted
        elif left.side == SEEK and left.code == explain.NO_FIT:
            parted.append(position[left.id])
    parted.sort()
    for low in range(0, len(parted), AT_ONCE):
        some = np.array(parted[low : low + AT_ONCE], dtype=np.int64)
        masks, _ = looking.matrices(pool.columns, some, pool.others)
        for number, mask in zip(some.tolist(), masks, strict=True):
            alone = looking.would_open(mask).keys()
            helps = [name for name in counted if name in alone or (rules.FIT in alone and name in weighed)]
            yield pool.people[number].answers, helps


def _asked(answers: Answers, criterion: str, scheme: Scheme) -> dict[str, str]:
    """What somebody who asks for support says and shows, and how they spell it."""
    column = ASKED_IN[criterion]
    if not answers.shows(column):
        return {}
    used = answers.used(column)
    if criterion == "modes" and scheme.hard.ways:
        # A way of meeting that the scheme does not have helps nobody.
        used &= fold_all(scheme.hard.ways)
    return {fold(word): word for word in getattr(answers.person, column) if fold(word) in used}


def _said_by_mentors(pool: Pool) -> dict[tuple[str, str], list[int]]:
    """The positions of those who offer support and say and show something, by criterion and folded value."""
    said: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number in pool.others.tolist():
        answers = pool.people[number].answers
        for criterion in filter(answers.shows, ASKED_IN):
            for value in answers.used(criterion):
                said[criterion, value].append(number)
    return said


def _prices(pool: Pool, candidates: Candidates) -> Numbers:
    """What one more place with each mentor is worth at most, in a round that asks for nothing but points."""
    by_points = replace(pool.scheme.round, answer="best", most_people_first=False, both_ways=True)
    return decide(candidates, pool.places, replace(pool.scheme, round=by_points)).prices


def _mean(price: Numbers, positions: Sequence[int]) -> int | None:
    """To the nearest whole point, halves up."""
    total = sum(price[positions].tolist())
    return (2 * total + len(positions)) // (2 * len(positions)) if positions else None


def _commonest(spelled: Counter[str]) -> str:
    return min(spelled, key=lambda spelling: (-spelled[spelling], spelling))


def _told(people: int) -> int | None:
    return people if people >= LEAST_TOLD else None


def _order(found: Wanted) -> tuple[int, int, int, str]:
    points = -1 if found.points is None else found.points
    return -(found.people or 0), -points, list(ASKED_IN).index(found.criterion), fold(found.value)
