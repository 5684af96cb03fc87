"""An export: one moment of one bank, written in one of the forms, and compared with the bank before it is believed."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy.orm import Session

from timebank.errors import Conflict
from timebank.exports import formats, reads
from timebank.exports.formats import Tally
from timebank.members.models import Bank
from timebank.members.service import ledger_of


class NotTheSame(Conflict):
    """The export does not add up to the balances in the bank, so it was not kept. Run 'timebank verify' to see what is off."""


class ExportKind(StrEnum):
    HLEDGER = "hledger"
    BEANCOUNT = "beancount"
    CSV = "csv"
    JSON = "json"


def count(session: Session, *, bank: Bank, kind: ExportKind) -> int:
    """How many transfers there will be."""
    return reads.count_transfers(session, bank) if kind is ExportKind.JSON else reads.count_posted(session, bank)


def write_export(
    session: Session,
    *,
    bank: Bank,
    kind: ExportKind,
    file: BinaryIO,
    with_names: bool = False,
    moved: Callable[[int], None] = lambda _done: None,
) -> Tally:
    """Raises NotTheSame."""
    tally = Tally(moved=moved)
    accounts = reads.list_accounts(session, bank, with_names=with_names)
    file.writelines(line.encode() for line in _lines(session, bank, kind, accounts, tally, with_names=with_names))
    if tally.transfers != count(session, bank=bank, kind=kind):
        raise NotTheSame
    if any(tally.balances.get(account.id, 0) != account.posted for account in accounts.values()):
        raise NotTheSame
    return tally


def _lines(
    session: Session,
    bank: Bank,
    kind: ExportKind,
    accounts: dict,
    tally: Tally,
    *,
    with_names: bool,
) -> Iterator[str]:
    everyone = list(accounts.values())
    if kind is ExportKind.CSV:
        return formats.csv_rows(reads.each_entry(session, bank, accounts), tally, with_names=with_names)
    transfers = reads.each_transfer(session, bank, accounts, posted_only=kind is not ExportKind.JSON)
    form = {
        ExportKind.HLEDGER: formats.hledger,
        ExportKind.BEANCOUNT: formats.beancount,
        ExportKind.JSON: formats.json_text,
    }
    head = ledger_of(session, bank).head()
    return form[kind](bank.name, everyone, transfers, tally, check_code=str(head or ""))
