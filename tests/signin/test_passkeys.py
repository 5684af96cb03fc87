"""Passkeys, with a device in the test that can say what no honest one would."""

import json

import pytest
from sqlalchemy import select

from tests.clients import Browser
from tests.signin.authenticator import PRESENT, Device
from tests.signin.conftest import is_in, open_door, second_step, sign_in
from timebank.app import create_app
from timebank.config import Config
from timebank.signin import passkeys
from timebank.signin.models import Passkey, PasskeyChallenge, User


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


def options(browser, url="/sign-in/passkey/begin"):
    answer = browser.post(url)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


def add(browser, device, name="My phone", **lies):
    asked = options(browser, "/sign-in/mine/passkeys/begin")
    return browser.post("/sign-in/mine/passkeys", {"name": name, "credential": device.make(asked, **lies)})


def use(browser, device, **lies):
    return browser.post("/sign-in/passkey", {"credential": device.use(options(browser), **lies)})


@pytest.fixture
def device(as_, giver, nell):
    """Nell's, added a moment ago."""
    added = Device()
    assert add(as_(giver), added).status_code == 200
    return added


class TestAdding:
    def test_shows_spare_codes_with_the_first_and_lists_it(self, as_, giver, nell):
        browser = as_(giver)

        page = add(browser, Device()).text
        second = add(browser, Device(), name="My laptop")

        assert page.count('<li class="code">') == 10
        assert second.location == "/sign-in/mine/"
        listed = browser.get("/sign-in/mine/").text
        assert "My phone" in listed
        assert "My laptop" in listed
        assert "A passkey was added: My laptop." in listed

    def test_asks_for_one_that_checks_who_is_there_wherever_it_is_kept(self, as_, giver, nell):
        asked = options(as_(giver), "/sign-in/mine/passkeys/begin")

        assert asked["authenticatorSelection"] == {
            "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
        }  # fmt: skip
        assert asked["rp"]["id"] == "localhost"
        assert asked["attestation"] == "none"

    @pytest.mark.parametrize(
        "lies",
        [{"flags": PRESENT}, {"origin": "https://localhost"}, {"origin": "http://localhost.evil"}, {"place": "evil.example"},
         {"challenge": "AAAA"}, {"type": "webauthn.get"}, {"flags": 0}],
    )  # fmt: skip
    def test_refuses_what_is_not_as_asked(self, as_, session, giver, nell, lies):
        answer = add(as_(giver), Device(), **lies)

        assert answer.status_code == 422
        assert "That passkey did not work here." in answer.text
        assert session.scalars(select(Passkey)).all() == []

    @pytest.mark.parametrize(
        "credential",
        ["", "{}", "[]", "null", "1", "nonsense", '{"id": 1}', '{"id":"a","rawId":"a","response":{}}', "\x00"],
    )
    def test_refuses_what_no_browser_sends(self, as_, giver, nell, credential):
        browser = as_(giver)
        options(browser, "/sign-in/mine/passkeys/begin")

        answer = browser.post("/sign-in/mine/passkeys", {"name": "My phone", "credential": credential})

        assert answer.status_code == 422

    def test_the_same_twice_is_said_so(self, as_, giver, nell, device):
        assert add(as_(giver), device).status_code == 409

    def test_ten_are_the_most(self, as_, session, giver, nell, monkeypatch):
        monkeypatch.setattr(passkeys, "MOST", 1)
        browser = as_(giver)
        add(browser, Device())

        assert browser.post("/sign-in/mine/passkeys/begin").status_code == 409


