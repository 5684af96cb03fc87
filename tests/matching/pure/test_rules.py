"""Hard rules, one by one: what keeps two people apart, and that silence, unused and unshown answers meet no must."""

from dataclasses import replace

import pytest
from hypothesis import given

from matching import Scheme
from matching.checks import broken_rules
from matching.rules import barred_by, meets, shut_out
from tests.matching.pools import ON, SCHEMES, pools, someone

PLAIN = Scheme(name="t", title="T")
ONE_WAY = replace(PLAIN, shape="one-way")


def between(one, other, scheme=PLAIN):
    return barred_by(someone("a", **one).answers, someone("b", **other).answers, scheme)


def hard(**rules):
    return replace(PLAIN, hard=replace(PLAIN.hard, **rules))


def gated(scheme=PLAIN, **gate):
    return replace(scheme, eligibility=replace(scheme.eligibility, **gate))


def must(text, wisher=None, partner=None):
    one = someone("a", musts=(text,), **(wisher or {})).answers
    return meets(one.musts[0], one, someone("b", **(partner or {})).answers)


class TestApart:
    def test_nobody_meets_themselves(self):
        assert barred_by(someone("a").answers, someone("a").answers, PLAIN) == "self"

    @pytest.mark.parametrize("column", ["not_with", "ended_with"])
    def test_one_word_from_either_is_enough_and_stays_private(self, column):
        assert between({column: ("b",)}, {}) == "private"
        assert between({}, {column: ("a",)}) == "private"

    def test_strangers_with_nothing_said_may_meet(self):
        assert between({}, {}) is None


class TestOverlaps:
    @pytest.mark.parametrize(
        ("column", "one", "other"),
        [
            ("languages", "Somali", "Polish"),
            ("areas", "Harrow", "Brent"),
            ("times", "mon-eve", "tue-aft"),
            ("modes", "phone", "letter"),
        ],
    )
    def test_nothing_in_common_parts_two_people_only_where_the_scheme_says_so(self, column, one, other):
        assert between({column: (one,)}, {column: (other,)}, hard(**{column: True})) == column
        assert between({column: (one,)}, {column: (other,)}) is None
        assert between({column: (one,)}, {}, hard(**{column: True})) is None
        assert between({column: (one,)}, {column: (other,), "unused": (column,)}, hard(**{column: True})) is None

    def test_the_ways_of_meeting_are_the_schemes_too(self):
        by_letter = hard(modes=True, ways=("letter",))

        assert between({"modes": ("phone",)}, {}, by_letter) == "modes"
        assert between({"modes": ("phone", "letter")}, {"modes": ("letter",)}, by_letter) is None
        assert between({}, {}, by_letter) is None

    def test_spelling_and_case_do_not_part_people(self):
        assert between({"languages": ("SOMALI",)}, {"languages": (" somali",)}, hard(languages=True)) is None


class TestStage:
    @pytest.mark.parametrize(
        ("rule", "supported", "mentor", "kind"),
        [
            ("ahead", 1, 2, None),
            ("ahead", 2, 2, "stage"),
            ("not-behind", 2, 2, None),
            ("not-behind", 3, 2, "stage"),
            ("ahead", None, 1, None),
            ("any", 3, 1, None),
        ],
    )
    def test_the_guiding_person_is_as_far_along_as_the_scheme_asks(self, rule, supported, mentor, kind):
        scheme = replace(ONE_WAY, hard=replace(ONE_WAY.hard, stage=rule))

        assert between({"stage": supported}, {"stage": mentor}, scheme) == kind


class TestGates:
    def test_a_role_is_met_by_itself_or_with_its_year_and_never_by_silence(self):
        scheme = gated(ONE_WAY, mentor_roles=("alumni",))

        assert shut_out(someone(roles=("Alumni:2025",)), scheme, role="mentor", on=ON) is None
        assert shut_out(someone(roles=("alumni",)), scheme, role="mentor", on=ON) is None
        assert shut_out(someone(roles=("alumnus",)), scheme, role="mentor", on=ON) == "not-yet"
        assert shut_out(someone(), scheme, role="mentor", on=ON) == "not-yet"
        assert shut_out(someone(), scheme, role="supported", on=ON) is None

    def test_a_community_is_joined_by_ones_own_statement(self):
        scheme = gated(identities=("community:Somali",))

        assert shut_out(someone(identities=("Community:somali",)), scheme, role="", on=ON) is None
        assert shut_out(someone(), scheme, role="", on=ON) == "not-yet"
        unused = someone(identities=("community:Somali",), unused=("identities",))
        assert shut_out(unused, scheme, role="", on=ON) == "not-yet"

    def test_an_age_is_asked_only_where_the_scheme_sets_one(self):
        scheme = gated(age_at_least=50)

        assert shut_out(someone(born=1976), scheme, role="", on=ON) is None
        assert shut_out(someone(born=1977), scheme, role="", on=ON) == "not-yet"
        assert shut_out(someone(), scheme, role="", on=ON) == "not-yet"

    def test_any_one_basis_in_common_is_enough_when_both_show_it(self):
        scheme = gated(any_of=("experiences", "age", "gender"))
        shown = {"share": ("experiences", "gender", "age")}

        assert between({}, {}, scheme) == "basis"
        assert between({"born": 1960}, {"born": 1963}, scheme) is None
        assert between({"born": 1960}, {"born": 1990}, scheme) == "basis"
        assert between({"experiences": ("grief",), **shown}, {"experiences": ("Grief",), **shown}, scheme) is None
        assert between({"experiences": ("grief",), **shown}, {"experiences": ("Grief",)}, scheme) == "basis"
        woman = {"identities": ("gender:woman",), **shown}
        assert between(woman, woman, scheme) is None
        assert between(woman, woman, gated(any_of=("identities",))) is None


