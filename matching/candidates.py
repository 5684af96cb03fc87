"""The pairs of a round that are solved: all that are possible, or of a large round the best of each person's.

Of a large round first the best BEST of each person are looked for, on both sides: the one side's alone would leave
people out who are nobody's first wish. Then it is solved, and the prices of that answer are held against everybody once
more. A pair that they do not pay for is taken in, and the round is solved again, until they pay for all: then no pair
that was left out could make the answer better (linear programming duality; the search for columns is that of Ford and
Fulkerson 1958). What equally good pairs were left out is decided by the salts of the two people.

A pair that was left out is worth no more to either of the two than the last of their best. Where that is paid for, nobody
has to look: one-way, of ten pairs about nine are passed over so.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from matching import looking
from matching.chance import chance_of_pairs
from matching.columns import Columns
from matching.equals import Groups
from matching.packed import FITS, NOTHING, Arcs, Around, Numbers, joined
from matching.scoring import FIT_MOST

# Called with how many people of how many have been looked at.
Progress = Callable[[int, int], None]

# Up to so many pairs are all solved.
ALL_PAIRS = 4_000_000
BEST = 20
# So many pairs of each person that prices do not pay for are taken in at once.
UNPAID_AT_ONCE = 10
# One-way, the pairs that prices may not pay for are looked at in so many groups of people.
GROUPS = 16
# What is asked of looking.above is in whole units of this many, so that it has room for the largest weights.
UNIT = 64


@dataclass(frozen=True, eq=False)
class Possible:
    """Pairs whom no rule parts, by position among the people of the round: five int64 columns.

    One-way, `one` is the person supported. Among equals `one` is the smaller position. `points`: fit, waiting, for
    staying and whatever else a round adds. `chance`: below 2^40, for between equally good answers.
    """

    one: Numbers
    other: Numbers
    fit: Numbers
    points: Numbers
    chance: Numbers

    def __len__(self) -> int:
        return len(self.one)


class Prices(NamedTuple):
    """What an answer asks of each person on the one side and on the other, by position, to pay for every pair solved.

    A pair is worth `each + points * scale`, and at most `slack` more. `groups`: among equals, those that have a price too.
    """

    one: Numbers
    other: Numbers
    each: int
    scale: int
    slack: int
    groups: Groups | None = None


class Candidates:
    """`ones`, `others`: positions, ascending; among equals the same. `own`: from chance.own_numbers. `extra`: points.

    `best`: how many of the best of each person's pairs these are at least; None where they are all pairs there are, so that
    there is nothing to take in.
    """

    def __init__(
        self,
        columns: Columns,
        ones: Numbers,
        others: Numbers,
        own: Numbers,
        arcs: Arcs,
        *,
        extra: Numbers | None = None,
        best: int | None = None,
    ) -> None:
        self.columns, self.ones, self.others, self.own, self.extra = columns, ones, others, own, extra
        self.has_all = best is None
        self.sided = columns.settings.one_way
        self.possible = self._weighed(arcs)
        if best is not None:
            self._last_one, self._last_other = (self._last_of_best(ends, best) for ends in ("one", "other"))

    @classmethod
    def among(
        cls, columns: Columns, ones: Numbers, others: Numbers, own: Numbers, *, progress: Progress | None = None
    ) -> "Candidates":
        """All pairs, or of a large round the best of each."""
        pairs = len(ones) * len(others) // (1 if columns.settings.one_way else 2)
        if pairs <= ALL_PAIRS:
            return cls(columns, ones, others, own, looking.everybody(columns, ones, others, progress=progress))
        salt = (own >> np.uint64(32)).astype(np.uint32)
        arcs = looking.best_of_each(columns, ones, others, BEST, salt=salt, progress=progress)
        return cls(columns, ones, others, own, arcs, best=BEST)

    @property
    def people(self) -> int:
        return len(self.columns.people)

    @property
    def points_most(self) -> int:
        """No two people have more points than this."""
        each = self.columns.waiting if self.extra is None else self.columns.waiting + self.extra
        return FIT_MOST + self.columns.scheme.round.stay_points + 2 * int(np.abs(each).max(initial=0))

    def with_extra(self, extra: Numbers) -> "Candidates":
        """The same pairs, with so many points more for each person, int64 by position; what was extra before is not."""
        changed = copy(self)
        changed.extra = extra
        possible = self.possible
        changed.possible = replace(possible, points=self.own_points() + extra[possible.one] + extra[possible.other])
        return changed

    def own_points(self) -> Numbers:
        """The points of the possible pairs without what is extra."""
        possible = self.possible
        if self.extra is None:
            return possible.points
        own: Numbers = possible.points - self.extra[possible.one] - self.extra[possible.other]
        return own

    def widen(self, prices: Prices, is_unpaid: Callable[[Possible], Numbers] | None = None) -> bool:
        """Take in pairs that these prices do not pay for. False where there are none: then they prove the answer.

        The prices pay for all pairs taken in before, save those that whoever solves them has barred. `is_unpaid` says
        which of some pairs are not paid for, where the prices of people and groups alone do not tell.
        """
        if self.has_all:
            return False
        most = UNPAID_AT_ONCE
        while True:
            arcs = self._above(prices, most)
            new = self._new(arcs, is_unpaid)
            lists = [arcs.one, arcs.other] if self.sided else [np.concatenate([arcs.one, arcs.other])]
            if len(new) or max(int(np.bincount(ends).max(initial=0)) for ends in lists) < most:
                break
            # Those of somebody that were furthest above are all barred, or just paid for; there may be others behind them.
            most *= 8
        self.possible = _both(self.possible, new)
        return len(new) > 0

    def _new(self, arcs: Arcs, is_unpaid: Callable[[Possible], Numbers] | None) -> Possible:
        known = self.possible.one * self.people + self.possible.other
        is_new = ~np.isin(arcs.one.astype(np.int64) * self.people + arcs.other, known)
        new = self._weighed(Arcs(arcs.one[is_new], arcs.other[is_new], arcs.fit[is_new]))
        return new if is_unpaid is None else _only(new, is_unpaid(new))

    def _above(self, prices: Prices, most: int) -> Arcs:
        found = [self._above_among(*group, prices, most) for group in self._not_surely_paid(prices)]
        return Arcs(
            joined([arcs.one for arcs in found], np.int32),
            joined([arcs.other for arcs in found], np.int32),
            joined([arcs.fit for arcs in found], FITS),
        )

    def _not_surely_paid(self, prices: Prices) -> Iterator[tuple[Numbers, Numbers]]:
        """Groups of people, by position, and those with whom they may have a pair that is not paid for, though the last of
        the best of both would be worth it. People who could still gain alike by one stand together."""
        if not self.sided:
            yield self.ones, self.others
            return
        extra = np.zeros(self.people, dtype=np.int64) if self.extra is None else self.extra
        ask_one, ask_other = (
            price[side] - extra[side] * prices.scale
            for price, side in ((prices.one, self.ones), (prices.other, self.others))
        )
        gain_one, gain_other = (
            np.where(last == NOTHING, NOTHING, last * prices.scale + prices.each + prices.slack - ask)
            for last, ask in ((self._last_one[self.ones], ask_one), (self._last_other[self.others], ask_other))
        )
        for group in np.array_split(np.argsort(gain_one, kind="stable"), GROUPS):
            rows = np.sort(group[gain_one[group] > ask_other.min(initial=0)])
            if len(rows):
                seats = np.flatnonzero((ask_other < gain_one[rows].max()) & (gain_other > ask_one[rows].min()))
                yield self.ones[rows], self.others[seats]

    def _last_of_best(self, side: str, best: int) -> Numbers:
        """By position, the points of the last of somebody's best pairs, of which none that was left out has more; NOTHING
        for those of whose pairs none was left out."""
        points, whose = self.own_points(), getattr(self.possible, side)
        order = np.lexsort((-points, whose))
        rank = np.arange(len(order)) - np.searchsorted(whose[order], whose[order])
        last = order[rank == best - 1]
        found = np.full(self.people, NOTHING, dtype=np.int64)
        found[whose[last]] = points[last]
        return found

    def _above_among(self, ones: Numbers, others: Numbers, prices: Prices, most: int) -> Arcs:
        unit = UNIT if prices.scale % UNIT == 0 else 1
        return looking.above(
            self.columns,
            ones,
            others,
            price_one=prices.one[ones] // unit,
            price_other=prices.other[others] // unit,
            scale=prices.scale // unit,
            slack=-(-(prices.each + prices.slack) // unit),
            most=most,
            extra=self.extra,
            around=None if prices.groups is None else self._around(prices.groups, unit),
        )

    def _around(self, groups: Groups, unit: int) -> Around:
        place = np.full(self.people, -1, dtype=np.int64)
        place[groups.line] = np.arange(len(groups.line))
        return Around(groups.line, place, groups.depth() // unit)

    def _weighed(self, arcs: Arcs) -> Possible:
        points = looking.points(self.columns, arcs, extra=self.extra)
        one, other, fit = (column.astype(np.int64) for column in (arcs.one, arcs.other, arcs.fit))
        return Possible(one, other, fit, points.astype(np.int64), chance_of_pairs(self.own[one], self.own[other]))


def _both(one: Possible, other: Possible) -> Possible:
    return Possible(
        *(joined([getattr(one, column.name), getattr(other, column.name)], np.int64) for column in fields(Possible))
    )


def _only(possible: Possible, wanted: Numbers) -> Possible:
    return Possible(*(getattr(possible, column.name)[wanted] for column in fields(Possible)))
