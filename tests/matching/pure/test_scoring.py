"""Fit and points: whole numbers, silence neutral, the supported person counts more, equals take the lower view."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import Scheme
from matching.scoring import ONE, SIMILARITIES, fit, overlap, stay_points, waiting_points
from matching.words import fold
from tests.matching.pools import ON, SCHEMES, pools, someone

EQUALS = Scheme(name="t", title="T", weights={"goals": 4, "age": 2})
ONE_WAY = replace(EQUALS, shape="one-way")


def fit_of(one, other, scheme=EQUALS):
    return fit(someone("a", **one).answers, someone("b", **other).answers, scheme)


class TestFit:
    @given(pools(most=4), st.sampled_from(sorted(SCHEMES)))
    def test_it_stays_between_nothing_and_a_thousand(self, people, name):
        for one in people:
            for other in people:
                assert 0 <= fit(one.answers, other.answers, SCHEMES[name]) <= 1000

    @given(pools(most=4))
    def test_among_equals_it_is_the_same_from_both_sides(self, people):
        for one in people:
            for other in people:
                scheme = SCHEMES["symmetric"]
                assert fit(one.answers, other.answers, scheme) == fit(other.answers, one.answers, scheme)

    @given(pools(most=4))
    def test_it_is_the_formula_in_exact_fractions_but_for_three_roundings(self, people):
        # Each similarity, each view and the fit itself are rounded once, each by half a point of a thousand at most.
        for one in people:
            for other in people:
                assert abs(fit(one.answers, other.answers, ONE_WAY) - exact_fit(one, other)) <= Fraction(3, 2)

    def test_silence_neither_helps_nor_harms(self):
        both = {"goals": ("walk",), "born": 1980}

        assert fit_of(both, {"goals": ("walk",)}) == fit_of(both, both) == 1000
        assert fit_of({}, {}) == EQUALS.round.unknown_fit

    def test_an_answer_its_owner_set_aside_does_not_count(self):
        other = {"goals": ("walk",), "born": 1950}

        assert fit_of({"goals": ("walk",), "born": 1990, "unused": ("age",)}, other) == 1000

    def test_what_matters_not_at_all_to_either_counts_not_at_all(self):
        far = {"goals": ("walk",), "born": 1950, "importance": {"age": 0}}

        assert fit_of(far, {**far, "born": 2000}) == 1000

    def test_equals_take_the_lower_view(self):
        cares = {"goals": ("walk",), "born": 1950, "importance": {"age": 5}}
        does_not = {"goals": ("walk",), "born": 2000, "importance": {"age": 0}}

        assert fit_of(cares, does_not) == round(1000 * 4 / 14)

    def test_one_way_the_supported_person_counts_seventy_of_a_hundred(self):
        cares = {"goals": ("walk",), "born": 1950, "importance": {"age": 5}}
        does_not = {"goals": ("walk",), "born": 2000, "importance": {"age": 0}}

        assert fit_of(cares, does_not, ONE_WAY) == round(0.7 * 1000 * 4 / 14 + 0.3 * 1000)
        assert fit_of(does_not, cares, ONE_WAY) == round(0.7 * 1000 + 0.3 * 1000 * 4 / 14)

    def test_a_view_with_nothing_that_matters_leaves_the_other_to_decide(self):
        indifferent = {"goals": ("walk",), "importance": {"goals": 0}}

        assert fit_of(indifferent, {"goals": ("rest",)}, ONE_WAY) == 0

    def test_a_person_picks_which_identities_matter(self):
        scheme = replace(ONE_WAY, weights={"identities": 5})
        asks = {"identities": ("faith:Sikh", "gender:man"), "importance": {"faith": 5, "gender": 0}}

        assert fit_of(asks, {"identities": ("faith:Sikh", "gender:woman")}, scheme) == round(0.7 * 1000 + 0.3 * 500)
        assert fit_of({**asks, "unused": ("faith",)}, {"identities": ("faith:Hindu",)}, scheme) == 500

    def test_a_kind_with_its_own_weight_is_not_counted_among_identities_again(self):
        scheme = replace(ONE_WAY, weights={"identities": 5}, identity_weights={"gender": 3})
        one, other = {"identities": ("faith:Sikh", "gender:man")}, {"identities": ("faith:Hindu", "gender:Man")}

        assert fit_of(one, other, scheme) == 375
        assert fit_of({**one, "importance": {"identities": 0}}, other, scheme) == round(0.3 * 375 / 0.3)


class TestSimilarities:
    @pytest.mark.parametrize(
        ("criterion", "one", "other", "expected"),
        [
            ("age", {"born": 1980}, {"born": 1980}, 1),
            ("age", {"born": 1980}, {"born": 1990}, Fraction(1, 2)),
            ("age", {"born": 1950}, {"born": 1990}, 0),
            ("age", {"born": 1950}, {}, None),
            ("goals", {"goals": ("a", "b")}, {"goals": ("B",)}, Fraction(2, 3)),
            ("looking_for", {"looking_for": ("a",)}, {"looking_for": ("a",)}, 1),
            ("experiences", {"experiences": ("a",)}, {"experiences": ("b",)}, 0),
            ("interests", {"interests": ("a",)}, {}, None),
            ("languages", {"languages": ("a", "b")}, {"languages": ("b", "c")}, 1),
            ("modes", {"modes": ("phone",)}, {"modes": ("letter",)}, 0),
            ("areas", {"areas": ("a",)}, {}, None),
            ("times", {"times": ("mon-eve",)}, {"times": ("mon-eve",)}, Fraction(1, 3)),
            ("times", {"times": ("mon-eve", "tue-eve", "wed-eve", "thu-eve")}, {}, None),
            ("skills", {"wants": ("a", "b")}, {"skills": ("a", "c", "d")}, Fraction(1, 2)),
            ("skills", {"skills": ("a",)}, {"wants": ("a",)}, None),
            ("novelty", {"kept_with": ("b",)}, {}, 0),
            ("novelty", {}, {}, 1),
        ],
    )
    def test_each_is_between_nothing_and_one_and_none_when_someone_is_silent(self, criterion, one, other, expected):
        found = SIMILARITIES[criterion](someone("a", **one).answers, someone("b", **other).answers, EQUALS)

        assert found == (None if expected is None else round(expected * ONE))

    def test_as_many_times_in_common_as_anybody_needs_count_whole(self):
        times = ("mon-eve", "tue-eve", "wed-eve", "thu-eve")
        one, other = someone("a", times=times).answers, someone("b", times=times).answers

        assert SIMILARITIES["times"](one, other, EQUALS) == ONE

    def test_overlap_is_the_same_from_both_sides(self):
        one, other = frozenset("abc"), frozenset("cd")

        assert overlap(one, other) == overlap(other, one) == round(Fraction(2, 5) * ONE)


class TestPoints:
    def test_waiting_earns_points_a_day_up_to_the_most_and_nothing_before_it_began(self):
        scheme = SCHEMES["one-way"]

        assert waiting_points(someone(), scheme, on=ON) == 0
        assert waiting_points(someone(waiting_since=ON - timedelta(days=7)), scheme, on=ON) == 35
        assert waiting_points(someone(waiting_since=ON - timedelta(days=700)), scheme, on=ON) == 200
        assert waiting_points(someone(waiting_since=ON + timedelta(days=7)), scheme, on=ON) == 0

    def test_a_standing_pair_named_by_either_has_the_schemes_points(self):
        kept, stranger = someone("a", kept_with=("b",)).answers, someone("b").answers

        assert stay_points(kept, stranger, SCHEMES["one-way"]) == stay_points(stranger, kept, SCHEMES["one-way"]) == 50
        assert stay_points(stranger, stranger, SCHEMES["one-way"]) == 0


def exact_fit(one, other):
    """The fit of ONE_WAY written again, in fractions and from the rows."""
    known = []
    if one.born and other.born and "age" not in one.unused + other.unused:
        known.append(("age", 2, max(Fraction(0), 1 - Fraction(abs(one.born - other.born), 20))))
    mine, theirs = ({fold(goal) for goal in person.goals} for person in (one, other))
    if mine and theirs and "goals" not in one.unused + other.unused:
        known.append(("goals", 4, Fraction(2 * len(mine & theirs), len(mine) + len(theirs))))
    views = []
    for person, share in ((one, 70), (other, 30)):
        weighed = [(weight * person.importance.get(name, 1), alike) for name, weight, alike in known]
        if sum(weight for weight, _ in weighed):
            views.append((share, sum(w * alike for w, alike in weighed) / sum(w for w, _ in weighed)))
    if not views:
        return Fraction(ONE_WAY.round.unknown_fit)
    return 1000 * sum(share * seen for share, seen in views) / sum(share for share, _ in views)
