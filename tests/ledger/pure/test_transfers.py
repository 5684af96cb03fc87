import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Transfer, TransferKind, TransferRecord, TransferState
from ledger.errors import (
    AlreadyConfirmed,
    AlreadyExpired,
    AlreadyReleased,
    GiverIsReceiver,
    HoursFrozen,
    LedgerError,
    NoTime,
    NotPosted,
    NotWholeMinutes,
    OwnRecord,
    ReversalKeepsItsLength,
    TooLong,
)
from ledger.transfers import DAY_MINUTES, LONGEST_MINUTES, check_length
from tests.ledger.pure.making import ADA, AT, BANK, BEN, FACTS, make_transfer, transfers

KINDS = st.sampled_from(sorted(set(TransferKind) - {TransferKind.BRIDGE}))


class TestTransfer:
    @given(minutes=st.integers(1, 1440), kind=KINDS)
    def test_has_two_entries_that_sum_to_zero(self, minutes, kind):
        transfer = make_transfer(ADA, BEN, minutes, kind=kind)

        assert [(entry.account, entry.minutes) for entry in transfer.entries] == [(ADA, minutes), (BEN, -minutes)]
        assert {entry.transfer_id for entry in transfer.entries} == {transfer.id}
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
        with pytest.raises(refusal) as refused:
            make_transfer(ADA, BEN, minutes)

        assert refused.value.args == (minutes,)

    def test_takes_more_than_a_day_only_where_it_is_no_single_meeting(self):
        assert make_transfer(ADA, BEN, 10_000_000, kind=TransferKind.OPENING).minutes == 10_000_000
        with pytest.raises(TooLong):
            make_transfer(ADA, BEN, 10_000_001, kind=TransferKind.OPENING)

    def test_needs_two_accounts(self):
        with pytest.raises(GiverIsReceiver) as refused:
            make_transfer(ADA, ADA)

        assert refused.value.args == (ADA,)

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"id": "x"}, "id, giver and receiver are UUIDs"),
            ({"giver": str(ADA)}, "id, giver and receiver are UUIDs"),
            ({"receiver": None}, "id, giver and receiver are UUIDs"),
            ({"recorded_by": None}, "recorded_by is a UUID"),
            ({"recorded_by": "Ada"}, "recorded_by is a UUID"),
            ({"recorded_by": "Ada", "kind": TransferKind.REVERSAL}, "recorded_by is a UUID"),
            ({"group": "the walkers"}, "group is a UUID"),
            ({"happened_on": datetime(2026, 1, 1, tzinfo=UTC)}, "happened_on is a day, not a moment"),
            ({"happened_on": "2026-01-01"}, "happened_on is a day, not a moment"),
        ],
    )
    def test_refuses_wrong_types(self, wrong, sentence):
        with pytest.raises(TypeError, match=rf"^{sentence}$"):
            Transfer(**FACTS | wrong)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": TransferKind.EXCHANGE, "peer": UUID(int=9)},
            {"kind": TransferKind.BRIDGE, "peer": None},
            {"kind": TransferKind.BRIDGE, "peer": "the other bank"},
        ],
    )
    def test_has_a_peer_where_it_is_a_bridge_and_nowhere_else(self, wrong):
        with pytest.raises(TypeError, match=r"^a bridge, and nothing else, has a peer, which is a UUID$"):
            Transfer(**FACTS | wrong)

    @given(transfer=transfers())
    def test_keeps_its_facts_as_they_were_given(self, transfer):
        facts = {field.name: getattr(transfer, field.name) for field in dataclasses.fields(Transfer)}

        assert Transfer(**facts) == transfer

    @pytest.mark.parametrize("kind", [kind for kind in TransferKind if kind is not TransferKind.BRIDGE])
    def test_takes_the_word_for_a_kind_as_that_kind(self, kind):
        assert make_transfer(ADA, BEN, kind=kind.value).kind is kind

    def test_may_be_recorded_by_nobody_where_it_undoes_another(self):
        assert make_transfer(ADA, BEN, kind=TransferKind.REVERSAL, recorded_by=None).recorded_by is None

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


class TestLength:
    @given(minutes=st.integers(-5, LONGEST_MINUTES + 5), kind=st.sampled_from(TransferKind))
    def test_is_a_minute_at_least_and_a_day_at_most_where_people_met(self, minutes, kind):
        longest = DAY_MINUTES if kind in {TransferKind.EXCHANGE, TransferKind.GROUP} else LONGEST_MINUTES
        try:
            check_length(minutes, kind)
        except NoTime:
            assert minutes < 1
        except TooLong:
            assert minutes > longest
        else:
            assert 1 <= minutes <= longest

    @pytest.mark.parametrize(("kind", "longest"), [(TransferKind.GROUP, 1440), (TransferKind.GIFT, 10_000_000)])
    def test_may_be_the_longest_and_not_a_minute_more(self, kind, longest):
        check_length(1, kind)
        check_length(longest, kind)
        with pytest.raises(TooLong):
            check_length(longest + 1, kind)


def make_record(**facts: Any) -> TransferRecord:
    """An exchange that Ada recorded and that waits. What is not said is not there."""
    nothing: dict[str, Any] = {field.name: None for field in dataclasses.fields(TransferRecord)}
    return TransferRecord(**nothing | FACTS | {"state": TransferState.PENDING} | facts)


