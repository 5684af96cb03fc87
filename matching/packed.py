"""The shapes that the columns of a round are packed in, and that the loops of looking.py read: arrays, and no objects.

`Numbers` is any array of numbers. A row of an array that stands for one thing has a name here, as compiled code reads
rows by number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matching import rules

Numbers = npt.NDArray[Any]

# A mask has one bit for each of rules.KINDS; the one above says that a pair of equals is looked at from its other end.
MASKS, FITS = np.uint16, np.int16
ELSEWHERE = MASKS(1 << 15)
# Worth less than anybody.
NOTHING = -(1 << 62)
# Two salts of 32 bits are mixed by multiplying with an odd number, which moves what differs up to the upper half of the
# product's lower 32 bits (Knuth 1973, volume 3, 6.4). It is small enough that the product stays within 63 bits.
MIXER, MIXED_BITS, LOWER = 0x45D9F3B, 16, 0xFFFFFFFF

WORD_BITS = 32
# How many others are looked at in one go: few enough that the sums on the way stay in the nearest memory.
TILE = 1024
# A year of birth that nobody has, and far from all: who did not say one.
SILENT = -1000
# What a list of words counts for: rules only; a criterion in the view; a kind in the mean over kinds; the shared basis.
RULE_ONLY, CRITERION, KIND, BASIS = 0, 1, 2, 3

# The rows of the numbers and of the bits that each person has, by position or by seat. `SHOWN_BORN`: as partners may see it.
# `LEAST_BORN`, `MOST_BORN`: the span a partner's must lie in. `..._MATTERS`: what a criterion counts in their own view.
# `WAYS`: the ways of meeting that the scheme leaves open. From `FAILS` on: the musts this person would fail; then, as
# Settings say where, the commonest musts that this person has.
BORN, SHOWN_BORN, LEAST_BORN, MOST_BORN, STAGE, AGE_MATTERS, NOVELTY_MATTERS, IDENTITIES_MATTERS = range(8)
WAYS, FAILS = range(2)

# The rows of Own and Theirs. The first two rows of `said` are the same in both.
SIZE, MATTERS = range(2)
RELATION, OWN_BITS, RARE, RARE_END = range(4)
START, END, DENSE, ROLE, RULE, WORDS, BITS, HOLDERS = range(8)
GAIN, MOST, FIXED, OUR_PART, THEIR_PART = range(5)


class Lists(NamedTuple):
    """Many short lists in one: list n is `item[start[n]:start[n + 1]]`."""

    start: Numbers
    item: Numbers


class Own(NamedTuple):
    """What each person said, relation after relation: person i has the columns `start[i]` to `start[i + 1]`.

    `plan[RELATION]`: which. `said[SIZE]`, `said[MATTERS]`: how many words, and what they count in this person's view.
    `bits` from `plan[OWN_BITS]`: one set of words. `rare` from `plan[RARE]` to `plan[RARE_END]`: rarer words by number.
    """

    start: Numbers
    plan: Numbers
    said: Numbers
    bits: Numbers
    rare: Numbers


class Theirs(NamedTuple):
    """What the others said: relation r has the entries `plan[START, r]` to `plan[END, r]`, and counts by `shares[:, r]`.

    Where `plan[DENSE, r]`, that is one entry per seat; else one for each who said something, at seat `place`.
    `edge[r, tile]` is where each tile begins. Word w of an entry's bits stands as many places after word 0 of it, at
    `plan[BITS, r]` and on, as there are w entries. Rare word w was said by the entries `holder[holder_start[w]]` to
    `holder[holder_start[w + 1]]`, counting words from `plan[HOLDERS, r]`. `shares`: see Likeness; the gain times 2 * ONE.
    """

    plan: Numbers
    shares: Numbers
    edge: Numbers
    place: Numbers
    said: Numbers
    bits: Numbers
    holder_start: Numbers
    holder: Numbers


class Ones(NamedTuple):
    """What is read of one person at a time, by position. `apart` and `kept` go both ways, whoever said so."""

    numbers: Numbers
    bits: Numbers
    own: Own
    musts: Lists
    apart: Lists
    kept: Lists


class Others(NamedTuple):
    """Those who are looked at in a row: contiguous, and by seat, not by position.

    `seat`: by position the seat of a person, -1 for those who are not here. `rare_musts`: seat and number of each must
    that has no bit, by seat.
    """

    numbers: Numbers
    bits: Numbers
    seat: Numbers
    theirs: Theirs
    rare_musts: Numbers


class RuleBits(NamedTuple):
    """The bit in a mask of each rule that the loops look at themselves; those of words in common are in Theirs."""

    itself: Any
    private: Any
    standing: Any
    ways: Any
    stage: Any
    basis: Any
    must: Any
    fit: Any


class Settings(NamedTuple):
    """What the loops ask of the scheme; a rule or criterion that nobody needs is left out by its switch."""

    bits: RuleBits
    one_way: bool
    weighs_age: bool
    weighs_novelty: bool
    weighs_identities: bool
    asks_ways: bool
    asks_age: bool
    asks_basis: bool
    basis_by_age: bool
    bars_kept: bool
    stage_step: Any
    must_words: int
    near_years: int
    span_years: Any
    minimum_fit: Any
    unknown_fit: Any
    # The numbers of the formulas in the width of the columns, for a plain literal would widen them.
    unit: Any
    thousand: Any
    first_share: Any
    second_share: Any


@dataclass(frozen=True, eq=False)
class Arcs:
    """Pairs whom no rule parts, by positions (int32), sorted by `one`, then `other`; and their fit (int16).

    One-way, `one` is the supported person; among equals `one` is the smaller position.
    """

    one: Numbers
    other: Numbers
    fit: Numbers

    def __len__(self) -> int:
        return len(self.one)


class Best(NamedTuple):
    """The best so far on many lists at once, each `[list, k]`: what they are worth, who they are, and the fit.

    `least[list]`: what one has to be worth more than to come in.
    """

    worth: Numbers
    who: Numbers
    fit: Numbers
    least: Numbers

    @classmethod
    def empty(cls, lists: int, k: int, floor: int) -> "Best":
        worth = np.full((lists, k), floor, dtype=np.int64)
        fit = np.zeros((lists, k), dtype=FITS)
        return cls(worth, np.full((lists, k), -1, dtype=np.int32), fit, worth[:, 0].copy())


class Around(NamedTuple):
    """Groups of people, apart or one within the other, that two people in them pay as well as their own prices.

    `line`: positions, every group together. `place`: by position where each stands in it, -1 for those in no group.
    `depth`: between each of the line and the next the prices of the groups around both. Two people share the groups around
    every gap on the way from the one to the other, so what these cost is the least on the way.
    """

    line: Numbers
    place: Numbers
    depth: Numbers

    @classmethod
    def nobody(cls, people: int) -> "Around":
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, np.full(people, -1, dtype=np.int64), nothing)


class Block(NamedTuple):
    """Pairs that were looked at, `[row, seat]`, and what they are worth.

    That is `fit * scale + ours[row] + theirs[seat]`, and `stay` more for a standing pair; less what the groups `around`
    both cost; and in the digits that `chance` lets through a number from the salts of the two, so that equally good
    partners are not the same for everybody.
    """

    masks: Numbers
    fits: Numbers
    scale: Any
    stay: Any
    ours: Numbers
    theirs: Numbers
    chance: Any
    our_salt: Numbers
    their_salt: Numbers
    around: Around


class Likeness(NamedTuple):
    """How words in common become a similarity: the rounded share `gain * ONE * min(common, most) / parts`.

    `parts` is `fixed + our_part * (words of the one) + their_part * (words of the other)`, and at least 1.
    """

    gain: int
    most: int
    fixed: int
    our_part: int
    their_part: int


@dataclass(frozen=True, eq=False)
class Said:
    """One list of words over all people: who said anything, how many words, and which.

    `people`: positions, ascending. `size`: how many words, whoever else said them. `bits[word, person]`: the commonest
    words. `rare`: for each of these people the rarer words that somebody else said too, by number below `rare_words`.
    """

    people: Numbers
    size: Numbers
    bits: Numbers
    rare: Lists
    rare_words: int


@dataclass(frozen=True, eq=False)
class Relation:
    """A list of words of the one set against a list of the other: how their likeness is counted and what it is for.

    `our_matters`, `their_matters`: what it counts in each one's own view, beside `ours.people` and `theirs.people`.
    `rule`: the bit of the rule that parts two people who both said something and have nothing in common, or 0.
    """

    ours: Said
    theirs: Said
    our_matters: Numbers
    their_matters: Numbers
    role: int
    rule: int
    likeness: Likeness


def bit_of(kind: str) -> int:
    """The bit that stands for one of rules.KINDS in a mask."""
    return 1 << rules.KINDS.index(kind)


def joined(arrays: Sequence[Numbers], kind: Any) -> Numbers:
    """These arrays, of which there may be none, one after another."""
    return np.concatenate([np.zeros(0, dtype=kind), *(array.astype(kind, copy=False) for array in arrays)])


def lists_of(rows: Iterable[Iterable[int]]) -> Lists:
    """Python lists of whole numbers as Lists."""
    kept = [list(row) for row in rows]
    items = [number for row in kept for number in row]
    return Lists(starts_of([len(row) for row in kept]), np.array(items, dtype=np.int64))


def picked(lists: Lists, rows: Numbers) -> Lists:
    """These lists, in this order."""
    lengths = np.diff(lists.start)[rows]
    start = starts_of(lengths)
    items = np.arange(start[-1]) + np.repeat(lists.start[:-1][rows] - start[:-1], lengths)
    return Lists(start, lists.item[items])


def starts_of(lengths: Sequence[int] | Numbers) -> Numbers:
    """Where each of so many things of these lengths begins when they stand one after another, and where all end."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.asarray(lengths, dtype=np.int64))])
