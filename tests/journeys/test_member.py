"""Somebody joins, says a little about themselves, and logs time with somebody who told them their code."""

import pytest
from playwright.sync_api import expect

from tests.journeys.bank import PASSWORD

pytestmark = pytest.mark.browser


def test_a_member_joins_and_two_agree_on_their_hours(bank, visit, device):
    bank.add("Omar")
    code = add_somebody(visit(), "Nell Byrd")
    nell, omar = visit(), visit()

    use_code(nell, code)
    tell_a_little(nell)
    omar.sign_in("omar")
    omars_code = omar.page.locator("main .code").inner_text()
    log(nell, omars_code, "1:30", "a walk")
    confirm_at_once(omar, "1 h 30 min", device)
    for visitor, partner in ((nell, "Omar"), (omar, "Nell Byrd")):
        check_statement(visitor, partner, "1 h 30 min")

    log(nell, None, "1:00", "tea and a talk")
    change(omar, "1 h", "45")
    confirm_at_once(nell, "45 min", device)
    for visitor, partner in ((nell, "Omar"), (omar, "Nell Byrd")):
        check_statement(visitor, partner, "45 min")
        visitor.sees("2 h 15 min")


def add_somebody(cora, name: str) -> str:
    cora.sign_in("cora")
    cora.go("Desk")
    cora.go("Add somebody")
    cora.fill("The name they use here", name)
    cora.choose("Side by side")
    cora.choose("be supported")
    cora.press("Add them and make a code")
    cora.sees_heading(f"A code for {name}")
    return cora.page.locator(".code-large").inner_text()


def use_code(nell, code: str) -> None:
    nell.open("/")
    nell.go("Use the code you were given")
    nell.fill("Your code", code.lower())
    nell.fill("A name to sign in with", "nell@example.org")
    nell.fill("A new password", PASSWORD)
    nell.fill("The same password once more", PASSWORD)
    nell.press("Save and go in")
    nell.sees_heading("Hello, Nell Byrd")


def tell_a_little(nell) -> None:
    nell.go("My profile")
    nell.go("Change What I could share")
    nell.fill("Things I could share or teach", "cooking\nlistening")
    nell.press("Save")
    nell.sees_heading("What I would like from this")
    nell.fill("What I am looking for", "going for walks")
    nell.press("Save")
    nell.sees_heading("How and when I could meet")
    nell.choose("In person")
    nell.go("Stop here")
    nell.sees("cooking, listening")
    nell.sees("going for walks")


def log(nell, code: str | None, length: str, words: str) -> None:
    nell.go("Hours")
    nell.go("Log some time")
    nell.choose("I gave it")
    if code:
        nell.choose("Somebody who told me their code")
        nell.fill("Their code", code.lower().replace("-", " "))
    else:
        nell.choose("Omar")
    nell.fill("How long was it?", length)
    nell.fill("What was it? (you may leave this empty)", words)
    nell.press("Log this time")
    nell.sees("is logged. It counts once the other side has confirmed it.")
    if code:
        nell.does_not_see("Omar")


def confirm_at_once(visitor, length: str, device) -> None:
    """By htmx the card changes where it stands; without scripts the page that comes shows the same card."""
    visitor.go("Home")
    visitor.loads.clear()
    visitor.press("Yes, that is right", within=visitor.card("waits for you", length))
    expect(visitor.card(length, "confirmed")).to_be_visible()
    visitor.look()
    assert bool(visitor.loads) is not device.scripts


def change(omar, length: str, new_length: str) -> None:
    omar.go("Hours")
    omar.go("Change the length", within=omar.card("waits for you", length))
    omar.fill("How long was it?", new_length)
    omar.press("Send my length")
    omar.sees("The other person is asked whether that is right.")


def check_statement(visitor, partner: str, length: str) -> None:
    visitor.go("Hours")
    visitor.go("My statement")
    line = visitor.page.get_by_role("row").filter(has_text=length).filter(has_text=partner)
    expect(line.first).to_be_visible()
