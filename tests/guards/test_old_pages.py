"""A page that was open for too long: nothing is done, nothing typed is lost, and a token of today goes to our own pages only."""

import html
import re

import pytest

from tests.guards.world import World

OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
TYPED = {"words": 'Made "soup" & <b>bread</b>\nfor ten', "length": "1:30", "with_whom": "community"}
HIDDEN = re.compile(r'<input type="hidden" name="(?P<name>[^"]+)" value="(?P<value>[^"]*)">')


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


def hidden_in(answer) -> dict[str, str]:
    main = answer.text.split("<main")[1]
    return {found["name"]: html.unescape(found["value"]) for found in HIDDEN.finditer(main)}


class TestOpenTooLong:
    def test_what_was_typed_comes_back_and_can_be_sent(self, as_, world: World):
        browser = as_(world.member)

        answer = browser.post("/hours/", TYPED, token="of yesterday", headers=OURS)

        assert answer.status_code == 419
        assert "open for a long time" in answer.text
        came_back = hidden_in(answer)
        fresh = came_back.pop("csrf_token")
        assert came_back == TYPED
        assert browser.post("/hours/", TYPED, token=fresh, headers=OURS).status_code == 422  # looked at, and not old

    def test_with_scripts_the_form_stays_and_gets_a_token_of_today(self, as_, world: World):
        browser = as_(world.member)

        answer = browser.post("/hours/", TYPED, token="of yesterday", headers=OURS, htmx=True)

        assert answer.status_code == 419
        assert answer.headers["HX-Retarget"] == "#messages"
        assert "HX-Trigger" not in answer.headers
        assert browser.post("/hours/", TYPED, token=answer.headers["X-Fresh-Token"], headers=OURS).status_code == 422

    @pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "none"}], ids=["says nothing", "typed by hand"])
    def test_whoever_is_not_known_to_be_ours_gets_no_token(self, as_, world: World, headers: dict[str, str]):
        answer = as_(world.member).post("/hours/", TYPED, token=None, headers=headers)

        assert answer.status_code == 419
        assert "X-Fresh-Token" not in answer.headers
        assert "Send it again" not in answer.text

    def test_a_password_never_comes_back(self, stranger):
        typed = {"sign_in_name": "ada", "password": "three or four words"}

        answer = stranger.post("/sign-in/", typed, token="of yesterday", headers=OURS)

        assert answer.status_code == 419
        assert "three or four" not in answer.text


class TestSignedOutMeanwhile:
    def test_one_is_asked_to_sign_in_in_another_window(self, stranger):
        answer = stranger.post("/hours/", TYPED, token="of yesterday", headers=OURS)

        assert answer.status_code == 419
        assert "You were signed out meanwhile" in answer.text
        assert 'href="/sign-in/" target="_blank"' in answer.text
        assert hidden_in(answer).items() >= TYPED.items()

    def test_but_not_at_the_door_itself(self, stranger):
        answer = stranger.post("/sign-in/first-time", {"code": "x"}, token="of yesterday", headers=OURS)

        assert "signed out" not in answer.text
        assert "open for a long time" in answer.text
