"""The coordinator's desk."""

import re
from uuid import uuid4

import pytest

from tests.clients import without_tokens
from tests.factories import BankFactory, HourLogFactory, MemberFactory, QueryFactory, SchemeFactory
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.schemes import reads as schemes
from timebank.schemes import service as scheme_service


def filled_in(**other):
    return {"member_id": str(uuid4()), "name": "Nguyễn Minh", "side": "seek"} | other


UNREADABLE = (
    ({"name": ""}, "Please write the name they want to be called by here."),
    ({"name": "x" * 121}, "Please write the name they want to be called by here."),
    ({"side": "middle"}, "Please choose one."),
    ({"schemes": ["all"]}, "Not a valid UUID."),
    ({"member_id": "1"}, "Not a valid UUID."),
)


class TestShow:
    def test_what_waits_for_a_coordinator_without_a_part_in_it(self, as_, session, giver, receiver, coordinator):
        QueryFactory(log__member=giver, log__partner=receiver, log__minutes=75)
        QueryFactory(log__member=giver, log__partner=coordinator, log__minutes=95)
        HourLogFactory(member=giver, partner=None, minutes=35, words="tea at the drop-in")

        page = as_(coordinator).get("/desk/").text

        assert "1 h 15 min" in page
        assert "1 h 35 min" not in page
        assert "tea at the drop-in" in page

    def test_a_coordinator_of_one_scheme_sees_that_scheme(self, as_, session, bank, giver):
        mine = SchemeFactory(bank=bank, name="Walks")
        SchemeFactory(bank=bank, name="Letters")
        scheme_service.make_coordinator(session, member=giver, scheme=mine)

        page = as_(giver).get("/desk/").text

        assert "Walks" in page
        assert "Letters" not in page

    def test_members_are_this_banks(self, as_, giver, outsider, coordinator):
        browser = as_(coordinator)
        browser.say_why("members")

        page = browser.get("/desk/members").text

        assert giver.name in page
        assert outsider.name not in page


class TestAddMember:
    def test_shows_a_code_once_that_lets_them_in(self, as_, session, bank, coordinator, stranger):
        scheme = SchemeFactory(bank=bank)
        form = filled_in(schemes=[str(scheme.id)])

        answer = as_(coordinator).post("/desk/members", form)

        assert answer.status_code == 200
        code = re.search(r'code-large">([^<]+)', answer.text)[1]
        words = "three or four words"
        first = {"code": code, "sign_in_name": "minh", "password": words, "password_again": words}
        assert stranger.post("/sign-in/first-time", first).status_code == 303
        assert "Nguyễn Minh" in stranger.get("/").text
        (part,) = schemes.list_parts(session, members.list_members(session, bank.id)[-1].id)
        assert (part.scheme_id, part.side) == (scheme.id, "seek")

    def test_sent_twice_adds_one(self, as_, session, bank, coordinator):
        form = filled_in()

        for _ in range(2):
            as_(coordinator).post("/desk/members", form)

        assert [member.name for member in members.list_members(session, bank.id)].count("Nguyễn Minh") == 1

    def test_what_cannot_be_read_comes_back_as_it_was_typed(self, as_, session, bank, coordinator):
        browser = as_(coordinator)

        for other, sentence in UNREADABLE:
            form = filled_in(**other)
            answer = browser.post("/desk/members", form)
            assert (answer.status_code, sentence in answer.text) == (422, True), other
            assert f'value="{form["name"]}"' in answer.text

        assert [one.id for one in members.list_members(session, bank.id)] == [coordinator.id]

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Mi\u200bnh", "cannot be seen"),
            ("\u202ehniM", "cannot be seen"),
            ("e" + "\u0301" * 30, "too many marks"),
            ("🙂", "in letters"),
            ("C\u043eordinator", "looks like"),
            ("Timebank", "looks like"),
        ],
    )
    def test_a_name_that_hides_something_or_looks_like_the_staffs_comes_back(
        self, as_, session, bank, coordinator, name, said
    ):
        answer = as_(coordinator).post("/desk/members", filled_in(name=name))

        assert (answer.status_code, said in answer.text) == (422, True)
        assert f'value="{name}"' in answer.text
        assert [one.id for one in members.list_members(session, bank.id)] == [coordinator.id]

    def test_a_name_that_a_coordinator_bears_too_is_fine(self, as_, session, bank, coordinator):
        ali = MemberFactory(bank=bank, name="Ali")
        scheme_service.make_coordinator(session, member=ali)

        assert as_(coordinator).post("/desk/members", filled_in(name=" Ali ")).status_code == 200

        assert [one.name for one in members.list_members(session, bank.id)].count("Ali") == 2

    def test_another_banks_scheme_is_not_there(self, as_, session, bank, coordinator):
        theirs = SchemeFactory(bank=BankFactory())

        answer = as_(coordinator).post("/desk/members", filled_in(schemes=[str(theirs.id)]))

        assert answer.status_code == 404
        assert [one.id for one in members.list_members(session, bank.id)] == [coordinator.id]

    def test_an_id_from_another_bank_does_not_break_the_page(self, as_, coordinator, outsider):
        answer = as_(coordinator).post("/desk/members", filled_in(member_id=str(outsider.id)))

        assert answer.status_code in {200, 404, 409, 422}
        assert outsider.name not in answer.text

    def test_a_nul_byte_does_not_break_the_page(self, as_, coordinator):
        assert as_(coordinator).post("/desk/members", filled_in(name="Mi\x00nh")).status_code in {200, 422}


