"""The ledger over a database connection. It joins the caller's transaction and never commits.

It stays one file: the acts share the few steps at the end, and whoever checks one of them wants to see the others.
Locks are taken in one order: transfers, then accounts by id. Refusals come before anything is written, so a caller who
catches one may go on with the same transaction (save ChangedMeanwhile, after which the database refuses to commit).
"""
# ruff: noqa: A002 - the name `id` is settled in decisions.md section 4.

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Literal, overload
from uuid import UUID

from sqlalchemy import Connection

from ledger import checks
from ledger.accounts import Account, AccountKind, check_floor, new_account
from ledger.chain import Block, Head
from ledger.errors import (
    AccountNotFound,
    AlreadyReversed,
    PeriodClosed,
    PeriodNotOver,
    ReasonMissing,
    ReversalNeedsOriginal,
    SameIdOtherContent,
    TransferNotFound,
)
from ledger.looking import Moved, nobody_looks
from ledger.periods import Period, RecordedWaiver, Waiver
from ledger.rows import AT_ONCE, Rows
from ledger.sealing import Proof, Sealer
from ledger.statements import Line, Statement
from ledger.transfers import (
    SIDE,
    Balance,
    Receipt,
    Transfer,
    TransferKind,
    TransferRecord,
    TransferState,
)

STILL_NO_MORE = {"frozen_at": None, "stopped_at": None}  # what is settled has no clock


