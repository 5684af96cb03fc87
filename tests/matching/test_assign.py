"""The two solvers: right, proved, indifferent to order, and strict about what they are given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from matching.assign import Assignment, Pairing, assign, pair, prove
from matching.errors import GraphRefused, NotProved


@st.composite
def markets(draw):
    """Arcs between two sides with capacities of any size, none included; small weights make many ties."""
    lefts, rights = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    ends = st.tuples(st.integers(0, max(lefts - 1, 0)), st.integers(0, max(rights - 1, 0)))
    chosen = draw(st.lists(ends, unique=True, max_size=20)) if lefts and rights else []
    weight = draw(st.lists(st.integers(1, draw(st.sampled_from((2, 9, 10**9)))), min_size=20, max_size=20))
    capacities = st.integers(0, 3)
    return (
        np.array([one for one, _ in chosen], dtype=np.int64),
        np.array([other for _, other in chosen], dtype=np.int64),
        np.array(weight[: len(chosen)], dtype=np.int64),
        np.array(draw(st.lists(capacities, min_size=lefts, max_size=lefts)), dtype=np.int64),
        np.array(draw(st.lists(capacities, min_size=rights, max_size=rights)), dtype=np.int64),
    )


def proved(market) -> Assignment:
    left, right, weight, left_capacity, right_capacity = market
    answer = assign(*market)
    prove(
        answer,
        left=left,
        right=right,
        weight=weight,
        left_capacity=left_capacity,
        right_capacity=right_capacity,
    )
    return answer


class TestAssign:
    @given(markets())
    def test_its_own_prices_prove_it_whatever_the_capacities(self, market):
        answer = proved(market)

        assert (answer.left_price >= 0).all()
        assert (answer.right_price >= 0).all()

    @given(markets())
    def test_no_arc_is_worth_more_than_its_ends_when_everyone_left_has_one_place(self, market):
        left, right, weight, left_capacity, right_capacity = market
        ones = np.ones_like(left_capacity)

        answer = proved((left, right, weight, ones, right_capacity))

        assert (weight <= answer.left_price[left] + answer.right_price[right]).all()
        assert answer.total == answer.left_price.sum() + (answer.right_price * right_capacity).sum()

    @given(markets(), st.randoms(use_true_random=False))
    def test_the_order_of_the_arcs_changes_nothing(self, market, rng):
        left, right, weight, left_capacity, right_capacity = market
        order = list(range(len(left)))
        rng.shuffle(order)

        first = assign(*market)
        second = assign(left[order], right[order], weight[order], left_capacity, right_capacity)

        assert [list(first.left), list(first.right)] == [list(second.left), list(second.right)]
        assert list(first.left_price) == list(second.left_price)

    def test_it_is_as_good_as_an_integer_programme_with_places_on_both_sides(self):
        for seed in range(20):
            rng = np.random.default_rng(seed)
            left, right = np.nonzero(rng.random((15, 12)) < 0.4)
            weight = rng.integers(1, 30, len(left))
            left_capacity, right_capacity = rng.integers(0, 4, 15), rng.integers(0, 4, 12)

            answer = proved((left, right, weight, left_capacity, right_capacity))

            rows = np.vstack([left == node for node in range(15)] + [right == node for node in range(12)]).astype(float)
            limits = np.concatenate([left_capacity, right_capacity])
            programme = milp(
                -weight, constraints=LinearConstraint(rows, ub=limits), integrality=np.ones(len(left)), bounds=(0, 1)
            )
            assert answer.total == round(-programme.fun)

    def test_weights_beyond_any_machine_integer_stay_exact(self):
        huge = 10**60
        weight = np.array([huge + 1, huge + 2, huge + 2], dtype=object)

        answer = assign(np.array([0, 0, 1]), np.array([0, 1, 0]), weight, np.ones(2, int), np.ones(2, int))

        assert answer.total == 2 * huge + 4

    def test_nobody_at_all_is_a_round_too(self):
        nothing = np.array([], dtype=np.int64)

        assert proved((nothing, nothing, nothing, nothing, nothing)).total == 0

    @pytest.mark.parametrize(
        ("left", "right", "weight", "left_capacity", "right_capacity", "why"),
        [
            ([0], [0, 1], [1], [1], [1], "same length"),
            ([0.5], [0], [1], [1], [1], "whole numbers"),
            ([1], [0], [1], [1], [1], "no capacity"),
            ([-1], [0], [1], [1], [1], "no capacity"),
            ([0], [0], [0], [1], [1], "above zero"),
            ([0, 0], [0, 0], [1, 2], [1], [1], "twice"),
            ([0], [0], [1], [-1], [1], "below zero"),
            ([0], [0], [1], [1.5], [1], "whole numbers"),
        ],
    )
    def test_it_refuses_what_is_no_graph(self, left, right, weight, left_capacity, right_capacity, why):
        with pytest.raises(GraphRefused, match=why):
            assign(*map(np.array, (left, right, weight, left_capacity, right_capacity)))


class TestProve:
    def arcs(self):
        return {
            "left": np.array([0, 0, 1]),
            "right": np.array([0, 1, 0]),
            "weight": np.array([5, 4, 3]),
            "left_capacity": np.array([1, 1]),
            "right_capacity": np.array([1, 1]),
        }

    def answer(self, **changed):
        arcs = self.arcs()
        best = assign(*arcs.values())
        parts = ("left", "right", "total", "left_price", "right_price")
        return Assignment(**{part: changed.get(part, getattr(best, part)) for part in parts})

    def test_a_best_answer_is_proved_with_equal_sums(self):
        proof = prove(self.answer(), **self.arcs())

        assert proof.primal == proof.dual == 7

    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            ({"left": np.array([0]), "right": np.array([0]), "total": 5}, "worth 5, the prices allow 7"),
            ({"left": np.array([1, 0]), "right": np.array([1, 0])}, "not one of the arcs"),
            ({"left": np.array([0, 0]), "right": np.array([0, 0])}, "chosen twice"),
            ({"left": np.array([0, 0]), "right": np.array([0, 1])}, "more partners than places"),
            ({"left_price": np.array([-1, 3])}, "negative"),
            ({"total": 8}, "total says 8"),
            ({"right_price": np.array([9, 9])}, "prices allow"),
        ],
    )
    def test_anything_off_is_noticed(self, changed, why):
        with pytest.raises(NotProved, match=why):
            prove(self.answer(**changed), **self.arcs())


def listed(pairing: Pairing):
    return [(int(a), int(b)) for a, b in zip(pairing.a, pairing.b, strict=True)]


class TestPair:
    def test_a_path_of_five_six_five_gives_ten_not_six(self):
        found = pair(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([5, 6, 5]), 4)

        assert listed(found) == [(0, 1), (2, 3)]
        assert found.total == 10

    def test_a_triangle_leaves_exactly_one_out(self):
        found = pair(np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([4, 4, 5]), 3)

        assert listed(found) == [(0, 2)]

    def test_an_odd_ring_with_a_tail_needs_a_blossom(self):
        a, b = np.array([0, 1, 2, 3, 4, 4]), np.array([1, 2, 3, 4, 0, 5])

        assert pair(a, b, np.array([8, 9, 10, 7, 8, 3]), 6).total == 8 + 10 + 3

    def test_weights_of_more_than_sixty_four_bits_stay_exact(self):
        weight = np.array([2**100 + 1, 2**101 + 3, 2**100 + 1], dtype=object)

        assert pair(np.array([0, 1, 2]), np.array([1, 2, 3]), weight, 4).total == 2**101 + 3

    @given(st.integers(0, 2**32))
    def test_the_order_of_pairs_and_of_their_ends_changes_nothing(self, seed):
        rng = np.random.default_rng(seed)
        a, b = np.nonzero(np.triu(rng.random((8, 8)) < 0.6, 1))
        weight = rng.integers(1, 4, len(a))
        order, turned = rng.permutation(len(a)), rng.random(len(a)) < 0.5

        first = pair(a, b, weight, 8)
        second = pair(np.where(turned, b, a)[order], np.where(turned, a, b)[order], weight[order], 8)

        assert listed(first) == listed(second)

    @pytest.mark.parametrize(
        ("a", "b", "weight", "why"),
        [
            ([0], [0], [1], "themselves"),
            ([0, 1], [1, 0], [1, 1], "twice"),
            ([0], [9], [1], "no capacity"),
            ([0], [1], [2**121], "bits"),
        ],
    )
    def test_it_refuses_what_is_no_graph(self, a, b, weight, why):
        with pytest.raises(GraphRefused, match=why):
            pair(np.array(a), np.array(b), np.array(weight, dtype=object), 3)
