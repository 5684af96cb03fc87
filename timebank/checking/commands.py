"""timebank verify"""

import json
import sys
from pathlib import Path

import rich_click as click
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from ledger.chain import Head, read_head
from timebank.audit import heads as audit_heads
from timebank.audit.heads import Kept
from timebank.checking import reads
from timebank.checking.reads import BankReport
from timebank.console import bank_option, choose_bank, err, opened, out, passes, read_config, refuse
from timebank.db import twin_snapshots
from timebank.members import reads as members
from timebank.vault import reads as vault
from timebank.vault.keys import KeyRing, KeysMissing
from timebank.vault.reads import Opened

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
@click.option(
    "--audit-head",
    "audit_head",
    metavar="FILE|-",
    help="Heads of the audit trail that were kept elsewhere, one a line; - reads them from the input.",
)
def verify(*, bank_name: str | None, as_json: bool, codes: tuple[str, ...], audit_head: str | None) -> None:
    """Check every rule of the ledger and of what is kept beside it, in one bank or in all. Changes nothing.

    Prints how many rows each check looked at, and the check code of the sealed books. With --head it also proves that
    nothing older than that code was changed since. Exit status: 0 all is well; 1 something is off, and the first row
    that breaks a rule is named.

    The audit trail is hashed anew and compared with the heads in the file beside the server's key, and by --audit-head
    with those that were kept elsewhere.
    """
    heads = read_heads(codes)
    config = read_config()
    kept = read_audit_heads(config.keys_file, audit_head, key=config.secret_key)
    with opened(config=config) as database, twin_snapshots(database) as (session, beside):
        if heads and bank_name is None and len(members.list_banks(session)) > 1:
            refuse("A check code belongs to one bank: say which one with --bank.")
        try:
            banks = [choose_bank(session, bank_name)] if bank_name else members.list_banks(session)
            under_lock = try_locks(session, database.keys)
            whole = [
                *whole_database(session),
                *(f"the kept heads of the audit trail: {said}" for said in kept.refused),
                *(f"{where} does not open with these keys" for where in under_lock.where),
            ]
            with passes() as moved:
                reports = [
                    reads.check_bank(session, bank, heads=heads, audit_heads=kept.heads, moved=moved, beside=beside)
                    for bank in banks
                ]
        except DatabaseError as error:
            refuse(f"The database cannot be read ({error.orig}). Restore a backup.", status=CHECK_FAILED)
    wrong = [*whole, *(f"{report.bank}: {found.sentence}" for report in reports for found in report.wrong)]
    if as_json:
        click.echo(json.dumps(as_data(reports, whole, under_lock, is_clean=not wrong), indent=2))
    else:
        say(reports, under_lock, wrong)
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


def read_audit_heads(keys: Path | None, given: str | None, *, key: str) -> Kept:
    """Those beside the key, and those handed in, of which every line has to be a head of this server."""
    try:
        beside = audit_heads.read_file(audit_heads.file_beside(keys), key=key) if keys else Kept(heads=(), refused=())
        if given is None:
            return beside
        lines = sys.stdin.read() if given == "-" else Path(given).read_text("utf-8", errors="replace")
    except OSError as trouble:
        refuse(f"{trouble.filename} cannot be read ({trouble.strerror}). Check its name and folder.")
    elsewhere = audit_heads.read(lines.splitlines(), key=key)
    if elsewhere.refused or not elsewhere.heads:
        said = "; ".join(elsewhere.refused) or "there is no line in it"
        refuse(f"These are not heads that 'timebank audit-head' printed here: {said}.")
    return Kept(heads=(*beside.heads, *elsewhere.heads), refused=beside.refused)


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


def try_locks(session: Session, keys: object) -> Opened:
    if not isinstance(keys, KeyRing):
        return Opened()
    try:
        return vault.try_all(session, keys)
    except KeysMissing as missing:
        refuse(missing.sentence, status=CHECK_FAILED)


def as_data(reports: list[BankReport], whole: list[str], under_lock: Opened, *, is_clean: bool) -> dict[str, object]:
    return {
        "ok": is_clean,
        "database": whole,
        "under_lock": {"opens": under_lock.good, "does_not_open": under_lock.bad},
        "banks": [
            {
                "bank": report.bank,
                "counts": report.counts,
                "check_code": report.check_code,
                "unsealed": report.unsealed,
                "audit": {
                    "event": report.audit.seq,
                    "digest": report.audit.digest,
                    "heads": report.audit.heads,
                    "heads_before_a_restore": report.audit.gone,
                },
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


def say(reports: list[BankReport], under_lock: Opened, wrong: list[str]) -> None:
    for report in reports:
        out.print(report.bank, markup=False)
        for name, looked_at in report.counts.items():
            off = sum(1 for found in report.wrong if found.check == name)
            out.print(f"  {name}: {looked_at} looked at, {off} off", markup=False)
        if report.check_code:
            out.print(f"  Check code: {report.check_code} ({report.unsealed} settled since)", markup=False)
        trail = report.audit
        before = f", {trail.gone} from before a restore" if trail.gone else ""
        out.print(f"  Audit trail: event {trail.seq}, {trail.heads} kept heads compared{before}", markup=False)
    if reports:
        out.print(f"Under lock: {under_lock.good} open, {under_lock.bad} do not")
    if not wrong:
        out.print("Everything agrees." if reports else "There is no bank yet; nothing to check.")
        return
    err.print(f"The first that is off: {wrong[0]}", markup=False)
    for sentence in wrong[1:MOST_SHOWN]:
        err.print(f"Also off: {sentence}", markup=False)
    if len(wrong) > MOST_SHOWN:
        err.print(f"… and {len(wrong) - MOST_SHOWN} more.")
