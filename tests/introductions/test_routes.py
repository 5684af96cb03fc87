"""The pages on which people answer."""

from uuid import uuid4

import pytest

from tests.clients import is_whole_page, without_tokens
from tests.factories import IntroductionFactory, PartFactory, RelationshipFactory, SchemeFactory
from timebank import clock
from timebank.introductions.models import Introduction, State
from timebank.schemes.models import Side


@pytest.fixture
def introduction(session, bank, mentor, supported):
    scheme = SchemeFactory(bank=bank, preset="fanon")
    PartFactory(member=mentor, scheme=scheme, side=Side.OFFER)
    PartFactory(member=supported, scheme=scheme, side=Side.SEEK)
    return IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=supported.id, at=clock.now())


def say(as_, member, introduction, word="accept", **more):
    return as_(member).post(f"/introductions/{introduction.id}/{word}", **more)


class TestAnswer:
    @pytest.mark.parametrize("htmx", [True, False])
    def test_yes_by_the_guide_is_thanked_for_and_names_nobody(self, as_, introduction, mentor, supported, htmx):
        answer = say(as_, mentor, introduction, htmx=htmx)

        assert answer.status_code == 200
        assert is_whole_page(answer) is not htmx
        assert "You said yes" in answer.text
        assert supported.name not in answer.text

    def test_the_other_side_sees_it_then_without_a_name(self, as_, introduction, mentor, supported):
        before = as_(supported).get("/introductions/").text
        say(as_, mentor, introduction)

        page = as_(supported).get("/introductions/").text

        assert "No introductions yet" in before
        assert "They have already said that they would like to." in page
        assert mentor.name not in page

    def test_both_yes_tells_the_names(self, as_, introduction, mentor, supported):
        say(as_, mentor, introduction)

        answer = say(as_, supported, introduction, htmx=True)

        assert "You both said yes" in answer.text
        assert mentor.name in answer.text
        assert supported.name in as_(mentor).get(f"/introductions/{introduction.id}").text
        assert mentor.name in as_(supported).get("/").text

    def test_not_this_time_needs_no_reason(self, as_, session, introduction, mentor):
        answer = say(as_, mentor, introduction, "not-this-time", htmx=True)

        assert answer.status_code == 200
        assert session.get_one(Introduction, introduction.id).state is State.NOT_THIS_TIME

    def test_a_second_answer_is_refused(self, as_, introduction, mentor):
        say(as_, mentor, introduction)

        answer = say(as_, mentor, introduction, "not-this-time", htmx=True)

        assert answer.status_code == 409
        assert "Your answer stands" in answer.text
        assert answer.headers["HX-Retarget"] == "#messages"

    def test_without_a_place_the_answer_is_not_kept(self, as_, session, introduction, mentor, bystander):
        RelationshipFactory(guide=mentor, other=bystander, scheme=introduction.scheme)

        answer = say(as_, mentor, introduction)

        assert answer.status_code == 409
        assert "You have no free place" in answer.text
        assert session.get_one(Introduction, introduction.id).guide_said_yes is None


class TestAccess:
    def test_not_yours_not_yet_yours_and_not_there_answer_alike(self, as_, introduction, bystander, supported):
        for member in (bystander, supported):
            yours, there = (as_(member).get(f"/introductions/{one}") for one in (introduction.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))
            for word in ("accept", "not-this-time"):
                yours, there = (as_(member).post(f"/introductions/{one}/{word}") for one in (introduction.id, uuid4()))
                assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, introduction):
        for url in ("/introductions/", f"/introductions/{introduction.id}"):
            assert stranger.get(url).status_code == 303
            assert "HX-Redirect" in stranger.get(url, htmx=True).headers
        for word in ("accept", "not-this-time"):
            assert stranger.post(f"/introductions/{introduction.id}/{word}").location == "/sign-in/"

    def test_without_a_token_nothing_is_answered(self, as_, session, introduction, mentor):
        statuses = {
            say(as_, mentor, introduction, word, token=None).status_code for word in ("accept", "not-this-time")
        }

        assert statuses == {419}
        assert session.get_one(Introduction, introduction.id).guide_said_yes is None

    @pytest.mark.parametrize("htmx", [True, False])
    def test_the_card_is_part_of_the_page(self, as_, introduction, mentor, htmx):
        answer = as_(mentor).get(f"/introductions/{introduction.id}", htmx=htmx)

        assert is_whole_page(answer) is not htmx
        assert f'id="introduction-{introduction.id}"' in answer.text
