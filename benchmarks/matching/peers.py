"""Whole packages that pair people: mentor-match on its own sample, and algmatch, beside ours.

    python -m benchmarks.matching.peers SAMPLE [--keep FOLDER] [--rounds 3]

SAMPLE is the folder with mentor-match's `large_mentees.csv` and `large_mentors.csv` (500 and 500 made-up people; see
github.com/jonodrew/mentor-match, sample_data). Each package is installed from PyPI, in the versions named here, into an
environment of its own; `--keep` keeps these for the next run. Prints the seconds of the processor that each takes and how
many times as quick ours is.

mentor-match: from the rows to the pairs by its own rules. Ours once by its rules in whole arrays, scored, solved by `assign`
and explained. And once as a whole round of the engine, with everything that a round does besides: everybody's answers read
and packed, the proof, who is left out and why, and a coordinator's reasons. Before that the points of all pairs are compared,
all three ways; our total has to be at least as large as its own. Ends with status 1 when its rules, scored, solved and
explained, are less than 100 times as quick; how many times the whole round is as quick is told beside it.

algmatch: 1,000 people of an invented community, from arrays to pairs. It looks for a stable answer (no two who would both
rather have each other), which is another question than the largest sum: the share of the sum that it reaches is told, and
that it is the stable answer is checked. Ends with status 1 when ours, which finds the largest sum, is less than 20 times as
quick.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environments import install
from benchmarks.matching import mentor_match_sample as sample
from benchmarks.matching.markets import of_community
from benchmarks.matching.other_solvers import greedy
from benchmarks.matching.turns import Bar, Side, end, take_turns, tell, timed
from matching import Round, run_round
from matching.assign import assign, prove
from matching.checks import faults
from matching.columns import Columns
from matching.looking import matrices

HERE = Path(__file__).parent
ON = date(2026, 1, 1)
# algmatch does not start without gurobipy, though nothing of it is used here, and asks for just this version of tqdm.
PACKAGES = {
    "mentor-match": ["mentor-match==7.0.1", "munkres==3.0.0"],
    "algmatch": ["algmatch==1.5.2", "gurobipy==13.0.3", "numpy==2.4.6", "tqdm==4.57.0"],
}
WHOLE_ROUND, BY_ARRAYS = "ours, a whole round of the engine", "ours, its rules in arrays, assign and reasons"
LARGEST = "ours, the largest sum, with its proof"
Pairs = list[tuple[int, int]]


class Peer:
    """A package at work in its own process (benchmarks/matching/peer)."""

    def __init__(self, python: Path, driver: str) -> None:
        self.driver = driver
        # Only what is in its own environment: mentor-match is called `matching` too.
        command = [python, "-E", HERE / "peer" / f"{driver}.py"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **asked: Any) -> tuple[float, Any]:
        """The seconds it took, and the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.driver} ended early; what it said stands above")
        told = json.loads(line)
        return told["seconds"], told["answer"]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def at_work(folder: Path, package: str) -> Iterator[Peer]:
    peer = Peer(install(folder, package, [PACKAGES[package]]), f"driving_{package.replace('-', '_')}")
    try:
        yield peer
    finally:
        peer.close()


class Sample:
    """mentor-match's own people, and the ways to pair them by its rules."""

    def __init__(self, folder: Path) -> None:
        self.mentees, self.mentors = sample.read(folder, "mentees"), sample.read(folder, "mentors")
        self.points = sample.points(self.mentees, self.mentors).all
        self.number = {row["email"]: row["number"] for row in (*self.mentees, *self.mentors)}

    def whole_round(self) -> Round:
        people = [*map(sample.mentee, self.mentees), *map(sample.mentor, self.mentors)]
        return run_round(people, sample.SCHEME, on=ON)

    def by_arrays(self) -> tuple[Pairs, list[list[str]]]:
        """First the points, then as many people as can be with so many points, as the round of the engine does."""
        points = sample.points(self.mentees, self.mentors)
        one, other = np.nonzero(points.all != sample.NOT_ALLOWED)
        weight = points.all[one, other] * (1 + min(points.all.shape)) + 1
        answer = assign(one, other, weight, len(self.mentees), np.ones(len(self.mentors), dtype=np.int64))
        pairs = list(zip(answer.left.tolist(), answer.right.tolist(), strict=True))
        return pairs, [points.why(*pair) for pair in pairs]

    def pairs_of(self, made: Round) -> Pairs:
        return [(self.number[pair.left], self.number[pair.right]) for pair in made.pairs]

    def check_points(self, peer: Peer) -> None:
        """All pairs by the package, by our arrays and by the engine."""
        _, theirs = peer.ask(do="scores", mentees=self.mentees, mentors=self.mentors)
        theirs = np.array([[sample.NOT_ALLOWED if worth is None else worth for worth in row] for row in theirs])
        people = [*map(sample.mentee, self.mentees), *map(sample.mentor, self.mentors)]
        asking, all_of_them = len(self.mentees), len(people)
        columns = Columns.of(people, sample.SCHEME, on=ON)
        masks, fits = matrices(columns, np.arange(asking), np.arange(asking, all_of_them))
        engine = np.where(masks == 0, fits, sample.FIT_OF_A_POINT * sample.NOT_ALLOWED)
        differ = (theirs != self.points) | (engine != sample.FIT_OF_A_POINT * self.points)
        print(f"mentor-match: {theirs.size:,} pairs by its rules, our arrays and the engine: {differ.sum()} differ")
        if differ.any():
            raise SystemExit("the rules are not the same, so no figure is given")

    def worth(self, pairs: Pairs) -> int:
        one, other = np.array(pairs).T
        if max(np.bincount(one).max(), np.bincount(other).max()) > 1 or (self.points[one, other] < 0).any():
            raise SystemExit("somebody is paired twice, or against the rules: no figure is given")
        return int(self.points[one, other].sum())


