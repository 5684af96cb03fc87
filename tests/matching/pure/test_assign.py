"""The solver for places: right, proved, indifferent to order, and strict about what they are given."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linear_sum_assignment, milp

from matching import assign as solving
from matching.assign import Assignment, Proof, assign, prove
from matching.errors import GraphRefused, NotProved
from matching.paths import repair


@st.composite
def markets(draw):
    """Arcs between people and places with any number of seats, none included; small weights make many ties."""
    people, places = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    ends = st.tuples(st.integers(0, max(people - 1, 0)), st.integers(0, max(places - 1, 0)))
    chosen = draw(st.lists(ends, unique=True, max_size=20)) if people and places else []
    weight = draw(st.lists(st.integers(1, draw(st.sampled_from((2, 9, 10**9, 2**60 - 1)))), min_size=20, max_size=20))
    return {
        "left": np.array([one for one, _ in chosen], dtype=np.int64),
        "right": np.array([other for _, other in chosen], dtype=np.int64),
        "weight": np.array(weight[: len(chosen)], dtype=np.int64),
        "people": people,
        "seats": np.array(draw(st.lists(st.integers(0, 3), min_size=places, max_size=places)), dtype=np.int64),
    }


def crowd(seed: int, *, people: int, places: int, seats: int, most: int = 1000, dense: float = 0.4):
    """A random market with so many seats in all."""
    rng = np.random.default_rng(seed)
    left, right = np.nonzero(rng.random((people, places)) < dense)
    weight = rng.integers(1, most, len(left), endpoint=True)
    places_of_seats = rng.integers(0, places, seats)
    return {
        "left": left,
        "right": right,
        "weight": weight,
        "people": people,
        "seats": np.bincount(places_of_seats, minlength=places),
    }


def proved(market, **more) -> Assignment:
    answer = assign(**market, **more)
    prove(answer, **market)
    return answer


def best_of_scipy(market) -> int:
    """With a column for every seat."""
    table = np.zeros((market["people"], len(market["seats"])))
    table[market["left"], market["right"]] = market["weight"]
    table = np.repeat(table, market["seats"], axis=1)
    return int(table[linear_sum_assignment(table, maximize=True)].sum())


class TestAssign:
    @given(markets())
    def test_its_own_prices_prove_it_whatever_the_seats(self, market):
        answer = assign(**market)

        assert prove(answer, **market) == Proof(answer.total, answer.total)

    @given(markets(), st.randoms(use_true_random=False))
    def test_the_order_of_the_arcs_changes_nothing(self, market, rng):
        order = list(range(len(market["left"])))
        rng.shuffle(order)
        turned = market | {name: market[name][order] for name in ("left", "right", "weight")}

        first, second = assign(**market), assign(**turned)

        assert [list(first.left), list(first.right)] == [list(second.left), list(second.right)]
        assert list(first.left_price) == list(second.left_price)

    @pytest.mark.parametrize("seats", [30, 60, 100], ids=["few seats", "as many as people", "plenty"])
    @pytest.mark.parametrize("most", [3, 1000, 2**44], ids=["ties", "points", "no ties"])
    def test_it_is_as_good_as_scipy_with_a_column_for_every_seat(self, seats, most):
        for seed in range(8):
            market = crowd(seed, people=60, places=25, seats=seats, most=most)
            assert proved(market).total == best_of_scipy(market)

    def test_it_is_as_good_as_an_integer_programme(self):
        for seed in range(20):
            market = crowd(seed, people=15, places=12, seats=14, most=30)
            rows = [market["left"] == person for person in range(15)] + [market["right"] == j for j in range(12)]
            limits = np.concatenate([np.ones(15), market["seats"]])
            programme = milp(
                -market["weight"],
                constraints=LinearConstraint(np.vstack(rows).astype(float), ub=limits),
                integrality=np.ones(len(market["left"])),
                bounds=(0, 1),
            )
            assert proved(market).total == round(-programme.fun)

    @given(markets(), markets(), st.sampled_from([0, 1, 10**9]), st.randoms(use_true_random=False))
    def test_it_is_as_good_from_any_other_answer(self, market, other, each, rng):
        """As after a decline, or when arcs that were left aside come in: that answer's prices may be wrong everywhere."""
        start = assign(**(other | {"people": market["people"]} if not len(other["left"]) else other))
        kept = [k for k, one in enumerate(start.left) if one < market["people"]]
        places = len(market["seats"])
        start = replace(
            start,
            left=start.left[kept],
            right=start.right[kept],
            right_price=np.array([rng.choice([0, 1, 7, 10**6]) for _ in range(places)], dtype=np.int64),
        )

        market["weight"] = np.minimum(market["weight"], 2**40)
        worth = market | {"weight": market["weight"] + each}
        again = assign(**market, each=each, start=start)
        prove(again, **worth)
        assert again.total == proved(worth).total

    def test_a_small_change_is_reached_from_the_answer_before_it(self):
        market = crowd(5, people=80, places=30, seats=70)
        before = proved(market)
        fewer = market | {name: market[name][1:] for name in ("left", "right", "weight")}

        assert proved(fewer, start=before).total == best_of_scipy(fewer)
        assert proved(market, start=proved(fewer)).total == before.total

    def test_nobody_is_moved_who_need_not_be(self, monkeypatch):
        """From an answer everybody in it has their seat, and every place its price, before the first path is looked for."""
        market = crowd(5, people=40, places=15, seats=30)
        best, taken_over = proved(market), []

        def look(taken):
            taken_over.append((list(taken.seat_of), list(taken.arc_of), list(taken.right_price)))
            repair(taken)

        monkeypatch.setattr(solving, "repair", look)
        again = assign(**market, start=best)

        seat_of, arc_of, prices = taken_over[0]
        # The arcs of a crowd come in their order already.
        places = {one: int(market["right"][arc_of[one]]) for one, seat in enumerate(seat_of) if seat >= 0}
        assert places == dict(zip(best.left.tolist(), best.right.tolist(), strict=True))
        assert prices == list(best.right_price)
        assert [list(again.left), list(again.right)] == [list(best.left), list(best.right)]

    def test_a_place_that_has_gone_since_and_one_with_fewer_seats_are_left(self):
        market = crowd(6, people=30, places=10, seats=25)
        start = proved(market)
        more = {**market, "seats": np.append(np.maximum(market["seats"] - 1, 0), 2)}

        assert proved(more, start=start).total == best_of_scipy(more)

    def test_prices_and_positions_are_whole_numbers_even_where_there_are_none(self):
        nothing = np.array([], dtype=np.int64)
        answer = assign(nothing, nothing, nothing, 0, nothing)

        assert {getattr(answer, part).dtype for part in ("left", "right", "left_price", "right_price")} == {
            np.dtype(np.int64)
        }

    def test_everybody_after_the_same_seats_is_no_harder_than_anything_else(self):
        """All worth the same, then all but one: a price war in the smallest steps if nothing ended it."""
        left, right = np.divmod(np.arange(400 * 40), 40)
        for weight in (np.full(len(left), 7), np.where(right == 0, 10**6, 7)):
            market = {"left": left, "right": right, "weight": weight, "people": 400, "seats": np.full(40, 3)}
            assert proved(market).total == best_of_scipy(market)

    @pytest.mark.parametrize(
        ("people", "places", "dearest", "step"),
        [
            (2, 3, 801, 25),
            (2, 3, 1, 1),
            (3, 40, 80_001, 2_500),  # as many arcs as are not yet many
            (3, 41, 80_001, 78),
            (3, 41, 900, 1),
        ],
    )
    def test_the_first_step_is_a_part_of_what_is_between_the_best_and_the_least(
        self, monkeypatch, people, places, dearest, step
    ):
        left, right = np.divmod(np.arange(people * places), places)
        weight = np.where(np.arange(people * places) == 3, dearest, 1)
        steps = []
        monkeypatch.setattr(solving, "auction", lambda market, first: steps.append(first))
        monkeypatch.setattr(solving, "FEW_LEVELS", -1)

        answer = assign(left, right, weight, people, np.ones(places, dtype=np.int64))

        assert steps == [step]
        assert answer.total == dearest + people - 1

    @pytest.mark.parametrize(
        ("levels", "height", "seats", "off", "is_auction"),
        [
            (32, 600, 34, None, False),
            (33, 600, 34, None, True),
            (0, 600, 34, None, False),
            (32, 600, 33, None, True),  # one seat too few for those who have an arc
            (32, 600, 34, 999, True),
            (32, 600, 34, 1000, True),  # beyond the first glance
            (24, 2, 34, None, False),
            (24, 2, 34, 1000, True),
        ],
    )
    def test_nobody_bids_where_weights_take_few_levels_and_there_is_room(
        self, monkeypatch, levels, height, seats, off, is_auction
    ):
        """34 of 40 people have arcs, each to 34 places."""
        left, right = np.divmod(np.arange(34 * 34), 34)
        weight = 5 + height * (np.arange(34 * 34) % 34 % (levels + 1))
        if off is not None:
            weight[off] += 1
        market = {
            "left": left + 3,
            "right": right,
            "weight": weight,
            "people": 40,
            "seats": np.r_[np.ones(33, dtype=np.int64), seats - 33],
        }
        bidding, steps = solving.auction, []

        def bid(*given):
            steps.append(given)
            bidding(*given)

        monkeypatch.setattr(solving, "auction", bid)

        assert proved(market).total == best_of_scipy(market)
        assert len(steps) == is_auction

    def test_narrow_numbers_are_as_good_as_wide_ones(self):
        market = crowd(3, people=100, places=20, seats=60, most=100)
        narrow = {name: market[name].astype(np.int8) for name in ("left", "right", "weight", "seats")}

        answer = assign(**market | narrow)

        assert prove(answer, **market | narrow) == prove(answer, **market)

    @given(markets(), st.sampled_from([1, 5, 2**40]))
    def test_what_each_person_seated_is_worth_counts_like_a_greater_weight(self, market, each):
        market["weight"] = np.minimum(market["weight"], 2**40)
        heavier = market | {"weight": market["weight"] + each}

        answer = assign(**market, each=each)

        assert prove(answer, **heavier).primal == proved(heavier).total

    @pytest.mark.parametrize("seats", [30, 55, 100], ids=["few seats", "nearly enough", "plenty"])
    def test_most_people_are_seated_when_each_is_worth_more_than_all_weights(self, seats):
        for seed in range(8):
            market = crowd(seed, people=60, places=25, seats=seats, dense=0.08)
            each = 60_001
            heavier = market | {"weight": market["weight"] + each}

            answer = assign(**market, each=each)

            assert prove(answer, **heavier).primal == best_of_scipy(heavier)

    def test_nobody_at_all_is_a_round_too(self):
        nothing = np.array([], dtype=np.int64)

        answer = proved({"left": nothing, "right": nothing, "weight": nothing, "people": 0, "seats": nothing})

        assert answer.total == 0

    def test_more_seats_than_people_take_no_more_memory_than_people(self):
        one = np.array([0])

        answer = proved({"left": one, "right": one, "weight": one + 5, "people": 1, "seats": np.array([2**60])})

        assert answer.total == 5

    @pytest.mark.parametrize(
        ("left", "right", "weight", "seats", "why"),
        [
            ([0], [0, 1], [1], [1], "left, right and weight are three lists of the same length"),
            ([[0]], [0], [1], [1], "left, right and weight are three lists of the same length"),
            ([0.5], [0], [1], [1], "positions and weights are whole numbers of 64 bits"),
            ([0], [0], [2**70], [1], "positions and weights are whole numbers of 64 bits"),
            ([0], [0], [2**60], [1], "a weight needs more than 60 bits"),
            ([1], [0], [1], [1], "an arc ends at a position where there is nobody"),
            ([0], [1], [1], [1], "an arc ends at a position where there is nobody"),
            ([-1], [0], [1], [1], "an arc ends at a position where there is nobody"),
            ([0], [0], [0], [1], "every weight is above zero; leave out the arcs that are not wanted"),
            ([0, 0], [0, 0], [1, 2], [1], "the same two ends are given twice"),
            ([0, 0, 0], [0, 1, 1], [1, 2, 3], [1, 1], "the same two ends are given twice"),
            ([0], [0], [1], [-1], "seats are never below zero"),
            ([0], [0], [1], [1.5], "seats are a list of whole numbers"),
            ([0], [0], [1], [[1]], "seats are a list of whole numbers"),
        ],
    )
    def test_it_refuses_what_is_no_graph(self, left, right, weight, seats, why):
        with pytest.raises(GraphRefused, match=f"^{why}$"):
            assign(np.array(left), np.array(right), np.array(weight), 1, np.array(seats))

    @pytest.mark.parametrize(
        ("each", "why"),
        [(-1, "seating somebody is never worth less than nothing"), (2**60 - 5, "a weight needs more than 60 bits")],
    )
    def test_it_refuses_what_nobody_can_be_worth(self, each, why):
        with pytest.raises(GraphRefused, match=f"^{why}$"):
            assign(np.array([0]), np.array([0]), np.array([5]), 1, np.array([1]), each=each)


