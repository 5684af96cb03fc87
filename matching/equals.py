"""Pairs among equals: the heaviest set of pairs in any graph, as for penfriends, with prices that prove it.

`pair` finds it (matching/blossoms.py says how), and `prove_pairs` checks it without any of that: the prices of people and
of groups bound what any other choice of pairs could be worth (Edmonds 1965, "Maximum matching and a polyhedron with
0,1-vertices"), and the bound is reached. Whole numbers only, no tolerance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching import blossoms
from matching.assign import Proof
from matching.errors import GraphRefused, NotProved

Numbers = npt.NDArray[Any]
# Prices are doubled, a sum has up to two of them beside twice a weight, and all of it is to stay within 64 bits.
WEIGHT_BITS = 60


@dataclass(frozen=True, eq=False)
class Groups:
    """Odd groups of people, apart or one within the other, each with a doubled price above 0; all arrays int64.

    `line` has everybody who is in a group, once, in an order in which each group stands together: group k is
    `line[begin[k]:end[k]]`. The groups come by where they begin, a larger one before those within it.
    """

    line: Numbers
    begin: Numbers
    end: Numbers
    price: Numbers

    def depth(self) -> Numbers:
        """Between each of the line and the next, the prices of the groups around both."""
        around = np.zeros(len(self.line), dtype=np.int64)
        np.add.at(around, self.begin, self.price)
        np.add.at(around, self.end - 1, -self.price)
        return np.cumsum(around)[:-1]


@dataclass(frozen=True, eq=False)
class Pairing:
    """The chosen pairs as positions, the smaller first, sorted; their total; and the prices that prove it.

    `price` has one number per person, never negative. All prices are doubled, since some come out in halves.
    """

    a: Numbers
    b: Numbers
    total: int
    price: Numbers
    groups: Groups


def pair(a: Numbers, b: Numbers, weight: Numbers, people: int) -> Pairing:
    """The heaviest set of pairs in which nobody stands twice, in any graph; leaving someone out costs nothing.

    `a`, `b`, `weight`: one entry per possible pair, positions below `people`, weights above 0 and below 2 ** 60, each pair
    at most once, nobody with themselves. The answer does not depend on the order of the pairs or of their ends. With many
    equal weights it is one of several. Raises GraphRefused.
    """
    first, second, weight = _edges(a, b, weight, people)
    order = _heaviest_first(weight)
    ends = np.stack([first, second], axis=1)[order]
    forest = blossoms.solve(ends, weight[order], people)
    partner = forest.person[:, blossoms.PARTNER]
    chosen = partner[first] == second
    return Pairing(
        a=first[chosen],
        b=second[chosen],
        total=sum(weight[chosen].tolist()),
        price=forest.person[:, blossoms.PRICE].copy(),
        groups=_groups(forest, people),
    )


def prove_pairs(answer: Pairing, *, a: Numbers, b: Numbers, weight: Numbers, people: int) -> Proof:
    """Check a pairing against its own prices, sharing no code with the solver. Raises NotProved with what is off.

    At most (size - 1) / 2 pairs fit into an odd group. So if every possible pair is worth at most the prices of its two
    people and of the groups that hold both, no choice of pairs is worth more than all prices together, each group's
    counted (size - 1) / 2 times. Equality is the proof.
    """
    given = [np.asarray(column) for column in (a, b, weight)]
    # Below this the sums further down cannot pass 64 bits unseen: a pair that the prices do not cover makes small sums.
    if len(given[2]) and given[2].max() >= 2**60:
        raise NotProved("a weight is too large to be checked")
    first, second, worth = whole = [column.astype(np.int64) for column in given]
    if any((column != numbers).any() for column, numbers in zip(whole, given, strict=True)):
        raise NotProved("a position or a weight is not a whole number")
    if len(worth) and (min(first.min(), second.min()) < 0 or max(first.max(), second.max()) >= people):
        raise NotProved("a possible pair names somebody who is not there")
    if (first == second).any():
        raise NotProved("a possible pair is of somebody with themselves")
    primal = _worth_of_pairs(answer, first, second, worth, people)
    if len(answer.price) != people or (answer.price < 0).any():
        raise NotProved("a price is missing or negative")
    _check_groups(answer.groups, people)
    if (shortfall(answer, first, second, worth) > 0).any():
        raise NotProved("a possible pair is worth more than the prices of its people and groups")
    groups = answer.groups
    halves = ((groups.end - groups.begin) // 2).tolist()
    dual = sum(answer.price.tolist()) + sum(p * half for p, half in zip(groups.price.tolist(), halves, strict=True))
    if not 2 * primal == dual == 2 * answer.total:
        raise NotProved(
            f"twice the pairs is {2 * primal}, the doubled prices allow {dual}, twice the total is {2 * answer.total}"
        )
    return Proof(primal, dual // 2)


def _edges(a: Numbers, b: Numbers, weight: Numbers, people: int) -> tuple[Numbers, Numbers, Numbers]:
    """The possible pairs as int64, the smaller end first, in one order whatever order they came in."""
    one, other, worth = _columns(a, b, weight)
    if people < 0:
        raise GraphRefused("the number of people is never below zero")
    if len(worth) and (min(one.min(), other.min()) < 0 or max(one.max(), other.max()) >= people):
        raise GraphRefused("a pair names somebody beyond the number of people")
    if len(worth) and worth.min() <= 0:
        raise GraphRefused("every weight is above zero; leave out the pairs that are not wanted")
    if len(worth) and int(worth.max()).bit_length() > WEIGHT_BITS:
        raise GraphRefused(f"a weight needs more than {WEIGHT_BITS} bits")
    one, other, worth = one.astype(np.int64), other.astype(np.int64), worth.astype(np.int64)
    if (one == other).any():
        raise GraphRefused("nobody can be paired with themselves")
    first, second = np.minimum(one, other), np.maximum(one, other)
    place = first * people + second
    if (np.diff(place) <= 0).any():
        order = np.argsort(place)
        first, second, worth = first[order], second[order], worth[order]
        if (np.diff(place[order]) == 0).any():
            raise GraphRefused("the same two people are given twice")
    return first, second, worth


def _columns(*columns: Numbers) -> list[Numbers]:
    arrays = [np.asarray(column) for column in columns]
    if any(array.ndim != 1 or len(array) != len(arrays[0]) for array in arrays):
        raise GraphRefused("a, b and weight are three lists of the same length")
    if not all(len(array) == 0 or _is_whole(array) for array in arrays):
        raise GraphRefused("positions and weights are whole numbers")
    return arrays


def _is_whole(column: Numbers) -> bool:
    if column.dtype == object:
        return all(isinstance(value, int | np.integer) for value in column)
    return column.dtype.kind in "iu"


def _heaviest_first(weight: Numbers) -> Numbers:
    """An order in which weights do not rise, and equal ones keep theirs. Twice as fast as numpy's stable sort."""
    order = np.argsort(-weight)
    falling = weight[order]
    level = np.zeros(len(weight), dtype=np.int64)
    np.cumsum(falling[1:] != falling[:-1], out=level[1:])
    kept: Numbers = np.sort(level * len(weight) + order) - level * len(weight)
    return kept


