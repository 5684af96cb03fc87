"""The compiled form of looking.py: one person against a tile of others, one loop for each rule and criterion.

Every loop does the same to everybody and asks nothing on the way, so that the processor can do many seats in one step;
two numbers that are not both there count nothing because one of them is 0. One file, as all of it reads the same sums.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled
from matching.packed import (
    AGE_MATTERS,
    BASIS,
    BITS,
    BORN,
    DENSE,
    ELSEWHERE,
    END,
    FAILS,
    FIXED,
    GAIN,
    HOLDERS,
    IDENTITIES_MATTERS,
    KIND,
    LEAST_BORN,
    MATTERS,
    MOST,
    MOST_BORN,
    NOVELTY_MATTERS,
    OUR_PART,
    OWN_BITS,
    RARE,
    RARE_END,
    RELATION,
    ROLE,
    RULE,
    RULE_ONLY,
    SHOWN_BORN,
    SILENT,
    SIZE,
    STAGE,
    START,
    THEIR_PART,
    TILE,
    WAYS,
    WORD_BITS,
    WORDS,
    Lists,
    Numbers,
    Ones,
    Others,
    Own,
    Settings,
    Theirs,
)


@compiled
def look_by_loops(
    rows: Numbers,
    first: Numbers,
    ones: Ones,
    others: Others,
    settings: Settings,
    masks: Numbers,
    fits: Numbers,
    room: tuple[Numbers, Numbers],
) -> None:
    """Fill `masks[row, seat]` and `fits[row, seat]` for the people at positions `rows`, from seat `first[row]` on.

    `room`: as `make_room` makes it.
    """
    mine, my_bits, own, musts, apart, kept = ones
    numbers, bits, seat, theirs, rare_musts = others
    sums, mask = room
    seats = masks.shape[1]
    for low in range(0, seats, TILE):
        high = min(low + TILE, seats)
        for row in range(len(rows)):
            i = rows[row]
            if first[row] < high:
                _clear(sums, mask, settings.weighs_identities)
                _compare_words(i, low, own, theirs, settings.unit, sums, mask)
                _compare_numbers(i, low, high, mine, numbers, settings, sums, mask)
                _compare_musts(i, low, high, my_bits, bits, musts, settings, mask)
                _compare_rare_musts(i, low, high, my_bits, rare_musts, settings.bits.must, mask)
                _part_linked(i, low, apart, seat, settings.bits.private, mask)
                if settings.bars_kept:
                    _part_linked(i, low, kept, seat, settings.bits.standing, mask)
                if settings.weighs_novelty:
                    _take_back_novelty(i, low, kept, seat, mine, numbers, settings.thousand, sums)
                _conclude(i, low, high, mine, numbers, settings, sums, mask)
                _hand_over(masks[row, low:high], fits[row, low:high], mask, sums[FITTING])
                if low <= seat[i] < high:
                    masks[row, seat[i]] = settings.bits.itself
                    fits[row, seat[i]] = 0
            for there in range(low, min(high, first[row])):
                masks[row, there] = ELSEWHERE


# The rows of `sums`. Four stand together: a sum of likeness for each of the two views, and a sum of weights for each. There
# are four for the criteria, four for the kinds of identity, and four for one list that only some have said anything in.
# The fit and what it is a share of end up where the words in common and the basis were.
COMMON, BASES, OUR_SUM, THEIR_SUM, OUR_WEIGHTS, THEIR_WEIGHTS = 0, 1, 2, 3, 4, 5
OUR_KINDS, THEIR_KINDS, OUR_KINDS_WEIGHTS, THEIR_KINDS_WEIGHTS, OWN_TILE, ROWS_OF_SUMS = 6, 7, 8, 9, 10, 14
FITTING, SHARE = COMMON, BASES


def make_room(kind: npt.DTypeLike) -> tuple[Numbers, Numbers]:
    """What the loops work in, for one tile: sums of this kind of number, and a mask."""
    return np.zeros((ROWS_OF_SUMS, TILE), kind), np.zeros(TILE, np.uint32)


@compiled
def _clear(sums: Numbers, mask: Numbers, with_kinds: bool) -> None:  # noqa: FBT001 - compiled code takes no keywords
    for row in range(OWN_TILE if with_kinds else OUR_KINDS):
        _set(sums[row], 0)
    _set(mask, 0)


@compiled
def _hand_over(masks: Numbers, fits: Numbers, mask: Numbers, fit: Numbers) -> None:
    for x in range(len(masks)):
        masks[x] = mask[x]
        fits[x] = fit[x]


@compiled
def _compare_words(i: int, low: int, own: Own, theirs: Theirs, unit: Any, sums: Numbers, mask: Numbers) -> None:
    """Every list of words in which this person said something."""
    start, plan, said, my_bits, rare = own
    relations, shares, edge, place, sayings, bits, holder_start, holder = theirs
    common = sums[COMMON]
    for o in range(start[i], start[i + 1]):
        r = plan[RELATION, o]
        begin, end = edge[r, low // TILE], edge[r, low // TILE + 1]
        size, role = sayings[SIZE, begin:end], relations[ROLE, r]
        entries = relations[END, r] - relations[START, r]
        for word in range(relations[WORDS, r]):
            mine = my_bits[plan[OWN_BITS, o] + word]
            if mine != 0:
                at = relations[BITS, r] + word * entries + begin - relations[START, r]
                _add_bits_in_common(common, mine, bits[at : at + end - begin])
        for at in range(plan[RARE, o], plan[RARE_END, o]):
            word = relations[HOLDERS, r] + rare[at]
            _add_holders(common, holder[holder_start[word] : holder_start[word + 1]], begin, end)
        if relations[RULE, r] != 0:
            _part_strangers(mask, relations[RULE, r], common, size, unit)
        if role == BASIS:
            _add_one(sums[BASES], common, end - begin)
        elif role != RULE_ONLY:
            matters, ours = sayings[MATTERS, begin:end], said[MATTERS, o]
            own_sums = OUR_KINDS if role == KIND else OUR_SUM
            into = own_sums if relations[DENSE, r] else OWN_TILE
            parts = shares[FIXED, r] + shares[OUR_PART, r] * said[SIZE, o]
            _add_words(sums, into, size, matters, shares[:, r], parts, ours, unit)
            if into == OWN_TILE:
                _spread(sums, own_sums, place[begin:end], low)
        _set(common, 0)


@compiled
def _first_from(least: int, numbers: Numbers) -> int:
    """Where the first number stands, of some in ascending order, that is not below `least`; by halving."""
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _add_holders(common: Numbers, holders: Numbers, begin: int, end: int) -> None:
    for at in range(_first_from(begin, holders), _first_from(end, holders)):
        common[holders[at] - begin] += 1


@compiled
def _add_bits_in_common(common: Numbers, mine: Any, bits: Numbers) -> None:
    """Counting bits by halves (Wilkes, Wheeler and Gill 1957): pairs, fours, eights, then all at once.

    Compilers know this shape and use the processor's own instruction where it has one.
    """
    for x in range(len(bits)):
        both = np.uint32(bits[x] & mine)
        both = np.uint32(both - ((both >> 1) & 0x55555555))
        both = np.uint32((both & 0x33333333) + ((both >> 2) & 0x33333333))
        both = np.uint32((both + (both >> 4)) & 0x0F0F0F0F)
        common[x] += np.int16(np.uint32((np.int64(both) * 0x01010101) & 0xFFFFFFFF) >> 24)


@compiled
def _part_strangers(mask: Numbers, rule: Any, common: Numbers, size: Numbers, unit: Any) -> None:
    for x in range(len(size)):
        mask[x] |= rule * np.uint32((common[x] < unit) & (size[x] >= unit))


@compiled
def _add_one(sums: Numbers, more: Numbers, width: int) -> None:
    for x in range(width):
        sums[x] += more[x]


@compiled
def _set(numbers: Numbers, to: Any) -> None:
    for x in range(len(numbers)):
        numbers[x] = to


@compiled
def _add_words(
    sums: Numbers, into: int, size: Numbers, theirs: Numbers, share: Numbers, parts: Any, ours: Any, unit: Any
) -> None:
    """Add the similarity of words to both views, as columns.Likeness says; `parts` but for the other's words.

    The gain is doubled already, for rounding is `(2n + d) // 2d`. Where the other said nothing, all is 0.
    """
    common, our_sum, their_sum = sums[COMMON], sums[into], sums[into + 1]
    gain, most, their_part = share[GAIN], share[MOST], share[THEIR_PART]
    for x in range(len(size)):
        whole = max(parts + their_part * size[x], unit)
        alike = np.floor(np.divide(gain * min(common[x], most) + whole, whole + whole))
        our_sum[x] += ours * alike
        their_sum[x] += theirs[x] * alike
    our_weights, their_weights = sums[into + 2], sums[into + 3]
    for x in range(len(size)):
        our_weights[x] += ours * min(size[x], unit)
        their_weights[x] += theirs[x]


@compiled
def _spread(sums: Numbers, into: int, place: Numbers, low: int) -> None:
    """Take what stands entry by entry to where each one sits."""
    for row in range(4):
        for x in range(len(place)):
            sums[into + row, place[x] - low] += sums[OWN_TILE + row, x]
            sums[OWN_TILE + row, x] = 0


@compiled
def _compare_numbers(
    i: int, low: int, high: int, mine: Numbers, numbers: Numbers, settings: Settings, sums: Numbers, mask: Numbers
) -> None:
    """Age, novelty, stage, and whether there is a shared basis."""
    if settings.weighs_age and mine[BORN, i] > SILENT:
        ours, theirs = mine[AGE_MATTERS, i], numbers[AGE_MATTERS, low:high]
        _add_age(
            sums,
            numbers[BORN, low:high],
            mine[BORN, i],
            theirs,
            ours,
            settings.span_years,
            settings.thousand,
            settings.unit,
        )
    if settings.weighs_novelty:
        _add_novelty(sums, mine[NOVELTY_MATTERS, i], numbers[NOVELTY_MATTERS, low:high], settings.thousand)
    if settings.stage_step >= 0 and mine[STAGE, i] >= 0:
        _part_below(mask, settings.bits.stage, numbers[STAGE, low:high], mine[STAGE, i] + settings.stage_step)
    if settings.asks_age:
        _part_by_age(mask, i, low, high, mine, numbers, settings.bits.must)
    if settings.asks_basis:
        if settings.basis_by_age and mine[SHOWN_BORN, i] > SILENT:
            _add_near(sums[BASES], numbers[SHOWN_BORN, low:high], mine[SHOWN_BORN, i], settings.near_years)
        _part_below(mask, settings.bits.basis, sums[BASES, : high - low], settings.unit)


@compiled
def _add_age(
    sums: Numbers, born: Numbers, mine: Any, theirs: Numbers, ours: Any, span: Any, thousand: Any, unit: Any
) -> None:
    """Closeness in age. Silence is so far from every year that it comes out as 0."""
    nothing = unit - unit
    our_sum, their_sum = sums[OUR_SUM], sums[THEIR_SUM]
    for x in range(len(born)):
        gap = abs(born[x] - mine) * (thousand + thousand)
        alike = max(thousand - np.floor(np.divide(gap + span, span + span)), nothing)
        our_sum[x] += ours * alike
        their_sum[x] += theirs[x] * alike
    our_weights, their_weights = sums[OUR_WEIGHTS], sums[THEIR_WEIGHTS]
    for x in range(len(born)):
        our_weights[x] += ours * max(min(born[x], unit), nothing)
        their_weights[x] += theirs[x]


@compiled
def _add_novelty(sums: Numbers, ours: Any, theirs: Numbers, thousand: Any) -> None:
    """Everybody is new to everybody, save those whom _take_back_novelty takes it back from."""
    our_sum, their_sum = sums[OUR_SUM], sums[THEIR_SUM]
    for x in range(len(theirs)):
        our_sum[x] += ours * thousand
        their_sum[x] += theirs[x] * thousand
    our_weights, their_weights = sums[OUR_WEIGHTS], sums[THEIR_WEIGHTS]
    for x in range(len(theirs)):
        our_weights[x] += ours
        their_weights[x] += theirs[x]


@compiled
def _part_by_age(mask: Numbers, i: int, low: int, high: int, mine: Numbers, numbers: Numbers, bit: Any) -> None:
    """Musts about age, of both."""
    shown, least, most = numbers[SHOWN_BORN, low:high], numbers[LEAST_BORN, low:high], numbers[MOST_BORN, low:high]
    my_shown, my_least, my_most = mine[SHOWN_BORN, i], mine[LEAST_BORN, i], mine[MOST_BORN, i]
    for x in range(len(shown)):
        unmet = (shown[x] < my_least) | (shown[x] > my_most) | (my_shown < least[x]) | (my_shown > most[x])
        mask[x] |= np.uint32(bit) * np.uint32(unmet)


@compiled
def _part_below(mask: Numbers, bit: Any, numbers: Numbers, least: Any) -> None:
    for x in range(len(numbers)):
        mask[x] |= np.uint32(bit) * np.uint32(numbers[x] < least)


@compiled
def _part_without(mask: Numbers, bit: Any, bits: Numbers, mine: Any) -> None:
    for x in range(len(bits)):
        mask[x] |= np.uint32(bit) * np.uint32((bits[x] & mine) == 0)


@compiled
def _part_with(mask: Numbers, bit: Any, bits: Numbers, mine: Any) -> None:
    for x in range(len(bits)):
        mask[x] |= np.uint32(bit) * np.uint32((bits[x] & mine) != 0)


@compiled
def _add_near(sums: Numbers, born: Numbers, mine: Any, near: int) -> None:
    for x in range(len(born)):
        sums[x] += np.int16(abs(born[x] - mine) <= near)


@compiled
def _compare_musts(
    i: int, low: int, high: int, mine: Numbers, bits: Numbers, musts: Lists, settings: Settings, mask: Numbers
) -> None:
    """Ways of meeting; this person's musts against those who would fail them, and the other way round."""
    if settings.asks_ways:
        _part_without(mask, settings.bits.ways, bits[WAYS, low:high], mine[WAYS, i])
    for at in range(musts.start[i], musts.start[i + 1]):
        word, bit = musts.item[at] // WORD_BITS, musts.item[at] % WORD_BITS
        _part_with(mask, settings.bits.must, bits[FAILS + word, low:high], np.uint32(1 << bit))
    asked = FAILS + settings.must_words
    for word in range(len(bits) - asked):
        if mine[FAILS + word, i] != 0:
            _part_with(mask, settings.bits.must, bits[asked + word, low:high], mine[FAILS + word, i])


