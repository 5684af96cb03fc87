"""The best of a block of pairs, put in among the best so far of each person: in loops that are compiled, and in arrays."""

from typing import TYPE_CHECKING, Any

import numpy as np

from matching.arrays import seats_of
from matching.compiling import compiled
from matching.packed import LOWER, MIXED_BITS, MIXER, NOTHING, Around, Best, Block, Lists, Numbers, Others

if TYPE_CHECKING:
    from matching.columns import Columns


@compiled
def keep_by_loops(
    rows: Numbers,
    first: Numbers,
    kept: Lists,
    seat: Numbers,
    block: Block,
    by_row: Best,
    by_seat: Best,
    worths: Numbers,
) -> None:
    """Put the pairs of a block in among the best of each row and of each seat. Rows come in ascending order of position.

    So whoever is worth the same and comes later stands later too, and never takes a place. `worths`: room, a number a seat.
    """
    masks, fits, scale, stay, ours, theirs, chance, our_salt, their_salt, around = block
    line, place, depth = around
    links, partners = kept
    row_worth, row_who, row_fit, row_least = by_row
    seat_worth, seat_who, seat_fit, seat_least = by_seat
    seats = masks.shape[1]
    for row in range(len(rows)):
        i = rows[row]
        _worths(worths, masks[row], fits[row], scale, ours[row], theirs)
        if chance != 0:
            _add_chance(worths, chance, our_salt[row], their_salt)
        for at in range(links[i], links[i + 1]):
            there = seat[partners[at]]
            if there >= 0 and masks[row, there] == 0:
                worths[there] += stay
        if place[i] >= 0:
            _pay_groups(worths, place[i], line, depth, seat)
        for there in range(first[row], seats):
            worth = worths[there]
            # Hardly anybody comes in, so there is one question for nearly all.
            if worth > min(row_least[row], seat_least[there]):
                if worth > row_least[row]:
                    _insert(row_worth, row_who, row_fit, row, worth, there, fits[row, there])
                    row_least[row] = row_worth[row, -1]
                if worth > seat_least[there]:
                    _insert(seat_worth, seat_who, seat_fit, there, worth, i, fits[row, there])
                    seat_least[there] = seat_worth[there, -1]


@compiled
def _worths(worths: Numbers, mask: Numbers, fit: Numbers, scale: int, ours: int, theirs: Numbers) -> None:
    for seat in range(len(worths)):
        worth = fit[seat] * scale + ours + theirs[seat]
        worths[seat] = worth if mask[seat] == 0 else NOTHING


@compiled
def _pay_groups(worths: Numbers, place: int, line: Numbers, depth: Numbers, seat: Numbers) -> None:
    """What the groups cost that hold both, to the right along the line and to the left."""
    at = place
    cost = depth[at] if at < len(depth) else 0
    while cost > 0:
        _pay(worths, seat[line[at + 1]], cost)
        at += 1
        cost = min(cost, depth[at]) if at < len(depth) else 0
    at = place - 1
    cost = depth[at] if at >= 0 else 0
    while cost > 0:
        _pay(worths, seat[line[at]], cost)
        at -= 1
        cost = min(cost, depth[at]) if at >= 0 else 0


@compiled
def _pay(worths: Numbers, there: int, cost: int) -> None:
    if there >= 0 and worths[there] > NOTHING:
        worths[there] -= cost


@compiled
def _add_chance(worths: Numbers, chance: int, ours: Any, theirs: Numbers) -> None:
    for seat in range(len(worths)):
        more = ((np.int64(ours ^ theirs[seat]) * MIXER) & LOWER) >> (32 - MIXED_BITS) & chance
        # Nobody who may not be here comes above the floor by chance.
        worths[seat] += more if worths[seat] > NOTHING else 0


@compiled
def _insert(worths: Numbers, whom: Numbers, fits: Numbers, number: int, worth: int, who: int, fit: int) -> None:
    """Into the list of this number, best first, after those who are worth the same; the last one leaves it."""
    place = worths.shape[1] - 1
    while place > 0 and worth > worths[number, place - 1]:
        worths[number, place] = worths[number, place - 1]
        whom[number, place] = whom[number, place - 1]
        fits[number, place] = fits[number, place - 1]
        place -= 1
    worths[number, place] = worth
    whom[number, place] = who
    fits[number, place] = fit


def keep_by_arrays(
    columns: "Columns", rows: Numbers, _: Numbers, others: Others, block: Block, by_row: Best, by_seat: Best
) -> None:
    """The same as `keep_by_loops`. In a Best, whoever stands first comes first; it is not in order of worth."""
    worths = block.fits * block.scale + block.ours[:, None] + block.theirs
    for row, position in enumerate(rows):
        worths[row, seats_of(columns.ones.kept, position, others)] += block.stay
        members, cost = _groups_in_arrays(block.around, position, others)
        worths[row, members] -= cost
    mixed = (block.our_salt[:, None] ^ block.their_salt).astype(np.int64) * MIXER
    worths += (mixed & LOWER) >> (32 - MIXED_BITS) & block.chance
    worths[block.masks != 0] = NOTHING
    seats = np.broadcast_to(np.arange(worths.shape[1], dtype=np.int32), worths.shape)
    _take(by_row, worths, seats, block.fits)
    _take(by_seat, worths.T, np.broadcast_to(rows.astype(np.int32), worths.T.shape), block.fits.T)


def _groups_in_arrays(around: Around, position: int, others: Others) -> tuple[Numbers, Numbers]:
    """The seats of those who share a group with this person, and what their groups cost together."""
    line, place, depth = around
    at = place[position]
    if at < 0:
        return line[:0], line[:0]
    cost = np.concatenate([np.minimum.accumulate(depth[:at][::-1])[::-1], [0], np.minimum.accumulate(depth[at:])])
    seats = others.seat[line]
    return seats[seats >= 0], cost[seats >= 0]


def _take(best: Best, worths: Numbers, who: Numbers, fits: Numbers) -> None:
    """The best of those that are in a Best and of these, `[list, candidate]`; of equals the one on the left."""
    k = best.worth.shape[1]
    worths = np.concatenate([best.worth, worths], axis=1)
    last = np.partition(worths, -k, axis=1)[:, -k, None]
    better, equal = worths > last, worths == last
    room = k - better.sum(axis=1, keepdims=True)
    chosen = np.nonzero(better | (equal & (np.cumsum(equal, axis=1) <= room)))[1].reshape(-1, k)
    best.worth[:] = np.take_along_axis(worths, chosen, axis=1)
    best.who[:] = np.take_along_axis(np.concatenate([best.who, who], axis=1), chosen, axis=1)
    best.fit[:] = np.take_along_axis(np.concatenate([best.fit, fits], axis=1), chosen, axis=1)
