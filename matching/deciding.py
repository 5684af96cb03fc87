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

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from matching.assign import Assignment, Numbers, Proof, assign, prove
from matching.candidates import Candidates, Possible, Prices
from matching.chance import HASH_BITS
from matching.equals import WEIGHT_BITS, Pairing, pair, prove_pairs, shortfall
from matching.schemes import Scheme
from matching.several import pair_several
from matching.stability import stable

# How much work may go into the best round in which nobody is proposed to the same person both ways, in pairs looked at
# and in rounds. This is a cycle cover without 2-cycles: hard in general, easy when few people stand on both sides.
SEARCH_PAIRS, SEARCH_ROUNDS = 20_000_000, 200


@dataclass(frozen=True, eq=False)
class Decision:
    """Positions of the chosen pairs among the possible ones; whether they are the best there are; the proof of the last
    answer found; and what its places ask.

    When `exact` is False the proof is of that answer among those without the pairs that were barred, or without those not
    looked at; a stable answer has none. `prices` are points, rounded up, by position, one-way; empty among equals.
    """

    chosen: Numbers
    exact: bool
    proof: Proof | None
    prices: Numbers


def decide(candidates: Candidates, places: Numbers, scheme: Scheme) -> Decision:
    """The best answer for a scheme of pairs, or the stable one where it asks for that.

    `places`: how many partners each person may have, by position.
    """
    most_people_first, both_ways = scheme.round.most_people_first, scheme.round.both_ways
    if scheme.round.answer == "stable":
        chosen = stable(candidates, places, both_ways=both_ways)
        return Decision(chosen, exact=False, proof=None, prices=np.zeros(0, dtype=np.int64))
    if scheme.shape == "one-way":
        return one_way(candidates, places, most_people_first=most_people_first, both_ways=both_ways)
    return symmetric(candidates, places, most_people_first=most_people_first)


