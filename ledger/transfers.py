"""A transfer of time from a giver to a receiver. It cannot be built wrong, and its two entries always sum to zero."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from struct import Struct
from typing import Any, NamedTuple
from uuid import UUID

from ledger.errors import (
    AlreadyConfirmed,
    AlreadyExpired,
    AlreadyReleased,
    GiverIsReceiver,
    HoursFrozen,
    LedgerError,
    NoTime,
    NotPosted,
    NotWaiting,
    NotWholeMinutes,
    OwnRecord,
    ReversalKeepsItsLength,
    TooLong,
)
from ledger.minutes import DAY_MINUTES

LONGEST_MINUTES = 10_000_000
FIRST_FORM, FINGERPRINT_FORM = b"\x01", b"\x02"


class TransferKind(StrEnum):
    EXCHANGE = "exchange"  # one person gave, another received
    GROUP = "group"  # a group session's share
    GIFT = "gift"  # hours given on, to a person or to the community
    GRANT = "grant"  # hours from the community account
    OPENING = "opening"  # what somebody brought with them
    IMPORT = "import"  # a transfer made in another system, kept as it stood there
    PARTNER = "partner"  # with a partner organisation
    LEAVING = "leaving"  # settling the account of somebody who leaves
    CORRECTION = "correction"  # what should have been recorded
    REVERSAL = "reversal"  # undoes one transfer, and names it
    BRIDGE = "bridge"  # one end of an exchange between two banks; it names the other end


class TransferState(StrEnum):
    PENDING = "pending"
    POSTED = "posted"
    RELEASED = "released"
    EXPIRED = "expired"


SETTLED: dict[TransferState, type[NotWaiting]] = {
    TransferState.POSTED: AlreadyConfirmed,
    TransferState.RELEASED: AlreadyReleased,
    TransferState.EXPIRED: AlreadyExpired,
}

# What happens between people on a day fits in the day; a balance brought along may be years of help.
ONE_DAY_KINDS = frozenset({TransferKind.EXCHANGE, TransferKind.GROUP})

_KIND_BYTES = {kind: bytes([len(kind.value)]) + kind.value.encode() for kind in TransferKind}
NOBODY = bytes(16)
POSTED_AT_ONCE = b"p"
_ACTS = {"post": POSTED_AT_ONCE, "hold": b"h"}
_MINUTES_AND_DAY = Struct(">qi").pack


class Side(NamedTuple):
    """The two ends of a transfer, with the sign each gives to its minutes."""

    giver: int = 1
    receiver: int = -1


SIDE = Side()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One end of a transfer: signed minutes, above zero for who gave and below for who received."""

    transfer_id: UUID
    account: UUID
    minutes: int


class Posted(NamedTuple):
    """What posting did to one account: its balance in minutes, and the number of the entry in that account."""

    balance: int
    seq: int


