"""django-hordak on PostgreSQL, in two ways. Run in its own environment.

    python -m benchmarks.ledger.peer.driving_hordak HOST DATABASE USER ACCOUNTS FLOOR

`plain` is the package's own `transfer_to`. `checked` adds what the package leaves to its caller and a ledger with a limit
cannot do without: both account rows locked in id order, then the receiver's balance read and compared with the floor.
All accounts are of one type, for which being credited raises the balance: the giver transfers to the receiver.
"""

import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from moneyed import Money

from benchmarks.ledger.peer.protocol import serve

CURRENCY = "EUR"  # one that it knows; what is counted are minutes


def set_up(host: str, database: str, user: str) -> None:
    where = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "NAME": database, "USER": user}
    settings.configure(
        DATABASES={"default": where | {"CONN_MAX_AGE": None}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SECRET_KEY="a benchmark has no secrets",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


class Peer:
    def __init__(self, accounts: int, floor: int) -> None:
        from hordak.models import Account, AccountType  # noqa: PLC0415 - models can be imported once Django is set up

        self.accounts = Account
        self.floor = Money(floor, CURRENCY)
        with transaction.atomic():
            made = [
                Account.objects.create(name=f"Member {number}", type=AccountType.liability, currencies=[CURRENCY])
                for number in range(accounts)
            ]
        self.ids = [account.id for account in made]

    def plain(self, giver: int, receiver: int, minutes: int) -> None:
        found = self.accounts.objects.in_bulk([self.ids[giver], self.ids[receiver]])
        found[self.ids[giver]].transfer_to(found[self.ids[receiver]], Money(minutes, CURRENCY))

    def checked(self, giver: int, receiver: int, minutes: int) -> None:
        length = Money(minutes, CURRENCY)
        with transaction.atomic():
            both = self.accounts.objects.filter(id__in=[self.ids[giver], self.ids[receiver]])
            found = {account.id: account for account in both.order_by("id").select_for_update()}
            gives, receives = found[self.ids[giver]], found[self.ids[receiver]]
            if receives.get_simple_balance()[CURRENCY] - length < self.floor:
                raise OverflowError("below the floor")
            gives.transfer_to(receives, length)

    def refused(self, giver: int, receiver: int, minutes: int) -> None:
        """A check that lets everything pass would be quick, too."""
        try:
            self.checked(giver, receiver, minutes)
        except OverflowError:
            return
        raise AssertionError("the limit let this pass")

    def balances(self) -> list[int]:
        found = self.accounts.objects.in_bulk(self.ids)
        return [int(found[one].get_simple_balance()[CURRENCY].amount) for one in self.ids]


if __name__ == "__main__":
    set_up(*sys.argv[1:4])
    peer = Peer(int(sys.argv[4]), int(sys.argv[5]))
    serve({"plain": peer.plain, "checked": peer.checked, "refused": peer.refused}, peer.balances)
