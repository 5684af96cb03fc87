"""Whether what people see agrees with what the ledger keeps. Each check is one statement and repairs nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, Uuid, and_, bindparam, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from ledger.chain import Head
from ledger.looking import Moved, nobody_looks
from ledger.store import Ledger
from ledger.tables import account, transfer
from timebank.audit import reads as audit
from timebank.audit.chain import Head as AuditHead
from timebank.hours.models import HourLog
from timebank.imports.models import ImportedRow
from timebank.members.models import Bank, Member
from timebank.queries.models import Query

AUDIT = "each audit event follows the one before it"
AUDIT_HEADS = "each audit head that was kept stands in the trail"
THE_BANK = bindparam("bank_id", type_=Uuid())


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """One row that breaks a rule."""

    check: str
    table: str
    row: str
    expected: str
    found: str

    @property
    def sentence(self) -> str:
        return f"{self.check}: {self.table} {self.row}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, kw_only=True)
class BankReport:
    """How many rows each check looked at, and what is off. The check code is that of the newest sealed block."""

    bank: str
    counts: dict[str, int]
    wrong: tuple[Wrong, ...]
    check_code: str | None
    unsealed: int
    audit: audit.TrailReport


@dataclass(frozen=True, kw_only=True)
class Check:
    """Counts the rows it looks at and selects (row, expected, found) for each that is off."""

    name: str
    table: str
    looked_at: Select[Any]
    wrong: Select[Any]


def check_bank(
    session: Session,
    bank: Bank,
    *,
    heads: Sequence[Head] = (),
    audit_heads: Sequence[AuditHead] = (),
    moved: Moved = nobody_looks,
    beside: Session | None = None,
) -> BankReport:
    """The ledger's own checks first, then ours, then the audit trail. `heads` are check codes that were kept outside, and
    `audit_heads` heads of the trail; `beside` is a session that reads the same moment, and shares the work."""
    another = beside.connection() if beside else None
    report = Ledger(session.connection(), bank_id=bank.id).verify(heads=heads, moved=moved, beside=another)
    counts = dict(report.counts)
    wrong = [
        Wrong(check=found.check, table=found.table, row=str(found.row), expected=found.expected, found=found.found)
        for found in report.findings
    ]
    for check in CHECKS:
        counts[check.name] = session.execute(check.looked_at, {"bank_id": bank.id}).scalar_one()
        wrong += [
            Wrong(check=check.name, table=check.table, row=str(row), expected=str(expected), found=str(found))
            for row, expected, found in session.execute(check.wrong, {"bank_id": bank.id})
        ]
    trail = _check_trail(session, bank, audit_heads, counts, wrong, moved)
    return BankReport(
        bank=bank.name,
        counts=counts,
        wrong=tuple(wrong),
        check_code=str(report.head) if report.head else None,
        unsealed=report.unsealed,
        audit=trail,
    )


def _check_trail(
    session: Session,
    bank: Bank,
    heads: Sequence[AuditHead],
    counts: dict[str, int],
    wrong: list[Wrong],
    moved: Moved,
) -> audit.TrailReport:
    theirs = [head for head in heads if head.bank_id == bank.id]
    total = audit.count_events(session, bank.id)
    trail = audit.look_over(session, bank.id, heads=theirs, moved=lambda done: moved("the audit trail", done, total))
    counts |= {AUDIT: trail.events, AUDIT_HEADS: trail.heads}
    if trail.broken is not None:
        off = trail.broken
        check = AUDIT_HEADS if off.is_by_a_head else AUDIT
        wrong.append(Wrong(check=check, table="audit_event", row=str(off.seq), expected=off.expected, found=off.found))
    return trail


def check_file(session: Session) -> str | None:
    """What SQLite itself finds wrong with its file, if anything."""
    if session.get_bind().dialect.name != "sqlite":
        return None
    connection = session.connection()
    found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if found != "ok":
        return f"the database file is damaged: {found}"
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    return None if broken is None else f"a row of {broken[0]} refers to a row of {broken[2]} that is not there"


def count_strays(session: Session) -> tuple[int, str]:
    """Accounts and transfers of a bank that does not exist, which no bank's own checks would ever look at."""
    found = [
        (table.name, row)
        for table in (account, transfer)
        for row in session.scalars(select(table.c.id).where(table.c.bank_id.not_in(select(Bank.id))))
    ]
    return len(found), " ".join(map(str, found[0])) if found else ""


def _count(model: Any, *rules: Any) -> Select[Any]:
    return select(func.count()).select_from(model).where(model.bank_id == THE_BANK, *rules)


def _text(value: Any) -> Any:
    return func.coalesce(cast(value, String), "nothing")


