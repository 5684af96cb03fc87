"""The pages about people one knows, or knew: finishing together."""

from uuid import uuid4

import pytest

from tests.clients import without_tokens
from tests.factories import NOON, RelationshipFactory, SchemeFactory
from timebank.apart import service as apart
from timebank.members.models import Member
from timebank.record import service as record
from timebank.relationships.models import Relationship


@pytest.fixture
def together(session, mentor, supported):
    return RelationshipFactory(guide=mentor, other=supported, scheme=SchemeFactory(bank=mentor.bank))


def end_by(why, session, *people):
    mentor, supported = (session.get_one(Member, person.id) for person in people)
    if why == "left":
        record.leave(session, member=supported, keeps_hours=True, at=NOON)
    else:
        one, other = (mentor, supported) if why == "chose" else (supported, mentor)
        apart.choose(session, member=one, other=other, at=NOON)


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


class TestPeople:
    def test_those_one_knows_and_those_one_knew(self, as_, together, mentor, supported, bystander):
        RelationshipFactory(guide=bystander, other=mentor)
        as_(mentor).post(f"/people/{together.id}/end")

        page = as_(mentor).get("/people/").text

        known, knew = page.split("People you knew here before")
        assert (bystander.name in known, supported.name in known) == (True, False)
        assert (bystander.name in knew, supported.name in knew) == (False, True)

    def test_each_once_and_by_what_is_now(self, as_, together, mentor, supported):
        as_(mentor).post(f"/people/{together.id}/end")
        RelationshipFactory(guide=supported, other=mentor)

        page = as_(mentor).get("/people/").text

        assert page.count(supported.name) == 1
        assert "People you knew here before" not in page

    @pytest.mark.parametrize("why", ["chose", "was chosen", "left"])
    def test_whoever_is_gone_from_me_is_not_there(self, as_, session, together, mentor, supported, why):
        as_(mentor).post(f"/people/{together.id}/end")
        end_by(why, session, mentor, supported)

        assert supported.name not in as_(mentor).get("/people/").text
        assert as_(mentor).get(f"/people/{together.id}").status_code == 404


class TestAccess:
    def test_not_yours_and_not_there_answer_alike(self, as_, together, bystander, coordinator):
        for member in (bystander, coordinator):
            yours, there = (as_(member).get(f"/people/{one}") for one in (together.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))
            yours, there = (as_(member).post(f"/people/{one}/end") for one in (together.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, together):
        assert stranger.get(f"/people/{together.id}").status_code == 303
        assert stranger.post(f"/people/{together.id}/end").location == "/sign-in/"

    def test_without_a_token_nothing_ends(self, as_, session, together, mentor):
        answer = as_(mentor).post(f"/people/{together.id}/end", token=None)

        assert answer.status_code == 419
        assert session.get_one(Relationship, together.id).ended_at is None
