"""Stable pairs: no two people would both rather have each other than whom they got (Gale and Shapley 1962).

What two people are worth to each other is one number for both. Then going through all pairs from the best down, and taking
each whose two still have a place, gives the only stable answer there is but for ties: what either would rather have, was
taken by somebody who is worth more to both. The hash decides between equals.
"""

import numpy as np

from matching.candidates import Candidates, Possible
from matching.compiling import compiled
from matching.packed import Numbers


def stable(candidates: Candidates, places: Numbers, *, both_ways: bool) -> Numbers:
    """Positions of the chosen pairs among the possible ones, in order. `places`: partners of each person, by position.

    One-way, nobody is supported by more than one person; with `both_ways` off no two people guide each other.
    """
    possible = candidates.possible
    order = np.lexsort((-possible.chance, -possible.points))
    as_one = np.minimum(places, 1) if candidates.sided else places.copy()
    # Among equals a place is a place, whichever end of a pair takes it.
    as_other = places.copy() if candidates.sided else as_one
    key = possible.one * candidates.people + possible.other
    by_key = np.argsort(key)
    reverse_key = possible.other * candidates.people + possible.one
    at = np.minimum(np.searchsorted(key[by_key], reverse_key), max(0, len(key) - 1))
    has_reverse = key[by_key[at]] == reverse_key if len(key) else np.zeros(0, dtype=np.bool_)
    reverse = np.where(has_reverse & (not both_ways), by_key[at] if len(key) else 0, -1)
    taken = np.zeros(len(possible), dtype=np.bool_)
    _take_from_the_best(order, possible.one, possible.other, reverse, as_one, as_other, taken)
    return np.flatnonzero(taken)


@compiled
def _take_from_the_best(
    order: Numbers, one: Numbers, other: Numbers, reverse: Numbers, as_one: Numbers, as_other: Numbers, taken: Numbers
) -> None:
    for arc in order:
        i, j = one[arc], other[arc]
        if as_one[i] > 0 and as_other[j] > 0 and (reverse[arc] < 0 or not taken[reverse[arc]]):
            taken[arc] = True
            as_one[i] -= 1
            as_other[j] -= 1


def blocking(possible: Possible, chosen: Numbers, places: Numbers, *, sided: bool) -> int:
    """How many of the possible pairs would both rather have each other, by at least a point, than whom they got.

    Somebody with a place left would rather have anybody than nobody.
    """
    people = len(places)
    seats = (np.minimum(places, 1), places) if sided else (places, places)
    ends = [(possible.one,), (possible.other,)] if sided else [(possible.one, possible.other)] * 2
    least = [_least(possible, chosen, seat, columns, people) for seat, columns in zip(seats, ends, strict=True)]
    wants = possible.points > np.maximum(least[0][possible.one], least[1][possible.other])
    wants[chosen] = False
    return int(np.count_nonzero(wants))


def _least(possible: Possible, chosen: Numbers, places: Numbers, ends: tuple[Numbers, ...], people: int) -> Numbers:
    """What the least of each one's partners is worth to them; less than nothing for those with a place left."""
    least = np.full(people, np.iinfo(np.int64).max)
    partners = np.zeros(people, dtype=np.int64)
    for end in ends:
        np.minimum.at(least, end[chosen], possible.points[chosen])
        np.add.at(partners, end[chosen], 1)
    least[partners < places] = -1
    return least
