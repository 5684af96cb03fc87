"""The statement page is its owner's."""

from tests.factories import HourLogFactory, confirm


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
