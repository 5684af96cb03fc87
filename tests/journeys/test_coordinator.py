"""A coordinator looks a round over before it is sent, and settles what two people remember differently."""

import pytest
from playwright.sync_api import expect

from timebank.schemes.models import Side

pytestmark = pytest.mark.browser


def test_a_round_is_tried_looked_over_and_sent(bank, visit, device):
    bank.add("Grace", side=Side.OFFER, likes=("get out more",))
    bank.add("Ruth", side=Side.OFFER, likes=("sleep better",))
    bank.add("Sam", side=Side.SEEK, likes=("get out more",))
    bank.add("Ivo", side=Side.SEEK, likes=("sleep better",))
    bank.add("Una", side=Side.SEEK)
    cora = visit()
    cora.sign_in("cora")
    cora.go("Desk")

    cora.press("Try a round Side by side")
    cora.sees("This is a first try: nothing is sent.")
    for pair in ("Grace for Sam", "Ruth for Ivo"):
        expect(cora.page.get_by_role("heading", name=pair)).to_be_visible()
    cora.sees("get out more")
    left_out = cora.page.get_by_role("row").filter(has_text="Una")
    expect(left_out.get_by_role("cell").nth(1)).not_to_be_empty()

    set_aside(cora, "Ruth for Ivo", "They are neighbours.", device)
    cora.press("Send the proposals")
    cora.sees("Sent. Nobody is introduced until both have said yes.")
    expect(cora.card("Grace for Sam")).to_contain_text("waiting for an answer")
    expect(cora.card("Ruth for Ivo")).to_contain_text("They are neighbours.")

    grace, ruth = visit(), visit()
    grace.sign_in("grace")
    grace.go("See why we thought of you")
    ruth.sign_in("ruth")
    ruth.sees("Nothing waits for you")


def set_aside(cora, pair: str, note: str, device) -> None:
    card = cora.card(pair)
    card.locator("summary").click()
    cora.look()
    card.get_by_label("Why?", exact=False).fill(note)
    cora.loads.clear()
    cora.press("Set aside", within=card)
    expect(cora.card(pair)).to_contain_text("set aside")
    expect(cora.card(pair)).to_contain_text(note)
    cora.look()
    assert bool(cora.loads) is not device.scripts


def test_checks_are_asked_told_and_settled(bank, visit, device):
    bank.add("Nell")
    bank.add("Omar")
    bank.log("Nell", "Omar", 60, "going to the library", confirmed=False)
    bank.log("Nell", "Omar", 90, "gardening", confirmed=True)
    nell, omar, cora = visit(), visit(), visit()
    omar.sign_in("omar")
    nell.sign_in("nell")
    cora.sign_in("cora")

    ask(omar, "going to the library", "I think it was less. It got dark.")
    tell(nell, "1 h", "I did not look at the clock.")
    settle(cora, "Another length", "45", "You both think it may have been a little less.")
    for visitor in (omar, nell):
        read_outcome(visitor, "1 h", "The length is now 45 min.", "a little less")

    ask(omar, "gardening", "We stopped for tea.")
    tell(nell, "1 h 30 min", "I only remember the roses.")
    settle(cora, "Both are right in their own way", "1:00", "An hour between you.")
    for visitor in (omar, nell):
        read_outcome(visitor, "1 h 30 min", "1 h between the two of you, and the community gives the rest", "An hour")

    balances = {
        nell: "1 h 45 min",
        omar: "1 h 45 min",
    }  # 45 min and 1 h; Nell has the 30 min from the community besides
    balances[nell] = "2 h 15 min"
    for visitor, words in balances.items():
        visitor.go("Hours")
        visitor.go("My statement")
        visitor.sees(words)


def ask(visitor, words: str, account: str) -> None:
    visitor.go("Hours")
    visitor.go("Let’s check this hour", within=visitor.card(words))
    visitor.choose("The length is not right")
    visitor.fill("How do you remember it? (you may leave this empty)", account)
    visitor.press("Ask for the check")
    visitor.sees("being checked")
    visitor.sees(account)


def tell(visitor, length: str, account: str) -> None:
    visitor.go("Home")
    visitor.go("Open the check", within=visitor.card("An hour is being checked", length))
    visitor.fill("How do you remember it?", account)
    visitor.press("Save my account")
    expect(visitor.page.locator(".own-words").filter(has_text=account)).to_be_visible()
    visitor.look()


def settle(cora, outcome: str, length: str, words: str) -> None:
    cora.go("Desk")
    cora.go("Open the check")
    cora.choose(outcome)
    cora.page.get_by_label("Length (only for another length, or both right)").fill(length)
    cora.fill("What you tell both of them", words)
    cora.press("Settle it")
    cora.sees_heading("How it was settled")


def read_outcome(visitor, length: str, outcome: str, words: str) -> None:
    visitor.go("Hours")
    visitor.go("Checks")
    visitor.go("Open", within=visitor.card(f"{length} on"))
    visitor.sees(outcome)
    visitor.sees(words)
