"""kill -9 of clients and of the database server at random moments: nothing acknowledged is lost, nothing is posted twice."""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from ledger import Receipt, TransferState
from ledger.transfers import Posted
from tests.ledger.clients import Answers, Client, Writing, clients_of
from tests.ledger.durable import DurablePostgres
from tests.ledger.making import Bank
from timebank.db import Database
from timebank.migrating import migrate

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
KILLS, SERVER_KILLS = (1000, 20) if IS_FULL else (10, 1)
CLIENTS = 2
SHARE = 90  # acts of each client while the server dies under them
CHANCE = random.Random(20260302)


def compare(bank: Bank, writings: dict[Client, Answers]) -> Counter[str]:
    """Every answer that was given stands; the act that was cut off is whole or undone, and can be done again."""
    seen: Counter[str] = Counter()
    assert bank.see("verify").findings == ()
    for client, answers in writings.items():
        assert sorted(answers) == list(range(len(answers)))
        open_act = len(answers)
        present = posted_ids(bank, client)
        wanted = {id_ for number in answers for id_ in client.ids(number)}
        seen["lost"] += len(wanted - present.keys())
        seen["torn"] += present.keys() - wanted not in (set(), set(client.ids(open_act)))
        seen["cut off and undone" if present.keys() == wanted else "cut off and done"] += 1
        again = {number: client.act(bank.database, number) for number in range(open_act + 1)}
        seen["answered otherwise"] += sum(again[number] != answers[number] for number in answers)
        seen["answered"] += len(answers)
        seen["doubled"] += sum(count - 1 for count in posted_ids(bank, client).values())
        seen["lost"] += len({id_ for number in again for id_ in client.ids(number)} - posted_ids(bank, client).keys())
    assert bank.see("verify").findings == ()
    return seen


def posted_ids(bank: Bank, client: Client) -> Counter:
    """How often each transfer stands in the giver's entries."""
    with bank.reading() as ledger:
        count = ledger.get_account(id=client.giver).seq
        ids = Counter(line.transfer_id for line in ledger.entries(account=client.giver, limit=count + 1))
        assert all(ledger.get(id=id_).state is TransferState.POSTED for id_ in ids)
    return ids


def tell(words: str) -> None:
    sys.stdout.write(f"\n{words}\n")


def check_nothing_wrong(seen: Counter[str]) -> None:
    assert (seen["lost"], seen["doubled"], seen["torn"], seen["answered otherwise"]) == (0, 0, 0, 0), seen


def test_clients_that_are_killed_lose_nothing_and_double_nothing(database):
    seen: Counter[str] = Counter()
    while seen["kills"] < KILLS:
        bank = Bank(database)
        writings = [Writing(database, client) for client in clients_of(bank, CLIENTS)]
        writings[0].hear(at_least=CHANCE.randrange(1, 12))
        time.sleep(CHANCE.uniform(0, 0.02))
        for writing in writings:
            writing.kill()
        seen += compare(bank, {one.client: one.answers for one in writings})
        seen["kills"] += len(writings)

    tell(f"{database.url.get_backend_name()}: {dict(seen)}")
    assert seen["kills"] >= KILLS
    assert seen["answered"] >= seen["kills"]
    check_nothing_wrong(seen)


def test_an_answer_that_does_not_stand_is_noticed(database):
    """What this file is worth: hours that were acknowledged, and are not there, are counted as lost."""
    bank = Bank(database)
    [client] = clients_of(bank, 1)
    forgotten = Receipt(giver=Posted(1, 1), receiver=Posted(-1, 1))

    with pytest.raises(AssertionError, match="'lost': 1"):
        check_nothing_wrong(compare(bank, {client: {0: forgotten}}))


@pytest.fixture
def server() -> Iterator[DurablePostgres]:
    server = DurablePostgres()
    yield server
    server.stop()


@pytest.fixture
def durable(server: DurablePostgres) -> Iterator[Database]:
    database = Database(server.start().format("postgres"))
    migrate(database)
    yield database
    database.close()


def test_a_server_that_is_killed_under_its_clients_loses_nothing_and_doubles_nothing(server, durable):
    seen: Counter[str] = Counter()
    while seen["kills"] < SERVER_KILLS:
        bank = Bank(durable)
        writings = [Writing(durable, client, share=SHARE) for client in clients_of(bank, CLIENTS)]
        writings[0].hear(at_least=CHANCE.randrange(1, SHARE // 2))
        server.kill()
        server.rise()
        for writing in writings:
            writing.end()
            assert len(writing.answers) == SHARE
        seen += compare(bank, {one.client: one.answers for one in writings})
        seen["failures the clients met"] += sum(writing.failures for writing in writings)
        seen["kills"] += 1

    tell(f"postmaster: {dict(seen)}")
    assert seen["kills"] >= SERVER_KILLS
    assert seen["failures the clients met"] >= seen["kills"]
    assert seen["answered"] == seen["kills"] * CLIENTS * SHARE
    check_nothing_wrong(seen)
