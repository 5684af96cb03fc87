"""One-way: the largest sum of points by `matching.assign`, and by other people's solvers, on the same arrays.

    python -m benchmarks.matching.solvers [--small]

Prints for each task (benchmarks/matching/markets.py says of whom) the seconds of the processor that each solver takes from
arrays to chosen pairs, and how many times as quick ours is. All have to come to the same total, with no place overfull and
no pair that is not allowed, and the prices of ours have to prove it. Greedy taking of the best pair, which is another
question, is told as the share of that total it finds. Ends with status 1 when ours is less than 5 times as quick as SciPy's
dense solver at 1,000 people or less than 10 times at 5,000, or less than 3 times as quick as its sparse one with the best
50 of each of 20,000 people, 2 times where places are scarce. `--small`: no more than 1,000 people.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks.matching.markets import BALANCED, PLENTIFUL, SCARCE, Market, by_lot, of_community
from benchmarks.matching.other_solvers import (
    Pairs,
    greedy,
    networkx_matching,
    ortools_flow,
    scipy_dense,
    scipy_sparse,
)
from benchmarks.matching.turns import Bar, Side, end, take_turns, tell, timed
from matching.assign import Assignment, assign, prove

OURS, GREEDY = "ours", "greedy, no optimum"
NAMES: Mapping[Callable[[Market], Pairs], str] = {
    scipy_dense: "SciPy linear_sum_assignment, seat copies",
    scipy_sparse: "SciPy sparse, seat copies and dummies",
    ortools_flow: "OR-Tools SimpleMinCostFlow, bypass arcs",
    networkx_matching: "networkx max_weight_matching, seat copies",
    greedy: GREEDY,
}
DENSE, SPARSE = NAMES[scipy_dense], NAMES[scipy_sparse]


class Checker:
    """All answers to one task come to one total; what greedy finds is kept apart."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.total = self._ours(ours(market))
        self.greedy = 0

    def __call__(self, name: str, answer: Assignment | Pairs) -> None:
        total = self._ours(answer) if isinstance(answer, Assignment) else self.market.worth(*answer)
        if name == GREEDY:
            self.greedy = total
        elif total != self.total:
            raise SystemExit(f"{name} finds {total:,}, and ours {self.total:,}: no figure is given")

    def _ours(self, answer: Assignment) -> int:
        market = self.market
        prove(
            answer, left=market.left, right=market.right, weight=market.weight, people=market.people, seats=market.seats
        )
        return market.worth(answer.left, answer.right)


def ours(market: Market) -> Assignment:
    return assign(market.left, market.right, market.weight, market.people, market.seats)


def side(name: str, work: Callable[[Market], Assignment | Pairs], market: Market) -> Side:
    return Side(name=name, turn=timed(lambda: work(market), time.process_time))


def contest(
    title: str,
    market: Market,
    others: Sequence[Callable[[Market], Pairs]],
    *,
    rounds: int,
    bars: Mapping[str, Bar] | None = None,
) -> list[str]:
    """One table; what it missed, with the task it missed it in."""
    checker = Checker(market)
    sides = [side(OURS, ours, market), *(side(NAMES[other], other, market) for other in others)]
    # What takes minutes takes its one turn after ours, which the check has warmed up.
    take_turns(sides, rounds=rounds, check=checker, warm_up=rounds > 1)
    print(f"{title}: {market}\n  total {checker.total:,} by each solver, proved by the prices of ours", end="")
    print(f"; greedy finds {checker.greedy / checker.total:.2%} of it" if checker.greedy else "")
    return [f"{title}: {line}" for line in tell(sides, bars or {})]


def few() -> list[str]:
    solvers = (scipy_dense, scipy_sparse, ortools_flow)
    few_people, market = of_community(200), of_community(1_000)
    contest("200, balanced", few_people, (*solvers, networkx_matching, greedy), rounds=5)
    missed = contest("1,000, balanced", market, (*solvers, greedy), rounds=9, bars={DENSE: Bar(must=5)})
    for kind in (SCARCE, PLENTIFUL):
        contest(f"1,000, {kind}", market.with_seats(kind), (*solvers, greedy), rounds=9)
    return missed


def many() -> list[str]:
    solvers = (scipy_dense, scipy_sparse, ortools_flow, greedy)
    missed = contest("5,000, balanced", of_community(5_000), solvers, rounds=3, bars={DENSE: Bar(must=10)})
    market = of_community(20_000, best=50)
    for kind, bar in ((BALANCED, Bar(must=3)), (SCARCE, Bar(must=2)), (PLENTIFUL, Bar())):
        solvers = (scipy_sparse, ortools_flow, greedy)
        title = f"20,000, best 50 of each, {kind}"
        missed += contest(title, market.with_seats(kind), solvers, rounds=3, bars={SPARSE: bar})
    return missed


def very_many() -> None:
    market = by_lot(100_000, 20)
    contest("100,000, arcs by lot, balanced", market, (ortools_flow, greedy), rounds=2)
    contest("the same, once", market, (scipy_sparse,), rounds=1)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--small", action="store_true", help="no more than 1,000 people")
    given = asked.parse_args()
    missed = few()
    if not given.small:
        missed += many()
        very_many()
    end(missed)


if __name__ == "__main__":
    main()
