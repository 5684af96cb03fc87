import dataclasses
import inspect
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import AccountKind, Transfer, TransferKind, errors
from ledger.accounts import check_floor, new_account
from ledger.errors import (
    AccountClosed,
    AccountNotEmpty,
    BelowHardFloor,
    FloorOnlyForPartners,
    GiverIsReceiver,
    LedgerError,
    NoTime,
    NotWholeMinutes,
    TooLong,
)
from tests.ledger.pure.making import DAY, make_transfer

BANK, ADA, BEN = uuid4(), uuid4(), uuid4()
KINDS = st.sampled_from(sorted(set(TransferKind) - {TransferKind.BRIDGE}))


class TestTransfer:
    @given(minutes=st.integers(1, 1440), kind=KINDS)
    def test_has_two_entries_that_sum_to_zero(self, minutes, kind):
        transfer = make_transfer(ADA, BEN, minutes, kind=kind)

        assert [(entry.account, entry.minutes) for entry in transfer.entries] == [(ADA, minutes), (BEN, -minutes)]
        assert sum(entry.minutes for entry in transfer.entries) == 0

    @pytest.mark.parametrize(
        ("minutes", "refusal"),
        [
            (0, NoTime),
            (-1, NoTime),
            (1441, TooLong),
            (1.5, NotWholeMinutes),
            ("60", NotWholeMinutes),
            (True, NotWholeMinutes),
        ],
    )
    def test_cannot_be_built_with_a_wrong_length(self, minutes, refusal):
        with pytest.raises(refusal):
            make_transfer(ADA, BEN, minutes)

    def test_takes_more_than_a_day_only_where_it_is_no_single_meeting(self):
        assert make_transfer(ADA, BEN, 6000, kind=TransferKind.OPENING).minutes == 6000
        with pytest.raises(TooLong):
            make_transfer(ADA, BEN, 10_000_001, kind=TransferKind.OPENING)

    def test_needs_two_accounts(self):
        with pytest.raises(GiverIsReceiver):
            make_transfer(ADA, ADA)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"id": "x"},
            {"recorded_by": None},
            {"happened_on": datetime(2026, 1, 1, tzinfo=UTC)},
            {"happened_on": "2026-01-01"},
        ],
    )
    def test_refuses_wrong_types(self, wrong):
        with pytest.raises(TypeError):
            make_transfer(ADA, BEN, **wrong)

    def test_refuses_an_unknown_kind(self):
        with pytest.raises(ValueError, match="money"):
            make_transfer(ADA, BEN, kind="money")

    def test_cannot_be_changed(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            make_transfer(ADA, BEN).minutes = 5

    def test_knows_no_multiplier(self):
        assert {field.name for field in dataclasses.fields(Transfer)} == {
            "id", "giver", "receiver", "minutes", "happened_on", "kind", "recorded_by", "group", "peer",
        }  # fmt: skip


class TestFingerprint:
    def test_is_equal_for_equal_content(self):
        one = make_transfer(ADA, BEN)

        assert one.fingerprint(bank_id=BANK, act="post") == dataclasses.replace(one).fingerprint(
            bank_id=BANK, act="post"
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"id": uuid4()},
            {"giver": uuid4()},
            {"receiver": uuid4()},
            {"minutes": 61},
            {"happened_on": DAY.replace(day=2)},
            {"kind": TransferKind.GIFT},
            {"recorded_by": uuid4()},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_differs_with_any_fact(self, change):
        one = make_transfer(ADA, BEN)
        other = dataclasses.replace(one, **change)

        assert one.fingerprint(bank_id=BANK, act="post") != other.fingerprint(bank_id=BANK, act="post")

    def test_differs_with_the_bank_the_act_and_the_reason(self):
        one = make_transfer(ADA, BEN)
        prints = {
            one.fingerprint(bank_id=BANK, act="post"),
            one.fingerprint(bank_id=ADA, act="post"),
            one.fingerprint(bank_id=BANK, act="hold"),
            one.fingerprint(bank_id=BANK, act="hold", reversal_reason="a"),
            one.fingerprint(bank_id=BANK, act="hold", reversal_reason="a", reverses_id=ADA),
        }

        assert len(prints) == 5


class TestAccount:
    def partner(self, hard_floor: int = -100):
        return new_account(id=uuid4(), kind=AccountKind.PARTNER, hard_floor=hard_floor)

    @given(changes=st.lists(st.tuples(st.integers(-999, 999), st.integers(0, 99), st.integers(0, 99))))
    def test_counts_an_entry_for_each_posting_and_none_for_what_waits(self, changes):
        account = new_account(id=uuid4(), kind=AccountKind.MEMBER, hard_floor=None)

        for posted, out, into in changes:
            account = account.changed(posted=posted, held_out=out, held_in=into)

        assert account.posted == sum(posted for posted, _, _ in changes)
        assert account.seq == sum(posted != 0 for posted, _, _ in changes)
        assert account.balance.available == account.posted - account.held_out

    def test_of_a_member_has_no_floor(self):
        with pytest.raises(FloorOnlyForPartners):
            check_floor(AccountKind.MEMBER, -60)

    def test_of_a_partner_stops_at_its_floor(self):
        assert self.partner().changed(posted=-100).posted == -100
        with pytest.raises(BelowHardFloor):
            self.partner().changed(posted=-60).changed(held_out=41)

    def test_of_a_partner_may_be_taken_below_by_a_correction_and_is_marked_until_it_is_back(self):
        below = self.partner().changed(posted=-150, may_pass_floor=True)

        assert below.floor_waived
        assert below.changed(posted=20).floor_waived
        assert not below.changed(posted=50).floor_waived
        with pytest.raises(BelowHardFloor):
            below.changed(posted=-1)

    def test_closes_only_when_it_is_empty_and_takes_nothing_then(self):
        account = new_account(id=uuid4(), kind=AccountKind.MEMBER, hard_floor=None)

        with pytest.raises(AccountNotEmpty):
            account.changed(held_in=1).closed()
        with pytest.raises(AccountClosed):
            account.closed().changed(posted=1)
        assert account.closed().opened() == account


class TestRefusals:
    @pytest.mark.parametrize(
        "refusal", [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, LedgerError)]
    )
    def test_are_sentences_that_say_what_to_do_next(self, refusal):
        sentence = refusal(UUID(int=7)).sentence

        assert sentence.count(". ") + sentence.count(": ") >= 1
        assert sentence.endswith((".", '"."'))
        assert not {"debt", "owe", "overdrawn", "earn", "UUID", "transfer"} & set(sentence.lower().split())
        assert str(UUID(int=7)) in str(refusal(UUID(int=7)))
