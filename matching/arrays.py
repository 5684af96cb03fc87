"""The form of looking.py for where nothing is compiled: the same as loops.py with whole arrays."""

from typing import TYPE_CHECKING, Any

import numpy as np

from matching.packed import (
    AGE_MATTERS,
    BASIS,
    BITS,
    BORN,
    CRITERION,
    DENSE,
    ELSEWHERE,
    END,
    FAILS,
    HOLDERS,
    IDENTITIES_MATTERS,
    KIND,
    LEAST_BORN,
    MASKS,
    MOST_BORN,
    NOVELTY_MATTERS,
    RULE_ONLY,
    SHOWN_BORN,
    SILENT,
    STAGE,
    START,
    WAYS,
    WORD_BITS,
    WORDS,
    Lists,
    Numbers,
    Others,
    Relation,
)
from matching.scoring import ONE

if TYPE_CHECKING:
    from matching.columns import Columns


class _Views:
    """Sums of likeness and of weights for each of the two, `[row, seat]`."""

    def __init__(self, shape: tuple[int, int], number: type[np.floating[Any]]) -> None:
        self.ours, self.our_weights, self.theirs, self.their_weights = (np.zeros(shape, dtype=number) for _ in range(4))

    def add(self, where: Any, alike: Numbers, ours: Numbers, theirs: Numbers, known: Numbers) -> None:
        self.ours[where] += ours * alike
        self.our_weights[where] += ours * known
        self.theirs[where] += theirs * alike
        self.their_weights[where] += theirs

    def means(self) -> tuple[Numbers, Numbers]:
        views = ((self.ours, self.our_weights), (self.theirs, self.their_weights))
        ours, theirs = (_rounded(total, np.maximum(weights, 1)) for total, weights in views)
        return ours, theirs


def look_by_arrays(
    columns: "Columns", rows: Numbers, first: Numbers, others: Others, masks: Numbers, fits: Numbers
) -> None:
    """The same as `look_by_loops`."""
    settings, links = columns.settings, columns.ones
    mask = np.zeros(masks.shape, dtype=MASKS)
    views = _Views(masks.shape, columns.number)
    kinds = _Views(masks.shape, columns.number)
    bases = np.zeros(masks.shape, dtype=columns.number)
    for number, relation in enumerate(columns.relations):
        _relate(columns, relation, number, rows, others, mask, {CRITERION: views, KIND: kinds}, bases)
    _numbers_in_arrays(columns, rows, others, mask, views, bases)
    _musts_in_arrays(columns, rows, others, mask)
    for row, position in enumerate(rows):
        mask[row, seats_of(links.apart, position, others)] |= settings.bits.private
        kept = seats_of(links.kept, position, others)
        mask[row, kept] |= settings.bits.standing * MASKS(settings.bars_kept)
        views.ours[row, kept] -= links.numbers[NOVELTY_MATTERS, position] * ONE
        views.theirs[row, kept] -= others.numbers[NOVELTY_MATTERS, kept] * ONE
    fit = _fit_in_arrays(columns, rows, others, views, kinds)
    mask |= settings.bits.fit * (fit < settings.minimum_fit)
    itself = others.seat[rows]
    own_row = np.flatnonzero(itself >= 0)
    mask[own_row, itself[own_row]], fit[own_row, itself[own_row]] = settings.bits.itself, 0
    mask[np.arange(masks.shape[1]) < first[:, None]] = ELSEWHERE
    masks[:], fits[:] = mask, fit


def _relate(
    columns: "Columns",
    relation: "Relation",
    number: int,
    rows: Numbers,
    others: Others,
    mask: Numbers,
    views: dict[int, _Views],
    bases: Numbers,
) -> None:
    """One list of words, for the rows that said something."""
    entry = np.searchsorted(relation.ours.people, rows)
    said = np.flatnonzero(np.append(relation.ours.people, -1)[entry] == rows)
    entry = entry[said]
    theirs, share = others.theirs, relation.likeness
    start, end = theirs.plan[START, number], theirs.plan[END, number]
    (size, matters), place = theirs.said[:, start:end], theirs.place[start:end]
    common = _common_in_arrays(relation, number, entry, others, columns.number)
    # Where everybody has an entry, whole rows are taken: that is much quicker than seat by seat.
    where: Any = said if theirs.plan[DENSE, number] else (said[:, None], place)
    if relation.rule:
        mask[where] |= MASKS(relation.rule) * ((common == 0) & (size > 0))
    if relation.role == BASIS:
        bases[where] += common
    elif relation.role != RULE_ONLY:
        parts = share.fixed + share.our_part * relation.ours.size[entry, None] + share.their_part * size
        alike = _rounded(share.gain * ONE * np.minimum(common, share.most), np.maximum(parts, 1))
        ours = relation.our_matters[entry, None]
        views[relation.role].add(where, alike, ours, matters, np.minimum(size, 1))


