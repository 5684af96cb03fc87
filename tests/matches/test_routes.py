"""A coordinator's rounds in the browser."""

from uuid import uuid4

import pytest

from tests.clients import is_whole_page, without_tokens
from tests.factories import DAY, NOON, PartFactory, SchemeFactory
from timebank.matches import service
from timebank.matches.models import Proposal, Round, RoundState
from timebank.schemes import service as schemes
from timebank.schemes.models import Side


@pytest.fixture
def scheme(bank, mentor, supported):
    scheme = SchemeFactory(bank=bank, preset="open")
    alike = scheme.is_symmetric
    PartFactory(member=mentor, scheme=scheme, side=Side.BOTH if alike else Side.OFFER)
    PartFactory(member=supported, scheme=scheme, side=Side.BOTH if alike else Side.SEEK)
    return scheme


@pytest.fixture
def tried(session, scheme, coordinator):
    return service.try_round(session, scheme_id=scheme.id, coordinator=coordinator, on=DAY, at=NOON, seed=1)


@pytest.fixture
def proposal(tried):
    return tried.proposals[0]


class TestRound:
    def test_is_tried_looked_over_sent_and_called_back(self, as_, session, scheme, coordinator, mentor, supported):
        tried = as_(coordinator).post(f"/rounds/try/{scheme.id}")
        page = as_(coordinator).get(tried.location).text
        sent = as_(coordinator).post(f"{tried.location}/send")
        asked = as_(mentor).get("/introductions/").text + as_(supported).get("/introductions/").text
        back = as_(coordinator).post(f"{tried.location}/call-back")

        assert (tried.status_code, sent.status_code, back.status_code) == (303, 303, 303)
        assert "nothing is sent" in page
        assert mentor.name in page
        assert "Yes, I would like to" in asked
        assert "Yes, I would like to" not in as_(mentor).get("/introductions/").text

    def test_is_sent_once(self, as_, tried, coordinator):
        as_(coordinator).post(f"/rounds/{tried.id}/send")

        answer = as_(coordinator).post(f"/rounds/{tried.id}/send", htmx=True)

        assert answer.status_code == 409
        assert "already been sent" in answer.text
        assert answer.headers["HX-Retarget"] == "#messages"

    def test_that_is_out_of_date_is_not_sent_and_stays_as_it_was(self, as_, session, tried, coordinator, mentor):
        schemes.step_back(session, member=mentor, scheme_id=tried.scheme_id)

        answer = as_(coordinator).post(f"/rounds/{tried.id}/send")

        assert answer.status_code == 409
        assert "Please try a new round" in answer.text
        assert session.get_one(Round, tried.id).state is RoundState.TRIED


class TestSetAside:
    @pytest.mark.parametrize("htmx", [True, False])
    def test_with_a_note_and_back(self, as_, session, proposal, coordinator, htmx):
        answer = as_(coordinator).post(f"/rounds/proposals/{proposal.id}/set-aside", {"note": "cousins"}, htmx=htmx)
        again = as_(coordinator).post(f"/rounds/proposals/{proposal.id}/take-up-again", htmx=htmx)

        assert (answer.status_code, again.status_code) == (200, 200)
        assert is_whole_page(answer) is not htmx
        assert "cousins" in answer.text
        assert not session.get_one(Proposal, proposal.id).is_set_aside

    @pytest.mark.parametrize("note", ["", "  ", "x" * 501])
    def test_a_note_is_asked_for(self, as_, session, proposal, coordinator, note):
        answer = as_(coordinator).post(f"/rounds/proposals/{proposal.id}/set-aside", {"note": note}, htmx=True)

        assert answer.status_code == 422
        assert not is_whole_page(answer)
        assert "Please note in a few words why" in answer.text
        assert note in answer.text
        assert not session.get_one(Proposal, proposal.id).is_set_aside

    def test_a_nul_byte_does_not_break_the_page(self, as_, proposal, coordinator):
        answer = as_(coordinator).post(f"/rounds/proposals/{proposal.id}/set-aside", {"note": "a \x00 note"})

        assert answer.status_code in {200, 422}


class TestAccess:
    @pytest.mark.parametrize("who", ["mentor", "elsewhere", "another scheme"])
    def test_for_everybody_else_it_is_not_there(self, as_, session, tried, proposal, mentor, outsider, bystander, who):
        schemes.make_coordinator(session, member=outsider)
        schemes.make_coordinator(session, member=bystander, scheme=SchemeFactory(bank=mentor.bank))
        browser = as_({"mentor": mentor, "elsewhere": outsider, "another scheme": bystander}[who])

        yours, there = (browser.get(f"/rounds/{one}") for one in (tried.id, uuid4()))
        assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))
        for url, real in (
            ("/rounds/try/{}", tried.scheme_id),
            ("/rounds/{}/send", tried.id),
            ("/rounds/{}/call-back", tried.id),
            ("/rounds/proposals/{}/set-aside", proposal.id),
            ("/rounds/proposals/{}/take-up-again", proposal.id),
        ):
            yours, there = (browser.post(url.format(one), {"note": "hm"}) for one in (real, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, tried, proposal):
        assert stranger.get(f"/rounds/{tried.id}").status_code == 303
        for url in (
            f"/rounds/try/{tried.scheme_id}",
            f"/rounds/{tried.id}/send",
            f"/rounds/proposals/{proposal.id}/set-aside",
        ):
            assert stranger.post(url).location == "/sign-in/"
            assert stranger.post(url, htmx=True).headers["HX-Redirect"] == "/sign-in/"

    def test_without_a_token_nothing_is_done(self, as_, session, tried, proposal, coordinator):
        statuses = {
            as_(coordinator).post(url, {"note": "hm"}, token=None).status_code
            for url in (
                f"/rounds/try/{tried.scheme_id}",
                f"/rounds/{tried.id}/send",
                f"/rounds/{tried.id}/call-back",
                f"/rounds/proposals/{proposal.id}/set-aside",
            )
        }

        assert statuses == {419}
        assert session.get_one(Round, tried.id).state is RoundState.TRIED
