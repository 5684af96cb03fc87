"""`timebank match`: the engine on a spreadsheet, with no database."""

import csv
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NoReturn

import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from matching import Pair, Person, Round, Scheme, run_round
from matching.checks import faults
from matching.errors import MatchingRefusal, PeopleRefused
from matching.explain import say_all, unmatched_for_person, unmatched_for_staff
from matching.formulas import guarded
from matching.peoplefile import PeopleFile, read_people
from matching.who_now import who_now
from matching.why_not import why_not, why_not_for_staff
from timebank.clock import today
from timebank.matches.report import report

CHECK_FAILED, BAD_USE = 1, 2
# Below this many people a round is over before a bar could be read.
LONG_WORK_PEOPLE = 100
PAIRS_HEADER = ("left", "right", "fit", "reasons")
UNMATCHED_HEADER = ("id", "reason")


@click.command()
@click.option("--people", "people_file", required=True, type=click.Path(path_type=Path), help="The people file, CSV.")
@click.option("--scheme", "scheme_name", required=True, metavar="NAME|FILE.toml", help="A preset, or a scheme file.")
@click.option("-o", "--output", "pairs_file", type=click.Path(path_type=Path), help="Write the pairs here, CSV.")
@click.option("--unmatched", "unmatched_file", type=click.Path(path_type=Path), help="Write who has nobody yet, CSV.")
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Write one page about the round, HTML.")
@click.option("--now", "newcomer", metavar="ID", help="Only this one person: whom now, among those with a place left?")
@click.option("--why-not", "two", nargs=2, metavar="ID ID", help="Also say why these two were not paired (for staff).")
@click.option("--explain", is_flag=True, help="Also say in words why, pair by pair and person by person (for staff).")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides between equally good answers.")
@click.option("--on", "on", metavar="DATE", help="The day of the round, like 2026-01-31. Default: today.")
def match(
    *,
    people_file: Path,
    scheme_name: str,
    pairs_file: Path | None,
    unmatched_file: Path | None,
    report_file: Path | None,
    newcomer: str | None,
    two: tuple[str, str] | None,
    explain: bool,
    seed: int,
    on: str | None,
) -> None:
    """Propose pairs from a spreadsheet of people.

    Without -o the pairs are printed as CSV, and the summary goes to the other stream. The order of the rows does not
    matter: the same people, scheme, day and seed give the same pairs.

    Exit status: 0 done; 1 the answer failed its own check and nothing was written; 2 the input needs another look.
    """
    outputs = [path for path in (pairs_file, unmatched_file, report_file) if path is not None]
    refuse_clashing_files(people_file, outputs)
    if newcomer is not None and (outputs or two or explain):
        stop(["--now prints the pairs of one person and nothing else; leave the other options out."], status=BAD_USE)
    scheme, read, day = read_input(people_file, scheme_name, on)
    console = Console(stderr=pairs_file is None, highlight=False, soft_wrap=True, markup=False)
    if newcomer is not None:
        say_who_now(read.people, scheme, newcomer, day, seed)
        return
    with progress_bar(len(read.people)) as moved:
        decided = run_round(read.people, scheme, on=day, seed=seed, progress=moved)
    wrong = faults(decided, read.people)
    if wrong:
        stop(["The answer failed its own check, so nothing was written.", *wrong], status=CHECK_FAILED)
    rows = {person.id: person for person in read.people}
    pairs = csv_text(PAIRS_HEADER, pair_rows(decided.pairs))
    unmatched = csv_text(UNMATCHED_HEADER, unmatched_rows(decided, rows))
    page = "" if report_file is None else report(decided, read.people)
    contents = ((pairs_file, pairs), (unmatched_file, unmatched), (report_file, page))
    write_all([(path, text) for path, text in contents if path is not None])
    if pairs_file is None:
        click.echo(pairs, nl=False)
    if explain:
        say_why(console, decided)
    if two is not None:
        say_why_not(console, decided, read.people, *two)
    say_what_was_done(console, decided, len(read.people))


def read_input(people_file: Path, scheme_name: str, on: str | None) -> tuple[Scheme, PeopleFile, date]:
    """Everything that comes from outside. Every problem is one sentence, and the command ends with 2."""
    try:
        scheme = Scheme.from_file(scheme_name) if scheme_name.endswith(".toml") else Scheme.named(scheme_name)
        read = read_people(people_file)
        day = date.fromisoformat(on) if on else today()
    except PeopleRefused as refused:
        stop([problem.sentence for problem in refused.problems], status=BAD_USE)
    except MatchingRefusal as refused:
        stop([str(refused)], status=BAD_USE)
    except ValueError:
        stop([f"--on: {on!r} is not a date. Write it as year-month-day, like 2026-01-31."], status=BAD_USE)
    for warning in read.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return scheme, read, day