def _groups(forest: blossoms.Forest, people: int) -> Groups:
    """The blossoms in use that have a price, and a line in which the people of each stand together, as they do in it."""
    above, head, tail, price = (
        forest.node[:, field].tolist() for field in (blossoms.ABOVE, blossoms.HEAD, blossoms.TAIL, blossoms.DOUBLED)
    )
    follow = forest.person[:, blossoms.FOLLOW].tolist()
    used = [number for number in range(people, 2 * people) if head[number] >= 0]
    line: list[int] = []
    for number in used:
        if above[number] < 0:
            line.append(head[number])
            while line[-1] != tail[number]:
                line.append(follow[line[-1]])
    stands = {person: place for place, person in enumerate(line)}
    # -size: of two groups that begin with the same person the larger comes first.
    spans = sorted((stands[head[k]], -stands[tail[k]] - 1, price[k]) for k in used if price[k] > 0)
    table = np.array(spans, dtype=np.int64).reshape(-1, 3)
    return Groups(line=np.array(line, dtype=np.int64), begin=table[:, 0], end=-table[:, 1], price=table[:, 2])


def _worth_of_pairs(answer: Pairing, first: Numbers, second: Numbers, worth: Numbers, people: int) -> int:
    ends = np.concatenate([answer.a, answer.b])
    if len(answer.a) != len(answer.b) or (ends < 0).any() or (ends >= people).any():
        raise NotProved("a chosen pair names somebody who is not there")
    if len(np.unique(ends)) != len(ends):
        raise NotProved("somebody stands in two pairs")
    partner = np.full(people, -1, dtype=np.int64)
    partner[answer.a], partner[answer.b] = answer.b, answer.a
    is_chosen = partner[first] == second
    if np.count_nonzero(is_chosen) != len(answer.a):
        raise NotProved("a chosen pair is not one of those possible")
    return sum(worth[is_chosen].tolist())


