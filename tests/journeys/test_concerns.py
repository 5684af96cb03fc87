"""Somebody is worried and says so; a lead chooses a passphrase, reads it, and closes it; nobody else sees a thing."""

import pytest

from timebank import clock
from timebank.concerns import service
from timebank.members.models import Bank

pytestmark = pytest.mark.browser
PASSPHRASE = "seven herons under the bridge"
WORDS = "He keeps her bank card."


@pytest.fixture
def with_a_lead(bank):
    bank.add("Nell")
    bank.add("Lena", has_app=True)
    with bank.database.writing() as session:
        lena = bank._member(session, "Lena")
        service.add_lead(session, bank=session.get_one(Bank, bank.bank_id), member=lena, at=clock.now())
    return bank


def test_it_is_told_read_and_closed(with_a_lead, visit):
    nell, lena, cora = visit(), visit(), visit()
    lena.sign_in("lena", with_code=True)
    lena.go("Concerns")
    lena.go("Choose a passphrase")
    lena.fill("A new passphrase", PASSPHRASE)
    lena.fill("The same passphrase once more", PASSPHRASE)
    lena.press("Set the passphrase")
    lena.sees("Nothing for you now")

    nell.sign_in("nell")
    nell.go("Tell someone")
    nell.sees("This time bank has named people for this: Lena")
    nell.fill("What is it?", WORDS)
    nell.fill("Is it about somebody else?", "the man with the dog")
    nell.choose("Yes, somebody is in danger")
    nell.press("Send it, locked")
    nell.sees("If somebody is in danger now, please call")
    nell.sees("Nobody has read it yet.")

    lena.go("Concerns")
    lena.sees("somebody is in danger")
    lena.go("Go to it")
    lena.does_not_see(WORDS)
    lena.fill("Your passphrase", PASSPHRASE)
    lena.press("Open and read it")
    lena.sees(WORDS)
    lena.sees("the man with the dog")
    lena.fill("What came of it", "She has her card back.")
    lena.press("Close it")
    lena.sees("It is closed.")
    lena.does_not_see(WORDS)

    nell.go("Everything I told")
    nell.sees("It was read by Lena and is closed.")
    cora.sign_in("cora")
    cora.does_not_see("Concern")
    cora.go("Desk")
    cora.go("People close to me")
    cora.sees("Nobody yet")
