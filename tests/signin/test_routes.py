"""Signing in and out, and the first time with a code."""

import re

import pytest

from ledger.errors import VeryBusy
from tests.clients import is_whole_page
from tests.factories import NOON
from timebank import clock
from timebank.signin import passwords, service

PASSWORD = "three or four words"
TRAPS = (
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "javascript:alert(1)",
    "/ok\r\nX-Evil: 1",
    "",
)


@pytest.fixture
def user(app, session, giver):
    """Giver, who signs in as ada."""
    with app.app_context():
        code = service.issue_code(session, member=giver, issued_by=None, at=NOON)
        return service.set_password(
            session, typed_code=code, sign_in_name="ada", kept=passwords.to_keep(PASSWORD), at=NOON
        )


def sign_in(browser, name="ada", password=PASSWORD, **more):
    htmx = more.pop("htmx", False)
    return browser.post("/sign-in/", {"sign_in_name": name, "password": password} | more, htmx=htmx)


def cookie(browser):
    return browser.client.get_cookie("sign-in")


NOT_RIGHT = (
    ({"code": ""}, "Please type the code you were given."),
    ({"code": "2222-2222-2222"}, "That code does not work."),
    ({"sign_in_name": "ad"}, "at least 3 letters"),
    ({"sign_in_name": "a\u200bda"}, "cannot be seen"),
    ({"sign_in_name": "a\x07da"}, "cannot be seen"),
    ({"password": "short", "password_again": "short"}, "at least 12 letters"),
    ({"password_again": "three or five words"}, "not the same"),
)


class TestEnter:
    def test_leads_home_under_a_fresh_cookie(self, stranger, user, giver):
        before = cookie(stranger).value

        answer = sign_in(stranger)

        assert (answer.status_code, answer.location) == (303, "/")
        assert cookie(stranger).value != before
        assert giver.name in stranger.get("/").text

    @pytest.mark.parametrize(("name", "password"), [("ada", "wrong words here"), ("ben", PASSWORD)])
    def test_a_wrong_name_and_a_wrong_password_answer_alike(self, stranger, user, name, password):
        answer = sign_in(stranger, name, password)

        assert answer.status_code == 422
        assert "That name and password do not go together" in answer.text
        assert password not in answer.text

    @pytest.mark.parametrize(
        ("name", "password"), [("", PASSWORD), ("ada", ""), ("x" * 255, PASSWORD), ("ada", "x" * 257)]
    )
    @pytest.mark.parametrize("htmx", [True, False])
    def test_what_is_missing_is_asked_for_and_no_password_comes_back(self, stranger, user, name, password, htmx):
        answer = sign_in(stranger, name, password, htmx=htmx)

        assert answer.status_code == 422
        assert is_whole_page(answer) is not htmx
        assert f'value="{name}"' in answer.text
        assert not password or password not in answer.text

    @pytest.mark.timeout(10)
    @pytest.mark.parametrize("password", [PASSWORD, "wrong words here"])
    def test_while_signed_in_already_does_not_stand_in_its_own_way(self, as_, user, giver, password):
        """Found by a device that had been signed in before: the request waited for a turn to write that it held itself."""
        assert sign_in(as_(giver), password=password).status_code == (303 if password == PASSWORD else 422)

    def test_leads_on_to_where_one_wanted_to_go(self, stranger, user):
        assert stranger.get("/hours/new").location == "/sign-in/?next=/hours/new"

        assert sign_in(stranger, next="/hours/new").location == "/hours/new"

    @pytest.mark.parametrize("htmx", [True, False])
    def test_leads_to_no_other_site_whatever_a_link_said(self, as_, user, htmx):
        answers = {target: sign_in(as_(None), next=target, htmx=htmx) for target in TRAPS}

        for target, answer in answers.items():
            assert answer.status_code in {204, 303}, repr(target)
            leads_to = answer.headers["HX-Redirect"] if htmx else answer.location
            # Browsers drop tabs and line ends from an address before they read it.
            read = leads_to.translate({9: None, 10: None, 13: None})
            assert not read.startswith(("//", "/\\", "http", "java")), repr(target)
            assert "X-Evil" not in answer.headers

    def test_a_closed_sign_in_answers_like_a_wrong_password(self, stranger, session, user):
        user.active = False

        answer = sign_in(stranger)

        assert answer.status_code == 422
        assert "do not go together" in answer.text

    def test_without_a_token_nobody_is_signed_in(self, stranger, user):
        answer = stranger.post("/sign-in/", {"sign_in_name": "ada", "password": PASSWORD}, token=None)

        assert answer.status_code == 419
        assert stranger.get("/").status_code == 303


class TestSignedOutMeanwhile:
    def test_what_was_typed_can_be_sent_after_signing_in_in_another_window(self, stranger, user):
        ours, typed = {"Sec-Fetch-Site": "same-origin"}, {"words": "soup for ten", "length": "1:30"}
        page = stranger.post("/hours/", typed, token="of yesterday", headers=ours).text
        (fresh,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page.split("<main")[1]))

        assert stranger.post("/hours/", typed, token=fresh, headers=ours).status_code == 303  # not yet
        sign_in(stranger)

        assert stranger.post("/hours/", typed, token=fresh, headers=ours).status_code == 422


