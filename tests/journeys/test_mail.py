"""Giving an address, choosing what comes, and getting in again after a password was forgotten, on a phone and at a desk."""

import os
import re
from pathlib import Path

import pytest

from tests.demonstration.inventing import CONFIG
from tests.notices.conftest import ADDRESS, MAIL, Office
from timebank import clock
from timebank.config import Config
from timebank.notices.delivery import send_due

pytestmark = pytest.mark.browser

NEW = "seven herons under the bridge"


class Mailbox:
    def __init__(self, database):
        self.database, self.office = database, Office()

    def newest(self) -> str:
        config = Config(secret_key=CONFIG.secret_key, address=ADDRESS, mail=MAIL)
        send_due(self.database, config, self.office, now=clock.now)
        return self.office.taken[-1][1].get_content()


def test_from_an_address_to_a_new_password(bank, site, visit):
    site.app.config["TIMEBANK_SENDS_MAIL"] = True
    bank.add("Nell")
    nell, mailbox = visit(), Mailbox(bank.database)

    nell.sign_in("nell")
    nell.go("My profile")
    nell.go("How to reach me")
    nell.go("Write a note")
    nell.fill("How and when to reach me safely", "Only before three. Never leave a message.")
    nell.press("Save")
    nell.sees("You wrote a note")
    nell.go("Give a mail address")
    nell.fill("A mail address that only you read", "nell@example.org")
    nell.press("Send me a code")
    nell.sees("Is this your address?")
    nell.fill("The code from the message", re.search(r"^[A-Z2-9-]{14}$", mailbox.newest(), re.MULTILINE)[0])
    nell.press("This is my address")
    nell.sees("My mail address")
    nell.choose("hours wait for my yes")
    nell.choose("I forgot my password and ask for a link")
    nell.press("Save")
    nell.sees("nell@example.org")
    keep_picture(nell, "how to reach me")

    again = visit()
    again.open("/sign-in/")
    again.go("I forgot my password")
    again.fill("Your name for signing in", "nell")
    again.press("Send me a link")
    again.sees_heading("Look at your mail")
    keep_picture(again, "asked")
    again.open(re.search(rf"{ADDRESS}(\S+)", mailbox.newest())[1])
    again.sees_heading("A new password")
    keep_picture(again, "new password")
    again.fill("A new password", NEW)
    again.fill("The same password once more", NEW)
    again.press("Save and go in")
    again.sees_heading("Hello")
    nell.open("/hours/")
    nell.sees_heading("Sign in")


def keep_picture(visitor, name: str) -> None:
    """Where somebody wants to look at them: TIMEBANK_PICTURES names a folder."""
    folder = os.environ.get("TIMEBANK_PICTURES")
    if folder:
        visitor.page.screenshot(path=str(Path(folder) / f"{name} {visitor.device}.png"), full_page=True)
