"""Pairs among equals who may each have several partners, as in co-counselling: each two people at most once.

Exact by a known reduction to pairs of one place each (Tutte 1954, "A short proof of the factor theorem for finite graphs"):
somebody with three places stands three times, and every possible pair gets two nodes of its own, which stand for "not
taken" when they are paired with each other, and for "taken" when each is paired with one of the two people:

    person's places -- w + B -- here -- w + 2B -- there -- w + B -- other person's places

Taking a pair is worth 2w + 2B and leaving it w + 2B, so the best answer of this graph is the best answer wanted. The first
place of everybody may be worth more by F, so that one partner each goes before two for anybody. B is more than F, so that
nobody's first place is filled by half a pair.

That graph has two nodes for each possible pair. Beyond MOST_PAIRS of them exact rounds are repeated instead: in each,
everybody with a place left gets at most one new partner, and pairs already made are barred from the next. The first round
alone serves most people; a later one never takes a partner away. Then `exact` is False.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.assign import Numbers, Proof
from matching.compiling import IS_COMPILED
from matching.equals import pair, prove_pairs

MOST_PAIRS = 40_000 if IS_COMPILED else 4_000


@dataclass(frozen=True, eq=False)
class Several:
    """Positions of the chosen pairs, in order; whether no other choice is worth more; and the proof of the graph solved.

    Of the exact form, the proof is of the graph described above; else of the first round.
    """

    chosen: Numbers
    exact: bool
    proof: Proof


def pair_several(a: Numbers, b: Numbers, weight: Numbers, places: Sequence[int], *, first: int) -> Several:
    """The heaviest set of pairs in which person i stands at most places[i] times, and counts for `first` more if at all.

    `a`, `b`, `weight` as for equals.pair; weight + 2 * first + 2 is to be below 2 ** 60. Raises GraphRefused.
    """
    if len(weight) > MOST_PAIRS:
        return _in_rounds(a, b, weight + 2 * first, places)
    return _at_once(a, b, weight, places, first)


def _at_once(a: Numbers, b: Numbers, weight: Numbers, places: Sequence[int], first_more: int) -> Several:
    degree = np.bincount(np.concatenate([a, b]), minlength=len(places))
    copies = np.minimum(np.array(places, dtype=np.int64), degree)
    first = np.concatenate([[0], np.cumsum(copies)])
    number = np.arange(len(weight))
    here, there = first[-1] + 2 * number, first[-1] + 2 * number + 1
    balance = first_more + 1
    ends = [(here, there, weight + 2 * balance)]
    for person, node in ((a, here), (b, there)):
        times = copies[person]
        copy = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        worth = np.repeat(weight + balance, times) + first_more * (copy == 0)
        ends.append((np.repeat(first[person], times) + copy, np.repeat(node, times), worth))
    one, other, worth = (np.concatenate(columns) for columns in zip(*ends, strict=True))
    people = int(first[-1]) + 2 * len(weight)
    answer = pair(one, other, worth, people)
    proof = prove_pairs(answer, a=one, b=other, weight=worth, people=people)
    with_a_person = np.zeros(people, dtype=bool)
    with_a_person[answer.b[answer.a < first[-1]]] = True
    chosen = np.flatnonzero(with_a_person[here] & with_a_person[there])
    return Several(chosen, exact=True, proof=proof)


def _in_rounds(a: Numbers, b: Numbers, weight: Numbers, places: Sequence[int]) -> Several:
    free = np.array(places, dtype=np.int64)
    chosen = np.zeros(len(weight), dtype=bool)
    proof: Proof | None = None
    while True:
        left = np.flatnonzero((free[a] > 0) & (free[b] > 0) & ~chosen)
        answer = pair(a[left], b[left], weight[left], len(places))
        if proof is None:
            proof = prove_pairs(answer, a=a[left], b=b[left], weight=weight[left], people=len(places))
        if not len(answer.a):
            return Several(np.flatnonzero(chosen), exact=False, proof=proof)
        key, made = a[left] * len(places) + b[left], answer.a * len(places) + answer.b
        chosen[left[np.isin(key, made)]] = True
        np.subtract.at(free, answer.a, 1)
        np.subtract.at(free, answer.b, 1)
