"""My sign-in: what one reads there, what one changes, and that it is asked afresh who it is before anything changes."""

import html
import re

import pytest
from passlib.totp import TOTP
from sqlalchemy import select

from tests.guards.world import make_world
from tests.signin.conftest import PASSWORD, give_app, is_in, open_door, second_step, sign_in
from timebank.members.models import Member
from timebank.schemes import service as schemes
from timebank.signin import service
from timebank.signin.entering import PASSED, PROVED_AT
from timebank.signin.models import SignInEvent, User
from timebank.web.policy import WHILE_SETTING_UP

NEW = "five or six words here"
FRESH = {
    "mysignin.change_password", "mysignin.change_name", "mysignin.begin_app", "mysignin.switch_app_on", "mysignin.switch_app_off",
    "mysignin.make_spare_codes", "mysignin.begin_passkey", "mysignin.add_passkey", "mysignin.remove_passkey", "desk.add_member",
    "desk.take_second_step_away", "contact.give_address", "contact.write_note", "record.read", "record.take_along", "record.leave",
    "two_people.ask", "two_people.agree", "two_people.stop",
}  # fmt: skip
HIDDEN = re.compile(r'<input type="hidden" name="(?P<name>[^"]+)" value="(?P<value>[^"]*)">')


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


def without(browser, *names):
    """The same sign-in, but for what was shown at its beginning."""
    browser.row.data = {name: value for name, value in browser.row.data.items() if name not in names}
    return browser


def hidden_in(answer, action):
    form = answer.text.split(f'action="{action}"')[1].split("</form>")[0]
    return [
        (found["name"], html.unescape(found["value"]))
        for found in HIDDEN.finditer(form)
        if found["name"] != "csrf_token"
    ]


def change_password(browser, old=PASSWORD, new=NEW, again=None):
    form = {"old_password": old, "password": new, "password_again": again or new}
    return browser.post("/sign-in/mine/password", form)


