"""The time ledger: minutes that people gave and received, in equal value. It knows of no web page and no matching."""

from ledger.accounts import Account, AccountKind, AccountStatus
from ledger.checks import Finding, Report
from ledger.errors import LedgerError
from ledger.statements import Line, Statement
from ledger.store import Ledger
from ledger.transfers import Balance, Entry, Posted, Receipt, Transfer, TransferKind, TransferRecord, TransferState

__all__ = [
    "Account",
    "AccountKind",
    "AccountStatus",
    "Balance",
    "Entry",
    "Finding",
    "Ledger",
    "LedgerError",
    "Line",
    "Posted",
    "Receipt",
    "Report",
    "Statement",
    "Transfer",
    "TransferKind",
    "TransferRecord",
    "TransferState",
]
