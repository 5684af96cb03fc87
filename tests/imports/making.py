"""A bank for imports, and files with one thing changed in them."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.tables import account, entry, transfer
from timebank.db import Database
from timebank.imports import service
from timebank.imports.models import ImportBatch
from timebank.imports.service import Plan
from timebank.imports.timeoverflow import TheirExport, read_export
from timebank.members import service as members
from timebank.members.models import Bank
from timebank.schemes import service as schemes

FILES = Path(__file__).parents[1] / "data"
MEMBERS = FILES / "timeoverflow" / "members.csv"
TRANSFERS = FILES / "timeoverflow" / "transfers.csv"
PEOPLE = FILES / "people" / "people.csv"
BANK = "Millbrook Time Bank"
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def make_bank(session: Session, name: str = BANK) -> Bank:
    bank = members.open_bank(session, name=name, at=AT)
    for preset in ("fanon", "open"):
        schemes.start_scheme(session, bank=bank, preset=preset)
    return bank


def read(members_file: Path = MEMBERS, transfers_file: Path = TRANSFERS) -> TheirExport:
    return read_export(members_file, transfers_file, bank_name=BANK, now=AT)


def bring(database: Database, export: TheirExport) -> tuple[Plan, ImportBatch | None]:
    with database.writing() as session:
        bank = session.scalars(select(Bank).where(Bank.name == BANK)).one()
        return service.import_timeoverflow(session, bank=bank, export=export, at=AT)


def changed(path: Path, into: Path, old: str, new: str, *, times: int = -1) -> Path:
    """A copy of a file with something in it replaced."""
    text = path.read_text("utf-8")
    assert old in text
    into.write_text(text.replace(old, new, times), encoding="utf-8", newline="")
    return into


def balances(session: Session) -> dict[str, int]:
    """Posted minutes by account, all banks."""
    return {str(row.id): row.posted for row in session.execute(select(account.c.id, account.c.posted))}


def facts(session: Session) -> list[object]:
    """Everything an import writes to the ledger."""
    return [
        session.execute(select(table).order_by(*table.primary_key.columns)).all()
        for table in (account, transfer, entry)
    ]
