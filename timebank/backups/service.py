"""A backup is one moment of the whole database; a restore fills an empty one, all or nothing, and checks every bank in it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ledger.tables import account, transfer
from timebank.backups import files, restoring, rows
from timebank.checking import reads as checking
from timebank.errors import Conflict, Invalid
from timebank.members import reads as members
from timebank.members.models import Bank

FORM = 1
AT_ONCE = 1000

Moved = Callable[[int], None]


class NotEmpty(Conflict):
    """This database already holds a bank, and a restore never writes over one. Point TIMEBANK_DATABASE_URL at a new database, run 'timebank migrate', then restore there."""  # noqa: E501 - one sentence for people


class OtherVersion(Conflict):
    """This backup was made by another version of Timebank."""


class DamagedDatabase(Conflict):
    """The database itself is damaged, so it was not backed up."""


class BreaksRules(Invalid):
    """The contents of this backup break the rules of the bank, so nothing was restored."""


def count_rows(session: Session) -> int:
    return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in rows.tables())


def write_backup(
    session: Session, *, file: BinaryIO, revision: str, at: datetime, moved: Moved = lambda _done: None
) -> int:
    """How many rows. Raises DamagedDatabase."""
    damage = checking.check_file(session)
    if damage:
        raise DamagedDatabase(f"This was not backed up: {damage}. Restore an earlier backup.")
    writer = files.Writer(file)
    tables = rows.tables()
    writer.line({"form": FORM, "revision": revision, "made_at": at.isoformat(), "tables": [t.name for t in tables]})
    total = 0
    for table in tables:
        writer.line({"table": table.name, "columns": [column.name for column in table.columns]})
        for row in rows.each_row(session, table):
            writer.line(row)
            total += 1
            if not total % AT_ONCE:
                moved(total)
    writer.line({"rows": total})
    writer.close()
    return total


def check_backup(path: Path) -> dict[str, Any]:
    """What the file says of itself, after reading all of it. Raises NotABackup, DamagedBackup, OSError."""
    with files.reading(path) as lines:
        header = next(lines)
        counted = 0
        last: Any = None
        for line in lines:
            counted += isinstance(line, list)
            last = line
    if not isinstance(last, dict) or last.get("rows") != counted:
        raise files.DamagedBackup
    return {**header, "rows": counted}


def restore_backup(session: Session, *, path: Path, revision: str, moved: Moved = lambda _done: None) -> int:
    """How many rows. Raises NotEmpty, OtherVersion, BreaksRules, NotABackup, DamagedBackup; then nothing is changed."""
    header = check_backup(path)
    if header.get("form") != FORM or header["revision"] != revision:
        raise OtherVersion(
            f"This backup was made at version {header['revision']} of the tables and this is version {revision}."
            " Restore it with the release that made it, then run 'timebank migrate' with this one."
        )
    if is_used(session):
        raise NotEmpty
    try:
        with files.reading(path) as lines:
            next(lines)
            total = _put_back(session, lines, moved)
        session.flush()
        _check_banks(session)
    except (SQLAlchemyError, KeyError, ValueError) as error:
        raise BreaksRules(f"{BreaksRules.__doc__} ({type(error).__name__})") from error
    return total


def is_used(session: Session) -> bool:
    tables = (Bank.__table__, account, transfer)
    return any(session.scalar(select(func.count()).select_from(table)) for table in tables)


def _put_back(session: Session, lines: Iterator[Any], moved: Moved) -> int:
    tables = {table.name: table for table in rows.tables()}
    finishes: list[restoring.Finish] = []
    total = 0
    for name, columns, some in _chunks(lines):
        values = rows.from_plain(tables[name], columns, some)
        if name == account.name:
            finishes.append(restoring.put_accounts(session, values))
        elif name == transfer.name:
            restoring.put_transfers(session, values)
        else:
            session.execute(insert(tables[name]), values)
        total += len(values)
        moved(total)
    for finish in finishes:
        finish()
    return total


def _chunks(lines: Iterable[Any]) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """Rows of one table at a time, some at once."""
    name = ""
    columns: list[str] = []
    some: list[list[Any]] = []
    for line in lines:
        if isinstance(line, list):
            some.append(line)
        if some and (isinstance(line, dict) or len(some) == AT_ONCE):
            yield name, columns, some
            some = []
        if isinstance(line, dict) and "table" in line:
            name, columns = line["table"], line["columns"]


def _check_banks(session: Session) -> None:
    for bank in members.list_banks(session):
        report = checking.check_bank(session, bank)
        if report.wrong:
            raise BreaksRules(f"{BreaksRules.__doc__} The first: {report.wrong[0].sentence}")
