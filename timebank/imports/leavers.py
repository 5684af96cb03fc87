"""The accounts of people who left the other system: it tells them apart no longer, so all who gave share one account here,
and all who received another. Two, because both sides of one row may be people who left."""

from uuid import UUID, uuid5

from timebank.members.models import Bank


def gave_id(bank: Bank) -> UUID:
    return uuid5(bank.id, "leavers who gave")


def received_id(bank: Bank) -> UUID:
    return uuid5(bank.id, "leavers who received")