@compiled
def _compare_rare_musts(
    i: int, low: int, high: int, mine: Numbers, rare_musts: Numbers, must: Any, mask: Numbers
) -> None:
    """Others' musts that have no bit, against this person."""
    seats = rare_musts[0]
    for at in range(_first_from(low, seats), _first_from(high, seats)):
        word, bit = rare_musts[1, at] // WORD_BITS, rare_musts[1, at] % WORD_BITS
        if mine[FAILS + word, i] >> np.uint32(bit) & 1:
            mask[seats[at] - low] |= np.uint32(must)


@compiled
def _part_linked(i: int, low: int, links: Lists, seat: Numbers, bit: Any, mask: Numbers) -> None:
    """Those this person is kept apart from, or stands with already."""
    for at in range(links.start[i], links.start[i + 1]):
        there = seat[links.item[at]]
        if low <= there < low + TILE:
            mask[there - low] |= np.uint32(bit)


@compiled
def _take_back_novelty(
    i: int, low: int, kept: Lists, seat: Numbers, mine: Numbers, numbers: Numbers, thousand: Any, sums: Numbers
) -> None:
    for at in range(kept.start[i], kept.start[i + 1]):
        there = seat[kept.item[at]]
        if low <= there < low + TILE:
            sums[OUR_SUM, there - low] -= mine[NOVELTY_MATTERS, i] * thousand
            sums[THEIR_SUM, there - low] -= numbers[NOVELTY_MATTERS, there] * thousand


