"""Rounds are the best there are: against every possible round, and against SciPy and networkx on larger pools."""

import numpy as np
import pytest
from networkx import Graph, max_weight_matching
from scipy.optimize import linear_sum_assignment

from matching import deciding, run_round
from matching.checks import faults
from tests.matching.best_by_hand import best_value, points_of
from tests.matching.pools import ON, SCHEMES, seeded_pool, someone

POOLS_EACH = 150


def value_of(decided):
    return (len(decided.pairs) if decided.scheme.round.most_people_first else 0), decided.total


class TestAgainstEveryPossibleRound:
    @pytest.mark.parametrize("name", SCHEMES)
    def test_no_round_of_up_to_eight_people_has_a_better_answer(self, name, capsys):
        tried = paired = 0
        for seed in range(POOLS_EACH):
            people = seeded_pool(seed, 1 + seed % 8)
            decided = run_round(people, SCHEMES[name], on=ON, seed=seed)

            assert value_of(decided) == best_value(people, SCHEMES[name]), f"seed {seed}"
            assert decided.exact
            tried += 1
            paired += len(decided.pairs)

        with capsys.disabled():
            print(f"\n{name}: {tried} pools against every possible round, {paired} pairs")  # noqa: T201 - a promise with a count prints it
        assert tried == POOLS_EACH
        assert POOLS_EACH * len(SCHEMES) >= 500
        assert paired > POOLS_EACH / 2


class TestAgainstOtherSolvers:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("name", ["one-way", "best pairs first"])
    def test_one_way_rounds_of_150_are_as_good_as_scipy_with_a_seat_for_every_place(self, name, seed):
        scheme = SCHEMES[name]
        people = [person for person in seeded_pool(100 + seed, 180) if person.side != "both"][:150]
        decided = run_round(people, scheme, on=ON)

        points = points_of(people, scheme)
        most = scheme.round.places_most or 9
        seats = [number for number, person in enumerate(people) for _ in range(min(most, person.capacity))]
        count = 1_000_000 if scheme.round.most_people_first else 0
        worth = np.zeros((len(people), len(seats)), dtype=np.int64)
        for (one, other), value in points.items():
            worth[one, [seat for seat, owner in enumerate(seats) if owner == other]] = value + count
        rows, columns = linear_sum_assignment(worth, maximize=True)

        assert int(worth[rows, columns].sum()) == decided.total + count * len(decided.pairs)
        assert decided.proof.primal == decided.proof.dual
        assert len(decided.pairs) > 15

    @pytest.mark.parametrize("name", ["symmetric", "a shared basis"])
    def test_symmetric_rounds_of_150_are_as_good_as_networkx(self, name):
        people = seeded_pool(7, 150)
        decided = run_round(people, SCHEMES[name], on=ON)

        count = 1_000_000 if SCHEMES[name].round.most_people_first else 0
        graph = Graph()
        graph.add_weighted_edges_from(
            (one, other, value + count) for (one, other), value in points_of(people, SCHEMES[name]).items()
        )
        best = sum(graph[one][other]["weight"] for one, other in max_weight_matching(graph))

        assert best == decided.total + count * len(decided.pairs)
        assert len(decided.pairs) > 20


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
