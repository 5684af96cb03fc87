"""Among equals: the largest sum of points by `matching.equals.pair`, and by rustworkx and networkx, on the same pairs.

    python -m benchmarks.matching.equals [--small]

An invented community meets in the preset `penfriend`. Prints the seconds of the processor that each takes from arrays to
chosen pairs, with proving the answer counted in for ours, and how many times as quick ours is: for all possible pairs of
few people (the only size for networkx) and of 1,000, and for the best 20 of each of 10,000. All have to come to the same
total, with nobody twice. The goals, 10 times rustworkx at 1,000 and 3 times at 10,000, do not decide how the run ends.
`--small`: no more than 1,000 people.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import rustworkx as rx

from benchmarks.matching.looking import community
from benchmarks.matching.turns import Bar, Side, take_turns, tell, timed
from matching import Scheme
from matching.equals import pair, prove_pairs
from matching.looking import best_of_each, everybody, points
from matching.packed import Numbers

SCHEME = Scheme.named("penfriend")
Ends = tuple[Numbers, Numbers]


@dataclass(frozen=True, eq=False)
class Equals:
    """Possible pairs and what they are worth, whole numbers above 0; sorted, the smaller position first."""

    a: Numbers
    b: Numbers
    weight: Numbers
    people: int

    @classmethod
    def of_community(cls, people: int, best: int | None = None) -> "Equals":
        """All possible pairs, or the `best` of each."""
        columns, everyone = community(people, 0, SCHEME), np.arange(people)
        arcs = (
            everybody(columns, everyone, everyone) if best is None else best_of_each(columns, everyone, everyone, best)
        )
        weight = points(columns, arcs).astype(np.int64)
        above = weight > 0
        return cls(arcs.one[above].astype(np.int64), arcs.other[above].astype(np.int64), weight[above], people)

    def worth(self, a: Numbers, b: Numbers) -> int:
        """What these pairs are worth together. Raises ValueError when they are not possible, or somebody stands twice."""
        key, wanted = self.a * self.people + self.b, np.minimum(a, b) * self.people + np.maximum(a, b)
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        if (key[at] != wanted).any():
            raise ValueError("a pair that is not possible")
        if (np.bincount(np.concatenate([a, b]), minlength=1) > 1).any():
            raise ValueError("somebody has two partners")
        return int(self.weight[at].sum())


def ours(task: Equals) -> Ends:
    answer = pair(task.a, task.b, task.weight, task.people)
    prove_pairs(answer, a=task.a, b=task.b, weight=task.weight, people=task.people)
    return answer.a, answer.b


def with_rustworkx(task: Equals) -> Ends:
    graph = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(task.people))
    graph.add_edges_from(list(zip(task.a.tolist(), task.b.tolist(), task.weight.tolist(), strict=True)))
    return _ends(rx.max_weight_matching(graph, max_cardinality=False, weight_fn=int))


def with_networkx(task: Equals) -> Ends:
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(task.a.tolist(), task.b.tolist(), task.weight.tolist(), strict=True))
    return _ends(nx.max_weight_matching(graph))


def _ends(pairs: set[tuple[int, int]]) -> Ends:
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


OTHERS: Mapping[Callable[[Equals], Ends], str] = {
    with_rustworkx: "rustworkx max_weight_matching",
    with_networkx: "networkx max_weight_matching",
}
RUSTWORKX = OTHERS[with_rustworkx]


def contest(
    task: Equals,
    others: Sequence[Callable[[Equals], Ends]],
    *,
    rounds: int,
    warm_up: bool = True,
    bar: Bar | None = None,
) -> None:
    total = task.worth(*ours(task))

    def check(name: str, answer: Ends) -> None:
        found = task.worth(*answer)
        if found != total:
            raise SystemExit(f"{name} finds {found:,}, and ours {total:,}: no figure is given")

    def side(name: str, work: Callable[[Equals], Ends]) -> Side:
        return Side(name=name, turn=timed(lambda: work(task), time.process_time))

    sides = [side("ours, with its proof", ours), *(side(OTHERS[other], other) for other in others)]
    take_turns(sides, rounds=rounds, check=check, warm_up=warm_up)
    of_all = len(task.weight) / (task.people * (task.people - 1) / 2)
    print(
        f"{task.people:,} people, {len(task.weight):,} possible pairs ({of_all:.1%}): total {total:,} by each, proved"
    )
    tell(sides, {} if bar is None else {RUSTWORKX: bar})


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--small", action="store_true", help="no more than 1,000 people")
    given = asked.parse_args()
    contest(Equals.of_community(150), (with_rustworkx, with_networkx), rounds=5)
    contest(Equals.of_community(1_000), (with_rustworkx,), rounds=5, bar=Bar(goal=10))
    if not given.small:
        # Rustworkx takes about a minute each time; ours is warm.
        task = Equals.of_community(10_000, best=20)
        contest(task, (with_rustworkx,), rounds=2, warm_up=False, bar=Bar(goal=3))


if __name__ == "__main__":
    main()
