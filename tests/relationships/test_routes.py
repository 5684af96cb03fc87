"""The page about somebody one knows: finishing together, and "not with this person"."""

from uuid import uuid4

import pytest

from tests.clients import without_tokens
from tests.factories import HourLogFactory, RelationshipFactory, SchemeFactory, confirm
from timebank.members import reads as members
from timebank.relationships import reads
from timebank.relationships.models import Relationship


@pytest.fixture
def together(session, mentor, supported):
    return RelationshipFactory(guide=mentor, other=supported, scheme=SchemeFactory(bank=mentor.bank))


class TestEnd:
    @pytest.mark.parametrize("who", ["mentor", "supported"])
    def test_by_either_side(self, as_, session, together, request, who):
        answer = as_(request.getfixturevalue(who)).post(f"/people/{together.id}/end")

        assert (answer.status_code, answer.location) == (303, "/")
        assert session.get_one(Relationship, together.id).ended_at is not None

    def test_twice_is_refused_with_a_sentence(self, as_, together, mentor):
        as_(mentor).post(f"/people/{together.id}/end")

        answer = as_(mentor).post(f"/people/{together.id}/end", htmx=True)

        assert answer.status_code == 409
        assert "already come to its end" in answer.text
        assert answer.headers["HX-Retarget"] == "#messages"


class TestNotWith:
    @pytest.mark.parametrize("who", ["mentor", "supported"])
    def test_ends_it_and_the_other_is_told_nothing(self, as_, session, together, mentor, supported, who):
        one, other = (mentor, supported) if who == "mentor" else (supported, mentor)
        confirm(HourLogFactory(member=mentor, partner=supported))

        answer = as_(one).post(f"/people/{together.id}/not-with")

        assert answer.status_code == 303
        assert members.are_kept_apart(session, mentor.id, supported.id)
        assert reads.list_live(session, other.id) == []
        theirs = as_(other).get("/").text + as_(other).get("/hours/new").text
        assert one.name not in theirs
        assert "not with" not in theirs.lower()

    def test_the_other_one_reads_only_that_it_ended(self, as_, together, mentor, supported):
        as_(supported).post(f"/people/{together.id}/not-with")
        kept_apart = as_(mentor).get(f"/people/{together.id}").text

        assert "You finished together on" in kept_apart

    def test_ends_everything_the_two_have(self, as_, session, together, mentor, supported):
        RelationshipFactory(guide=supported, other=mentor, scheme=SchemeFactory(bank=mentor.bank))
        RelationshipFactory(guide=supported, other=mentor)

        as_(supported).post(f"/people/{together.id}/not-with")

        assert reads.list_live(session, supported.id) == []

    def test_may_be_said_after_it_ended(self, as_, session, together, mentor, supported):
        as_(mentor).post(f"/people/{together.id}/end")

        answer = as_(supported).post(f"/people/{together.id}/not-with")

        assert answer.status_code == 303
        assert members.are_kept_apart(session, mentor.id, supported.id)


class TestAccess:
    def test_not_yours_and_not_there_answer_alike(self, as_, together, bystander, coordinator):
        for member in (bystander, coordinator):
            yours, there = (as_(member).get(f"/people/{one}") for one in (together.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))
            for act in ("end", "not-with"):
                yours, there = (as_(member).post(f"/people/{one}/{act}") for one in (together.id, uuid4()))
                assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, together):
        assert stranger.get(f"/people/{together.id}").status_code == 303
        assert stranger.post(f"/people/{together.id}/end").location == "/sign-in/"
        assert stranger.post(f"/people/{together.id}/not-with", htmx=True).headers["HX-Redirect"] == "/sign-in/"

    def test_without_a_token_nothing_ends(self, as_, session, together, mentor):
        statuses = {
            as_(mentor).post(f"/people/{together.id}/{act}", token=None).status_code for act in ("end", "not-with")
        }

        assert statuses == {419}
        assert session.get_one(Relationship, together.id).ended_at is None
