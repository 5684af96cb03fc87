"""Explanations: true, shared, without numbers, the same in both of two worlds, and kind when there is nobody yet."""

import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matching import Scheme, run_round
from matching.explain import (
    Unmatched,
    pair_for_staff,
    reasons_for,
    say,
    say_all,
    unmatched_for_person,
    unmatched_for_staff,
)
from matching.people import EVERYDAY
from tests.matching.pools import IDENTITIES, ON, SCHEMES, made_of, pools, someone

EVERYTHING = replace(
    SCHEMES["one-way"],
    weights=dict.fromkeys(SCHEMES["one-way"].weights, 1),
    hard=replace(SCHEMES["one-way"].hard, areas=True, modes=True),
)
ANSWERS = (
    "languages",
    "modes",
    "areas",
    "times",
    "goals",
    "looking_for",
    "experiences",
    "interests",
    "skills",
    "wants",
)


def reasons(one, other, scheme=EVERYTHING):
    return reasons_for(one.answers, other.answers, scheme)


def hidden_answers(person):
    """The columns that this person does not show to partners."""
    shown = set(person.share) if person.share else EVERYDAY
    return [column for column in (*ANSWERS, "stage", "roles") if column not in shown] + (
        ["born"] if "age" not in shown else []
    )


class TestTwoWorlds:
    @given(st.integers(0, 2**32), st.booleans())
    def test_changing_an_unshown_answer_changes_no_byte_of_the_reasons(self, seed, first_changes):
        rng = random.Random(seed)
        here, there, another = (made_of(rng, number, []) for number in range(3))
        changed = here if first_changes else there
        hidden = hidden_answers(changed)
        assume(hidden)
        elsewhere = replace(changed, **{column: getattr(another, column) for column in hidden})

        pair = (here, there)
        world = (elsewhere, there) if first_changes else (here, elsewhere)

        for scheme in (EVERYTHING, *SCHEMES.values()):
            for to in ("one", "other", "both"):
                before = say_all(reasons(*pair, scheme), to=to).encode()
                assert before == say_all(reasons(*world, scheme), to=to).encode()

    @given(st.integers(0, 2**32))
    def test_changing_unshown_identities_musts_or_what_matters_changes_no_byte_either(self, seed):
        rng = random.Random(seed)
        here, there = made_of(rng, 0, []), made_of(rng, 1, [])
        here = replace(
            here, share=tuple(name for name in (*here.share, "goals") if name not in {"identities", "faith"})
        )
        kept = tuple(text for text in here.identities if text.startswith("gender") and "gender" in here.share)
        others = tuple(text for text in IDENTITIES if not text.startswith("gender"))
        elsewhere = replace(
            here,
            identities=(*kept, *rng.sample(others, 2)),
            musts=("same faith",),
            importance={"goals": 5, "age": 0},
            not_with=("x",),
        )
        here = replace(here, identities=(*kept, *rng.sample(others, 1)))

        assert reasons(here, there) == reasons(elsewhere, there)
        assert reasons(there, here) == reasons(there, elsewhere)

    @given(pools(most=6), st.sampled_from(sorted(SCHEMES)))
    def test_what_a_person_without_a_partner_reads_depends_on_nobody_elses_answers(self, people, name):
        scheme = SCHEMES[name]
        for left in run_round(people, scheme, on=ON).unmatched:
            person = next(person for person in people if person.id == left.id)
            told = {
                unmatched_for_person(Unmatched(left.id, code, left.side, kinds), person, scheme)
                for code, kinds in (("no-fit", ("must",)), ("others-first", ()), ("nobody-yet", ()))
            }

            assert len(told) == 1