class TestAskedAfresh:
    def test_are_all_the_acts_that_could_lock_out_or_let_in(self, app):
        rows = {view.policy_row for view in app.view_functions.values() if getattr(view, "is_fresh", False)}

        assert rows == FRESH

    def test_each_of_them_asks_whoever_has_not_shown_it_lately(self, app, as_, session):
        world = make_world(session, rows=1)
        browser, asked = without(as_(world.coordinator), PROVED_AT), 0

        for rule in app.url_map.iter_rules():
            if not getattr(app.view_functions[rule.endpoint], "is_fresh", False):
                continue
            for method in {"GET", "POST"} & rule.methods:
                answer = browser.open(world.url(app, rule), method=method, data={"csrf_token": browser.token})
                assert answer.status_code in {303, 403}, rule
                assert answer.status_code == 403 or answer.location.startswith("/sign-in/again"), rule
                assert answer.status_code == 303 or "Is it you?" in answer.text, rule
                asked += 1
        assert asked >= 14

    @pytest.mark.parametrize(("minutes", "asks"), [(9.9, False), (10, True)])
    def test_after_ten_minutes(self, as_, giver, nell, time, minutes, asks):
        browser = as_(giver)

        time.forward(minutes=minutes)

        answer = browser.get("/sign-in/mine/name")
        assert (answer.location == "/sign-in/again?next=/sign-in/mine/name") is asks
        assert answer.status_code == (303 if asks else 200)

    def test_a_password_leads_on_to_where_they_were(self, as_, giver, nell):
        browser = without(as_(giver), PROVED_AT)

        answer = browser.post("/sign-in/again", {"password": PASSWORD, "next": "/sign-in/mine/name"})

        assert answer.location == "/sign-in/mine/name"
        assert browser.get("/sign-in/mine/name").status_code == 200

    def test_what_was_typed_is_kept_and_goes_on(self, as_, session, coordinator, quick_passwords):
        open_door(session, coordinator, "cora")
        browser, name = without(as_(coordinator), PROVED_AT), 'Ada "Bee" & Söhne <b>'
        typed = {"name": name, "side": "both", "member_id": "00000000-0000-4000-8000-000000000001", "schemes": []}
        first = browser.post("/desk/members", typed)
        assert first.status_code == 403

        wrong = browser.post("/sign-in/again", dict(hidden_in(first, "/sign-in/again")) | {"password": "not this one"})
        assert wrong.status_code == 422
        right = browser.post("/sign-in/again", dict(hidden_in(wrong, "/sign-in/again")) | {"password": PASSWORD})

        assert right.status_code == 200
        going_on = dict(hidden_in(right, "/desk/members"))
        assert going_on["name"] == name
        assert session.scalars(select(Member).where(Member.name == name)).all() == [], "not before they go on"
        assert "A code for Ada" in browser.post("/desk/members", going_on).text

    def test_what_was_ticked_several_times_comes_along_as_often(self, as_, coordinator):
        browser = without(as_(coordinator), PROVED_AT)

        asked = browser.open(
            "/desk/members", method="POST", data={"csrf_token": browser.token, "schemes": ["a", "b"], "name": "Ada"}
        )

        kept = [pair for pair in hidden_in(asked, "/sign-in/again") if pair[0] == "kept-schemes"]
        assert kept == [("kept-schemes", "a"), ("kept-schemes", "b")]

    def test_a_password_is_never_written_into_a_page(self, as_, giver, nell):
        answer = change_password(without(as_(giver), PROVED_AT))

        assert answer.status_code == 303
        assert answer.location.startswith("/sign-in/again")
        assert NEW not in answer.text

    def test_whoever_has_a_second_step_shows_that_too(self, as_, giver, phone, time):
        browser = without(as_(giver), PROVED_AT)
        typed = {"password": PASSWORD, "next": "/sign-in/mine/name"}

        assert browser.post("/sign-in/again", typed).status_code == 422
        assert browser.post("/sign-in/again", typed | {"second_code": "123456"}).status_code == 422
        assert browser.post("/sign-in/again", typed | {"password": "x", "second_code": phone.code()}).status_code == 422
        assert browser.post("/sign-in/again", typed | {"second_code": phone.code()}).status_code == 303

    def test_tries_are_counted(self, as_, giver, nell, time):
        browser = without(as_(giver), PROVED_AT)

        answers = [browser.post("/sign-in/again", {"password": "not this one"}).status_code for _ in range(7)]

        assert answers == [422] * 5 + [429] * 2

    @pytest.mark.parametrize("field", ["next", "url"])
    @pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil", "javascript:alert(1)"])
    def test_leads_to_no_other_site(self, as_, giver, nell, field, target):
        answer = as_(giver).post("/sign-in/again", {"password": PASSWORD, field: target})

        assert (answer.location or "/") == "/"
        assert 'action="/"' in answer.text or answer.status_code == 303
        assert "evil" not in answer.text


class TestPassword:
    def test_is_changed_and_everybody_else_is_out(self, as_, session, giver, nell, time):
        elsewhere, thief = as_(giver), as_(None)
        assert is_in(elsewhere)
        sign_in(thief)
        here = as_(giver)

        assert change_password(here).location == "/sign-in/mine/"

        assert is_in(here)
        assert not is_in(elsewhere)
        assert not is_in(thief)
        assert sign_in(as_(None)).status_code == 422
        assert sign_in(as_(None), password=NEW).status_code == 303
        assert "The password was changed." in here.get("/sign-in/mine/").text

    def test_leaves_a_second_step_as_it_is(self, as_, giver, phone, time):
        browser = as_(None)
        sign_in(browser)
        second_step(browser, phone.code())

        change_password(browser)

        assert is_in(browser)
        assert sign_in(as_(None), password=NEW).location == "/sign-in/second-step"

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"old": "not this one"}, "That is not the password you have now."),
            ({"new": "short"}, "at least 12 letters"),
            ({"new": "passwordpassword"}, "easy to guess"),
            ({"again": "five or seven words here"}, "not the same"),
            ({"old": ""}, "Please type the password you have now."),
        ],
    )
    def test_what_is_not_right_is_said_and_changes_nothing(self, as_, session, giver, nell, typed, sentence):
        answer = change_password(as_(giver), **typed)

        assert answer.status_code == 422
        assert sentence in answer.text
        assert NEW not in answer.text
        assert session.get_one(User, nell.id).password == PASSWORD

    def test_the_old_one_cannot_be_guessed_here(self, as_, giver, nell, time):
        browser = as_(giver)

        answers = [change_password(browser, old="not this one").status_code for _ in range(7)]

        assert answers == [422] * 5 + [429] * 2


