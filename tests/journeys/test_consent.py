"""Somebody says who they are, lets it be used, and takes it back: one press, no scripts needed, nothing ticked for them."""

import pytest
from playwright.sync_api import expect

from tests.journeys.browsing import ALL_FOUR, DEVICES, Device

pytestmark = pytest.mark.browser


@pytest.fixture(params=[one for one in DEVICES if DEVICES is ALL_FOUR or not one.scripts], ids=str)
def device(request: pytest.FixtureRequest) -> Device:
    """A phone without scripts; the full form takes all."""
    return request.param


def test_a_yes_is_given_and_taken_back(bank, visit):
    bank.add("Nell")
    nell = visit()
    nell.sign_in("nell")

    nell.go("My profile")
    nell.go("Change Who I am")
    nell.fill("Words for who I am", "faith: Sikh")
    nell.choose("Yes, you may")
    nell.choose("No, nobody may see it")
    nell.press("Save")
    nell.sees_heading("What must be right for me")
    nell.go("What I have agreed to")
    asked = nell.page.locator("#use-identities")
    expect(asked.locator(".tag")).to_have_text("yes")

    nell.press("No You may use", within=asked)

    expect(asked.locator(".tag")).to_have_text("no")
    nell.sees("Noted. It counts from now on.")
    expect(nell.page.locator("#show-identities .tag")).to_have_text("no")
