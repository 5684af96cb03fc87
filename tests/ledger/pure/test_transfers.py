import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

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
    NotWholeMinutes,
    OwnRecord,
    ReversalKeepsItsLength,
    TooLong,
)
from ledger.transfers import DAY_MINUTES, LONGEST_MINUTES, ONE_DAY_KINDS, check_length, fits_fingerprint
from tests.ledger.pure.making import AT, DAY, make_transfer

BANK, ADA, BEN = uuid4(), uuid4(), uuid4()
KINDS = st.sampled_from(sorted(set(TransferKind) - {TransferKind.BRIDGE}))
FACTS = {
    "id": UUID(int=1), "giver": ADA, "receiver": BEN, "minutes": 60, "happened_on": DAY, "kind": TransferKind.EXCHANGE,
    "recorded_by": ADA,
}  # fmt: skip
ACTS = st.sampled_from(["post", "hold"])
IDS = st.uuids(allow_nil=False)


@st.composite
def transfers(draw: st.DrawFn) -> Transfer:
    """Of every kind, with every link that its kind may have."""
    kind = draw(st.sampled_from(TransferKind))
    giver, receiver = draw(st.lists(IDS, min_size=2, max_size=2, unique=True))
    nobody = [st.none()] if kind is TransferKind.REVERSAL else []
    return Transfer(
        id=draw(IDS),
        giver=giver,
        receiver=receiver,
        minutes=draw(st.integers(1, DAY_MINUTES if kind in ONE_DAY_KINDS else LONGEST_MINUTES)),
        happened_on=draw(st.dates()),
        kind=kind,
        recorded_by=draw(st.one_of(*nobody, IDS)),
        group=draw(st.one_of(st.none(), IDS)),
        peer=draw(IDS) if kind is TransferKind.BRIDGE else None,
    )


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

    @given(transfer=transfers(), other=IDS, undone=st.none() | IDS, act=ACTS)
    def test_differs_with_every_link(self, transfer, other, undone, act):
        facts = {"bank_id": BANK, "act": act}
        prints = [
            transfer.fingerprint(**facts),
            transfer.fingerprint(**facts, reverses_id=other),
            dataclasses.replace(transfer, group=next(one for one in (ADA, BEN) if one != transfer.group)).fingerprint(
                **facts
            ),
        ]
        if transfer.peer:
            peer = next(one for one in (ADA, BEN) if one != transfer.peer)
            prints.append(dataclasses.replace(transfer, peer=peer).fingerprint(**facts))

        assert len(set(prints)) == len(prints)

    def test_without_a_reason_is_that_of_an_empty_reason(self):
        one = make_transfer(ADA, BEN)

        for take in (one.fingerprint, one.first_fingerprint):
            assert take(bank_id=BANK, act="post") == take(bank_id=BANK, act="post", reversal_reason="")

    @pytest.mark.parametrize(
        ("facts", "print_of_it", "first_print_of_it"),
        [
            (
                {},
                "9f281ba4501693b0bdf1b0747feaa012d499fd56a7dc30ff6b617e02da36f4f9",
                "98ae02358c7024a55efbd6114775edc6a811c546ee6fddb12f3bc08073dda99e",
            ),
            (
                {"kind": TransferKind.REVERSAL, "recorded_by": None, "group": UUID(int=5)},
                "ecaa582c7c49b0aefdd28005077b4d5e458c555e62f28aa1f2e60f191aa492ee",
                "541adc31c66fdc6a055c49e83cbe58e5751fe2223ea5cb379fd25b16ad1d4941",
            ),
            (
                {"kind": TransferKind.BRIDGE, "peer": UUID(int=6)},
                "92ac2361a6cebd75cad5015d124937d90dfcbb5c59e082d8690a0b71fbf3e881",
                "7f51f2caed96a72ece5fb1ca05f0050bcc147ba8793cca8ba1dfe0509e1632df",
            ),
        ],
        ids=["an exchange", "a reversal", "a bridge"],
    )
    def test_stays_what_it_was_when_it_was_stored(self, facts, print_of_it, first_print_of_it):
        """Banks hold fingerprints of both forms. Taken in another way, what comes again would not be recognised."""
        transfer = Transfer(
            **FACTS | {"giver": UUID(int=2), "receiver": UUID(int=3), "recorded_by": UUID(int=2)} | facts
        )
        undoes = {"reverses_id": UUID(int=7), "reversal_reason": "not hers: “Zoë’s”"}
        more = {"bank_id": UUID(int=4), "act": "hold"} | (undoes if transfer.kind is TransferKind.REVERSAL else {})

        assert transfer.fingerprint(**more).hex() == print_of_it
        assert transfer.first_fingerprint(**more).hex() == first_print_of_it


