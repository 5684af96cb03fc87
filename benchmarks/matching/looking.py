"""Pairs looked at per second: one by one as the rules are written, one by one as fast as plain Python goes, and together.

python -m benchmarks.matching.looking [PEOPLE ON EACH SIDE]

An invented community that has answered everything meets in the preset `fanon`. All forms say who may meet and how well
they fit, and each is checked against the compiled form, pair by pair, before any figure is printed. The forms take turns;
ends with status 1 when the compiled form on two threads is less than 100 times as quick as plain Python. Prints also how
long the first block of pairs takes (which compiles, where nothing compiled is kept on disk), how long packing takes, and
the most memory that the best 20 of each of 20,000 x 8,000 people need. Without the `fast` extra there is nothing to compare.
"""

import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import numpy as np

from benchmarks.matching.turns import Bar, Side, end, take_turns, tell
from matching import Person, Scheme
from matching.columns import Columns
from matching.compiling import IS_COMPILED
from matching.looking import ARRAYS, FORM, Form, best_of_each
from matching.packed import Numbers, Others
from matching.people import TIMES, Answers
from matching.rules import barred_by, meets
from matching.scoring import fit

ON = date(2026, 1, 1)
SCHEME = Scheme.named("fanon")
ROUNDS = 7
# How many pairs each form looks at in one round: about a quarter of a second each.
READABLE_PAIRS, PLAIN_PAIRS, ARRAY_ROWS, LOOP_ROWS = 5_000, 50_000, 26, 780
ROWS_AT_ONCE = 26
SPEAK_ENGLISH, HAVE_A_MUST, SHOW_MORE = 0.9, 0.12, 0.7
BARRED = -1
OURS, PLAIN = "compiled, 2 threads", "plain, one by one"

KINDS = {"faith": 9, "gender": 5, "heritage": 40, "sexuality": 6, "community": 60, "neighbourhood": 80}
MUSTS = ("same gender", "same faith", "different gender", "older", "younger", "language:English")


def invent(rng: random.Random, number: int, side: str) -> Person:
    """Somebody who has answered everything; some words are much commoner than others, as among real people."""

    def some(what: str, different: int, least: int, most: int) -> tuple[str, ...]:
        wanted = rng.randint(least, most)
        found: set[str] = set()
        while len(found) < wanted:
            found.add(f"{what} {int(different * rng.random() ** 2)}")
        return tuple(sorted(found))

    kinds = rng.sample(sorted(KINDS), rng.randint(3, 5))
    return Person(
        id=f"p{number:06}",
        side=side,
        capacity=rng.randint(1, 3),
        born=rng.randint(1940, 2007),
        languages=(("English",) if rng.random() < SPEAK_ENGLISH else ()) + some("language", 25, 1, 2),
        areas=some("area", 32, 1, 3),
        times=tuple(rng.sample(TIMES, rng.randint(3, 8))),
        goals=some("goal", 60, 2, 5),
        looking_for=some("wish", 40, 1, 4),
        experiences=some("experience", 120, 1, 5),
        identities=tuple(f"{kind}:{word}" for kind in kinds for word in some(kind, KINDS[kind], 1, 2)),
        importance={
            name: rng.randint(0, 5) for name in rng.sample(("age", "goals", "identities", "faith", "gender"), 3)
        },
        musts=(rng.choice(MUSTS),) if rng.random() < HAVE_A_MUST else (),
        share=("identities", "languages", "age") if rng.random() < SHOW_MORE else (),
        waiting_since=ON - timedelta(days=rng.randint(0, 60)),
    )


def invented(seeking: int, offering: int) -> list[Person]:
    """First those who ask, then those who offer; the same ones each time."""
    rng = random.Random(7)
    sides = ["seek"] * seeking + ["offer"] * offering
    return [invent(rng, number, side) for number, side in enumerate(sides)]


def community(seeking: int, offering: int, scheme: Scheme = SCHEME) -> Columns:
    return Columns.of(invented(seeking, offering), scheme, on=ON)


class Plain:
    """One person for the plain form: words as bits of Python numbers, weights multiplied beforehand."""

    __slots__ = ("answers", "areas", "born", "identities", "kinds", "languages", "lists", "matters", "musts", "times")

    def __init__(self, answers: Answers, number: dict[tuple[str, str], int]) -> None:
        def bits(kind: str, words: frozenset[str]) -> int:
            return sum(1 << number.setdefault((kind, word), len(number)) for word in words)

        weights = SCHEME.weights
        self.answers = answers
        self.languages, self.times = (bits(column, answers.used(column)) for column in ("languages", "times"))
        self.areas = bits("areas", answers.used("areas"))
        self.born = answers.born
        self.musts = answers.musts
        columns = ("goals", "looking_for", "experiences")
        self.lists = [(bits(column, answers.used(column)), len(answers.used(column))) for column in columns]
        self.matters = [weights[name] * answers.importance(name) for name in ("age", "areas", *columns)]
        self.identities = weights["identities"] * answers.importance("identities")
        self.kinds = {
            kind: (bits(kind, words), len(words), answers.importance(kind)) for kind, words in answers.kinds.items()
        }


