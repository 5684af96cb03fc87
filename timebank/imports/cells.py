"""A CSV file from outside, read cell by cell. Everything wrong is gathered, so that one look at the file mends it all."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from matching.errors import Problem
from matching.tables import Table, TableRefused, read_table
from matching.words import fold

EARLIEST = date(1970, 1, 1)
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_LENGTH = re.compile(r"([0-9]{1,6}):([0-5][0-9])")
_STAMPS = ("%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z")


class FileRefused(Exception):  # noqa: N818 - people read this as a refusal
    """The files need another look. Nothing was written."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.sentence for problem in self.problems))


class CellRefused(Exception):  # noqa: N818
    """One cell cannot be read; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """`number` as a spreadsheet shows it, the header being 1. Cells by the header's own names."""

    number: int
    cells: dict[str, str]


class Sheet:
    """One file while it is read, with its problems."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.problems: list[Problem] = []
        self.not_read: list[str] = []

    def problem(self, *, row: int = 0, column: str = "", value: str = "", fix: str) -> None:
        self.problems.append(Problem(file=self.name, row=row, column=column, value=value, fix=fix))

    def rows(self, needed: Sequence[str], *, not_kept: Sequence[str] = ()) -> list[Row]:
        """The rows that say anything. Columns are found by name, wherever they stand."""
        try:
            table = read_table(self.path, key=needed[0])
        except TableRefused as refused:
            self.problems.extend(refused.problems)
            return []
        names = self._names(table, needed, not_kept)
        if self.problems:
            return []
        return [
            Row(number=number, cells={name: cell.strip() for name, cell in zip(names, cells, strict=True) if name})
            for number, cells in table.rows
        ]

    def _names(self, table: Table, needed: Sequence[str], not_kept: Sequence[str]) -> list[str]:
        """The columns by our names; "" for one that is not ours."""
        known = {fold(name): name for name in (*needed, *not_kept)}
        names = [known.get(fold(cell), "") for cell in table.header]
        for name in needed:
            if names.count(name) != 1:
                what = (
                    "There is no column of this name"
                    if name not in names
                    else "There is more than one column of this name"
                )
                wanted = ", ".join(needed)
                self.problem(
                    row=table.header_row,
                    column=name,
                    fix=f"{what}. The file needs {wanted}, with commas between, as TimeOverflow exports them in English.",
                )
        self.not_read = [cell for cell, name in zip(table.header, names, strict=True) if name not in needed and cell]
        return names


def whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise CellRefused("Write a whole number in digits.")
    return int(text)


def clock_length(text: str) -> int:
    """Minutes from H:MM."""
    found = _LENGTH.fullmatch(text)
    minutes = int(found[1]) * 60 + int(found[2]) if found else 0
    if not minutes:
        raise CellRefused("Write hours and minutes as H:MM, like 1:30, and more than 0:00.")
    return minutes


def stamp(text: str, *, now: datetime) -> datetime:
    """A moment such as `2024-01-03 10:43:00 UTC`."""
    for form in _STAMPS:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - a name such as UTC leaves no zone; it is put in below
        except ValueError:
            continue
        if form.endswith("%Z") and not text.endswith(("UTC", "GMT")):
            continue
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if moment.date() < EARLIEST:
            raise CellRefused("This lies before 1970. Write the date as it was exported.")
        if moment > now:
            raise CellRefused("This lies in the future. Check the year, and this computer's clock.")
        return moment
    raise CellRefused("Write the moment as it was exported, like 2024-01-31 10:43:00 UTC.")
