"""Ids as the drivers and the fingerprints take them, each made once however often it comes."""

from uuid import UUID

from ledger.transfers import NOBODY

Words = tuple[str | None, bytes]
NO_ID: Words = (None, NOBODY)


class Ids(dict[int, Words]):
    """By the number that an id is (looking up by a UUID itself takes as long as making it): its 32 digits and its bytes."""

    def __missing__(self, number: int) -> Words:
        digits = f"{number:032x}"
        self[number] = words = digits, bytes.fromhex(digits)
        return words

    def of(self, one: UUID | None) -> Words:
        return NO_ID if one is None else self[one.int]
