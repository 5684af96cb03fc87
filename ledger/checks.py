"""Looking over a whole bank, all of it in one statement, so that posting may go on meanwhile. Nothing is ever repaired."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from ledger.tables import account, entry, transfer
from ledger.transfers import SIDE

THE_BANK = bindparam("bank_id", type_=Uuid())
LIVE = ("pending", "posted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One row that breaks a rule: which, what was expected and what was found."""

    check: str
    table: str
    row: UUID
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.check}: {self.table} {self.row}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """How many rows each check looked at, and what it found. Nothing found: every rule holds."""

    bank_id: UUID
    counts: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        return not self.findings


@dataclass(frozen=True, kw_only=True)
class Check:
    """Names the rows it looks at and selects (row id, expected, found), the latter two as text, for each that is off."""

    name: str
    table: str
    looks_at: str
    wrong: Select[Any]


def verify(connection: Connection, *, bank_id: UUID) -> Report:
    """Every invariant of ledger.md section 3 that can be read from the rows of one bank."""
    sizes = connection.execute(SIZES, {"bank_id": bank_id}).one()._mapping  # noqa: SLF001 - a Row's public mapping
    findings = [
        Finding(check=CHECKS[number].name, table=CHECKS[number].table, row=row, expected=expected, found=found)
        for row, expected, found, number in connection.execute(FINDINGS, {"bank_id": bank_id})
    ]
    return Report(
        bank_id=bank_id, counts={check.name: sizes[check.looks_at] for check in CHECKS}, findings=tuple(findings)
    )


def _count(table: FromClause, *rules: Any) -> Any:
    return select(func.count()).select_from(table).where(table.c.bank_id == THE_BANK, *rules).scalar_subquery()


def _text(number: Any) -> Any:
    return cast(number, Text)


def _total(minutes: Any) -> Any:
    return func.coalesce(func.sum(minutes), 0)


def _bank_is_zero() -> Check:
    total = select(_total(account.c.posted)).where(account.c.bank_id == THE_BANK).scalar_subquery()
    return Check(
        name="the bank sums to zero",
        table="bank",
        looks_at="accounts",
        wrong=select(THE_BANK, literal("0"), _text(total)).where(total != 0),
    )


def _two_entries() -> Check:
    of_one = entry.c.transfer_id == transfer.c.id
    how_many = select(func.count()).where(of_one).scalar_subquery()
    their_sum = select(_total(entry.c.side * entry.c.minutes)).where(of_one).scalar_subquery()
    given = select(_total(entry.c.minutes)).where(of_one, entry.c.side == SIDE.giver).scalar_subquery()
    is_posted = transfer.c.state == "posted"
    wanted = literal("two entries, + and - ") + _text(transfer.c.posted_minutes)
    return Check(
        name="posted transfers have two entries that balance, others none",
        table="transfer",
        looks_at="transfers",
        wrong=select(
            transfer.c.id,
            case((is_posted, wanted), else_=literal("no entries")),
            _text(how_many) + literal(" entries with sum ") + _text(their_sum) + literal(", given ") + _text(given),
        ).where(
            transfer.c.bank_id == THE_BANK,
            or_(
                how_many != case((is_posted, 2), else_=0),
                their_sum != 0,
                given != func.coalesce(transfer.c.posted_minutes, 0),
            ),
        ),
    )


def _entry_sides() -> Check:
    owner = case((entry.c.side == SIDE.giver, transfer.c.giver_id), else_=transfer.c.receiver_id)
    return Check(
        name="entries stand in the accounts of their transfer",
        table="transfer",
        looks_at="entries",
        wrong=select(transfer.c.id, _text(owner), _text(entry.c.account_id))
        .join_from(entry, transfer, transfer.c.id == entry.c.transfer_id)
        .where(entry.c.bank_id == THE_BANK, or_(owner != entry.c.account_id, transfer.c.bank_id != THE_BANK)),
    )


