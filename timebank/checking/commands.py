"""timebank verify"""

import json

import rich_click as click
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from ledger.chain import Head, read_head
from timebank.checking import reads
from timebank.checking.reads import BankReport
from timebank.console import bank_option, choose_bank, err, opened, out, passes, refuse
from timebank.db import twin_snapshots
from timebank.members import reads as members

CHECK_FAILED = 1
MOST_SHOWN = 20


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@bank_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, for a program that watches.")
@click.option(
    "--head",
    "codes",
    multiple=True,
    metavar="CODE",
    help="A check code that was kept outside; may be given several times.",
)
def verify(*, bank_name: str | None, as_json: bool, codes: tuple[str, ...]) -> None:
    """Check every rule of the ledger and of what is kept beside it, in one bank or in all. Changes nothing.

    Prints how many rows each check looked at, and the check code of the sealed books. With --head it also proves that
    nothing older than that code was changed since. Exit status: 0 all is well; 1 something is off, and the first row
    that breaks a rule is named.
    """
    heads = read_heads(codes)
    with opened() as database, twin_snapshots(database) as (session, beside):
        if heads and bank_name is None and len(members.list_banks(session)) > 1:
            refuse("A check code belongs to one bank: say which one with --bank.")
        try:
            banks = [choose_bank(session, bank_name)] if bank_name else members.list_banks(session)
            whole = whole_database(session)
            with passes() as moved:
                reports = [reads.check_bank(session, bank, heads=heads, moved=moved, beside=beside) for bank in banks]
        except DatabaseError as error:
            refuse(f"The database cannot be read ({error.orig}). Restore a backup.", status=CHECK_FAILED)
    wrong = [*whole, *(f"{report.bank}: {found.sentence}" for report in reports for found in report.wrong)]
    if as_json:
        click.echo(json.dumps(as_data(reports, whole, is_clean=not wrong), indent=2))
    else:
        say(reports, wrong)
    if wrong:
        raise SystemExit(CHECK_FAILED)


def read_heads(codes: tuple[str, ...]) -> list[Head]:
    heads = []
    for code in codes:
        try:
            heads.append(read_head(code))
        except ValueError:
            refuse(
                f"'{code}' is no check code. It is a number, a hyphen, and 64 letters and digits, as it was printed."
            )
    return heads


def whole_database(session: Session) -> list[str]:
    """What no single bank's checks would see."""
    found = []
    damage = reads.check_file(session)
    if damage:
        found.append(damage)
    strays, first = reads.count_strays(session)
    if strays:
        found.append(f"{strays} rows of the ledger belong to no bank; the first: {first}")
    return found


def as_data(reports: list[BankReport], whole: list[str], *, is_clean: bool) -> dict[str, object]:
    return {
        "ok": is_clean,
        "database": whole,
        "banks": [
            {
                "bank": report.bank,
                "counts": report.counts,
                "check_code": report.check_code,
                "unsealed": report.unsealed,
                "wrong": [
                    {
                        "check": found.check,
                        "table": found.table,
                        "row": found.row,
                        "expected": found.expected,
                        "found": found.found,
                    }
                    for found in report.wrong
                ],
            }
            for report in reports
        ],
    }


def say(reports: list[BankReport], wrong: list[str]) -> None:
    for report in reports:
        out.print(report.bank, markup=False)
        for name, looked_at in report.counts.items():
            off = sum(1 for found in report.wrong if found.check == name)
            out.print(f"  {name}: {looked_at} looked at, {off} off", markup=False)
        if report.check_code:
            out.print(f"  Check code: {report.check_code} ({report.unsealed} settled since)", markup=False)
    if not wrong:
        out.print("Everything agrees." if reports else "There is no bank yet; nothing to check.")
        return
    err.print(f"The first that is off: {wrong[0]}", markup=False)
    for sentence in wrong[1:MOST_SHOWN]:
        err.print(f"Also off: {sentence}", markup=False)
    if len(wrong) > MOST_SHOWN:
        err.print(f"… and {len(wrong) - MOST_SHOWN} more.")
