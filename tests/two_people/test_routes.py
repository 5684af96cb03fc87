"""The pages: asking, deciding, taking back, saying no, stopping; and the desk, which no longer does it alone."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests.clients import without_tokens
from tests.factories import MemberFactory
from timebank.audit.models import Act, AuditEvent, Record
from timebank.schemes import reads as scheme_reads
from timebank.schemes import service as schemes
from timebank.signin.models import OneTimeCode
from timebank.two_people.models import State, WeightyAct


@pytest.fixture
def copies(sqlite_copies):
    """What the pages say does not depend on the kind of database; test_service has both."""
    return sqlite_copies


@pytest.fixture
def three(session, bank, coordinator):
    others = [MemberFactory(bank=bank, name=name) for name in ("Bea", "Cai")]
    for other in others:
        schemes.make_coordinator(session, member=other)
    return [coordinator, *others]


def filled_in(**other):
    return {"act_id": str(uuid4()), "kind": "new-code", "task": "bank", "words": "She rang me <b>today</b>."} | other


def ask(as_, asker, about, **other):
    return as_(asker).post(f"/two-people/about/{about.id}", filled_in(**other))


def the_act(session):
    session.expire_all()
    return session.scalars(select(WeightyAct)).one()


class TestTheDesk:
    @pytest.mark.parametrize("path", ["code", "second-step", "second-step/take-away", "the form that adds somebody"])
    def test_does_nothing_alone_for_somebody_who_looks_after_others(self, as_, session, three, path):
        one, _, third = three
        browser = as_(one)

        if path == "the form that adds somebody":  # with the number of somebody who is here already
            answer = browser.post("/desk/members", {"member_id": str(third.id), "name": "Cai", "side": "both"})
        elif path == "second-step":
            answer = browser.get(f"/desk/members/{third.id}/second-step")
        else:
            answer = browser.post(f"/desk/members/{third.id}/{path}")

        assert answer.status_code == 303
        assert answer.location.startswith(f"/two-people/about/{third.id}?kind=")
        assert session.scalars(select(OneTimeCode)).all() == []
        assert "checked" in browser.get(answer.location).text

    def test_says_how_much_waits_to_those_who_may_decide_only(self, as_, session, three, giver):
        one, two, third = three
        ask(as_, one, third)

        said = {person.name: "1 thing waits" in as_(person).get("/desk/").text for person in three}

        assert said == {one.name: False, two.name: True, third.name: False}
        assert as_(giver).get("/two-people/").status_code == 404


class TestAsking:
    def test_pressed_twice_asks_once(self, as_, session, three):
        one, _, third = three
        form = filled_in()

        answers = [as_(one).post(f"/two-people/about/{third.id}", form).status_code for _ in range(2)]

        assert answers == [303, 303]
        assert the_act(session).state is State.WAITING

    @pytest.mark.parametrize(
        ("other", "status", "sentence"),
        [
            ({"words": " "}, 422, "Please say in a few words why."),
            ({"words": "x" * 301}, 422, "At most 300 letters."),
            ({"kind": ""}, 422, "Please choose what is to be done."),
            ({"task": "all", "kind": "end-coordinator"}, 422, "Please choose what they are to look after."),
            ({"kind": "make-coordinator"}, 409, "They look after that already."),
        ],
    )
    def test_a_refusal_keeps_what_was_typed(self, as_, session, three, other, status, sentence):
        one, _, third = three

        answer = ask(as_, one, third, **{"words": "She rang me.", **other})

        assert (answer.status_code, sentence in answer.text) == (status, True)
        assert other.get("words", "She rang me.").strip() in answer.text
        assert session.scalars(select(WeightyAct)).all() == []

    def test_where_nobody_could_agree_the_page_says_who_can_do_it(self, as_, bank, coordinator, giver):
        page = as_(coordinator).get(f"/two-people/about/{giver.id}").text

        assert "timebank make-coordinator" in page
        assert f"/two-people/about/{giver.id}" not in page
        assert ask(as_, coordinator, giver, kind="make-coordinator").status_code == 409


class TestDeciding:
    def test_whoever_agrees_gets_the_code_once_and_it_works(self, as_, session, three, stranger):
        one, two, third = three
        ask(as_, one, third)
        act_id = the_act(session).id
        page = as_(two).get(f"/two-people/{act_id}").text
        assert "She rang me &lt;b&gt;today" in page
        assert one.name in page

        answer = as_(two).post(f"/two-people/{act_id}/agree")
        again = as_(two).post(f"/two-people/{act_id}/agree")

        code = re.search(r'code-large">([^<]+)', answer.text)[1]
        assert (again.status_code, code in again.text) == (409, False)
        words = "three or four words"
        first = {"code": code, "sign_in_name": "cai", "password": words, "password_again": words}
        assert stranger.post("/sign-in/first-time", first).status_code == 303

    def test_neither_the_asker_nor_the_person_gets_to_decide(self, as_, session, three):
        one, _, third = three
        ask(as_, one, third)
        act_id = the_act(session).id

        for who in (one, third):
            for act in ("agree", "decline"):
                yours, nowhere = (as_(who).post(f"/two-people/{each}/{act}") for each in (act_id, uuid4()))
                assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(nowhere))
        assert as_(third).get(f"/two-people/{act_id}").status_code == 404
        assert the_act(session).state is State.WAITING

    def test_no_leaves_it(self, as_, session, three):
        one, two, third = three
        ask(as_, one, third, kind="end-coordinator")

        as_(two).post(f"/two-people/{the_act(session).id}/decline")

        assert the_act(session).state is State.DECLINED
        assert scheme_reads.is_coordinator(session, third)

    def test_a_new_coordinator_gets_in_at_once_and_one_who_stopped_is_out_at_once(self, as_, session, three, giver):
        one, two, third = three
        browser, out = as_(giver), as_(third)
        assert (browser.get("/desk/").status_code, out.get("/desk/").status_code) == (404, 200)
        ask(as_, one, giver, kind="make-coordinator")
        as_(two).post(f"/two-people/{the_act(session).id}/agree")
        out.post("/two-people/mine/stop", {"task": "bank"})

        assert (browser.get("/desk/").status_code, out.get("/desk/").status_code) == (200, 404)

    def test_a_look_is_noted_and_whom_it_is_about_reads_of_it(self, as_, session, three):
        one, two, third = three
        ask(as_, one, third)
        act_id = the_act(session).id

        as_(two).get(f"/two-people/{act_id}")

        looks = session.scalars(
            select(AuditEvent.actor_id).where(
                AuditEvent.act == Act.LOOKED, AuditEvent.record == Record.WEIGHTY_ACT, AuditEvent.record_id == act_id
            )
        ).all()
        assert looks == [two.id]
        assert "what was asked for about you" in as_(third).get("/who-has-looked/").text


class TestAboutMe:
    def test_is_said_on_the_start_page_and_one_press_ends_it(self, as_, session, three):
        one, _, third = three
        ask(as_, one, third)
        browser = as_(third)
        assert "Something was asked for about you" in browser.get("/").text
        page = browser.get("/two-people/mine").text
        assert "She rang me" not in page
        assert one.name in page

        browser.post(f"/two-people/mine/{the_act(session).id}/say-no")

        assert the_act(session).state is State.SAID_NO
        assert "Something was asked for about you" not in browser.get("/").text

    def test_the_last_one_cannot_stop(self, as_, coordinator):
        answer = as_(coordinator).post("/two-people/mine/stop", {"task": "bank"})

        assert answer.status_code == 409
        assert "Nobody else looks after the whole time bank" in answer.text

    def test_asked_for_can_be_taken_back(self, as_, session, three):
        one, two, third = three
        ask(as_, one, third)

        assert as_(two).post(f"/two-people/{the_act(session).id}/take-back").status_code == 404
        as_(one).post(f"/two-people/{the_act(session).id}/take-back")

        assert the_act(session).state is State.TAKEN_BACK
