"""The page that says what happens, the one act, and the list of one's own choices."""

from uuid import uuid4

import pytest

from tests.clients import without_tokens
from tests.factories import (
    NOON,
    HourLogFactory,
    IntroductionFactory,
    OfferFactory,
    RelationshipFactory,
    ReplyFactory,
    SchemeFactory,
    confirm,
    tell,
)
from timebank.apart import service
from timebank.members import reads as members
from timebank.schemes import service as schemes


@pytest.fixture
def copies(sqlite_copies):
    """What the pages show does not depend on the kind of database; what is done is tested on both in test_service.py."""
    return sqlite_copies


def chosen_by(session, member):
    return [person.name for person in members.list_chosen_apart(session, member)]


@pytest.fixture
def named(session, mentor, supported):
    """Everything in which the mentor reads the other one's name: the page it stands on, and the id in it."""
    scheme = SchemeFactory(bank=mentor.bank)
    met = IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=supported.id)
    met.answer(member=mentor, yes=True, at=NOON)
    met.answer(member=supported, yes=True, at=NOON)  # what the service does besides stands in the next line
    relationship = RelationshipFactory(guide=mentor, other=supported, scheme=scheme)
    offer = OfferFactory(member=supported)
    reply = ReplyFactory(offer=OfferFactory(member=mentor), member=supported)
    log = confirm(HourLogFactory(member=mentor, partner=supported))
    session.commit()
    return {
        "people": (f"/people/{relationship.id}", relationship.id),
        "introductions": ("/introductions/", met.id),
        "offers": ("/offers/", offer.id),
        "replies": ("/offers/", reply.id),
        "hours": ("/hours/", log.id),
    }


WAYS = ("people", "introductions", "offers", "replies", "hours")


class TestChoosing:
    @pytest.mark.parametrize("way", WAYS)
    def test_is_two_steps_from_wherever_the_name_stands(self, as_, session, named, mentor, supported, way):
        page, thing_id = named[way]
        browser = as_(mentor)

        assert f'href="/apart/{way}/{thing_id}"' in browser.get(page).text
        asked = browser.get(f"/apart/{way}/{thing_id}")
        done = browser.post(f"/apart/{way}/{thing_id}")

        assert (asked.status_code, done.status_code, done.location) == (200, 303, "/")
        assert f"Not with {supported.name}?" in asked.text
        assert chosen_by(session, mentor) == [supported.name]
        assert chosen_by(session, supported) == []

    @pytest.mark.parametrize("way", WAYS)
    def test_pressed_twice_is_done_once_and_no_trouble(self, as_, session, named, mentor, supported, way):
        for _ in range(2):
            assert as_(mentor).post(f"/apart/{way}/{named[way][1]}").status_code == 303

        assert chosen_by(session, mentor) == [supported.name]

    @pytest.mark.parametrize("way", [way for way in WAYS if way != "offers"])  # those are on everybody's list
    def test_not_yours_and_not_there_answer_alike(self, as_, named, bystander, way):
        yours, there = (as_(bystander).get(f"/apart/{way}/{one}") for one in (named[way][1], uuid4()))

        assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_of_somebody_who_looks_after_others_it_says_what_it_cannot_do(self, as_, session, named, mentor, supported):
        before = as_(mentor).get(f"/apart/hours/{named['hours'][1]}").text
        schemes.make_coordinator(session, member=supported)
        after = as_(mentor).get(f"/apart/hours/{named['hours'][1]}").text

        assert ("in that work" in before, "in that work" in after) == (False, True)

    def test_needs_a_sign_in_and_a_token(self, as_, session, stranger, named, mentor):
        url = f"/apart/people/{named['people'][1]}"

        assert stranger.get(url).status_code == 303
        assert as_(mentor).post(url, token=None).status_code == 419
        assert chosen_by(session, mentor) == []


class TestTheOtherOne:
    def test_reads_nothing_of_it_and_no_name_but_in_what_happened(self, as_, named, mentor, supported):
        as_(mentor).post(f"/apart/people/{named['people'][1]}")

        theirs = [
            as_(supported).get(url).text for url in ("/", "/people/", "/introductions/", "/offers/", "/hours/new")
        ]
        assert [page for page in theirs if mentor.name in page] == []
        assert mentor.name in as_(supported).get("/hours/").text
        assert as_(supported).get(named["people"][0]).status_code == 404

    def test_is_not_on_their_own_list_by_it(self, as_, named, mentor, supported):
        as_(mentor).post(f"/apart/people/{named['people'][1]}")

        assert "Nobody" in as_(supported).get("/apart/").text
        assert mentor.name not in as_(supported).get("/apart/").text


class TestMyList:
    def test_names_whom_i_chose_and_takes_it_back(self, as_, session, mentor, supported, bystander):
        service.choose(session, member=mentor, other=supported, at=NOON)
        service.choose(session, member=bystander, other=mentor, at=NOON)

        page = as_(mentor).get("/apart/").text
        answer = as_(mentor).post("/apart/take-back", {"person": str(supported.id)})

        assert (supported.name in page, bystander.name in page) == (True, False)
        assert (answer.status_code, answer.location) == (303, "/apart/")
        assert members.kept_apart_from(session, mentor.id) == {bystander.id}

    @pytest.mark.parametrize("said", ["", "nobody", None])
    def test_who_is_not_in_the_form_gets_a_sentence(self, as_, mentor, said):
        answer = as_(mentor).post("/apart/take-back", {} if said is None else {"person": said})

        assert answer.status_code == 422
        assert "choose the person again" in answer.text

    def test_answers_alike_for_whoever_was_never_chosen(self, as_, session, mentor, supported, bystander):
        service.choose(session, member=bystander, other=mentor, at=NOON)

        answers = {
            as_(mentor).post("/apart/take-back", {"person": str(one)}).status_code
            for one in (bystander.id, supported.id, uuid4())
        }

        assert answers == {303}
        assert members.kept_apart_from(session, mentor.id) == {bystander.id}

    def test_is_reached_from_the_profile(self, as_, mentor):
        assert 'href="/apart/"' in as_(mentor).get("/profile/").text


class TestAnIntroduction:
    def test_tells_no_more_once_they_finished(self, as_, session, named, mentor, supported):
        tell(session, member=supported, criterion="interests", words=["chess"], is_shown=True)
        before = as_(mentor).get(named["introductions"][0]).text
        as_(mentor).post(f"{named['people'][0]}/end")
        after = as_(mentor).get(named["introductions"][0]).text

        assert ("chess" in before, "chess" in after) == (True, False)
        assert "have finished together since" in after

    def test_answered_yes_by_both_is_no_longer_there(self, as_, session, named, mentor, supported):
        service.choose(session, member=supported, other=mentor, at=NOON)

        for who in (mentor, supported):
            assert as_(who).get(f"/introductions/{named['introductions'][1]}").status_code == 404
