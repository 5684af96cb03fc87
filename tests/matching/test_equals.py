"""Pairs among equals: right, proved, indifferent to order, strict about what it is given, and the same uncompiled."""

import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import rustworkx as rx

from matching import blossoms
from matching.assign import Proof
from matching.compiling import IS_COMPILED
from matching.equals import Groups, Pairing, pair, prove_pairs
from matching.errors import GraphRefused, NotProved

Graph = tuple[np.ndarray, np.ndarray, np.ndarray, int]
# Where the numbers inside are twice and four times the weight, the largest that are let in.
LARGEST = 2**60 - 1
# Found by chance and pared down: person-person-weight, the best total, and how many groups lie within one another.
NESTED = (
    ("2-5-30 2-6-18 3-4-33 3-6-19 4-6-37 5-6-21", 67, 2),
    ("0-1-10 0-4-32 0-6-34 1-3-28 2-4-28 2-5-37 3-6-31 4-6-37 5-6-34", 102, 3),
    ("0-6-35 0-8-28 0-9-39 1-3-23 1-7-28 2-7-24 2-8-31 3-4-37 3-5-22 4-9-37 5-10-28 6-7-24 6-9-34 6-10-16", 163, 4),
)


def graph_of(edges, people: int) -> Graph:
    a, b, weight = np.array(edges, dtype=np.int64).reshape(-1, 3).T
    return a, b, weight, people


def drawn(rng: np.random.Generator, people: int, share: float, heaviest: int) -> Graph:
    """Each possible pair with the same chance. Low weights make many ties, so odd rings and groups within groups."""
    a, b = np.triu_indices(people, 1)
    is_kept = rng.random(len(a)) < share
    a, b = a[is_kept], b[is_kept]
    return a, b, rng.integers(1, heaviest, len(a), endpoint=True), people


def rings(rng: np.random.Generator) -> Graph:
    """Odd rings and cliques of heavy pairs with lighter pairs between them."""
    ring_of = np.repeat(np.arange(4), rng.choice([1, 3, 3, 5], 4))
    a, b = np.triu_indices(len(ring_of), 1)
    is_within = ring_of[a] == ring_of[b]
    weight = np.where(is_within, rng.integers(10, 20, len(a)), rng.integers(1, 13, len(a)))
    is_kept = is_within | (rng.random(len(a)) < 0.3)
    return a[is_kept], b[is_kept], weight[is_kept], len(ring_of)


def proved(graph: Graph) -> Pairing:
    a, b, weight, people = graph
    answer = pair(*graph)
    assert prove_pairs(answer, a=a, b=b, weight=weight, people=people) == Proof(answer.total, answer.total)
    assert (answer.a < answer.b).all()
    return answer


def pairs_of(answer: Pairing) -> list[tuple[int, int]]:
    return list(zip(answer.a.tolist(), answer.b.tolist(), strict=True))


def members(groups: Groups) -> list[set[int]]:
    return [set(groups.line[i:j].tolist()) for i, j in zip(groups.begin, groups.end, strict=True)]


def most_around(answer: Pairing) -> int:
    """How many groups the person in most of them is in."""
    groups = members(answer.groups)
    return max((sum(person in group for group in groups) for person in answer.groups.line.tolist()), default=0)


def best_by_trying(graph: Graph) -> int:
    """What the best choice is worth, over all choices: for each set of people, the highest one is out or with another."""
    a, b, weight, people = graph
    best = [0] * 2**people
    edges = list(zip(a.tolist(), b.tolist(), weight.tolist(), strict=True))
    lower = [[(i, w) for i, k, w in edges if k == j] for j in range(people)]
    for who in range(1, 2**people):
        one = who.bit_length() - 1
        rest = who ^ 1 << one
        best[who] = max([best[rest]] + [best[rest ^ 1 << i] + w for i, w in lower[one] if rest >> i & 1])
    return best[-1]


def ring(length: int) -> Graph:
    return graph_of([(i, (i + 1) % length, 4) for i in range(length)], length)


def complete(people: int, weight: int) -> Graph:
    a, b = np.triu_indices(people, 1)
    return a, b, np.full(len(a), weight), people


def side_by_side(graph: Graph, times: int) -> Graph:
    a, b, weight, people = graph
    shift = np.repeat(np.arange(times) * people, len(a))
    return np.tile(a, times) + shift, np.tile(b, times) + shift, np.tile(weight, times), people * times


