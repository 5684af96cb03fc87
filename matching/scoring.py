"""How well two people fit, in whole numbers throughout, so that no machine rounds differently from another.

Similarity is 0 to 1, counted in thousandths (ONE); fit is 0 to 1000. Silence neither helps nor harms: a criterion counts
only when both answered it and both let it be used (decisions.md section 5, requirements.md 6a).

Thousandths keep every number of the formula small, so that looking.py can do it for many pairs at once in 32-bit floats
without losing a digit (columns.py says up to where). What people see is whole points of a thousand anyway.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from matching.people import Answers, Person
from matching.rules import is_standing
from matching.schemes import Scheme

ONE = 1000
FIT_MOST = 1000
# One-way schemes count the supported person's view this much of 100 (requirements.md 6a).
SUPPORTED_SHARE = 70
# Three times in common are as good as thirty. Counting overlap, not its share, rewards nobody for stating few times.
TIMES_ENOUGH = 3

Similarity = Callable[[Answers, Answers, Scheme], int | None]


@dataclass(frozen=True)
class InPlay:
    """One criterion that both people answered: its weight in the scheme and its similarity in thousandths.

    `kind` is the kind of identity when the criterion is `identities` or is weighed by kind, else empty.
    """

    criterion: str
    kind: str
    weight: int
    similarity: int


def fit(one: Answers, other: Answers, scheme: Scheme) -> int:
    """0 to 1000. In a one-way scheme `one` is the supported person and counts 70 of 100; else the lower view counts."""
    if scheme.shape == "one-way":
        in_play = criteria_in_play(one, other, scheme)
        views = [(view(in_play, one), SUPPORTED_SHARE), (view(in_play, other), 100 - SUPPORTED_SHARE)]
        known = [(seen, share) for seen, share in views if seen is not None]
        if not known:
            return scheme.round.unknown_fit
        return _rounded(sum(seen * share for seen, share in known) * FIT_MOST, ONE * sum(share for _, share in known))
    both = (view(criteria_in_play(one, other, scheme), one), view(criteria_in_play(other, one, scheme), other))
    seen_views = [seen for seen in both if seen is not None]
    return _rounded(min(seen_views) * FIT_MOST, ONE) if seen_views else scheme.round.unknown_fit


def view(in_play: list[InPlay], whose: Answers) -> int | None:
    """The weighted mean similarity as one of the two sees it, in thousandths; None when nothing known matters to them.

    A scheme's weight is multiplied by what the criterion matters to this person. Identities are one criterion: its
    similarity is the mean over the kinds both answered, each weighed by what the kind matters to this person.
    """
    total, weights = 0, 0
    kinds_total, kinds_weights, identities_weight = 0, 0, 0
    for item in in_play:
        if item.criterion == "identities":
            matters = whose.importance(item.kind)
            kinds_total += matters * item.similarity
            kinds_weights += matters
            identities_weight = item.weight * whose.importance("identities")
        else:
            matters = item.weight * whose.importance(item.criterion, "identities" if item.kind else item.criterion)
            total += matters * item.similarity
            weights += matters
    if kinds_weights:
        total += identities_weight * _rounded(kinds_total, kinds_weights)
        weights += identities_weight
    return _rounded(total, weights) if weights else None


def criteria_in_play(one: Answers, other: Answers, scheme: Scheme) -> list[InPlay]:
    """Every criterion the scheme weighs and both people answered, in a fixed order, with `one` as the one who wants."""
    found = []
    for criterion, similarity in SIMILARITIES.items():
        weight = scheme.weights[criterion]
        alike = similarity(one, other, scheme) if weight else None
        if alike is not None:
            found.append(InPlay(criterion, "", weight, alike))
    for kind, weight in sorted(scheme.identity_weights.items()):
        if weight and kind in one.kinds and kind in other.kinds:
            found.append(InPlay(kind, kind, weight, overlap(one.kinds[kind], other.kinds[kind])))
    weight = scheme.weights["identities"]
    if weight:
        kinds = sorted((one.kinds.keys() & other.kinds.keys()) - scheme.identity_weights.keys())
        found += [InPlay("identities", kind, weight, overlap(one.kinds[kind], other.kinds[kind])) for kind in kinds]
    return found


def overlap(one: frozenset[str], other: frozenset[str]) -> int:
    """The share of both lists that is in common, in thousandths (Dice 1945): nobody gains by writing more or less."""
    return _rounded(2 * len(one & other) * ONE, len(one) + len(other))


def age(one: Answers, other: Answers, scheme: Scheme) -> int | None:
    """1 for the same year of birth, falling evenly to 0 at the scheme's span of years."""
    if one.born is None or other.born is None:
        return None
    return max(0, ONE - _rounded(abs(one.born - other.born) * ONE, scheme.age.span_years))


