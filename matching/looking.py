"""Everybody looked at, very many pairs at once: the rules of rules.py and the fit of scoring.py, to the last digit.

One person is set against a row of others. For each rule and each criterion there is one loop over the row that does the
same to everybody and asks nothing on the way, so that the processor can do many seats in one step; two numbers that are
not both there count nothing because one of them is 0. Nobody is left out early: going on is cheaper than asking.

There are two forms with the same answers. LOOPS is compiled (compiling.py); ARRAYS is for where nothing is compiled, and
does the same with whole arrays. Rows go to several threads in blocks, and no answer depends on blocks or threads: what
two people are worth to each other is a whole number, and of equals the one who stands first among the people is taken.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from matching import rules
from matching.arrays import look_by_arrays
from matching.compiling import IS_COMPILED
from matching.keeping import keep_by_arrays, keep_by_loops
from matching.loops import look_by_loops, make_room
from matching.packed import FITS, MASKS, MIXED_BITS, NOTHING, Arcs, Around, Best, Block, Numbers, Others, bit_of, joined
from matching.scoring import FIT_MOST

if TYPE_CHECKING:
    from matching.columns import Columns

# Called with how many people of how many have been looked at.
Progress = Callable[[int, int], None]
Result = TypeVar("Result")
PAIRS_AT_ONCE = 1 << 18
# What a price or weight must stay below, so that no sum of a few of them overflows.
WORTH_MOST = 1 << 58
EXTRA_MOST = 1 << 40


class Form(NamedTuple):
    """One way of looking at a block of pairs and of keeping the best of it; both forms give the same answers."""

    look: Callable[["Columns", Numbers, Numbers, Others, Numbers, Numbers], None]
    keep: Callable[["Columns", Numbers, Numbers, Others, Block, Best, Best], None]


def _look_compiled(
    columns: "Columns", rows: Numbers, first: Numbers, others: Others, masks: Numbers, fits: Numbers
) -> None:
    ones = columns.ones
    look_by_loops(rows, first, ones, others, columns.settings, masks, fits, make_room(ones.numbers.dtype))


def _keep_compiled(
    columns: "Columns", rows: Numbers, first: Numbers, others: Others, block: Block, by_row: Best, by_seat: Best
) -> None:
    worths = np.zeros(block.masks.shape[1], dtype=np.int64)
    keep_by_loops(rows, first, columns.ones.kept, others.seat, block, by_row, by_seat, worths)


LOOPS = Form(_look_compiled, _keep_compiled)
ARRAYS = Form(look_by_arrays, keep_by_arrays)
FORM = LOOPS if IS_COMPILED else ARRAYS


def everybody(
    columns: "Columns",
    ones: Numbers,
    others: Numbers,
    *,
    progress: Progress | None = None,
    threads: int | None = None,
    form: Form = FORM,
) -> Arcs:
    """All pairs of one of `ones` and one of `others` whom no rule parts and whose fit is enough for the scheme.

    `ones`, `others`: positions, ascending, each once. In a scheme among equals the two are the same people, and each
    pair is looked at once. Ten bytes are held for each pair found, and twice that at the end; besides that, one block of
    pairs for each thread. `progress` is called in the calling thread. Raises ValueError for positions that are not as said.
    """
    task = _Task.between(columns, ones, others, form)

    def collect(blocks: Iterator[slice]) -> list[tuple[int, Arcs]]:
        found = []
        for block in blocks:
            masks, fits = task.look(block)
            row, seat = np.nonzero(masks == 0)
            one, other = task.ones[block][row].astype(np.int32), task.others[seat].astype(np.int32)
            found.append((block.start, Arcs(one, other, fits[row, seat])))
        return found

    parts = sorted(chain.from_iterable(task.in_threads(collect, threads, progress)), key=lambda part: part[0])
    arcs = [arcs for _, arcs in parts]
    return Arcs(
        joined([part.one for part in arcs], np.int32),
        joined([part.other for part in arcs], np.int32),
        joined([part.fit for part in arcs], FITS),
    )


def best_of_each(
    columns: "Columns",
    ones: Numbers,
    others: Numbers,
    k: int,
    *,
    extra: Numbers | None = None,
    salt: Numbers | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    form: Form = FORM,
) -> Arcs:
    """The best `k` partners of each of `ones` and the best `k` of each of `others`, together.

    Best is by points (see `points`). `extra`: points more or less for each person, int64 by position, below 2^40. Of
    partners with the same points those come first whom the `salt` of the two mixes to the largest number, or else the one
    who stands first; with none where everybody has answered alike, all would crowd around the same few. `salt`: uint32 by
    position. The rest as in `everybody`. Room: `k` for each person and thread, and one block of pairs for each thread.
    """
    task = _Task.between(columns, ones, others, form)
    ours, theirs = (side << MIXED_BITS for side in task.waited(extra, most=EXTRA_MOST))
    return task.best(k, _Worths(ours, theirs, scale=1 << MIXED_BITS, floor=NOTHING), threads, progress, salt)


def above(
    columns: "Columns",
    ones: Numbers,
    others: Numbers,
    *,
    price_one: Numbers,
    price_other: Numbers,
    scale: int = 1,
    slack: int = 0,
    most: int = 10,
    extra: Numbers | None = None,
    around: Around | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    form: Form = FORM,
) -> Arcs:
    """The pairs that two prices do not pay for: `points * scale + slack > price of one + price of other`.

    Where there are none, an answer with these prices is the best there is, whatever pairs it was chosen from (linear
    programming duality). `price_one`, `price_other`: a whole number for each of `ones` and of `others`. `slack`: the most
    that a weight may be above `points * scale`, as by a tie-break. Of each person's pairs at most the `most`
    that are furthest above are given; where there is any, at least one is. `around`: groups with a price that two people in
    them pay as well. The rest as in `best_of_each`. Raises ValueError too where a number of the comparison could be too
    large for 64 bits.
    """
    task = _Task.between(columns, ones, others, form)
    our_price, their_price = _whole(price_one, len(task.ones)), _whole(price_other, len(task.others))
    ours, theirs = task.waited(extra)
    points = FIT_MOST + task.stay + _largest(ours) + _largest(theirs)
    if scale < 1 or max(points * scale, abs(slack)) >= WORTH_MOST:
        raise ValueError("the scale is at least 1, and a weight needs no more than 64 bits")
    worths = _Worths(ours * scale + slack - our_price, theirs * scale - their_price, scale, floor=0)
    return task.best(most, worths, threads, progress, around=around)


def points(columns: "Columns", arcs: Arcs, *, extra: Numbers | None = None) -> Numbers:
    """The points of each arc, int64: fit, waiting of the supported person (of both among equals), and for staying."""
    people = len(columns.people)
    kept = np.repeat(np.arange(people), np.diff(columns.ones.kept.start)) * people + columns.ones.kept.item
    standing = np.isin(arcs.one.astype(np.int64) * people + arcs.other, kept)
    total = arcs.fit + columns.waiting[arcs.one] + standing * columns.scheme.round.stay_points
    if columns.scheme.shape != "one-way":
        total = total + columns.waiting[arcs.other]
    more = _whole(np.zeros(people, dtype=np.int64) if extra is None else extra, people)
    result: Numbers = total + more[arcs.one] + more[arcs.other]
    return result


def would_open(masks: Numbers) -> dict[str, int]:
    """How many of these would be possible if one kind of rule, and no other, were set aside; kinds with none left out."""
    alone = {kind: int(np.count_nonzero(masks == bit_of(kind))) for kind in rules.KINDS}
    return {kind: number for kind, number in alone.items() if number}


def matrices(columns: "Columns", ones: Numbers, others: Numbers, *, form: Form = FORM) -> tuple[Numbers, Numbers]:
    """Which rules part two people, and their fit, of all pairs, `[one, other]`: masks (uint16) and fits (int16, 0 to 1000).

    In a mask bit n stands for rules.KINDS[n], and 0 is for no rule. All that apply are told, too small a fit also; from
    oneself one is parted by being oneself and no more, with a fit of 0.
    The fit is given for parted pairs too. Among equals every pair is given from both ends. For small numbers of people:
    the two take four bytes a pair.
    """
    task = _Task(columns, ones, others, form)
    return task.look(slice(0, len(task.ones)))


class _Claims(NamedTuple):
    """Who has whom among their best: positions, what it is worth, and the fit."""

    whose: Numbers
    whom: Numbers
    worth: Numbers
    fit: Numbers

    @classmethod
    def of(cls, best: Best, whose: Numbers, whom: Numbers | None = None) -> "_Claims":
        which, place = np.nonzero(best.who >= 0)
        who = best.who[which, place]
        return cls(whose[which], who if whom is None else whom[who], best.worth[which, place], best.fit[which, place])

    @classmethod
    def together(cls, claims: Iterable["_Claims"]) -> "_Claims":
        parts = list(claims)
        kinds = (np.int32, np.int32, np.int64, FITS)
        return cls(*(joined([part[column] for part in parts], kind) for column, kind in enumerate(kinds)))

    def best(self, k: int) -> "_Claims":
        """Each one's best `k`; of equal worth, whoever stands first."""
        order = np.lexsort((self.whom, -self.worth, self.whose))
        whose = self.whose[order]
        rank = np.arange(len(whose)) - np.searchsorted(whose, whose)
        return _Claims(*(column[order][rank < k] for column in self))