def _common_in_arrays(
    relation: "Relation", number: int, entry: Numbers, others: Others, kind: type[np.floating[Any]]
) -> Numbers:
    theirs = others.theirs
    start, end, words = (theirs.plan[row, number] for row in (START, END, WORDS))
    bits = theirs.bits[theirs.plan[BITS, number] :][: words * (end - start)].reshape(words, end - start)
    common = np.zeros((len(entry), end - start), dtype=kind)
    for mine, word in zip(relation.ours.bits[:, entry], bits, strict=True):
        if mine.any():
            common += np.bitwise_count(mine[:, None] & word)
    held = theirs.holder_start[theirs.plan[HOLDERS, number] :]
    for row, own in enumerate(entry):
        for word in relation.ours.rare.item[relation.ours.rare.start[own] : relation.ours.rare.start[own + 1]]:
            common[row, theirs.holder[held[word] : held[word + 1]] - start] += 1
    return common


def _numbers_in_arrays(
    columns: "Columns", rows: Numbers, others: Others, mask: Numbers, views: _Views, bases: Numbers
) -> None:
    settings, theirs, mine = columns.settings, others.numbers, columns.ones.numbers[:, rows, None]
    if settings.weighs_age:
        known = (theirs[BORN] > SILENT) & (mine[BORN] > SILENT)
        gap = ONE * np.abs(theirs[BORN] - mine[BORN])
        alike = np.maximum(ONE - _rounded(gap, settings.span_years), 0) * known
        views.add(slice(None), alike, mine[AGE_MATTERS], theirs[AGE_MATTERS] * known, known)
    if settings.weighs_novelty:
        new = np.full(mask.shape, settings.thousand)
        views.add(slice(None), new, mine[NOVELTY_MATTERS], theirs[NOVELTY_MATTERS], np.ones_like(new))
    if settings.stage_step >= 0:
        mask |= settings.bits.stage * ((mine[STAGE] >= 0) & (theirs[STAGE] < mine[STAGE] + settings.stage_step))
    shown, mine_shown = theirs[SHOWN_BORN], mine[SHOWN_BORN]
    mask |= settings.bits.must * ((shown < mine[LEAST_BORN]) | (shown > mine[MOST_BORN]))
    mask |= settings.bits.must * ((mine_shown < theirs[LEAST_BORN]) | (mine_shown > theirs[MOST_BORN]))
    if settings.asks_basis:
        if settings.basis_by_age:
            bases += (np.abs(shown - mine_shown) <= settings.near_years) & (mine_shown > SILENT)
        mask |= settings.bits.basis * (bases == 0)


def _musts_in_arrays(columns: "Columns", rows: Numbers, others: Others, mask: Numbers) -> None:
    musts, mine, settings = columns.ones.musts, columns.ones.bits[:, rows], columns.settings
    if settings.asks_ways:
        mask |= settings.bits.ways * ((mine[WAYS, :, None] & others.bits[WAYS]) == 0)
    for row, position in enumerate(rows):
        for must in musts.item[musts.start[position] : musts.start[position + 1]]:
            mask[row] |= settings.bits.must * _has_bit(others.bits[FAILS:], must)
    for fails, asked in zip(mine[FAILS:], others.bits[FAILS + settings.must_words :], strict=False):
        mask |= settings.bits.must * ((fails[:, None] & asked) != 0)
    for seat, must in others.rare_musts.T:
        mask[:, seat] |= settings.bits.must * _has_bit(mine[FAILS:], must)


def _has_bit(words: Numbers, number: int) -> Numbers:
    has: Numbers = (words[number // WORD_BITS] >> np.uint32(number % WORD_BITS) & 1) != 0
    return has


def seats_of(links: Lists, position: int, others: Others) -> Numbers:
    seats: Numbers = others.seat[links.item[links.start[position] : links.start[position + 1]]]
    return seats[seats >= 0]


def _fit_in_arrays(columns: "Columns", rows: Numbers, others: Others, views: _Views, kinds: _Views) -> Numbers:
    settings = columns.settings
    our_kinds, their_kinds = kinds.means()
    ours, theirs = columns.ones.numbers[IDENTITIES_MATTERS, rows, None], others.numbers[IDENTITIES_MATTERS]
    views.ours += ours * our_kinds
    views.our_weights += ours * (kinds.our_weights > 0)
    views.theirs += theirs * their_kinds
    views.their_weights += theirs * (kinds.their_weights > 0)
    our_view, their_view = views.means()
    ours_known, theirs_known = views.our_weights > 0, views.their_weights > 0
    if settings.one_way:
        first, second = settings.first_share * ours_known, settings.second_share * theirs_known
        fit = _rounded(first * our_view + second * their_view, np.maximum(first + second, 1))
    else:
        fit = np.minimum(np.where(ours_known, our_view, their_view), np.where(theirs_known, their_view, our_view))
    return np.where(ours_known | theirs_known, fit, settings.unknown_fit)


def _rounded(numerator: Numbers, denominator: Numbers) -> Numbers:
    """Nearest whole number, halves up, as in scoring.py; exact for the numbers that columns.py lets in."""
    whole: Numbers = np.floor((2 * numerator + denominator) / (2 * denominator))
    return whole
