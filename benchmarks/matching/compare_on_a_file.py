"""One people file, our answer beside an independent solver's: SciPy for one-way schemes, networkx for symmetric ones.

python -m benchmarks.matching.compare_on_a_file PEOPLE.csv SCHEME [YYYY-MM-DD]

The arcs are made by the rules as the independent check reads them, so only scoring is shared with the engine. Prints both
totals, what the check of our round finds (nothing, if all is well), whether shuffled rows give the same pairs, and seconds.
"""

import random
import sys
import time
from collections.abc import Sequence
from datetime import date

import numpy as np
from networkx import Graph, max_weight_matching
from scipy.optimize import linear_sum_assignment

from matching import Person, Scheme, run_round
from matching.checks import broken_rules, faults
from matching.peoplefile import read_people
from matching.scoring import fit, stay_points, waiting_points

MORE_THAN_ANY_POINTS = 10**7  # first as many people as can be, then the points


def arcs(people: Sequence[Person], scheme: Scheme, on: date) -> dict[tuple[int, int], int]:
    symmetric = scheme.shape == "symmetric"
    found = {}
    for i, one in enumerate(people):
        for j, other in enumerate(people):
            if i == j or (symmetric and i > j) or any(broken_rules(one, other, scheme, on=on)):
                continue
            waited = waiting_points(one, scheme, on=on) + (waiting_points(other, scheme, on=on) if symmetric else 0)
            found[i, j] = (
                fit(one.answers, other.answers, scheme) + waited + stay_points(one.answers, other.answers, scheme)
            )
    return found


def with_scipy(points: dict[tuple[int, int], int], people: Sequence[Person], scheme: Scheme) -> tuple[int, int]:
    """One column for every place; a cell of zero stays empty."""
    most = scheme.round.places_most
    seats = [
        j for j, who in enumerate(people) for _ in range(who.capacity if most is None else min(who.capacity, most))
    ]
    table = np.zeros((len(people), len(seats)), dtype=np.int64)
    for column, j in enumerate(seats):
        for i in range(len(people)):
            if (i, j) in points:
                table[i, column] = MORE_THAN_ANY_POINTS + points[i, j]
    chosen = [table[i, column] for i, column in zip(*linear_sum_assignment(table, maximize=True), strict=True)]
    return sum(bool(worth) for worth in chosen), int(sum(worth - MORE_THAN_ANY_POINTS for worth in chosen if worth))


def with_networkx(points: dict[tuple[int, int], int]) -> tuple[int, int]:
    graph = Graph()
    graph.add_weighted_edges_from((i, j, MORE_THAN_ANY_POINTS + worth) for (i, j), worth in points.items())
    chosen = [points[min(pair), max(pair)] for pair in max_weight_matching(graph)]
    return len(chosen), sum(chosen)


def main(path: str, name: str, day: str = "2026-01-01") -> int:
    scheme, on = Scheme.named(name), date.fromisoformat(day)
    people = read_people(path).people
    began = time.perf_counter()
    ours = run_round(people, scheme, on=on)
    between = time.perf_counter()
    points = arcs(people, scheme, on)
    theirs = with_networkx(points) if scheme.shape == "symmetric" else with_scipy(points, people, scheme)
    ended = time.perf_counter()
    shuffled = random.Random(1).sample(list(people), len(people))
    same = run_round(shuffled, scheme, on=on).pairs == ours.pairs
    found = faults(ours, people)
    print(f"{name}: {len(people)} people, {len(points)} possible pairs")
    print(f"  ours          {len(ours.pairs)} pairs, total {ours.total}, {between - began:.1f} s")
    print(f"  the other one {theirs[0]} pairs, total {theirs[1]}, {ended - between:.1f} s with its own arcs")
    print(
        f"  rules broken, places overfull, reasons untrue or unshared: {len(found)}; same pairs when shuffled: {same}"
    )
    return 0 if (len(ours.pairs), ours.total) == theirs and same and not found else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
