"""A town from its people to its pairs: how long each step takes, and how much memory all of it.

    python -m benchmarks.matching.town [PEOPLE]
    python -m benchmarks.matching.town --truncation

An invented community of PEOPLE who ask (100,000) and 40 mentors for every 100 of them, with 1 to 3 places each, meets in the
preset `fanon`. Prints the seconds of each step and the most memory that the process had until then: inventing the people;
packing them; looking at all pairs and keeping the best 20 of each; solving, proving and deciding between equals; holding the
prices against all pairs and taking in what they do not pay for; the reasons for every pair; and why the others have nobody.
Then the same for the first use after an installation, when the loops are compiled, and for the second: in processes of their
own that keep what is compiled in an empty folder. Ends with status 1 when the town takes more than 2 GB.

`--truncation`: 5,000 people and as many places. Of the best answer from all pairs: what share of it, and of the people in
it, the best 5, 10, 20 and 50 of each lead to, and what the prices then add. That has to end in the best answer itself.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching.looking import ON, SCHEME, invented
from benchmarks.matching.markets import seats_for, sides_of
from benchmarks.matching.turns import end
from matching import Scheme, run_round
from matching.assign import Assignment, assign, prove
from matching.candidates import Candidates, Possible, Prices
from matching.chance import own_numbers
from matching.compiling import IS_COMPILED
from matching.deciding import Decision, decide
from matching.left_out import without_partner
from matching.looking import best_of_each, everybody
from matching.packed import Arcs, Numbers
from matching.pool import Pool
from matching.round import Pair, pair_of

ROOT = Path(__file__).parents[2]
MEMORY_MOST_MB = 2_000
MB = 10**6
PEOPLE = 5_000
BEST_OF_EACH, GOAL_BEST, GOAL_OF_TOTAL, GOAL_OF_PEOPLE = (5, 10, 20, 50), 20, 0.999, 0.998
A_FEW = 120


class Watched(Candidates):
    """Candidates that count the seconds of the prices' check, how often it was asked for, and what it took in."""

    seconds, checks, taken_in = 0.0, 0, 0

    def widen(self, prices: Prices, is_unpaid: Callable[[Possible], Numbers] | None = None) -> bool:
        began, before = time.perf_counter(), len(self.possible)
        wider = super().widen(prices, is_unpaid)
        self.seconds += time.perf_counter() - began
        self.checks += not self.has_all
        self.taken_in += len(self.possible) - before
        return wider


@dataclass
class Steps:
    """Says what is being done, and keeps what it took until the answer has been checked."""

    total: float = 0.0
    lines: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        print(f"  {name} …", flush=True)
        began = time.perf_counter()
        yield
        self.keep(name, time.perf_counter() - began)

    def keep(self, name: str, seconds: float) -> None:
        self.total += seconds
        self.lines.append(f"  {name:60}{seconds:9.1f} s{most_memory() / MB:9,.0f} MB")


