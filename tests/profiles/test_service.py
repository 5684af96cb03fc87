"""A profile, one step at a time; and whatever the form takes, the engine can read."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, ValidationError

from matching import Person
from tests.factories import NOON
from timebank.consents.reads import may
from timebank.matches.facts import LISTS
from timebank.profiles import reads, service
from timebank.profiles.criteria import QUESTIONS, STEPS, find_step, step_after
from timebank.profiles.schemas import step_schema

YOUNGEST = reads.youngest_year(date(2026, 3, 1))


def load(step, **typed):
    return step_schema(step, youngest_year=YOUNGEST).load(typed, unknown=EXCLUDE)


def save(session, member, name, **typed):
    step = find_step(name)
    service.save_step(session, member=member, step=step, values=load(step, **typed), at=NOON)
    return reads.answers_of(session, member.id)


def agreed(session, member, criterion):
    """Whether it may be used, and whether it may be shown."""
    return tuple(may(session, member_id=member.id, purpose=one, criterion=criterion) for one in ("use", "show"))


class TestSaveStep:
    def test_keeps_what_was_said_about_each_answer(self, session, giver):
        answers = save(
            session,
            giver,
            "share",
            skills="cooking\nchess",
            skills_shown="yes",
            skills_importance="5",
        )

        assert answers["skills"].words == ["cooking", "chess"]
        assert answers["skills"].importance == 5
        assert agreed(session, giver, "skills") == (True, True)
        assert set(answers) == {"skills"}

    def test_leaves_other_steps_alone(self, session, giver):
        save(session, giver, "share", skills="cooking")

        answers = save(session, giver, "goals", goals="get out more")

        assert set(answers) == {"skills", "goals"}

    def test_leaves_other_people_alone(self, session, giver, receiver):
        save(session, receiver, "share", skills="cooking")

        save(session, giver, "share", skills="chess")

        assert reads.answers_of(session, receiver.id)["skills"].words == ["cooking"]

    def test_again_replaces_it(self, session, giver):
        save(session, giver, "share", skills="cooking", skills_shown="yes")

        answers = save(session, giver, "share", skills="chess")

        assert answers["skills"].words == ["chess"]
        assert agreed(session, giver, "skills") == (True, False)

    @pytest.mark.parametrize("emptied", ["", "  \n ; "])
    def test_an_emptied_answer_is_forgotten_with_all_that_was_said_about_it(self, session, giver, emptied):
        save(session, giver, "share", skills="cooking", skills_shown="yes", skills_importance="5")

        answers = save(session, giver, "share", skills=emptied)

        assert answers == {}

    def test_an_emptied_list_of_boxes_is_forgotten(self, session, giver):
        save(session, giver, "meeting", modes=["phone"])

        assert save(session, giver, "meeting") == {}

    @pytest.mark.parametrize(("step", "typed"), [("experience", "moved country"), ("identity", "faith: Muslim")])
    def test_sensitive_answers_are_neither_used_nor_shown_unless_said(self, session, giver, step, typed):
        (criterion,) = (question.criterion for question in find_step(step).questions)

        answers = save(session, giver, step, **{criterion: typed})

        assert answers[criterion].words
        assert agreed(session, giver, criterion) == (False, False)


class TestSteps:
    def test_follow_each_other_and_end(self):
        assert [step_after(step) for step in STEPS] == [*STEPS[1:], None]

    def test_what_is_sensitive_is_asked_on_its_own_page(self):
        sensitive = {question.criterion for question in QUESTIONS.values() if question.is_sensitive}

        assert sensitive == {"experiences", "identities", "musts"}
        assert all(len(step.questions) == 1 for step in STEPS if any(one.is_sensitive for one in step.questions))

    def test_an_unknown_step_is_none(self):
        assert find_step("secrets") is None


class TestSchemas:
    @pytest.mark.parametrize(
        ("typed", "year"), [("1978", ["1978"]), (" 1978 ", ["1978"]), ("", []), ("1900", ["1900"])]
    )
    def test_a_year_is_read(self, typed, year):
        assert load(find_step("age"), born=typed)["born"] == year

    @pytest.mark.parametrize("typed", ["1899", str(YOUNGEST + 1), "78", "nineteen", "19.78", "-1978", "9" * 40])
    def test_a_year_that_cannot_be_is_refused(self, typed):
        with pytest.raises(ValidationError):
            load(find_step("age"), born=typed)

    def test_a_year_of_five_thousand_digits_is_refused(self):
        with pytest.raises(ValidationError):
            load(find_step("age"), born="9" * 5000)

    def test_lines_are_tidied_and_repeats_dropped(self):
        assert load(find_step("share"), skills=" chess \n\nchess; cooking  well\r\n")["skills"] == [
            "chess",
            "cooking well",
        ]

    @pytest.mark.parametrize("typed", ["\n".join(f"word {n}" for n in range(21)), "x" * 81])
    def test_too_much_is_refused(self, typed):
        with pytest.raises(ValidationError):
            load(find_step("share"), skills=typed)

    def test_whether_musts_count_is_never_left_open(self):
        with pytest.raises(ValidationError) as refused:
            load(find_step("musts"), musts="older")

        assert list(refused.value.normalized_messages()) == ["musts_used"]

    @pytest.mark.parametrize("typed", ["Muslim", ": Muslim", "faith:", "faith"])
    def test_an_identity_needs_its_kind(self, typed):
        with pytest.raises(ValidationError):
            load(find_step("identity"), identities=typed)

    @pytest.mark.parametrize("typed", ["women only", "older than me", "same", "different", ":woman", "gender:"])
    def test_a_must_nobody_can_read_is_refused(self, typed):
        with pytest.raises(ValidationError):
            load(find_step("musts"), musts=typed)

    @pytest.mark.parametrize("typed", ["yes please", "99", "2"])
    def test_an_importance_that_is_not_on_the_list_is_refused(self, typed):
        with pytest.raises(ValidationError):
            load(find_step("share"), skills="chess", skills_importance=typed)


def read_by_the_engine(criterion, words):
    """As the round would: it raises when the engine cannot read what the profile took."""
    return Person(id="one", **{criterion: tuple(words)})


class TestTheEngineReadsWhatTheProfileTakes:
    """What one member writes must never stop a round for everybody."""

    @pytest.mark.parametrize(
        "typed", ["faith: Muslim", "community:Somali", "language: Polish", "age: 40", "roles: mentor", "Mode: phone"]
    )
    def test_identities(self, typed):
        try:
            words = load(find_step("identity"), identities=typed)["identities"]
        except ValidationError:
            return

        assert read_by_the_engine("identities", words)

    @pytest.mark.parametrize(
        "typed",
        ["older", "SAME faith", "same age", "different times", "age: 40", "gender: woman", "same x:y", "same: x",
         "different language", "goals: work", "Same  Area"],
    )  # fmt: skip
    def test_musts(self, typed):
        try:
            words = load(find_step("musts"), musts=typed, musts_used="yes")["musts"]
        except ValidationError:
            return

        assert read_by_the_engine("musts", words)

    @given(
        criterion=st.sampled_from([one for one in LISTS if one not in {"modes", "times"}]),
        typed=st.text(alphabet=st.characters(codec="utf-8"), max_size=60),
    )
    def test_anything_else(self, criterion, typed):
        step = next(step for step in STEPS if any(one.criterion == criterion for one in step.questions))
        try:
            words = load(step, **{criterion: typed, f"{criterion}_used": "yes"})[criterion]
        except ValidationError:
            return

        assert read_by_the_engine(criterion, words)
