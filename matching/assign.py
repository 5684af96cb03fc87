"""People to places with seats: the heaviest answer, and the prices that prove it. Whole numbers only, no tolerance.

Each person gets at most one seat and no place more people than seats; nobody is copied into seats. With the answer comes a
price on every person and place, and by linear programming duality the prices prove that no other answer is worth more;
`prove` looks, sharing no code with the solver. The kernel is `matching.seating` and `matching.paths`.
"""

from dataclasses import dataclass
from operator import mul
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.errors import GraphRefused, NotProved
from matching.paths import lift, repair
from matching.seating import NOBODY, Market, auction, make_market, quick_to_read, sit_where_there_is_room

Numbers = npt.NDArray[Any]
# So that no sum of the kernel leaves 64 bits.
WEIGHT_BITS = 60
# The first step of the auction is this part of the difference between the best arc and the least: where people have many
# arcs each, a smaller one, for in large steps all of them bid for the same places. Tried on markets of 1,000 to 100,000.
FIRST_STEP, MANY_ARCS, FIRST_STEP_OF_MANY = 32, 40, 1024
# Where weights take so few levels, very many arcs are as good as each other: an auction only bids them up step by step, and
# searches find free seats at once. Tried on markets of 200 to 3,000 people with 12 and with 23 levels: 2 to 7 times as quick.
# Not where seats are scarce: there the searches go far, and the auction tells first who stays out.
FEW_LEVELS = 32
GLANCE = 1000


@dataclass(frozen=True, eq=False)
class Assignment:
    """The chosen arcs as positions, sorted by left then right; their total; and one price per node, never negative."""

    left: Numbers
    right: Numbers
    total: int
    left_price: Numbers
    right_price: Numbers


@dataclass(frozen=True)
class Proof:
    """What an answer is worth, and the most that any other could be worth by its prices. The two are equal."""

    primal: int
    dual: int


def assign(
    left: Numbers,
    right: Numbers,
    weight: Numbers,
    people: int,
    seats: Numbers,
    *,
    each: int = 0,
    start: Assignment | None = None,
) -> Assignment:
    """The heaviest choice of arcs that keeps every place within its seats; leaving somebody out costs nothing.

    `left`, `right`, `weight`: one entry per arc, positions >= 0 and weights > 0, each pair of ends at most once. `people`:
    how many may stand left. `seats`: one whole number >= 0 per place. `each`: what seating anybody is worth beside the
    arc's weight; with more than all weights together, most people come first. It is in the total and the prices. `start`:
    an answer for nearly the same arcs, from which this one is reached in fewer steps; it is as good whatever it starts
    from. The answer does not depend on the order of the arcs. Raises GraphRefused.
    """
    arcs = _sorted_arcs(left, right, weight, people, _seats(seats, people), each)
    market = _begin(arcs, people, each) if start is None else _go_on(arcs, people, each, start)
    repair(market)
    seated = np.flatnonzero(np.array(market.seat_of) != NOBODY)
    chosen = np.array(market.arc_of, dtype=np.int64)[seated]
    return Assignment(
        left=arcs.left[chosen],
        right=arcs.right[chosen],
        total=sum(arcs.weight[chosen].tolist()) + each * len(chosen),
        left_price=np.array(market.left_price, dtype=np.int64),
        right_price=np.array(market.right_price, dtype=np.int64),
    )


