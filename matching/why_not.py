"""Why a certain person was not paired with a certain other: as data for pages, and as plain words. For staff alone.

Nothing of this is ever shown to members, in no form: it rests on answers that people have not shown each other, and whom
somebody else was paired with instead is nobody's to know. Even for staff, who said "not with" whom and what has ended stays
a private item, and of what somebody says must hold it is told neither whose it is nor what.
"""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from typing import NamedTuple

import numpy as np

from matching import explain, looking, rules
from matching.deciding import decide
from matching.errors import AnswerRefused
from matching.explain import STAFF_WORDS, Unmatched
from matching.packed import Arcs, bit_of
from matching.people import Person
from matching.pool import ALIKE, OFFER, SEEK, Pool
from matching.schemes import Scheme

# Why not; beside these, the explain.NOT_PAIRED_HERE and explain.OTHERS_FIRST of people without a partner.
PAIRED, PAIRED_OTHER_WAY, NOT_IN_ROUND, PARTED = "paired", "paired-other-way", "not-in-round", "parted"
EQUALLY_GOOD, BEST_FIRST = "equally-good", "best-first"
# Somebody is in the round, and does not stand on the side that was asked about.
OTHER_SIDE = "other-side"


@dataclass(frozen=True)
class WhyNot:
    """Why `one` was not paired with `other`: a code, and what belongs to it. One-way, `one` is the person supported.

    `out`: who of the two is not in the round on their side, as id and code of matching.rules or OTHER_SIDE. `rules`: all
    kinds of matching.rules that part them, in the order of KINDS. What the best round would lose if this pair were in it:
    `people` who have somebody, 0 where most people do not come first; `points`; and `pairs`. Below 0 where it would win
    some. `exact`: whether both rounds compared are known to be the best. `bonus`: whether the scheme gives a group bonus,
    which these figures leave out.
    """

    one: str
    other: str
    code: str
    out: tuple[tuple[str, str], ...] = ()
    rules: tuple[str, ...] = ()
    people: int = 0
    points: int = 0
    pairs: int = 0
    exact: bool = True
    bonus: bool = False


def why_not(
    people: Iterable[Person],
    scheme: Scheme,
    decided: Iterable[tuple[str, str]],
    one: str,
    other: str,
    *,
    on: date,
    seed: int = 0,
) -> WhyNot:
    """Why the round of these people, in which the pairs of ids `decided` were made, has no pair of `one` and `other`.

    One-way, each pair names the supported person first; among equals the order says nothing. The figures are exact: the
    best round is solved as it is, and once more with this pair fixed (matching.md section 8). In a scheme with a group bonus
    both are solved without it. Raises AnswerRefused when nobody has one of the ids, or two people have the same.
    """
    pool = Pool(people, scheme, on)
    position = {person.id: number for number, person in enumerate(pool.people)}
    for name in (one, other):
        if name not in position:
            raise AnswerRefused("id", name, "Nobody in this round has this id; look at the first column of the file.")
    code = _without_a_look(pool, set(decided), one, other)
    if code is not None:
        return WhyNot(one, other, code)
    ends = position[one], position[other]
    out = tuple(_out(pool, ends))
    if out:
        return WhyNot(one, other, NOT_IN_ROUND, out=out)
    masks, fits = looking.matrices(pool.columns, np.array(ends[:1]), np.array(ends[1:]))
    parting = tuple(kind for kind in rules.KINDS if masks[0, 0] & bit_of(kind))
    if parting:
        return WhyNot(one, other, PARTED, rules=parting)
    if scheme.round.answer == "stable":
        return WhyNot(one, other, BEST_FIRST)
    arc = Arcs(np.array(ends[:1], dtype=np.int32), np.array(ends[1:], dtype=np.int32), fits[0])
    fixed = _Fixed(*ends, points=int(looking.points(pool.columns, arc)[0]))
    return _lost(pool, WhyNot(one, other, explain.OTHERS_FIRST), fixed, seed)


def why_not_for_staff(why: WhyNot, scheme: Scheme) -> str:
    """The same in words for a coordinator. The two are named by their part, never by id: a page puts in who they are."""
    if why.code == NOT_IN_ROUND:
        return " ".join(_out_in_words(why, name, code, scheme) for name, code in why.out)
    if why.code == PARTED:
        return f"They are kept apart by: {', '.join(STAFF_WORDS[kind] for kind in why.rules)}."
    if why.code == explain.OTHERS_FIRST:
        told = f"Nothing keeps these two apart; places went where they made more difference. {_lost_in_words(why)}"
    elif why.code == EQUALLY_GOOD:
        decider = "the bonus or the seed" if why.bonus else "the seed"
        told = f"Nothing keeps these two apart. A round with this pair would be as good, and {decider} decided."
    else:
        return {
            explain.NOT_PAIRED_HERE: f"The scheme's shape is {scheme.shape}: nobody is paired.",
            PAIRED: "They are paired in this round.",
            PAIRED_OTHER_WAY: "They are paired the other way about, and this scheme pairs nobody both ways in one round.",
            BEST_FIRST: "Nothing keeps these two apart. This scheme makes the best pairs first, "
            "and at least one of the two had no place left after pairs that are worth as much or more.",
        }[why.code]
    bonus = " This leaves the group bonus out." if why.bonus else ""
    return told + bonus + ("" if why.exact else " The search was cut short, so a better round may have been missed.")