def stored(transfer: Transfer, form: str = "fingerprint", act: str = "post", **undoes: Any) -> dict[str, str | None]:
    """The facts as a database hands them out, each as text."""

    def word(value: Any) -> str | None:
        return None if value is None else str(value)

    return {
        "id": word(transfer.id),
        "bank_id": word(BANK),
        "giver_id": word(transfer.giver),
        "receiver_id": word(transfer.receiver),
        "minutes": word(transfer.minutes),
        "happened_on": word(transfer.happened_on),
        "kind": word(transfer.kind),
        "recorded_by": word(transfer.recorded_by),
        "group_id": word(transfer.group),
        "peer_id": word(transfer.peer),
        "reverses_id": word(undoes.get("reverses_id")),
        "reversal_reason": word(undoes.get("reversal_reason")),
        "fingerprint": getattr(transfer, form)(bank_id=BANK, act=act, **undoes).hex(),
    }


FORMS = st.sampled_from(["fingerprint", "first_fingerprint"])
UNDOES = st.one_of(st.just({}), st.fixed_dictionaries({"reverses_id": IDS, "reversal_reason": st.text(max_size=20)}))


class TestStoredFacts:
    @given(transfer=transfers(), form=FORMS, act=ACTS, undoes=UNDOES)
    def test_fit_the_fingerprint_that_was_taken_of_them(self, transfer, form, act, undoes):
        assert fits_fingerprint(stored(transfer, form, act, **undoes))

    @given(transfer=transfers(), other=transfers(), act=ACTS, form=FORMS)
    def test_do_not_fit_that_of_another(self, transfer, other, act, form):
        facts = stored(transfer, form, act) | {"fingerprint": stored(other, form, act)["fingerprint"]}

        assert fits_fingerprint(facts) is (transfer == other)

    @given(transfer=transfers(), form=FORMS, act=ACTS, undoes=UNDOES, data=st.data())
    def test_do_not_fit_once_one_of_them_was_changed(self, transfer, form, act, undoes, data):
        facts = stored(transfer, form, act, **undoes)
        linked_later = set() if form == "fingerprint" else {"group_id", "peer_id"}  # the first form knew no such links
        without_reversal = set() if undoes else {"reversal_reason"}
        name = data.draw(st.sampled_from(sorted(set(facts) - linked_later - without_reversal)))
        change = {
            "minutes": str(transfer.minutes + 1),
            "happened_on": str(transfer.happened_on + timedelta(1 if transfer.happened_on < date.max else -1)),
            "kind": str(next(kind for kind in TransferKind if kind is not transfer.kind)),
            "reversal_reason": (undoes.get("reversal_reason") or "") + "!",
            "fingerprint": "0" * 64,
        }.get(name, str(uuid4()))

        assert not fits_fingerprint(facts | {name: change})

    @given(transfer=transfers(), form=FORMS, name=st.sampled_from(sorted(set(stored(Transfer(**FACTS))))))
    def test_do_not_fit_once_one_of_them_cannot_be_read(self, transfer, form, name):
        facts = stored(transfer, form, reverses_id=ADA)

        assert not fits_fingerprint(facts | {name: "?"})

    @pytest.mark.parametrize(
        "name",
        ["id", "bank_id", "giver_id", "receiver_id", "minutes", "happened_on", "kind", "recorded_by", "fingerprint"],
    )
    def test_do_not_fit_once_one_of_them_is_gone(self, name):
        assert not fits_fingerprint(stored(make_transfer(ADA, BEN, 1)) | {name: None})

    def test_fit_where_a_reversal_has_no_reason(self):
        transfer = make_transfer(ADA, BEN, kind=TransferKind.REVERSAL)

        assert fits_fingerprint(stored(transfer, reverses_id=ADA))


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