class Ledger:
    """One bank's time ledger. All amounts are whole minutes, all ids are chosen by the caller, every `at` is aware.

    The same id with the same content is done once and answered again; with other content it raises SameIdOtherContent.
    The clock is not content: a retry may come later. A TransferRecord is answered as it stands at the time.
    """

    def __init__(self, connection: Connection, *, bank_id: UUID) -> None:
        if not isinstance(bank_id, UUID):
            raise TypeError("bank_id is a UUID")
        self._connection = connection
        self._bank_id = bank_id
        self._rows = Rows(connection, bank_id=bank_id)

    # Accounts

    def open_account(self, *, id: UUID, kind: AccountKind, hard_floor: int | None = None) -> Account:
        """An open, empty account. `hard_floor`: minutes, zero or below, for partners only.

        Raises FloorOnlyForPartners; SameIdOtherContent when the id stands for another kind or floor, or elsewhere.
        """
        kind = AccountKind(kind)
        check_floor(kind, hard_floor)
        self._rows.insert_account(new_account(id=id, kind=kind, hard_floor=hard_floor))
        stands = self._rows.find_account(id)
        if stands is None or (stands.kind, stands.hard_floor) != (kind, hard_floor):
            raise SameIdOtherContent(id)
        return stands

    def get_account(self, *, id: UUID) -> Account:
        """Raises AccountNotFound."""
        account = self._rows.find_account(id)
        if account is None:
            raise AccountNotFound(id)
        return account

    def close_account(self, *, id: UUID) -> Account:
        """Nothing is posted to it from now on. Raises AccountNotFound, AccountNotEmpty."""
        before = self._rows.lock_accounts([id])
        after = {id: before[id].closed()}
        self._rows.write_accounts(before, after)
        return after[id]

    def reopen_account(self, *, id: UUID) -> Account:
        """Raises AccountNotFound."""
        before = self._rows.lock_accounts([id])
        after = {id: before[id].opened()}
        self._rows.write_accounts(before, after)
        return after[id]

    def pause_account(self, *, id: UUID, at: datetime) -> Account:
        """Somebody takes a break: the clock of what waits for them stands still (requirements.md L12). Twice is no error.

        Raises AccountNotFound.
        """
        _check_moment(at)
        before = self._rows.lock_accounts([id])
        after = {id: before[id].paused(at)}
        if not before[id].is_paused:
            running = [record.id for record in self._rows.lock_clocks(id) if record.stopped_at is None]
            self._rows.settle(running, {"stopped_at": at}, frozen=None)
        self._rows.write_accounts(before, after)
        return after[id]

    def resume_account(self, *, id: UUID, at: datetime) -> Account:
        """They are back: what waits has as much time left as before. Twice is no error. Raises AccountNotFound."""
        _check_moment(at)
        before = self._rows.lock_accounts([id])
        after = {id: before[id].resumed()}
        if before[id].is_paused:
            stopped = [one for one in self._rows.lock_clocks(id) if one.stopped_at and not one.is_frozen]
            away = self._rows.list_paused(_both_sides(stopped)) - {id}
            for record in stopped:
                if away.isdisjoint((record.giver, record.receiver)):
                    self._rows.settle([record.id], _goes_on(record, at))
        self._rows.write_accounts(before, after)
        return after[id]

    def list_waivers(self, *, account: UUID) -> tuple[RecordedWaiver, ...]:
        """How often this partner was let past its limit, by whom and why, oldest first. Raises AccountNotFound."""
        self.get_account(id=account)
        return tuple(
            RecordedWaiver(transfer=row.transfer_id, by=row.waived_by, reason=row.reason, at=row.waived_at)
            for row in self._rows.list_waivers(account)
        )

    # Posting

    def post(self, *, transfer: Transfer, at: datetime, waiver: Waiver | None = None) -> Receipt:
        """Posts at once; answers with balance and seq of both sides. `waiver` lets a partner past its limit.

        Raises AccountNotFound, AccountClosed, BelowHardFloor, SameIdOtherContent, ReversalNeedsOriginal, PeriodClosed.
        """
        if waiver is None:
            return self.post_many(transfers=[transfer], at=at)[0]
        _check_moment(at)
        _check_not_reversal(transfer)
        return self._post([transfer], [self._new_row(transfer, act="post", at=at)], at=at, waiver=waiver)[0]

    def post_many(self, *, transfers: Iterable[Transfer], at: datetime) -> tuple[Receipt, ...]:
        """Posts all, in the order given, or raises what `post` does and changes nothing. One receipt for each."""
        _check_moment(at)
        transfers = tuple(transfers)
        is_ordinary = bool(transfers)
        for transfer in transfers:
            _check_not_reversal(transfer)
            is_ordinary = is_ordinary and transfer.kind is not TransferKind.BRIDGE
        if is_ordinary and (receipts := self._rows.post_quickly(transfers, at=at)) is not None:
            return receipts
        return self._post(transfers, [self._new_row(transfer, act="post", at=at) for transfer in transfers], at=at)

    def hold(
        self,
        *,
        transfer: Transfer,
        at: datetime,
        expires_at: datetime | None = None,
        waiver: Waiver | None = None,
    ) -> TransferRecord:
        """A waiting hour: changes no balance, only what is held (requirements.md L12). `waiver` as in `post`.

        Its clock stands still from the beginning where one of the two is taking a break.

        Raises AccountNotFound, AccountClosed, BelowHardFloor, SameIdOtherContent, ReversalNeedsOriginal.
        """
        _check_moment(at)
        _check_not_reversal(transfer)
        row = self._new_row(transfer, act="hold", at=at) | {"expires_at": expires_at}
        return self._hold(transfer, row, at=at, waiver=waiver)

    def confirm(
        self, *, id: UUID, by: UUID, at: datetime, minutes: int | None = None, waiver: Waiver | None = None
    ) -> Receipt:
        """Posts a waiting transfer, with the length that was held or another. Confirming again alike answers the same.

        Raises TransferNotFound; SameIdOtherContent when it was confirmed by someone else or with another length;
        AlreadyConfirmed (posted without waiting), AlreadyReleased, AlreadyExpired; HoursFrozen; OwnRecord;
        LengthRefused; ReversalKeepsItsLength; BelowHardFloor; PeriodClosed.
        """
        _check_moment(at)
        record = self._lock_transfer(id)
        length = record.minutes if minutes is None else minutes
        if record.confirmed_by is not None:
            if (record.confirmed_by, record.posted_minutes) != (by, length):
                raise SameIdOtherContent(id)
            return self._rows.list_receipts([id])[id]
        record.check_confirmable(by=by, at=at, minutes=length)
        self._check_period(at)
        before = self._rows.lock_accounts([record.giver, record.receiver])
        after = dict(before)
        receipt = _move(after, record, posted=length, held=-record.minutes, may_pass_floor=waiver is not None)
        self._rows.settle([id], _posted(length, receipt, at) | STILL_NO_MORE | {"confirmed_by": by})
        self._rows.write_accounts(before, after)
        self._record_waiver(waiver, [record], before, after, at)
        return receipt

    # What else may become of a waiting transfer

    def release(self, *, id: UUID, reason: str, at: datetime) -> TransferRecord:
        """Takes a waiting transfer back, frozen or not: nothing is posted. Again with the same reason is no error.

        Raises TransferNotFound, ReasonMissing, SameIdOtherContent (another reason), AlreadyConfirmed, AlreadyExpired.
        """
        _check_moment(at)
        reason = _words(reason)
        record = self._lock_transfer(id)
        if record.state is TransferState.RELEASED:
            if record.release_reason != reason:
                raise SameIdOtherContent(id)
            return record
        record.check_pending()
        self._let_go([record], _released(reason, at))
        return self.get(id=id)

    def release_waiting(
        self, *, account: UUID, reason: str, at: datetime, beside: Iterable[UUID] = ()
    ) -> tuple[UUID, ...]:
        """Takes back whatever waits for this account, on either side and frozen or not. Answers the ids.

        `beside`: accounts the caller writes to next in the same transaction, locked together with this one.
        Raises AccountNotFound, ReasonMissing.
        """
        _check_moment(at)
        away = _released(_words(reason), at)
        records = self._rows.lock_waiting(account)
        self._let_go(records, away, beside={account, *beside})
        return tuple(record.id for record in records)

    def expire_due(self, *, at: datetime, limit: int = AT_ONCE) -> tuple[UUID, ...]:
        """Lets waiting transfers lapse whose time has come, `limit` at most; frozen ones stay. Answers their ids."""
        _check_moment(at)
        records = self._rows.lock_due(at=at, limit=limit)
        self._let_go(records, {"state": "expired", "settled_at": at})
        return tuple(record.id for record in records)

    def freeze(self, *, id: UUID, at: datetime) -> TransferRecord:
        """A query on a waiting hour: no confirming, its clock stands still (requirements.md L19). Twice is no error.

        Raises TransferNotFound, AlreadyConfirmed, AlreadyReleased, AlreadyExpired.
        """
        _check_moment(at)
        record = self._lock_transfer(id)
        record.check_waiting(at=at)
        if not record.is_frozen:
            self._rows.settle([id], {"frozen_at": at, "stopped_at": record.stopped_at or at})
        return self.get(id=id)

    def unfreeze(self, *, id: UUID, at: datetime) -> TransferRecord:
        """Lets it wait on, with as much time left as before; the clock of somebody on a break stands still on.

        Twice is no error.

        Raises TransferNotFound, AlreadyConfirmed, AlreadyReleased, AlreadyExpired.
        """
        _check_moment(at)
        record = self._lock_transfer(id)
        record.check_pending()
        if record.is_frozen:
            accounts = self._rows.lock_accounts([record.giver, record.receiver])
            is_away = any(account.is_paused for account in accounts.values())
            self._rows.settle([id], {"frozen_at": None} | ({} if is_away else _goes_on(record, at)), frozen=True)
        return self.get(id=id)

    # Undoing

    @overload
    def reverse(
        self,
        *,
        id: UUID,
        reversal_id: UUID,
        reason: str,
        at: datetime,
        held: Literal[False] = False,
        by: UUID | None = None,
    ) -> Receipt: ...

    @overload
    def reverse(
        self, *, id: UUID, reversal_id: UUID, reason: str, at: datetime, held: Literal[True], by: UUID | None = None
    ) -> TransferRecord: ...

    def reverse(
        self, *, id: UUID, reversal_id: UUID, reason: str, at: datetime, held: bool = False, by: UUID | None = None
    ) -> Receipt | TransferRecord:
        """Undoes a posted transfer by its mirror; the original stays readable (requirements.md L13). No floor stops it.

        `held`: a query on posted hours. The mirror waits until it is confirmed (undone) or released (as it was).
        The receipt's giver is the mirror's: who received before. `by` is who asked for it. A reversal can be reversed.
        Raises TransferNotFound, ReasonMissing, NotPosted, AlreadyReversed, SameIdOtherContent, AccountClosed.
        """
        _check_moment(at)
        act = "hold" if held else "post"
        [(mirror, row)] = self._mirrors({id: reversal_id}, reason=reason, act=act, at=at, by=by)
        return self._hold(mirror, row, at=at) if held else self._post([mirror], [row], at=at)[0]

    def reverse_many(
        self, *, reversals: Mapping[UUID, UUID], reason: str, at: datetime, by: UUID | None = None
    ) -> tuple[Receipt, ...]:
        """As `reverse`, all of them or none; `reversals` gives each transfer the id of its mirror. One receipt for each.

        Raises what `reverse` does.
        """
        _check_moment(at)
        mirrors = self._mirrors(reversals, reason=reason, act="post", at=at, by=by)
        return self._post([mirror for mirror, _ in mirrors], [row for _, row in mirrors], at=at)

    # Periods

    def close_period(self, *, until: datetime, by: UUID, at: datetime) -> Period:
        """Fixes the figures up to `until`, for ever. Closing the same again answers the same.

        Raises PeriodNotOver while `until` is still to come, PeriodClosed when a later one is closed already.
        """
        _check_moment(at)
        _check_moment(until)
        if until > at:
            raise PeriodNotOver(until)
        self._rows.lock_postings()
        stands = self._rows.find_period(until)
        if stands is None:
            closed_until = self._rows.find_closed_until()
            if closed_until is not None and closed_until > until:
                raise PeriodClosed(until)
            transfers, minutes = self._rows.sum_posted(since=closed_until, until=until)
            new = Period(until=until, closed_by=by, closed_at=at, transfers=transfers, minutes=minutes)
            self._rows.insert_period(new)
            return new
        return stands

    # The sealed history

    def seal(self, *, at: datetime, most: int | None = None) -> tuple[Block, ...]:
        """Covers what is settled and not covered yet by blocks of a chain, `most` of them at most. Answers the new ones."""
        _check_moment(at)
        return Sealer(self._connection, bank_id=self._bank_id).seal(at=at, most=most)

    def head(self) -> Head | None:
        """The check code of the newest block. Written down outside, it makes every later change of the past be found."""
        return Sealer(self._connection, bank_id=self._bank_id).head()

    def prove(self, *, id: UUID, account: UUID) -> Proof:
        """That a transfer is in the sealed history, for one of its two sides. Raises TransferNotFound, NotSealedYet."""
        return Sealer(self._connection, bank_id=self._bank_id).prove(transfer_id=id, account=account)

    # Reading

    def get(self, *, id: UUID) -> TransferRecord:
        """A transfer as it stands. Raises TransferNotFound."""
        record = self._rows.find_transfer(id)
        if record is None:
            raise TransferNotFound(id)
        return record

    def balance(self, *, account: UUID) -> Balance:
        """Minutes posted and held. For its owner only (requirements.md L16). Raises AccountNotFound."""
        return self.get_account(id=account).balance

    def entries(
        self, *, account: UUID, after: int | None = None, limit: int = 50, newest_first: bool = False
    ) -> tuple[Line, ...]:
        """A page of entries in posting order, or against it. `after` is the `seq` of the last line of the page before.

        Raises AccountNotFound.
        """
        count = self.get_account(id=account).seq
        if newest_first:
            end = count + 1 if after is None else min(after, count + 1)
            return self._rows.list_lines(account, first=end - limit, end=end)[::-1]
        first = 1 if after is None else after + 1
        return self._rows.list_lines(account, first=first, end=first + limit)

    def statement(self, *, account: UUID, since: datetime | None, until: datetime | None) -> Statement:
        """The entries of a period in posting order; None leaves that end open. Raises AccountNotFound.

        It runs from the first entry posted at or after `since` up to the first one posted at or after `until`: periods
        that meet share no entry and miss none, whatever the clocks of several servers said.
        """
        count = self.get_account(id=account).seq
        first = self._first_seq(account, since, otherwise=count + 1) if since else 1
        end = self._first_seq(account, until, otherwise=count + 1) if until else count + 1
        return Statement(
            account=account,
            since=since,
            until=until,
            opening=self._rows.find_balance_after(account, seq=first - 1) or 0,
            lines=self._rows.list_lines(account, first=first, end=end),
        )

    def verify(
        self, *, heads: Iterable[Head] = (), moved: Moved = nobody_looks, beside: Connection | None = None
    ) -> checks.Report:
        """Looks over every rule of this bank and reports; repairs nothing.

        `heads`: check codes written down outside. `beside`: a second connection on the same moment makes it quicker.
        """
        return checks.verify(self._connection, bank_id=self._bank_id, heads=heads, moved=moved, beside=beside)

    # What several acts share

    def _mirrors(
        self, reversals: Mapping[UUID, UUID], *, reason: str, act: str, at: datetime, by: UUID | None
    ) -> list[tuple[Transfer, dict[str, Any]]]:
        """What undoes these, in the order given, with the rows to write. The originals are locked."""
        words = _words(reason)
        originals = {record.id: record for record in self._rows.lock_transfers(reversals)}
        mirrors = []
        for original_id, reversal_id in reversals.items():
            original = originals.get(original_id)
            if original is None:
                raise TransferNotFound(original_id)
            mirror = original.mirror(id=reversal_id, by=by)
            facts = {"reverses_id": original_id, "reversal_reason": words}
            mirrors.append((mirror, self._new_row(mirror, act=act, at=at, **facts)))
        self._check_period(at)
        again = [one for one in mirrors if originals[one[1]["reverses_id"]].reversed_by not in {None, one[0].id}]
        known = self._recognise([mirror for mirror, _ in again], [row for _, row in again], act=act)
        for mirror, row in again:
            if mirror.id not in known:
                raise AlreadyReversed(row["reverses_id"])
        return mirrors

    def _post(
        self,
        transfers: Sequence[Transfer],
        rows: Sequence[dict[str, Any]],
        *,
        at: datetime,
        waiver: Waiver | None = None,
    ) -> tuple[Receipt, ...]:
        before = self._rows.lock_accounts(_both_sides(transfers))
        known = self._recognise(transfers, rows, act="post")
        after = dict(before)
        receipts = self._rows.list_receipts(known)
        new: list[tuple[Transfer, dict[str, Any]]] = []
        for transfer, row in zip(transfers, rows, strict=True):
            if transfer.id not in receipts:
                receipt = _move(after, transfer, posted=transfer.minutes, may_pass_floor=waiver is not None)
                receipts[transfer.id] = receipt
                new.append((transfer, row | _posted(transfer.minutes, receipt, at)))
        if new:
            self._check_period(at)
        self._rows.insert_transfers([row for _, row in new])
        self._rows.write_accounts(before, after)
        self._record_waiver(waiver, [transfer for transfer, _ in new], before, after, at)
        return tuple(receipts[transfer.id] for transfer in transfers)

    def _hold(
        self, transfer: Transfer, row: dict[str, Any], *, at: datetime, waiver: Waiver | None = None
    ) -> TransferRecord:
        before = self._rows.lock_accounts([transfer.giver, transfer.receiver])
        if not self._recognise([transfer], [row], act="hold"):
            after = dict(before)
            _move(after, transfer, held=transfer.minutes, may_pass_floor=waiver is not None)
            is_away = any(account.is_paused for account in before.values())
            self._rows.insert_transfers([row | {"stopped_at": at if is_away else None}])
            self._rows.write_accounts(before, after)
            self._record_waiver(waiver, [transfer], before, after, at)
        return self.get(id=transfer.id)

    def _record_waiver(
        self,
        waiver: Waiver | None,
        transfers: Sequence[Transfer | TransferRecord],
        before: Mapping[UUID, Account],
        after: Mapping[UUID, Account],
        at: datetime,
    ) -> None:
        """For each account that went further below its limit; a waiver that was not needed leaves no trace."""
        if waiver is None:
            return
        passed = [one for one in before if after[one].floor_waived and after[one].available < before[one].available]
        reason = _words(waiver.reason)
        self._rows.insert_waivers(
            [
                {
                    "transfer_id": transfer.id,
                    "account_id": one,
                    "waived_by": waiver.by,
                    "reason": reason,
                    "waived_at": at,
                }
                for transfer in transfers
                for one in passed
            ]
        )

    def _check_period(self, at: datetime) -> None:
        closed_until = self._rows.find_closed_until()
        if closed_until is not None and closed_until > at:
            raise PeriodClosed(closed_until)

    def _let_go(
        self, records: Sequence[TransferRecord], values: dict[str, Any], *, beside: Iterable[UUID] = ()
    ) -> None:
        before = self._rows.lock_accounts(_both_sides(records).union(beside))
        after = dict(before)
        for record in records:
            _move(after, record, held=-record.minutes)
        self._rows.settle([record.id for record in records], values | STILL_NO_MORE, frozen=None)
        self._rows.write_accounts(before, after)

    def _recognise(self, transfers: Sequence[Transfer], rows: Sequence[dict[str, Any]], *, act: str) -> set[UUID]:
        """Which of these are recorded already. Raises SameIdOtherContent when one is so in another way."""
        comes: dict[UUID, tuple[Transfer, dict[str, Any]]] = {}
        for transfer, row in zip(transfers, rows, strict=True):
            if comes.setdefault(transfer.id, (transfer, row))[1]["fingerprint"] != row["fingerprint"]:
                raise SameIdOtherContent(transfer.id)
        known = self._rows.find_fingerprints(list(comes))
        for transfer_id, fingerprint in known.items():
            transfer, row = comes[transfer_id]
            if fingerprint not in {row["fingerprint"], self._first_fingerprint(transfer, row, act=act)}:
                raise SameIdOtherContent(transfer_id)
        return set(known)

    def _first_fingerprint(self, transfer: Transfer, row: dict[str, Any], *, act: str) -> bytes:
        undoes = {name: row[name] for name in ("reverses_id", "reversal_reason") if name in row}
        return transfer.first_fingerprint(bank_id=self._bank_id, act=act, **undoes)

    def _lock_transfer(self, transfer_id: UUID) -> TransferRecord:
        for record in self._rows.lock_transfers([transfer_id]):
            return record
        raise TransferNotFound(transfer_id)

    def _first_seq(self, account: UUID, since: datetime, *, otherwise: int) -> int:
        _check_moment(since)
        found = self._rows.find_first_seq(account, since=since)
        return otherwise if found is None else found

    def _new_row(self, transfer: Transfer, *, act: str, at: datetime, **facts: Any) -> dict[str, Any]:
        return {
            "id": transfer.id,
            "bank_id": self._bank_id,
            "kind": transfer.kind.value,
            "giver_id": transfer.giver,
            "receiver_id": transfer.receiver,
            "minutes": transfer.minutes,
            "happened_on": transfer.happened_on,
            "recorded_by": transfer.recorded_by,
            "recorded_at": at,
            "fingerprint": transfer.fingerprint(bank_id=self._bank_id, act=act, **facts),
            "group_id": transfer.group,
            "peer_id": transfer.peer,
            "state": "pending",
            **facts,
        }