@compiled
def _conclude(
    i: int, low: int, high: int, mine: Numbers, numbers: Numbers, settings: Settings, sums: Numbers, mask: Numbers
) -> None:
    """Both views, and the fit that follows from them, into one row of the sums."""
    unit, width = settings.unit, high - low
    if settings.weighs_identities:
        _mean(sums[OUR_KINDS, :width], sums[OUR_KINDS_WEIGHTS], unit)
        _mean(sums[THEIR_KINDS, :width], sums[THEIR_KINDS_WEIGHTS], unit)
        _add_identities(sums, mine[IDENTITIES_MATTERS, i], numbers[IDENTITIES_MATTERS, low:high], unit)
    _mean(sums[OUR_SUM, :width], sums[OUR_WEIGHTS], unit)
    _mean(sums[THEIR_SUM, :width], sums[THEIR_WEIGHTS], unit)
    if settings.one_way:
        _weigh_views(sums, width, settings.first_share, settings.second_share, settings.unknown_fit, unit)
    else:
        _take_lower_view(sums, width, settings.unknown_fit, unit)
    _part_below(mask, settings.bits.fit, sums[FITTING, :width], settings.minimum_fit)


@compiled
def _mean(total: Numbers, weights: Numbers, unit: Any) -> None:
    """The rounded mean in place of the total; 0 where there are no weights."""
    for x in range(len(total)):
        parts = max(weights[x], unit)
        total[x] = np.floor(np.divide(total[x] + total[x] + parts, parts + parts))


