"""At the door: who types a wrong password again and again reads what to do, on every device."""

import pytest
from playwright.sync_api import expect

from tests.journeys.bank import PASSWORD

pytestmark = pytest.mark.browser


def try_to_sign_in(visitor, password):
    visitor.fill("Your name for signing in", "nell")
    visitor.fill("Password", password)
    visitor.press("Sign in")


def test_after_five_tries_one_has_to_wait_and_a_device_that_is_known_has_not(bank, visit):
    bank.add("Nell")
    known, strange = visit(), visit()
    known.sign_in("nell")
    known.press("Sign out", within=known.page.locator("body"))
    strange.open("/sign-in/")

    for _ in range(5):
        try_to_sign_in(strange, "not this one at all")
        strange.sees("do not go together")
        strange.open("/sign-in/")
    try_to_sign_in(strange, PASSWORD)

    strange.sees("Please wait five minutes")
    expect(strange.page.get_by_label("Your name for signing in", exact=True)).to_have_value("nell")
    known.sign_in("nell")
    # The browser says of each refusal that it was one.
    strange.problems = [said for said in strange.problems if "status of 42" not in said and "Error Code 4" not in said]


def test_on_a_device_that_is_not_ones_own_nothing_is_kept(bank, visit):
    bank.add("Nell")
    visitor = visit()
    visitor.open("/sign-in/")
    visitor.fill("Your name for signing in", "nell")
    visitor.fill("Password", PASSWORD)
    visitor.choose("This is not my own device")
    visitor.press("Sign in")
    visitor.sees_heading("Hello")

    kept = {cookie["name"]: cookie["expires"] for cookie in visitor.context.cookies()}
    assert kept == {"__Host-sign-in" if visitor.device.is_https else "sign-in": -1}