class _Fixed(NamedTuple):
    """A pair that is in the round whatever it costs: two positions, and the points of the pair."""

    one: int
    other: int
    points: int


class _Value(NamedTuple):
    """What a round is worth, as it is decided: people who have somebody, where they come first; points; and pairs.

    `exact`: whether no other round is known to be worth more.
    """

    people: int
    points: int
    pairs: int
    exact: bool


def _without_a_look(pool: Pool, pairs: set[tuple[str, str]], one: str, other: str) -> str | None:
    """What the scheme and the pairs alone tell, if anything."""
    if not pool.scheme.is_paired:
        return explain.NOT_PAIRED_HERE
    if (one, other) in pairs or (not pool.sided and (other, one) in pairs):
        return PAIRED
    if (other, one) in pairs and not pool.scheme.round.both_ways:
        return PAIRED_OTHER_WAY
    return None


def _out(pool: Pool, ends: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """Who of the two does not stand on their side, and why."""
    for position, side in zip(ends, (SEEK, OFFER) if pool.sided else (ALIKE, ALIKE), strict=True):
        person = pool.people[position]
        if side not in pool.sides_of(person):
            yield person.id, OTHER_SIDE if pool.sides_of(person) else rules.NO_SIDE
        elif (code := pool.shut_out(person, side)) is not None:
            yield person.id, code


def _lost(pool: Pool, why: WhyNot, fixed: _Fixed, seed: int) -> WhyNot:
    best = _value(pool, seed)
    tried = [_value(rest, seed, fixed) for rest in _rests(pool, fixed)]
    with_pair = max(tried)
    people, points, pairs = (ours - theirs for ours, theirs in zip(best[:3], with_pair[:3], strict=True))
    return replace(
        why,
        code=why.code if people or points or pairs else EQUALLY_GOOD,
        people=people,
        points=points,
        pairs=pairs,
        exact=best.exact and all(value.exact for value in tried),
        bonus=pool.scheme.fairness.has_bonus,
    )


def _value(pool: Pool, seed: int, fixed: _Fixed | None = None) -> _Value:
    """The best round of these people; with the pair that is fixed beside them, if any."""
    candidates = pool.candidates(seed)
    decision = decide(candidates, pool.places, pool.scheme)
    possible, chosen = candidates.possible, decision.chosen
    ones, others = possible.one[chosen].tolist(), possible.other[chosen].tolist()
    points = int(possible.points[chosen].sum())
    if fixed is not None:
        ones, others, points = [*ones, fixed.one], [*others, fixed.other], points + fixed.points
    served = {*ones} if pool.sided else {*ones, *others}
    people = len(served) if pool.scheme.round.most_people_first else 0
    return _Value(people, points, len(ones), decision.exact)


def _rests(pool: Pool, fixed: _Fixed) -> Iterator[Pool]:
    """The round beside a fixed pair; the best of the answers to these is the best with the pair in it.

    Where most people come first, and one of the two may have more partners, an answer would count them as somebody who has
    nobody yet. So it is solved both with and without further partners for each. Take the best round with the pair, and
    the case in which just those of the two are left that have further partners in it: there it is counted too high by
    all of them, and no answer by more; so what is found there is worth no less.
    """
    people = list(pool.people)
    if not (pool.sided and pool.scheme.round.both_ways):
        # The same two are not paired a second time, from neither end.
        apart = replace(people[fixed.one], not_with=(*people[fixed.one].not_with, people[fixed.other].id))
        people[fixed.one] = apart
    rest = Pool(people, pool.scheme, pool.on)
    rest.places[fixed.other] -= 1
    further: list[int] = []
    if not pool.sided:
        rest.places[fixed.one] -= 1
        if pool.scheme.round.most_people_first:
            further = [end for end in (fixed.one, fixed.other) if rest.places[end]]
    for number in range(len(further) + 1):
        for done in combinations(further, number):
            case = copy(rest)
            case.places = rest.places.copy()
            case.places[list(done)] = 0
            case.others = rest.others[case.places[rest.others] > 0]
            case.ones = rest.ones[rest.ones != fixed.one] if pool.sided else case.others
            yield case


def _out_in_words(why: WhyNot, name: str, code: str, scheme: Scheme) -> str:
    is_one = name == why.one
    if scheme.shape == "one-way":
        part = "The person to be supported" if is_one else f"The {scheme.words['mentor']}"
        side = "seek" if is_one else "offer"
    else:
        part, side = ("The first" if is_one else "The second"), ALIKE
    if code == OTHER_SIDE:
        return f"{part} chose another side than {side}."
    return f"{part}: {explain.unmatched_for_staff(Unmatched(name, code, side), scheme)}"


def _lost_in_words(why: WhyNot) -> str:
    lost = []
    if why.people:
        lost.append(f"reach {_so_many(why.people, 'person', 'people', 'fewer')}")
    elif why.pairs:
        lost.append(f"make {_so_many(why.pairs, 'pair', 'pairs', 'fewer')}")
    if why.points:
        lost.append(f"be worth {_so_many(why.points, 'point', 'points', 'less')}")
    return f"With this pair the best round would {' and '.join(lost)}."


def _so_many(number: int, one: str, several: str, fewer: str) -> str:
    return f"{abs(number)} {one if abs(number) == 1 else several} {fewer if number > 0 else 'more'}"