class TestReasons:
    def test_each_reads_their_own_words(self):
        one = someone("a", goals=("Go back to COLLEGE",))
        other = someone("b", goals=("go back to college", "rest"))

        reason = reasons(one, other)[0]

        assert say(reason, to="one") == "You both hope for: Go back to COLLEGE"
        assert say(reason, to="other") == "You both hope for: go back to college"
        assert say(reason, to="both") == "Both hope for: Go back to COLLEGE"

    def test_every_criterion_has_its_sentence(self):
        shown = ("times", "modes", "languages", "areas", "experiences", "faith", "age", "interests", "looking_for")
        answers = {
            "languages": ("Somali",),
            "times": ("mon-eve",),
            "areas": ("Brent",),
            "modes": ("in-person",),
            "looking_for": ("company",),
            "interests": ("chess",),
            "experiences": ("grief",),
            "identities": ("faith:Sikh", "gender:man"),
            "born": 1980,
            "share": shown,
        }

        assert [say(reason, to="one") for reason in reasons(someone("a", **answers), someone("b", **answers))] == [
            "You both speak or sign Somali",
            "You both have time on Monday evening",
            "You both can be in Brent",
            "You both are happy to meet in person",
            "You both are looking for: company",
            "You both like: chess",
            "You both know this from the inside: grief",
            "You both are close in age",
            "You both share faith: Sikh",
        ]

    def test_times_are_told_in_the_order_of_the_week_to_both_alike(self):
        times = ("sun-eve", "fri-aft", "mon-eve", "fri-morn", "tue-morn", "mon-morn")
        one, other = someone("a", times=times), someone("b", times=tuple(reversed(times)))

        reason = reasons(one, other)[0]

        assert say(reason, to="one") == say(reason, to="other")
        assert say(reason, to="one") == (
            "You both have time on Monday morning, Monday evening, Tuesday morning, "
            "Friday morning, Friday afternoon, Sunday evening"
        )

    def test_in_one_line_only_the_first_reason_begins_with_a_capital_letter(self):
        one = someone("a", goals=("Rest",), interests=("Chess",), wants=("Forms",))
        other = someone("b", goals=("rest",), interests=("chess",), skills=("forms",))

        told = [say_all(reasons(one, other), to=to) for to in ("both", "one", "other")]

        assert told == [
            "Both hope for: Rest; both like: Chess; one can help the other with: Forms",
            "You both hope for: Rest; you both like: Chess; they can help you with: Forms",
            "You both hope for: rest; you both like: chess; you can help them with: forms",
        ]

    def test_help_wanted_and_offered_is_told_from_each_side(self):
        wants, can = someone("a", wants=("Forms",)), someone("b", skills=("forms",))

        reason = reasons(wants, can)[0]
        mirrored = reasons(can, wants, replace(EVERYTHING, shape="symmetric"))[0]

        assert say(reason, to="one") == say(mirrored, to="other") == "They can help you with: Forms"
        assert say(reason, to="other") == say(mirrored, to="one") == "You can help them with: forms"
        assert say(reason, to="both") == "One can help the other with: Forms"
        assert reasons(replace(wants, share=("goals",)), can) == ()

    def test_what_only_one_shows_or_one_set_aside_is_not_said(self):
        shown = someone("a", identities=("faith:Sikh",), goals=("rest",), share=("identities", "goals"))

        assert reasons(shown, someone("b", identities=("faith:Sikh",))) == ()
        assert reasons(shown, someone("b", identities=("faith:Sikh",), share=("identities",), unused=("faith",))) == ()
        assert reasons(shown, someone("b", goals=("rest",), unused=("goals",))) == ()

    def test_what_the_scheme_does_not_ask_about_is_not_said(self):
        one = someone("a", goals=("rest",), interests=("chess",), born=1980)

        assert reasons(one, one, Scheme(name="t", title="T")) == ()

    @given(pools(), st.sampled_from(sorted(SCHEMES)))
    def test_reasons_carry_no_numbers(self, people, name):
        for made in run_round(people, SCHEMES[name], on=ON).pairs:
            assert not any(letter.isdigit() for letter in say_all(made.reasons, to="both"))

    def test_nothing_shown_in_common_still_gives_a_plain_sentence(self):
        assert say_all((), to="both") == "Both can take part and nothing keeps them apart"
        assert say_all((), to="one") == "You can both take part"


class TestStaff:
    def test_an_agreement_that_is_not_shown_is_told_as_a_private_item(self):
        one = someone("a", identities=("faith:Sikh",), goals=("rest",))

        told = pair_for_staff(one.answers, replace(one, id="b").answers, SCHEMES["one-way"])

        assert told == "Both hope for: rest; a private item agreed"
        assert "Sikh" not in told

    def test_nothing_private_is_claimed_where_all_that_agrees_is_shown(self):
        one = someone("a", goals=("rest",), wants=("forms",), skills=("forms",), share=("goals", "wants", "skills"))

        told = pair_for_staff(one.answers, replace(one, id="b").answers, SCHEMES["one-way"])

        assert told == "Both hope for: rest; one can help the other with: forms"

    def test_the_kinds_of_rule_that_left_nobody_are_named_without_anybodys_answer(self):
        people = [
            someone("a", side="seek", languages=("Somali",)),
            someone("b", side="offer", languages=("Polish",)),
            someone("c", side="offer", not_with=("a",)),
        ]

        left = run_round(people, SCHEMES["one-way"], on=ON).unmatched[0]

        assert unmatched_for_staff(left, SCHEMES["one-way"]) == (
            "Nobody is left once the rules are kept: a private item, language. "
            "With language alone set aside there would be 1."
        )


CODES = ("no-room", "not-yet", "no-side", "not-paired-here", "nobody-yet", "no-fit", "others-first")


class TestNobodyYet:
    @pytest.mark.parametrize("code", CODES)
    @pytest.mark.parametrize("scheme", [Scheme.named(name) for name in Scheme.names()], ids=Scheme.names())
    def test_it_is_kind_names_nothing_to_drop_and_counts_nothing(self, code, scheme):
        person = someone(times=("mon-eve",), areas=("Brent",), identities=("faith:Sikh",), musts=("gender:woman",))

        told = unmatched_for_person(Unmatched("ana", code, "seek", ("must",)), person, scheme)

        never = (
            "gender",
            "faith",
            "religion",
            "access",
            "not with",
            "not-with",
            "letter",
            "phone",
            "online",
            "in person",
        )
        assert not any(word in told.lower() for word in never)
        assert not any(letter.isdigit() for letter in told)
        assert not any(
            word in told.lower() for word in ("reject", "fail", "peer", "mentor", "recovery", "sikh", "woman")
        )
        assert unmatched_for_staff(Unmatched("ana", code, "", ("must",)), scheme)

    def test_groups_and_waiting_come_first_and_adding_after(self):
        told = unmatched_for_person(Unmatched("ana", "no-fit", "seek"), someone(times=("mon-eve",)), SCHEMES["one-way"])

        assert told.index("Groups") < told.index("waited") < told.index("times to add")

    def test_someone_who_offers_is_told_about_supporting(self):
        told = unmatched_for_person(Unmatched("ana", "others-first", "offer"), someone(), SCHEMES["one-way"])

        assert "for you to support" in told

    def test_waiting_is_promised_to_count_only_where_it_does(self):
        told = unmatched_for_person(Unmatched("ana", "no-fit"), someone(), Scheme(name="t", title="T"))

        assert "waited counts" not in told