class TestProve:
    def arcs(self):
        return {
            "left": np.array([0, 0, 1]),
            "right": np.array([0, 1, 0]),
            "weight": np.array([5, 4, 3]),
            "people": 2,
            "seats": np.array([1, 1]),
        }

    def answer(self, **changed):
        arcs = self.arcs()
        best = assign(**arcs)
        parts = ("left", "right", "total", "left_price", "right_price")
        return Assignment(**{part: changed.get(part, getattr(best, part)) for part in parts})

    def test_a_best_answer_is_proved_with_equal_sums(self):
        proof = prove(self.answer(), **self.arcs())

        assert proof.primal == proof.dual == 7

    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            (
                {"left": np.array([0]), "right": np.array([0]), "total": 5},
                "the pairs are worth 5, the prices allow 7, the total says 5",
            ),
            ({"left": np.array([1, 0]), "right": np.array([1, 0])}, "a chosen pair is not one of the arcs"),
            ({"left": np.array([0, 0]), "right": np.array([0, 1])}, "somebody has more than one seat"),
            ({"left": np.array([0, 1]), "right": np.array([0, 0])}, "a place has more people than seats"),
            ({"left_price": np.array([-1, 3])}, "a price is missing or negative"),
            ({"left_price": np.array([9])}, "a price is missing or negative"),
            (
                {"left_price": np.array([0, 0]), "right_price": np.array([0, 0])},
                "an arc is worth more than its two ends ask",
            ),
            ({"total": 8}, "the pairs are worth 7, the prices allow 7, the total says 8"),
            ({"right_price": np.array([9, 9])}, "the pairs are worth 7, the prices allow .*"),
        ],
    )
    def test_anything_off_is_noticed(self, changed, why):
        with pytest.raises(NotProved, match=f"^{why}$"):
            prove(self.answer(**changed), **self.arcs())

    def test_a_pair_where_there_are_no_arcs_is_noticed(self):
        nothing = np.array([], dtype=np.int64)

        with pytest.raises(NotProved, match="not one of the arcs"):
            prove(self.answer(), left=nothing, right=nothing, weight=nothing, people=2, seats=np.array([1, 1]))