def _check_groups(groups: Groups, people: int) -> None:
    line, size = groups.line, groups.end - groups.begin
    if len(np.unique(line)) != len(line) or (line < 0).any() or (line >= people).any():
        raise NotProved("somebody stands twice in the line of the groups, or is not there")
    if not len(groups.begin) == len(groups.end) == len(groups.price):
        raise NotProved("a group lacks its begin, end or price")
    if (groups.begin < 0).any() or (groups.end > len(line)).any() or (size < 0).any() or (size % 2 == 0).any():
        raise NotProved("a group is not an odd stretch of the line")
    if (groups.price < 0).any():
        raise NotProved("the price of a group is negative")
    _check_nested(groups)


def _check_nested(groups: Groups) -> None:
    around: list[int] = []
    for begin, minus_end in sorted(zip(groups.begin.tolist(), (-groups.end).tolist(), strict=True)):
        while around and around[-1] <= begin:
            around.pop()
        if around and around[-1] < -minus_end:
            raise NotProved("two groups overlap, and neither is in the other")
        around.append(-minus_end)


def shortfall(answer: Pairing, a: Numbers, b: Numbers, weight: Numbers) -> Numbers:
    """How much the prices of two people and of the groups that hold both lack to twice the weight of their pair.

    Above 0 where this answer's prices do not pay for a pair, whether it was among those solved or not.
    """
    short = 2 * weight - answer.price[a] - answer.price[b]
    lacking = np.flatnonzero(short > 0)
    short[lacking] -= _covered(answer.groups, a[lacking], b[lacking], len(answer.price))
    return short


def _covered(groups: Groups, first: Numbers, second: Numbers, people: int) -> Numbers:
    """The prices of the groups that hold both, together.

    Those groups lie around every gap between neighbours on the way from the one to the other in the line; and, groups
    being apart or nested, around one of the gaps, where the smaller groups of the one have ended and those of the other
    not begun, lie no others. So their prices together are the least that lies around any gap on the way.
    """
    place = np.full(people, -1, dtype=np.int64)
    place[groups.line] = np.arange(len(groups.line))
    begin, end = np.minimum(place[first], place[second]), np.maximum(place[first], place[second])
    prices = np.zeros(len(begin), dtype=np.int64)
    inside = np.flatnonzero(begin >= 0)
    if not len(inside):
        return prices
    begin, end = begin[inside], end[inside]
    # In row k the least of 2 ** k gaps from each on: any stretch is two of these that overlap (Bender, Farach-Colton 2000).
    least = [groups.depth()]
    while 2 ** len(least) < len(groups.line):
        half = 2 ** (len(least) - 1)
        least.append(np.concatenate([np.minimum(least[-1][:-half], least[-1][half:]), least[-1][-half:]]))
    row = np.frexp(end - begin)[1] - 1
    table = np.stack(least)
    prices[inside] = np.minimum(table[row, begin], table[row, end - 2**row])
    return prices