def most_memory() -> int:
    """Bytes, the most that this process ever had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def town(people: int) -> list[str]:
    mentors = people * 2 // 5
    print(f"{people:,} people and {mentors:,} mentors")
    steps = Steps()
    steps.keep("the programme itself", 0.0)
    with steps.step("inventing"):
        rows = invented(people, mentors)
    with steps.step("packing"):
        pool = Pool(rows, SCHEME, ON)
    with steps.step(f"looking at {len(pool.ones) * len(pool.others):,} pairs, the best of each kept"):
        candidates = Watched.among(pool.columns, pool.ones, pool.others, pool.own(0))
    decision = decided(pool, candidates, steps)
    with steps.step("reasons for every pair"):
        pairs = made(pool, candidates.possible, decision)
    with steps.step("why the others have nobody"):
        alone, _ = without_partner(pool, candidates.possible, [(pair.left, pair.right) for pair in pairs])
    check(pool, candidates.possible, decision)
    print("seconds of each step, and the most memory until it ended:", *steps.lines, sep="\n")
    print(f"  {len(pairs):,} pairs, proved; {len(alone):,} without a partner; {steps.total:.0f} s in all")
    memory = most_memory() / MB
    line = f"memory: {memory:,.0f} MB, must be at most {MEMORY_MOST_MB:,}"
    is_met = memory <= MEMORY_MOST_MB
    print(f"  {line}: {'met' if is_met else 'MISSED'}", flush=True)
    return [] if is_met else [line]


def decided(pool: Pool, candidates: Watched, steps: Steps) -> Decision:
    """Solving and the check by prices take turns, and are told apart."""
    pairs_kept = len(candidates.possible)
    print("  solving, and checking by prices …", flush=True)
    began = time.perf_counter()
    decision = decide(candidates, pool.places, SCHEME)
    steps.keep(f"solving {pairs_kept:,} pairs, with the proof", time.perf_counter() - began - candidates.seconds)
    checks = f"{candidates.checks} checks by prices of all pairs, {candidates.taken_in:,} taken in"
    steps.keep(checks, candidates.seconds)
    return decision


def made(pool: Pool, possible: Possible, decision: Decision) -> list[Pair]:
    chosen = (column[decision.chosen].tolist() for column in (possible.one, possible.other, possible.fit))
    return [pair_of(pool, *ends) for ends in zip(*chosen, strict=True)]


def check(pool: Pool, possible: Possible, decision: Decision) -> None:
    """Nobody has two mentors and no mentor too many people, and the answer is proved."""
    one, other = possible.one[decision.chosen], possible.other[decision.chosen]
    supported, guided = (np.bincount(ends, minlength=len(pool.places)) for ends in (one, other))
    if (supported > 1).any() or (guided > pool.places).any():
        raise SystemExit("somebody has more partners than places")
    if not decision.exact or decision.proof is None or decision.proof.primal != decision.proof.dual:
        raise SystemExit("the answer is not proved to be the best")


def first_use() -> None:
    """In two processes, one after the other, which find nothing compiled and what the first compiled."""
    if not IS_COMPILED:
        print("nothing is compiled here: the `fast` extra is missing")
        return
    with tempfile.TemporaryDirectory(prefix="timebank-compiled-") as folder:
        command = [sys.executable, "-m", "benchmarks.matching.town", "--use"]
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        for when in ("first", "second"):
            done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
            told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in json.loads(done.stdout).items())
            print(f"the {when} use after an installation: {told}", flush=True)


def use() -> dict[str, float]:
    """The seconds of small rounds, in which next to nothing but compiling takes any time."""
    rows = invented(A_FEW, A_FEW)
    seconds = {}

    def take(name: str, work: Callable[[], Any]) -> None:
        began = time.perf_counter()
        work()
        seconds[name] = time.perf_counter() - began

    pool = Pool(rows, SCHEME, ON)
    take("a one-way round", lambda: run_round(rows, SCHEME, on=ON))
    take("a round among equals", lambda: run_round(rows, Scheme.named("penfriend"), on=ON))
    take("the best of each, for large rounds", lambda: best_of_each(pool.columns, pool.ones, pool.others, 2))
    return seconds


class Cut:
    """A market of which only some pairs are solved, by position among all its people."""

    def __init__(self) -> None:
        self.columns, self.ones, self.others = sides_of(PEOPLE)
        self.places = np.zeros(len(self.columns.people), dtype=np.int64)
        self.places[self.others] = seats_for(len(self.others), PEOPLE)
        self.own = own_numbers([person.id for person in self.columns.people], seed=0)

    def candidates(self, arcs: Arcs, *, best: int | None = None) -> Watched:
        return Watched(self.columns, self.ones, self.others, self.own, arcs, best=best)

    def best(self, k: int) -> Watched:
        salt = (self.own >> np.uint64(32)).astype(np.uint32)
        arcs = best_of_each(self.columns, self.ones, self.others, k, salt=salt)
        return self.candidates(arcs, best=k)

    def solve(self, possible: Possible) -> Assignment:
        """The largest sum of points, proved."""
        ends = {"left": possible.one, "right": possible.other, "weight": possible.points}
        answer = assign(**ends, people=len(self.places), seats=self.places)
        prove(answer, **ends, people=len(self.places), seats=self.places)
        return answer


def truncation() -> None:
    cut = Cut()
    all_pairs = cut.candidates(everybody(cut.columns, cut.ones, cut.others)).possible
    best = cut.solve(all_pairs)
    print(
        f"{PEOPLE:,} people, {cut.places.sum():,} places: {best.total:,} points, {len(best.left):,} people, {len(all_pairs):,} pairs"
    )
    print(f"  {'best of each':>14}{'pairs':>12}{'of the points':>16}{'of the people':>16}   then by prices")
    for k in BEST_OF_EACH:
        candidates = cut.best(k)
        kept = len(candidates.possible)
        first = answer = cut.solve(candidates.possible)
        while candidates.widen(Prices(answer.left_price, answer.right_price, each=0, scale=1, slack=0)):
            answer = cut.solve(candidates.possible)
        if answer.total != best.total:
            raise SystemExit(f"the prices end at {answer.total:,} points, and the best answer has {best.total:,}")
        of_total, of_people = first.total / best.total, len(first.left) / len(best.left)
        line = f"  {k:14}{kept:12,}{of_total:16.3%}{of_people:16.3%}   {candidates.taken_in:,} pairs in {candidates.checks} checks"
        print(line + (f", {verdict(of_total, of_people)}" if k == GOAL_BEST else ""), flush=True)


def verdict(of_total: float, of_people: float) -> str:
    is_met = of_total >= GOAL_OF_TOTAL and of_people >= GOAL_OF_PEOPLE
    return f"the goal is {GOAL_OF_TOTAL:.1%} and {GOAL_OF_PEOPLE:.1%}: {'met' if is_met else 'MISSED'}"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("people", nargs="?", type=int, default=100_000)
    asked.add_argument("--truncation", action="store_true")
    asked.add_argument("--use", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.use:
        print(json.dumps(use()))
    elif given.truncation:
        truncation()
    else:
        missed = town(given.people)
        first_use()
        end(missed)


if __name__ == "__main__":
    main()