def refuse_clashing_files(people_file: Path, outputs: Sequence[Path]) -> None:
    """No output may take the place of the input, of another output or of a folder, and its folder must be there."""
    for path in (people_file, *outputs):
        try:
            path.resolve()
        except (OSError, RuntimeError):
            stop([f"{path}: this link leads in a circle. Choose another name."], status=BAD_USE)
    taken = {people_file.resolve()}
    for path in outputs:
        if path.resolve() in taken:
            stop([f"{path}: this file is already used in this command. Choose another name."], status=BAD_USE)
        if path.is_dir() or not path.resolve().parent.is_dir():
            stop([f"{path}: this cannot be written; it is a folder, or its folder is not there."], status=BAD_USE)
        taken.add(path.resolve())


def pair_rows(pairs: Iterable[Pair]) -> list[tuple[str, str, str, str]]:
    return [(made.left, made.right, str(made.fit), say_all(made.reasons, to="both")) for made in pairs]


def unmatched_rows(decided: Round, rows: dict[str, Person]) -> list[tuple[str, str]]:
    return [(left.id, unmatched_for_person(left, rows[left.id], decided.scheme)) for left in decided.unmatched]


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return written.getvalue()


def write_all(contents: Sequence[tuple[Path, str]]) -> None:
    """All files or none: each is written whole beside its place first, and then takes it."""
    ready: list[tuple[str, Path]] = []
    try:
        for path, text in contents:
            handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
            ready.append((name, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        for name, path in ready:
            Path(name).replace(path)
    except OSError as trouble:
        stop([f"{trouble.filename}: this cannot be written ({trouble.strerror})."], status=BAD_USE)
    finally:
        for name, _ in ready:
            Path(name).unlink(missing_ok=True)


@contextmanager
def progress_bar(people: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal while everybody is looked at; nothing when it would be over at once or goes to a file."""
    console = Console(stderr=True)
    hidden = people < LONG_WORK_PEOPLE or not console.is_terminal
    columns = (TextColumn("Looking at everybody"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def say_who_now(people: Sequence[Person], scheme: Scheme, newcomer: str, day: date, seed: int) -> None:
    """The pairs of one person as CSV, or why there are none."""
    try:
        found = who_now(people, scheme, newcomer, on=day, seed=seed)
    except MatchingRefusal as refused:
        stop([str(refused)], status=BAD_USE)
    if found.unmatched is not None:
        click.echo(unmatched_for_staff(found.unmatched, scheme), err=True)
    click.echo(csv_text(PAIRS_HEADER, pair_rows(found.pairs)), nl=False)


def say_why(console: Console, decided: Round) -> None:
    """For staff: what both chose to show, pair by pair, and which kinds of rule left nobody, person by person."""
    for made in decided.pairs:
        console.print(f"{made.left} and {made.right}: {say_all(made.reasons, to='both')}.")
    for left in (*decided.unmatched, *decided.still_looking):
        console.print(f"{left.id}: {unmatched_for_staff(left, decided.scheme)}")


def say_why_not(console: Console, decided: Round, people: Sequence[Person], one: str, other: str) -> None:
    """For staff: why two people were not paired, and what a round with this pair in it would have lost."""
    pairs = [(made.left, made.right) for made in decided.pairs]
    try:
        why = why_not(people, decided.scheme, pairs, one, other, on=decided.on, seed=decided.seed)
    except MatchingRefusal as refused:
        stop([str(refused)], status=BAD_USE)
    console.print(f"{one} and {other}: {why_not_for_staff(why, decided.scheme)}")


def say_what_was_done(console: Console, decided: Round, people: int) -> None:
    console.print(f"{decided.scheme.title}, {decided.on}, seed {decided.seed}")
    console.print(f"{people} in the file, {len(decided.pairs)} pairs, {len(decided.unmatched)} with nobody this time")
    if decided.still_looking:
        who = ", ".join(left.id for left in decided.still_looking)
        console.print(f"Supporting somebody, and still looking for support themselves: {who}")
    if decided.proof is not None and decided.exact:
        console.print(f"Total {decided.total}; no other answer is better (proved: primal and dual are equal)")
    elif decided.scheme.is_paired and decided.scheme.round.answer == "stable":
        console.print(f"Total {decided.total}; no two people would both rather have each other")
    elif decided.scheme.is_paired:
        console.print(f"Total {decided.total}" + ("; no other answer is better" if decided.exact else ""))


def stop(sentences: Iterable[str], *, status: int) -> NoReturn:
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(status)
