"""A soft floor prompts once, on the way down, and refuses nobody."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.soft_floor import is_prompted

MINUTES = st.integers(-100_000, 100_000)
FLOORS = st.integers(-50_000, 0)


@given(before=MINUTES, after=MINUTES)
def test_a_scheme_without_one_prompts_nobody(before, after):
    assert is_prompted(before=before, after=after, soft_floor=None) is False


@given(balances=st.lists(MINUTES, min_size=2, max_size=30), floor=FLOORS)
def test_its_owner_is_prompted_each_time_they_come_below_it_and_at_no_other(balances, floor):
    prompts = [is_prompted(before=one, after=other, soft_floor=floor) for one, other in pairwise(balances)]

    below = [balance < floor for balance in balances]
    assert sum(prompts) == sum(not was and now for was, now in pairwise(below))
    assert all(is_below for is_below, is_told in zip(below[1:], prompts, strict=True) if is_told)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [(0, -600, False), (0, -601, True), (-600, -601, True), (-601, -700, False), (-700, -601, False), (-601, 0, False)],
)
def test_ten_hours_are_reached_without_a_word_and_one_minute_more_is_told(before, after, told):
    assert is_prompted(before=before, after=after, soft_floor=-600) is told


@pytest.mark.parametrize("floor", [1, -1.5, True])
def test_a_floor_is_whole_minutes_at_zero_or_below(floor):
    with pytest.raises(ValueError, match=r"^a soft floor is whole minutes, zero or below$"):
        is_prompted(before=0, after=0, soft_floor=floor)