def plain_fit(one: Plain, other: Plain) -> int:  # noqa: C901, PLR0911, PLR0912 - a call costs, so there is none
    """What `fanon` makes of two people, in the order that ends soonest; BARRED when a rule parts them."""
    if one.languages and other.languages and not one.languages & other.languages:
        return BARRED
    if one.times and other.times and not one.times & other.times:
        return BARRED
    for must in one.musts:
        if not meets(must, one.answers, other.answers):
            return BARRED
    for must in other.musts:
        if not meets(must, other.answers, one.answers):
            return BARRED
    total = weights = other_total = other_weights = 0
    ours, theirs = one.matters, other.matters
    if one.born is not None and other.born is not None:
        span = SCHEME.age.span_years
        alike = max(0, 1000 - (2000 * abs(one.born - other.born) + span) // (2 * span))
        total, weights = ours[0] * alike, ours[0]
        other_total, other_weights = theirs[0] * alike, theirs[0]
    if one.areas and other.areas:
        alike = 1000 if one.areas & other.areas else 0
        total, weights = total + ours[1] * alike, weights + ours[1]
        other_total, other_weights = other_total + theirs[1] * alike, other_weights + theirs[1]
    at = 2
    for (mine, size), (their, their_size) in zip(one.lists, other.lists, strict=True):
        if mine and their:
            words = size + their_size
            alike = (4000 * (mine & their).bit_count() + words) // (2 * words)
            total, weights = total + ours[at] * alike, weights + ours[at]
            other_total, other_weights = other_total + theirs[at] * alike, other_weights + theirs[at]
        at += 1
    kinds = kinds_weights = other_kinds = other_kinds_weights = 0
    their_kinds = other.kinds
    for kind, (mine, size, matters) in one.kinds.items():
        if kind in their_kinds:
            their, their_size, their_matters = their_kinds[kind]
            words = size + their_size
            alike = (4000 * (mine & their).bit_count() + words) // (2 * words)
            kinds, kinds_weights = kinds + matters * alike, kinds_weights + matters
            other_kinds, other_kinds_weights = other_kinds + their_matters * alike, other_kinds_weights + their_matters
    if kinds_weights:
        total += one.identities * ((2 * kinds + kinds_weights) // (2 * kinds_weights))
        weights += one.identities
    if other_kinds_weights:
        other_total += other.identities * ((2 * other_kinds + other_kinds_weights) // (2 * other_kinds_weights))
        other_weights += other.identities
    if weights and other_weights:
        view, other_view = (
            (2 * total + weights) // (2 * weights),
            (2 * other_total + other_weights) // (2 * other_weights),
        )
        return (2 * (70 * view + 30 * other_view) + 100) // 200
    if weights:
        return (2 * total + weights) // (2 * weights)
    if other_weights:
        return (2 * other_total + other_weights) // (2 * other_weights)
    return SCHEME.round.unknown_fit


def readable_fit(one: Answers, other: Answers) -> int:
    return BARRED if barred_by(one, other, SCHEME) else fit(one, other, SCHEME)


class Looking:
    """A form of looking at many pairs, over some rows and all others, one block of rows after another."""

    def __init__(self, columns: Columns, others: Others, form: Form, seats: int) -> None:
        self.columns, self.others, self.form, self.seats = columns, others, form, seats

    def block(self, low: int) -> tuple[Numbers, Numbers]:
        """Which rules part whom, and the fits, in one block of rows."""
        rows = np.arange(low, low + ROWS_AT_ONCE)
        masks = np.empty((ROWS_AT_ONCE, self.seats), dtype=np.uint16)
        fits = np.empty((ROWS_AT_ONCE, self.seats), dtype=np.int16)
        self.form.look(self.columns, rows, np.zeros_like(rows), self.others, masks, fits)
        return masks, fits

    def answers(self, low: int) -> Numbers:
        """The fits of one block of rows; BARRED where a rule parts two people."""
        masks, fits = self.block(low)
        return np.where(masks == 0, fits, BARRED)

    def seconds(self, rows: int, threads: int) -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(self.block, range(0, rows, ROWS_AT_ONCE)):
                pass
        return time.perf_counter() - began


def check(columns: Columns, together: Looking, people: int, plain: Sequence[Plain], rng: random.Random) -> None:
    """All forms against the one that is used here, pair by pair. Ends the run when any two differ."""
    rows = list(range(0, people - ROWS_AT_ONCE, max(1, people // 8)))
    looked_at = {low + row: fits for low in rows for row, fits in enumerate(together.answers(low))}
    arrays = Looking(columns, together.others, ARRAYS, people)
    differ = sum(int((arrays.answers(low)[0] != looked_at[low]).sum()) for low in rows)
    pairs = [(rng.choice(list(looked_at)), rng.randrange(people)) for _ in range(60_000)]
    differ += sum(plain_fit(plain[i], plain[people + j]) != looked_at[i][j] for i, j in pairs)
    answers = [person.answers for person in columns.people]
    some = pairs[:6_000]
    differ += sum(readable_fit(answers[i], answers[people + j]) != looked_at[i][j] for i, j in some)
    possible = sum(int((fits != BARRED).sum()) for fits in looked_at.values()) / (len(looked_at) * people)
    print(f"{possible:.0%} of pairs are possible; {len(pairs):,} plain, {len(some):,} readable and ", end="")
    print(f"{len(rows) * people:,} array answers beside those used: {differ} differ")
    if differ:
        sys.exit("the forms do not agree, so no figure is given")


def one_by_one(look: Callable[..., int], rows: Sequence[object], people: int, pairs: int) -> Callable[[], float]:
    """A turn at other pairs each time; choosing them takes no part in it."""
    rng = random.Random(9)

    def turn() -> float:
        chosen = [(rows[rng.randrange(people)], rows[people + rng.randrange(people)]) for _ in range(pairs)]
        began = time.perf_counter()
        for one, other in chosen:
            look(one, other)
        return time.perf_counter() - began

    return turn


def forms(columns: Columns, together: Looking, arrays: Looking, plain: Sequence[Plain]) -> list[Side]:
    """All forms with the pairs that each looks at in one turn, the one that is used here first."""
    people = together.seats
    rows = min(LOOP_ROWS, people - ROWS_AT_ONCE)
    answers = [person.answers for person in columns.people]
    by_readable = one_by_one(readable_fit, answers, people, READABLE_PAIRS)
    by_plain = one_by_one(plain_fit, plain, people, PLAIN_PAIRS)
    return [
        Side(name=OURS, count=rows * people, turn=lambda: (together.seconds(rows, 2), None)),
        Side(name="compiled, 1 thread", count=rows * people, turn=lambda: (together.seconds(rows, 1), None)),
        Side(name="whole arrays", count=ARRAY_ROWS * people, turn=lambda: (arrays.seconds(ARRAY_ROWS, 1), None)),
        Side(name=PLAIN, count=PLAIN_PAIRS, turn=lambda: (by_plain(), None)),
        Side(name="readable, one by one", count=READABLE_PAIRS, turn=lambda: (by_readable(), None)),
    ]


def main(people: int = 10_000) -> None:
    if not IS_COMPILED:
        sys.exit("nothing is compiled here: install the `fast` extra, and leave NUMBA_DISABLE_JIT unset")
    rows = invented(people, people)
    began = time.perf_counter()
    columns = Columns.of(rows, SCHEME, on=ON)
    print(f"packing {len(rows):,} people: {time.perf_counter() - began:.1f} s")
    others = columns.facing(np.arange(people, 2 * people))
    together, arrays = (Looking(columns, others, form, people) for form in (FORM, ARRAYS))
    began = time.perf_counter()
    together.block(0)
    print(f"the first block of pairs, compiled or read from disk: {time.perf_counter() - began:.1f} s")
    number: dict[tuple[str, str], int] = {}
    plain = [Plain(person.answers, number) for person in columns.people]
    check(columns, together, people, plain, random.Random(8))
    sides = forms(columns, together, arrays, plain)
    take_turns(sides, rounds=ROUNDS)
    missed = tell(sides, {PLAIN: Bar(must=100)}, unit="pairs/s")
    memory()
    end(missed)


def memory() -> None:
    """The best 20 of each of 20,000 x 8,000: seconds, and the most memory above what stood there before."""
    columns = community(20_000, 8_000)
    tracemalloc.start()
    began = time.perf_counter()
    arcs = best_of_each(columns, np.arange(20_000), np.arange(20_000, 28_000), 20, threads=2)
    spent = time.perf_counter() - began
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"the best 20 of each of 20,000 x 8,000: {len(arcs):,} arcs, {spent:.1f} s, at most {most / 2**20:.0f} MB more"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
