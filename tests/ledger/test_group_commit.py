"""Many who hand in at once: each gets its own receipt or refusal, what was acknowledged is kept, and nobody hangs."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select, text

from ledger import AccountKind, Receipt, Transfer
from ledger.errors import (
    AccountNotFound,
    BelowHardFloor,
    LedgerError,
    PeriodClosed,
    ReversalNeedsOriginal,
    SameIdOtherContent,
)
from ledger.group_commit import AT_ONCE, GroupWriter, HandedIn
from ledger.tables import entry, transfer
from ledger.transfers import TransferKind
from tests.ledger.making import AT, Bank, make_transfer
from tests.races import tell

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
WORLDS = 200 if IS_FULL else 3
IN_A_WORLD = 120


@contextmanager
def writing(bank: Bank, **more) -> Iterator[GroupWriter]:
    with GroupWriter(bank.database.connecting, bank_id=bank.id, **more) as writer:
        yield writer


def hand_in_all(writer: GroupWriter, transfers: list[Transfer], at: datetime = AT) -> list[Future[Receipt]]:
    """In this order, without waiting between them."""
    handed_in = [HandedIn(transfer=one, at=at) for one in transfers]
    for one in handed_in:
        writer.hand_in(one)
    return [one.answer for one in handed_in]


def outcome(answer: Future[Receipt]) -> Receipt | type[Exception]:
    error = answer.exception(timeout=60)
    return answer.result() if error is None else type(error)


class Doors:
    """Keeps the one who writes outside until there is a line, so that a group is as large as the test says."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.opened = threading.Event()
        self.transactions = 0

    @contextmanager
    def connecting(self) -> Iterator[Connection]:
        assert self.opened.wait(60)
        self.transactions += 1
        with self.bank.database.connecting() as connection:
            yield connection


@contextmanager
def gathered(bank: Bank, **more) -> Iterator[tuple[GroupWriter, Doors]]:
    doors = Doors(bank)
    with GroupWriter(doors.connecting, bank_id=bank.id, **more) as writer:
        try:
            yield writer, doors
        finally:
            doors.opened.set()


def kept(bank: Bank) -> dict[UUID, int]:
    """How many entries each transfer of the bank has."""
    with bank.database.reading() as session:
        ids = session.scalars(select(transfer.c.id).where(transfer.c.bank_id == bank.id)).all()
        legs = Counter(session.scalars(select(entry.c.transfer_id).where(entry.c.transfer_id.in_(ids))))
    return {one: legs[one] for one in ids}


