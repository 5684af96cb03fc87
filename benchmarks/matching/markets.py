"""One-way tasks for solvers: who could be supported by whom and what that is worth, of invented communities.

`n` people ask, and n / 2.5 mentors have 1 to 4 places each: as many in all as there are people ("balanced", the hardest),
or 61 of 100 ("scarce"), or 160 ("plentiful"). What two people are worth to each other is what the engine gives them in the
preset `fanon`, less whoever fits less than 150 of 1000, so that about a quarter of all pairs are possible. Leaving
somebody out is worth 0.
"""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.matching.looking import SCHEME, community
from matching.columns import Columns
from matching.looking import best_of_each, everybody, points
from matching.packed import Numbers

BALANCED, SCARCE, PLENTIFUL = "balanced", "scarce", "plentiful"
SEATS_OF_100 = {BALANCED: 100, SCARCE: 61, PLENTIFUL: 160}
PEOPLE_A_MENTOR = 2.5
PLACES_MOST = 4
TOWN = replace(SCHEME, round=replace(SCHEME.round, minimum_fit=150))


@dataclass(frozen=True, eq=False)
class Market:
    """One entry per arc; `seats`: one number per mentor. All whole numbers, every weight above 0, sorted by both ends."""

    left: Numbers
    right: Numbers
    weight: Numbers
    people: int
    seats: Numbers

    def with_seats(self, kind: str) -> "Market":
        return replace(self, seats=seats_for(len(self.seats), self.people * SEATS_OF_100[kind] // 100))

    def worth(self, left: Numbers, right: Numbers) -> int:
        """What these pairs are worth together. Raises ValueError when they are not allowed, or are too many for somebody."""
        key, wanted = self.left * len(self.seats) + self.right, left * len(self.seats) + right
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        if (key[at] != wanted).any():
            raise ValueError("a pair that is not possible")
        if (np.bincount(left, minlength=1) > 1).any():
            raise ValueError("somebody has two mentors")
        if (np.bincount(right, minlength=len(self.seats)) > self.seats).any():
            raise ValueError("a mentor has more people than places")
        return int(self.weight[at].sum())

    def __str__(self) -> str:
        people, mentors, arcs = self.people, len(self.seats), len(self.weight)
        of_all = f"{arcs / (people * mentors):.1%} of pairs"
        return f"{people:,} people, {mentors:,} mentors with {self.seats.sum():,} places, {arcs:,} arcs ({of_all})"


def seats_for(mentors: int, seats: int) -> Numbers:
    """1 to 4 for each mentor by lot, then one more or less for some, until there are so many in all."""
    chance = np.random.default_rng(11)
    places = chance.integers(1, PLACES_MOST + 1, mentors)
    while (missing := seats - int(places.sum())) != 0:
        could = np.flatnonzero(places < PLACES_MOST if missing > 0 else places > 1)
        places[chance.permutation(could)[: abs(missing)]] += np.sign(missing)
    return places


def sides_of(people: int) -> tuple[Columns, Numbers, Numbers]:
    """A community, who asks and who offers."""
    mentors = round(people / PEOPLE_A_MENTOR)
    columns = community(people, mentors, TOWN)
    return columns, np.arange(people), np.arange(people, people + mentors)


def of_community(people: int, best: int | None = None) -> Market:
    """All possible pairs of a community, or the `best` of each on either side; balanced."""
    columns, ones, others = sides_of(people)
    arcs = everybody(columns, ones, others) if best is None else best_of_each(columns, ones, others, best)
    left, right, weight = arcs.one.astype(np.int64), arcs.other.astype(np.int64) - people, points(columns, arcs)
    above = weight > 0
    return Market(left[above], right[above], weight[above].astype(np.int64), people, seats_for(len(others), people))


def by_lot(people: int, each: int) -> Market:
    """Arcs without a community: mentors by lot, some far oftener than others, worth what the mentor and chance make it."""
    chance = np.random.default_rng(12)
    mentors = round(people / PEOPLE_A_MENTOR)
    right = (mentors * chance.random(people * each) ** 1.3).astype(np.int64)
    key = np.unique(np.repeat(np.arange(people), each) * mentors + right)
    left, right = key // mentors, key % mentors
    weight = 1 + chance.integers(0, 400, mentors)[right] + chance.integers(0, 600, len(key))
    return Market(left, right, weight, people, seats_for(mentors, people))