class _Worths(NamedTuple):
    """What pairs are worth, as in Block, and what they have to be worth more than."""

    ours: Numbers
    theirs: Numbers
    scale: int
    floor: int


class _Task:
    """One look at everybody: who looks at whom, and in what form. Among equals a pair may be looked at once."""

    def __init__(self, columns: "Columns", ones: Numbers, others: Numbers, form: Form) -> None:
        self.columns, self.form = columns, form
        self.ones, self.others = (_positions(given, len(columns.people)) for given in (ones, others))
        self.first = np.zeros(len(self.ones), dtype=np.int64)
        self.facing = columns.facing(self.others)
        self.stay = columns.scheme.round.stay_points

    @classmethod
    def between(cls, columns: "Columns", ones: Numbers, others: Numbers, form: Form) -> "_Task":
        task = cls(columns, ones, others, form)
        if not columns.settings.one_way:
            if not np.array_equal(task.ones, task.others):
                raise ValueError("among equals the two sides are the same people")
            task.first += np.arange(1, len(task.ones) + 1)
        return task

    def look(self, block: slice) -> tuple[Numbers, Numbers]:
        """The masks and fits of these rows, `[row, seat]`."""
        rows = self.ones[block]
        masks, fits = (np.empty((len(rows), len(self.others)), dtype=kind) for kind in (MASKS, FITS))
        self.form.look(self.columns, rows, self.first[block], self.facing, masks, fits)
        return masks, fits

    def waited(self, extra: Numbers | None, *, most: int = WORTH_MOST) -> tuple[Numbers, Numbers]:
        """The points that each of the two sides brings along: for waiting, and extra."""
        waiting, people = self.columns.waiting, len(self.columns.people)
        more = _whole(np.zeros(people, dtype=np.int64) if extra is None else extra, people, most)
        theirs = 0 if self.columns.settings.one_way else waiting[self.others]
        return waiting[self.ones] + more[self.ones], theirs + more[self.others]

    def best(
        self,
        k: int,
        worths: _Worths,
        threads: int | None,
        progress: Progress | None,
        salt: Numbers | None = None,
        around: Around | None = None,
    ) -> Arcs:
        """Each person's best `k`, of both sides, that are worth more than the floor."""
        if k < 1:
            raise ValueError("at least the best one of each is asked for")
        scale, stay = np.int64(worths.scale), np.int64(worths.scale * self.stay)
        chance = np.int64(0 if salt is None else (1 << MIXED_BITS) - 1)
        salts = np.zeros(len(self.columns.people), dtype=np.uint32) if salt is None else salt
        their_salt = salts[self.others]
        groups = Around.nobody(len(self.columns.people)) if around is None else around

        def keep(blocks: Iterator[slice]) -> tuple[_Claims, _Claims]:
            by_seat = Best.empty(len(self.others), min(k, max(1, len(self.ones))), worths.floor)
            claims = []
            for block in blocks:
                rows, first = self.ones[block], self.first[block]
                by_row = Best.empty(len(rows), min(k, max(1, len(self.others))), worths.floor)
                masks, fits = self.look(block)
                ours = worths.ours[block]
                pairs = Block(masks, fits, scale, stay, ours, worths.theirs, chance, salts[rows], their_salt, groups)
                self.form.keep(self.columns, rows, first, self.facing, pairs, by_row, by_seat)
                claims.append(_Claims.of(by_row, rows, self.others))
            return _Claims.together(claims), _Claims.of(by_seat, self.others)

        found = self.in_threads(keep, threads, progress)
        ours, theirs = (_Claims.together(claims[side] for claims in found) for side in range(2))
        return self._arcs(ours, theirs, k)

    def _arcs(self, ours: _Claims, theirs: _Claims, k: int) -> Arcs:
        if self.columns.settings.one_way:
            theirs = theirs.best(k)
            one, other = joined([ours.whose, theirs.whom], np.int32), joined([ours.whom, theirs.whose], np.int32)
            fit = joined([ours.fit, theirs.fit], FITS)
        else:
            claims = _Claims.together([ours, theirs]).best(k)
            one, other, fit = np.minimum(claims.whose, claims.whom), np.maximum(claims.whose, claims.whom), claims.fit
        _, once = np.unique(one.astype(np.int64) * len(self.columns.people) + other, return_index=True)
        return Arcs(one[once], other[once], fit[once])

    def in_threads(
        self, job: Callable[[Iterator[slice]], Result], threads: int | None, progress: Progress | None
    ) -> list[Result]:
        """Do a job on all blocks of rows, shared out between threads: each gets its own in ascending order.

        Should one of them fail, or whoever is told of the progress, the others stop at their next block.
        """
        rows = max(1, PAIRS_AT_ONCE // max(1, len(self.others)))
        blocks = [slice(low, min(low + rows, len(self.ones))) for low in range(0, len(self.ones), rows)]
        wanted = processors() if threads is None else threads
        workers = max(1, min(wanted, len(blocks)))
        done: SimpleQueue[int] = SimpleQueue()
        stopping = Event()

        def its_blocks(worker: int) -> Iterator[slice]:
            for block in blocks[worker::workers]:
                if stopping.is_set():
                    return
                yield block
                done.put(block.stop - block.start)

        def work(worker: int) -> Result:
            try:
                return job(its_blocks(worker))
            except BaseException:
                stopping.set()
                raise
            finally:
                done.put(0)

        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(work, worker) for worker in range(workers)]
            try:
                _tell(done, workers, len(self.ones), progress)
            except BaseException:
                stopping.set()
                raise
        return [future.result() for future in futures]