def _account_of(person: Any, community: Any) -> Any:
    """The account of a member, or the community's where no member is named."""
    own = select(Member.account_id).where(Member.id == person).scalar_subquery()
    return case((person.is_(None), community), else_=own)


def _logs() -> Check:
    gave = _account_of(HourLog.giver_id, Bank.community_account_id)
    received = _account_of(HourLog.receiver_id, Bank.community_account_id)
    same = and_(
        transfer.c.bank_id == HourLog.bank_id,
        # People who left an imported bank share two accounts, which no log names.
        or_(transfer.c.giver_id == gave, and_(HourLog.with_leaver, HourLog.giver_id.is_(None))),
        or_(transfer.c.receiver_id == received, and_(HourLog.with_leaver, HourLog.receiver_id.is_(None))),
        transfer.c.minutes == HourLog.minutes,
        transfer.c.happened_on == HourLog.happened_on,
    )
    return Check(
        name="every log says what its transfer says",
        table="hour_log",
        looked_at=_count(HourLog),
        wrong=select(
            HourLog.id,
            literal("a transfer between the same two, as long and on the same day"),
            case((transfer.c.id.is_(None), "no transfer"), else_="another one"),
        )
        .select_from(HourLog)
        .join(Bank, Bank.id == HourLog.bank_id)
        .join(transfer, transfer.c.id == HourLog.id, isouter=True)
        .where(HourLog.bank_id == THE_BANK, or_(transfer.c.id.is_(None), ~same)),
    )


def _members() -> Check:
    is_theirs = and_(account.c.bank_id == Member.bank_id, account.c.kind == "member")
    return Check(
        name="every member has an account of their own",
        table="member",
        looked_at=_count(Member),
        wrong=select(Member.id, literal("a member's account in this bank"), _text(account.c.kind))
        .select_from(Member)
        .join(account, account.c.id == Member.account_id, isouter=True)
        .where(Member.bank_id == THE_BANK, or_(account.c.id.is_(None), ~is_theirs)),
    )


def _accounts() -> Check:
    owners = select(func.count(Member.id)).where(Member.account_id == account.c.id).scalar_subquery()
    return Check(
        name="every member's account has one owner",
        table="account",
        looked_at=select(func.count())
        .select_from(account)
        .where(account.c.bank_id == THE_BANK, account.c.kind == "member"),
        wrong=select(account.c.id, literal("1 member"), cast(owners, String)).where(
            account.c.bank_id == THE_BANK, account.c.kind == "member", owners != 1
        ),
    )


def _community() -> Check:
    return Check(
        name="the bank has its community account",
        table="bank",
        looked_at=select(func.count(Bank.id)).where(Bank.id == THE_BANK),
        wrong=select(Bank.id, literal("the community's account"), _text(account.c.kind))
        .select_from(Bank)
        .join(account, and_(account.c.id == Bank.community_account_id, account.c.bank_id == Bank.id), isouter=True)
        .where(Bank.id == THE_BANK, or_(account.c.kind.is_(None), account.c.kind != "community")),
    )


def _queries() -> Check:
    logged, mirror = transfer.alias("logged"), transfer.alias("mirror")
    frozen = and_(logged.c.state == "pending", logged.c.frozen_at.is_not(None))
    waits = and_(mirror.c.state == "pending", mirror.c.reverses_id == Query.log_id)
    stands = case((Query.reversal_id.is_(None), frozen), else_=waits)
    return Check(
        name="every open check holds its hours still",
        table="query",
        looked_at=_count(Query, Query.settled_at.is_(None)),
        wrong=select(Query.id, literal("frozen hours, or a reversal that waits"), _text(logged.c.state))
        .select_from(Query)
        .join(logged, logged.c.id == Query.log_id, isouter=True)
        .join(mirror, mirror.c.id == Query.reversal_id, isouter=True)
        .where(Query.bank_id == THE_BANK, Query.settled_at.is_(None), or_(stands.is_(None), ~stands)),
    )


def _imported_rows() -> Check:
    return Check(
        name="every imported row stands as an imported transfer",
        table="imported_row",
        looked_at=_count(ImportedRow),
        wrong=select(ImportedRow.transfer_id, literal("a posted transfer of kind import"), _text(transfer.c.kind))
        .select_from(ImportedRow)
        .join(transfer, transfer.c.id == ImportedRow.transfer_id, isouter=True)
        .where(
            ImportedRow.bank_id == THE_BANK,
            or_(transfer.c.id.is_(None), transfer.c.kind != "import", transfer.c.state != "posted"),
        ),
    )


CHECKS = (_members(), _accounts(), _community(), _logs(), _queries(), _imported_rows())
