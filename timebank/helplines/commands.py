"""timebank helplines"""

from datetime import date

import rich_click as click

from timebank import clock
from timebank.console import bank_option, choose_bank, opened, out, refuse
from timebank.helplines import reads
from timebank.helplines.lines import FILE, BadLines, read_file
from timebank.helplines.reads import Line
from timebank.web.days import day

CHECK_FAILED = 1


@click.command()
@bank_option
@click.option("--as-shipped", is_flag=True, help="Only what the file that comes with the program says; opens no bank.")
@click.option("--check", is_flag=True, help="End with 1 if one was not checked for more than 90 days, or never.")
def helplines(*, bank_name: str | None, as_shipped: bool, check: bool) -> None:
    """The numbers on the page of urgent help, and how long ago somebody made sure of each.

    Nothing is ever left off the page because it is old. Checks are written down by a coordinator, on the desk.
    """
    lines = _shipped(clock.today()) if as_shipped else _of_bank(bank_name)
    for line in lines:
        out.print(f"{_age(line):<28} {line.how}  ({line.name}; {line.hours.lower()})", markup=False)
    stale = [line for line in lines if line.needs_a_look]
    out.print(f"{len(lines)} numbers, {len(stale)} to look at.", markup=False)
    if check and stale:
        raise SystemExit(CHECK_FAILED)


def _shipped(today: date) -> list[Line]:
    try:
        read_file(FILE, today=today)
    except BadLines as trouble:
        refuse(str(trouble))
    return reads.as_shipped(today)


def _of_bank(bank_name: str | None) -> list[Line]:
    with opened() as database, database.reading() as session:
        bank = choose_bank(session, bank_name)
        return list(reads.numbers(session, bank, today=clock.today()).own.lines)


def _age(line: Line) -> str:
    if line.checked_on is None or line.age_days is None:
        return "never checked"
    return f"{day(line.checked_on)} ({line.age_days} days)"
