"""The two exact solvers: people to places with capacities, and pairs among equals. Whole numbers only, no tolerance.

`assign` grows the answer one place at a time along shortest augmenting paths and keeps a price on every node
(Kuhn 1955 and Munkres 1957; the path form with prices is Edmonds and Karp 1972, Tomizawa 1971). Capacities stay on the
nodes: nobody is copied into seats. The prices left at the end prove that no other answer is worth more (linear
programming duality). `pair` is the maximum-weight matching of a general graph (Edmonds 1965, "Paths, trees, and
flowers"; Galil 1986), which rustworkx computes in whole numbers.

A weight may be an int64 or an exact Python int in an object array, so that counts, points and the tie-break of a round
can stand in one number without rounding.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import rustworkx as rx

from matching.errors import GraphRefused, NotProved

Numbers = npt.NDArray[Any]
# rustworkx counts in 128-bit integers and doubles its prices on the way.
PAIR_WEIGHT_BITS = 120


@dataclass(frozen=True, eq=False)
class Assignment:
    """The chosen arcs as positions, sorted by left then right; their total; and one price per node, never negative."""

    left: Numbers
    right: Numbers
    total: int
    left_price: Numbers
    right_price: Numbers


@dataclass(frozen=True, eq=False)
class Pairing:
    """The chosen pairs as positions, the smaller first, sorted; and their total."""

    a: Numbers
    b: Numbers
    total: int


@dataclass(frozen=True)
class Proof:
    """What an assignment is worth, and the most that any other could be worth by its prices. The two are equal."""

    primal: int
    dual: int


def assign(
    left: Numbers, right: Numbers, weight: Numbers, left_capacity: Numbers, right_capacity: Numbers
) -> Assignment:
    """The heaviest choice of arcs that keeps every node within its capacity; leaving someone out costs nothing.

    `left`, `right`, `weight`: one entry per arc, positions >= 0 and weights > 0, each pair of ends at most once.
    `left_capacity`, `right_capacity`: one whole number >= 0 per node. The answer does not depend on the order of the
    arcs. Time grows as places times arcs times the logarithm of people. Raises GraphRefused.
    """
    arcs = _arcs(left, right, weight, len(left_capacity), len(right_capacity))
    search = _Search(arcs, _capacities(left_capacity), _capacities(right_capacity))
    for node in range(len(left_capacity)):
        search.place(node)
    chosen = [number for number, taken in enumerate(search.taken) if taken]
    kind = object if np.asarray(weight).dtype == object else np.int64
    return Assignment(
        left=np.array([arcs[number][0] for number in chosen], dtype=np.int64),
        right=np.array([arcs[number][1] for number in chosen], dtype=np.int64),
        total=sum(arcs[number][2] for number in chosen),
        left_price=np.array(search.left_price, dtype=kind),
        right_price=np.array(search.right_price, dtype=kind),
    )


def pair(a: Numbers, b: Numbers, weight: Numbers, people: int) -> Pairing:
    """The heaviest set of pairs in which nobody stands twice, in any graph; leaving someone out costs nothing.

    `a`, `b`, `weight`: one entry per possible pair, positions below `people`, weights > 0, each pair at most once,
    nobody with themselves. The answer does not depend on the order of the pairs or of their ends. Raises GraphRefused.
    """
    first, second = np.minimum(a, b), np.maximum(a, b)
    arcs = _arcs(first, second, weight, people, people)
    if any(one == other for one, other, _ in arcs):
        raise GraphRefused("nobody can be paired with themselves")
    if arcs and max(value for _, _, value in arcs).bit_length() > PAIR_WEIGHT_BITS:
        raise GraphRefused(f"a weight needs more than {PAIR_WEIGHT_BITS} bits")
    graph: rx.PyGraph[int, int] = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(people))
    graph.add_edges_from(arcs)
    chosen = sorted((min(ends), max(ends)) for ends in rx.max_weight_matching(graph, weight_fn=int))
    worth = {(one, other): value for one, other, value in arcs}
    return Pairing(
        a=np.array([one for one, _ in chosen], dtype=np.int64),
        b=np.array([other for _, other in chosen], dtype=np.int64),
        total=sum(worth[ends] for ends in chosen),
    )


def prove(
    answer: Assignment,
    *,
    left: Numbers,
    right: Numbers,
    weight: Numbers,
    left_capacity: Numbers,
    right_capacity: Numbers,
) -> Proof:
    """Check an assignment against its own prices, sharing no code with the solver. Raises NotProved with what is off.

    Any prices that are not negative bound every possible answer from above: an arc is worth at most its two ends'
    prices plus what its weight has above them, and each node is used at most to its capacity. Equality is the proof.
    """
    worth = {(int(i), int(j)): int(w) for i, j, w in zip(left, right, weight, strict=True)}
    chosen = [(int(i), int(j)) for i, j in zip(answer.left, answer.right, strict=True)]
    if len(set(chosen)) != len(chosen) or not set(chosen) <= set(worth):
        raise NotProved("a chosen pair is not one of the arcs, or is chosen twice")
    sides = ((answer.left_price, left_capacity, 0), (answer.right_price, right_capacity, 1))
    for _, capacity, end in sides:
        used = Counter(ends[end] for ends in chosen)
        if any(count > int(capacity[node]) for node, count in used.items()):
            raise NotProved("somebody has more partners than places")
    if any(int(price) < 0 for prices, _, _ in sides for price in prices):
        raise NotProved("a price is negative")
    u, v = [int(price) for price in answer.left_price], [int(price) for price in answer.right_price]
    primal = sum(worth[ends] for ends in chosen)
    dual = sum(int(c) * p for p, c in zip(u, left_capacity, strict=True))
    dual += sum(int(c) * p for p, c in zip(v, right_capacity, strict=True))
    dual += sum(max(0, w - u[i] - v[j]) for (i, j), w in worth.items())
    if not primal == dual == answer.total:
        raise NotProved(f"the pairs are worth {primal}, the prices allow {dual}, the total says {answer.total}")
    return Proof(primal, dual)


Arc = tuple[int, int, int]


class _Search:
    """The state of `assign`. After every step, for all nodes placed so far:

    an arc not taken is worth at most its ends' prices, a taken arc at least that; a node with free places costs 0.
    """

    def __init__(self, arcs: Sequence[Arc], left_capacity: list[int], right_capacity: list[int]) -> None:
        self.arcs = arcs
        self.taken = [False] * len(arcs)
        self.left_places = left_capacity
        self.right_places = right_capacity
        self.left_price = [0] * len(left_capacity)
        self.right_price = [0] * len(right_capacity)
        self.leaving: list[list[int]] = [[] for _ in left_capacity]
        self.filling: list[set[int]] = [set() for _ in right_capacity]
        for number, (i, j, w) in enumerate(arcs):
            self.leaving[i].append(number)
            # A node without places is full from the start: it asks what its best arc is worth, so nobody wants it.
            if right_capacity[j] == 0:
                self.right_price[j] = max(self.right_price[j], w)

    def place(self, root: int) -> None:
        """Give `root` its places one by one, until they are used or one more would gain nothing."""
        gains = (self.arcs[number][2] - self.right_price[self.arcs[number][1]] for number in self.leaving[root])
        self.left_price[root] = max(0, max(gains, default=0))
        for _ in range(self.left_places[root]):
            if self.left_price[root] == 0 or not self._grow(root):
                return

    def _grow(self, root: int) -> bool:
        """One shortest augmenting path from `root`. False when the best path is to leave this place empty."""
        left_far = {root: 0}
        right_far: dict[int, int] = {}
        left_by: dict[int, int] = {}
        right_by: dict[int, int] = {}
        # A path may end by dropping a left node's place, which costs that node's price; at first it is the root's.
        nearest, end_left, end_right = self.left_price[root], root, -1
        queue: list[tuple[int, int, int]] = [(0, 0, root)]
        while queue and queue[0][0] < nearest:
            far, on_right, node = heappop(queue)
            if not on_right:
                if far > left_far[node]:
                    continue
                if far + self.left_price[node] < nearest:
                    nearest, end_left, end_right = far + self.left_price[node], node, -1
                self._look_right(node, far, nearest, right_far, right_by, queue)
            elif far == right_far[node]:
                if len(self.filling[node]) < self.right_places[node]:
                    nearest, end_left, end_right = far, -1, node
                    break
                self._look_left(node, far, left_far, left_by, queue)
        self._reprice(nearest, left_far, right_far)
        return self._swap(root, end_left, end_right, left_by, right_by)

    def _look_right(
        self,
        node: int,
        far: int,
        nearest: int,
        right_far: dict[int, int],
        right_by: dict[int, int],
        queue: list[tuple[int, int, int]],
    ) -> None:
        base = far + self.left_price[node]
        arcs, taken, price = self.arcs, self.taken, self.right_price
        for number in self.leaving[node]:
            _, j, w = arcs[number]
            reached = base + price[j] - w
            if reached < nearest and not taken[number] and (j not in right_far or reached < right_far[j]):
                right_far[j] = reached
                right_by[j] = number
                heappush(queue, (reached, 1, j))

    def _look_left(
        self,
        node: int,
        far: int,
        left_far: dict[int, int],
        left_by: dict[int, int],
        queue: list[tuple[int, int, int]],
    ) -> None:
        for number in sorted(self.filling[node]):
            i, j, w = self.arcs[number]
            reached = far + w - self.left_price[i] - self.right_price[j]
            if i not in left_far or reached < left_far[i]:
                left_far[i] = reached
                left_by[i] = number
                heappush(queue, (reached, 0, i))

    def _reprice(self, nearest: int, left_far: dict[int, int], right_far: dict[int, int]) -> None:
        for i, far in left_far.items():
            if far < nearest:
                self.left_price[i] -= nearest - far
        for j, far in right_far.items():
            if far < nearest:
                self.right_price[j] += nearest - far

    def _swap(
        self, root: int, end_left: int, end_right: int, left_by: dict[int, int], right_by: dict[int, int]
    ) -> bool:
        """Walk the path back from its end to the root, dropping the arcs taken on it and taking the others."""
        if end_left == root:
            return False
        node = end_right
        if end_left >= 0:
            node = self._drop(left_by[end_left])
        while True:
            number = right_by[node]
            self.taken[number] = True
            self.filling[node].add(number)
            i = self.arcs[number][0]
            if i == root:
                return True
            node = self._drop(left_by[i])

    def _drop(self, number: int) -> int:
        node = self.arcs[number][1]
        self.taken[number] = False
        self.filling[node].discard(number)
        return node


def _arcs(left: Numbers, right: Numbers, weight: Numbers, lefts: int, rights: int) -> list[Arc]:
    """The arcs as Python ints in one order, whatever order they came in."""
    columns = [np.asarray(column) for column in (left, right, weight)]
    if any(column.ndim != 1 or len(column) != len(columns[0]) for column in columns):
        raise GraphRefused("left, right and weight are three lists of the same length")
    if len(columns[0]) == 0:
        return []
    if any(column.dtype.kind not in "iuO" for column in columns):
        raise GraphRefused("positions and weights are whole numbers")
    arcs = sorted((int(i), int(j), int(w)) for i, j, w in zip(*columns, strict=True))
    if any(not (0 <= i < lefts and 0 <= j < rights) for i, j, _ in arcs):
        raise GraphRefused("an arc ends at a position for which there is no capacity")
    if any(w <= 0 for _, _, w in arcs):
        raise GraphRefused("every weight is above zero; leave out the arcs that are not wanted")
    if any(one[:2] == following[:2] for one, following in pairwise(arcs)):
        raise GraphRefused("the same two ends are given twice")
    return arcs


def _capacities(capacity: Numbers) -> list[int]:
    column = np.asarray(capacity)
    if column.ndim != 1 or (len(column) and column.dtype.kind not in "iuO"):
        raise GraphRefused("capacities are a list of whole numbers")
    places = [int(value) for value in column]
    if any(value < 0 for value in places):
        raise GraphRefused("a capacity is never below zero")
    return places