def prove(answer: Assignment, *, left: Numbers, right: Numbers, weight: Numbers, people: int, seats: Numbers) -> Proof:
    """Check an assignment against its own prices, sharing no code with the solver. Raises NotProved with what is off.

    Prices of which none is negative and no two ends of an arc are worth less than the arc bound every possible answer from
    above: by the prices of all people and, for each seat, of all places. Equality is the proof.
    """
    left, right, weight = (np.asarray(column, dtype=np.int64) for column in (left, right, weight))
    u, v = answer.left_price, answer.right_price
    if len(u) != people or len(v) != len(seats) or (u < 0).any() or (v < 0).any():
        raise NotProved("a price is missing or negative")
    if (weight > u[left] + v[right]).any():
        raise NotProved("an arc is worth more than its two ends ask")
    keys, chosen = left * len(seats) + right, answer.left * len(seats) + answer.right
    if (np.diff(keys) < 0).any():
        order = np.argsort(keys)
        keys, weight = keys[order], weight[order]
    places = np.minimum(np.searchsorted(keys, chosen), len(keys) - 1)
    if len(chosen) and (len(keys) == 0 or (keys[places] != chosen).any()):
        raise NotProved("a chosen pair is not one of the arcs")
    if (np.bincount(answer.left) > 1).any():
        raise NotProved("somebody has more than one seat")
    if (np.bincount(answer.right, minlength=len(seats)) > seats).any():
        raise NotProved("a place has more people than seats")
    # Python's numbers, as a sum of many may leave 64 bits.
    primal = sum(weight[places].tolist())
    dual = sum(u.tolist()) + sum(map(mul, v.tolist(), np.asarray(seats).tolist()))
    if not primal == dual == answer.total:
        raise NotProved(f"the pairs are worth {primal}, the prices allow {dual}, the total says {answer.total}")
    return Proof(primal, dual)


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Arcs in the order of their ends, and no more seats in a place than could matter."""

    left: Numbers
    right: Numbers
    weight: Numbers
    seats: Numbers


def _sorted_arcs(left: Numbers, right: Numbers, weight: Numbers, people: int, seats: Numbers, each: int) -> _Arcs:
    """One order, whatever order they came in."""
    columns = [np.asarray(column) for column in (left, right, weight)]
    if any(column.ndim != 1 or len(column) != len(columns[0]) for column in columns):
        raise GraphRefused("left, right and weight are three lists of the same length")
    if len(columns[0]) and any(column.dtype.kind not in "iu" for column in columns):
        raise GraphRefused("positions and weights are whole numbers of 64 bits")
    one, other, worth = (column.astype(np.int64, copy=False) for column in columns)
    if len(one) and (min(one.min(), other.min()) < 0 or one.max() >= people or other.max() >= len(seats)):
        raise GraphRefused("an arc ends at a position where there is nobody")
    if worth.min(initial=1) <= 0:
        raise GraphRefused("every weight is above zero; leave out the arcs that are not wanted")
    if each < 0:
        raise GraphRefused("seating somebody is never worth less than nothing")
    if len(worth) and (int(worth.max()) + each) >> WEIGHT_BITS:
        raise GraphRefused(f"a weight needs more than {WEIGHT_BITS} bits")
    key = one * len(seats) + other
    if (key[1:] <= key[:-1]).any():
        order = np.argsort(key)
        one, other, worth, key = one[order], other[order], worth[order], key[order]
        if (key[1:] == key[:-1]).any():
            raise GraphRefused("the same two ends are given twice")
    return _Arcs(one, other, worth, seats)


def _seats(seats: Numbers, people: int) -> Numbers:
    column = np.asarray(seats)
    if column.ndim != 1 or (len(column) and column.dtype.kind not in "iu"):
        raise GraphRefused("seats are a list of whole numbers")
    if (column < 0).any():
        raise GraphRefused("seats are never below zero")
    # One more than there are people is never full, so such a place never has a price.
    bounded: Numbers = np.minimum(column, people + 1).astype(np.int64)
    return bounded


def _has_few_levels_and_room(arcs: _Arcs) -> bool:
    """Whether weights lie on a few steps of one height, and everybody who has an arc could have a seat by their number."""
    if not len(arcs.weight):
        return False
    above = arcs.weight - arcs.weight.min()
    if above.max() > FEW_LEVELS * max(1, int(np.gcd.reduce(above[:GLANCE]))):
        return False  # most markets: a glance is enough
    standing = 1 + np.count_nonzero(np.diff(arcs.left))
    return bool(above.max() <= FEW_LEVELS * max(1, int(np.gcd.reduce(above))) and arcs.seats.sum() >= standing)


def _begin(arcs: _Arcs, people: int, each: int) -> Market:
    """A market that is next to done, without what anybody is worth beside their arc until the arcs alone are."""
    market = make_market(arcs.left, arcs.right, arcs.weight, people, arcs.seats)
    if not _has_few_levels_and_room(arcs):
        spread = int(np.ptp(arcs.weight)) if len(arcs.weight) else 0
        has_many = len(arcs.weight) > MANY_ARCS * people
        auction(market, max(1, spread // (FIRST_STEP_OF_MANY if has_many else FIRST_STEP)))
    if each:
        repair(market)
        market = market._replace(weight=quick_to_read(arcs.weight + each))
        lift(market, each)
    return market


def _go_on(arcs: _Arcs, people: int, each: int, start: Assignment) -> Market:
    """The prices of places, and everybody whose arc is still there and whose place still has a seat."""
    prices = np.zeros(len(arcs.seats), dtype=np.int64)
    known = min(len(prices), len(start.right_price))
    prices[:known] = start.right_price[:known]
    market = make_market(arcs.left, arcs.right, arcs.weight + each, people, arcs.seats, prices)
    keys = arcs.left * len(arcs.seats) + arcs.right
    found = np.flatnonzero(np.isin(keys, start.left * len(arcs.seats) + start.right))
    sit_where_there_is_room(market, quick_to_read(found))
    return market
