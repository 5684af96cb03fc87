"""Clients that go on posting until they are killed or have done their share, and tell of every answer through a pipe."""

import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy.exc import DBAPIError

from ledger import Ledger, Receipt, Transfer
from ledger.transfers import Posted
from tests.ledger.dying import check, fork, kill, wait_for
from tests.ledger.making import AT, Bank, make_transfer
from timebank.db import Database

ANSWER = struct.Struct("!qqqqq")  # number of the act, balance and seq of both sides
PATIENCE_SECONDS = 60
Answers = dict[int, Receipt]


@dataclass(frozen=True)
class Client:
    """One giver and one receiver, whose numbered acts anybody can repeat: the same number is the same transfer."""

    bank: UUID
    giver: UUID
    receiver: UUID

    def transfer(self, number: int) -> Transfer:
        return make_transfer(self.giver, self.receiver, 1 + number % 7, id=uuid5(self.giver, str(number)))

    def act(self, database: Database, number: int) -> Receipt:
        """By turns posted at once, as the first of a batch, and held to be confirmed by the other side."""
        transfer = self.transfer(number)
        with database.writing() as session:
            ledger = Ledger(session.connection(), bank_id=self.bank)
            if number % 3 == 0:
                return ledger.post(transfer=transfer, at=AT)
            if number % 3 == 1:
                return ledger.post_many(transfers=[transfer, self.second(transfer)], at=AT)[0]
            ledger.hold(transfer=transfer, at=AT)
            return ledger.confirm(id=transfer.id, by=self.receiver, at=AT)

    def second(self, transfer: Transfer) -> Transfer:
        """Comes in one batch with the first: both or none."""
        return make_transfer(self.receiver, self.giver, transfer.minutes, id=uuid5(transfer.id, "second"))

    def ids(self, number: int) -> list[UUID]:
        first = self.transfer(number)
        return [first.id, self.second(first).id] if number % 3 == 1 else [first.id]

    def patiently(self, database: Database, number: int) -> tuple[Receipt, int]:
        """The same act again until it is answered; and how often the database failed."""
        failures, until = 0, time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.act(database, number), failures
            except DBAPIError:
                failures += 1
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)


class Writing:
    """A client at work in a process of its own."""

    def __init__(self, database: Database, client: Client, *, share: int | None = None) -> None:
        self.client = client
        self.answers: Answers = {}
        self.failures = 0
        self._reading, writing = os.pipe()
        self.child = fork(database, lambda: self._write(database, writing, share))
        os.close(writing)

    def _write(self, database: Database, pipe: int, share: int | None) -> None:
        number = 0
        while share is None or number < share:
            receipt, failures = (
                self.client.patiently(database, number) if share else (self.client.act(database, number), 0)
            )
            os.write(pipe, ANSWER.pack(number, *receipt.giver, *receipt.receiver) + failures.to_bytes(4, "big"))
            number += 1

    def hear(self, *, at_least: int) -> None:
        """Waits for so many answers."""
        while len(self.answers) < at_least and self._hear_one():
            pass

    def hear_all(self) -> None:
        while self._hear_one():
            pass
        os.close(self._reading)

    def _hear_one(self) -> bool:
        words = os.read(self._reading, ANSWER.size + 4)
        if len(words) < ANSWER.size + 4:
            return False
        number, *four = ANSWER.unpack(words[: ANSWER.size])
        self.answers[number] = Receipt(giver=Posted(*four[:2]), receiver=Posted(*four[2:]))
        self.failures += int.from_bytes(words[ANSWER.size :], "big")
        return True

    def kill(self) -> None:
        kill(self.child)
        self.hear_all()

    def end(self) -> None:
        self.hear_all()
        check(wait_for(self.child), 0)


def clients_of(bank: Bank, count: int) -> Iterator[Client]:
    """Each with a giver of its own; all of them with the same receiver, for whose row they queue."""
    for _ in range(count):
        yield Client(bank=bank.id, giver=bank.open_account(), receiver=bank.ada)