def looking_for(one: Answers, other: Answers, _: Scheme) -> int | None:
    return _overlap_of("looking_for", one, other)


def goals(one: Answers, other: Answers, _: Scheme) -> int | None:
    return _overlap_of("goals", one, other)


def experiences(one: Answers, other: Answers, _: Scheme) -> int | None:
    return _overlap_of("experiences", one, other)


def interests(one: Answers, other: Answers, _: Scheme) -> int | None:
    return _overlap_of("interests", one, other)


def languages(one: Answers, other: Answers, _: Scheme) -> int | None:
    return _any_common("languages", one, other)


def modes(one: Answers, other: Answers, _: Scheme) -> int | None:
    return _any_common("modes", one, other)


def areas(one: Answers, other: Answers, _: Scheme) -> int | None:
    return _any_common("areas", one, other)


def times(one: Answers, other: Answers, _: Scheme) -> int | None:
    """How much of enough time in common there is."""
    if not one.used("times") or not other.used("times"):
        return None
    return _rounded(min(TIMES_ENOUGH, len(one.used("times") & other.used("times"))) * ONE, TIMES_ENOUGH)


def skills(one: Answers, other: Answers, _: Scheme) -> int | None:
    """The share of what `one` wants that `other` can show or help with."""
    wanted, offered = one.used("wants"), other.used("skills")
    return _rounded(len(wanted & offered) * ONE, len(wanted)) if wanted and offered else None


def novelty(one: Answers, other: Answers, _: Scheme) -> int | None:
    """1 for somebody new, 0 for a standing partner."""
    return 0 if is_standing(one, other) else ONE


SIMILARITIES: dict[str, Similarity] = {
    "age": age,
    "looking_for": looking_for,
    "goals": goals,
    "experiences": experiences,
    "languages": languages,
    "modes": modes,
    "areas": areas,
    "times": times,
    "interests": interests,
    "skills": skills,
    "novelty": novelty,
}


def waiting_points(person: Person, scheme: Scheme, *, on: date) -> int:
    """Points for each whole day waited up to the round's date, never more than the scheme's most."""
    if person.waiting_since is None:
        return 0
    days = max(0, (on - person.waiting_since).days)
    return min(scheme.round.waiting_points_most, days * scheme.round.waiting_points_a_day)


def stay_points(one: Answers, other: Answers, scheme: Scheme) -> int:
    """Points for a standing pair, so that one change does not move everybody."""
    return scheme.round.stay_points if is_standing(one, other) else 0


def _overlap_of(column: str, one: Answers, other: Answers) -> int | None:
    mine, theirs = one.used(column), other.used(column)
    return overlap(mine, theirs) if mine and theirs else None


def _any_common(column: str, one: Answers, other: Answers) -> int | None:
    mine, theirs = one.used(column), other.used(column)
    if not mine or not theirs:
        return None
    return ONE if mine & theirs else 0


def _rounded(numerator: int, denominator: int) -> int:
    """Nearest whole number, halves up; both are never negative."""
    return (2 * numerator + denominator) // (2 * denominator)