def one_way(candidates: Candidates, places: Numbers, *, most_people_first: bool, both_ways: bool) -> Decision:
    """Everyone supported by at most one person, everyone guiding at most `places` people; exact and proved.

    With `both_ways` off, no two people are proposed to each other in both directions: best-first branching on which of
    the two directions goes. Should the search grow too long, the lesser direction goes each time, and `exact` says whether
    that cost anything.
    """
    task = _OneWay(candidates, places, most_people_first=most_people_first)
    rounds = max(1, min(SEARCH_ROUNDS, SEARCH_PAIRS // (len(task.possible) + 1)))
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
    # As good as the best when anything goes is as good as can be, whatever the hash would have preferred.
    return task.decision(barred, exact=task.rank(barred)[0] == task.rank(frozenset())[0])


class _OneWay:
    """The same assignment with different arcs barred. Pairs that are taken in later come after those known before."""

    def __init__(self, candidates: Candidates, seats: Numbers, *, most_people_first: bool) -> None:
        self.candidates = candidates
        self.seats = seats
        pairs, most = len(np.unique(self.possible.one)), candidates.points_most
        self.each, self.scale = weigh(pairs, most, most_people_first=most_people_first)
        self._solved: dict[frozenset[int], tuple[Assignment, Numbers]] = {}

    @property
    def possible(self) -> Possible:
        return self.candidates.possible

    def rank(self, barred: frozenset[int]) -> tuple[int, int]:
        """The better the answer, the smaller."""
        answer, chosen = self._solve(barred)
        return -answer.total, -sum(self.possible.chance[chosen].tolist())

    def worth_of(self, number: int) -> tuple[int, int]:
        return int(self.possible.points[number]), int(self.possible.chance[number])

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
        weight = self._weight(arcs) + self.each
        proof = prove(answer, left=one, right=other, weight=weight, people=len(self.seats), seats=self.seats)
        return Decision(chosen, exact, proof, -(-answer.right_price // self.scale))

    def _solve(self, barred: frozenset[int]) -> tuple[Assignment, Numbers]:
        if barred not in self._solved:
            answer = self._best(barred)
            self._solved[barred] = answer, self._among_the_best(barred, answer)
        return self._solved[barred]

    def _best(self, barred: frozenset[int]) -> Assignment:
        answer = None
        while True:
            arcs = self._open(barred)
            answer = self._assign(arcs, self._weight(arcs), each=self.each, start=answer)
            if not self.candidates.widen(Prices(answer.left_price, answer.right_price, self.each, self.scale, 1)):
                return answer

    def _assign(self, arcs: Numbers, weight: Numbers, *, each: int = 0, start: Assignment | None = None) -> Assignment:
        one, other = self.possible.one[arcs], self.possible.other[arcs]
        return assign(one, other, weight, len(self.seats), self.seats, each=each, start=start)

    def _among_the_best(self, barred: frozenset[int], answer: Assignment) -> Numbers:
        """Of all answers as good as this one the one the hash prefers, as positions of arcs, in order."""
        arcs = self._open(barred)
        u, v = answer.left_price[self.possible.one[arcs]], answer.right_price[self.possible.other[arcs]]
        level = self._weight(arcs) + self.each == u + v
        # More than all hashes of a round together, for each end that has to be taken.
        needed = (u > 0).astype(np.int64) + (v > 0)
        chance = self.possible.chance[arcs] + 1 + (needed << (HASH_BITS + len(answer.left).bit_length() + 1))
        tied = self._assign(arcs[level], chance[level])
        return np.sort(self._find(tied.left, tied.right))

    def _weight(self, arcs: Numbers) -> Numbers:
        weight: Numbers = self.possible.points[arcs] * self.scale + 1
        return weight

    def _find(self, one: Numbers, other: Numbers) -> Numbers:
        key = self.possible.one * len(self.seats) + self.possible.other
        by_key = np.argsort(key)
        found: Numbers = by_key[np.searchsorted(key[by_key], one * len(self.seats) + other)]
        return found

    def _open(self, barred: frozenset[int]) -> Numbers:
        is_open = np.ones(len(self.possible), dtype=bool)
        is_open[list(barred)] = False
        return np.flatnonzero(is_open)


def symmetric(candidates: Candidates, places: Numbers, *, most_people_first: bool) -> Decision:
    """Pairs among equals, nobody in more than their places; `matching.several` says when that is exact."""
    if (places > 1).any():
        return _symmetric_with_several(candidates, places, most_people_first=most_people_first)
    people = len(places)
    each, scale = weigh(people // 2, candidates.points_most, most_people_first=most_people_first)
    low = _LowDigits.below(each + scale * candidates.points_most + 1, pairs=people // 2)

    def weight_of(possible: Possible) -> Numbers:
        return low.added(each + possible.points * scale + 1, possible.chance)

    def solved(possible: Possible) -> Pairing:
        return pair(possible.one, possible.other, weight_of(possible), people)

    def widened(answer: Pairing) -> bool:
        # Prices are doubled; and the hash adds less than 2 ** digits.
        double = low.shift + 1
        prices = Prices(
            answer.price, answer.price, (each + 1) << double, scale << double, 2 << low.digits, answer.groups
        )
        return candidates.widen(prices, lambda new: shortfall(answer, new.one, new.other, weight_of(new)) > 0)

    answer = solved(candidates.possible)
    while widened(answer):
        answer = solved(candidates.possible)
    possible = candidates.possible
    proof = prove_pairs(answer, a=possible.one, b=possible.other, weight=weight_of(possible), people=people)
    key = possible.one * people + possible.other
    chosen = np.flatnonzero(np.isin(key, answer.a * people + answer.b))
    return Decision(chosen, exact=True, proof=proof, prices=np.zeros(0, dtype=np.int64))


def _symmetric_with_several(candidates: Candidates, places: Numbers, *, most_people_first: bool) -> Decision:
    """Most people means: as many as can be have somebody; how many each has comes after that."""
    possible = candidates.possible
    pairs = sum(min(count, len(places)) for count in places.tolist()) // 2
    _, scale = weigh(pairs, candidates.points_most, most_people_first=False)
    weight = possible.points * scale + 1
    first = pairs * int(weight.max(initial=0)) + 1 if most_people_first else 0
    low = _LowDigits.below(int(weight.max(initial=1)) + 2 * first + 2, pairs=pairs)
    weight = low.added(weight, possible.chance)
    several = pair_several(possible.one, possible.other, weight, places.tolist(), first=first << low.shift)
    exact = several.exact and candidates.has_all
    return Decision(several.chosen, exact=exact, proof=several.proof, prices=np.zeros(0, dtype=np.int64))


class _LowDigits(NamedTuple):
    """Room for the hash below other numbers: they move up by `shift` digits, and the hash has its first `digits` there.

    It has fewer than its own where the hashes of all of a round together would not fit.
    """

    shift: int
    digits: int

    @classmethod
    def below(cls, most: int, *, pairs: int) -> "_LowDigits":
        """Below numbers of this size, of which a round adds up at most so many."""
        shift = WEIGHT_BITS - most.bit_length()
        return cls(shift, max(0, min(HASH_BITS, shift - pairs.bit_length())))

    def added(self, numbers: Numbers, chance: Numbers) -> Numbers:
        full: Numbers = (numbers << self.shift) + (chance >> (HASH_BITS - self.digits))
        return full


def weigh(pairs: int, most: int, *, most_people_first: bool) -> tuple[int, int]:
    """What any pair is worth, and what each of its points is; no answer has more than so many pairs, no pair more points.

    A pair is worth one more than that, so that it is worth something, and of equal points the answer with more pairs wins.
    """
    if most_people_first:
        return pairs * (most + 1), 1
    return 0, pairs + 1