@compiled
def _add_identities(sums: Numbers, ours: Any, theirs: Numbers, unit: Any) -> None:
    """Identities as one criterion, where any kind in common matters."""
    alike, weights, total, total_weights = sums[OUR_KINDS], sums[OUR_KINDS_WEIGHTS], sums[OUR_SUM], sums[OUR_WEIGHTS]
    for x in range(len(theirs)):
        total[x] += ours * alike[x]
        total_weights[x] += ours * min(weights[x], unit)
    alike, weights, total, total_weights = (
        sums[THEIR_KINDS],
        sums[THEIR_KINDS_WEIGHTS],
        sums[THEIR_SUM],
        sums[THEIR_WEIGHTS],
    )
    for x in range(len(theirs)):
        total[x] += theirs[x] * alike[x]
        total_weights[x] += theirs[x] * min(weights[x], unit)


@compiled
def _weigh_views(sums: Numbers, width: int, first: Any, second: Any, unknown: Any, unit: Any) -> None:
    """One-way: the supported person's view counts more; a view that nothing matters to is left out."""
    view, weights, fit, share = sums[OUR_SUM], sums[OUR_WEIGHTS], sums[FITTING], sums[SHARE]
    for x in range(width):
        share[x] = first * min(weights[x], unit)
        fit[x] = share[x] * view[x]
    view, weights = sums[THEIR_SUM], sums[THEIR_WEIGHTS]
    for x in range(width):
        known = second * min(weights[x], unit)
        share[x] += known
        fit[x] += known * view[x]
    for x in range(width):
        parts = max(share[x], unit)
        mean = np.floor(np.divide(fit[x] + fit[x] + parts, parts + parts))
        fit[x] = mean if share[x] >= unit else unknown


@compiled
def _take_lower_view(sums: Numbers, width: int, unknown: Any, unit: Any) -> None:
    """Among equals the lower view counts; a view that nothing matters to is left out."""
    ours, our_weights, theirs, their_weights = sums[OUR_SUM], sums[OUR_WEIGHTS], sums[THEIR_SUM], sums[THEIR_WEIGHTS]
    fit, second = sums[FITTING], sums[SHARE]
    for x in range(width):
        second[x] = theirs[x] if their_weights[x] >= unit else unknown
    for x in range(width):
        fit[x] = ours[x] if our_weights[x] >= unit else second[x]
    for x in range(width):
        second[x] = second[x] if their_weights[x] >= unit else fit[x]
    for x in range(width):
        fit[x] = min(fit[x], second[x])
