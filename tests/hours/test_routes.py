"""The pages for hours, as a browser without pictures sees them."""

from uuid import uuid4

import pytest

from tests.factories import DAY, HourLogFactory


class TestConfirm:
    def test_the_other_side_confirms_and_both_see_it(self, as_, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(receiver).post(f"/hours/{log.id}/confirm", htmx=True)

        assert answer.status_code == 200
        assert "confirmed" in answer.text
        assert "confirmed" in as_(giver).get("/hours/").text

    @pytest.mark.parametrize("who", ["bystander", "outsider", "coordinator"])
    def test_nobody_else_can(self, as_, request, giver, receiver, who):
        log = HourLogFactory(member=giver, partner=receiver)

        answer = as_(request.getfixturevalue(who)).post(f"/hours/{log.id}/confirm")

        assert answer.status_code == 404


class TestLog:
    def test_by_code_waits_without_a_name(self, as_, giver, receiver):
        form = {
            "log_id": str(uuid4()),
            "direction": "given",
            "partner": "code",
            "code": receiver.code,
            "length": "1:30",
            "happened_on": DAY.isoformat(),
            "words": "a walk",
        }

        answer = as_(giver).post("/hours/", form)

        assert answer.status_code == 303
        page = as_(giver).get("/hours/").text
        assert "1 h 30 min" in page
        assert receiver.name not in page
