"""A round solved from the best few of each person is as good as one in which every pair was solved; its prices say so."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import candidates, looking, run_round
from matching.candidates import Candidates, Prices
from matching.checks import faults
from matching.pool import Pool
from tests.matching.pools import ON, SCHEMES, pools, seeded_pool, someone

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
ONE_PLACE = [name for name, scheme in SCHEMES.items() if scheme.shape == "one-way" or scheme.round.places_most == 1]


def some_only(monkeypatch, best, unpaid=1):
    monkeypatch.setattr(candidates, "ALL_PAIRS", 0)
    monkeypatch.setattr(candidates, "BEST", best)
    monkeypatch.setattr(candidates, "UNPAID_AT_ONCE", unpaid)


def worth(decided):
    count = len(decided.pairs) if decided.scheme.round.most_people_first else 0
    return count, decided.total, decided.exact


class TestAsGood:
    @pytest.mark.parametrize("best", [1, 2, 5])
    @pytest.mark.parametrize("name", ONE_PLACE)
    def test_as_when_every_pair_is_solved(self, monkeypatch, name, best):
        pools_ = [seeded_pool(seed, size) for seed, size in enumerate((9, 30, 60, 90))]
        whole = [run_round(people, SCHEMES[name], on=ON) for people in pools_]
        some_only(monkeypatch, best)

        for people, expected in zip(pools_, whole, strict=True):
            decided = run_round(people, SCHEMES[name], on=ON)

            assert worth(decided) == worth(expected)
            told, as_told = ({one.id: one for one in each.unmatched} for each in (decided, expected))
            assert all(told[name] == as_told[name] for name in told.keys() & as_told.keys())
            assert faults(decided, people) == ()

    @given(pools(), st.sampled_from(ONE_PLACE), st.integers(1, 3))
    def test_in_any_pool(self, people, name, best):
        with pytest.MonkeyPatch.context() as monkeypatch:
            whole = run_round(people, SCHEMES[name], on=ON)
            some_only(monkeypatch, best)

            assert worth(run_round(people, SCHEMES[name], on=ON)) == worth(whole)

    def test_also_where_everybody_answered_alike(self, monkeypatch):
        crowd = [someone(f"p{n:03}", side="both") for n in range(120)]
        some_only(monkeypatch, best=3, unpaid=10)

        for name in ONE_PLACE:
            people = [replace(person, roles=("ready",), interests=("chess",)) for person in crowd]
            decided = run_round(people, SCHEMES[name], on=ON)
            assert len(decided.pairs) == (120 if SCHEMES[name].shape == "one-way" else 60)
            assert decided.exact

    def test_with_several_places_among_equals_it_is_not_said_to_be_the_best(self, monkeypatch):
        equals = SCHEMES["symmetric"]
        several = replace(equals, round=replace(equals.round, places_most=3))
        people = seeded_pool(4, 40)
        some_only(monkeypatch, best=2)

        decided = run_round(people, several, on=ON)

        assert not decided.exact
        assert faults(decided, people) == ()


def best_of_each(pool, k=1):
    own = pool.own(0)
    arcs = looking.best_of_each(pool.columns, pool.ones, pool.others, k)
    return Candidates(pool.columns, pool.ones, pool.others, own, arcs, best=k)


def pairs_of(possible, where=slice(None)) -> set[tuple[int, int]]:
    return set(zip(possible.one[where].tolist(), possible.other[where].tolist(), strict=True))


class TestWidening:
    def test_a_pair_behind_many_that_are_known_is_found(self):
        people = [someone("a", side="seek", goals=("walk",)), *(someone(f"g{n:02}", side="offer") for n in range(40))]
        pool = Pool(people, SCHEMES["one-way"], ON)
        few = best_of_each(pool)
        nothing = np.zeros(len(people), dtype=np.int64)
        free = Prices(nothing, nothing, 0, 1, 0)

        while few.widen(free):
            pass

        assert len(few.possible) == 40
        assert not few.widen(free)

    @pytest.mark.parametrize("name", ["one-way", "best pairs first"])
    def test_whatever_the_prices_each_pair_that_they_do_not_pay_for_is_found(self, name):
        """Also where nobody has to look at most of the others, as the last of everybody's best is paid for."""
        unpaid_at_all = 0
        for seed in range(200 if IS_FULL else 12):
            rng, people = np.random.default_rng(seed), seeded_pool(seed, 50)
            pool = Pool(people, SCHEMES[name], ON)
            extra = rng.integers(-30, 31, len(people)) if seed % 2 else np.zeros(len(people), dtype=np.int64)
            few, whole = (one.with_extra(extra) for one in (best_of_each(pool, k=1 + seed % 4), pool.candidates(0)))
            ours, theirs = (rng.integers(0, most, len(people)) for most in rng.choice([50, 500, 2_000], 2))
            each, scale = (int(number) for number in (rng.choice([0, 700]), rng.choice([1, 64])))
            known = pairs_of(few.possible)

            while few.widen(Prices(ours, theirs, each, scale, 1)):
                pass

            possible = whole.possible
            worth = possible.points * scale + each + 1
            unpaid = pairs_of(possible, worth > ours[possible.one] + theirs[possible.other])
            # Prices are compared in units where the scale allows, so a pair may come in that is just paid for.
            just_paid = pairs_of(possible, worth > ours[possible.one] + theirs[possible.other] - 3 * scale)
            assert unpaid - known <= pairs_of(few.possible) - known <= just_paid - known
            unpaid_at_all += len(unpaid - known)
        assert unpaid_at_all > 100

    def test_no_pair_is_taken_in_twice_and_what_prices_pay_for_never(self):
        people = seeded_pool(3, 60)
        pool = Pool(people, SCHEMES["best pairs first"], ON)
        whole = pool.candidates(0)
        price = np.full(len(people), 300, dtype=np.int64)
        few = best_of_each(pool)
        known = set(zip(few.possible.one.tolist(), few.possible.other.tolist(), strict=True))

        while few.widen(Prices(price, price, 0, 1, 0)):
            pass

        ends = list(zip(few.possible.one.tolist(), few.possible.other.tolist(), strict=True))
        above = whole.possible.points > 600
        assert len(ends) == len(set(ends))
        unpaid = set(zip(whole.possible.one[above].tolist(), whole.possible.other[above].tolist(), strict=True))
        assert set(ends) - known == unpaid - known
        assert len(set(ends) - known) > 5
