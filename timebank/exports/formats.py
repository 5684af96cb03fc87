"""The four forms in which hours go out. Each writes lines, and answers with the balance it made of every account.

Amounts are whole minutes. Who gave stands with plus, who received with minus, so that all accounts sum to zero.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from ledger.minutes import show_clock
from matching.formulas import guarded
from timebank.exports.reads import OutAccount, OutEntry, OutTransfer

CSV_HEADER = (
    "transfer_id", "kind", "happened_on", "recorded_at", "posted_at", "giver", "receiver", "account", "role", "minutes",
    "length", "balance_after", "seq", "reverses",
)  # fmt: skip
NAME_HEADER = ("giver_name", "receiver_name")


@dataclass
class Tally:
    """What was written, to be compared with what the bank holds before the file takes its place."""

    moved: Callable[[int], None] = lambda _done: None
    transfers: int = 0
    balances: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, account: OutAccount, minutes: int) -> None:
        self.balances[account.id] += minutes

    def count(self) -> None:
        self.transfers += 1
        self.moved(self.transfers)


def hledger(
    bank_name: str,
    accounts: Iterable[OutAccount],
    transfers: Iterable[OutTransfer],
    tally: Tally,
    *,
    check_code: str = "",
) -> Iterator[str]:
    """A journal. Waiting hours are left out: they change no balance."""
    yield f"; {one_line(bank_name)}: given +, received -\n"
    if check_code:
        yield f"; check code {check_code}\n"
    # The mark after the number is the decimal mark, which hledger wants to see once.
    yield "commodity 1000. min\n\n"
    for account in accounts:
        yield f"account {account.label}{_comment(account)}\n"
    for transfer in transfers:
        reverses = f", reverses:{transfer.reverses}" if transfer.reverses else ""
        yield f"\n{transfer.happened_on} {transfer.kind}  ; id:{transfer.id}{reverses}, posted:{_day(transfer)}\n"
        yield f"    {transfer.giver.label}    {transfer.minutes} min\n"
        yield f"    {transfer.receiver.label}    -{transfer.minutes} min\n"
        _count_both(transfer, tally)


def _comment(account: OutAccount) -> str:
    return f"  ; {one_line(account.name)}" if account.name else ""


BEANCOUNT_ROOTS = {
    "member": "Assets",
    "partner": "Assets",
    "leavers": "Equity",
    "community": "Equity",
    "opening": "Equity",
    "bridge": "Equity",
}


def beancount(
    bank_name: str,
    accounts: Iterable[OutAccount],
    transfers: Iterable[OutTransfer],
    tally: Tally,
    *,
    check_code: str = "",
) -> Iterator[str]:
    """A ledger for beancount, with every account opened on the day of its first hours."""
    yield f'option "title" {quoted(bank_name)}\n'
    yield 'option "operating_currency" "MIN"\n\n'
    if check_code:
        yield f"; check code {check_code}\n\n"
    first = date(1970, 1, 1)
    for account in accounts:
        yield f"{account.first_on or first} open {beancount_account(account)} MIN\n"
        if account.name:
            yield f"  name: {quoted(account.name)}\n"
    for transfer in transfers:
        yield f'\n{transfer.happened_on} * "{transfer.kind}"\n  id: "{transfer.id}"\n  posted: {_day(transfer)}\n'
        if transfer.reverses:
            yield f'  reverses: "{transfer.reverses}"\n'
        yield f"  {beancount_account(transfer.giver)}  {transfer.minutes} MIN\n"
        yield f"  {beancount_account(transfer.receiver)}  -{transfer.minutes} MIN\n"
        _count_both(transfer, tally)


def beancount_account(account: OutAccount) -> str:
    """Parts begin with a capital letter or a digit, under one of beancount's five roots."""
    parts = (part[:1].upper() + part[1:] for part in account.path)
    return ":".join([BEANCOUNT_ROOTS[account.path[0]], *parts])


def csv_rows(entries: Iterable[OutEntry], tally: Tally, *, with_names: bool = False) -> Iterator[str]:
    """One row per entry: the sum of `minutes` over an account's rows is its balance. `length` is the same as H:MM."""
    yield csv_line([*CSV_HEADER, *(NAME_HEADER if with_names else ())])
    for entry in entries:
        transfer = entry.transfer
        cells = [
            str(transfer.id), transfer.kind, transfer.happened_on.isoformat(), transfer.recorded_at.isoformat(),
            transfer.settled_at.isoformat() if transfer.settled_at else "", transfer.giver.label, transfer.receiver.label,
            entry.account.label, entry.role, entry.minutes, show_clock(transfer.minutes), entry.balance_after, entry.seq,
            str(transfer.reverses or ""),
        ]  # fmt: skip
        if with_names:
            cells += [transfer.giver.name, transfer.receiver.name]
        yield csv_line(cells)
        tally.add(entry.account, entry.minutes)
        if entry.role == "giver":
            tally.count()


def json_text(
    bank_name: str,
    accounts: Iterable[OutAccount],
    transfers: Iterable[OutTransfer],
    tally: Tally,
    *,
    check_code: str = "",
) -> Iterator[str]:
    """Everything, also hours that wait, lapsed or were taken back; only what is posted counts in balances."""
    yield f'{{"bank": {json.dumps(bank_name)}, "unit": "minutes", "check_code": {json.dumps(check_code or None)},\n"accounts": [\n'
    yield ",\n".join(json.dumps(_json_account(account)) for account in accounts)
    yield '\n],\n"transfers": [\n'
    separator = ""
    for transfer in transfers:
        yield separator + json.dumps(_json_transfer(transfer))
        separator = ",\n"
        if transfer.state == "posted":
            tally.add(transfer.giver, transfer.minutes)
            tally.add(transfer.receiver, -transfer.minutes)
        tally.count()
    yield "\n]}\n"


def _json_account(account: OutAccount) -> dict[str, object]:
    told: dict[str, object] = {
        "id": str(account.id),
        "account": account.label,
        "kind": account.kind,
        "balance": account.posted,
        "held_out": account.held_out,
        "held_in": account.held_in,
    }
    return told | ({"name": account.name} if account.name else {})


def _json_transfer(transfer: OutTransfer) -> dict[str, object]:
    return {
        "id": str(transfer.id),
        "kind": transfer.kind,
        "state": transfer.state,
        "giver": transfer.giver.label,
        "receiver": transfer.receiver.label,
        "minutes": transfer.minutes,
        "length": show_clock(transfer.minutes),
        "happened_on": transfer.happened_on.isoformat(),
        "recorded_at": transfer.recorded_at.isoformat(),
        "posted_at": transfer.settled_at.isoformat() if transfer.settled_at and transfer.state == "posted" else None,
        "expires_at": transfer.expires_at.isoformat() if transfer.expires_at else None,
        "reverses": str(transfer.reverses) if transfer.reverses else None,
    }


def _count_both(transfer: OutTransfer, tally: Tally) -> None:
    tally.add(transfer.giver, transfer.minutes)
    tally.add(transfer.receiver, -transfer.minutes)
    tally.count()


def _day(transfer: OutTransfer) -> str:
    moment = transfer.settled_at or transfer.recorded_at
    return moment.date().isoformat()


def csv_line(cells: Iterable[object]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(
        guarded(cell) if isinstance(cell, str) else cell for cell in cells
    )
    return written.getvalue()


def one_line(text: str) -> str:
    return " ".join(text.split())


def quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
