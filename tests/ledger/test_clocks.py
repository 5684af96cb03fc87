"""Clocks that stop while somebody is away, and periods that are closed."""

from datetime import timedelta

import pytest

from ledger.errors import PeriodClosed, PeriodNotOver
from tests.ledger.making import AT, COORDINATOR
from tests.ledger.test_store import DAY_LATER, held


class TestPause:
    def test_a_clock_goes_on_only_when_both_sides_are_back(self, bank):
        waits = held(bank, expires_at=AT + timedelta(days=7))
        for one in (bank.ada, bank.ben):
            bank.do("pause_account", id=one, at=AT)

        bank.do("resume_account", id=bank.ada, at=DAY_LATER)
        while_ben_is_away = bank.see("get", id=waits)
        bank.do("resume_account", id=bank.ben, at=DAY_LATER)

        assert while_ben_is_away.stopped_at == AT
        assert bank.see("get", id=waits).stopped_at is None
        assert bank.see("get", id=waits).expires_at == AT + timedelta(days=8)


class TestClosePeriod:
    def test_one_that_is_not_over_stays_open(self, bank):
        with pytest.raises(PeriodNotOver):
            bank.do("close_period", until=DAY_LATER, by=COORDINATOR, at=AT)

    def test_an_earlier_one_cannot_be_closed_any_more(self, bank):
        bank.do("close_period", until=AT, by=COORDINATOR, at=AT)

        with pytest.raises(PeriodClosed):
            bank.do("close_period", until=AT - timedelta(days=1), by=COORDINATOR, at=AT)