def processors() -> int:
    """How many threads can run at once."""
    return getattr(os, "process_cpu_count", os.cpu_count)() or 1


def _tell(done: SimpleQueue[int], workers: int, of: int, progress: Progress | None) -> None:
    """Tell of each block that is done, until all workers have ended, which each says by a 0."""
    looked_at = 0
    while workers:
        rows = done.get()
        workers -= not rows
        looked_at += rows
        if rows and progress is not None:
            progress(looked_at, of)


def _positions(given: Numbers, people: int) -> Numbers:
    positions = np.asarray(given, dtype=np.int64)
    ascending = positions.ndim == 1 and bool((np.diff(positions) > 0).all())
    if not ascending or (len(positions) and not 0 <= positions[0] <= positions[-1] < people):
        raise ValueError("positions are a list of places among the people, ascending, each once")
    return positions


def _whole(given: Numbers, number: int, most: int = WORTH_MOST) -> Numbers:
    """So many whole numbers, each small enough that a few of them together stay within 64 bits."""
    numbers = np.asarray(given)
    if numbers.shape != (number,) or (number and numbers.dtype.kind not in "iuO"):
        raise ValueError("a whole number for each person is needed")
    if _largest(numbers) >= most:
        raise ValueError("these numbers need more than 64 bits")
    return numbers.astype(np.int64)


def _largest(numbers: Numbers) -> int:
    """How far from 0 any of them is."""
    return max(abs(int(numbers.min())), abs(int(numbers.max()))) if len(numbers) else 0
