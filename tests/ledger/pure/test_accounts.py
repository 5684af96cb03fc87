"""Accounts: what is in them, what waits, and the limit that only a partner organisation may have."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Account, AccountKind, AccountStatus
from ledger.accounts import check_floor, new_account
from ledger.errors import AccountClosed, AccountNotEmpty, BelowHardFloor, FloorOnlyForPartners
from ledger.transfers import Posted
from tests.ledger.pure.making import AT

MINUTES = st.integers(-999, 999)
WAITING = st.integers(0, 99)
FLOORS = st.integers(-500, 0)


def member() -> Account:
    return new_account(id=uuid4(), kind=AccountKind.MEMBER, hard_floor=None)


def partner(hard_floor: int = -100) -> Account:
    return new_account(id=uuid4(), kind=AccountKind.PARTNER, hard_floor=hard_floor)


class TestFloor:
    @given(kind=st.sampled_from(sorted(set(AccountKind) - {AccountKind.PARTNER})), floor=FLOORS)
    def test_is_for_partners_only(self, kind, floor):
        check_floor(kind, None)
        with pytest.raises(FloorOnlyForPartners) as refused:
            check_floor(kind, floor)

        assert refused.value.args == (kind,)

    @given(floor=FLOORS | st.none())
    def test_of_a_partner_is_zero_or_below_or_none_at_all(self, floor):
        check_floor(AccountKind.PARTNER, floor)

    @pytest.mark.parametrize("floor", [1, -1.5, "-60", False])
    def test_is_whole_minutes_at_zero_or_below(self, floor):
        with pytest.raises(ValueError, match=r"^a hard floor is whole minutes, zero or below$"):
            check_floor(AccountKind.PARTNER, floor)

    def test_may_be_zero(self):
        check_floor(AccountKind.PARTNER, 0)


class TestNewAccount:
    @given(id=st.uuids(), kind=st.sampled_from(AccountKind))
    def test_is_open_and_empty(self, id, kind):  # noqa: A002 - the ledger's own name for it
        account = new_account(id=id, kind=kind, hard_floor=None)

        assert account == Account(
            id=id, kind=kind, status=AccountStatus.OPEN, posted=0, held_out=0, held_in=0, seq=0, hard_floor=None,
            floor_waived=False, paused_at=None,
        )  # fmt: skip
        assert account.floor_waived is False
        assert account.is_open
        assert not account.is_paused

    def test_of_a_partner_keeps_its_floor(self):
        assert partner(-60).hard_floor == -60


class TestAccount:
    @given(changes=st.lists(st.tuples(st.integers(-999, 999), st.integers(0, 99), st.integers(0, 99))))
    def test_counts_an_entry_for_each_posting_and_none_for_what_waits(self, changes):
        account = member()

        for posted, out, into in changes:
            account = account.changed(posted=posted, held_out=out, held_in=into)

        assert account.posted == sum(posted for posted, _, _ in changes)
        assert account.seq == sum(posted != 0 for posted, _, _ in changes)
        assert account.balance.available == account.posted - account.held_out

    def test_of_a_member_has_no_floor(self):
        with pytest.raises(FloorOnlyForPartners):
            check_floor(AccountKind.MEMBER, -60)

    def test_of_a_partner_stops_at_its_floor(self):
        assert partner().changed(posted=-100).posted == -100
        with pytest.raises(BelowHardFloor):
            partner().changed(posted=-60).changed(held_out=41)

    def test_of_a_partner_may_be_taken_below_by_a_correction_and_is_marked_until_it_is_back(self):
        below = partner().changed(posted=-150, may_pass_floor=True)

        assert below.floor_waived
        assert below.changed(posted=20).floor_waived
        assert not below.changed(posted=50).floor_waived
        with pytest.raises(BelowHardFloor):
            below.changed(posted=-1)

    def test_closes_only_when_it_is_empty_and_takes_nothing_then(self):
        account = member()

        with pytest.raises(AccountNotEmpty):
            account.changed(held_in=1).closed()
        with pytest.raises(AccountClosed):
            account.closed().changed(posted=1)
        assert account.closed().opened() == account

    @given(posted=MINUTES, out=WAITING, into=WAITING)
    def test_keeps_what_is_posted_and_what_waits_on_either_side_apart(self, posted, out, into):
        account = member().changed(posted=posted).changed(held_out=out).changed(held_in=into)

        assert (account.posted, account.held_out, account.held_in) == (posted, out, into)
        assert (account.balance.posted, account.balance.held_out, account.balance.held_in) == (posted, out, into)
        assert account.available == account.balance.available == posted - out
        assert account.last == Posted(balance=posted, seq=int(posted != 0))
        assert account.changed(held_out=-out, held_in=-into, posted=-posted).balance == member().balance

    @given(posted=st.lists(MINUTES, max_size=10), floor=FLOORS, may_pass=st.booleans())
    def test_of_a_partner_is_below_its_floor_only_where_it_was_let_past(self, posted, floor, may_pass):
        account = partner(floor)
        for minutes in posted:
            after = account.available + minutes
            if after < floor and minutes < 0 and not may_pass:
                with pytest.raises(BelowHardFloor) as refused:
                    account.changed(posted=minutes)
                assert refused.value.args == (account.id,)
            else:
                account = account.changed(posted=minutes, may_pass_floor=may_pass)
                assert account.available == after
                assert account.floor_waived is (after < floor)

    def test_of_a_partner_below_its_floor_may_do_what_takes_it_no_further_down(self):
        below = partner().changed(posted=-150, may_pass_floor=True)

        assert below.changed(held_in=10).floor_waived
        assert below.changed(posted=-10, held_out=-10).available == -150

    @pytest.mark.parametrize("what", ["posted", "held_out", "held_in"])
    def test_is_not_closed_while_anything_is_in_it_or_waits(self, what):
        account = member().changed(**{what: 1})

        with pytest.raises(AccountNotEmpty) as refused:
            account.closed()
        assert refused.value.args == (account.id,)

    def test_once_closed_says_so_and_which_it_is(self):
        closed = member().closed()

        assert closed.status is AccountStatus.CLOSED
        assert not closed.is_open
        with pytest.raises(AccountClosed) as refused:
            closed.changed()
        assert refused.value.args == (closed.id,)

    def test_pauses_once_and_is_resumed(self):
        account = member()
        paused = account.paused(AT)

        assert paused == replace(account, paused_at=AT)
        assert paused.is_paused
        assert paused.paused(AT + timedelta(days=1)) == paused
        assert paused.resumed() == account
        assert account.resumed() == account
