"""Reading and writing the people file: CSV, UTF-8, one header row, lists parted by semicolons (decisions.md section 5).

Everything wrong is told at once, each with the row a spreadsheet shows, the column, the value and what to do.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from matching.errors import AnswerRefused, PeopleRefused, Problem
from matching.people import COLUMNS, CRITERIA, LISTS, MUST_COLUMNS, Person, known_criteria
from matching.words import fold

_DIGITS = re.compile("-?[0-9]{1,9}")
# How alike a word and a criterion are before the word is taken for a slip of it (difflib's ratio).
SLIP = 0.75
_NUMBERS = ("capacity", "born", "stage")
# A spreadsheet takes a cell that begins like this for a formula; an apostrophe keeps it a text (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class PeopleFile:
    """The people of a file in the file's order, and warnings as sentences."""

    people: tuple[Person, ...]
    warnings: tuple[str, ...]


def read_people(path: str | Path) -> PeopleFile:
    """Read a people file. Raises PeopleRefused with every problem found; then nothing is read."""
    name = str(path)
    try:
        content = Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(name, "The file is not UTF-8 text. Save it again as CSV UTF-8.") from None
    except OSError as trouble:
        raise _refused(name, f"The file cannot be opened ({trouble.strerror}). Check its name and folder.") from trouble
    return parse_people(content, source=name)


def parse_people(content: str, *, source: str = "people") -> PeopleFile:
    """The same from text; `source` names the file in problems. Raises PeopleRefused."""
    reader = _Reader(source)
    people = reader.people(_rows(content.removeprefix("\ufeff"), source))
    if reader.problems:
        raise PeopleRefused(tuple(reader.problems))
    return PeopleFile(people, tuple(reader.warnings))


def people_text(people: Iterable[Person]) -> str:
    """The people file of these people, as text; what `parse_people` reads back as the same people."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for person in people:
        writer.writerow([guarded(_cell(getattr(person, column))) for column in COLUMNS])
    return written.getvalue()


def write_people(path: str | Path, people: Iterable[Person]) -> None:
    """Write a people file. Raises OSError when the file cannot be written."""
    Path(path).write_text(people_text(people), encoding="utf-8", newline="")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


class _Reader:
    """Gathers problems and warnings while the rows become people."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def people(self, rows: list[tuple[int, list[str]]]) -> tuple[Person, ...]:
        if not rows:
            self._problem(0, "", "", "The file is empty. Its first row names the columns; id is needed.")
            return ()
        header = self._header(rows[0][1])
        if self.problems:
            return ()
        read = [(row, self._person(row, cells, header)) for row, cells in rows[1:]]
        self._repeated_ids([(row, _at(cells, header, "id")) for row, cells in rows[1:]])
        found = [(row, person) for row, person in read if person is not None]
        self._unknown_criteria(found)
        self._musts_nobody_can_meet([person for _, person in found])
        return tuple(person for _, person in found)

    def _header(self, cells: list[str]) -> list[str]:
        """The columns by our names; "" for one that is not ours."""
        names = [fold(cell).replace(" ", "_") for cell in cells]
        unknown = [cell.strip() for cell, name in zip(cells, names, strict=True) if name and name not in COLUMNS]
        if "id" not in names:
            fix = "There is no column named id. The first row names the columns, parted by commas; id is needed."
            self._problem(1, "id", "", fix)
        for name, count in Counter(names).items():
            if name in COLUMNS and count > 1:
                self._problem(1, name, "", "The column is there more than once. Keep one.")
        if unknown:
            self.warnings.append(f"{self.source}: columns not known and not read: {', '.join(unknown)}.")
        return [name if name in COLUMNS else "" for name in names]

    def _person(self, row: int, cells: list[str], header: list[str]) -> Person | None:
        if len(cells) > len(header):
            fix = "The row has more cells than the header. Put quotation marks around text with a comma in it."
            self._problem(row, "", cells[len(header)], fix)
            return None
        values: dict[str, Any] = {}
        for column, cell in zip(header, cells, strict=False):
            text = _unguarded(cell).strip()
            if column and text:
                try:
                    values[column] = _value(column, text)
                    # Each answer is tried by itself, so that one row can tell of every answer that is wrong.
                    Person(**{"id": "someone", column: values[column]})
                except AnswerRefused as refused:
                    self._problem(row, column, refused.value, refused.fix)
                    values.pop(column, None)
        if "id" not in values:
            fix = "The id is blank. Give every person an id; any word or number that is used once will do."
            self._problem(row, "id", "", fix)
            return None
        return Person(**values)

    def _repeated_ids(self, ids: list[tuple[int, str]]) -> None:
        first: dict[str, int] = {}
        for row, name in ids:
            if name and name in first:
                fix = f"The id is already used in row {first[name]}. Give each person their own id, once."
                self._problem(row, "id", name, fix)
            first.setdefault(name, row)

    def _unknown_criteria(self, found: list[tuple[int, Person]]) -> None:
        """A slip in `unused` or `share` would use or show what its owner did not mean: what looks like one is refused.

        Anything else may be a kind of identity that nobody here happens to give, and is only named.
        """
        known = known_criteria(person for _, person in found)
        strange: set[str] = set()
        for row, person in found:
            for column in ("share", "unused", "importance"):
                for name in getattr(person, column):
                    near = [] if name in known else get_close_matches(name, CRITERIA, n=1, cutoff=SLIP)
                    if near:
                        self._problem(row, column, name, f"There is no such criterion. Did you mean {near[0]}?")
                    elif name not in known:
                        strange.add(name)
        if strange:
            named = ", ".join(sorted(strange))
            self.warnings.append(f"{self.source}: neither criteria nor kinds of identity given here: {named}.")

    def _musts_nobody_can_meet(self, people: list[Person]) -> None:
        kinds = {kind for person in people for kind in person.answers.kinds} | set(MUST_COLUMNS.values())
        wished = {must.kind for person in people for must in person.answers.musts if must.kind}
        if wished - kinds:
            named = ", ".join(sorted(wished - kinds))
            self.warnings.append(f"{self.source}: musts name a kind of identity that nobody here gives: {named}.")

    def _problem(self, row: int, column: str, value: str, fix: str) -> None:
        self.problems.append(Problem(file=self.source, row=row, column=column, value=value, fix=fix))


