"""Two people are thought of for each other: nothing begins unless both say yes, and no name is told before."""

import pytest
from playwright.sync_api import expect

from timebank.schemes.models import Side

pytestmark = pytest.mark.browser


@pytest.fixture
def introduced(bank):
    bank.add("Grace", side=Side.OFFER, likes=("get out more",))
    bank.add("Sam", side=Side.SEEK, likes=("get out more",))
    bank.introduce()
    return bank


def test_both_say_yes(introduced, visit, device):
    grace, sam = visit(), visit()
    grace.sign_in("grace")
    sam.sign_in("sam")
    sam.go("Introductions")
    sam.sees("No introductions yet")

    see_why(grace)
    grace.does_not_see("Sam")
    say(grace, "Yes, I would like to", "You said yes", device)

    sam.go("Home")
    see_why(sam)
    sam.does_not_see("Grace")
    sam.sees("They have already said that they would like to.")
    say(sam, "Yes, I would like to", "You both said yes", device)
    sam.sees("You and Grace can begin.")

    grace.go("Introductions")
    grace.sees("You and Sam can begin.")
    for visitor, other in ((grace, "Sam"), (sam, "Grace")):
        visitor.go("Home")
        visitor.go(other)
        visitor.sees("You have known each other here since")
        visitor.go("Log some time")
        expect(visitor.page.get_by_label(other, exact=True)).to_be_visible()


def test_not_this_time_and_the_other_never_hears_of_it(introduced, visit, device):
    grace, sam = visit(), visit()
    grace.sign_in("grace")

    see_why(grace)
    say(grace, "Not this time", "Not this time", device)
    grace.sees("This one does not go on.")

    sam.sign_in("sam")
    sam.sees("Nothing waits for you")
    sam.go("Introductions")
    sam.sees("No introductions yet")
    grace.go("Home")
    grace.sees("Nothing waits for you")


def see_why(visitor) -> None:
    visitor.go("See why we thought of you")
    visitor.sees_heading("Why we thought of you")
    visitor.sees("get out more")


def say(visitor, button: str, answer: str, device) -> None:
    visitor.loads.clear()
    visitor.press(button)
    expect(visitor.page.get_by_role("heading", name=answer)).to_be_visible()
    expect(visitor.page.get_by_role("button", name=button)).to_have_count(0)
    visitor.look()
    assert bool(visitor.loads) is not device.scripts
