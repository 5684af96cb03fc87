"""The pages for hours, as a browser without pictures sees them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.clients import is_whole_page, without_tokens
from tests.factories import DAY, HourLogFactory, confirm, held, posted
from tests.hours_making import check_between
from timebank import clock
from timebank.hours import reads

ACTS = ("confirm", "change", "take-back")


def filled_in(**other):
    said = {
        "log_id": str(uuid4()),
        "direction": "given",
        "partner": "code",
        "code": "",
        "length": "1:30",
        "happened_on": DAY.isoformat(),
        "words": "a walk",
    }
    return said | other


UNREADABLE = (
    ({"direction": ""}, "Please choose whether you gave or received this time."),
    ({"partner": "somebody"}, "Please choose who this was with."),
    ({"code": ""}, "Please type the code the other person told you."),
    ({"code": "22222222"}, "We could not find anyone with that code."),
    ({"partner": str(uuid4())}, "We could not find anyone with that code."),
    ({"length": "a while"}, "We could not read this as a length of time."),
    ({"length": "0"}, "at least one minute"),
    ({"length": "0.33 h"}, "whole minutes"),
    ({"length": "25:00"}, "a day has 24 hours"),
    ({"length": "9" * 5000}, "We could not read this as a length of time."),
    ({"length": "-90"}, "We could not read this as a length of time."),
    ({"length": "1\x0030"}, "Please look at this again"),
    ({"happened_on": "yesterday"}, "Please write the day like 2026-03-27."),
    ({"happened_on": "2026-02-30"}, "Please write the day like 2026-03-27."),
    ({"happened_on": "99999999-01-01"}, "Please write the day like 2026-03-27."),
    ({"words": "x" * 201}, "Please use at most 200 letters."),
    ({"code": "x" * 41}, "That code is too long."),
    ({"log_id": "1"}, "Not a valid UUID."),
)

ODD_WORDS = ("a \x00 walk", "a \ud800 walk", "<script>", "🚶\u200d♀️" * 40, "\u202e backwards")


class TestConfirm:
    def test_the_other_side_confirms_and_both_see_it(self, as_, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(receiver).post(f"/hours/{log.id}/confirm", htmx=True)

        assert answer.status_code == 200
        assert not is_whole_page(answer)
        assert "confirmed" in answer.text
        assert "confirmed" in as_(giver).get("/hours/").text

    def test_without_scripts_the_whole_page_comes_back(self, as_, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(receiver).post(f"/hours/{log.id}/confirm")

        assert answer.status_code == 200
        assert is_whole_page(answer)

    @pytest.mark.parametrize("who", ["bystander", "outsider", "coordinator"])
    def test_nobody_else_can(self, as_, request, giver, receiver, who):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(request.getfixturevalue(who)).post(f"/hours/{log.id}/confirm")

        assert answer.status_code == 404

    def test_whoever_logged_it_is_told_why_not(self, as_, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(giver).post(f"/hours/{log.id}/confirm", htmx=True)

        assert answer.status_code == 409
        assert answer.headers["HX-Retarget"] == "#messages"
        assert answer.headers["HX-Trigger"] == "read-again"
        assert "the other person confirms them" in answer.text
        assert not is_whole_page(answer)

    def test_what_is_being_checked_waits(self, as_, session, giver, receiver):
        query = check_between(giver, receiver)

        answer = as_(receiver).post(f"/hours/{query.log_id}/confirm")

        assert answer.status_code == 409
        assert is_whole_page(answer)
        assert posted(giver) == (0,)

    def test_hours_with_the_community_lead_the_coordinator_back_to_the_desk(self, as_, giver, coordinator):
        log = HourLogFactory(member=giver, partner=None)

        answer = as_(coordinator).post(f"/hours/{log.id}/confirm")

        assert (answer.status_code, answer.location) == (303, "/desk/")


class TestLog:
    def test_by_code_waits_without_a_name(self, as_, giver, receiver):
        answer = as_(giver).post("/hours/", filled_in(code=receiver.code))

        assert answer.status_code == 303
        page = as_(giver).get("/hours/").text
        assert "1 h 30 min" in page
        assert receiver.name not in page

    def test_sent_twice_is_logged_once(self, as_, session, giver, receiver):
        form = filled_in(code=receiver.code)

        statuses = [as_(giver).post("/hours/", form).status_code for _ in range(2)]

        assert statuses == [303, 303]
        assert held(giver) == (90, 0)

    def test_htmx_is_led_on_by_a_header(self, as_, giver, receiver):
        answer = as_(giver).post("/hours/", filled_in(code=receiver.code), htmx=True)

        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/hours/")

    def test_what_cannot_be_read_comes_back_as_it_was_typed(self, as_, session, giver):
        browser = as_(giver)
        typed = {"code": "99999999", "words": "a walk by the river"}

        for other, sentence in UNREADABLE:
            form = filled_in(**typed | other)
            answer = browser.post("/hours/", form)
            assert (answer.status_code, sentence in answer.text) == (422, True), other
            assert form["words"] in answer.text
            assert f'value="{form["happened_on"]}"' in answer.text

        assert held(giver) == (0, 0)

    def test_a_day_that_has_not_come_is_refused_and_today_is_not(self, as_, giver, receiver):
        today = clock.today()

        tomorrow = as_(giver).post(
            "/hours/", filled_in(code=receiver.code, happened_on=(today + timedelta(days=1)).isoformat())
        )

        assert tomorrow.status_code == 422
        assert "That day has not come yet" in tomorrow.text
        form = filled_in(code=receiver.code, happened_on=today.isoformat())
        assert as_(giver).post("/hours/", form).status_code == 303

    @pytest.mark.parametrize("htmx", [True, False])
    def test_what_looks_like_the_same_is_asked_about_with_all_that_was_typed(self, as_, session, giver, receiver, htmx):
        HourLogFactory(member=giver, partner=receiver, minutes=90)
        form = filled_in(code=receiver.code, words="a walk by the river")

        answer = as_(giver).post("/hours/", form, htmx=htmx)

        assert answer.status_code == 409
        assert is_whole_page(answer) is not htmx
        assert "yes, keep both" in answer.text
        assert "a walk by the river" in answer.text
        assert form["log_id"] in answer.text
        assert as_(giver).post("/hours/", form | {"sure": "yes"}).status_code == 303
        assert held(giver) == (180, 0)

    def test_more_than_a_day_in_a_day_is_refused_in_the_form(self, as_, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=24 * 60, is_sure=True)

        answer = as_(giver).post("/hours/", filled_in(code=receiver.code, sure="yes"))

        assert answer.status_code == 422
        assert "A day has 24 hours" in answer.text

    def test_the_same_id_for_something_else_is_refused(self, as_, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(giver).post("/hours/", filled_in(code=receiver.code, log_id=str(log.id), length="45"), htmx=True)

        assert answer.status_code == 409
        assert answer.headers["HX-Retarget"] == "#messages"
        assert held(giver) == (90, 0)

    def test_odd_letters_are_taken_or_refused_but_never_break_the_page(self, as_, giver, receiver):
        browser = as_(giver)

        statuses = {
            words: browser.post_raw("/hours/", filled_in(code=receiver.code, words=words, sure="yes"))
            for words in ODD_WORDS
        }

        assert {words: answer.status_code for words, answer in statuses.items() if answer.status_code >= 500} == {}
        assert browser.get("/hours/").status_code == 200


class TestChange:
    def test_asks_with_the_length_that_stands(self, as_, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)

        answer = as_(receiver).get(f"/hours/{log.id}/change")

        assert answer.status_code == 200
        assert 'value="1 h 30 min"' in answer.text

    def test_waits_for_the_first_one_again(self, as_, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)

        answer = as_(receiver).post(f"/hours/{log.id}/change", {"log_id": str(uuid4()), "length": "1:00"})

        assert (answer.status_code, answer.location) == (303, "/hours/")
        assert held(giver) == (60, 0)
        assert "waits for you" in as_(giver).get("/hours/").text

    @pytest.mark.parametrize("length", ["", "soon", "0", "24:01"])
    def test_a_length_nobody_can_read_comes_back_as_it_was_typed(self, as_, giver, receiver, length):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(receiver).post(f"/hours/{log.id}/change", {"log_id": str(uuid4()), "length": length})

        assert answer.status_code == 422
        assert f'value="{length}"' in answer.text

    def test_more_than_a_day_in_a_day_is_refused_in_the_form(self, as_, giver, receiver, bystander):
        HourLogFactory(member=receiver, partner=bystander, minutes=20 * 60, is_sure=True)
        log = HourLogFactory(member=giver, partner=receiver, minutes=60)

        answer = as_(receiver).post(f"/hours/{log.id}/change", {"log_id": str(uuid4()), "length": "5:30"})

        assert answer.status_code == 422
        assert 'value="5:30"' in answer.text


class TestTakeBack:
    @pytest.mark.parametrize("htmx", [True, False])
    def test_says_so(self, as_, session, giver, receiver, htmx):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(giver).post(f"/hours/{log.id}/take-back", htmx=htmx)

        assert answer.status_code == 200
        assert is_whole_page(answer) is not htmx
        assert "taken back" in answer.text
        assert held(giver) == (0, 0)

    def test_what_counts_stays(self, as_, giver, receiver):
        log = confirm(HourLogFactory(member=giver, partner=receiver))

        answer = as_(giver).post(f"/hours/{log.id}/take-back", htmx=True)

        assert answer.status_code == 409
        assert "already been confirmed" in answer.text


class TestShow:
    @pytest.mark.parametrize("who", ["giver", "receiver"])
    @pytest.mark.parametrize("htmx", [True, False])
    def test_to_both_sides(self, as_, giver, receiver, request, who, htmx):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(request.getfixturevalue(who)).get(f"/hours/{log.id}", htmx=htmx)

        assert answer.status_code == 200
        assert is_whole_page(answer) is not htmx
        assert answer.headers["Vary"]

    def test_the_form_offers_those_one_knows(self, as_, giver, receiver, bystander):
        confirm(HourLogFactory(member=giver, partner=receiver))

        page = as_(giver).get("/hours/new").text

        assert receiver.name in page
        assert bystander.name not in page

    def test_nobody_elses_hours_are_on_the_page(self, as_, giver):
        assert "somebody else" not in as_(giver).get("/hours/").text


class TestAccess:
    def test_not_yours_and_not_there_answer_alike(self, as_, giver, receiver, bystander):
        log = HourLogFactory(member=giver, partner=receiver)
        form = {"log_id": str(uuid4()), "length": "1:00"}

        for url in ("/hours/{}", "/hours/{}/change"):
            yours, there = (as_(bystander).get(url.format(one)) for one in (log.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))
        for act in ACTS:
            yours, there = (as_(bystander).post(f"/hours/{one}/{act}", form) for one in (log.id, uuid4()))
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        for url in ("/hours/", "/hours/new", f"/hours/{log.id}", f"/hours/{log.id}/change"):
            answer = stranger.get(url)
            assert (answer.status_code, answer.location.split("?")[0]) == (303, "/sign-in/")
            assert stranger.get(url, htmx=True).headers["HX-Redirect"].startswith("/sign-in/")
        for url in ("/hours/", *(f"/hours/{log.id}/{act}" for act in ACTS)):
            assert stranger.post(url, {}).location == "/sign-in/"
            assert stranger.post(url, {}, htmx=True).headers["HX-Redirect"] == "/sign-in/"

    def test_without_a_token_nothing_is_done(self, as_, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        answers = [as_(receiver).post(f"/hours/{log.id}/{act}", token=None) for act in ACTS]
        answers.append(as_(giver).post("/hours/", filled_in(code=receiver.code), token=None))

        assert [answer.status_code for answer in answers] == [419] * 4
        assert reads.view(session, log, giver).state == "pending"
        assert held(giver) == (90, 0)
