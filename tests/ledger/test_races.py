"""Two at once, with real threads and real commits."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

from ledger import Receipt, TransferState
from ledger.errors import AlreadyConfirmed, AlreadyReversed, HoursFrozen, LedgerError, SameIdOtherContent
from ledger.group_commit import GroupWriter
from tests.ledger.making import AT, COORDINATOR, make_transfer


def together(*acts: Callable[[], object]) -> list[object]:
    """Fires them at one moment; answers with what each gave or was refused with."""
    barrier = threading.Barrier(len(acts))

    def fire(act: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return act()
        except LedgerError as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as threads:
        return [future.result() for future in [threads.submit(fire, act) for act in acts]]


def test_two_who_post_the_same_id_a_thousand_times_post_it_once(bank):
    transfer = make_transfer(bank.ada, bank.ben, 60)

    def post_again_and_again() -> list[Receipt]:
        return [bank.do("post", transfer=transfer, at=AT) for _ in range(500)]

    first, second = together(post_again_and_again, post_again_and_again)

    assert len(first + second) == 1000
    assert len(set(first + second)) == 1
    assert bank.posted(bank.ada) == 60
    assert bank.see("verify").is_clean


def test_two_who_post_new_ids_at_the_same_moment_post_each_once(bank):
    outcomes = Counter()
    for number in range(100):
        transfer = make_transfer(bank.ada, bank.ben, 1)
        other = replace(transfer, minutes=2) if number % 4 == 0 else transfer
        if number % 4 == 1:
            other = replace(transfer, giver=bank.cleo, receiver=bank.ben)
        if number % 8 == 2:
            other = replace(transfer, giver=bank.open_account(), receiver=bank.open_account())

        answers = together(
            lambda transfer=transfer: bank.do("post", transfer=transfer, at=AT),
            lambda other=other: bank.do("post", transfer=other, at=AT),
        )

        outcomes[tuple(sorted(type(answer).__name__ for answer in answers))] += 1
        if other == transfer:
            assert answers[0] == answers[1]
    assert set(outcomes) == {("Receipt", "Receipt"), ("Receipt", "SameIdOtherContent")}
    assert outcomes["Receipt", "SameIdOtherContent"] == sum(n % 4 in {0, 1} or n % 8 == 2 for n in range(100))
    assert bank.see("verify").is_clean


def test_confirming_and_asking_for_a_check_at_once_has_one_winner_every_time(bank):
    winners = Counter()
    for _ in range(200):
        transfer = make_transfer(bank.ada, bank.ben, 1)
        bank.do("hold", transfer=transfer, at=AT)

        confirmed, frozen = together(
            lambda one=transfer.id: bank.do("confirm", id=one, by=bank.ben, at=AT),
            lambda one=transfer.id: bank.do("freeze", id=one, at=AT),
        )

        record = bank.see("get", id=transfer.id)
        if isinstance(confirmed, Receipt):
            assert isinstance(frozen, AlreadyConfirmed)
            assert record.state is TransferState.POSTED
        else:
            assert isinstance(confirmed, HoursFrozen)
            assert record.is_frozen
        winners[type(confirmed).__name__] += 1

    assert sum(winners.values()) == 200
    assert bank.posted(bank.ada) == winners["Receipt"]
    assert bank.see("balance", account=bank.ada).held_in == winners["HoursFrozen"]
    assert bank.see("verify").is_clean


def test_two_who_undo_the_same_hours_undo_them_once(bank):
    for _ in range(40):
        transfer = make_transfer(bank.ada, bank.ben, 1)
        bank.do("post", transfer=transfer, at=AT)

        def undo(transfer_id=transfer.id):
            return bank.do("reverse", id=transfer_id, reversal_id=uuid4(), reason="wrong", at=AT, by=COORDINATOR)

        answers = together(undo, undo)

        assert sorted(type(answer).__name__ for answer in answers) == [AlreadyReversed.__name__, Receipt.__name__]
    assert bank.posted(bank.ada) == 0
    assert bank.see("verify").is_clean


def test_many_who_exchange_among_few_lose_no_minute(bank):
    """The order of locks is the same for all: nobody waits in a circle, and no clash reaches the caller."""
    people = [bank.ada, bank.ben, bank.cleo]

    def exchange(turn: int) -> Callable[[], object]:
        def post_all() -> int:
            for number in range(40):
                giver, receiver = people[(turn + number) % 3], people[(turn + 2 * number + 1 + number % 2) % 3]
                if giver == receiver:
                    receiver = people[(people.index(giver) + 1) % 3]
                bank.do("post", transfer=make_transfer(giver, receiver, 1), at=AT)
            return 40

        return post_all

    assert together(*(exchange(turn) for turn in range(4))) == [40] * 4
    report = bank.see("verify")
    assert report.is_clean
    assert report.counts["entries stand where their transfer says"] == 320


def test_two_batches_with_a_shared_transfer_post_it_once(bank):
    shared = make_transfer(bank.ada, bank.ben, 5)
    for _ in range(20):
        one = [make_transfer(bank.ada, bank.cleo, 1), shared, make_transfer(bank.ben, bank.ada, 1)]
        two = [make_transfer(bank.cleo, bank.ben, 1), shared]

        answers = together(
            lambda one=one: bank.do("post_many", transfers=one, at=AT),
            lambda two=two: bank.do("post_many", transfers=two, at=AT),
        )

        assert not [answer for answer in answers if isinstance(answer, SameIdOtherContent)]
        assert answers[0][1] == answers[1][1]
    assert bank.see("verify").is_clean


def test_the_group_writer_and_somebody_alone_who_post_the_same_id_post_it_once(bank):
    """Over the same accounts and over others: the group is written in one statement, so it may meet a row it looked for."""
    outcomes = Counter()
    others = [bank.open_account(), bank.open_account()]
    with GroupWriter(bank.database.connecting, bank_id=bank.id) as writer:
        for number in range(100):
            transfer = make_transfer(bank.ada, bank.ben, 1)
            other = replace(transfer, giver=others[0], receiver=others[1]) if number % 2 else transfer

            answers = together(
                lambda transfer=transfer: writer.post(transfer, at=AT),
                lambda: writer.post(make_transfer(bank.ben, bank.cleo, 1), at=AT),
                lambda other=other: bank.do("post", transfer=other, at=AT),
            )

            outcomes[number % 2, tuple(sorted(type(answer).__name__ for answer in answers))] += 1
            if other == transfer:
                assert answers[0] == answers[2]
    assert outcomes == {
        (0, ("Receipt", "Receipt", "Receipt")): 50,
        (1, ("Receipt", "Receipt", "SameIdOtherContent")): 50,
    }
    assert bank.see("verify").is_clean
