"""Leaving a bank, and coming back (requirements.md L15). Balance and standing are the person's own to decide about.

What somebody gave more than they received goes on as a gift, or is kept for their return; what they received more is the
community's to bear and is never asked back. An act here has several steps: where one is refused half-way, whoever catches
the refusal rolls the transaction back. The same act again is done once.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from ledger.accounts import AccountKind
from ledger.errors import AccountClosed, HeirIsLeaving, SameIdOtherContent, TransferNotFound
from ledger.store import Ledger
from ledger.transfers import Transfer, TransferKind, TransferRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """Who leaves, on which day, recorded by whom. `id` is chosen for this one leaving; the transfers' ids are made from it.

    `reason` is what those read who waited for an answer, or whose answer was waited for.
    """

    id: UUID
    account: UUID
    community: UUID
    happened_on: date
    recorded_by: UUID
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What leaving did: which waiting hours were let go, and the transfer that emptied the account (None: it was empty)."""

    released: tuple[UUID, ...]
    transfer: TransferRecord | None


def leave_with_gift(ledger: Ledger, leaving: Leaving, *, to: UUID, at: datetime) -> Left:
    """Closes the account; what is in it goes to the community, or to a person, who has to have agreed to it (L6).

    Raises AccountNotFound, ReasonMissing, AccountClosed (whoever is given it), HeirIsLeaving; SameIdOtherContent when this
    leaving was recorded otherwise; AccountNotEmpty when something new came at this moment: do it again.
    """
    if to == leaving.account:
        raise HeirIsLeaving(to)
    return _leave(ledger, leaving, to=to, kind=TransferKind.GIFT, at=at)


def leave_with_hold(ledger: Ledger, leaving: Leaving, *, keeper: UUID, at: datetime) -> Left:
    """Closes the account; what is in it is kept on `keeper`, the bank's account for leavers, until they come back.

    Raises as `leave_with_gift`.
    """
    _check_kind(ledger, keeper, AccountKind.LEAVER)
    return _leave(ledger, leaving, to=keeper, kind=TransferKind.LEAVING, at=at)


def come_back(
    ledger: Ledger, leaving: Leaving, *, happened_on: date, recorded_by: UUID, at: datetime
) -> TransferRecord | None:
    """Opens the account again, and brings back what was kept. A gift stays given, and a minus that was borne stays borne.

    Raises AccountNotFound, PeriodClosed; SameIdOtherContent when they came back on another day, or by another's record.
    """
    ledger.reopen_account(id=leaving.account)
    ledger.resume_account(id=leaving.account, at=at)
    left = _find(ledger, _settled_id(leaving))
    if left is None or left.kind is not TransferKind.LEAVING or left.receiver != leaving.account:
        return None
    back = Transfer(
        id=uuid5(leaving.id, "brought back"),
        giver=left.receiver,
        receiver=left.giver,
        minutes=left.minutes,
        happened_on=happened_on,
        kind=TransferKind.LEAVING,
        recorded_by=recorded_by,
        group=leaving.id,
    )
    ledger.post(transfer=back, at=at)
    return ledger.get(id=back.id)


def _leave(ledger: Ledger, leaving: Leaving, *, to: UUID, kind: TransferKind, at: datetime) -> Left:
    if done := _find_done(ledger, leaving, to=to, kind=kind):
        return done
    _check_kind(ledger, leaving.account, AccountKind.MEMBER)
    _check_kind(ledger, leaving.community, AccountKind.COMMUNITY)
    for other in {to, leaving.community}:
        if not ledger.get_account(id=other).is_open:
            raise AccountClosed(other)
    released = ledger.release_waiting(
        account=leaving.account, reason=leaving.reason, at=at, beside=(to, leaving.community)
    )
    # The account is locked from here on: whoever did the same at this moment has done it.
    if done := _find_done(ledger, leaving, to=to, kind=kind):
        return done
    minutes = ledger.balance(account=leaving.account).posted
    if minutes:
        ledger.post(transfer=_emptying(leaving, minutes, to=to, kind=kind), at=at)
    ledger.close_account(id=leaving.account)
    return Left(released=released, transfer=_find(ledger, _settled_id(leaving)))


def _check_kind(ledger: Ledger, account: UUID, kind: AccountKind) -> None:
    if ledger.get_account(id=account).kind is not kind:
        raise ValueError(f"this has to be an account of kind {kind}")


def _emptying(leaving: Leaving, minutes: int, *, to: UUID, kind: TransferKind) -> Transfer:
    """Hours go to the giver of a transfer: to whoever is given them, or to the leaver where the community bears a minus."""
    is_minus = minutes < 0
    return Transfer(
        id=_settled_id(leaving),
        giver=leaving.account if is_minus else to,
        receiver=leaving.community if is_minus else leaving.account,
        minutes=abs(minutes),
        happened_on=leaving.happened_on,
        kind=TransferKind.LEAVING if is_minus else kind,
        recorded_by=leaving.recorded_by,
        group=leaving.id,
    )


def _find_done(ledger: Ledger, leaving: Leaving, *, to: UUID, kind: TransferKind) -> Left | None:
    """The same leaving, done before. Raises SameIdOtherContent where it was another, or they came back since."""
    is_open = ledger.get_account(id=leaving.account).is_open
    left = _find(ledger, _settled_id(leaving))
    if left is not None:
        minutes = -left.minutes if left.giver == leaving.account else left.minutes
        again = _emptying(leaving, minutes, to=to, kind=kind)
        facts = ("giver", "receiver", "happened_on", "kind", "recorded_by")
        if is_open or any(getattr(left, fact) != getattr(again, fact) for fact in facts):
            raise SameIdOtherContent(leaving.id)
    return None if is_open else Left(released=(), transfer=left)


def _find(ledger: Ledger, transfer_id: UUID) -> TransferRecord | None:
    try:
        return ledger.get(id=transfer_id)
    except TransferNotFound:
        return None


def _settled_id(leaving: Leaving) -> UUID:
    return uuid5(leaving.id, "settled")