class TestReceipts:
    def test_each_of_many_threads_gets_its_own(self, bank):
        def give(number: int) -> tuple[Transfer, Receipt]:
            given = make_transfer(bank.ada, bank.ben, 1 + number % 7)
            return given, writer.post(given, at=AT)

        with writing(bank) as writer, ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(give, range(320)))

        in_order = sorted(answers, key=lambda answer: answer[1].giver.seq)
        balance = 0
        for seq, (given, receipt) in enumerate(in_order, start=1):
            balance += given.minutes
            assert (receipt.giver.seq, receipt.giver.balance) == (seq, balance)
            assert receipt.receiver.balance == -balance
        assert kept(bank) == {given.id: 2 for given, _ in answers}
        assert bank.see("verify").is_clean

    def test_they_are_posted_in_the_order_in_which_they_came_and_in_few_transactions(self, bank):
        transfers = [make_transfer(bank.ada, bank.ben, 1) for _ in range(2 * AT_ONCE)]
        with gathered(bank) as (writer, doors):
            answers = hand_in_all(writer, transfers)

        assert [answer.result().giver.seq for answer in answers] == list(range(1, 2 * AT_ONCE + 1))
        assert 2 <= doors.transactions <= 3  # the first one may have been taken alone

    def test_they_come_only_after_the_commit(self, bank):
        seen_by_others: list[int] = []
        with gathered(bank) as (writer, doors):
            answers = hand_in_all(writer, [make_transfer(bank.ada, bank.ben) for _ in range(40)])
            for answer in answers:
                answer.add_done_callback(lambda _: seen_by_others.append(bank.posted(bank.ada)))
            doors.opened.set()

        posted = [answer.result().giver.balance for answer in answers]
        assert all(seen >= said for seen, said in zip(seen_by_others, posted, strict=True))

    def test_the_same_transfer_handed_in_often_is_posted_once(self, bank):
        given = make_transfer(bank.ada, bank.ben, 30)
        with gathered(bank) as (writer, _):
            answers = hand_in_all(writer, [given] * 50)
        with writing(bank) as writer:
            again = writer.post(given, at=AT + timedelta(days=1))

        assert {answer.result() for answer in answers} == {again}
        assert bank.posted(bank.ada) == 30

    def test_two_writers_of_one_bank_do_not_get_in_each_other_s_way(self, bank):
        people = [bank.ada, bank.ben, bank.cleo, *(bank.open_account() for _ in range(5))]
        chance = random.Random(11)
        pairs = [chance.sample(people, 2) for _ in range(400)]

        with writing(bank) as one, writing(bank) as other, ThreadPoolExecutor(16) as threads:

            def give(number: int) -> Receipt:
                return (one, other)[number % 2].post(make_transfer(*pairs[number], 1), at=AT)

            receipts = list(threads.map(give, range(400)))

        assert len(receipts) == len(kept(bank)) == 400
        assert bank.see("verify").is_clean

    def test_moments_further_apart_than_a_minute_are_kept_apart(self, bank):
        days = [AT, AT + timedelta(seconds=20), AT + timedelta(days=1)]
        given = [make_transfer(bank.ada, bank.ben, 1) for _ in days]
        with gathered(bank) as (writer, _):
            for one, at in zip(given, days, strict=True):
                writer.hand_in(HandedIn(transfer=one, at=at))

        recorded = [bank.see("get", id=one.id).settled_at for one in given]
        assert recorded[0] in {AT, AT + timedelta(seconds=20)}
        assert recorded[1:] == days[1:]


class TestRefusals:
    def test_a_world_of_good_and_bad_comes_out_as_it_would_one_by_one(self, database):
        """Generated worlds: partners at their limit, unknown accounts, ids used twice, reversals without an original."""
        counts: Counter[str] = Counter()
        for seed in range(WORLDS):
            together, apart = Bank(database), Bank(database)
            transfers, mirror = make_world(random.Random(seed), together, apart)
            with gathered(together, at_once=32) as (writer, _):
                answers = hand_in_all(writer, transfers)
            got = [outcome(answer) for answer in answers]
            assert got == [one_by_one(apart, mirror(one)) for one in transfers]
            counts.update(one.__name__ if isinstance(one, type) else "posted" for one in got)
            assert together.see("verify").is_clean
        tell(f"{database.url.get_backend_name()}: {WORLDS} worlds, {sum(counts.values())} handed in: {dict(counts)}")
        assert sum(counts.values()) == WORLDS * IN_A_WORLD
        for refusal in (AccountNotFound, BelowHardFloor, SameIdOtherContent, ReversalNeedsOriginal):
            assert counts[refusal.__name__] >= WORLDS, counts

    def test_when_all_are_refused_each_hears_its_own(self, bank):
        bank.do("close_period", until=AT, by=bank.ada, at=AT + timedelta(days=1))
        given = [make_transfer(bank.ada, bank.ben) for _ in range(20)]
        with gathered(bank) as (writer, _):
            answers = hand_in_all(writer, given, at=AT - timedelta(days=1))

        errors = [answer.exception() for answer in answers]
        assert {type(error) for error in errors} == {PeriodClosed}
        assert kept(bank) == {}

    def test_a_moment_without_a_zone_is_refused_where_it_is_written(self, bank):
        with writing(bank) as writer, pytest.raises(TypeError):
            writer.post(make_transfer(bank.ada, bank.ben), at=AT.replace(tzinfo=None))


