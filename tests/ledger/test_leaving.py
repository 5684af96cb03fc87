"""Leaving: what is in the account goes on or is kept, a minus is the community's, and coming back brings back what was kept."""

import os
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import AccountKind, AccountStatus, Ledger, TransferKind, TransferState
from ledger.errors import AccountClosed, AccountNotFound, HeirIsLeaving, ReasonMissing, SameIdOtherContent
from ledger.leaving import Leaving, Left, come_back, leave_with_gift, leave_with_hold
from tests.ledger.making import AT, COORDINATOR, DAY, Bank, make_transfer
from tests.ledger.test_races import together

LEAVERS = 500 if os.environ.get("TIMEBANK_FORM") == "full" else 40
LATER = AT + timedelta(days=30)
BACK = DAY + timedelta(days=30)


class Village:
    """A bank with a community account, a keeper of leavers' hours, and ada, who is about to leave."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.community = bank.open_account(AccountKind.COMMUNITY)
        self.keeper = bank.open_account(AccountKind.LEAVER)

    def leaving(self, account: UUID | None = None, **more) -> Leaving:
        facts = {
            "id": uuid4(), "account": account or self.bank.ada, "community": self.community, "happened_on": DAY,
            "recorded_by": COORDINATOR, "reason": "has left the time bank",
        }  # fmt: skip
        return Leaving(**facts | more)

    def give(self, leaving: Leaving, to: UUID | None = None) -> Left:
        with self.bank.writing() as ledger:
            return leave_with_gift(ledger, leaving, to=to or self.community, at=LATER)

    def hold(self, leaving: Leaving, keeper: UUID | None = None) -> Left:
        with self.bank.writing() as ledger:
            return leave_with_hold(ledger, leaving, keeper=keeper or self.keeper, at=LATER)

    def back(self, leaving: Leaving, by: UUID = COORDINATOR):
        with self.bank.writing() as ledger:
            return come_back(ledger, leaving, happened_on=BACK, recorded_by=by, at=LATER)

    def has(self, minutes: int, account: UUID | None = None) -> None:
        """Ada gave this much more than she received."""
        if minutes:
            ends = (account or self.bank.ada, self.bank.cleo)[:: 1 if minutes > 0 else -1]
            self.bank.do("post", transfer=make_transfer(*ends, abs(minutes), kind=TransferKind.IMPORT), at=AT)

    def posted(self, *accounts: UUID) -> list[int]:
        return [self.bank.posted(one) for one in accounts]


@pytest.fixture
def village(bank) -> Village:
    return Village(bank)


class TestEverybodyWhoLeaves:
    def test_leaves_an_empty_closed_account_and_a_bank_that_sums_to_zero(self, village):
        bank, ways = village.bank, Counter()

        @given(
            minutes=st.integers(-5000, 5000),
            waiting=st.lists(st.tuples(st.booleans(), st.integers(1, 90), st.booleans()), max_size=4),
            way=st.sampled_from(["to the community", "to a person", "kept"]),
            is_paused=st.booleans(),
        )
        @settings(max_examples=LEAVERS, suppress_health_check=list(HealthCheck))
        def live(minutes, waiting, way, is_paused):
            leaver = bank.open_account()
            village.has(minutes, leaver)
            for gives, length, is_frozen in waiting:
                transfer = make_transfer(*(leaver, bank.ben)[:: 1 if gives else -1], length)
                bank.do("hold", transfer=transfer, at=AT)
                if is_frozen:
                    bank.do("freeze", id=transfer.id, at=AT)
            if is_paused:
                bank.do("pause_account", id=leaver, at=AT)
            before = village.posted(village.community, village.keeper, bank.ben)
            leaving = village.leaving(leaver)

            left = self.go(village, leaving, way)

            gets = {"to the community": 0, "kept": 1, "to a person": 2}[way] if minutes > 0 else 0
            after = village.posted(village.community, village.keeper, bank.ben)
            assert [now - was for was, now in zip(before, after, strict=True)] == [
                minutes if place == gets else 0 for place in range(3)
            ]
            assert len(left.released) == len(waiting)
            stands = bank.see("get_account", id=leaver)
            assert (stands.status, stands.balance.posted) == (AccountStatus.CLOSED, 0)
            assert self.go(village, leaving, way).transfer == left.transfer
            brought = village.back(leaving)
            assert bank.posted(leaver) == (minutes if minutes > 0 and way == "kept" else 0)
            assert village.back(leaving) == brought
            ways[way, "plus" if minutes > 0 else "minus" if minutes else "nothing"] += 1

        live()

        sys.stdout.write(f"\n{bank.database.url.get_backend_name()}: left and came back: {dict(ways)}\n")
        assert ways.total() >= LEAVERS
        assert {way for way, _ in ways} == {"to the community", "to a person", "kept"}
        assert bank.see("balance", account=bank.ben).held_in == 0
        assert bank.see("verify").is_clean

    @staticmethod
    def go(village, leaving, way) -> Left:
        if way == "kept":
            return village.hold(leaving)
        return village.give(leaving, village.bank.ben if way == "to a person" else None)


class TestLeaving:
    def test_that_somebody_else_did_at_this_very_moment_is_answered_alike(self, village, monkeypatch):
        """Both looked, and one of them came first to the account."""
        village.has(60)
        leaving = village.leaving()
        let_go = Ledger.release_waiting

        def overtaken(ledger, **facts):
            monkeypatch.setattr(Ledger, "release_waiting", let_go)
            leave_with_gift(ledger, leaving, to=village.community, at=LATER)
            return ledger.release_waiting(**facts)

        monkeypatch.setattr(Ledger, "release_waiting", overtaken)
        left = village.give(leaving)

        assert left.transfer == village.give(leaving).transfer
        assert village.posted(village.bank.ada, village.community) == [0, 60]

    def test_lets_go_of_what_waits_and_says_why(self, village):
        bank = village.bank
        waiting, counted = make_transfer(bank.ada, bank.ben), make_transfer(bank.ben, bank.ada)
        bank.do("hold", transfer=waiting, at=AT)
        bank.do("post", transfer=counted, at=AT)
        mirror = uuid4()
        bank.do("reverse", id=counted.id, reversal_id=mirror, reason="let's check", at=AT, held=True)

        left = village.give(village.leaving())

        assert set(left.released) == {waiting.id, mirror}
        for one in left.released:
            record = bank.see("get", id=one)
            assert (record.state, record.release_reason) == (TransferState.RELEASED, "has left the time bank")

    def test_with_nothing_in_the_account_posts_nothing(self, village):
        assert village.give(village.leaving()) == Left(released=(), transfer=None)

    def test_with_a_minus_is_never_asked_back_whatever_was_chosen(self, village):
        village.has(-300)

        left = village.hold(village.leaving())

        assert village.posted(village.community, village.keeper) == [-300, 0]
        assert (left.transfer.kind, left.transfer.receiver) == (TransferKind.LEAVING, village.community)

    def test_of_a_paused_account_comes_back_awake(self, village):
        leaving = village.leaving()
        village.bank.do("pause_account", id=leaving.account, at=AT)
        village.give(leaving)

        village.back(leaving)

        assert not village.bank.see("get_account", id=leaving.account).is_paused

    def test_again_in_another_way_is_refused(self, village):
        village.has(60)
        leaving = village.leaving()
        village.give(leaving, village.bank.ben)

        for another in (
            lambda: village.give(leaving),
            lambda: village.hold(leaving),
            lambda: village.give(replace(leaving, recorded_by=uuid4()), village.bank.ben),
        ):
            with pytest.raises(SameIdOtherContent):
                another()
        assert village.bank.posted(village.bank.ben) == 60

    def test_is_not_repeated_by_a_late_copy_once_they_are_back(self, village):
        village.has(60)
        leaving = village.leaving()
        village.hold(leaving)
        village.back(leaving)

        with pytest.raises(SameIdOtherContent):
            village.hold(leaving)
        assert village.bank.posted(leaving.account) == 60

    def test_can_be_done_anew_after_coming_back(self, village):
        village.has(60)
        first, second = village.leaving(), village.leaving()
        village.hold(first)
        village.back(first)

        village.hold(second)

        assert village.posted(village.keeper, village.bank.ada) == [60, 0]
        village.back(second)
        assert village.posted(village.keeper, village.bank.ada) == [0, 60]

    def test_comes_back_once(self, village):
        village.has(60)
        leaving = village.leaving()
        village.hold(leaving)
        village.back(leaving)

        with pytest.raises(SameIdOtherContent):
            village.back(leaving, by=uuid4())
        assert village.bank.posted(leaving.account) == 60

    def test_gives_nothing_to_whoever_is_leaving_nor_to_a_closed_account(self, village):
        village.has(60)
        village.bank.do("close_account", id=village.bank.ben)

        with pytest.raises(HeirIsLeaving):
            village.give(village.leaving(), village.bank.ada)
        with pytest.raises(AccountClosed):
            village.give(village.leaving(), village.bank.ben)
        with pytest.raises(AccountNotFound):
            village.give(village.leaving(), uuid4())
        assert village.bank.posted(village.bank.ada) == 60

    def test_needs_a_reason(self, village):
        with pytest.raises(ReasonMissing):
            village.give(village.leaving(reason="  "))

    def test_is_for_members_and_between_accounts_of_the_right_kind(self, village):
        for act in (
            lambda: village.give(village.leaving(village.keeper)),
            lambda: village.give(village.leaving(community=village.bank.ben)),
            lambda: village.hold(village.leaving(), village.bank.ben),
        ):
            with pytest.raises(ValueError, match="of kind"):
                act()

    def test_at_the_same_moment_in_two_ways_happens_in_one(self, village):
        for number in range(10):
            leaver = village.bank.open_account()
            village.has(7, leaver)
            leaving = village.leaving(leaver)

            answers = together(lambda one=leaving: village.give(one), lambda one=leaving: village.hold(one))

            assert sorted(type(answer).__name__ for answer in answers) == ["Left", "SameIdOtherContent"], number
        assert sum(village.posted(village.community, village.keeper)) == 70
        assert village.bank.see("verify").is_clean
