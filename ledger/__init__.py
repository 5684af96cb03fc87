"""The time ledger: minutes that people gave and received, in equal value. It knows of no web page and no matching."""

from ledger.accounts import Account, AccountKind, AccountStatus
from ledger.bridges import Bridge, BridgeState, Ends
from ledger.checks import Report
from ledger.errors import LedgerError
from ledger.groups import GroupPosting, GroupSession, Plan
from ledger.leaving import Leaving, Left
from ledger.looking import Finding
from ledger.statements import Line, Statement
from ledger.store import Ledger
from ledger.transfers import Balance, Entry, Posted, Receipt, Transfer, TransferKind, TransferRecord, TransferState

__all__ = [
    "Account",
    "AccountKind",
    "AccountStatus",
    "Balance",
    "Bridge",
    "BridgeState",
    "Ends",
    "Entry",
    "Finding",
    "GroupPosting",
    "GroupSession",
    "Leaving",
    "Ledger",
    "LedgerError",
    "Left",
    "Line",
    "Plan",
    "Posted",
    "Receipt",
    "Report",
    "Statement",
    "Transfer",
    "TransferKind",
    "TransferRecord",
    "TransferState",
]
