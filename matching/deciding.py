"""From possible pairs to chosen ones: the objective as one exact whole number per pair, and the rounds of solving.

The order of the objective (decisions.md section 5): no must broken, for barred pairs are not here at all; then, if the
scheme says so, most people; then the largest sum of points; then a hash of the two ids and the seed. All of it is one
number, so that a solver need know nothing of stages:

    (count + points) * 2^shift + hash      count is 0, or one more than all points of a round together;
                                           2^shift is more than all hashes of a round together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import heappop, heappush

import numpy as np

from matching.assign import Assignment, Numbers, Proof, assign, pair, prove

HASH_BYTES = 5
# How much work may go into the best round in which nobody is proposed to the same person both ways, in pairs looked at
# and in rounds. This is a cycle cover without 2-cycles: hard in general, easy when few people stand on both sides.
SEARCH_PAIRS, SEARCH_ROUNDS = 300_000, 200


@dataclass(frozen=True)
class Possible:
    """Two people whom no rule parts, by position among the people of the round, and their points."""

    one: int
    other: int
    fit: int
    waiting: int
    stay: int

    @property
    def points(self) -> int:
        return self.fit + self.waiting + self.stay


@dataclass(frozen=True)
class Decision:
    """The chosen pairs; whether they are the best there are; and, one-way, the proof for the last assignment made."""

    chosen: tuple[Possible, ...]
    exact: bool
    proof: Proof | None


def weights(possible: Sequence[Possible], ids: Sequence[str], *, seed: int, most_people_first: bool) -> list[int]:
    """One exact whole number above zero for each possible pair, as the head of this module says.

    `ids` are the people of the round. The hash does not know who stands left or right of a symmetric pair as long as
    `one` and `other` come in id order. Every choice of partners has at most one pair per person.
    """
    people = len(ids)
    most_points = max((item.points for item in possible), default=0)
    count = people * most_points + 1 if most_people_first else 0
    shift = 8 * HASH_BYTES + 1 + people.bit_length()
    return [
        ((count + item.points) << shift) + 1 + tie_break(ids[item.one], ids[item.other], seed=seed) for item in possible
    ]


def tie_break(one: str, other: str, *, seed: int) -> int:
    """A number from 0 to 2^40 - 1 that depends on the two ids and the seed only, the same on every machine."""
    told = f"{seed}|{len(one.encode())}|{one}|{other}".encode()
    return int.from_bytes(blake2b(told, digest_size=HASH_BYTES).digest(), "big")


def one_way(possible: Sequence[Possible], weight: Sequence[int], places: Sequence[int], *, both_ways: bool) -> Decision:
    """Everyone supported by at most one person, everyone guiding at most `places` people; exact and proved.

    With `both_ways` off, no two people are proposed to each other in both directions: best-first branching on which of
    the two directions goes. Should the search grow too long, the lesser direction goes each time and `exact` is False.
    """
    task = _OneWay(possible, weight, places)
    rounds = max(1, min(SEARCH_ROUNDS, SEARCH_PAIRS // (len(possible) + 1)))
    barred: frozenset[int] = frozenset()
    queue = [(-task.solve(barred)[0].total, 0, barred)]
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
            heappush(queue, (-task.solve(barred | {number})[0].total, made, barred | {number}))
    while clashes:
        barred |= {min(clash, key=lambda number: weight[number]) for clash in clashes}
        clashes = task.clashes(barred)
    return task.decision(barred, exact=False)


class _OneWay:
    """The same assignment with different arcs barred."""

    def __init__(self, possible: Sequence[Possible], weight: Sequence[int], places: Sequence[int]) -> None:
        self.possible = possible
        self.weight = weight
        self.right_capacity = np.array(places, dtype=np.int64)
        self.left_capacity = np.ones(len(places), dtype=np.int64)
        self.number = {(item.one, item.other): number for number, item in enumerate(possible)}
        self._solved: dict[frozenset[int], Assignment] = {}

    def solve(self, barred: frozenset[int]) -> tuple[Assignment, list[int]]:
        open_arcs = [number for number in range(len(self.possible)) if number not in barred]
        if barred not in self._solved:
            self._solved[barred] = assign(*self._columns(open_arcs), self.left_capacity, self.right_capacity)
        return self._solved[barred], open_arcs

    def clashes(self, barred: frozenset[int]) -> list[tuple[int, int]]:
        """Every two chosen arcs that are each other's reverse."""
        answer, _ = self.solve(barred)
        chosen = {(int(one), int(other)) for one, other in zip(answer.left, answer.right, strict=True)}
        both_ways = sorted((one, other) for one, other in chosen if one < other and (other, one) in chosen)
        return [(self.number[one, other], self.number[other, one]) for one, other in both_ways]

    def decision(self, barred: frozenset[int], *, exact: bool) -> Decision:
        answer, open_arcs = self.solve(barred)
        left, right, weight = self._columns(open_arcs)
        proof = prove(
            answer,
            left=left,
            right=right,
            weight=weight,
            left_capacity=self.left_capacity,
            right_capacity=self.right_capacity,
        )
        ends = zip(answer.left, answer.right, strict=True)
        chosen = tuple(self.possible[self.number[int(one), int(other)]] for one, other in ends)
        return Decision(chosen, exact, proof)

    def _columns(self, numbers: list[int]) -> tuple[Numbers, Numbers, Numbers]:
        return _columns([self.possible[number] for number in numbers], [self.weight[number] for number in numbers])


def symmetric(possible: Sequence[Possible], weight: Sequence[int], places: Sequence[int]) -> Decision:
    """Pairs among equals. Exact where everyone has one place.

    Where people have more places, exact rounds are repeated: in each, everyone with a place left gets at most one new
    partner, and pairs already made are barred from the next. The first round alone serves most people; a later one
    never takes a partner away.
    """
    free = list(places)
    chosen: list[Possible] = []
    left = list(range(len(possible)))
    while True:
        left = [number for number in left if free[possible[number].one] and free[possible[number].other]]
        pairing = pair(*_columns([possible[n] for n in left], [weight[n] for n in left]), len(places))
        made = {(int(a), int(b)) for a, b in zip(pairing.a, pairing.b, strict=True)}
        if not made:
            break
        now = [n for n in left if _ends(possible[n]) in made]
        left = [n for n in left if _ends(possible[n]) not in made]
        for number in now:
            chosen.append(possible[number])
            free[possible[number].one] -= 1
            free[possible[number].other] -= 1
    single = all(places[end] <= 1 for item in possible for end in (item.one, item.other))
    return Decision(tuple(sorted(chosen, key=_ends)), exact=single, proof=None)


def _ends(item: Possible) -> tuple[int, int]:
    return min(item.one, item.other), max(item.one, item.other)


def _columns(possible: Sequence[Possible], weight: Sequence[int]) -> tuple[Numbers, Numbers, Numbers]:
    return (
        np.array([item.one for item in possible], dtype=np.int64),
        np.array([item.other for item in possible], dtype=np.int64),
        np.array(weight, dtype=object),
    )
