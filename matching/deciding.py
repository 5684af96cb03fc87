"""From possible pairs to chosen ones: the objective in whole numbers, and what is solved for each shape of scheme.

The order of the objective (decisions.md section 5): no must broken, for barred pairs are not here at all; then, if the
scheme says so, most people; then the largest sum of points; then a hash of the two ids and the seed. One number holds the
first two:

    all + points + 1            most people first; `all` is more than all points of a round together
    points * (pairs + 1) + 1    else; of two answers with the same points, the one with more pairs

One-way, the hash decides in a second step, among the answers that the first step's prices leave: an answer is among the
best if and only if it keeps to arcs that are worth exactly their two prices, seats everybody who has a price, and fills
every place that has one (complementary slackness). Among equals, it stands in the low digits of the same number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import heappop, heappush

import numpy as np

from matching.assign import Assignment, Numbers, Proof, assign, prove
from matching.equals import WEIGHT_BITS, pair, prove_pairs
from matching.several import pair_several

HASH_BITS = 40
# How much work may go into the best round in which nobody is proposed to the same person both ways, in pairs looked at
# and in rounds. This is a cycle cover without 2-cycles: hard in general, easy when few people stand on both sides.
SEARCH_PAIRS, SEARCH_ROUNDS = 20_000_000, 200


@dataclass(frozen=True, eq=False)
class Possible:
    """The pairs whom no rule parts, by position among the people of the round, and their points: five int64 columns.

    One-way, `one` is the person supported. Among equals `one` is the smaller position.
    """

    one: Numbers
    other: Numbers
    fit: Numbers
    waiting: Numbers
    stay: Numbers

    @property
    def points(self) -> Numbers:
        return self.fit + self.waiting + self.stay

    def __len__(self) -> int:
        return len(self.one)


@dataclass(frozen=True, eq=False)
class Decision:
    """Positions of the chosen pairs among the possible ones; whether they are the best there are; and the proof of the
    last answer found. When `exact` is False it proves only that answer among those without the pairs that were barred."""

    chosen: Numbers
    exact: bool
    proof: Proof


def one_way(
    possible: Possible,
    ids: Sequence[str],
    places: Sequence[int],
    *,
    seed: int,
    most_people_first: bool,
    both_ways: bool,
) -> Decision:
    """Everyone supported by at most one person, everyone guiding at most `places` people; exact and proved.

    With `both_ways` off, no two people are proposed to each other in both directions: best-first branching on which of
    the two directions goes. Should the search grow too long, the lesser direction goes each time and `exact` is False.
    """
    task = _OneWay(possible, ids, np.array(places, dtype=np.int64), seed, most_people_first=most_people_first)
    rounds = max(1, min(SEARCH_ROUNDS, SEARCH_PAIRS // (len(possible) + 1)))
    barred: frozenset[int] = frozenset()
    queue = [(task.rank(barred), 0, barred)]
    made = 0
    while True:
        _, _, barred = heappop(queue)
        clashes = [] if both_ways else task.clashes(barred)
        if not clashes:
            return task.decision(barred, exact=True)
        if made >= rounds:
            break
        for number in clashes[0]:
            made += 1
            heappush(queue, (task.rank(barred | {number}), made, barred | {number}))
    while clashes:
        barred |= {min(clash, key=task.worth_of) for clash in clashes}
        clashes = task.clashes(barred)
    return task.decision(barred, exact=False)


class _OneWay:
    """The same assignment with different arcs barred."""

    def __init__(
        self, possible: Possible, ids: Sequence[str], seats: Numbers, seed: int, *, most_people_first: bool
    ) -> None:
        self.possible = possible
        self.seats = seats
        self.each, self.weight = weigh(
            possible.points, len(np.unique(possible.one)), most_people_first=most_people_first
        )
        self.chance = tie_breaks(ids, possible, seed=seed)
        self._key = possible.one * len(seats) + possible.other
        self._by_key = np.argsort(self._key)
        self._solved: dict[frozenset[int], tuple[Assignment, Numbers]] = {}

    def rank(self, barred: frozenset[int]) -> tuple[int, int]:
        """The better the answer, the smaller."""
        answer, chosen = self._solve(barred)
        return -answer.total, -sum(self.chance[chosen].tolist())

    def worth_of(self, number: int) -> tuple[int, int]:
        return int(self.weight[number]), int(self.chance[number])

    def clashes(self, barred: frozenset[int]) -> list[tuple[int, int]]:
        """Every two chosen arcs that are each other's reverse."""
        _, chosen = self._solve(barred)
        one, other = self.possible.one[chosen], self.possible.other[chosen]
        number = dict(zip(zip(one.tolist(), other.tolist(), strict=True), chosen.tolist(), strict=True))
        return [
            (place, number[ends[1], ends[0]])
            for ends, place in sorted(number.items())
            if ends[0] < ends[1] and (ends[1], ends[0]) in number
        ]

    def decision(self, barred: frozenset[int], *, exact: bool) -> Decision:
        answer, chosen = self._solve(barred)
        arcs = self._open(barred)
        one, other = self.possible.one[arcs], self.possible.other[arcs]
        weight = self.weight[arcs] + self.each
        proof = prove(answer, left=one, right=other, weight=weight, people=len(self.seats), seats=self.seats)
        return Decision(chosen, exact, proof)

    def _solve(self, barred: frozenset[int]) -> tuple[Assignment, Numbers]:
        if barred not in self._solved:
            arcs = self._open(barred)
            answer = self._assign(arcs, self.weight[arcs], each=self.each)
            self._solved[barred] = answer, self._among_the_best(arcs, answer)
        return self._solved[barred]

    def _assign(self, arcs: Numbers, weight: Numbers, *, each: int = 0) -> Assignment:
        one, other = self.possible.one[arcs], self.possible.other[arcs]
        return assign(one, other, weight, len(self.seats), self.seats, each=each)

    def _among_the_best(self, open_arcs: Numbers, answer: Assignment) -> Numbers:
        """Of all answers as good as this one the one the hash prefers, as positions of arcs, in order."""
        one, other = self.possible.one[open_arcs], self.possible.other[open_arcs]
        u, v = answer.left_price[one], answer.right_price[other]
        level = self.weight[open_arcs] + self.each == u + v
        # More than all hashes of a round together, for each end that has to be taken.
        needed = (u > 0).astype(np.int64) + (v > 0)
        chance = self.chance[open_arcs] + 1 + (needed << (HASH_BITS + len(answer.left).bit_length() + 1))
        tied = self._assign(open_arcs[level], chance[level])
        return np.sort(self._find(tied.left, tied.right))

    def _find(self, one: Numbers, other: Numbers) -> Numbers:
        found: Numbers = self._by_key[np.searchsorted(self._key[self._by_key], one * len(self.seats) + other)]
        return found

    def _open(self, barred: frozenset[int]) -> Numbers:
        is_open = np.ones(len(self.possible), dtype=bool)
        is_open[list(barred)] = False
        return np.flatnonzero(is_open)


