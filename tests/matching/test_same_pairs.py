"""The same pairs, whatever the order of the rows, the number of threads, the solver, or the piece that is solved alone."""

import random
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from matching import candidates, looking, run_round
from matching.chance import chance_of_pairs, own_numbers
from tests.matching.best_by_hand import points_of
from tests.matching.pools import ON, SCHEMES, seeded_pool
from tests.matching.town import SCHEME, town

EITHER_WAY = {
    name: replace(scheme, round=replace(scheme.round, both_ways=True))
    for name, scheme in SCHEMES.items()
    if scheme.shape == "one-way" or scheme.round.places_most == 1
}


def ids(decided):
    return [(made.left, made.right) for made in decided.pairs]


class TestOrder:
    @pytest.mark.parametrize("every_pair", [True, False])
    def test_of_the_rows_of_a_town(self, monkeypatch, every_pair):
        if not every_pair:
            monkeypatch.setattr(candidates, "ALL_PAIRS", 0)
            monkeypatch.setattr(candidates, "BEST", 4)
        people = town(1, 300)
        rounds = {tuple(ids(run_round(people, SCHEME, on=ON)))}
        for seed in range(3):
            rounds.add(tuple(ids(run_round(random.Random(seed).sample(people, len(people)), SCHEME, on=ON))))

        assert len(rounds) == 1

    @pytest.mark.parametrize("every_pair", [True, False])
    @pytest.mark.parametrize("name", ["one-way", "symmetric"])
    def test_number_of_threads(self, monkeypatch, name, every_pair):
        if not every_pair:
            monkeypatch.setattr(candidates, "ALL_PAIRS", 0)
            monkeypatch.setattr(candidates, "BEST", 3)
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 500)
        people, rounds = seeded_pool(2, 120), set()
        for threads in (1, 2, 5):
            monkeypatch.setattr(looking, "processors", lambda threads=threads: threads)
            rounds.add(tuple(ids(run_round(people, SCHEMES[name], on=ON))))

        assert len(rounds) == 1


def weighed(people, scheme, seed):
    """Every possible pair with one exact number: people, then points, then the hash; as wide as it has to be."""
    own = own_numbers([person.id for person in people], seed=seed)
    points = points_of(people, scheme)
    i, j = (np.array([ends[side] for ends in points], dtype=np.int64) for side in (0, 1))
    chance = dict(zip(points, chance_of_pairs(own[i], own[j]).tolist(), strict=True))
    first = 10**9 if scheme.round.most_people_first else 0
    # Of equal points the answer with more pairs wins, here as there.
    return {ends: ((first + worth) * 1000 + 1 << 80) + chance[ends] for ends, worth in points.items()}


class TestAnotherSolver:
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("name", sorted(EITHER_WAY))
    def test_which_counts_with_numbers_of_any_length_finds_the_same_pairs(self, name, seed):
        scheme, people = EITHER_WAY[name], seeded_pool(seed, 40)
        graph = nx.Graph()
        most = scheme.round.places_most or len(people)
        for (i, j), worth in weighed(people, scheme, seed).items():
            # One-way, every place is a node of its own, and whoever stands on both sides has two.
            seats = range(min(people[j].capacity, most)) if scheme.shape == "one-way" else [None]
            for seat in seats:
                left, right = (i, (j, seat)) if scheme.shape == "one-way" else (i, j)
                graph.add_edge(left, right, weight=worth)
        found = {
            tuple(sorted(edge, key=lambda node: isinstance(node, tuple))) for edge in nx.max_weight_matching(graph)
        }
        if scheme.shape == "one-way":
            expected = sorted((people[i].id, people[j].id) for i, (j, _) in found)
        else:
            expected = sorted(tuple(sorted((people[i].id, people[j].id))) for i, j in found)

        assert ids(run_round(people, scheme, on=ON, seed=seed)) == expected
        assert len(expected) > 3


class TestPieces:
    @pytest.mark.parametrize("name", sorted(EITHER_WAY))
    def test_people_who_have_nothing_to_do_with_each_other_may_be_solved_apart(self, name):
        # Two pools that speak no language in common and meet in no area in common, with ids that do not clash.
        pools = []
        for word, seed in (("x", 1), ("y", 2)):
            pools.append(
                [
                    replace(
                        person,
                        id=f"{word}{person.id}",
                        languages=(f"{word} language",),
                        areas=(f"{word} area",),
                        experiences=(),
                        interests=(f"{word} {person.id}",) if name == "a shared basis" else person.interests,
                        born=None if name == "a shared basis" else person.born,
                        identities=(f"gender:{word}",) if name == "a shared basis" else person.identities,
                        share=(),
                        unused=(),
                        not_with=(),
                        ended_with=(),
                        kept_with=(),
                    )
                    for person in seeded_pool(seed, 40)
                ]
            )

        scheme = EITHER_WAY[name]
        together = run_round([*pools[0], *pools[1]], scheme, on=ON, seed=3)
        apart = [run_round(pool, scheme, on=ON, seed=3) for pool in pools]

        assert sorted(ids(together)) == sorted([*ids(apart[0]), *ids(apart[1])])
        assert sum(len(decided.pairs) for decided in apart) == len(together.pairs)
