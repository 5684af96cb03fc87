"""An exchange between members of two banks, each of which has a bridge account that stands for the other bank.

It is two linked transfers, one in each bank: the giver's bank credits the giver from its bridge account, the receiver's
bank debits the receiver to its own. Every bank goes on summing to zero, and the two bridge accounts mirror each other.

No transaction spans the two banks, which may be in two databases. So every step is a transaction of its own in one of them,
the receiver's end comes first and decides, and each step is known again by its id. `resume` reads where both ends stand and
finishes what was decided, or undoes what was not: it may be called at any time, by anybody, as often as one likes.
"""
# ruff: noqa: A002 - the name `id` is settled in decisions.md section 4.

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID, uuid5

from ledger.accounts import AccountKind
from ledger.errors import (
    AlreadyReversed,
    BridgeEndsDiffer,
    LedgerError,
    NotWaiting,
    OwnRecord,
    SameIdOtherContent,
    TransferNotFound,
)
from ledger.store import Ledger
from ledger.transfers import Transfer, TransferKind, TransferRecord, TransferState, check_length

# A bank's ledger in a transaction of its own, which is committed when the `with` is left.
Opening = Callable[[], AbstractContextManager[Ledger]]
NOT_IN_BOTH = "it did not come about in both time banks"

Kind = TypeVar("Kind")


class Ends(NamedTuple, Generic[Kind]):
    """The same thing at the giver's and at the receiver's end."""

    giver: Kind
    receiver: Kind


class BridgeState(StrEnum):
    WAITING = "waiting"  # held at both ends
    POSTED = "posted"  # counts at both ends, with the same length
    NOTHING = "nothing"  # counts and waits at neither end


@dataclass(frozen=True, kw_only=True, slots=True)
class Bridge:
    """Who gave how many minutes to whom, across two banks. Each end is told by its account and its bank's bridge account.

    Raises NotWholeMinutes, NoTime, TooLong: it is an exchange, so it fits in a day.
    """

    id: UUID
    giver: UUID
    giver_bridge: UUID
    receiver: UUID
    receiver_bridge: UUID
    minutes: int
    happened_on: date
    recorded_by: UUID

    def __post_init__(self) -> None:
        check_length(self.minutes, TransferKind.EXCHANGE)

    @property
    def ends(self) -> "Ends[Transfer]":
        """The giver's transfer and the receiver's; each names the other as its peer."""
        ids = end_ids(self.id)
        at_giver = Transfer(
            id=ids.giver,
            giver=self.giver,
            receiver=self.giver_bridge,
            minutes=self.minutes,
            happened_on=self.happened_on,
            kind=TransferKind.BRIDGE,
            recorded_by=self.recorded_by,
            group=self.id,
            peer=ids.receiver,
        )
        at_receiver = replace(
            at_giver, id=ids.receiver, giver=self.receiver_bridge, receiver=self.receiver, peer=ids.giver
        )
        return Ends(at_giver, at_receiver)


def end_ids(bridge_id: UUID) -> Ends[UUID]:
    """The ids of the two transfers."""
    return Ends(uuid5(bridge_id, "giver"), uuid5(bridge_id, "receiver"))


def hold(banks: Ends[Opening], bridge: Bridge, *, at: datetime, expires_at: datetime | None = None) -> BridgeState:
    """Waits at both ends, or at neither. Holding again finishes what was begun, and answers how it stands.

    Raises as `Ledger.hold`, from either bank.
    """
    ends = bridge.ends
    with banks.receiver() as ledger:
        _check_bridge(ledger, bridge.receiver_bridge)
        record = ledger.hold(transfer=ends.receiver, at=at, expires_at=expires_at)
    if record.state is TransferState.PENDING:
        try:
            with banks.giver() as ledger:
                _check_bridge(ledger, bridge.giver_bridge)
                ledger.hold(transfer=ends.giver, at=at, expires_at=expires_at)
        except (LedgerError, ValueError):
            resume(banks, id=bridge.id, at=at)
            raise
    return resume(banks, id=bridge.id, at=at)


def confirm(banks: Ends[Opening], *, id: UUID, by: UUID, at: datetime, minutes: int | None = None) -> BridgeState:
    """Posts both ends, with the length that was held or another. Confirming again alike finishes what was begun.

    Whoever recorded it, the other side confirms. Raises as `Ledger.confirm`, and as `resume`.
    """
    ids = end_ids(id)
    with banks.giver() as ledger:
        record = ledger.get(id=ids.giver)
    if by == record.recorded_by:
        raise OwnRecord(id)
    length = record.minutes if minutes is None else minutes
    check_length(length, TransferKind.EXCHANGE)
    if record.state is not TransferState.POSTED:
        record.check_confirmable(by=by, at=at, minutes=length)
    with banks.receiver() as ledger:
        ledger.confirm(id=ids.receiver, by=by, at=at, minutes=minutes)
    return resume(banks, id=id, at=at)


def release(banks: Ends[Opening], *, id: UUID, reason: str, at: datetime) -> BridgeState:
    """Takes both ends back while they wait. Raises as `Ledger.release`, and as `resume`."""
    with banks.receiver() as ledger:
        ledger.release(id=end_ids(id).receiver, reason=reason, at=at)
    return resume(banks, id=id, at=at, reason=reason)