def symmetric(
    possible: Possible, ids: Sequence[str], places: Sequence[int], *, seed: int, most_people_first: bool
) -> Decision:
    """Pairs among equals, nobody in more than their places; `matching.several` says when that is exact."""
    if any(count > 1 for count in places):
        return _symmetric_with_several(possible, ids, places, seed, most_people_first=most_people_first)
    pairs = len(places) // 2
    each, weight = weigh(possible.points, pairs, most_people_first=most_people_first)
    weight = _with_chance(weight + each, int(weight.max(initial=1)) + each, pairs, tie_breaks(ids, possible, seed=seed))
    answer = pair(possible.one, possible.other, weight, len(places))
    proof = prove_pairs(answer, a=possible.one, b=possible.other, weight=weight, people=len(places))
    key = possible.one * len(places) + possible.other
    return Decision(np.flatnonzero(np.isin(key, answer.a * len(places) + answer.b)), exact=True, proof=proof)


def _symmetric_with_several(
    possible: Possible, ids: Sequence[str], places: Sequence[int], seed: int, *, most_people_first: bool
) -> Decision:
    """Most people means: as many as can be have somebody; how many each has comes after that."""
    pairs = sum(min(count, len(places)) for count in places) // 2
    _, weight = weigh(possible.points, pairs, most_people_first=False)
    first = pairs * int(weight.max(initial=0)) + 1 if most_people_first else 0
    most = int(weight.max(initial=1)) + 2 * first + 2
    shift = _room(most)
    weight = _with_chance(weight, most, pairs, tie_breaks(ids, possible, seed=seed))
    several = pair_several(possible.one, possible.other, weight, places, first=first << shift)
    return Decision(several.chosen, exact=several.exact, proof=several.proof)


def _room(most: int) -> int:
    """How many low digits are left for the hash below numbers of this size."""
    return WEIGHT_BITS - most.bit_length()


def _with_chance(weight: Numbers, most: int, pairs: int, chance: Numbers) -> Numbers:
    """The hash in the digits below; fewer of its own where all of a round together would not fit there."""
    shift = _room(most)
    digits = max(0, min(HASH_BITS, shift - pairs.bit_length()))
    full: Numbers = (weight << shift) + (chance >> (HASH_BITS - digits))
    return full


def weigh(points: Numbers, pairs: int, *, most_people_first: bool) -> tuple[int, Numbers]:
    """What any pair is worth, and beside it each possible one, above zero; no answer has more than so many `pairs`."""
    if most_people_first:
        return pairs * (int(points.max(initial=0)) + 1), points + 1
    return 0, points * (pairs + 1) + 1


def tie_breaks(ids: Sequence[str], possible: Possible, *, seed: int) -> Numbers:
    """A number below 2^40 for each possible pair, from its two ids and the seed only, the same on every machine.

    It does not know who of two equals stands left, as long as `one` comes before `other` in the order of ids.
    """
    own = np.array(
        [int.from_bytes(blake2b(f"{seed}|{name}".encode(), digest_size=8).digest(), "big") for name in ids],
        dtype=np.uint64,
    )
    if not len(own):
        return np.zeros(0, dtype=np.int64)
    mixed = own[possible.one] + np.uint64(0x9E3779B97F4A7C15) * (own[possible.other] | np.uint64(1))
    # The finish of SplitMix64 (Steele, Lea and Flood 2014): every bit of what goes in moves about half of what comes out.
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    top: Numbers = (mixed >> np.uint64(64 - HASH_BITS)).astype(np.int64)
    return top
