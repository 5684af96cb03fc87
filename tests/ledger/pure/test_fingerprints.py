"""By its fingerprint what comes again is known, and what was changed behind the ledger's back is found."""

import dataclasses
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Transfer, TransferKind
from ledger.transfers import fits_fingerprint
from tests.ledger.pure.making import ADA, BANK, BEN, DAY, FACTS, IDS, make_transfer, transfers

ACTS = st.sampled_from(["post", "hold"])


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

    @given(transfer=transfers(), other=IDS, act=ACTS)
    def test_differs_with_every_link(self, transfer, other, act):
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