class TestPair:
    def test_two_good_pairs_beat_the_one_best_between_them(self):
        answer = proved(graph_of([(0, 1, 5), (1, 2, 6), (2, 3, 5)], 4))

        assert pairs_of(answer) == [(0, 1), (2, 3)]
        assert answer.total == 10

    def test_somebody_stays_alone_when_that_is_worth_more(self):
        assert pairs_of(proved(graph_of([(0, 1, 1), (1, 2, 5), (2, 3, 1)], 4))) == [(1, 2)]

    def test_a_triangle_leaves_exactly_one_out_and_pairs_the_heaviest(self):
        assert pairs_of(proved(graph_of([(0, 1, 7), (0, 2, 8), (1, 2, 9)], 3))) == [(1, 2)]

    @pytest.mark.parametrize("length", [3, 5, 7, 9, 33, 101])
    def test_an_odd_ring_leaves_exactly_one_out(self, length):
        answer = proved(ring(length))

        assert len(answer.a) == length // 2
        assert members(answer.groups) == [set(range(length))]

    @pytest.mark.parametrize("length", [4, 6, 100])
    def test_an_even_ring_leaves_nobody_out_and_needs_no_group(self, length):
        answer = proved(ring(length))

        assert len(answer.a) == length // 2
        assert members(answer.groups) == []

    def test_a_lone_friend_of_a_triangle_takes_the_one_who_would_be_left(self):
        assert pairs_of(proved(graph_of([(0, 1, 8), (0, 2, 8), (1, 2, 8), (2, 3, 1)], 4))) == [(0, 1), (2, 3)]

    @pytest.mark.parametrize(("edges", "total", "depth"), NESTED)
    def test_groups_within_groups_are_found_and_each_is_odd(self, edges, total, depth):
        graph = graph_of([[int(number) for number in edge.split("-")] for edge in edges.split()], 11)
        answer = proved(graph)

        assert answer.total == total == best_by_trying(graph)
        assert most_around(answer) == depth
        assert all(len(group) % 2 == 1 for group in members(answer.groups))

    def test_it_is_as_good_as_the_best_of_all_choices_on_2000_small_graphs(self):
        for seed in range(2000):
            rng = np.random.default_rng(seed)
            heaviest = (1, 2, 3, 10, 1000, LARGEST)[seed % 6]
            graph = drawn(rng, int(rng.integers(2, 9)), float(rng.choice([0.3, 0.6, 1])), heaviest)

            assert proved(graph).total == best_by_trying(graph), seed
        sys.stdout.write(f"{seed + 1} graphs tried in full\n")

    def test_groups_that_stand_in_the_way_fall_apart_again(self):
        for seed in range(250):
            graph = rings(np.random.default_rng(seed))

            total = proved(graph).total

            assert graph[3] > 10 or total == best_by_trying(graph)

    def test_the_second_step_is_right_without_the_first(self, monkeypatch):
        def nobody_paired_and_all_prices_high(forest):
            forest.person[:, blossoms.PRICE] = forest.arcs[:, blossoms.WEIGHT].max()

        for seed in range(150):
            rng = np.random.default_rng(seed)
            graph = drawn(rng, 22, 0.3, (3, 40, LARGEST)[seed % 3]) if seed % 2 else rings(rng)

            in_two_steps = pair(*graph).total
            with monkeypatch.context() as patch:
                patch.setattr(blossoms, "_read_halves", nobody_paired_and_all_prices_high)

                assert proved(graph).total == in_two_steps

    @pytest.mark.parametrize("heaviest", [1, 10, 2**55])
    @pytest.mark.parametrize(("people", "share"), [(20, 1), (31, 1), (50, 0.1), (60, 0.6), (120, 0.04)])
    def test_it_is_worth_what_networkx_and_rustworkx_find(self, people, share, heaviest):
        for seed in range(3):
            a, b, weight, _ = graph = drawn(np.random.default_rng([seed, people]), people, share, heaviest)
            edges = list(zip(a.tolist(), b.tolist(), weight.tolist(), strict=True))
            one, other = nx.Graph(), rx.PyGraph()
            one.add_weighted_edges_from(edges)
            other.add_nodes_from(range(people))
            other.add_edges_from(edges)

            total = proved(graph).total

            assert total == sum(one.edges[ends]["weight"] for ends in nx.max_weight_matching(one))
            assert total == sum(other.get_edge_data(*ends) for ends in rx.max_weight_matching(other, weight_fn=int))

    @pytest.mark.parametrize(
        ("graph", "left_out"),
        [
            (complete(60, 5), 0),
            (complete(61, 5), 1),
            (complete(61, LARGEST), 1),
            (side_by_side(ring(3), 300), 300),
            (side_by_side(complete(7, 3), 40), 40),
        ],
        ids=["even", "odd", "odd and heavy", "triangles", "sevens"],
    )
    def test_equal_weights_everywhere_leave_out_as_few_as_can_be(self, graph, left_out):
        assert graph[3] - 2 * len(proved(graph).a) == left_out

    @pytest.mark.parametrize("heaviest", [2, 10, 2**55])
    def test_the_order_of_the_pairs_and_of_their_ends_changes_nothing(self, heaviest):
        for seed in range(10):
            rng = np.random.default_rng(seed)
            a, b, weight, people = drawn(rng, 30, 0.4, heaviest)
            order, is_swapped = rng.permutation(len(a)), rng.random(len(a)) < 0.5

            first = pair(a, b, weight, people)
            second = pair(np.where(is_swapped, b, a)[order], np.where(is_swapped, a, b)[order], weight[order], people)

            assert told(first) == told(second)

    def test_people_in_between_whom_nobody_can_be_paired_with_change_nothing(self):
        for seed in range(10):
            rng = np.random.default_rng(seed)
            a, b, weight, people = drawn(rng, 25, 0.5, 6)
            new = np.sort(rng.choice(80, people, replace=False))

            first, second = pair(a, b, weight, people), proved((new[a], new[b], weight, 80))

            assert (new[first.a] == second.a).all()
            assert (new[first.b] == second.b).all()

    def test_nobody_at_all_and_nobody_to_be_paired_with_are_rounds_too(self):
        nothing = np.array([])

        assert proved((nothing, nothing, nothing, 0)).total == 0
        assert len(proved((nothing, nothing, nothing, 3)).price) == 3

    def test_python_numbers_and_unsigned_ones_are_whole_numbers_too(self):
        a, b, weight, people = graph = drawn(np.random.default_rng(1), 20, 0.5, 9)

        other = proved((a.astype(np.uint8), b.astype(np.uint64), weight.astype(object), people))

        assert told(other) == told(pair(*graph))

    @pytest.mark.parametrize(
        ("a", "b", "weight", "people", "why"),
        [
            ([0], [0, 1], [1], 2, "same length"),
            ([[0]], [[1]], [[1]], 2, "same length"),
            ([0.5], [1], [1], 2, "whole numbers"),
            ([0], [1], ["much"], 2, "whole numbers"),
            ([0], [1], np.array([1.5], dtype=object), 2, "whole numbers"),
            ([], [], [], -1, "below zero"),
            ([0], [2], [1], 2, "beyond"),
            ([-1], [0], [1], 2, "beyond"),
            ([0], [1], [0], 2, "above zero"),
            ([0], [1], [-5], 2, "above zero"),
            ([0], [1], [2**60], 2, "60 bits"),
            ([0], [1], [2**70], 2, "60 bits"),
            ([1], [1], [1], 2, "themselves"),
            ([0, 1], [1, 0], [1, 2], 2, "twice"),
            ([0, 0, 0], [1, 2, 1], [1, 2, 3], 3, "twice"),
        ],
    )
    def test_it_refuses_what_is_no_graph(self, a, b, weight, people, why):
        with pytest.raises(GraphRefused, match=why):
            pair(np.array(a), np.array(b), np.array(weight), people)


