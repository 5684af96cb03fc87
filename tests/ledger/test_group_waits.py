"""Whoever hands in to the group writer gets an answer: nobody hangs, whatever becomes of the database or of the others."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from ledger import Receipt
from ledger.errors import NoAnswer, VeryBusy
from ledger.group_commit import AT_ONCE, GroupWriter
from tests.ledger.making import AT, make_transfer
from tests.ledger.test_group_commit import Doors, gathered, hand_in_all, kept, outcome, writing


class TestNobodyHangs:
    def test_a_database_that_dies_in_the_middle_is_told_to_all_and_the_next_are_posted(self, bank):
        """After the rows are written and before they are committed the connection is gone: nothing of it may stay."""
        engine, deaths = bank.database.engine, []
        given = [make_transfer(bank.ada, bank.ben) for _ in range(30)]

        def die(connection: Connection) -> None:
            if not deaths:
                deaths.append(connection)
                connection.connection.invalidate()
                raise OperationalError("COMMIT", None, Exception("the server closed the connection"))

        event.listen(engine, "commit", die)
        try:
            with gathered(bank) as (writer, doors):
                answers = hand_in_all(writer, given)
                doors.opened.set()
                errors = [answer.exception(timeout=60) for answer in answers]
                died = [one for one in errors if one is not None]
                assert died
                assert {type(one) for one in died} == {NoAnswer}
                assert len({id(one) for one in died}) == len(died)
                again = [writer.post(one, at=AT) for one in given]
        finally:
            event.remove(engine, "commit", die)

        assert len(deaths) == 1
        assert len(set(again)) == 30
        assert kept(bank) == {one.id: 2 for one in given}

    def test_nobody_waits_longer_than_their_patience_for_a_turn(self, bank):
        given = make_transfer(bank.ada, bank.ben)
        with gathered(bank, patience=0.2) as (writer, doors):
            first = hand_in_all(writer, [make_transfer(bank.ada, bank.ben)])
            deadline = time.monotonic() + 30
            while not first[0].running():
                assert time.monotonic() < deadline
                time.sleep(0.002)
            with pytest.raises(VeryBusy):
                writer.post(given, at=AT)
            doors.opened.set()
            assert isinstance(outcome(first[0]), Receipt)

        assert given.id not in kept(bank)

    def test_whoever_is_taken_up_and_gets_no_answer_hears_just_that(self, bank):
        given = make_transfer(bank.ada, bank.ben)
        with gathered(bank, patience=0.2) as (writer, doors):
            with pytest.raises(NoAnswer):
                writer.post(given, at=AT)
            doors.opened.set()
        with writing(bank) as writer:
            writer.post(given, at=AT)

        assert kept(bank) == {given.id: 2}

    def test_a_line_that_is_full_takes_no_more(self, bank):
        with gathered(bank, most_waiting=10) as (writer, _):
            taken, refused = [], 0
            for _ in range(40):
                try:
                    taken += hand_in_all(writer, [make_transfer(bank.ada, bank.ben)])
                except VeryBusy:
                    refused += 1
        assert all(isinstance(outcome(answer), Receipt) for answer in taken)
        assert len(taken) + refused == 40
        assert 10 <= len(taken) <= 10 + AT_ONCE
        assert refused > 0
        assert len(kept(bank)) == len(taken)

    def test_a_turn_that_cannot_be_had_is_told_as_just_that(self, bank):
        """The database's own line of writers is full: nothing was saved, and that is certain."""
        given = make_transfer(bank.ada, bank.ben)

        @contextmanager
        def no_turn() -> Iterator[Connection]:
            raise VeryBusy
            yield

        with GroupWriter(no_turn, bank_id=bank.id) as writer, pytest.raises(VeryBusy):
            writer.post(given, at=AT)

        assert given.id not in kept(bank)

    def test_leaving_does_not_wait_for_ever_and_answers_those_who_still_stand_in_the_line(self, bank):
        first, second = (make_transfer(bank.ada, bank.ben) for _ in range(2))
        doors = Doors(bank)
        with GroupWriter(doors.connecting, bank_id=bank.id, at_once=1, patience=0.2) as writer:
            answers = hand_in_all(writer, [first])
            while not answers[0].running():
                time.sleep(0.002)
            answers += hand_in_all(writer, [second])
        doors.opened.set()

        assert isinstance(outcome(answers[0]), Receipt)
        assert outcome(answers[1]) is VeryBusy
        assert kept(bank) == {first.id: 2}

    def test_leaving_answers_whoever_still_waits(self, bank):
        with writing(bank) as writer:
            answers = hand_in_all(writer, [make_transfer(bank.ada, bank.ben) for _ in range(100)])
        assert all(answer.done() for answer in answers)
        assert len(kept(bank)) == 100
        with pytest.raises(RuntimeError):
            writer.post(make_transfer(bank.ada, bank.ben), at=AT)
