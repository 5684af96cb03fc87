"""Stable rounds: no two people would both rather have each other; and every round says how many would."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import run_round
from matching.checks import faults
from tests.matching.best_by_hand import points_of
from tests.matching.pools import ON, SCHEMES, pools, seeded_pool, someone
from tests.matching.town import SCHEME, town


def asking_for_stable(scheme):
    return replace(scheme, round=replace(scheme.round, answer="stable"))


def would_swap(decided, people, scheme):
    """Every possible pair that is not made and that both would rather have, looked for one by one."""
    position = {person.id: number for number, person in enumerate(people)}
    points = points_of(people, scheme)
    most = scheme.round.places_most or len(people)
    places = [min(person.capacity, most) for person in people]
    made = {(position[pair.left], position[pair.right]) for pair in decided.pairs}
    found = set()
    for (i, j), worth in points.items():
        if (i, j) in made:
            continue
        if scheme.shape == "one-way":
            mine = [points[pair] for pair in made if pair[0] == i]
            theirs = [points[pair] for pair in made if pair[1] == j]
            room = 1 - len(mine), places[j] - len(theirs)
        else:
            mine = [points[pair] for pair in made if i in pair]
            theirs = [points[pair] for pair in made if j in pair]
            room = places[i] - len(mine), places[j] - len(theirs)
        if all(left > 0 or worth > min(own) for left, own in zip(room, (mine, theirs), strict=True)):
            found.add((i, j))
    return found


class TestStableRounds:
    @given(pools(), st.sampled_from(sorted(SCHEMES)), st.integers(0, 3))
    def test_nobody_would_swap(self, people, name, seed):
        scheme = asking_for_stable(replace(SCHEMES[name], round=replace(SCHEMES[name].round, both_ways=True)))
        decided = run_round(people, scheme, on=ON, seed=seed)

        assert would_swap(decided, sorted(people, key=lambda person: person.id), scheme) == set()
        assert decided.blocking == 0
        assert faults(decided, people) == ()

    @given(pools(), st.sampled_from(sorted(SCHEMES)))
    def test_no_two_people_are_proposed_both_ways_where_the_scheme_forbids_it(self, people, name):
        assert faults(run_round(people, asking_for_stable(SCHEMES[name]), on=ON), people) == ()

    def test_it_says_that_it_is_not_the_best_answer_and_has_no_proof(self):
        decided = run_round(seeded_pool(1, 30), asking_for_stable(SCHEMES["one-way"]), on=ON)

        assert not decided.exact
        assert decided.proof is None
        assert decided.pairs

    def test_everybody_with_several_places_gets_them_filled_from_the_best(self):
        people = [
            someone("a", capacity=2, goals=("walk", "talk")),
            someone("b", goals=("walk", "talk")),
            someone("c", goals=("walk",)),
            someone("d", goals=("talk",)),
        ]
        several = replace(SCHEMES["symmetric"], round=replace(SCHEMES["symmetric"].round, places_most=2))

        decided = run_round(people, asking_for_stable(several), on=ON)

        assert ("a", "b") in {(made.left, made.right) for made in decided.pairs}
        assert len(decided.pairs) == 2


class TestBlocking:
    @given(pools(), st.sampled_from(sorted(SCHEMES)))
    def test_a_round_of_the_best_pairs_counts_those_who_would_swap(self, people, name):
        decided = run_round(people, SCHEMES[name], on=ON)

        assert decided.blocking == len(would_swap(decided, sorted(people, key=lambda person: person.id), SCHEMES[name]))

    @pytest.mark.parametrize("seed", [1, 2])
    def test_stable_rounds_of_a_scarce_town_cost_points_and_the_best_ones_leave_some_who_would_swap(self, seed):
        people = town(seed, 200)
        best, calm = (run_round(people, scheme, on=ON) for scheme in (SCHEME, asking_for_stable(SCHEME)))

        assert calm.blocking == 0 < best.blocking
        assert 0.9 * best.total < calm.total < best.total
        assert np.mean([made.fit for made in calm.pairs]) > 0