def undo(banks: Ends[Opening], *, id: UUID, by: UUID, reason: str, at: datetime) -> BridgeState:
    """Undoes posted hours at both ends, each by its mirror. Raises as `Ledger.reverse`, and as `resume`."""
    receiver_id = end_ids(id).receiver
    with banks.receiver() as ledger:
        ledger.reverse(id=receiver_id, reversal_id=_undo_id(receiver_id), reason=reason, at=at, by=by)
    return resume(banks, id=id, at=at, reason=reason)


def resume(banks: Ends[Opening], *, id: UUID, at: datetime, reason: str = NOT_IN_BOTH) -> BridgeState:
    """Brings both ends to agree, wherever an act stopped and whatever either bank decided for itself meanwhile.

    Posted at one end and waiting at the other: it is posted there too. Taken back, lapsed, undone or never come at one end:
    the other is taken back or undone, for the same reason where one was given and for `reason` otherwise. On an act that is
    under way at this moment it may come before its second step, and undo it; the two ends never end up differently.

    Raises HoursFrozen while somebody asked for the end that waits to be checked, AlreadyReversed while the end to be undone
    is being checked, AccountClosed where its owner has left; BridgeEndsDiffer.
    """
    seen: Ends[End] | None = None
    refusal: LedgerError | None = None
    while True:
        ends = _look(banks, id)
        if refusal is not None and ends == seen:
            raise refusal
        step = _next_step(ends, at=at, reason=reason)
        if step is None:
            return ends.giver.state
        bank, act = step
        seen, refusal = ends, None
        try:
            with banks[bank]() as ledger:
                act(ledger)
        except (NotWaiting, SameIdOtherContent, AlreadyReversed) as refused:
            refusal = refused  # somebody else may have been on the same way: look again


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """One end as it stands. `chain`: the transfer, then what undid it, what undid that, and so on. Empty: never came."""

    chain: tuple[TransferRecord, ...]

    @property
    def state(self) -> BridgeState:
        if not self.chain:
            return BridgeState.NOTHING
        if self.chain[0].state is TransferState.PENDING:
            return BridgeState.WAITING
        counts = self.chain[0].state is TransferState.POSTED and len(self.chain) % 2
        return BridgeState.POSTED if counts else BridgeState.NOTHING

    @property
    def reason(self) -> str | None:
        return (self.chain[-1].reversal_reason or self.chain[0].release_reason) if self.chain else None

    @property
    def by(self) -> UUID | None:
        return self.chain[-1].recorded_by if self.chain else None


Act = Callable[[Ledger], object]


def _look(banks: Ends[Opening], bridge_id: UUID) -> Ends[End]:
    ids = end_ids(bridge_id)
    with banks.receiver() as ledger:
        receiver = End(chain=_chain(ledger, ids.receiver))
    with banks.giver() as ledger:
        return Ends(End(chain=_chain(ledger, ids.giver)), receiver)


def _chain(ledger: Ledger, transfer_id: UUID) -> tuple[TransferRecord, ...]:
    try:
        chain = [ledger.get(id=transfer_id)]
    except TransferNotFound:
        return ()
    while chain[-1].is_reversed and chain[-1].reversed_by is not None:
        chain.append(ledger.get(id=chain[-1].reversed_by))
    return tuple(chain)


def _next_step(ends: Ends[End], *, at: datetime, reason: str) -> tuple[int, Act] | None:
    """The one act, and in which bank, that brings the ends nearer to agreement. None: they agree."""
    states = [end.state for end in ends]
    if states[0] == states[1]:
        if len({end.chain[0].posted_minutes for end in ends if states[0] is BridgeState.POSTED}) > 1:
            raise BridgeEndsDiffer(*(end.chain[0].posted_minutes for end in ends))
        return None
    if BridgeState.WAITING in states:
        bank = states.index(BridgeState.WAITING)
        waiting, other = ends[bank].chain[0], ends[1 - bank]
        if other.state is BridgeState.POSTED and not waiting.is_due(at):
            return bank, _confirming(waiting, other.chain[0], at)
        return bank, _releasing(waiting, other.reason or reason, at)
    bank = states.index(BridgeState.POSTED)
    other = ends[1 - bank]
    return bank, _undoing(ends[bank].chain[-1], other.reason or reason, other.by, at)


def _confirming(waiting: TransferRecord, posted: TransferRecord, at: datetime) -> Act:
    by = posted.confirmed_by or posted.recorded_by or posted.id
    return lambda ledger: ledger.confirm(id=waiting.id, by=by, at=at, minutes=posted.posted_minutes)


def _releasing(waiting: TransferRecord, reason: str, at: datetime) -> Act:
    return lambda ledger: ledger.release(id=waiting.id, reason=reason, at=at)


def _undoing(last: TransferRecord, reason: str, by: UUID | None, at: datetime) -> Act:
    return lambda ledger: ledger.reverse(id=last.id, reversal_id=_undo_id(last.id), reason=reason, at=at, by=by)


def _undo_id(transfer_id: UUID) -> UUID:
    return uuid5(transfer_id, "undone")


def _check_bridge(ledger: Ledger, account: UUID) -> None:
    if ledger.get_account(id=account).kind is not AccountKind.BRIDGE:
        raise ValueError("another bank is stood for by an account of kind bridge")
