"""timebank import timeoverflow · import people · undo-import"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from uuid import UUID

import rich_click as click
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.errors import LedgerError
from ledger.minutes import show_clock
from matching.errors import PeopleRefused, Problem
from timebank import clock
from timebank.audit import service as audit
from timebank.audit.models import Act, Actor, Record
from timebank.console import bank_option, bar, choose_bank, err, opened, out, refuse
from timebank.imports import people as people_service
from timebank.imports import reads, service, undo
from timebank.imports.cells import FileRefused
from timebank.imports.models import AlreadyUndone, ImportBatch
from timebank.imports.people import PeoplePlan, TheirPeople
from timebank.imports.service import Plan
from timebank.imports.timeoverflow import LEFT_LABEL, Other, TheirExport, read_export
from timebank.members.models import Bank
from timebank.schemes import reads as schemes
from timebank.schemes.models import BankScheme

MOST_PROBLEMS = 50
MOST_CHANGED = 10

file_argument = click.Path(path_type=Path, dir_okay=False)
dry_run_option = click.option("--dry-run", is_flag=True, help="Try first: read, compare and print; nothing is saved.")


@click.group("import", context_settings={"help_option_names": ["-h", "--help"]})
def import_() -> None:
    """Bring in members and hours from another system. The same file again brings nothing twice."""


@import_.command("timeoverflow")
@click.argument("members_file", metavar="MEMBERS.csv", type=file_argument)
@click.argument("transfers_file", metavar="TRANSFERS.csv", type=file_argument)
@bank_option
@click.option(
    "--left-label", default=LEFT_LABEL, show_default=True, metavar="TEXT", help="What stands for people who left."
)
@dry_run_option
def timeoverflow(
    *, members_file: Path, transfers_file: Path, bank_name: str | None, left_label: str, dry_run: bool
) -> None:
    """Bring in TimeOverflow's two exports, members and transfers, taken at the same time and in English.

    The bank has to be called here as it is called there: its own account stands in the transfers by its name. All or
    nothing: one cell that cannot be read, and nothing is saved. Days are those of the UTC stamps in the file.
    """
    with opened() as database:
        with database.reading() as session, refusals_said():
            bank = choose_bank(session, bank_name)
            export = read_export(
                members_file, transfers_file, bank_name=bank.name, now=clock.now(), left_label=left_label
            )
            plan = service.plan_timeoverflow(session, bank=bank, export=export)
        say_what_was_read(export)
        if dry_run:
            say_what_is_new(plan, export, "Would be written")
            say_totals(export)
            out.print("Tried first: nothing was saved.")
            return
        with database.writing() as session, refusals_said(), bar("Posting hours", len(plan.transfers)) as moved:
            bank = choose_bank(session, bank.name)
            plan, batch = service.import_timeoverflow(session, bank=bank, export=export, at=clock.now(), moved=moved)
            note(session, Act.IMPORTED, batch)
        say_what_is_new(plan, export, "Written")
        say_totals(export)
        say_batch(batch)


@import_.command("people")
@click.argument("people_file", metavar="FILE.csv", type=file_argument)
@click.option("--scheme", "scheme_name", required=True, metavar="NAME", help="The scheme in the bank that they join.")
@bank_option
@dry_run_option
def people(*, people_file: Path, scheme_name: str, bank_name: str | None, dry_run: bool) -> None:
    """Bring the people of a people file into a scheme: members, their parts and their answers.

    Experiences, identities and musts are kept, and stay unused until each person has said yes to them here, or unless the
    column `agreed` names them: then the charity holds that person's yes. Whoever has musts is not proposed before that.
    """
    today = clock.today()
    with opened() as database:
        with database.reading() as session, refusals_said():
            bank = choose_bank(session, bank_name)
            scheme = choose_scheme(session, bank, scheme_name)
            theirs = people_service.read_file(people_file, scheme=scheme, today=today)
            plan = people_service.plan_people(session, bank=bank, scheme=scheme, theirs=theirs)
        out.print(f"Read {theirs.file}: {counted(len(theirs.people), 'person', 'people')}.", markup=False)
        if dry_run:
            say_people(plan, theirs, scheme, "Would be written")
            out.print("Tried first: nothing was saved.")
            return
        with database.writing() as session, refusals_said(), bar("Bringing in people", len(plan.all)) as moved:
            bank = choose_bank(session, bank.name)
            scheme = choose_scheme(session, bank, scheme_name)
            plan, batch = people_service.import_people(
                session, bank=bank, scheme=scheme, theirs=theirs, at=clock.now(), today=today, moved=moved
            )
            note(session, Act.IMPORTED, batch)
        say_people(plan, theirs, scheme, "Written")
        say_batch(batch)


@click.command("undo-import")
@click.argument("batch_id", metavar="BATCH", type=click.UUID)
def undo_import(batch_id: UUID) -> None:
    """Take a whole import back: every transfer of it that still stands is reversed, so that balances are as before.

    Nothing is deleted from the ledger. Members who came with the import and did nothing here since are set to left.
    """
    with opened() as database:
        with database.reading() as session:
            batch = get_batch(session, batch_id)
            standing = len(reads.list_standing(session, batch.id))
        try:
            with database.writing() as session, refusals_said(), bar("Reversing hours", standing) as moved:
                batch = get_batch(session, batch_id)
                bank = session.get_one(Bank, batch.bank_id)
                undone = undo.undo_import(session, batch=batch, bank=bank, at=clock.now(), moved=moved)
                note(session, Act.UNDID_IMPORT, batch)
        except AlreadyUndone as already:
            out.print(already.sentence)
            return
    out.print(f"Undone in {bank.name}: {counted(undone.reversed, 'transfer', 'transfers')} reversed.", markup=False)
    if undone.stood_no_more:
        out.print(f"{counted(undone.stood_no_more, 'transfer', 'transfers')} had been reversed before.")
    if undone.parts_stepped_back:
        out.print(f"{counted(undone.parts_stepped_back, 'part in a scheme', 'parts in a scheme')} stepped back.")
    out.print(
        f"{counted(undone.members_left, 'member', 'members')} who came with it and did nothing since: set to left."
    )
    if undone.members_staying:
        out.print(
            f"{counted(undone.members_staying, 'member', 'members')} who came with it stay: they have something of their own here."
        )


def note(session: Session, act: Act, batch: ImportBatch | None) -> None:
    """Where nothing was new, nothing was done."""
    if batch is not None:
        audit.note(
            session,
            bank_id=batch.bank_id,
            by=Actor.COMMAND_LINE,
            act=act,
            record=Record.IMPORT,
            record_id=batch.id,
            at=clock.now(),
        )


def get_batch(session: Session, batch_id: UUID) -> ImportBatch:
    batch = session.get(ImportBatch, batch_id)
    if batch is None:
        refuse(f"There is no import {batch_id} here. Its number was printed when it was made.")
    return batch


def choose_scheme(session: Session, bank: Bank, name: str) -> BankScheme:
    found = schemes.list_schemes(session, bank.id)
    wanted = name.strip().casefold()
    chosen = next((one for one in found if wanted in {one.name.casefold(), one.rules.name.casefold()}), None)
    if chosen is None:
        known = ", ".join(f"“{scheme.name}”" for scheme in found) or "none"
        refuse(f"{bank.name} has no scheme called “{name}”. Its schemes are: {known}.")
    return chosen


def refuse_file(problems: Sequence[Problem]) -> NoReturn:
    for problem in problems[:MOST_PROBLEMS]:
        err.print(problem.sentence, markup=False)
    if len(problems) > MOST_PROBLEMS:
        err.print(f"… and {len(problems) - MOST_PROBLEMS} more like these.")
    refuse(f"{counted(len(problems), 'problem', 'problems')}: nothing was saved.")


@contextmanager
def refusals_said() -> Iterator[None]:
    """What is refused becomes sentences; leaving by it rolls everything back."""
    try:
        yield
    except (FileRefused, PeopleRefused) as refused:
        refuse_file(refused.problems)
    except undo.BeingChecked as refused:
        refuse(refused.sentence)
    except LedgerError as refused:
        refuse(f"{refused.sentence} Nothing was saved.")
    except IntegrityError:
        refuse("Somebody else changed this at the same moment, so nothing was saved. Try again.")


def say_what_was_read(export: TheirExport) -> None:
    members_file, transfers_file = export.files
    out.print(f"Read {members_file}: {counted(len(export.members), 'member', 'members')}.", markup=False)
    total = sum(transfer.minutes for transfer in export.transfers)
    days = [transfer.stamp.date() for transfer in export.transfers]
    period = f", {min(days)} to {max(days)}" if days else ""
    counts = f"{counted(len(export.transfers), 'transfer', 'transfers')}{period}, {length(total)} in all"
    out.print(f"Read {transfers_file}: {counts}.", markup=False)
    sides = [{transfer.giver, transfer.receiver} for transfer in export.transfers]
    community, left = (sum(other in both for both in sides) for other in (Other.COMMUNITY, Other.LEFT))
    both_left = sum(both == {Other.LEFT} for both in sides)
    out.print(
        f"  {community} with the bank's own account; {left} with people who left, {both_left} of them on both sides."
    )
    if export.not_kept:
        out.print(f"  Not kept: {', '.join(export.not_kept)}.", markup=False)


def say_what_is_new(plan: Plan, export: TheirExport, written: str) -> None:
    if plan.is_empty:
        out.print(
            f"Nothing is new: all {len(export.members)} members and {len(export.transfers)} transfers are here already."
        )
    else:
        minutes = sum(transfer.minutes for transfer in plan.transfers)
        new = f"{counted(len(plan.members), 'member', 'members')} and {counted(len(plan.transfers), 'transfer', 'transfers')}"
        known_members = len(export.members) - len(plan.members) - len(plan.members_back)
        known = f"{known_members} members and {len(export.transfers) - len(plan.transfers)} transfers are here already"
        out.print(f"{written}: {new}, {length(minutes)}; {known}.")
    if plan.members_back:
        out.print(
            f"{written}: {counted(len(plan.members_back), 'member', 'members')} back from an import that was undone."
        )
    for transfer in plan.changed[:MOST_CHANGED]:
        out.print(f"  Row {transfer.row} was changed over there since it was imported; it stays here as it was.")
    if len(plan.changed) > MOST_CHANGED:
        out.print(f"  … and {len(plan.changed) - MOST_CHANGED} more rows that were changed over there.")


def say_totals(export: TheirExport) -> None:
    """Totals to compare: what the other system says of each member against what its transfers say."""
    differences, sums = export.differences(), export.sums()
    agree = len(export.members) - len(differences)
    out.print("Totals to compare:")
    out.print(
        f"  {agree} of {len(export.members)} balances equal the sum of the member's transfers; {len(differences)} differ."
    )
    for difference in differences:
        member = difference.member
        told, found = clocked(member.balance_seconds), clocked(difference.transfers_minutes * 60)
        out.print(
            f"  Difference: member {member.number}, {member.name}: balance in the file {told}, sum of transfers {found},"
            f" difference {clocked(difference.seconds)}",
            markup=False,
        )
    of_members = sum(sums.get(member.number, 0) for member in export.members)
    community, left = sums.get(Other.COMMUNITY, 0), sums.get(Other.LEFT, 0)
    out.print(
        f"  Members {length(of_members)}, the bank's own account {length(community)}, people who left {length(left)}:"
        f" together {length(of_members + community + left)}."
    )


def say_people(plan: PeoplePlan, theirs: TheirPeople, scheme: BankScheme, written: str) -> None:
    for warning in theirs.warnings:
        err.print(f"Warning: {warning}", markup=False)
    known = len(theirs.people) - len(plan.all) - len(plan.left)
    if plan.all:
        counts = f"{len(plan.new)} new, {len(plan.joining)} who were members already, {len(plan.back)} back from an undone import"
        out.print(
            f"{written}: {counted(len(plan.all), 'person', 'people')} into {scheme.name} ({counts}).", markup=False
        )
    else:
        out.print(f"Nothing is new: all {len(theirs.people)} people are in {scheme.name} already.", markup=False)
    if known and plan.all:
        out.print(f"{counted(known, 'person is', 'people are')} in it already, and stayed as they were.")
    if plan.left:
        out.print(f"{counted(len(plan.left), 'person', 'people')} left the bank since; they were not brought back.")
    waiting = sum(1 for person in plan.all if person.identities or person.experiences)
    if waiting:
        out.print(
            f"{counted(waiting, 'person has', 'people have')} experiences or identities in the file:"
            " unused and unshown until they say yes on their profile page."
        )


def say_batch(batch: ImportBatch | None) -> None:
    if batch is not None:
        out.print(f"Batch {batch.id}. To take it back: timebank undo-import {batch.id}")


def counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def length(minutes: int) -> str:
    return f"{show_clock(minutes)} ({minutes} min)"


def clocked(seconds: int) -> str:
    """H:MM and minutes; seconds too where they are not whole minutes, since none is ever rounded away."""
    minutes, rest = divmod(abs(seconds), 60)
    sign = "-" if seconds < 0 else ""
    shown = f"{sign}{show_clock(minutes)}" + (f":{rest:02}" if rest else "")
    return f"{shown} ({sign}{minutes} min{f' {rest} s' if rest else ''})"
