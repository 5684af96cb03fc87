"""Who gets a partner, group by group; and a bonus that evens the groups' chances out, where a scheme decided on one.

Without it the largest group does best wherever what people share counts, for it finds most to share. A group's bonus is a
number of points on every pair of its people, found in steps: each step gives more to those whose share of partners is
below everybody's, and less to those above it, as prices are found for a constraint that is not kept (a subgradient of the
Lagrangian dual: Held, Wolfe and Crowder 1974). Of all answers on the way that cost no more than the scheme allows the one
with the smallest gap is taken. What it costs is bounded as in kidney exchange (McElfresh and Dickerson 2018).

Only those who have somebody possible are counted: whom the rules leave nobody for is not helped by any bonus, and is told
apart (matching/left_out.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matching.candidates import Candidates
from matching.deciding import Decision, decide
from matching.packed import Numbers
from matching.people import split_identity
from matching.pool import Pool
from matching.words import fold

STEPS = 25
# A group's first step is so many points; the next is longer while the group is still on the same side of everybody's share,
# and shorter once it has passed it (Riedmiller and Braun 1993, "RPROP").
FIRST_STEP, GROW, SHRINK = 40, 1.4, 0.5
# Nothing can be more even than this.
HALF_A_PERSON = 0.5


@dataclass(frozen=True)
class Chances:
    """One group: how many could have had a partner, how many got one without a bonus and in the end, and its bonus.

    `group` is as the scheme writes it. Points are on the scale of fit. For staff, counts below ten withheld.
    """

    group: str
    people: int
    paired_before: int
    paired: int
    bonus: int


@dataclass(frozen=True)
class Evened:
    """What a group bonus did. `lost`: the points it cost, of `points` without it."""

    chances: tuple[Chances, ...]
    points: int
    lost: int

    @property
    def price(self) -> Fraction:
        """The part of all points that it cost."""
        return Fraction(self.lost, self.points) if self.points else Fraction(0)


@dataclass(frozen=True, eq=False)
class _Groups:
    """`of`: by position the number of a person's group, -1 for none. `could`: who could have had a partner."""

    names: tuple[str, ...]
    of: Numbers
    could: Numbers
    large: Numbers

    @classmethod
    def among(cls, pool: Pool, candidates: Candidates) -> "_Groups":
        names = pool.scheme.fairness.groups
        of = np.array([group_of(person.answers.kinds, names) for person in pool.people], dtype=np.int64)
        ends = [candidates.possible.one] if pool.sided else [candidates.possible.one, candidates.possible.other]
        could = np.zeros(len(pool.people), dtype=np.bool_)
        for end in ends:
            could[end] = True
        people = np.bincount(of[could & (of >= 0)], minlength=len(names))
        return cls(names, of, could, people >= pool.scheme.fairness.least_people)

    def people(self) -> Numbers:
        return np.bincount(self.of[self.could & (self.of >= 0)], minlength=len(self.names))

    def paired(self, served: Numbers) -> Numbers:
        return np.bincount(self.of[served & (self.of >= 0)], minlength=len(self.names))

    def rates(self, served: Numbers) -> Numbers:
        """The share of each group that has a partner."""
        rates: Numbers = self.paired(served) / np.maximum(self.people(), 1)
        return rates

    def gap(self, served: Numbers) -> float:
        """Between the best and the least served of the groups that are large enough to tell."""
        rates = self.rates(served)[self.large]
        return float(rates.max() - rates.min()) if len(rates) else 0.0

    def bonus_of_each(self, bonus: Numbers) -> Numbers:
        """By position; nobody without a group has any."""
        return np.append(bonus, 0)[self.of]


def group_of(kinds: dict[str, frozenset[str]], names: Sequence[str]) -> int:
    """The first of these groups that somebody's used answers, by kind, put them in; -1 where none does."""
    for number, name in enumerate(names):
        kind, value = split_identity(name)
        if fold(value) in kinds.get(fold(kind), ()):
            return number
    return -1


def decide_evenly(pool: Pool, candidates: Candidates) -> tuple[Candidates, Decision, Evened | None]:
    """The answer of a round, with a bonus for groups where the scheme has decided on one; and what that did."""
    decision = decide(candidates, pool.places, pool.scheme)
    rules = pool.scheme.fairness
    groups = _Groups.among(pool, candidates)
    plain = _Tried.of(pool, candidates, decision, np.zeros(len(groups.names), dtype=np.int64))
    best = plain
    if rules.has_bonus:
        for tried in _steps(pool, candidates, groups, plain):
            costs = plain.points - tried.points
            if costs * 100 <= rules.price_percent * plain.points and groups.gap(tried.served) < groups.gap(best.served):
                best = tried
            if groups.gap(best.served) * 100 <= rules.gap_points:
                break
    evened = None
    if rules.groups:
        columns = (groups.people(), groups.paired(plain.served), groups.paired(best.served), best.bonus)
        rows = zip(groups.names, *(column.tolist() for column in columns), strict=True)
        evened = Evened(tuple(Chances(*row) for row in rows), plain.points, plain.points - best.points)
    return best.candidates, best.decision, evened


@dataclass(frozen=True, eq=False)
class _Tried:
    """One answer on the way: `points` without any bonus; `served`: who has a partner; `bonus` of each group."""

    candidates: Candidates
    decision: Decision
    bonus: Numbers
    points: int
    served: Numbers

    @classmethod
    def of(cls, pool: Pool, candidates: Candidates, decision: Decision, bonus: Numbers) -> "_Tried":
        possible, served = candidates.possible, np.zeros(len(pool.people), dtype=np.bool_)
        served[possible.one[decision.chosen]] = True
        if not pool.sided:
            served[possible.other[decision.chosen]] = True
        points = int(candidates.own_points()[decision.chosen].sum())
        return cls(candidates, decision, bonus, points, served)


def _steps(pool: Pool, candidates: Candidates, groups: _Groups, plain: _Tried) -> Iterator["_Tried"]:
    """Answers with one bonus after another."""
    number = len(groups.names)
    wish, step, before = np.zeros(number), np.full(number, float(FIRST_STEP)), np.zeros(number)
    last = plain
    for _ in range(STEPS):
        served = last.served & groups.could
        short = (served.sum() / max(1, groups.could.sum()) - groups.rates(last.served)) * groups.people()
        side = np.where(groups.large & (np.abs(short) > HALF_A_PERSON), np.sign(short), 0)
        step *= np.where(side * before > 0, GROW, np.where(side * before < 0, SHRINK, 1))
        wish += side * step
        before = side
        # Only differences count; nobody is ever worth less for their group.
        bonus = np.round(np.where(groups.large, wish - wish[groups.large].min(initial=0), 0)).astype(np.int64)
        tried = candidates.with_extra(groups.bonus_of_each(bonus))
        last = _Tried.of(pool, tried, decide(tried, pool.places, pool.scheme), bonus)
        yield last
