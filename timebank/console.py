"""What every command shares: the database it works on, the bank that is meant, a bar for long work, and how it says no.

Exit status: 0 done, 1 a check failed, 2 bad use (one sentence that says what to do).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import rich_click as click
from environs.exceptions import EnvError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from timebank import migrating
from timebank.config import Config, from_environment
from timebank.db import Database
from timebank.members import reads as members
from timebank.members.models import Bank
from timebank.vault.keys import KeyRing

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

LONG_WORK = 200

Moved = Callable[[int], None]  # how many are done by now


def refuse(sentence: str, *, status: int = 2) -> NoReturn:
    err.print(sentence, markup=False)
    raise SystemExit(status)


def read_config() -> Config:
    try:
        return from_environment()
    except EnvError as error:
        refuse(f"A setting cannot be used. {error}. Correct it and start again.")


@contextmanager
def opened(*, config: Config | None = None) -> Iterator[Database]:
    """The database, if it is at the newest migration. Only run.py, `serve` and `migrate` bring it there."""
    config = config or read_config()
    database = Database(config.database_url, keys=KeyRing.beside(config.keys_file))
    try:
        if current_or_refuse(database) != migrating.newest():
            refuse("This database was made by another version of Timebank. Run 'timebank migrate' first.")
        yield database
    finally:
        database.close()


def current_or_refuse(database: Database) -> str | None:
    try:
        return migrating.current(database)
    except SQLAlchemyError as error:
        refuse(f"The database cannot be opened ({type(error).__name__}). Check TIMEBANK_DATABASE_URL and try again.")


def choose_bank(session: Session, name: str | None) -> Bank:
    """The bank named, or the only one there is."""
    bank = members.find_bank(session, name)
    if bank is not None:
        return bank
    known = ", ".join(f"“{found.name}”" for found in members.list_banks(session))
    if not known:
        refuse("There is no bank yet. Make one with: timebank new-bank NAME")
    if name:
        refuse(f"There is no bank called “{name}”. Known are: {known}.")
    refuse(f"There is more than one bank: say which one with --bank. Known are: {known}.")


def nobody_looks(_done: int) -> None:
    """For callers without a terminal."""


@contextmanager
def bar(doing: str, total: int) -> Iterator[Moved]:
    """For work that takes longer than a breath. It is drawn on a terminal only, never into a file or a pipe."""
    hidden = total < LONG_WORK or not err.is_terminal
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=hidden) as drawn:
        task = drawn.add_task("", total=total)
        yield lambda done: drawn.update(task, completed=done)


@contextmanager
def passes() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each pass of a long look: name, rows done, rows in all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as drawn:
        tasks: dict[str, TaskID] = {}

        def moved(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = drawn.add_task(f"Looking at {name}", total=total)
            drawn.update(tasks[name], completed=done, total=total)

        yield moved


bank_option = click.option(
    "--bank", "bank_name", metavar="NAME", help="Which bank; may be left out when there is only one."
)
