"""What a query about hours does to the ledger: opening it, each way of settling it, and putting right at once (L13, L19).

The words, and who may ask and settle, are the app's. An act here has several steps: where one of them is refused half-way,
whoever catches the refusal rolls the transaction back. Posted entries stay as they are; what follows from a decision is
posted beside them, with ids made from the query's own, so that settling again alike changes nothing.
"""
# ruff: noqa: A002 - the name `id` is settled in decisions.md section 4.

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from ledger.errors import BridgeStandsWhole, GiftNotShorter, ReversalKeepsItsLength
from ledger.store import Ledger
from ledger.transfers import Receipt, Transfer, TransferKind, TransferRecord, TransferState, check_length


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Hours that somebody asked to be checked. `id` is the query's; `reversal` the mirror that `open_query` held.

    `giver` and `receiver` are the accounts that what is decided is posted to, `community` is the community's.
    """

    id: UUID
    transfer: UUID
    reversal: UUID | None
    giver: UUID
    receiver: UUID
    community: UUID


class Adjusted(NamedTuple):
    """What undoing, and recording what should have stood there, did to both accounts."""

    reversal: Receipt
    correction: Receipt


def open_query(
    ledger: Ledger, *, transfer: UUID, reversal_id: UUID, reason: str, by: UUID, at: datetime
) -> UUID | None:
    """Freezes hours that wait; for hours that count a reversal waits, whose id is answered. Asking again alike is no error.

    Raises TransferNotFound; AlreadyReleased, AlreadyExpired: nothing is left to check; AlreadyReversed, SameIdOtherContent.
    """
    record = ledger.get(id=transfer)
    if record.state is TransferState.POSTED:
        ledger.reverse(id=transfer, reversal_id=reversal_id, reason=reason, at=at, held=True, by=by)
        return reversal_id
    ledger.freeze(id=transfer, at=at)
    return None


def let_stand(ledger: Ledger, query: Query, *, reason: str, by: UUID, at: datetime) -> None:
    """The hours are as they were logged. `reason` is what the reversal that waited is released with.

    Raises as `Ledger.confirm` or `Ledger.release`.
    """
    if query.reversal is not None:
        ledger.release(id=query.reversal, reason=reason, at=at)
        return
    _let_go_on(ledger, query, at)
    ledger.confirm(id=query.transfer, by=by, at=at)


def make_void(ledger: Ledger, query: Query, *, reason: str, by: UUID, at: datetime) -> None:
    """The hours do not count. `reason` is what hours that waited are released with. Raises as `let_stand`."""
    if query.reversal is not None:
        ledger.confirm(id=query.reversal, by=by, at=at)
        return
    record = ledger.get(id=query.transfer)
    if record.release_reason != reason.strip():
        record.check_pending()
    ledger.release(id=query.transfer, reason=reason, at=at)


def set_length(ledger: Ledger, query: Query, *, minutes: int, by: UUID, at: datetime) -> None:
    """The hours count with this many minutes. Raises as `let_stand`; LengthRefused; BridgeStandsWhole."""
    record = ledger.get(id=query.transfer)
    check_length(minutes, record.kind)
    if query.reversal is None:
        _let_go_on(ledger, query, at)
        ledger.confirm(id=query.transfer, by=by, at=at, minutes=minutes)
        return
    _check_whole(record)
    ledger.confirm(id=query.reversal, by=by, at=at)
    _post(ledger, query, record, "new length", query.giver, query.receiver, minutes, by=by, at=at)


def give_the_rest(ledger: Ledger, query: Query, *, minutes: int, by: UUID, at: datetime) -> None:
    """Two honest memories differ: these minutes count, and the community gives the difference, so that neither loses.

    Raises as `set_length`; GiftNotShorter where nothing would be left to give.
    """
    record = ledger.get(id=query.transfer)
    logged = record.minutes if query.reversal is None else record.posted_minutes or record.minutes
    check_length(minutes, record.kind)
    if minutes >= logged:
        raise GiftNotShorter(minutes)
    set_length(ledger, query, minutes=minutes, by=by, at=at)
    kind = TransferKind.GIFT
    _post(ledger, query, record, "gift", query.giver, query.community, logged - minutes, kind=kind, by=by, at=at)


def make_mutual(ledger: Ledger, query: Query, *, reason: str, by: UUID, at: datetime) -> None:
    """Both gave: the hours are made void, and half of them goes each way. An odd minute stays untimed (L7).

    Raises as `make_void`; BridgeStandsWhole.
    """
    record = ledger.get(id=query.transfer)
    _check_whole(record)
    make_void(ledger, query, reason=reason, by=by, at=at)
    half = (record.posted_minutes or record.minutes) // 2
    if half:
        _post(ledger, query, record, "one way", query.giver, query.receiver, half, by=by, at=at)
        _post(ledger, query, record, "other way", query.receiver, query.giver, half, by=by, at=at)


def adjust(
    ledger: Ledger, *, id: UUID, adjustment_id: UUID, minutes: int, reason: str, by: UUID, at: datetime,
    giver: UUID | None = None, receiver: UUID | None = None, happened_on: date | None = None,
) -> Adjusted:  # fmt: skip
    """Undoes posted hours and records what should have stood there, in one act and linked to them (L13).

    What is not named stays as it was. The same `adjustment_id` again alike answers the same.
    Raises as `Ledger.reverse` and `Ledger.post`; ReversalKeepsItsLength; BridgeStandsWhole.
    """
    record = ledger.get(id=id)
    _check_whole(record)
    if record.kind is TransferKind.REVERSAL:
        raise ReversalKeepsItsLength(id)
    check_length(minutes, record.kind)
    correction = Transfer(
        id=uuid5(adjustment_id, "correction"),
        giver=giver or record.giver,
        receiver=receiver or record.receiver,
        minutes=minutes,
        happened_on=happened_on or record.happened_on,
        kind=TransferKind.CORRECTION,
        recorded_by=by,
        group=id,
    )
    reversal = ledger.reverse(id=id, reversal_id=uuid5(adjustment_id, "reversal"), reason=reason, at=at, by=by)
    return Adjusted(reversal=reversal, correction=ledger.post(transfer=correction, at=at))


def _check_whole(record: TransferRecord) -> None:
    if record.kind is TransferKind.BRIDGE:
        raise BridgeStandsWhole(record.id)


def _let_go_on(ledger: Ledger, query: Query, at: datetime) -> None:
    """Hours that are settled already are left to `confirm`, which knows whether they were settled alike."""
    record = ledger.get(id=query.transfer)
    if record.state is not TransferState.POSTED:
        ledger.unfreeze(id=query.transfer, at=at)


def _post(
    ledger: Ledger, query: Query, record: TransferRecord, part: str, giver: UUID, receiver: UUID, minutes: int,
    *, by: UUID, at: datetime, kind: TransferKind = TransferKind.CORRECTION,
) -> None:  # fmt: skip
    """Beside the hours it puts right, which it names as its group."""
    if giver == receiver:
        return  # the community would give to itself
    ledger.post(
        transfer=Transfer(
            id=uuid5(query.id, part),
            giver=giver,
            receiver=receiver,
            minutes=minutes,
            happened_on=record.happened_on,
            kind=kind,
            recorded_by=by,
            group=query.transfer,
        ),
        at=at,
    )