class TestGiveCode:
    def test_not_to_another_banks_members(self, as_, coordinator, outsider):
        yours, there = (as_(coordinator).post(f"/desk/members/{one}/code") for one in (outsider.id, uuid4()))

        assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_to_ones_own(self, as_, coordinator, giver):
        answer = as_(coordinator).post(f"/desk/members/{giver.id}/code")

        assert answer.status_code == 200
        assert f"A code for {giver.name}" in answer.text


class TestAccess:
    GETS = ("/desk/", "/desk/members", "/desk/members/new")

    def test_members_are_told_that_it_is_not_there(self, as_, giver):
        browser = as_(giver)
        nowhere = without_tokens(browser.get("/nowhere"))

        for url in self.GETS:
            answer = browser.get(url)
            assert (answer.status_code, without_tokens(answer)) == (404, nowhere)
        assert browser.post("/desk/members", filled_in()).status_code == 404
        assert browser.post(f"/desk/members/{giver.id}/code").status_code == 404

    def test_adding_people_is_for_those_who_look_after_the_whole_bank(self, as_, session, bank, giver):
        scheme_service.make_coordinator(session, member=giver, scheme=SchemeFactory(bank=bank))
        MemberFactory(bank=bank, name="Somebody")
        browser = as_(giver)

        assert browser.get("/desk/").status_code == 200
        for url in self.GETS[1:]:
            answer = browser.get(url)
            assert answer.status_code == 404
            assert "Somebody" not in answer.text
        assert browser.post("/desk/members", filled_in()).status_code == 404
        assert browser.post(f"/desk/members/{giver.id}/code").status_code == 404

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, giver):
        for url in self.GETS:
            assert stranger.get(url).status_code == 303
            assert "HX-Redirect" in stranger.get(url, htmx=True).headers
        assert stranger.post("/desk/members", filled_in()).location == "/sign-in/"

    def test_without_a_token_nobody_is_added(self, as_, session, bank, coordinator):
        answers = [
            as_(coordinator).post("/desk/members", filled_in(), token=None),
            as_(coordinator).post(f"/desk/members/{coordinator.id}/code", token=None),
        ]

        assert [answer.status_code for answer in answers] == [419, 419]
        assert [one.id for one in session.query(Member).filter_by(bank_id=bank.id)] == [coordinator.id]
