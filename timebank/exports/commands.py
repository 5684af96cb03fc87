"""timebank export"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import rich_click as click

from timebank import clock
from timebank.audit import service as audit
from timebank.audit.models import Act, Actor, Record
from timebank.console import bank_option, bar, choose_bank, err, opened, refuse
from timebank.db import Database, snapshot
from timebank.exports import service
from timebank.exports.files import whole_file
from timebank.exports.service import ExportKind, NotTheSame

CHECK_FAILED = 1


@click.command("export", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("kind", type=click.Choice([kind.value for kind in ExportKind]))
@bank_option
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), metavar="FILE", help="Write here, not to the screen."
)
@click.option("--names", "with_names", is_flag=True, help="Put members' names in too. Without it there are codes only.")
def export(*, kind: str, bank_name: str | None, path: Path | None, with_names: bool) -> None:
    """Write a bank's hours out, in whole minutes: who gave has plus, who received has minus, and all sums to zero.

    hledger and beancount: journals for plain-text accounting. csv: one row per entry; the minutes of an account's rows
    add up to its balance. json: everything, also hours that wait. Waiting hours change no balance.

    FILE appears only when it is whole, and may be read by its owner only.
    """
    with opened() as database:
        try:
            if path is not None:
                with whole_file(path) as file:
                    write(database, ExportKind(kind), bank_name, file, with_names=with_names)
                return
            with tempfile.TemporaryFile() as file:
                write(database, ExportKind(kind), bank_name, file, with_names=with_names)
                file.seek(0)
                shutil.copyfileobj(file, sys.stdout.buffer)
        except NotTheSame as refused:
            refuse(refused.sentence, status=CHECK_FAILED)
        except OSError as trouble:
            refuse(
                f"{path or 'The output'} cannot be written ({trouble.strerror}). Check its folder and the free space."
            )


def note(database: Database, bank_name: str | None) -> None:
    """Before anything is read: what cannot be noted does not go out."""
    with database.writing() as session:
        audit.note(
            session,
            bank_id=choose_bank(session, bank_name).id,
            by=Actor.COMMAND_LINE,
            act=Act.EXPORTED,
            record=Record.BANK,
            at=clock.now(),
        )


def write(database: Database, kind: ExportKind, bank_name: str | None, file: BinaryIO, *, with_names: bool) -> None:
    note(database, bank_name)
    with snapshot(database) as session:
        bank = choose_bank(session, bank_name)
        total = service.count(session, bank=bank, kind=kind)
        with bar("Writing hours", total) as moved:
            tally = service.write_export(session, bank=bank, kind=kind, file=file, with_names=with_names, moved=moved)
    err.print(f"{tally.transfers} transfers of {bank.name}; all balances agree with the bank.", markup=False)
