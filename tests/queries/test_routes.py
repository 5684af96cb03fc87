"""The pages on which an hour is checked together."""

from uuid import uuid4

import pytest

from tests.clients import is_whole_page, without_tokens
from tests.factories import HourLogFactory, QueryFactory, posted
from tests.hours_making import check_between
from timebank.queries.models import Query


@pytest.fixture
def query(session, giver, receiver):
    return check_between(giver, receiver, words="It was an hour.")


DECISION = {"outcome": "new-length", "length": "1:00", "words": "You both said an hour in the end."}

NOT_CARRIED_OUT = (
    ({"outcome": ""}, "Please choose how this is settled."),
    ({"outcome": "toss a coin"}, "Please choose how this is settled."),
    ({"words": ""}, "Please tell both people in plain words"),
    ({"length": "a while"}, "We could not read this as a length of time."),
    ({"length": "1.5 minutes"}, "We could not read this as a length of time."),
    ({"outcome": "community-gift", "length": "1:30"}, "shorter than logged"),
    ({"outcome": "community-gift", "length": "24:00"}, "shorter than logged"),
)


class TestOpen:
    def test_leads_to_the_check(self, as_, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(receiver).post(f"/queries/new/{log.id}", {"matter": "length", "words": "It was an hour."})

        assert answer.status_code == 303
        page = as_(giver).get(answer.location).text
        assert "It was an hour." in page
        assert "The length is not right" in page

    @pytest.mark.parametrize(
        ("form", "sentence"),
        [
            ({"words": "Hm, an hour."}, "Please choose what is not right."),
            ({"matter": "weather", "words": "Hm, an hour."}, "Please choose what is not right."),
            ({"matter": "length", "words": "Hm, an hour." + "x" * 4000}, "Please use at most 4000 letters."),
        ],
    )
    def test_what_cannot_be_read_comes_back_as_it_was_typed(self, as_, giver, receiver, form, sentence):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(receiver).post(f"/queries/new/{log.id}", form)

        assert answer.status_code == 422
        assert sentence in answer.text
        assert "Hm, an hour." in answer.text

    def test_twice_is_refused(self, as_, query, giver):
        answer = as_(giver).post(f"/queries/new/{query.log_id}", {"matter": "length"}, htmx=True)

        assert answer.status_code == 409
        assert "already being checked" in answer.text
        assert answer.headers["HX-Retarget"] == "#messages"


class TestTell:
    @pytest.mark.parametrize("htmx", [True, False])
    def test_shows_both_accounts(self, as_, query, giver, htmx):
        answer = as_(giver).post(f"/queries/{query.id}/tell", {"words": "An hour and a half."}, htmx=htmx)

        assert answer.status_code == 200
        assert is_whole_page(answer) is not htmx
        assert "It was an hour." in answer.text
        assert "An hour and a half." in answer.text

    @pytest.mark.parametrize("words", ["", "   ", "x" * 4001])
    def test_nothing_and_too_much_are_asked_about(self, as_, query, giver, words):
        answer = as_(giver).post(f"/queries/{query.id}/tell", {"words": words})

        assert answer.status_code == 422
        assert words in answer.text
        assert "Please write your account in a few words." in answer.text

    def test_too_much_for_a_check_that_is_settled_meanwhile_is_not_lost(self, as_, query, giver, coordinator):
        """Found by the naughty strings: the page that said no had no form any more, and so nothing of what was typed."""
        as_(coordinator).post(f"/queries/{query.id}/settle", DECISION)

        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = as_(giver).post(f"/queries/{query.id}/tell", {"words": "so it was " * 500}, headers=headers)

        assert answer.status_code == 409
        assert "so it was " * 499 in answer.text

    def test_what_another_website_sent_is_not_written_on_our_page(self, as_, query, giver, coordinator):
        as_(coordinator).post(f"/queries/{query.id}/settle", DECISION)

        answer = as_(giver).post(f"/queries/{query.id}/tell", {"words": "so it was " * 500})

        assert answer.status_code == 409
        assert "so it was" not in answer.text


class TestSettle:
    @pytest.mark.parametrize("htmx", [True, False])
    def test_is_told_plainly_to_both(self, as_, session, query, giver, receiver, coordinator, htmx):
        answer = as_(coordinator).post(f"/queries/{query.id}/settle", DECISION, htmx=htmx)

        assert answer.status_code == 200
        assert is_whole_page(answer) is not htmx
        for member in (giver, receiver):
            page = as_(member).get(f"/queries/{query.id}").text
            assert "The length is now 1 h." in page
            assert DECISION["words"] in page
        assert posted(giver, receiver) == (60, -60)

    def test_a_decision_that_cannot_be_carried_out_comes_back_as_it_was_typed(
        self, as_, session, query, giver, coordinator
    ):
        browser = as_(coordinator)

        for other, sentence in NOT_CARRIED_OUT:
            answer = browser.post(f"/queries/{query.id}/settle", DECISION | other)
            assert (answer.status_code, sentence in answer.text) == (422, True), other
            assert (DECISION | other)["words"] in answer.text
            assert (DECISION | other)["length"] in answer.text

        assert session.get_one(Query, query.id).is_open
        assert posted(giver) == (0,)

    def test_without_a_length_a_new_length_is_asked_for(self, as_, session, query, coordinator):
        form = {"outcome": "new-length", "words": "An hour."}

        answer = as_(coordinator).post(f"/queries/{query.id}/settle", form)

        assert answer.status_code == 422
        assert "Please say how long it was" in answer.text

    def test_the_empty_length_field_of_the_page_is_no_length(self, as_, session, query, giver, coordinator):
        form = {"outcome": "as-logged", "length": "", "words": "It was an hour and a half."}

        answer = as_(coordinator).post(f"/queries/{query.id}/settle", form)

        assert answer.status_code == 200
        assert posted(giver) == (90,)

    def test_time_with_the_community_cannot_be_mutual(self, as_, session, giver, coordinator):
        query = QueryFactory(log=HourLogFactory(member=giver, partner=None))

        answer = as_(coordinator).post(f"/queries/{query.id}/settle", DECISION | {"outcome": "mutual"})

        assert answer.status_code == 422
        assert "Only time between two people" in answer.text
        assert session.get_one(Query, query.id).is_open

    def test_the_second_to_settle_is_shown_what_was_decided(self, as_, query, coordinator):
        as_(coordinator).post(f"/queries/{query.id}/settle", DECISION)

        answer = as_(coordinator).post(f"/queries/{query.id}/settle", DECISION | {"outcome": "void"}, htmx=True)

        assert answer.status_code == 409
        assert "already settled" in answer.text
        assert answer.headers["HX-Trigger"] == "read-again"

    @pytest.mark.parametrize("who", ["giver", "bystander", "outsider"])
    def test_nobody_else_settles(self, as_, session, query, request, who):
        answer = as_(request.getfixturevalue(who)).post(f"/queries/{query.id}/settle", DECISION)

        assert answer.status_code == 404
        assert session.get_one(Query, query.id).is_open


class TestAccess:
    def test_not_yours_and_not_there_answer_alike(self, as_, query, bystander):
        for url in ("/queries/{}", "/queries/new/{}"):
            real = query.log_id if "new" in url else query.id
            yours, there = (as_(bystander).get(url.format(one)) for one in (real, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))
        for url in ("/queries/{}/tell", "/queries/{}/settle"):
            yours, there = (as_(bystander).post(url.format(one), DECISION) for one in (query.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, query):
        for url in ("/queries/", f"/queries/{query.id}", f"/queries/new/{query.log_id}"):
            assert stranger.get(url).status_code == 303
            assert "HX-Redirect" in stranger.get(url, htmx=True).headers
        for act in ("tell", "settle"):
            assert stranger.post(f"/queries/{query.id}/{act}", DECISION).location == "/sign-in/"

    def test_without_a_token_nothing_is_done(self, as_, session, query, giver, coordinator):
        answers = [
            as_(giver).post(f"/queries/{query.id}/tell", {"words": "hm"}, token=None),
            as_(coordinator).post(f"/queries/{query.id}/settle", DECISION, token=None),
            as_(giver).post(f"/queries/new/{query.log_id}", {"matter": "length"}, token=None),
        ]

        assert [answer.status_code for answer in answers] == [419] * 3
        assert session.get_one(Query, query.id).is_open

    def test_the_list_is_ones_own(self, as_, query, giver, bystander):
        assert "1 h 30 min" in as_(giver).get("/queries/").text
        assert "1 h 30 min" not in as_(bystander).get("/queries/").text

    def test_what_each_remembers_is_for_the_two_and_whoever_settles(self, as_, query, giver, coordinator):
        assert "It was an hour." in as_(giver).get(f"/queries/{query.id}").text
        assert "It was an hour." in as_(coordinator).get(f"/queries/{query.id}").text
