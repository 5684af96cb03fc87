"""Who now? One person who cannot wait for the next round; everybody else keeps whom they have.

It is a round in which only pairs of this person are possible, and only the places that others have left. So it gives what
a whole round would give in which all other pairs are fixed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matching import looking
from matching.candidates import Candidates
from matching.deciding import decide
from matching.errors import AnswerRefused
from matching.explain import Unmatched
from matching.left_out import why_nobody
from matching.packed import FITS, Arcs, Numbers, joined
from matching.people import Person
from matching.pool import Pool
from matching.round import Pair, pair_of
from matching.schemes import Scheme


@dataclass(frozen=True)
class Found:
    """Whom one person is proposed to: on both sides, where they stand on both; else why to nobody."""

    pairs: tuple[Pair, ...]
    unmatched: Unmatched | None


def who_now(
    people: Iterable[Person],
    scheme: Scheme,
    newcomer: str,
    *,
    on: date,
    seed: int = 0,
    fixed: Sequence[tuple[str, str]] = (),
) -> Found:
    """The best partners for the person with this id among those who have a place left.

    `fixed`: pairs of ids that stand, one-way the supported person first; each takes a place, and a supported person who is
    in one looks for nobody more. Raises AnswerRefused when nobody has this id, or two people have the same.
    """
    pool = Pool(people, scheme, on)
    position = {person.id: number for number, person in enumerate(pool.people)}
    if newcomer not in position:
        raise AnswerRefused("id", newcomer, "Nobody in this round has this id; look at the first column of the file.")
    new = position[newcomer]
    pairs = _pairs_of(pool, new)
    places = _places_left(pool, [(position[one], position[other]) for one, other in fixed])
    free = (places[0][pairs.one] > 0) & (places[1][pairs.other] > 0)
    open_pairs = Arcs(pairs.one[free], pairs.other[free], pairs.fit[free])
    candidates = Candidates(pool.columns, pool.ones, pool.others, pool.own(seed), open_pairs)
    possible = candidates.possible
    chosen = decide(candidates, places[1], scheme).chosen
    made = (column[chosen].tolist() for column in (possible.one, possible.other, possible.fit))
    found = tuple(pair_of(pool, *pair) for pair in zip(*made, strict=True))
    if found:
        return Found(found, None)
    whole = Candidates(pool.columns, pool.ones, pool.others, pool.own(seed), pairs)
    return Found((), why_nobody(pool, whole.possible, new))


def _places_left(pool: Pool, fixed: Sequence[tuple[int, int]]) -> tuple[Numbers, Numbers]:
    """How many more partners each may have: as the one supported and as the one who guides; among equals the same."""
    as_one = np.ones_like(pool.places) if pool.sided else pool.places.copy()
    as_other = pool.places.copy() if pool.sided else as_one
    for one, other in fixed:
        as_one[one] -= 1
        as_other[other] -= 1
    return np.maximum(as_one, 0), np.maximum(as_other, 0)


def _pairs_of(pool: Pool, new: int) -> Arcs:
    """Every pair of this person, from either end."""
    alone, found = np.array([new]), []
    if new in pool.ones:
        found.append(_possible(pool, alone, pool.others))
    if pool.sided and new in pool.others:
        found.append(_possible(pool, pool.ones, alone))
    columns = [joined([table[row] for table in found], np.int64) for row in range(3)]
    one, other = columns[0], columns[1]
    if not pool.sided:
        one, other = np.minimum(one, other), np.maximum(one, other)
    return Arcs(one.astype(np.int32), other.astype(np.int32), columns[2].astype(FITS))


def _possible(pool: Pool, ones: Numbers, others: Numbers) -> Numbers:
    """Rows of one, other and fit."""
    masks, fits = looking.matrices(pool.columns, ones, others)
    row, seat = np.nonzero(masks == 0)
    return np.stack([ones[row], others[seat], fits[row, seat]])