class TestMusts:
    @pytest.mark.parametrize(
        ("text", "wisher", "partner", "holds"),
        [
            ("same faith", {"identities": ("faith:Sikh",)}, {"identities": ("faith:sikh",)}, True),
            ("same faith", {"identities": ("faith:Sikh",)}, {"identities": ("faith:Muslim",)}, False),
            ("same faith", {}, {"identities": ("faith:Muslim",)}, False),
            ("different gender", {"identities": ("gender:man",)}, {"identities": ("gender:woman",)}, True),
            ("different gender", {"identities": ("gender:man",)}, {"identities": ("gender:man",)}, False),
            ("different gender", {}, {"identities": ("gender:man",)}, False),
            ("gender:woman", {}, {"identities": ("Gender:Woman",)}, True),
            ("language:Somali", {}, {"languages": ("somali",), "share": ("languages",)}, True),
            ("same area", {"areas": ("Brent",)}, {"areas": ("Brent", "Harrow"), "share": ("areas",)}, True),
            ("older", {"born": 1980}, {"born": 1979, "share": ("age",)}, True),
            ("older", {"born": 1980}, {"born": 1980, "share": ("age",)}, False),
            ("younger", {"born": 1980}, {"born": 1981, "share": ("age",)}, True),
            ("younger", {}, {"born": 1981, "share": ("age",)}, False),
        ],
    )
    def test_a_must_reads_the_partners_own_answer(self, text, wisher, partner, holds):
        assert must(text, wisher, {"share": ("identities",), **partner}) is holds

    @pytest.mark.parametrize(
        ("text", "answer", "criterion"),
        [
            ("gender:woman", {"identities": ("gender:woman",)}, "gender"),
            ("same faith", {"identities": ("faith:Sikh",)}, "faith"),
            ("language:Somali", {"languages": ("Somali",)}, "languages"),
            ("older", {"born": 1950}, "age"),
        ],
    )
    def test_silence_unused_and_unshown_answers_never_meet_a_must(self, text, answer, criterion):
        wisher = {"identities": ("faith:Sikh",), "born": 1980}

        assert must(text, wisher, {**answer, "share": (criterion,)})
        assert not must(text, wisher, {"share": (criterion,)})
        assert not must(text, wisher, {**answer, "share": ("goals",)})
        assert not must(text, wisher, {**answer, "share": (criterion,), "unused": (criterion,)})

    def test_a_blank_share_shows_language_and_age_but_no_identity(self):
        assert must("language:Somali", {}, {"languages": ("Somali",)})
        assert not must("gender:woman", {}, {"identities": ("gender:woman",)})

    def test_either_sides_must_counts_and_two_musts_both_have_to_hold(self):
        shown = {"share": ("identities",)}
        woman = {"identities": ("gender:woman",), **shown}

        assert between({"musts": ("gender:woman",)}, woman) is None
        assert between(woman, {"musts": ("gender:man",)}) == "must"
        assert between({"musts": ("gender:woman", "faith:Sikh")}, woman) == "must"


class TestAgainstTheIndependentReading:
    @given(pools(most=5))
    def test_both_readings_of_the_rules_agree_on_every_two_people(self, people):
        for scheme in SCHEMES.values():
            for one in people:
                for other in people:
                    sides = one.side in {"seek", "both"} and other.side in {"offer", "both"}
                    allowed = (sides or scheme.shape == "symmetric") and barred_by(
                        one.answers, other.answers, scheme
                    ) is None
                    roles = ("supported", "mentor") if scheme.shape == "one-way" else ("", "")
                    for person, role in zip((one, other), roles, strict=True):
                        allowed = allowed and shut_out(person, scheme, role=role, on=ON) is None
                    assert allowed == (not any(broken_rules(one, other, scheme, on=ON)))