class TestName:
    def test_is_changed(self, as_, giver, nell):
        browser = as_(giver)

        assert browser.post("/sign-in/mine/name", {"sign_in_name": " Nell@Example.org "}).status_code == 303

        assert "nell@example.org" in browser.get("/sign-in/mine/").text
        assert sign_in(as_(None), name="NELL@example.org").status_code == 303
        assert sign_in(as_(None)).status_code == 422

    @pytest.mark.parametrize("name", ["omar", "OMAR", "no", "ß" * 200])
    def test_that_cannot_be_used_is_said(self, as_, session, giver, receiver, nell, name):
        open_door(session, receiver, "omar")

        answer = as_(giver).post("/sign-in/mine/name", {"sign_in_name": name})

        assert answer.status_code == 422
        assert session.get_one(User, nell.id).sign_in_name == "nell"

    def test_cannot_be_used_to_find_out_who_is_here(self, as_, giver, nell, time):
        browser = as_(giver)

        names = [browser.post("/sign-in/mine/name", {"sign_in_name": f"guess-{number}"}) for number in range(8)]

        assert [answer.status_code for answer in names] == [303] * 5 + [422] * 3


class TestForced:
    def test_whoever_looks_after_others_reaches_nothing_but_setting_it_up(self, app, as_, session):
        world = make_world(session, rows=1)
        browser, led, stayed = without(as_(world.coordinator), PASSED), 0, set()
        for rule in app.url_map.iter_rules():
            row = getattr(app.view_functions[rule.endpoint], "policy_row", "static")
            if rule.endpoint in {"pages.leave_now", "signin.sign_out", "signin.enter", "signin.set_password"}:
                continue
            for method in {"GET", "POST"} & rule.methods:
                answer = browser.open(world.url(app, rule), method=method, data={"csrf_token": browser.token})
                answer.close()
                if answer.location == "/sign-in/mine/set-up":
                    led += 1
                else:
                    stayed.add(row)

        assert led > 55
        open_to_all = {row for row in stayed if row.startswith(("pages.", "static", "signin.", "forgotten."))}
        assert stayed - open_to_all - {"helplines.show"} <= WHILE_SETTING_UP
        assert {row for row in stayed if row.startswith("signin.")} <= {
            "signin.show", "signin.first_time", "signin.begin_passkey", "signin.use_passkey", "signin.second_step",
            "signin.take_second_step", "signin.prove",
        }  # fmt: skip

    def test_with_scripts_they_are_led_there_too(self, as_, coordinator):
        answer = without(as_(coordinator), PASSED).get("/desk/", htmx=True)

        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in/mine/set-up")

    def test_an_app_opens_everything_again(self, as_, session, coordinator, quick_passwords, time):
        open_door(session, coordinator, "cora")
        browser = as_(None)
        sign_in(browser, name="cora")
        assert browser.get("/").location == "/sign-in/mine/set-up"

        browser.post("/sign-in/mine/app/begin")
        page = browser.get("/sign-in/mine/app").text
        shared = re.search(r'class="code">([^<]+)', page)[1]
        wrong = browser.post("/sign-in/mine/app", {"second_code": "000000"})
        right = browser.post("/sign-in/mine/app", {"second_code": TOTP(key=shared).generate(time.at).token})

        assert wrong.status_code == 422
        assert shared in wrong.text
        assert right.text.count('<li class="code">') == 10
        assert browser.get("/desk/").status_code == 200

    def test_whoever_switches_it_off_has_to_set_it_up_again(
        self, as_, session, coordinator, quick_passwords, time, app
    ):
        phone = give_app(app, session, open_door(session, coordinator, "cora"), at=time.at)
        browser = as_(None)
        sign_in(browser, name="cora")
        second_step(browser, phone.code())
        assert browser.get("/desk/").status_code == 200

        browser.post("/sign-in/mine/app/off")

        assert browser.get("/desk/").location == "/sign-in/mine/set-up"

    def test_members_are_offered_it_and_need_not(self, as_, giver, nell):
        browser = without(as_(giver), PASSED)

        assert browser.get("/hours/").status_code == 200
        assert "Set up a second step" in browser.get("/sign-in/mine/").text

    def test_whoever_becomes_a_coordinator_is_asked_at_once(self, as_, session, giver, nell):
        browser = without(as_(giver), PASSED)
        assert is_in(browser)

        schemes.make_coordinator(session, member=giver)

        assert browser.get("/hours/").location == "/sign-in/mine/set-up"

    def test_in_a_demonstration_it_is_offered_only(self, as_, session, coordinator):
        coordinator.bank.is_demonstration = True
        browser = without(as_(coordinator), PASSED)

        assert browser.get("/desk/").status_code == 200