class TestSignOut:
    def test_ends_on_the_server_so_that_the_cookie_is_worth_nothing(self, as_, giver):
        browser = as_(giver)
        old = cookie(browser).value

        answer = browser.post("/sign-in/out")

        browser.client.set_cookie("sign-in", old)
        assert (answer.status_code, answer.location) == (303, "/sign-in/")
        assert browser.get("/").status_code == 303


class TestFirstTime:
    def form(self, code, other=None):
        return {"code": code, "sign_in_name": "ada", "password": PASSWORD, "password_again": PASSWORD} | (other or {})

    @pytest.fixture
    def code(self, session, giver):
        return service.issue_code(session, member=giver, issued_by=None, at=clock.now())

    @pytest.mark.parametrize("htmx", [True, False])
    def test_leads_in(self, stranger, code, giver, htmx):
        answer = stranger.post("/sign-in/first-time", self.form(code), htmx=htmx)

        assert (answer.headers["HX-Redirect"] if htmx else answer.location) == "/"
        assert giver.name in stranger.get("/").text

    def test_works_once(self, stranger, as_, code):
        stranger.post("/sign-in/first-time", self.form(code))

        answer = as_(None).post("/sign-in/first-time", self.form(code, {"sign_in_name": "ben"}))

        assert answer.status_code == 422
        assert "That code does not work." in answer.text

    def test_what_is_not_right_is_said_and_no_password_comes_back(self, stranger, code):
        for other, sentence in NOT_RIGHT:
            form = self.form(code, other)
            answer = stranger.post("/sign-in/first-time", form)
            assert (answer.status_code, sentence in answer.text) == (422, True), other
            assert f'value="{form["code"]}"' in answer.text
            assert f'value="{form["sign_in_name"]}"' in answer.text
            assert PASSWORD not in answer.text

    @pytest.mark.parametrize("name", ["ß" * 200, "ada\x00bee", "ﷺ" * 254, "   ada   "])
    def test_an_odd_name_does_not_break_the_page(self, stranger, code, name):
        answer = stranger.post("/sign-in/first-time", self.form(code, {"sign_in_name": name}))

        assert answer.status_code in {303, 422}

    def test_a_new_password_ends_the_sign_ins_that_were_open(self, app, session, as_, stranger, user, giver):
        sign_in(stranger)
        open_before = stranger.get("/").status_code
        code = service.issue_code(session, member=giver, issued_by=None, at=clock.now())

        as_(None).post("/sign-in/first-time", self.form(code, {"sign_in_name": "ada"}))

        assert open_before == 200
        assert stranger.get("/").status_code == 303


class TestLeavingQuickly:
    """The page sets the cookie before it asks for anything, so what is asked next cannot come before it."""

    def test_the_next_thing_asked_for_ends_the_sign_in(self, stranger, user, giver):
        sign_in(stranger)
        held = cookie(stranger).value
        stranger.client.set_cookie("left", "yes")

        assert giver.name not in stranger.get("/urgent-help").text

        assert stranger.client.get_cookie("left") is None
        stranger.client.set_cookie("sign-in", held)
        assert stranger.get("/").status_code == 303

    def test_what_looks_the_same_for_everybody_does_not_count_as_the_next_thing(self, stranger, user, giver):
        sign_in(stranger)
        stranger.client.set_cookie("left", "yes")

        stranger.get("/health")

        assert stranger.client.get_cookie("left").value == "yes"
        assert giver.name not in stranger.get("/").text

    def test_signing_in_again_works_at_once(self, stranger, user, giver):
        sign_in(stranger)
        stranger.client.set_cookie("left", "yes")
        page = stranger.get("/sign-in/").text
        token = re.search(r'name="csrf_token" value="([^"]+)', page).group(1)

        stranger.post("/sign-in/", {"sign_in_name": "ada", "password": PASSWORD}, token=token)

        assert giver.name in stranger.get("/").text

    def test_an_answer_that_comes_late_does_not_open_the_sign_in_again(self, app, stranger, user):
        sign_in(stranger)
        held = cookie(stranger).value
        with app.test_request_context("/", headers={"Cookie": f"sign-in={held}"}) as late:
            late.session["told"] = "something"
            stranger.post("/leave-now", {})
            answer = app.response_class()
            app.session_interface.save_session(app, late.session, answer)

        assert "Set-Cookie" not in answer.headers
        stranger.client.set_cookie("sign-in", held)
        assert stranger.get("/").status_code == 303

    def test_a_crowded_bank_does_not_turn_a_finished_act_into_an_error(self, app, stranger, user, monkeypatch):
        """The sign-in is kept after the act; when that has to wait too long, what was done stays done and is answered."""
        sign_in(stranger)

        def crowded():
            raise VeryBusy

        monkeypatch.setattr(app.session_interface.database, "writing", crowded)

        assert stranger.post("/leave-now", {}).status_code == 303