class Receipt(NamedTuple):
    """What posting did to both accounts."""

    giver: Posted
    receiver: Posted


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """Minutes. `posted` above zero: has given more than received. What waits is not in it (requirements.md L12)."""

    posted: int
    held_out: int
    held_in: int

    @property
    def available(self) -> int:
        """What would be left if every waiting hour this account received were confirmed."""
        return self.posted - self.held_out


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """Who gave how many whole minutes of help to whom, on which day, and who recorded it.

    Raises NotWholeMinutes, NoTime, TooLong, GiverIsReceiver; TypeError where a value is of the wrong type.
    `recorded_by` is a person's id and means nothing to the ledger; only a reversal may be without. `group` links the legs
    of one session (ledger.groups); `peer` is the other end of a bridge (ledger.bridges), which no other kind has.
    """

    id: UUID
    giver: UUID
    receiver: UUID
    minutes: int
    happened_on: date
    kind: TransferKind
    recorded_by: UUID | None
    group: UUID | None = None
    peer: UUID | None = None

    def __post_init__(self) -> None:
        if type(self.kind) is not TransferKind:
            object.__setattr__(self, "kind", TransferKind(self.kind))
        if not (isinstance(self.id, UUID) and isinstance(self.giver, UUID) and isinstance(self.receiver, UUID)):
            raise TypeError("id, giver and receiver are UUIDs")
        self._check_links()
        if type(self.happened_on) is not date:
            raise TypeError("happened_on is a day, not a moment")
        check_length(self.minutes, self.kind)
        if self.giver == self.receiver:
            raise GiverIsReceiver(self.giver)

    def _check_links(self) -> None:
        if not isinstance(self.recorded_by, UUID) and (
            self.recorded_by is not None or self.kind is not TransferKind.REVERSAL
        ):
            raise TypeError("recorded_by is a UUID")
        if self.group is not None and not isinstance(self.group, UUID):
            raise TypeError("group is a UUID")
        if isinstance(self.peer, UUID) is not (self.kind is TransferKind.BRIDGE):
            raise TypeError("a bridge, and nothing else, has a peer, which is a UUID")

    @property
    def entries(self) -> tuple[Entry, Entry]:
        """The giver's and the receiver's; they sum to zero, whatever the length."""
        return (
            Entry(transfer_id=self.id, account=self.giver, minutes=SIDE.giver * self.minutes),
            Entry(transfer_id=self.id, account=self.receiver, minutes=SIDE.receiver * self.minutes),
        )

    def fingerprint(
        self, *, bank_id: UUID, act: str, reverses_id: UUID | None = None, reversal_reason: str = ""
    ) -> bytes:
        """Equal for equal content, whatever the clock said: SHA-256 over a form byte, parts of a fixed length, and words at
        the end. What may be missing stands as zero bytes, which no id of a caller's is.
        """
        return take_fingerprint(
            _ACTS[act], bank_id.bytes, self.id.bytes, self.giver.bytes, self.receiver.bytes, self.minutes,
            self.happened_on, self.recorded_by.bytes if self.recorded_by else NOBODY,
            self.group.bytes if self.group else NOBODY, self.peer.bytes if self.peer else NOBODY,
            reverses_id.bytes if reverses_id else NOBODY, self.kind, reversal_reason.encode(),
        )  # fmt: skip

    def first_fingerprint(
        self, *, bank_id: UUID, act: str, reverses_id: UUID | None = None, reversal_reason: str = ""
    ) -> bytes:
        """The form in which what was recorded before migration 0004 is recognised when it comes again."""
        parts = (
            bank_id, act, self.id, self.giver, self.receiver, self.minutes, self.happened_on, self.kind,
            self.recorded_by, reverses_id, reversal_reason,
        )  # fmt: skip
        packed = [str(part).encode() for part in parts]
        body = b"".join(len(part).to_bytes(4, "big") + part for part in packed)
        return hashlib.sha256(FIRST_FORM + body).digest()


def take_fingerprint(  # noqa: PLR0917 - by keyword it takes half as long again
    act: bytes, bank: bytes, new_id: bytes, giver: bytes, receiver: bytes, minutes: int, day: date, recorder: bytes,
    group: bytes, peer: bytes, reverses: bytes, kind: TransferKind, reason: bytes,
) -> bytes:  # fmt: skip
    """Of facts that are bytes already: whoever posts a thousand transfers makes those of an account or a person once."""
    body = (
        FINGERPRINT_FORM, act, bank, new_id, giver, receiver, _MINUTES_AND_DAY(minutes, day.toordinal()), recorder,
        group, peer, reverses, _KIND_BYTES[kind], reason,
    )  # fmt: skip
    return hashlib.sha256(b"".join(body)).digest()


