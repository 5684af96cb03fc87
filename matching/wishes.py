"""The musts of a round as sets of the people who would fail them, one bit each."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from matching import rules
from matching.packed import WORD_BITS, Lists, Numbers, lists_of
from matching.people import Answers, Must

# The musts most often said have a bit on the wisher's side too; of the others there is a list of who said them.
MUST_BITS_MOST = 64


def musts_in_bits(everybody: Sequence[Answers]) -> tuple[Numbers, Numbers, Lists]:
    """Who fails which must, as bits; who has which of the commonest, as bits; and everybody's own, by number.

    Two musts that the same people fail are one. `same KIND` is met by whoever shows one of its owner's words, as
    `KIND:VALUE` is met by whoever shows the value; `different KIND` by whoever shows something and none of those words.
    """
    wishes = [[_wish(must, answers) for must in answers.musts if must.kind] for answers in everybody]
    wanted = {wish for own in wishes for wish in own}
    shown = {kind: _shown_by(kind, everybody) for kind in {kind for _, kind, _ in wanted}}
    failed_by = {wish: _fail(wish, shown[wish[1]], len(everybody)) for wish in wanted}
    alike = {wish: np.packbits(fails).tobytes() for wish, fails in failed_by.items()}
    own_musts = [{alike[wish] for wish in own} for own in wishes]
    wished = Counter(must for own in own_musts for must in own)
    number = {must: at for at, must in enumerate(sorted(wished, key=lambda must: (-wished[must], must)))}
    fails = np.zeros((len(number), len(everybody)), dtype=np.bool_)
    for wish, failing in failed_by.items():
        fails[number[alike[wish]]] = failing
    own = lists_of(sorted(number[must] for must in musts) for musts in own_musts)
    asked = np.zeros((min(len(number), MUST_BITS_MOST), len(everybody)), dtype=np.bool_)
    common = own.item < len(asked)
    asked[own.item[common], np.repeat(np.arange(len(everybody)), np.diff(own.start))[common]] = True
    return _as_bits(fails), _as_bits(asked), own


Wish = tuple[str, str, frozenset[str]]


def _wish(must: Must, answers: Answers) -> Wish:
    if must.form == "is":
        return "same", must.kind, frozenset({must.value})
    return must.form, must.kind, rules.answers_to(must.kind, answers)


def _shown_by(kind: str, everybody: Sequence[Answers]) -> dict[str, list[int]]:
    """Who shows each word."""
    found: dict[str, list[int]] = {}
    for at, answers in enumerate(everybody):
        for word in rules.shown_by(kind, answers):
            found.setdefault(word, []).append(at)
    return found


def _fail(wish: Wish, shown: Mapping[str, list[int]], people: int) -> Numbers:
    """Who fails a must that a list of words is asked for. One whose owner gave no words of their own is met by nobody."""
    form, _, words = wish
    agree = np.zeros(people, dtype=np.bool_)
    for word in words:
        agree[shown.get(word, [])] = True
    if form == "same" or not words:
        return ~agree
    silent = np.ones(people, dtype=np.bool_)
    for whose in shown.values():
        silent[whose] = False
    return agree | silent


def _as_bits(table: Numbers) -> Numbers:
    """Rows of yes and no as words of bits: row n is bit n % 32 of word n // 32."""
    words = np.zeros((-(-len(table) // WORD_BITS), table.shape[1]), dtype=np.uint32)
    for number, row in enumerate(table):
        words[number // WORD_BITS] |= row.astype(np.uint32) << np.uint32(number % WORD_BITS)
    return words