class TestProvePairs:
    """A triangle, of whom two are paired, within a group of five; and a pair apart. All that can be off is seen."""

    edges = ((0, 1, 9), (0, 2, 9), (1, 2, 9), (2, 3, 7), (3, 4, 7), (0, 4, 6), (5, 6, 4))

    def check(self, edges=edges, people=8, groups=None, **changed):
        best, (a, b, weight) = pair(*graph_of(self.edges, 8)), np.array(edges).T
        answer = replace(best, groups=replace(best.groups, **(groups or {})), **changed)
        return prove_pairs(answer, a=a, b=b, weight=weight, people=people)

    def price(self, person, by):
        price = pair(*graph_of(self.edges, 8)).price
        price[person] += by
        return price

    def test_a_best_answer_is_proved_with_equal_sums(self):
        assert self.check() == Proof(20, 20)
        assert members(pair(*graph_of(self.edges, 8)).groups) == [{0, 1, 2, 3, 4}, {0, 1, 2}]

    @pytest.mark.parametrize(
        ("a", "b", "why"),
        [
            ([0, 3, 5], [1, 4, 7], "not one of those possible"),
            ([0, 0, 5], [1, 4, 6], "two pairs"),
            ([0, 3, 5], [1, 4, 5], "two pairs"),
            ([0, 3, 5], [1, 4, 8], "not there"),
            ([-1, 3, 5], [1, 4, 6], "not there"),
            ([0, 3, 5], [1, 4], "not there"),
            ([0, 3], [1, 4], "the pairs is 32"),
        ],
    )
    def test_it_refuses_pairs_that_are_not_to_be_had(self, a, b, why):
        with pytest.raises(NotProved, match=why):
            self.check(a=np.array(a), b=np.array(b))

    def test_it_refuses_a_lowered_price(self):
        paid = next(person for person in (5, 6) if self.price(person, 0)[person] > 0)

        with pytest.raises(NotProved, match="worth more"):
            self.check(price=self.price(paid, -1))

    def test_it_refuses_a_raised_price(self):
        with pytest.raises(NotProved, match="prices allow"):
            self.check(price=self.price(7, 1))

    def test_it_refuses_a_negative_and_a_missing_price(self):
        with pytest.raises(NotProved, match="negative"):
            self.check(price=self.price(7, -1))
        with pytest.raises(NotProved, match="missing"):
            self.check(price=np.zeros(7, dtype=np.int64))

    def test_it_refuses_another_total(self):
        with pytest.raises(NotProved, match="total is 42"):
            self.check(total=21)

    @pytest.mark.parametrize(("group", "by"), [(0, -2), (1, -2), (1, -1)])
    def test_it_refuses_a_lowered_group_price(self, group, by):
        price = pair(*graph_of(self.edges, 8)).groups.price
        price[group] += by

        with pytest.raises(NotProved, match="worth more"):
            self.check(groups={"price": price})

    @pytest.mark.parametrize(
        ("groups", "why"),
        [
            ({"begin": [0, 0], "end": [4, 3]}, "odd stretch"),
            ({"begin": [0, 0], "end": [5, 0]}, "odd stretch"),
            ({"begin": [0, 3], "end": [5, 0]}, "odd stretch"),
            ({"begin": [0, 0], "end": [7, 3]}, "odd stretch"),
            ({"begin": [-1, 0], "end": [4, 3]}, "odd stretch"),
            ({"begin": [0, 2], "end": [3, 5]}, "overlap"),
            ({"begin": [0], "end": [5]}, "lacks"),
            ({"price": [-2, 2]}, "negative"),
            ({"line": [0, 1, 2, 3, 3]}, "stands twice"),
            ({"line": [0, 1, 2, 3, 8]}, "not there"),
            ({"line": [0, 1, 2, 3, -1]}, "not there"),
            ({"line": [3, 4, 0, 1, 2]}, "worth more"),
            ({"line": [0, 1, 5, 3, 4]}, "worth more"),
        ],
    )
    def test_it_refuses_groups_that_are_none_or_do_not_fit(self, groups, why):
        with pytest.raises(NotProved, match=why):
            self.check(groups={name: np.array(values) for name, values in groups.items()})

    @pytest.mark.parametrize(
        ("edges", "why"),
        [
            ([*edges, (0, 8, 1)], "not there"),
            ([*edges, (-1, 3, 1)], "not there"),
            ([*edges, (6, 7, 2**60)], "too large"),
            ([*edges, (6, 7, 0.5)], "whole number"),
            ([*edges, (4, 4, 99)], "themselves"),
            ([*edges, (6, 7, 9)], "worth more"),
            ([*edges, (4, 5, 9)], "worth more"),
            ([*edges, (3, 4, 7)], "not one of those possible"),
        ],
    )
    def test_it_refuses_a_graph_that_the_answer_is_not_of(self, edges, why):
        with pytest.raises(NotProved, match=why):
            self.check(edges=edges)


def told(answer: Pairing) -> list[list[int]]:
    groups = answer.groups
    parts = (answer.a, answer.b, answer.price, groups.line, groups.begin, groups.end, groups.price)
    return [[answer.total], *(part.tolist() for part in parts)]


def digest() -> str:
    """Of the answers to a set of graphs that is always the same, prices and groups included."""
    total = sha256()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        heaviest = (1, 3, 50, LARGEST)[seed % 4]
        total.update(repr(told(pair(*drawn(rng, int(rng.integers(5, 45)), 0.4, heaviest)))).encode())
    return total.hexdigest()


def test_compiled_and_as_plain_python_it_gives_the_same_answers():
    other = subprocess.run(
        [sys.executable, "-m", "tests.matching.test_equals"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1" if IS_COMPILED else "0"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert other.stdout.split() == [str(not IS_COMPILED), digest()]


if __name__ == "__main__":
    sys.stdout.write(f"{IS_COMPILED} {digest()}\n")