def _both_sides(transfers: Iterable[Transfer | TransferRecord]) -> set[UUID]:
    return set(chain.from_iterable((one.giver, one.receiver) for one in transfers))


def _goes_on(record: TransferRecord, at: datetime) -> dict[str, Any]:
    """The clock of a waiting transfer runs again, with the time added that it stood still."""
    stood_still = max(at - record.stopped_at, timedelta()) if record.stopped_at else timedelta()
    return {"stopped_at": None, "expires_at": record.expires_at and record.expires_at + stood_still}


def _move(
    accounts: dict[UUID, Account],
    transfer: Transfer | TransferRecord,
    *,
    posted: int = 0,
    held: int = 0,
    may_pass_floor: bool = False,
) -> Receipt:
    """Changes both accounts in hand; `held` above zero begins to wait, below zero ends it."""
    undoes = may_pass_floor or transfer.kind is TransferKind.REVERSAL
    giver, receiver = transfer.giver, transfer.receiver
    gives = accounts[giver].changed(posted=SIDE.giver * posted, held_in=held, may_pass_floor=undoes)
    receives = accounts[receiver].changed(posted=SIDE.receiver * posted, held_out=held, may_pass_floor=undoes)
    accounts.update({giver: gives, receiver: receives})
    return Receipt(giver=gives.last, receiver=receives.last)


def _posted(minutes: int, receipt: Receipt, at: datetime) -> dict[str, Any]:
    """What the database writes the two entries from."""
    gives, receives = receipt
    places = {
        "giver_seq": gives.seq,
        "giver_balance": gives.balance,
        "receiver_seq": receives.seq,
        "receiver_balance": receives.balance,
    }
    return {"state": "posted", "posted_minutes": minutes, "settled_at": at, **places}


def _released(reason: str, at: datetime) -> dict[str, Any]:
    return {"state": "released", "release_reason": reason, "settled_at": at}


def _check_moment(at: datetime) -> None:
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TypeError("a moment is an aware datetime")


def _check_not_reversal(transfer: Transfer) -> None:
    if transfer.kind is TransferKind.REVERSAL:
        raise ReversalNeedsOriginal(transfer.id)


def _words(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise ReasonMissing
    return words
