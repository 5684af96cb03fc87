"""Pages that belong to nobody, and the ways out."""

import pytest

from tests.factories import NOON
from timebank.members import service as members


class TestHealth:
    def test_says_only_that_it_is_well(self, stranger):
        answer = stranger.get("/health")

        assert (answer.status_code, answer.json) == (200, {"status": "ok"})


class TestLeaveNow:
    @pytest.mark.parametrize("token", ["", None])
    def test_ends_the_sign_in_and_opens_another_site_even_without_a_token(self, as_, giver, token):
        browser = as_(giver)
        old = browser.client.get_cookie("sign-in").value

        answer = browser.post("/leave-now", token=token)

        browser.client.set_cookie("sign-in", old)
        assert (answer.status_code, answer.location) == (303, giver.bank.exit_url)
        assert browser.get("/").status_code == 303

    def test_works_for_strangers(self, stranger):
        assert stranger.post("/leave-now", token=None).status_code == 303


class TestBankName:
    def test_strangers_read_it_only_when_there_is_one_bank(self, stranger, session):
        members.open_bank(session, name="A second bank", at=NOON)

        assert "A second bank" not in stranger.get("/sign-in/").text


class TestHtmx:
    def test_is_served_from_its_package(self, stranger):
        answer = stranger.get("/htmx.min.js", buffered=True)

        assert answer.status_code == 200
        assert b"htmx" in answer.data


class TestNotThere:
    @pytest.mark.parametrize("url", ["/nowhere", "/hours/1", "/hours/%00", "/queries/new/", "/rounds/%F0%9F%8C%B1"])
    def test_is_said_kindly(self, as_, giver, url):
        answer = as_(giver).get(url)

        assert answer.status_code == 404
        assert "We could not find that page" in answer.text

    def test_too_much_at_once_is_refused(self, as_, giver):
        answer = as_(giver).post("/offers/", {"words": "x" * 2_000_000})

        assert answer.status_code == 413
