"""What a round did for whom, counted: for the report that a board and a funder read. No ids, no pairs, no reasons.

The two prices are told apart. Waiting points cost fit: the round is run once more without them. A group bonus costs points:
fairness.py has both answers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from matching.explain import NO_FIT
from matching.fairness import group_of
from matching.people import Person
from matching.pool import OFFER, SEEK
from matching.round import Round, run_round
from matching.schemes import Scheme

# Days waited: from each of these up to the day before the next.
WAITING_FROM = (0, 8, 15, 29, 57, 85)
# A mentor's partners are counted up to so many; more stand together.
LOAD_MOST = 4


@dataclass(frozen=True)
class GroupOutcome:
    """One of the scheme's groups: who asked, whom the rules left nobody for, and who got a partner.

    `mentors`, `places`, `partners`: those of the group who offered, the places they had, and the partners they got.
    """

    group: str
    asked: int
    nobody_possible: int
    paired: int
    mentors: int
    places: int
    partners: int


@dataclass(frozen=True)
class Outcome:
    """`asked`: people on the supported side, or all where all are alike. `left_out`: by side and code of explain.py.

    `waiting`: for each of WAITING_FROM who had waited so long before the round, and of those who has nobody after it;
    those who have said no day are in neither. `load`: how many guides have 0, 1 ... LOAD_MOST or more partners.
    `waiting_price`, `bonus_price`: the part of all fit, and of all points, that waiting and the group bonus cost.
    """

    asked: int
    paired: int
    left_out: tuple[tuple[str, str, int], ...]
    groups: tuple[GroupOutcome, ...]
    waiting: tuple[tuple[int, int, int], ...]
    load: tuple[int, ...]
    waiting_price: Fraction
    bonus_price: Fraction
    blocking: int


def outcome(decided: Round, people: Iterable[Person]) -> Outcome:
    """Count a round. `people` are those it was run with."""
    rows = tuple(people)
    asking = [person for person in rows if _stands(person, SEEK, decided.scheme)]
    served = {made.left for made in decided.pairs}
    if decided.scheme.shape != "one-way":
        served |= {made.right for made in decided.pairs}
    left = Counter((one.side, one.code) for one in (*decided.unmatched, *decided.still_looking))
    return Outcome(
        asked=len(asking),
        paired=sum(person.id in served for person in asking),
        left_out=tuple((side, code, count) for (side, code), count in sorted(left.items())),
        groups=_groups(decided, rows, served),
        waiting=_waiting(asking, served, decided.on),
        load=_load(decided, rows),
        waiting_price=_waiting_price(decided, rows),
        bonus_price=decided.evened.price if decided.evened else Fraction(0),
        blocking=decided.blocking,
    )


def _stands(person: Person, side: str, scheme: Scheme) -> bool:
    return scheme.shape != "one-way" or person.side in {side, "both"}


def _groups(decided: Round, rows: Sequence[Person], served: set[str]) -> tuple[GroupOutcome, ...]:
    scheme = decided.scheme
    partners = Counter(made.right for made in decided.pairs)
    if scheme.shape != "one-way":
        partners += Counter(made.left for made in decided.pairs)
    nobody = {
        one.id for one in (*decided.unmatched, *decided.still_looking) if one.code == NO_FIT and one.side != OFFER
    }
    found = []
    for number, name in enumerate(scheme.fairness.groups):
        own = [person for person in rows if group_of(person.answers.kinds, scheme.fairness.groups) == number]
        asked = [person.id for person in own if _stands(person, SEEK, scheme)]
        guides = [person for person in own if _stands(person, OFFER, scheme)]
        found.append(
            GroupOutcome(
                group=name,
                asked=len(asked),
                nobody_possible=len(nobody.intersection(asked)),
                paired=len(served.intersection(asked)),
                mentors=len(guides),
                places=sum(person.capacity for person in guides),
                partners=sum(partners[person.id] for person in guides),
            )
        )
    return tuple(found)


def _waiting(asking: Sequence[Person], served: set[str], on: date) -> tuple[tuple[int, int, int], ...]:
    before, after = Counter[int](), Counter[int]()
    for person in asking:
        if person.waiting_since is not None:
            days = max(0, (on - person.waiting_since).days)
            since = max(start for start in WAITING_FROM if start <= days)
            before[since] += 1
            after[since] += person.id not in served
    return tuple((start, before[start], after[start]) for start in WAITING_FROM)


def _load(decided: Round, rows: Sequence[Person]) -> tuple[int, ...]:
    partners = Counter(made.right for made in decided.pairs)
    if decided.scheme.shape != "one-way":
        partners += Counter(made.left for made in decided.pairs)
    guides = [person for person in rows if _stands(person, OFFER, decided.scheme) and person.capacity]
    load = Counter(min(partners[person.id], LOAD_MOST) for person in guides)
    return tuple(load[number] for number in range(LOAD_MOST + 1))


def _waiting_price(decided: Round, rows: Sequence[Person]) -> Fraction:
    """Both rounds without a group bonus, so that nothing of its price is in this one."""
    scheme = decided.scheme
    if not scheme.is_paired or not scheme.round.waiting_points_most * scheme.round.waiting_points_a_day:
        return Fraction(0)
    plain = replace(scheme, fairness=replace(scheme.fairness, bonus_decided="", advice=""))
    calm = replace(plain, round=replace(plain.round, waiting_points_a_day=0))
    with_points = run_round(rows, plain, on=decided.on, seed=decided.seed) if scheme.fairness.has_bonus else decided
    without = run_round(rows, calm, on=decided.on, seed=decided.seed)
    fit, best = (sum(made.fit for made in each.pairs) for each in (with_points, without))
    return max(Fraction(0), 1 - Fraction(fit, best)) if best else Fraction(0)
