"""Many who post at once, written down together: one thread takes what waits and commits it as one transaction.

A commit that waits for the disk costs the same for one transfer as for hundreds, and an account that everybody posts to
lets in one at a time. So where posting is the whole of an act (an import, a drive for the community account) it is handed
in here. Each waits for its own receipt or refusal, and is answered only after the commit.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeAlias
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from ledger import retrying
from ledger.errors import AccountNotFound, LedgerError, NoAnswer, VeryBusy
from ledger.rows import Rows
from ledger.store import Ledger
from ledger.transfers import Receipt, Transfer

AT_ONCE = 256  # transfers in one transaction
MOST_WAITING = 4096
PATIENCE = 30.0  # seconds
# Whoever waits in line together is recorded at one moment: the clocks of those who hand in differ by less than this.
ONE_MOMENT = timedelta(minutes=1)

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]
Answer: TypeAlias = Receipt | Exception


@dataclass(frozen=True, kw_only=True, eq=False)
class HandedIn:
    transfer: Transfer
    at: datetime
    answer: Future[Receipt] = field(default_factory=Future)

    def settle(self, answer: Answer) -> None:
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class GroupWriter:
    """Posts for many threads, in the order in which they came.

    `open_connection` gives a connection in a transaction that is committed when the block ends and rolled back when it
    fails, such as `Engine.begin`. Use it as `with GroupWriter(…) as writer:`; what was handed in is answered before the
    block ends. It may share its bank with other writers, in this process and in others.
    """

    def __init__(
        self,
        open_connection: OpenConnection,
        *,
        bank_id: UUID,
        at_once: int = AT_ONCE,
        most_waiting: int = MOST_WAITING,
        patience: float = PATIENCE,
    ) -> None:
        self._open_connection = open_connection
        self._bank_id = bank_id
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._patience = patience
        self._waiting: deque[HandedIn] = deque()
        self._changed = threading.Condition()
        self._is_open = False
        self._thread = threading.Thread(target=self._write, name="group writer", daemon=True)

    def __enter__(self) -> Self:
        self._is_open = True
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join(self._patience)
        with self._changed:
            left, self._waiting = list(self._waiting), deque()
        for one in _taken(left):
            one.settle(VeryBusy(one.transfer.id))

    def post(self, transfer: Transfer, *, at: datetime) -> Receipt:
        """As `Ledger.post`, which it may be mixed with: posted, or refused, once the answer is here.

        It is recorded at `at`, or up to a minute later: at the latest moment of those who waited together.

        Raises what `Ledger.post` does; VeryBusy (nothing was saved) when too many wait, or it waited too long; NoAnswer
        when the database failed: the same transfer may be handed in again, it never counts twice.
        """
        handed_in = HandedIn(transfer=transfer, at=at)
        self.hand_in(handed_in)
        return self._wait_for(handed_in)

    def hand_in(self, handed_in: HandedIn) -> None:
        """Into the line, without waiting for the answer. Raises VeryBusy."""
        if not isinstance(handed_in.at, datetime) or handed_in.at.tzinfo is None:
            raise TypeError("a moment is an aware datetime")
        with self._changed:
            if not self._is_open:
                raise RuntimeError("a group writer takes transfers inside its with block only")
            if len(self._waiting) >= self._most_waiting:
                raise VeryBusy(handed_in.transfer.id)
            self._waiting.append(handed_in)
            self._changed.notify()

    def _wait_for(self, handed_in: HandedIn) -> Receipt:
        """Whoever still stands in the line after a while goes home; whoever has been taken up waits as long again."""
        answer = handed_in.answer
        try:
            return answer.result(self._patience)
        except TimeoutError:
            if answer.cancel():
                raise VeryBusy(handed_in.transfer.id) from None
        try:
            return answer.result(self._patience)
        except TimeoutError:
            raise NoAnswer(handed_in.transfer.id) from None

    # The one thread that writes

    def _write(self) -> None:
        while some := self._take():
            for moment in _moments(_taken(some)):
                self._answer(moment)

    def _answer(self, taken: Sequence[HandedIn]) -> None:
        """One transaction, and its outcome to everybody in it: whatever happened, nobody is left waiting."""
        try:
            answers = self._post(taken)
        except BaseException as error:  # noqa: BLE001 - told to all who wait, in their own threads
            for one in taken:
                one.settle(_failure(one, error))
            return
        for one, answer in zip(taken, answers, strict=True):
            one.settle(answer)

    def _take(self) -> list[HandedIn]:
        """The first of the line, once there is one; none when the block has ended and all are answered."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._is_open)
            return [self._waiting.popleft() for _ in range(min(self._at_once, len(self._waiting)))]

    def _post(self, taken: Sequence[HandedIn]) -> Sequence[Answer]:
        """All at once; only where something is refused, a second time, to find out which."""
        try:
            return retrying.again(lambda: self._post_together(taken))
        except VeryBusy:
            raise
        except (LedgerError, IntegrityError, DataError):
            return retrying.again(lambda: self._post_apart(taken))

    def _post_together(self, taken: Sequence[HandedIn]) -> Sequence[Answer]:
        with self._open_connection() as connection:
            return _post_some(Ledger(connection, bank_id=self._bank_id), taken)

    def _post_apart(self, taken: Sequence[HandedIn]) -> Sequence[Answer]:
        """In one transaction still. All accounts are locked first: half by half they would be out of order."""
        accounts = {account for one in taken for account in (one.transfer.giver, one.transfer.receiver)}
        with self._open_connection() as connection:
            with suppress(AccountNotFound):
                Rows(connection, bank_id=self._bank_id).lock_accounts(accounts)
            return _in_halves(connection, Ledger(connection, bank_id=self._bank_id), taken)


def _in_halves(connection: Connection, ledger: Ledger, some: Sequence[HandedIn]) -> list[Answer]:
    """Each half that is refused is halved again, so few refusals among many transfers cost few statements."""
    try:
        with connection.begin_nested():
            return list(_post_some(ledger, some))
    except (LedgerError, IntegrityError, DataError) as refusal:
        if len(some) == 1:
            return [refusal]
    middle = len(some) // 2
    return _in_halves(connection, ledger, some[:middle]) + _in_halves(connection, ledger, some[middle:])


def _post_some(ledger: Ledger, some: Sequence[HandedIn]) -> tuple[Receipt, ...]:
    return ledger.post_many(transfers=[one.transfer for one in some], at=max(one.at for one in some))


def _moments(taken: Sequence[HandedIn]) -> list[list[HandedIn]]:
    """In order, those that may be recorded at one moment together."""
    groups: list[list[HandedIn]] = []
    earliest = latest = None
    for one in taken:
        if earliest is not None and latest is not None:
            earliest, latest = min(earliest, one.at), max(latest, one.at)
        if earliest is None or latest is None or latest - earliest > ONE_MOMENT:
            groups.append([])
            earliest = latest = one.at
        groups[-1].append(one)
    return groups


def _taken(some: Sequence[HandedIn]) -> list[HandedIn]:
    """Without those who have gone home; from here on nobody does."""
    return [one for one in some if one.answer.set_running_or_notify_cancel()]


def _failure(one: HandedIn, error: BaseException) -> LedgerError:
    failure = (VeryBusy if isinstance(error, VeryBusy) else NoAnswer)(one.transfer.id)
    failure.__cause__ = error
    return failure
