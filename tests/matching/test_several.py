"""Several partners each among equals: the best of all choices, people first where that is asked, and proved."""

from itertools import combinations

import numpy as np
import pytest

from matching import several
from matching.errors import GraphRefused
from matching.several import pair_several

GRAPHS = 400


def drawn(seed: int):
    """Few people with up to three places each, none included; low weights make many ties."""
    rng = np.random.default_rng(seed)
    people = int(rng.integers(1, 7))
    a, b = np.triu_indices(people, 1)
    kept = rng.random(len(a)) < rng.choice([0.4, 0.8])
    a, b = a[kept][:9], b[kept][:9]
    return a, b, rng.integers(1, rng.choice([3, 50]), len(a)), rng.integers(0, 4, people)


def value(chosen, a, b, weight, first: int) -> int:
    people = {int(end) for number in chosen for end in (a[number], b[number])}
    return first * len(people) + sum(int(weight[number]) for number in chosen)


def best_by_trying(a, b, weight, places, first: int) -> int:
    best = 0
    for count in range(len(weight) + 1):
        for chosen in combinations(range(len(weight)), count):
            used = np.bincount([end for number in chosen for end in (a[number], b[number])], minlength=len(places))
            if (used <= places).all():
                best = max(best, value(chosen, a, b, weight, first))
    return best


def keeps_to_places(answer, a, b, places) -> bool:
    used = np.bincount(np.concatenate([a[answer.chosen], b[answer.chosen]]), minlength=len(places))
    return bool((used <= places).all())


class TestPairSeveral:
    @pytest.mark.parametrize("first", [0, 1, 1000])
    def test_no_other_choice_is_worth_more(self, first):
        pairs = 0
        for seed in range(GRAPHS):
            a, b, weight, places = drawn(seed)

            answer = pair_several(a, b, weight, places.tolist(), first=first)

            assert value(answer.chosen, a, b, weight, first) == best_by_trying(a, b, weight, places, first), seed
            assert answer.exact
            assert answer.proof.primal == answer.proof.dual
            assert keeps_to_places(answer, a, b, places)
            pairs += len(answer.chosen)
        print(f"\nseveral each, {first} for the first: {GRAPHS} graphs against every choice, {pairs} pairs")  # noqa: T201

    def test_everybody_gets_somebody_before_anybody_gets_two(self):
        """A centre of many good pairs, each of whose friends has a poorer pair elsewhere."""
        a, b, weight = np.array([0, 0, 0, 1, 2]), np.array([1, 2, 3, 4, 4]), np.array([9, 9, 9, 1, 1])
        places = [2, 1, 1, 1, 1]

        def paired(first):
            answer = pair_several(a, b, weight, places, first=first)
            return [(int(a[number]), int(b[number])) for number in answer.chosen]

        assert len([ends for ends in paired(0) if ends[0] == 0]) == 2
        assert {end for ends in paired(1000) for end in ends} == {0, 1, 2, 3, 4}

    def test_a_pool_too_large_for_the_exact_way_goes_in_rounds_and_says_so(self, monkeypatch):
        monkeypatch.setattr(several, "MOST_PAIRS", 0)
        worse = 0
        for seed in range(60):
            a, b, weight, places = drawn(seed)

            answer = pair_several(a, b, weight, places.tolist(), first=100)

            assert not answer.exact or not len(weight)
            assert answer.proof.primal == answer.proof.dual
            assert keeps_to_places(answer, a, b, places)
            assert len(np.unique(answer.chosen)) == len(answer.chosen)
            best = best_by_trying(a, b, weight, places, 100)
            reached = value(answer.chosen, a, b, weight, 100)
            assert reached <= best
            worse += reached < best
        assert worse < 30

    def test_it_refuses_what_is_no_graph(self):
        with pytest.raises(GraphRefused, match="60 bits"):
            pair_several(np.array([0]), np.array([1]), np.array([5]), [2, 2], first=2**59)
