"""What each act does, on both databases, where the machine's random acts would not say it as plainly."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from ledger import AccountKind, Balance, Posted, TransferKind, TransferState
from ledger.errors import (
    AccountNotFound,
    AlreadyConfirmed,
    AlreadyExpired,
    AlreadyReversed,
    BelowHardFloor,
    FloorOnlyForPartners,
    HoursFrozen,
    NotPosted,
    OwnRecord,
    ReasonMissing,
    ReversalKeepsItsLength,
    ReversalNeedsOriginal,
    SameIdOtherContent,
    TooLong,
    TransferNotFound,
)
from tests.ledger.making import AT, COORDINATOR, DAY, Bank, make_transfer

DAY_LATER = AT + timedelta(days=1)


def held(bank: Bank, minutes: int = 60, **more):
    """Ada gave, Ben received, and Ada wrote it down."""
    transfer = make_transfer(bank.ada, bank.ben, minutes)
    bank.do("hold", transfer=transfer, at=AT, **more)
    return transfer.id


def posted(bank: Bank, minutes: int = 60):
    transfer = make_transfer(bank.ada, bank.ben, minutes)
    bank.do("post", transfer=transfer, at=AT)
    return transfer.id


class TestPost:
    def test_gives_to_one_what_it_takes_from_the_other(self, bank):
        receipt = bank.do("post", transfer=make_transfer(bank.ada, bank.ben, 90), at=AT)

        assert receipt.giver == Posted(balance=90, seq=1)
        assert receipt.receiver == Posted(balance=-90, seq=1)
        assert bank.posted(bank.ada) == 90
        assert bank.posted(bank.ben) == -90

    def test_answers_the_first_receipt_when_it_comes_again_later(self, bank):
        transfer = make_transfer(bank.ada, bank.ben, 90)
        first = bank.do("post", transfer=transfer, at=AT)
        bank.do("post", transfer=make_transfer(bank.ada, bank.ben), at=AT)

        assert bank.do("post", transfer=transfer, at=DAY_LATER) == first
        assert bank.posted(bank.ada) == 150

    def test_refuses_an_id_that_another_bank_has_taken(self, bank):
        other = Bank(bank.database)
        transfer = make_transfer(other.ada, other.ben)
        other.do("post", transfer=transfer, at=AT)

        with pytest.raises(SameIdOtherContent):
            bank.do("post", transfer=replace(transfer, giver=bank.ada, receiver=bank.ben), at=AT)

    def test_finds_no_account_of_another_bank(self, bank):
        other = Bank(bank.database)

        with pytest.raises(AccountNotFound):
            bank.do("post", transfer=make_transfer(bank.ada, other.ben), at=AT)

    def test_makes_no_reversal(self, bank):
        with pytest.raises(ReversalNeedsOriginal):
            bank.do("post", transfer=make_transfer(bank.ada, bank.ben, kind=TransferKind.REVERSAL), at=AT)

    def test_needs_an_aware_moment(self, bank):
        with pytest.raises(TypeError):
            bank.do("post", transfer=make_transfer(bank.ada, bank.ben), at=AT.replace(tzinfo=None))


class TestPostMany:
    def test_posts_in_the_order_given_and_answers_each(self, bank):
        first, second = make_transfer(bank.ada, bank.ben, 10), make_transfer(bank.ben, bank.ada, 25)

        receipts = bank.do("post_many", transfers=[first, second, first], at=AT)

        assert receipts[1].giver == Posted(balance=15, seq=2)
        assert receipts[0] == receipts[2]
        assert bank.do("post_many", transfers=[second], at=DAY_LATER) == receipts[1:2]

    def test_posts_thousands_at_once(self, bank):
        people = [bank.ada, bank.ben, bank.cleo]
        batch = [make_transfer(people[n % 3], people[(n + 1) % 3], 1 + n % 7) for n in range(3000)]

        bank.do("post_many", transfers=batch, at=AT)

        report = bank.see("verify")
        assert report.is_clean
        assert report.counts["entries are numbered without a gap and carry the running balance"] == 6000

    def test_posts_none_when_one_is_refused_and_the_caller_may_go_on(self, bank):
        partner = bank.open_account(AccountKind.PARTNER, hard_floor=-30)
        batch = [make_transfer(bank.ada, bank.ben), make_transfer(bank.ada, partner, 31)]

        with bank.writing() as ledger, pytest.raises(BelowHardFloor):
            ledger.post_many(transfers=batch, at=AT)

        assert bank.posted(bank.ada) == 0
        assert bank.see("verify").is_clean

    def test_refuses_a_batch_with_one_id_for_two_things(self, bank):
        transfer = make_transfer(bank.ada, bank.ben)

        with pytest.raises(SameIdOtherContent):
            bank.do("post_many", transfers=[transfer, replace(transfer, minutes=1)], at=AT)

    def test_of_nothing_is_nothing(self, bank):
        assert bank.do("post_many", transfers=[], at=AT) == ()


class TestHold:
    def test_changes_no_balance_only_what_is_held(self, bank):
        held(bank, 60)

        assert bank.see("balance", account=bank.ada) == Balance(posted=0, held_out=0, held_in=60)
        assert bank.see("balance", account=bank.ben) == Balance(posted=0, held_out=60, held_in=0)

    def test_is_refused_under_an_id_that_is_posted(self, bank):
        transfer = make_transfer(bank.ada, bank.ben)
        bank.do("post", transfer=transfer, at=AT)

        with pytest.raises(SameIdOtherContent):
            bank.do("hold", transfer=transfer, at=AT)


class TestConfirm:
    def test_posts_the_hours_and_ends_the_hold(self, bank):
        transfer_id = held(bank, 60)

        receipt = bank.do("confirm", id=transfer_id, by=bank.ben, at=DAY_LATER)

        assert receipt.giver == Posted(balance=60, seq=1)
        assert bank.see("balance", account=bank.ben) == Balance(posted=-60, held_out=0, held_in=0)
        assert bank.do("confirm", id=transfer_id, by=bank.ben, at=DAY_LATER) == receipt

    def test_may_change_the_length_and_keeps_what_was_held(self, bank):
        transfer_id = held(bank, 60)

        bank.do("confirm", id=transfer_id, by=bank.ben, at=AT, minutes=45)

        record = bank.see("get", id=transfer_id)
        assert (record.minutes, record.posted_minutes, record.state) == (60, 45, TransferState.POSTED)
        assert (record.confirmed_by, record.settled_at) == (bank.ben, AT)
        assert bank.posted(bank.ada) == 45
        with pytest.raises(SameIdOtherContent):
            bank.do("confirm", id=transfer_id, by=bank.ben, at=AT, minutes=50)

    def test_is_for_the_other_side_or_a_coordinator(self, bank):
        transfer_id = held(bank)

        with pytest.raises(OwnRecord):
            bank.do("confirm", id=transfer_id, by=bank.ada, at=AT)
        bank.do("confirm", id=transfer_id, by=COORDINATOR, at=AT)

    def test_keeps_to_the_length_of_a_day(self, bank):
        with pytest.raises(TooLong):
            bank.do("confirm", id=held(bank), by=bank.ben, at=AT, minutes=1441)

    def test_comes_too_late_from_the_moment_of_expiry(self, bank):
        transfer_id = held(bank, expires_at=DAY_LATER)

        with pytest.raises(AlreadyExpired):
            bank.do("confirm", id=transfer_id, by=bank.ben, at=DAY_LATER)

    def test_finds_nothing_in_another_bank(self, bank):
        with pytest.raises(TransferNotFound):
            Bank(bank.database).do("confirm", id=held(bank), by=bank.ben, at=AT)


class TestFreeze:
    def test_stops_confirming_until_it_is_lifted(self, bank):
        transfer_id = held(bank)
        bank.do("freeze", id=transfer_id, at=AT)

        with pytest.raises(HoursFrozen):
            bank.do("confirm", id=transfer_id, by=bank.ben, at=AT)
        bank.do("unfreeze", id=transfer_id, at=AT)
        bank.do("confirm", id=transfer_id, by=bank.ben, at=AT)

    def test_stops_the_clock_which_then_goes_on_with_the_time_that_was_left(self, bank):
        transfer_id = held(bank, expires_at=DAY_LATER)
        bank.do("freeze", id=transfer_id, at=AT + timedelta(hours=20))

        assert bank.do("expire_due", at=AT + timedelta(days=9)) == ()
        record = bank.do("unfreeze", id=transfer_id, at=AT + timedelta(days=9))

        assert record.expires_at == AT + timedelta(days=9, hours=4)
        assert bank.do("expire_due", at=record.expires_at) == (transfer_id,)
        assert bank.see("get", id=transfer_id).state is TransferState.EXPIRED

    def test_comes_too_late_once_the_hours_are_confirmed(self, bank):
        with pytest.raises(AlreadyConfirmed):
            bank.do("freeze", id=posted(bank), at=AT)


class TestRelease:
    def test_takes_frozen_hours_back_and_leaves_nothing_held(self, bank):
        transfer_id = held(bank)
        bank.do("freeze", id=transfer_id, at=AT)

        record = bank.do("release", id=transfer_id, reason="  it was another day ", at=AT)

        assert (record.state, record.release_reason) == (TransferState.RELEASED, "it was another day")
        assert bank.see("balance", account=bank.ben) == Balance(posted=0, held_out=0, held_in=0)
        assert bank.do("release", id=transfer_id, reason="it was another day", at=DAY_LATER) == record

    def test_needs_a_reason(self, bank):
        with pytest.raises(ReasonMissing):
            bank.do("release", id=held(bank), reason=" ", at=AT)


class TestReverse:
    def undo(self, bank, transfer_id, **more):
        reversal_id = uuid4()
        bank.do("reverse", id=transfer_id, reversal_id=reversal_id, reason="wrong day", at=AT, **more)
        return reversal_id

    def test_undoes_and_leaves_the_original_readable(self, bank):
        transfer_id = posted(bank, 60)

        reversal_id = self.undo(bank, transfer_id)

        assert bank.posted(bank.ada) == 0
        record = bank.see("get", id=transfer_id)
        assert (record.state, record.reversed_by, record.is_reversed) == (TransferState.POSTED, reversal_id, True)
        assert [line.minutes for line in bank.see("entries", account=bank.ada)] == [60, -60]

    def test_of_several_is_done_together_and_again_answers_the_same(self, bank):
        hours = [posted(bank, minutes) for minutes in (60, 30, 15)]
        reversals = {one: uuid4() for one in hours}

        receipts = bank.do("reverse_many", reversals=reversals, reason="wrong day", at=AT)

        assert [receipt.receiver.balance for receipt in receipts] == [45, 15, 0]
        assert bank.do("reverse_many", reversals=reversals, reason="wrong day", at=AT) == receipts
        assert bank.see("verify").is_clean

    def test_of_several_is_done_for_all_or_for_none(self, bank):
        hours, gone, waiting = posted(bank, 60), posted(bank, 30), held(bank, 10)
        self.undo(bank, gone)

        for other, refusal in ((gone, AlreadyReversed), (waiting, NotPosted), (uuid4(), TransferNotFound)):
            with pytest.raises(refusal):
                bank.do("reverse_many", reversals={hours: uuid4(), other: uuid4()}, reason="wrong day", at=AT)
            assert bank.posted(bank.ada) == 60

    def test_of_a_reversal_restores(self, bank):
        reversal_id = self.undo(bank, posted(bank, 60))

        self.undo(bank, reversal_id)

        assert bank.posted(bank.ada) == 60

    def test_takes_back_the_length_that_was_posted(self, bank):
        transfer_id = held(bank, 60)
        bank.do("confirm", id=transfer_id, by=bank.ben, at=AT, minutes=45)

        self.undo(bank, transfer_id)

        assert bank.posted(bank.ada) == 0

    def test_may_wait_as_a_query_that_is_upheld(self, bank):
        transfer_id = posted(bank, 60)
        reversal_id = self.undo(bank, transfer_id, held=True)
        assert bank.posted(bank.ada) == 60
        assert not bank.see("get", id=transfer_id).is_reversed

        with pytest.raises(ReversalKeepsItsLength):
            bank.do("confirm", id=reversal_id, by=COORDINATOR, at=AT, minutes=10)
        bank.do("confirm", id=reversal_id, by=COORDINATOR, at=AT)

        assert bank.posted(bank.ada) == 0

    def test_may_wait_as_a_query_that_is_withdrawn_and_can_be_asked_again(self, bank):
        transfer_id = posted(bank, 60)
        reversal_id = self.undo(bank, transfer_id, held=True)

        bank.do("release", id=reversal_id, reason="as logged", at=AT)

        assert bank.posted(bank.ada) == 60
        assert bank.see("get", id=transfer_id).reversed_by is None
        self.undo(bank, transfer_id)
        assert bank.posted(bank.ada) == 0

    def test_may_take_a_partner_below_its_floor_and_marks_it(self, bank):
        partner = bank.open_account(AccountKind.PARTNER, hard_floor=-30)
        deposit = make_transfer(partner, bank.ada, 60, kind=TransferKind.PARTNER)
        bank.do("post", transfer=deposit, at=AT)
        bank.do("post", transfer=make_transfer(bank.ben, partner, 90, kind=TransferKind.PARTNER), at=AT)

        self.undo(bank, deposit.id)

        account = bank.see("get_account", id=partner)
        assert (account.posted, account.floor_waived) == (-90, True)
        with pytest.raises(BelowHardFloor):
            bank.do("hold", transfer=make_transfer(bank.ben, partner, 1), at=AT)

    def test_one_that_was_taken_back_is_answered_again_after_another_came(self, bank):
        """The same reversal sent twice, late: it is known, and does nothing."""
        original, first = posted(bank), uuid4()
        bank.do("reverse", id=original, reversal_id=first, reason="wrong day", at=AT, held=True)
        bank.do("release", id=first, reason="the day was right", at=AT)
        bank.do("reverse", id=original, reversal_id=uuid4(), reason="never happened", at=AT)

        again = bank.do("reverse", id=original, reversal_id=first, reason="wrong day", at=AT, held=True)

        assert again.state is TransferState.RELEASED
        assert bank.posted(bank.ada) == 0


class TestOpenAccount:
    def test_twice_is_once(self, bank):
        account_id = uuid4()

        assert bank.do("open_account", id=account_id, kind="partner", hard_floor=-60) == bank.do(
            "open_account", id=account_id, kind="partner", hard_floor=-60
        )
        with pytest.raises(SameIdOtherContent):
            bank.do("open_account", id=account_id, kind="member")
        with pytest.raises(SameIdOtherContent):
            Bank(bank.database).do("open_account", id=account_id, kind="partner", hard_floor=-60)

    def test_gives_no_person_a_floor(self, bank):
        with pytest.raises(FloorOnlyForPartners):
            bank.do("open_account", id=uuid4(), kind=AccountKind.MEMBER, hard_floor=-60)


class TestReading:
    def test_a_page_follows_the_last_line_of_the_one_before(self, bank):
        for minutes in (1, 2, 3, 4, 5):
            posted(bank, minutes)

        def seqs(**page):
            return [line.seq for line in bank.see("entries", account=bank.ada, **page)]

        assert seqs(limit=2) == [1, 2]
        assert seqs(after=2, limit=2) == [3, 4]
        assert seqs(newest_first=True, limit=2) == [5, 4]
        assert seqs(newest_first=True, after=4, limit=9) == [3, 2, 1]

    def test_a_line_shows_both_times_and_the_other_side(self, bank):
        transfer_id = held(bank, 60)
        bank.do("confirm", id=transfer_id, by=bank.ben, at=DAY_LATER)

        (line,) = bank.see("entries", account=bank.ben)

        assert (line.minutes, line.balance_after, line.other) == (-60, -60, bank.ada)
        assert (line.happened_on, line.posted_at, line.confirmed_by) == (DAY, DAY_LATER, bank.ben)

    def test_statements_that_meet_share_no_line_and_miss_none(self, bank):
        for day, minutes in ((0, 10), (1, 20), (2, 30), (3, 40)):
            at = AT + timedelta(days=day)
            bank.do("post", transfer=make_transfer(bank.ada, bank.ben, minutes), at=at)
        middle = AT + timedelta(days=2)

        early = bank.see("statement", account=bank.ada, since=None, until=middle)
        late = bank.see("statement", account=bank.ada, since=middle, until=None)

        assert [line.minutes for line in early.lines] == [10, 20]
        assert [line.minutes for line in late.lines] == [30, 40]
        assert (early.opening, early.closing, late.opening, late.closing) == (0, 30, 30, 100)
        empty = bank.see("statement", account=bank.ada, since=AT + timedelta(days=9), until=None)
        assert (empty.opening, empty.lines, empty.closing) == (100, (), 100)

    def test_an_unknown_account_is_not_found(self, bank):
        with pytest.raises(AccountNotFound):
            bank.see("entries", account=uuid4())