def fits_fingerprint(stored: Mapping[str, str | None]) -> bool:
    """Whether the facts of a stored transfer, each as text, are still those that its fingerprint was taken of."""
    try:
        transfer = Transfer(
            id=_uuid(stored["id"]),
            giver=_uuid(stored["giver_id"]),
            receiver=_uuid(stored["receiver_id"]),
            minutes=int(stored["minutes"] or 0),
            happened_on=date.fromisoformat(stored["happened_on"] or ""),
            kind=TransferKind(stored["kind"] or ""),
            recorded_by=_uuid(stored["recorded_by"]) if stored["recorded_by"] else None,
            group=_uuid(stored["group_id"]) if stored["group_id"] else None,
            peer=_uuid(stored["peer_id"]) if stored["peer_id"] else None,
        )
        undoes: dict[str, Any] = {}
        if stored["reverses_id"]:
            undoes = {"reverses_id": _uuid(stored["reverses_id"]), "reversal_reason": stored["reversal_reason"] or ""}
        bank_id = _uuid(stored["bank_id"])
    except (LedgerError, TypeError, ValueError):
        return False
    return stored["fingerprint"] in {
        take(bank_id=bank_id, act=act, **undoes).hex()
        for take in (transfer.fingerprint, transfer.first_fingerprint)
        for act in _ACTS
    }


def _uuid(text: str | None) -> UUID:
    return UUID(text or "")


def check_length(minutes: int, kind: TransferKind) -> None:
    """Raises NotWholeMinutes, NoTime or TooLong. A day at most between people; LONGEST_MINUTES for everything else."""
    if type(minutes) is not int:
        raise NotWholeMinutes(minutes)
    if minutes <= 0:
        raise NoTime(minutes)
    if minutes > (DAY_MINUTES if kind in ONE_DAY_KINDS else LONGEST_MINUTES):
        raise TooLong(minutes)


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferRecord:
    """A transfer as the ledger holds it: the facts as they were first recorded, and what became of them.

    `minutes` is the length that was held, `posted_minutes` the length that was posted (None while nothing is).
    `reversed_by` names the live reversal, waiting or posted; `reversal_state` says which.
    """

    id: UUID
    kind: TransferKind
    giver: UUID
    receiver: UUID
    minutes: int
    posted_minutes: int | None
    happened_on: date
    recorded_by: UUID | None
    recorded_at: datetime
    state: TransferState
    frozen_at: datetime | None
    stopped_at: datetime | None
    expires_at: datetime | None
    confirmed_by: UUID | None
    settled_at: datetime | None
    release_reason: str | None
    reverses: UUID | None
    reversal_reason: str | None
    group: UUID | None
    peer: UUID | None
    reversed_by: UUID | None
    reversal_state: TransferState | None

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @property
    def is_reversed(self) -> bool:
        return self.reversal_state is TransferState.POSTED

    def is_due(self, at: datetime) -> bool:
        """Waited until its expiry. The clock stands still while it is frozen or either side is paused."""
        return self.stopped_at is None and self.expires_at is not None and self.expires_at <= at

    def mirror(self, *, id: UUID, by: UUID | None) -> Transfer:  # noqa: A002 - settled in decisions.md section 4
        """What undoes it: the same length the other way round. Raises NotPosted."""
        if self.posted_minutes is None:
            raise NotPosted(self.id)
        return Transfer(
            id=id,
            giver=self.receiver,
            receiver=self.giver,
            minutes=self.posted_minutes,
            happened_on=self.happened_on,
            kind=TransferKind.REVERSAL,
            recorded_by=by,
        )

    def check_pending(self) -> None:
        """Raises AlreadyConfirmed, AlreadyReleased or AlreadyExpired."""
        if self.state is not TransferState.PENDING:
            raise SETTLED[self.state](self.id)

    def check_waiting(self, *, at: datetime) -> None:
        """As `check_pending`; and AlreadyExpired from the moment of expiry on, swept up or not."""
        self.check_pending()
        if self.is_due(at):
            raise AlreadyExpired(self.id)

    def check_confirmable(self, *, by: UUID, at: datetime, minutes: int) -> None:
        """Raises what `check_waiting` and `check_length` do; HoursFrozen; OwnRecord; ReversalKeepsItsLength.

        Whoever logged an exchange, the other side confirms it (decisions.md section 3), or a coordinator settles it.
        """
        self.check_waiting(at=at)
        if self.is_frozen:
            raise HoursFrozen(self.id)
        if self.kind is TransferKind.EXCHANGE and by == self.recorded_by:
            raise OwnRecord(self.id)
        check_length(minutes, self.kind)
        if self.kind is TransferKind.REVERSAL and minutes != self.minutes:
            raise ReversalKeepsItsLength(self.id)
