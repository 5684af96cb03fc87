"""A second step, set up and used on a phone and at a desk; passkeys with a device that Chromium itself pretends to be."""

import re
from datetime import timedelta

import pytest
from passlib.totp import TOTP
from playwright.sync_api import expect

from tests.journeys.bank import PASSWORD
from tests.journeys.browsing import ALL_FOUR
from timebank.signin import entering

pytestmark = pytest.mark.browser

LAPTOP = {
    "protocol": "ctap2",
    "transport": "internal",  # as phones and laptops have it, without anything to plug in
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


PHONE, PHONE_WITHOUT, DESK, DESK_WITHOUT = ALL_FOUR  # without: scripts are off


def on(*devices):
    """Each page is seen on both screens, and every way that needs no script is gone without one too."""
    return pytest.mark.parametrize("device", devices, indirect=True, ids=str)


def type_password(visitor, name):
    visitor.open("/sign-in/")
    visitor.fill("Your name for signing in", name)
    visitor.fill("Password", PASSWORD)
    visitor.press("Sign in")


def give_device(visitor):
    """One that unlocks by finger, and says yes at once."""
    line = visitor.context.new_cdp_session(visitor.page)
    line.send("WebAuthn.enable")
    line.send("WebAuthn.addVirtualAuthenticator", {"options": LAPTOP})


def sign_out(visitor):
    visitor.press("Sign out", within=visitor.page.locator("body"))
    visitor.sees_heading("Sign in")


def set_app_up(visitor) -> tuple[TOTP, list[str]]:
    visitor.press("Set up an app")
    visitor.sees_heading("Codes from an app")
    app = TOTP(key=visitor.page.locator("main .code").inner_text())
    visitor.fill("The six digits that your app shows now", app.generate().token)
    visitor.press("Switch it on")
    visitor.sees_heading("Spare codes")
    return app, visitor.page.locator("main li.code").all_inner_texts()


def expect_refusals(visitor):
    """The browser says of each refusal that it was one."""
    visitor.problems = [said for said in visitor.problems if "status of 42" not in said and "Error Code 4" not in said]


@on(PHONE, DESK_WITHOUT)
def test_an_app_is_set_up_and_asked_for_and_a_spare_code_helps_once(bank, visit):
    bank.add("Nell")
    nell = visit()
    nell.sign_in("nell")
    nell.go("My profile")
    nell.go("My sign-in")
    nell.go("Set up a second step")
    app, spare = set_app_up(nell)
    nell.go("I have them")
    nell.sees("10 of 10 are left")

    sign_out(nell)
    type_password(nell, "nell")
    nell.sees_heading("One more step")
    nell.page.goto("/hours/")
    nell.sees_heading("One more step")
    nell.fill("Your code", app.generate().token)  # the one that switched it on, or the next: used ones are refused
    nell.press("Go in")
    expect(nell.page.get_by_role("heading", name=re.compile("One more step|Hello")).first).to_be_visible()

    nell.context.clear_cookies()
    type_password(nell, "nell")
    nell.sees_heading("One more step")
    nell.fill("Your code", spare[3].lower())
    nell.press("Go in")
    nell.sees_heading("Hello")
    nell.open("/sign-in/mine/")
    nell.sees("9 of 10 are left")
    nell.sees("A spare code was used.")

    nell.context.clear_cookies()
    type_password(nell, "nell")
    nell.sees_heading("One more step")
    nell.fill("Your code", spare[3])
    nell.press("Go in")
    nell.sees("That code is not right, or was used already.")
    expect_refusals(nell)


@on(DESK, PHONE_WITHOUT)
def test_whoever_looks_after_others_sets_it_up_before_anything_else(bank, visit):
    bank.add("Vera", coordinates=True, has_app=False)
    vera = visit()

    type_password(vera, "vera")
    vera.sees_heading("Before you go on: a second step")
    for path in ("/", "/desk/", "/desk/members", "/hours/", "/sign-in/mine/"):
        vera.page.goto(path)
        vera.sees_heading("Before you go on: a second step")
    vera.page.goto("/urgent-help")
    expect(vera.page.get_by_role("link", name="Desk")).to_have_count(0)
    vera.page.goto("/desk/")
    set_app_up(vera)

    vera.open("/desk/")
    vera.sees_heading("Your desk")


@on(PHONE, DESK)
def test_a_passkey_lets_in_without_a_password_and_as_the_second_step(bank, visit):
    bank.add("Nell")
    nell = visit()
    nell.sign_in("nell")
    give_device(nell)
    nell.open("/sign-in/mine/set-up")
    nell.go("Add a passkey")
    nell.fill("What you call this device", "My phone")
    nell.press("Add a passkey")
    nell.sees_heading("Spare codes")
    nell.sees("“My phone” is added.")

    sign_out(nell)
    nell.press("Sign in with a passkey")
    nell.sees_heading("Hello, Nell")

    sign_out(nell)
    type_password(nell, "nell")
    nell.sees_heading("One more step")
    nell.press("Use a passkey")
    nell.sees_heading("Hello, Nell")

    nell.open("/sign-in/mine/")
    nell.sees("My phone")
    nell.press("Remove My phone")
    nell.sees("With a second step nobody gets in with your password alone.")
    sign_out(nell)
    nell.press("Sign in with a passkey")
    nell.sees("That passkey did not work here.")
    expect_refusals(nell)


@on(DESK)
def test_a_page_that_was_open_too_long_asks_afresh_and_the_passkey_is_made_after_it(bank, visit, monkeypatch):
    bank.add("Nell")
    nell = visit()
    nell.sign_in("nell")
    give_device(nell)
    nell.open("/sign-in/mine/passkeys/new")
    monkeypatch.setattr(entering, "PROVED_LIFE", timedelta(0))
    nell.fill("What you call this device", "My laptop")
    nell.press("Add a passkey")
    nell.sees_heading("Is it you?")

    monkeypatch.undo()
    nell.fill("Password", PASSWORD)
    nell.press("Go on")
    nell.sees_heading("Add a passkey")
    nell.fill("What you call this device", "My laptop")
    nell.press("Add a passkey")
    nell.sees_heading("Spare codes")
    nell.problems = [said for said in nell.problems if "status of 403" not in said]


@on(DESK_WITHOUT)
def test_without_scripts_the_page_for_passkeys_leads_to_an_app(bank, visit):
    bank.add("Nell")
    nell = visit()
    nell.sign_in("nell")
    nell.open("/sign-in/mine/passkeys/new")

    nell.go("choose codes from an app")

    nell.press("Set up an app")
    nell.sees_heading("Codes from an app")
