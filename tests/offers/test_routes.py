"""The plain list of offers and asks."""

from uuid import uuid4

import pytest

from tests.clients import without_tokens
from tests.factories import OfferFactory, ReplyFactory
from timebank.members import service as members
from timebank.offers.models import Offer, Reply
from timebank.relationships import reads as relationships


@pytest.fixture
def offer(session, giver):
    return OfferFactory(member=giver, title="Help with a form")


@pytest.fixture
def reply(offer, receiver):
    return ReplyFactory(offer=offer, member=receiver, words="on Monday?")


def filled_in(**other):
    return {"offer_id": str(uuid4()), "kind": "ask", "title": "A lift to town", "words": "on Fridays"} | other


UNREADABLE = (
    ({"kind": ""}, "Please choose one."),
    ({"kind": "sale"}, "Please choose one."),
    ({"title": "hi"}, "Please say in 3 to 100 letters what it is."),
    ({"title": "x" * 101}, "Please say in 3 to 100 letters what it is."),
    ({"words": "x" * 2001}, "Please use at most 2000 letters."),
    ({"offer_id": "one"}, "Not a valid UUID."),
)


class TestPost:
    def test_stands_on_everybodys_list(self, as_, giver, receiver):
        answer = as_(giver).post("/offers/", filled_in())

        assert (answer.status_code, answer.location) == (303, "/offers/")
        assert "A lift to town" in as_(receiver).get("/offers/").text

    def test_sent_twice_is_one(self, as_, giver):
        form = filled_in()

        statuses = [as_(giver).post("/offers/", form).status_code for _ in range(2)]

        assert statuses == [303, 303]
        assert as_(giver).get("/offers/").text.count('<h3 class="card-title">A lift to town') == 1

    def test_an_id_that_somebody_else_took_does_not_break_the_page(self, as_, offer, receiver):
        answer = as_(receiver).post("/offers/", filled_in(offer_id=str(offer.id)))

        assert answer.status_code in {303, 404, 409, 422}

    def test_what_cannot_be_read_comes_back_as_it_was_typed(self, as_, giver):
        browser = as_(giver)

        for other, sentence in UNREADABLE:
            form = filled_in(**other)
            answer = browser.post("/offers/", form)
            assert (answer.status_code, sentence in answer.text) == (422, True), other
            assert form["words"] in answer.text
            assert form["title"] in answer.text

    @pytest.mark.parametrize("field", ["title", "words"])
    def test_a_nul_byte_does_not_break_the_page(self, as_, giver, field):
        answer = as_(giver).post("/offers/", filled_in(**{field: "lift \x00 lift"}))

        assert answer.status_code in {303, 422}


class TestReply:
    def test_waits_for_whoever_posted_it(self, as_, offer, giver, receiver):
        answer = as_(receiver).post(f"/offers/{offer.id}/reply", {"words": "on Monday?"})

        assert answer.status_code == 303
        assert "on Monday?" in as_(giver).get("/").text
        assert "you replied" in as_(receiver).get("/offers/").text

    def test_twice_is_refused(self, as_, reply, receiver):
        answer = as_(receiver).post(f"/offers/{reply.offer_id}/reply", {"words": "again"}, htmx=True)

        assert answer.status_code == 409
        assert answer.headers["HX-Retarget"] == "#messages"

    def test_too_many_words_come_back(self, as_, offer, receiver):
        answer = as_(receiver).post(f"/offers/{offer.id}/reply", {"words": "x" * 501})

        assert answer.status_code == 422
        assert "x" * 501 in answer.text


class TestAnswer:
    def test_a_yes_makes_them_known(self, as_, session, reply, giver, receiver):
        answer = as_(giver).post(f"/offers/replies/{reply.id}/accept")

        assert answer.status_code == 303
        assert giver.name in as_(receiver).get("/").text
        assert len(relationships.list_live(session, receiver.id)) == 1

    def test_a_no_is_not_told(self, as_, session, reply, giver, receiver):
        as_(giver).post(f"/offers/replies/{reply.id}/not-this-time")

        page = as_(receiver).get("/offers/").text

        assert "not this time" not in page.lower()
        assert relationships.list_live(session, receiver.id) == []

    def test_twice_is_refused(self, as_, reply, giver):
        as_(giver).post(f"/offers/replies/{reply.id}/accept")

        assert as_(giver).post(f"/offers/replies/{reply.id}/not-this-time").status_code == 409


class TestClose:
    def test_takes_it_off(self, as_, session, offer, giver, receiver):
        answer = as_(giver).post(f"/offers/{offer.id}/close")

        assert answer.status_code == 303
        assert "Help with a form" not in as_(receiver).get("/offers/").text


class TestAccess:
    def test_not_yours_and_not_there_answer_alike(self, as_, session, offer, reply, receiver, bystander, giver):
        for url, real in (
            ("/offers/{}/close", offer.id),
            ("/offers/replies/{}/accept", reply.id),
            ("/offers/replies/{}/not-this-time", reply.id),
        ):
            yours, there = (as_(receiver).post(url.format(one)) for one in (real, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))
        assert session.get_one(Reply, reply.id).said_yes is None
        assert session.get_one(Offer, offer.id).closed_at is None

    def test_kept_apart_and_not_there_answer_alike(self, as_, session, offer, giver, bystander):
        members.keep_apart(session, member=giver, other=bystander, at=offer.posted_at)

        for method in ("get", "post"):
            yours, there = (getattr(as_(bystander), method)(f"/offers/{one}/reply") for one in (offer.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, offer, reply):
        for url in ("/offers/", "/offers/new", f"/offers/{offer.id}/reply"):
            assert stranger.get(url).status_code == 303
        for url in (
            "/offers/",
            f"/offers/{offer.id}/reply",
            f"/offers/{offer.id}/close",
            f"/offers/replies/{reply.id}/accept",
        ):
            assert stranger.post(url).location == "/sign-in/"
            assert stranger.post(url, htmx=True).headers["HX-Redirect"] == "/sign-in/"

    def test_without_a_token_nothing_is_done(self, as_, session, offer, reply, giver, bystander):
        answers = [
            as_(giver).post("/offers/", filled_in(), token=None),
            as_(bystander).post(f"/offers/{offer.id}/reply", {"words": ""}, token=None),
            as_(giver).post(f"/offers/{offer.id}/close", token=None),
            as_(giver).post(f"/offers/replies/{reply.id}/accept", token=None),
        ]

        assert [answer.status_code for answer in answers] == [419] * 4
        assert session.get_one(Offer, offer.id).closed_at is None