def mentor_match(folder: Path, environments: Path, rounds: int) -> list[str]:
    people = Sample(folder)
    found: dict[str, set[tuple[int, int]]] = {}

    def check(name: str, answer: Any) -> None:
        reading: dict[str, Callable[[], Pairs]] = {
            WHOLE_ROUND: lambda: people.pairs_of(answer),
            BY_ARRAYS: lambda: answer[0],
        }
        pairs = reading.get(name, lambda: answer)()
        found.setdefault(name, set()).add((people.worth(pairs), len(pairs)))

    made = people.whole_round()
    rows = [*map(sample.mentee, people.mentees), *map(sample.mentor, people.mentors)]
    if (
        faults(made, rows)
        or not made.exact
        or made.total != sample.FIT_OF_A_POINT * people.worth(people.pairs_of(made))
    ):
        raise SystemExit("our round breaks a rule: no figure is given")
    with at_work(environments, "mentor-match") as peer:
        people.check_points(peer)
        theirs = Side(
            name="mentor-match, nothing explained",
            turn=lambda: peer.ask(do="solve", mentees=people.mentees, mentors=people.mentors),
        )
        whole = Side(name=WHOLE_ROUND, turn=timed(people.whole_round, time.process_time))
        arrays = Side(name=BY_ARRAYS, turn=timed(people.by_arrays, time.process_time))
        take_turns([whole, arrays, theirs], rounds=rounds, check=check)
    for name, answers in found.items():
        print(f"  {name}: " + "; ".join(f"{total:,} points, {pairs} pairs" for total, pairs in sorted(answers)))
    most = max(total for total, _ in found[theirs.name])
    if any(total < most for name in (WHOLE_ROUND, BY_ARRAYS) for total, _ in found[name]):
        raise SystemExit("ours has fewer points: no figure is given")
    tell([whole, theirs], {})
    return tell([arrays, theirs], {theirs.name: Bar(must=100)})


def algmatch(environments: Path, rounds: int) -> list[str]:
    market = of_community(1_000)
    largest, stable = 0, market.worth(*greedy(market))

    def ours() -> Any:
        answer = assign(market.left, market.right, market.weight, market.people, market.seats)
        prove(
            answer, left=market.left, right=market.right, weight=market.weight, people=market.people, seats=market.seats
        )
        return answer.left, answer.right

    def check(name: str, answer: Any) -> None:
        nonlocal largest
        one, other = np.array(answer) if name == LARGEST else np.array(answer).T
        total = market.worth(one, other)
        largest = total if name == LARGEST else largest
        # Of one worth for both, the stable answer is what taking the best pair first gives (Gale and Shapley 1962).
        if name != LARGEST and total != stable:
            raise SystemExit(f"{name} is worth {total:,}, and the stable answer {stable:,}: no figure is given")

    arrays = {name: getattr(market, name).tolist() for name in ("left", "right", "weight", "seats")}
    with at_work(environments, "algmatch") as peer:
        theirs = Side(name="algmatch HR, stable", turn=lambda: peer.ask(do="solve", **arrays))
        sides = [Side(name=LARGEST, turn=timed(ours, time.process_time)), theirs]
        take_turns(sides, rounds=rounds, check=check)
    print(f"algmatch: {market}\n  its answer is stable, and worth {stable / largest:.2%} of the largest sum")
    return tell(sides, {theirs.name: Bar(must=20)})


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("sample", type=Path, help="the folder of mentor-match's sample")
    asked.add_argument("--keep", type=Path, help="a folder for the packages' environments, to be used again")
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="timebank-peer-packages-")))
        missed = mentor_match(given.sample, folder.resolve(), given.rounds)
        missed += algmatch(folder.resolve(), given.rounds)
    end(missed)


if __name__ == "__main__":
    main()
