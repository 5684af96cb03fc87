"""Sessions of two and of many, posted in a real database: the same session counts once."""

import os
import sys
from collections import Counter
from uuid import UUID

import pytest

from ledger import AccountKind, TransferState
from ledger.errors import OwnRecord
from ledger.groups import GroupPosting, plan_group
from tests.ledger.making import AT, Bank
from tests.ledger.pure.making import balances, group_session, mutual

POSTED = 60 if os.environ.get("TIMEBANK_FORM") == "full" else 6  # each of them twice


class TestMutualSessionOfTwo:
    def test_has_two_legs_that_are_held_and_confirmed_each_by_the_other(self, bank):
        plan = mutual(bank.ada, bank.ben, 61, recorded_by=bank.ada)
        for leg in plan.transfers * 2:
            bank.do("hold", transfer=leg, at=AT)

        with pytest.raises(OwnRecord):
            bank.do("confirm", id=plan.transfers[0].id, by=bank.ada, at=AT)
        for leg in plan.transfers:
            bank.do("confirm", id=leg.id, by=bank.ben, at=AT)

        assert [bank.see("get", id=leg.id).state for leg in plan.transfers] == [TransferState.POSTED] * 2
        assert (bank.posted(bank.ada), bank.posted(bank.ben)) == (0, 0)
        assert len(bank.see("entries", account=bank.ada)) == 2
        assert bank.see("verify").is_clean


class TestInTheLedger:
    @pytest.mark.parametrize("posting", GroupPosting)
    def test_the_same_session_again_counts_once(self, bank, posting):
        community = bank.open_account(AccountKind.COMMUNITY)
        people = [bank.ada, bank.ben, bank.cleo, *(bank.open_account() for _ in range(4))]
        expected: Counter[UUID] = Counter()
        for number in range(POSTED):
            session = group_session(
                facilitators=people[: 1 + number % 2], attendees=people[2 : 3 + number % 5], unnamed=number // 5,
                minutes=1 + (number * 389) % 1440, community=community,
            )  # fmt: skip
            plan = plan_group(session, posting)
            first = bank.do("post_many", transfers=plan.transfers, at=AT)
            expected.update(balances(plan))

            assert bank.do("post_many", transfers=plan_group(session, posting).transfers[::-1], at=AT) == first[::-1]

        sys.stdout.write(f"\n{bank.database.url.get_backend_name()}: {POSTED} {posting} sessions posted twice\n")
        assert {one: bank.posted(one) for one in (*people, community)} == {
            one: expected[one] for one in (*people, community)
        }
        assert sum(map(abs, expected.values())) > 0 or posting is GroupPosting.MUTUAL
        assert bank.see("verify").is_clean
        assert Bank(bank.database).see("verify").is_clean
