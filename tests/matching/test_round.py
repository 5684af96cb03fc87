"""A round as a whole: what holds for any pool, small pools, order, waiting, standing pairs and several places."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import Scheme, run_round
from matching.checks import faults
from matching.errors import AnswerRefused
from tests.matching.pools import ON, SCHEMES, pools, seeded_pool, someone

schemes = st.sampled_from(sorted(SCHEMES)).map(SCHEMES.__getitem__)


def equals(**table):
    return replace(SCHEMES["symmetric"], **table)


def ids(decided):
    return [(made.left, made.right) for made in decided.pairs]


class TestAnyRound:
    @given(pools(), schemes, st.integers(0, 5))
    def test_no_rule_is_broken_and_every_reason_is_true_of_both_and_shown_by_both(self, people, scheme, seed):
        assert faults(run_round(people, scheme, on=ON, seed=seed), people) == ()

    @given(pools(), schemes)
    def test_nobody_has_more_partners_than_places(self, people, scheme):
        decided = run_round(people, scheme, on=ON)

        lefts, rights = (Counter(end) for end in zip(*ids(decided), strict=True)) if decided.pairs else ({}, {})
        for person in people:
            if scheme.shape == "one-way":
                assert lefts.get(person.id, 0) <= min(1, person.capacity)
                assert rights.get(person.id, 0) <= person.capacity
            else:
                assert lefts.get(person.id, 0) + rights.get(person.id, 0) <= person.capacity

    @given(pools(), schemes, st.randoms(use_true_random=False))
    def test_the_same_people_in_another_order_give_the_same_round(self, people, scheme, rng):
        shuffled = list(people)
        rng.shuffle(shuffled)

        assert run_round(shuffled, scheme, on=ON, seed=4) == run_round(people, scheme, on=ON, seed=4)

    @given(pools())
    def test_one_way_rounds_are_proved_by_their_prices(self, people):
        proof = run_round(people, SCHEMES["one-way"], on=ON).proof

        assert proof.primal == proof.dual

    @given(pools(), schemes)
    def test_everyone_is_in_a_pair_or_is_told_why_not(self, people, scheme):
        decided = run_round(people, scheme, on=ON)

        paired = {name for made in ids(decided) for name in made}
        alone = [left.id for left in decided.unmatched]
        assert paired | set(alone) == {person.id for person in people}
        assert not paired & set(alone)
        assert len(alone) == len(set(alone))

    @given(pools(most=8), schemes)
    def test_most_people_first_never_serves_fewer(self, people, scheme):
        first = replace(scheme, round=replace(scheme.round, most_people_first=True))
        best = replace(scheme, round=replace(scheme.round, most_people_first=False))

        serving = run_round(people, first, on=ON)
        suiting = run_round(people, best, on=ON)

        assert len(serving.pairs) >= len(suiting.pairs)
        assert serving.total <= suiting.total

    def test_a_larger_pool_in_another_order_gives_the_same_round(self):
        people = seeded_pool(1, 60)
        shuffled = random.Random(2).sample(people, len(people))
        for scheme in SCHEMES.values():
            assert run_round(shuffled, scheme, on=ON, seed=9) == run_round(people, scheme, on=ON, seed=9)


class TestSmallPools:
    @pytest.mark.parametrize("name", Scheme.names())
    def test_nobody_gives_an_empty_round(self, name):
        decided = run_round([], Scheme.named(name), on=ON)

        assert (decided.pairs, decided.unmatched, decided.total, decided.exact) == ((), (), 0, True)

    @pytest.mark.parametrize("shape", ["one-way", "symmetric"])
    def test_one_person_is_told_that_there_is_nobody_yet(self, shape):
        decided = run_round([someone(side="seek")], SCHEMES[shape], on=ON)

        assert [left.code for left in decided.unmatched] == ["nobody-yet"]

    def test_two_people_with_everything_blank_are_introduced(self):
        decided = run_round([someone("b"), someone("a")], SCHEMES["symmetric"], on=ON)

        assert ids(decided) == [("a", "b")]
        assert decided.pairs[0].fit == 500
        assert decided.pairs[0].reasons == ()

    def test_of_three_equals_one_is_left_and_goes_first_next_time(self):
        people = [someone(name) for name in "abc"]
        first = run_round(people, SCHEMES["symmetric"], on=ON)
        left = first.unmatched[0].id

        later = [replace(person, waiting_since=ON) if person.id == left else person for person in people]
        second = run_round(later, SCHEMES["symmetric"], on=ON + timedelta(days=7))

        assert first.unmatched[0].code == "others-first"
        assert left in {name for made in ids(second) for name in made}

    def test_two_ask_and_one_offers_one_place(self):
        people = [someone("ask1", side="seek"), someone("ask2", side="seek"), someone("offer", side="offer")]

        decided = run_round(people, SCHEMES["one-way"], on=ON)

        assert len(decided.pairs) == 1
        assert decided.unmatched[0].code == "others-first"

    def test_two_people_with_one_id_are_refused(self):
        with pytest.raises(AnswerRefused, match="same id"):
            run_round([someone("a"), someone("a")], SCHEMES["symmetric"], on=ON)


class TestSides:
    def test_one_person_may_guide_one_and_be_supported_by_another(self):
        people = [someone("ana", side="seek"), someone("bo", side="both"), someone("cy", side="offer")]

        decided = run_round(people, SCHEMES["one-way"], on=ON)

        assert set(ids(decided)) == {("ana", "bo"), ("bo", "cy")}

    def test_someone_who_guides_and_found_no_support_is_still_looking(self):
        people = [someone("ana", side="seek"), someone("bo", side="both")]

        decided = run_round(people, SCHEMES["one-way"], on=ON)

        assert ids(decided) == [("ana", "bo")]
        assert decided.unmatched == ()
        assert [(left.id, left.side, left.code) for left in decided.still_looking] == [("bo", "seek", "nobody-yet")]

    def test_someone_who_chose_no_side_is_asked_for_it_one_way_and_paired_among_equals(self):
        people = [someone("ana"), someone("bo", side="offer")]

        assert run_round(people, SCHEMES["one-way"], on=ON).unmatched[0].code == "no-side"
        assert ids(run_round(people, SCHEMES["symmetric"], on=ON)) == [("ana", "bo")]

    def test_no_places_is_not_in_the_round(self):
        people = [someone("ana", side="seek"), someone("bo", side="offer", capacity=0)]

        codes = {left.id: left.code for left in run_round(people, SCHEMES["one-way"], on=ON).unmatched}

        assert codes == {"ana": "nobody-yet", "bo": "no-room"}


class TestPoints:
    def test_the_longer_wait_decides_between_equals_up_to_the_most(self):
        waited = {"a": 3, "b": 30, "c": 400}
        people = [someone(name, side="seek", waiting_since=ON - timedelta(days=days)) for name, days in waited.items()]

        decided = run_round([*people, someone("guide", side="offer")], SCHEMES["one-way"], on=ON)

        assert ids(decided) == [("c", "guide")]
        assert decided.pairs[0].waiting == SCHEMES["one-way"].round.waiting_points_most

    def test_a_standing_pair_stays_when_nothing_better_than_its_points_comes(self):
        people = [
            someone("ana", side="seek", goals=("walk", "talk"), kept_with=("old",)),
            someone("new", side="offer", goals=("walk", "talk", "rest")),
            someone("old", side="offer", goals=("walk", "talk", "rest")),
        ]

        assert ids(run_round(people, SCHEMES["one-way"], on=ON, seed=1)) == [("ana", "old")]
        assert ids(run_round(people, SCHEMES["one-way"], on=ON, seed=2)) == [("ana", "old")]

    def test_a_scheme_may_bar_standing_pairs_instead(self):
        scheme = equals(round=replace(SCHEMES["symmetric"].round, kept_pairs="bar"))

        decided = run_round([someone("a", kept_with=("b",)), someone("b")], scheme, on=ON)

        assert {left.rules for left in decided.unmatched} == {("standing",)}

    def test_the_seed_decides_between_equally_good_answers_only(self):
        people = [someone(name) for name in "abcdefg"]

        rounds = [run_round(people, SCHEMES["symmetric"], on=ON, seed=seed) for seed in range(20)]

        assert len({tuple(ids(decided)) for decided in rounds}) > 1
        assert len({decided.total for decided in rounds}) == 1


class TestSeveralPlacesAmongEquals:
    def test_everyone_gets_one_partner_before_anyone_gets_two_and_no_pair_is_made_twice(self):
        scheme = equals(round=replace(SCHEMES["symmetric"].round, places_most=None))
        people = [someone(name, capacity=3) for name in "abcd"]

        decided = run_round(people, scheme, on=ON)

        assert len(ids(decided)) == len(set(ids(decided))) == 6
        assert decided.exact
        assert faults(decided, people) == ()

    def test_someone_with_one_place_keeps_to_it(self):
        scheme = equals(round=replace(SCHEMES["symmetric"].round, places_most=None))
        people = [someone("a", capacity=3), *(someone(name) for name in "bcd")]

        counts = Counter(name for made in ids(run_round(people, scheme, on=ON)) for name in made)

        assert counts["a"] <= 3
        assert all(counts[name] == 1 for name in "bcd")

    def test_a_number_of_places_beyond_any_pool_does_no_harm(self):
        decided = run_round(
            [someone("ana", side="seek"), someone("bo", side="offer", capacity=10**30)], SCHEMES["one-way"], on=ON
        )

        assert ids(decided) == [("ana", "bo")]


class TestProgress:
    def test_it_is_told_how_far_it_has_come(self):
        seen = []

        run_round([someone(name) for name in "abc"], SCHEMES["symmetric"], on=ON, progress=lambda *at: seen.append(at))

        assert seen == [(3, 3)]