AROUND = st.none() | st.datetimes(
    AT.replace(tzinfo=None, hour=11), AT.replace(tzinfo=None, hour=13), timezones=st.just(UTC)
)


class TestRecord:
    @given(expires_at=AROUND, stopped_at=AROUND)
    def test_is_due_from_its_expiry_on_unless_its_clock_stands_still(self, expires_at, stopped_at):
        record = make_record(expires_at=expires_at, stopped_at=stopped_at)

        assert record.is_due(AT) is (expires_at is not None and expires_at <= AT and not stopped_at)

    def test_is_due_in_the_very_moment(self):
        assert make_record(expires_at=AT).is_due(AT)
        assert not make_record(expires_at=AT + timedelta(microseconds=1)).is_due(AT)
        assert not make_record(expires_at=AT, stopped_at=AT).is_due(AT)

    @pytest.mark.parametrize(
        ("state", "refusal"),
        [
            (TransferState.POSTED, AlreadyConfirmed),
            (TransferState.RELEASED, AlreadyReleased),
            (TransferState.EXPIRED, AlreadyExpired),
        ],
    )
    def test_of_what_is_settled_says_what_became_of_it(self, state, refusal):
        record = make_record(state=state)
        acts = [
            record.check_pending,
            lambda: record.check_waiting(at=AT),
            lambda: record.check_confirmable(by=BEN, at=AT, minutes=60),
        ]
        for act in acts:
            with pytest.raises(refusal) as refused:
                act()
            assert refused.value.args == (record.id,)

    def test_of_what_waits_may_be_decided_until_its_expiry(self):
        record = make_record(expires_at=AT)
        before = AT - timedelta(seconds=1)

        record.check_pending()
        record.check_waiting(at=before)
        record.check_confirmable(by=BEN, at=before, minutes=60)
        for act in (
            lambda: record.check_waiting(at=AT),
            lambda: record.check_confirmable(by=BEN, at=AT, minutes=60),
        ):
            with pytest.raises(AlreadyExpired) as refused:
                act()
            assert refused.value.args == (record.id,)

    def test_of_frozen_hours_cannot_be_confirmed_but_waits(self):
        record = make_record(frozen_at=AT, stopped_at=AT)

        assert (record.is_frozen, make_record().is_frozen) == (True, False)
        record.check_waiting(at=AT)
        with pytest.raises(HoursFrozen) as refused:
            record.check_confirmable(by=BEN, at=AT, minutes=60)
        assert refused.value.args == (record.id,)

    @given(kind=KINDS, by=st.sampled_from([ADA, BEN, BANK]))
    def test_of_an_exchange_is_confirmed_by_anybody_but_who_recorded_it(self, kind, by):
        record = make_record(kind=kind)
        if kind is TransferKind.EXCHANGE and by == ADA:
            with pytest.raises(OwnRecord) as refused:
                record.check_confirmable(by=by, at=AT, minutes=60)
            assert refused.value.args == (record.id,)
        else:
            record.check_confirmable(by=by, at=AT, minutes=60)

    @given(minutes=st.integers(-5, 2000) | st.sampled_from([1.5, "60", True, None]), kind=KINDS)
    def test_is_confirmed_with_a_length_that_it_could_have_been_recorded_with(self, minutes, kind):
        def refusal(act) -> type[LedgerError] | None:
            try:
                act()
            except LedgerError as refused:
                return type(refused)
            return None

        confirmed = refusal(lambda: make_record(kind=kind).check_confirmable(by=BEN, at=AT, minutes=minutes))

        if kind is TransferKind.REVERSAL and type(minutes) is int and minutes > 0:
            assert confirmed is (None if minutes == 60 else ReversalKeepsItsLength)
        else:
            assert confirmed is refusal(lambda: make_transfer(ADA, BEN, minutes, kind=kind))

    def test_of_a_reversal_is_confirmed_with_its_own_length(self):
        record = make_record(kind=TransferKind.REVERSAL)

        record.check_confirmable(by=ADA, at=AT, minutes=60)
        with pytest.raises(ReversalKeepsItsLength) as refused:
            record.check_confirmable(by=ADA, at=AT, minutes=59)
        assert refused.value.args == (record.id,)

    @pytest.mark.parametrize("state", [None, *TransferState])
    def test_is_reversed_once_its_reversal_is_posted(self, state):
        assert make_record(reversal_state=state).is_reversed is (state is TransferState.POSTED)

    @given(minutes=st.integers(1, 1440), posted=st.integers(1, 1440), by=st.sampled_from([None, BEN]))
    def test_of_what_is_posted_is_undone_by_its_mirror(self, minutes, posted, by):
        record = make_record(minutes=minutes, posted_minutes=posted, state=TransferState.POSTED)

        mirror = record.mirror(id=BANK, by=by)

        assert (mirror.id, mirror.kind, mirror.recorded_by) == (BANK, TransferKind.REVERSAL, by)
        assert (mirror.giver, mirror.receiver, mirror.minutes) == (record.receiver, record.giver, posted)
        assert mirror.happened_on == record.happened_on

    def test_of_what_is_not_posted_has_no_mirror(self):
        record = make_record()

        with pytest.raises(NotPosted) as refused:
            record.mirror(id=BANK, by=None)
        assert refused.value.args == (record.id,)