def _cached_accounts() -> tuple[Check, ...]:
    of_one = entry.c.account_id == account.c.id
    summed = select(_total(entry.c.side * entry.c.minutes)).where(of_one).scalar_subquery()
    count = select(func.count()).where(of_one).scalar_subquery()
    newest_first = select(entry.c.balance_after).where(of_one).order_by(entry.c.seq.desc())
    last = func.coalesce(newest_first.limit(1).correlate(account).scalar_subquery(), 0)
    return (
        _account_check("cached balances are the sum of their entries", account.c.posted, summed),
        _account_check("cached balances are the last running balance", account.c.posted, last),
        _account_check("cached counts are the number of entries", account.c.seq, count),
        _account_check("held out is what waits to be received", account.c.held_out, _waiting(transfer.c.receiver_id)),
        _account_check("held in is what waits to be given", account.c.held_in, _waiting(transfer.c.giver_id)),
    )


def _waiting(side: Any) -> Any:
    is_waiting = and_(side == account.c.id, transfer.c.state == "pending", transfer.c.bank_id == THE_BANK)
    return select(_total(transfer.c.minutes)).where(is_waiting).scalar_subquery()


def _account_check(name: str, cached: Any, expected: Any) -> Check:
    wrong = select(account.c.id, _text(expected), _text(cached)).where(
        account.c.bank_id == THE_BANK, expected != cached
    )
    return Check(name=name, table="account", looks_at="accounts", wrong=wrong)


def _running_balances() -> Check:
    def in_order(counted: Any) -> Any:
        return counted.over(partition_by=entry.c.account_id, order_by=entry.c.seq)

    lines = (
        select(
            entry.c.account_id,
            entry.c.seq,
            entry.c.balance_after,
            in_order(func.row_number()).label("place"),
            in_order(func.sum(entry.c.side * entry.c.minutes)).label("running"),
        )
        .where(entry.c.bank_id == THE_BANK)
        .subquery()
    )
    c = lines.c
    return Check(
        name="entries are numbered without a gap and carry the running balance",
        table="account",
        looks_at="entries",
        wrong=select(
            c.account_id,
            literal("entry ") + _text(c.place) + literal(" with ") + _text(c.running),
            literal("entry ") + _text(c.seq) + literal(" with ") + _text(c.balance_after),
        ).where(or_(c.seq != c.place, c.balance_after != c.running)),
    )


def _reversals() -> Check:
    original = transfer.alias("original")
    mirrored = and_(
        original.c.bank_id == THE_BANK,
        original.c.state == "posted",
        original.c.giver_id == transfer.c.receiver_id,
        original.c.receiver_id == transfer.c.giver_id,
        original.c.posted_minutes == transfer.c.minutes,
    )
    live = func.count().over(partition_by=transfer.c.reverses_id).label("live")
    reversals = (
        select(transfer.c.id, transfer.c.reverses_id, mirrored.label("mirrored"), live)
        .join_from(transfer, original, original.c.id == transfer.c.reverses_id, isouter=True)
        .where(transfer.c.bank_id == THE_BANK, transfer.c.kind == "reversal", transfer.c.state.in_(LIVE))
        .subquery()
    )
    r = reversals.c
    return Check(
        name="every live reversal mirrors one posted transfer, which has no other",
        table="transfer",
        looks_at="live_reversals",
        wrong=select(r.id, literal("the only mirror of a posted transfer"), _text(r.reverses_id)).where(
            or_(r.mirrored.is_(None), ~r.mirrored, r.live != 1)
        ),
    )


SIZES = select(
    _count(account).label("accounts"),
    _count(transfer).label("transfers"),
    _count(entry).label("entries"),
    _count(transfer, transfer.c.kind == "reversal", transfer.c.state.in_(LIVE)).label("live_reversals"),
)
CHECKS = (
    _bank_is_zero(),
    _two_entries(),
    _entry_sides(),
    *_cached_accounts(),
    _running_balances(),
    _reversals(),
)
FINDINGS = union_all(*(check.wrong.add_columns(literal(number, Integer)) for number, check in enumerate(CHECKS)))
