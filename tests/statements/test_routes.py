"""The statement page is its owner's."""

from uuid import uuid4

from tests.factories import NOON, HourLogFactory, confirm
from timebank.members.service import ledger_of


class TestShow:
    def test_to_its_owner_in_words(self, as_, giver, receiver):
        confirm(HourLogFactory(member=giver, partner=receiver, minutes=90, words="a walk"))

        gave, got = (as_(member).get("/statement/").text for member in (giver, receiver))

        assert "1 h 30 min more given" in gave
        assert "1 h 30 min more received" in got
        assert "a walk" in gave
        assert "a walk" in got

    def test_to_nobody_else(self, as_, giver, receiver, bystander, coordinator):
        confirm(HourLogFactory(member=giver, partner=receiver, minutes=90, words="a walk"))

        for member in (bystander, coordinator):
            page = as_(member).get("/statement/").text
            assert "a walk" not in page
            assert "1 h 30 min" not in page

    def test_any_page_number_is_answered(self, as_, giver, receiver):
        confirm(HourLogFactory(member=giver, partner=receiver))
        browser = as_(giver)

        numbers = ["1", "0", "-1", "2", "soon", "9" * 30, "9" * 5000, "1\x00", "", "\uff11"]
        statuses = {
            number: browser.get("/statement/", query_string={"before": number}).status_code for number in numbers
        }

        assert set(statuses.values()) == {200}, statuses

    def test_the_signed_out_are_asked_to_sign_in(self, stranger):
        assert stranger.get("/statement/").status_code == 303
        assert "HX-Redirect" in stranger.get("/statement/", htmx=True).headers


class TestProofSlip:
    def seal(self, session, bank) -> None:
        ledger_of(session, bank).seal(at=NOON)
        session.commit()

    def test_is_given_to_both_sides_and_leads_to_the_check_code_on_the_statement(self, as_, session, giver, receiver):
        log = confirm(HourLogFactory(member=giver, partner=receiver, minutes=90))
        self.seal(session, giver.bank)

        for member in (giver, receiver):
            browser = as_(member)
            slip = browser.get(f"/statement/proof-slips/{log.id}").json
            assert slip["check code"] in browser.get("/statement/").text
            assert slip["entry"]["account_id"] == member.account_id.hex

    def test_not_yours_and_not_there_answer_alike(self, as_, session, giver, receiver, bystander, coordinator):
        log = confirm(HourLogFactory(member=giver, partner=receiver))
        self.seal(session, giver.bank)

        answers = {
            (answer.status_code, answer.text)
            for member in (bystander, coordinator)
            for browser in [as_(member)]
            for answer in [
                browser.get(f"/statement/proof-slips/{log.id}"),
                browser.get(f"/statement/proof-slips/{uuid4()}"),
            ]
        }

        assert {status for status, _ in answers} == {404}

    def test_before_the_books_are_sealed_one_is_asked_to_come_back(self, as_, giver, receiver):
        log = confirm(HourLogFactory(member=giver, partner=receiver))

        answer = as_(giver).get(f"/statement/proof-slips/{log.id}")

        assert answer.status_code == 409
        assert "not sealed yet" in answer.text
        assert "Proof" not in as_(giver).get("/statement/").text

    def test_its_file_name_says_nothing_about_what_it_is_of(self, as_, session, giver, receiver):
        log = confirm(HourLogFactory(member=giver, partner=receiver))
        self.seal(session, giver.bank)

        header = as_(giver).get(f"/statement/proof-slips/{log.id}").headers["Content-Disposition"]

        assert header == 'attachment; filename="slip.json"'
