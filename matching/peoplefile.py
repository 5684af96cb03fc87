"""Reading and writing the people file: CSV, UTF-8, one header row, lists parted by semicolons (decisions.md section 5).

Everything wrong is told at once, each with the row a spreadsheet shows, the column, the value and what to do.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from matching.errors import AnswerRefused, PeopleRefused, Problem
from matching.formulas import guarded, unguarded
from matching.people import (
    COLUMNS,
    CRITERIA,
    EARLIEST_BIRTH,
    LATEST_BIRTH,
    LISTS,
    MUST_COLUMNS,
    Person,
    known_criteria,
)
from matching.tables import MOST_PROBLEMS, Table, TableRefused, parse_table, read_table
from matching.words import fold, tidy

_DIGITS = re.compile("-?[0-9]{1,9}")
# How alike a word and a criterion are before the word is taken for a slip of it (difflib's ratio).
SLIP = 0.75
MOST_PEOPLE = 100_000
# What the file may say to the time bank, and not to the engine: for which answers the charity holds their owner's yes.
FOR_THE_BANK = ("agreed",)
_NUMBERS = ("capacity", "born", "stage")
_IDS = ("id", "not_with", "ended_with", "kept_with")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNDER_A_TABLE = {"total", "totals", "sum", "subtotal", "count", "average", "note", "notes", "end", "eof"}
_ONE_WORD = re.compile(r"\w[\w.@'’-]*")
# What a spreadsheet makes of a long number, or of any number in a column of decimals: 1E+05, 12.0.
_NUMBER_CHANGED = re.compile(r"[0-9]+([.,][0-9]+)?E[+-]?[0-9]+|[0-9]+[.,]0+", re.IGNORECASE)


@dataclass(frozen=True)
class PeopleFile:
    """The people of a file in the file's order, warnings as sentences, and the row in which each id stands."""

    people: tuple[Person, ...]
    warnings: tuple[str, ...]
    rows: Mapping[str, int] = field(default_factory=dict)


def read_people(path: str | Path) -> PeopleFile:
    """Read a people file. Raises PeopleRefused with every problem found; then nothing is read."""
    with _as_refusal_of_people():
        table = read_table(Path(path), key="id")
    return _people(table, str(path))


def parse_people(content: str, *, source: str = "people") -> PeopleFile:
    """The same from text, in which there may be nobody; `source` names the file in problems. Raises PeopleRefused."""
    with _as_refusal_of_people():
        table = parse_table(content, source=source, key="id")
    return _people(table, source)


@contextmanager
def _as_refusal_of_people() -> Iterator[None]:
    try:
        yield
    except TableRefused as refused:
        raise PeopleRefused(refused.problems) from None


def _people(table: Table, source: str) -> PeopleFile:
    reader = _Reader(source)
    people = reader.people(table)
    if reader.problems:
        raise PeopleRefused(tuple(reader.problems))
    return PeopleFile(people, tuple(reader.warnings), reader.first)


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


class _Reader:
    """Gathers problems and warnings while the rows become people."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.first: dict[str, int] = {}

    def people(self, table: Table) -> tuple[Person, ...]:
        header = self._header(table)
        if len(table.rows) > MOST_PEOPLE:
            self._problem(0, "", "", f"The file has more than {MOST_PEOPLE} people. Is it the right one?")
        if self.problems:
            return ()
        read = []
        for row, cells in table.rows:
            read.append((row, self._person(row, cells, header)))
            if len(self.problems) >= MOST_PROBLEMS:
                return ()
        place = header.index("id")
        self._repeated_ids([(row, _one_spelling(unguarded(cells[place]))) for row, cells in table.rows])
        found = [(row, person) for row, person in read if person is not None]
        self._unknown_criteria(found)
        self._musts_nobody_can_meet([person for _, person in found])
        return tuple(person for _, person in found)

    def _header(self, table: Table) -> list[str]:
        """The columns by our names; "" for one that is not ours."""
        names = [fold(cell).replace(" ", "_") for cell in table.header]
        unknown = [
            cell
            for cell, name in zip(table.header, names, strict=True)
            if name and name not in (*COLUMNS, *FOR_THE_BANK)
        ]
        for name, count in Counter(names).items():
            if name in (*COLUMNS, *FOR_THE_BANK) and count > 1:
                self._problem(table.header_row, name, "", "The column is there more than once. Keep one.")
        if unknown:
            self.warnings.append(f"{self.source}: columns not known and not read: {', '.join(unknown)}.")
        return [name if name in COLUMNS else "" for name in names]

    def _person(self, row: int, cells: list[str], header: list[str]) -> Person | None:
        values: dict[str, Any] = {}
        for column, cell in zip(header, cells, strict=True):
            text = unguarded(cell).strip()
            if column and text:
                try:
                    values[column] = _value(column, text)
                    # Each answer is tried by itself, so that one row can tell of every answer that is wrong.
                    Person(**{"id": "someone", column: values[column]})
                except AnswerRefused as refused:
                    self._problem(row, column, refused.value, refused.fix)
                    values[column] = None
        if "id" not in values:
            fix = "The id is blank. Give every person an id; any word or number that is used once will do."
            self._problem(row, "id", "", fix)
        elif len(values) == 1 and sum(map(bool, header)) > 1 and _could_be_a_note(str(values["id"])):
            fix = "This row has an id and nothing else. If it is a note, take it out; if it is a person, write 1 in capacity."
            self._problem(row, "id", values["id"], fix)
        told = {column: value for column, value in values.items() if value is not None}
        return Person(**told) if "id" in told else None

    def _repeated_ids(self, ids: list[tuple[int, str]]) -> None:
        for row, name in ids:
            if name and name in self.first:
                fix = f"The id is already used in row {self.first[name]}. Give each person their own id, once."
                self._problem(row, "id", name, fix)
            self.first.setdefault(name, row)

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


def _value(column: str, text: str) -> Any:
    if column == "importance":
        return _importance(text)
    if column in _IDS:
        return _id(text) if column == "id" else tuple(_id(part) for part in text.split(";") if part.strip())
    if column in LISTS:
        return tuple(text.split(";"))
    if column in _NUMBERS:
        return _whole(column, text)
    if column == "waiting_since":
        return _date(column, text)
    return text


def _could_be_a_note(name: str) -> bool:
    """What people write under a table, where a row of it would hold somebody's id."""
    return fold(name) in _UNDER_A_TABLE or not _ONE_WORD.fullmatch(name)


def _one_spelling(name: str) -> str:
    return tidy(unicodedata.normalize("NFC", name))


def _id(text: str) -> str:
    """One spelling of the same letters, for people are named by it; never what a spreadsheet made of a number."""
    name = _one_spelling(text)
    if ";" in name:
        raise AnswerRefused("id", text, "A semicolon parts two ids. Take it out.")
    if fold(name) in COLUMNS:
        raise AnswerRefused("id", text, "This row seems to name columns once more. Take it out.")
    if _NUMBER_CHANGED.fullmatch(name):
        raise AnswerRefused("id", text, "A spreadsheet changed this number. Write it in full, in a column of text.")
    return name


def _whole(column: str, text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise AnswerRefused(column, text, "Write a whole number in digits, of at most nine.")
    return int(text)


def _date(column: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Python reads other forms as well, and some of them are another order of the same numbers.
    if day is None or not _DAY.fullmatch(text) or not EARLIEST_BIRTH <= day.year <= LATEST_BIRTH:
        raise AnswerRefused(column, text, "Write the date as year-month-day, like 2026-01-31.")
    return day


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
