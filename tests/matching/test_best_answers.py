"""Rounds are the best there are: against every possible round, and against three other solvers on larger pools."""

import os
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import rustworkx
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment

from matching import deciding, run_round
from matching.checks import faults
from tests.matching.best_by_hand import best_value, points_of
from tests.matching.pools import ON, SCHEMES, seeded_pool, someone

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
POOLS_EACH = 1100 if IS_FULL else 120
INSTANCES_EACH = 55 if IS_FULL else 3
EQUALS = SCHEMES["symmetric"]
SEVERAL = replace(EQUALS, round=replace(EQUALS.round, places_most=3))
EVERY_SHAPE = {**SCHEMES, "several places": SEVERAL}
MORE_THAN_ANY_POINTS = 1_000_000


def value_of(decided):
    scheme, pairs = decided.scheme, decided.pairs
    if not scheme.round.most_people_first:
        return 0, decided.total
    has_several = scheme.shape == "symmetric" and (scheme.round.places_most or 2) > 1
    served = {name for made in pairs for name in (made.left, made.right)} if has_several else pairs
    return len(served), decided.total


class TestAgainstEveryPossibleRound:
    @pytest.mark.parametrize("name", EVERY_SHAPE)
    def test_no_round_of_up_to_eight_people_has_a_better_answer(self, name):
        tried = paired = 0
        for seed in range(POOLS_EACH):
            # With several places each there are too many rounds of more than six to try them all.
            people = seeded_pool(seed, 1 + seed % (6 if name == "several places" else 8))
            decided = run_round(people, EVERY_SHAPE[name], on=ON, seed=seed)

            expected = best_value(people, EVERY_SHAPE[name])
            is_pairs = name == "several places" and max((min(3, one.capacity) for one in people), default=0) < 2
            assert value_of(decided) == (2 * expected[0] if is_pairs else expected[0], expected[1]), f"seed {seed}"
            assert decided.exact
            tried += 1
            paired += len(decided.pairs)

        print(f"\n{name}: {tried} pools against every possible round, {paired} pairs")  # noqa: T201 - a promise with a count prints it
        assert tried == POOLS_EACH
        assert POOLS_EACH * len(EVERY_SHAPE) >= (5000 if IS_FULL else 500)
        assert paired > POOLS_EACH / 2


def with_seats_of_scipy(points, seats, people):
    """A column for every place."""
    owners = np.repeat(np.arange(people), seats)
    worth = np.zeros((people, len(owners)), dtype=np.int64)
    for (one, other), value in points.items():
        worth[one, owners == other] = value
    return int(worth[linear_sum_assignment(worth, maximize=True)].sum())


def with_a_flow(points, seats, people):
    """Everybody supported sends one to a place or past all places; a place sends on as many as it has seats."""
    flow, source, sink = min_cost_flow.SimpleMinCostFlow(), 2 * people, 2 * people + 1
    for (one, other), value in points.items():
        flow.add_arc_with_capacity_and_unit_cost(one, people + other, 1, -value)
    for person in range(people):
        flow.add_arc_with_capacity_and_unit_cost(source, person, 1, 0)
        flow.add_arc_with_capacity_and_unit_cost(person, sink, 1, 0)
        flow.add_arc_with_capacity_and_unit_cost(people + person, sink, int(seats[person]), 0)
    flow.set_node_supply(source, people)
    flow.set_node_supply(sink, -people)
    assert flow.solve() == flow.OPTIMAL
    return -flow.optimal_cost()


def with_networkx(points):
    graph = nx.Graph()
    graph.add_weighted_edges_from((one, other, value) for (one, other), value in points.items())
    return sum(graph[one][other]["weight"] for one, other in nx.max_weight_matching(graph))


def with_rustworkx(points, people):
    graph = rustworkx.PyGraph()
    graph.add_nodes_from(range(people))
    graph.add_edges_from([(one, other, value) for (one, other), value in points.items()])
    chosen = rustworkx.max_weight_matching(graph, weight_fn=int)
    return sum(points[min(pair), max(pair)] for pair in chosen)


class TestAgainstOtherSolvers:
    @pytest.mark.parametrize("name", ["one-way", "best pairs first"])
    def test_one_way_rounds_are_worth_as_much_as_those_of_scipy_and_of_a_flow(self, name):
        scheme, paired = SCHEMES[name], 0
        for seed in range(INSTANCES_EACH):
            people = [person for person in seeded_pool(100 + seed, 120) if person.side != "both"]
            decided = run_round(people, scheme, on=ON)

            first = MORE_THAN_ANY_POINTS if scheme.round.most_people_first else 0
            points = {ends: value + first for ends, value in points_of(people, scheme).items()}
            seats = [min(scheme.round.places_most or 9, person.capacity) for person in people]
            worth = decided.total + first * len(decided.pairs)
            assert worth == with_seats_of_scipy(points, seats, len(people)) == with_a_flow(points, seats, len(people))
            assert decided.proof.primal == decided.proof.dual
            paired += len(decided.pairs)

        print(f"\n{name}: {INSTANCES_EACH} pools as SciPy and OR-Tools solve them, {paired} pairs")  # noqa: T201 - a promise with a count prints it
        assert paired > 10 * INSTANCES_EACH

    @pytest.mark.parametrize("name", ["symmetric", "a shared basis"])
    def test_symmetric_rounds_are_worth_as_much_as_those_of_networkx_and_rustworkx(self, name):
        scheme, paired = SCHEMES[name], 0
        for seed in range(INSTANCES_EACH):
            people = seeded_pool(200 + seed, 80)
            decided = run_round(people, scheme, on=ON)

            first = MORE_THAN_ANY_POINTS if scheme.round.most_people_first else 0
            points = {ends: value + first for ends, value in points_of(people, scheme).items()}
            assert (
                decided.total + first * len(decided.pairs)
                == with_networkx(points)
                == with_rustworkx(points, len(people))
            )
            assert decided.proof.primal == decided.proof.dual
            paired += len(decided.pairs)

        print(f"\n{name}: {INSTANCES_EACH} pools as networkx and rustworkx solve them, {paired} pairs")  # noqa: T201 - a promise with a count prints it
        assert paired > 10 * INSTANCES_EACH


class TestBothWays:
    def test_nobody_is_proposed_to_the_same_person_in_both_directions_unless_the_scheme_says_so(self):
        everyone_on_both_sides = [person for person in seeded_pool(3, 40) if person.side == "both"]

        decided = run_round(everyone_on_both_sides, SCHEMES["one-way"], on=ON)

        directed = {(made.left, made.right) for made in decided.pairs}
        assert directed
        assert not any((right, left) in directed for left, right in directed)

    def test_a_search_that_would_take_too_long_says_that_the_answer_may_not_be_the_best(self, monkeypatch):
        goals = ("walk", "walk", "talk", "talk", "rest", "rest")
        people = [someone(f"p{number}", side="both", goals=(goal,)) for number, goal in enumerate(goals)]
        whole_search = run_round(people, SCHEMES["one-way"], on=ON)
        monkeypatch.setattr(deciding, "SEARCH_ROUNDS", 1)

        cut_short = run_round(people, SCHEMES["one-way"], on=ON)

        directed = {(made.left, made.right) for made in cut_short.pairs}
        assert whole_search.exact
        assert not cut_short.exact
        assert cut_short.proof.primal == cut_short.proof.dual
        assert cut_short.total <= whole_search.total
        assert not any((right, left) in directed for left, right in directed)
        assert faults(cut_short, people) == ()