def _rows(content: str, source: str) -> list[tuple[int, list[str]]]:
    """Every row that says anything, with its number. A line break in quotation marks stays in its row."""
    try:
        table = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    except csv.Error as trouble:
        raise _refused(source, f"The file is not a well-formed CSV file ({trouble}). Save it again as CSV.") from None
    return [(row, cells) for row, cells in enumerate(table, start=1) if any(cell.strip() for cell in cells)]


def _at(cells: Sequence[str], header: list[str], column: str) -> str:
    place = header.index(column)
    return _unguarded(cells[place]).strip() if place < len(cells) else ""


def _value(column: str, text: str) -> Any:
    if column == "importance":
        return _importance(text)
    if column in LISTS:
        return tuple(text.split(";"))
    if column in _NUMBERS:
        return _whole(column, text)
    if column == "waiting_since":
        return _date(column, text)
    return text


def _whole(column: str, text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise AnswerRefused(column, text, "Write a whole number in digits, of at most nine.")
    return int(text)


def _date(column: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AnswerRefused(column, text, "Write the date as year-month-day, like 2026-01-31.") from None


def _importance(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not part.strip():
            continue
        if not equals or not fold(name) or not value.strip().isdecimal():
            fix = "Write each as a criterion, = and a whole number from 0 to 5, like goals=3;age=0."
            raise AnswerRefused("importance", part.strip(), fix)
        if fold(name) in found:
            raise AnswerRefused("importance", part.strip(), "The criterion is there twice. Keep one.")
        found[fold(name)] = int(value)
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, str | int | date):
        return str(value)
    return ";".join(f"{name}={weight}" for name, weight in value.items())


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def _refused(source: str, fix: str) -> PeopleRefused:
    return PeopleRefused((Problem(file=source, row=0, column="", value="", fix=fix),))
