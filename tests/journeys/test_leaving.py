"""Leaving quickly: the page is covered, the other site opens, the sign-in is over, and going back shows nothing."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

AWAY = "https://www.bbc.co.uk/weather"


@pytest.fixture
def nell(bank, visit):
    bank.add("Nell")
    visitor = visit()
    visitor.sign_in("nell")
    visitor.go("Hours")
    return visitor


def check_gone(visitor) -> None:
    """Wherever this browser looks: nothing of Nell's, and nobody is signed in."""
    expect(visitor.page).not_to_have_url(re.compile(visitor.outside.site))
    assert set(visitor.outside.asked) == {AWAY}
    visitor.page.go_back()
    expect(visitor.page.locator("body")).not_to_contain_text("Nell")
    another = visitor.context.new_page()
    for path in ("/", "/hours/", "/statement/"):
        another.goto(path)
        expect(another.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(another.locator("body")).not_to_contain_text("Nell")


def test_by_the_button(nell):
    nell.press("Leave this site quickly", within=nell.page.locator("body"))

    check_gone(nell)


def test_the_page_is_empty_before_the_other_site_answers(nell, device):
    """Without scripts the browser itself keeps the old page until the new one comes, and that cannot be changed."""
    if not device.scripts:
        nell.press("Leave this site quickly", within=nell.page.locator("body"))
    else:
        # In the same breath as the press: the browser has not even begun to ask for the other site.
        shown = nell.page.evaluate(
            """() => {
                document.querySelector("button.exit").click();
                return [document.title, document.body.children.length];
            }"""
        )
        assert shown == ["…", 0]

    check_gone(nell)


def test_by_pressing_shift_three_times(nell, device):
    if not device.scripts:
        expect(nell.page.get_by_text("Pressing the Shift key three times does the same.")).to_be_hidden()
        return
    nell.page.keyboard.press("Shift")
    expect(nell.page.get_by_role("status").first).to_contain_text("press 2 more times")
    nell.page.keyboard.press("Shift")
    nell.page.keyboard.press("Shift")

    check_gone(nell)


def test_the_other_open_pages_leave_as_well(nell, device):
    other = nell.new_page()
    other.goto("/statement/")
    nell.press("Leave this site quickly", within=nell.page.locator("body"))

    expect(nell.page).not_to_have_url(re.compile(nell.outside.site))
    if device.scripts:
        expect(other).to_have_url(AWAY)
    else:
        other.reload()
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_also_where_the_message_that_ends_the_sign_in_never_arrives(nell, device):
    """Found as two reds on a busy machine: going back was quicker than the message, and showed Nell's home page."""
    if device.scripts:
        nell.context.route("**/leave-now", lambda route: route.abort())
    nell.press("Leave this site quickly", within=nell.page.locator("body"))

    check_gone(nell)
    nell.problems[:] = [problem for problem in nell.problems if "ERR_FAILED" not in problem]