class TestThePage:
    def test_belongs_to_its_owner(self, as_, session, giver, receiver, nell, coordinator, time):
        service.issue_code(session, member=giver, issued_by=coordinator, at=time.at)

        assert "A code was made for you by Coordinator." in as_(giver).get("/sign-in/mine/").text
        assert "A code was made" not in as_(receiver).get("/sign-in/mine/").text

    def test_shows_the_newest_first_and_nothing_secret(self, as_, session, giver, phone, time):
        for minutes in (1, 2):
            time.forward(minutes=minutes)
            browser = as_(None)
            sign_in(browser)
            second_step(browser, phone.code())

        page = browser.get("/sign-in/mine/").text

        days = re.findall(r"<li>(2 March 2026 at \d\d:\d\d)", page)
        assert days == sorted(days, reverse=True)
        assert len(days) >= 4
        assert page.count("Signed in with a browser that was not known: A browser.") == 2
        assert not any(code in page.replace("-", "") for code in [*phone.spare, phone.shared, phone.code()])

    def test_a_browser_that_is_known_is_no_news(self, as_, session, giver, nell, time):
        first = as_(None)
        sign_in(first)
        again = as_(None)
        again.client.set_cookie("device", first.client.get_cookie("device").value)

        sign_in(again)

        assert len(session.scalars(select(SignInEvent).where(SignInEvent.member_id == giver.id)).all()) == 1


class TestHoursOfWhoMadeTheCode:
    """A coordinator who uses a code they made for somebody else cannot have their own hours agreed to with it."""

    @pytest.fixture
    def came_in(self, as_, session, giver, coordinator, nell, time):
        code = service.issue_code(session, member=giver, issued_by=coordinator, at=time.at)
        browser = as_(None)
        form = {"code": code, "sign_in_name": "nell", "password": NEW, "password_again": NEW}
        assert browser.post("/sign-in/first-time", form).status_code == 303
        return browser

    @pytest.fixture
    def waiting(self, session, hour_log_factory, coordinator, giver):
        return hour_log_factory(member=coordinator, partner=giver)

    def test_cannot_be_confirmed_nor_changed_nor_logged(self, came_in, session, coordinator, waiting):
        log = {"direction": "received", "partner": "code", "code": coordinator.code, "length": "1:00", "sure": "yes"}
        log |= {"happened_on": "2026-03-01", "words": "", "log_id": "00000000-0000-4000-8000-000000000001"}
        acts = [
            (f"/hours/{waiting.id}/confirm", {}),
            (f"/hours/{waiting.id}/change", {"length": "1:00", "log_id": "00000000-0000-4000-8000-000000000002"}),
            ("/hours/", log),
        ]

        for url, form in acts:
            answer = came_in.post(url, form)
            assert answer.status_code == 409, url
            assert "a code that the other person made" in answer.text

    def test_hours_with_others_can(self, came_in, hour_log_factory, receiver, giver):
        log = hour_log_factory(member=receiver, partner=giver)

        assert came_in.post(f"/hours/{log.id}/confirm").status_code == 200

    def test_after_a_later_sign_in_with_the_own_password_they_can(self, came_in, as_, waiting):
        came_in.post("/sign-in/out")
        own = as_(None)
        sign_in(own, password=NEW)

        assert own.post(f"/hours/{waiting.id}/confirm").status_code == 200

    def test_a_change_of_password_in_the_same_sign_in_does_not_help(self, came_in, waiting):
        change_password(came_in, old=NEW, new="seven or eight words here")

        assert came_in.post(f"/hours/{waiting.id}/confirm").status_code == 409

    def test_a_second_step_in_between_does_not_help(self, as_, session, giver, coordinator, phone, waiting, time):
        code = service.issue_code(session, member=giver, issued_by=coordinator, at=time.at)
        browser = as_(None)
        browser.post(
            "/sign-in/first-time", {"code": code, "sign_in_name": "nell", "password": NEW, "password_again": NEW}
        )
        second_step(browser, phone.code())
        assert is_in(browser)

        assert browser.post(f"/hours/{waiting.id}/confirm").status_code == 409