def make_world(chance: random.Random, bank: Bank, other: Bank):
    """Transfers of one bank, and how to say the same in the other."""
    same = {}
    for floor in (None, None, None, -60):
        kind = AccountKind.MEMBER if floor is None else AccountKind.PARTNER
        same[bank.open_account(kind, floor)] = other.open_account(kind, floor)
    unknown = uuid4()
    same[unknown] = unknown
    people = [*list(same)[:4] * 6, unknown]
    transfers: list[Transfer] = []
    ids: dict[UUID, UUID] = {}
    while len(transfers) < IN_A_WORLD:
        giver, receiver = chance.choice(people), chance.choice(people)
        if giver == receiver:
            continue
        kind = TransferKind.REVERSAL if chance.random() < 0.03 else TransferKind.EXCHANGE
        given = make_transfer(giver, receiver, chance.randint(1, 40), kind=kind)
        if transfers and chance.random() < 0.1:
            given = replace(chance.choice(transfers), **({"minutes": 41} if chance.random() < 0.5 else {}))
        ids.setdefault(given.id, uuid4())
        transfers.append(given)

    def mirror(given: Transfer) -> Transfer:
        giver, receiver = same[given.giver], same[given.receiver]
        return replace(given, id=ids[given.id], giver=giver, receiver=receiver, recorded_by=giver)

    return transfers, mirror


def one_by_one(bank: Bank, given: Transfer) -> Receipt | type[Exception]:
    try:
        return bank.do("post", transfer=given, at=AT)
    except LedgerError as refusal:
        return type(refusal)


class TestBesideOthers:
    """On PostgreSQL, where others write at the same time (SQLite lets in one, so nobody can wait in a circle there)."""

    @pytest.fixture
    def copies(self, postgres_copies):
        return postgres_copies

    def test_a_real_deadlock_is_done_again_and_nobody_notices(self, bank):
        """Another session locks two accounts in the wrong order; the group is sent back, and comes again."""
        low, high = sorted([bank.ada, bank.ben])
        with bank.database.engine.connect() as other:
            other.execute(text("SET LOCAL deadlock_timeout = '60s'"))
            lock(other, high)
            with gathered(bank) as (writer, doors):
                answers = hand_in_all(writer, [make_transfer(low, high, 1) for _ in range(10)])
                doors.opened.set()
                wait_for_somebody_waiting(bank)
                lock(other, low)  # now they wait for each other, and the group notices first
                other.rollback()
                receipts = [answer.result(60) for answer in answers]
        assert [receipt.giver.balance for receipt in receipts] == list(range(1, 11))
        assert doors.transactions >= 2
        assert deadlocks(bank) == 1

    def test_an_id_that_somebody_else_is_just_writing_costs_only_its_own_place(self, bank):
        """Over other accounts, so no lock keeps them apart: the whole statement fails, and is looked into."""
        given = [make_transfer(bank.ada, bank.ben, 1) for _ in range(10)]
        theirs = replace(given[4], giver=bank.cleo, receiver=bank.open_account())
        with gathered(bank) as (writer, doors):
            answers = hand_in_all(writer, given)
            with bank.writing() as ledger:
                ledger.post(transfer=theirs, at=AT)
                doors.opened.set()
                wait_for_somebody_waiting(bank)
            got = [outcome(answer) for answer in answers]

        assert got[4] is SameIdOtherContent
        assert [one.giver.seq for one in got if isinstance(one, Receipt)] == list(range(1, 10))
        assert kept(bank) == {one.id: 2 for one in given}
        assert bank.see("verify").is_clean


def lock(connection: Connection, account: UUID) -> None:
    connection.execute(text("SELECT id FROM account WHERE id = :id FOR UPDATE"), {"id": account})


def wait_for_somebody_waiting(bank: Bank) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    until = time.monotonic() + 30
    while not ask(bank, waiting):
        assert time.monotonic() < until
        time.sleep(0.005)


def deadlocks(bank: Bank) -> int:
    """As the server counts them; it does so a moment later."""
    until = time.monotonic() + 10
    counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    while not (found := ask(bank, counted)) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def ask(bank: Bank, question: str) -> int:
    with bank.database.reading() as session:
        return session.scalar(text(question))
