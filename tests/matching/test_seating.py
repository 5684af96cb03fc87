"""Bids are made from what was looked at before, where that still tells who is best and second best."""

import numpy as np
import pytest

from matching.paths import repair
from matching.seating import (
    KEPT,
    _bid,
    _look_anew,
    _two_best,
    _two_best_to_bid,
    auction,
    make_market,
)
from tests.matching.pure.test_assign import crowd


def market_of(seed, *, people=30, places=25, seats=20, most=60):
    """With many arcs that are worth the same."""
    made = crowd(seed, people=people, places=places, seats=seats, most=most, dense=0.7)
    seats_of = np.minimum(made["seats"], people + 1)
    return make_market(made["left"], made["right"], made["weight"], people, seats_of)


@pytest.mark.parametrize("most", [2, 9, 900])
def test_while_prices_rise_the_kept_arcs_tell_the_same_as_all(most):
    asked_again = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        market = market_of(seed, most=most)
        people, places = len(market.seat_of), len(market.filled)
        for person in range(people):
            _look_anew(market, person)
        for _ in range(40):
            for j in rng.integers(0, places, 6).tolist():
                market.right_price[j] += int(rng.integers(0, most // 2 + 1))
            for person in range(people):
                before = market.rest[person]
                best, arc, second = _two_best_to_bid(market, person)
                asked_again += market.rest[person] != before

                assert (best, second) == (_two_best(market, person)[0], _two_best(market, person)[2])
                assert best == 0 or best == market.weight[arc] - market.right_price[market.right[arc]]
    assert asked_again > 50


def test_somebody_with_hardly_any_arcs_is_told_the_same():
    one, other, worth = np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([5, 3, 4])
    market = make_market(one, other, worth, 3, np.array([1, 1]))

    assert [_look_anew(market, person) for person in range(2)] == [(5, 0, 3), (4, 2, 0)]
    assert _look_anew(market, 2)[::2] == (0, 0)
    assert KEPT > 2


def test_a_bidding_that_finds_no_end_is_the_last():
    """60 people after 59 seats of the same worth: each bid raises one price by one."""
    people = 60
    one, other = np.divmod(np.arange(people * (people - 1)), people - 1)
    market = make_market(one, other, np.full(len(one), 10**6), people, np.ones(people - 1, dtype=np.int64))

    assert not _bid(market, 1)
    auction(market, 1 << 40)
    repair(market)

    assert sorted(np.array(market.seat_of).tolist()) == [-1, *range(people - 1)]