class TestUsing:
    def test_lets_in_without_a_name_or_a_password_and_counts_as_both(self, as_, session, giver, device, nell):
        stranger = as_(None)

        assert use(stranger, device).location == "/"

        assert is_in(stranger)
        assert giver.name in stranger.get("/").text

    def test_is_a_second_step_too(self, stranger, device):
        assert sign_in(stranger, next="/offers/").location == "/sign-in/second-step"

        assert use(stranger, device).location == "/offers/"
        assert is_in(stranger)

    def test_of_somebody_else_is_no_second_step(self, as_, session, receiver, stranger, device):
        open_door(session, receiver, "omar")
        theirs = Device()
        add(as_(receiver), theirs)
        sign_in(stranger)

        answer = use(stranger, theirs)

        assert answer.status_code == 422
        assert not is_in(stranger)

    @pytest.mark.parametrize(
        "lies",
        [{"flags": PRESENT}, {"origin": "https://localhost"}, {"place": "evil.example"}, {"challenge": "AAAA"}, {"signature": b"0"},
         {"type": "webauthn.create"}, {"handle": b"somebody else's"}, {"flags": 0}],
    )  # fmt: skip
    def test_refuses_what_is_not_as_asked(self, stranger, device, lies):
        answer = use(stranger, device, **lies)

        assert answer.status_code == 422
        assert "That passkey did not work here." in answer.text
        assert not is_in(stranger)

    def test_a_count_that_goes_back_is_a_copy(self, as_, device):
        first, copy = as_(None), as_(None)
        device.count = 41
        assert use(first, device).status_code == 303

        for count in (42, 41, 1, 0):
            assert use(copy, device, count=count).status_code == 422
        assert not is_in(copy)
        assert use(copy, device, count=43).status_code == 303

    def test_a_device_that_does_not_count_is_fine(self, as_, device):
        for _ in range(2):
            assert use(as_(None), device, count=0).status_code == 303

    def test_an_answer_works_once(self, as_, device):
        browser = as_(None)
        credential = device.use(options(browser))
        assert browser.post("/sign-in/passkey", {"credential": credential}).status_code == 303

        for again in (browser, as_(None)):
            assert again.post("/sign-in/passkey", {"credential": credential}).status_code == 422

    def test_a_challenge_is_gone_after_a_wrong_answer_too(self, stranger, session, device):
        asked = options(stranger)
        stranger.post("/sign-in/passkey", {"credential": device.use(asked, signature=b"0")})

        assert stranger.post("/sign-in/passkey", {"credential": device.use(asked)}).status_code == 422
        assert session.scalars(select(PasskeyChallenge)).all() == []

    @pytest.mark.parametrize(("minutes", "works"), [(4.9, True), (5, False)])
    def test_a_challenge_lasts_five_minutes(self, time, as_, giver, nell, minutes, works):
        device, browser = Device(), as_(None)
        add(as_(giver), device)
        asked = options(browser)

        time.forward(minutes=minutes)
        browser.post("/sign-in/passkey", {"credential": device.use(asked)})

        assert is_in(browser) is works

    def test_an_answer_to_another_browsers_challenge_is_worth_nothing(self, as_, device):
        asked, thief = options(as_(None)), as_(None)
        options(thief)

        assert thief.post("/sign-in/passkey", {"credential": device.use(asked)}).status_code == 422

    def test_a_challenge_for_one_thing_is_none_for_another(self, as_, giver, device):
        """What was asked of a new passkey is not what lets in."""
        browser = as_(giver)
        asked = options(browser, "/sign-in/mine/passkeys/begin")

        assert browser.post("/sign-in/passkey", {"credential": device.use(asked)}).status_code == 422

    def test_that_was_removed_lets_nobody_in(self, as_, session, giver, device):
        passkey = session.scalars(select(Passkey)).one()
        browser = as_(giver)
        assert browser.post(f"/sign-in/mine/passkeys/{passkey.id}/remove").status_code == 303

        assert use(as_(None), device).status_code == 422

    def test_somebody_elses_cannot_be_removed(self, as_, session, receiver, device):
        passkey = session.scalars(select(Passkey)).one()

        answers = [as_(receiver).post(f"/sign-in/mine/passkeys/{one}/remove") for one in (passkey.id, receiver.id)]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert session.scalars(select(Passkey)).all() != []

    def test_a_closed_sign_in_and_an_unknown_passkey_answer_alike(self, as_, session, nell, device):
        unknown = Device()
        unknown.handle = device.handle
        session.get_one(User, nell.id).active = False

        answers = [use(as_(None), one) for one in (device, unknown)]

        assert [answer.status_code for answer in answers] == [422, 422]

    def test_what_is_asked_of_a_stranger_tells_nothing(self, as_, device):
        asked = options(as_(None))

        assert asked.get("allowCredentials", []) == []

    def test_leads_to_no_other_site(self, as_, device):
        browser = as_(None)
        credential = device.use(options(browser))

        answer = browser.post("/sign-in/passkey", {"credential": credential, "next": "//evil.example"})

        assert answer.location == "/"

    def test_on_a_device_that_is_not_ones_own_nothing_is_kept(self, as_, device):
        browser = as_(None)
        credential = device.use(options(browser))

        browser.post("/sign-in/passkey", {"credential": credential, "shared_device": "yes"})

        assert is_in(browser)
        assert browser.client.get_cookie("device") is None

    def test_a_spare_code_is_enough_when_the_device_is_lost(self, as_, giver, nell, stranger):
        page = add(as_(giver), Device()).text
        spare = page.split('<li class="code">')[1].split("<")[0]
        sign_in(stranger)

        assert second_step(stranger, spare).status_code == 303


class TestPlaces:
    def test_the_configured_address_decides_and_nothing_that_is_sent(self):
        assert passkeys.place_of("https://Bank.Example.org", asked_at="http://evil.example/") == passkeys.Place(
            name="bank.example.org", origin="https://bank.example.org"
        )

    def test_without_one_only_this_computer(self):
        assert passkeys.place_of(None, asked_at="http://localhost:8000/").origin == "http://localhost:8000"
        for elsewhere in ("http://127.0.0.1:8000/", "http://evil.example/", "http://localhost.evil.example/"):
            with pytest.raises(passkeys.NoPasskeysHere):
                passkeys.place_of(None, asked_at=elsewhere)

    def test_over_https_the_origin_is_the_banks(self, database, session, giver, nell):
        app = create_app(Config(secret_key="only-for-tests-" * 3, address="https://localhost"), database)
        device = Device(origin="https://localhost")

        assert add(Browser(app, session, giver), device).status_code == 200
        assert use(Browser(app, session, None), device).status_code == 303
        assert use(Browser(app, session, None), device, origin="http://localhost").status_code == 422
