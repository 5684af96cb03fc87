"""A CSV file from outside, as rows under one header: read as the standard says (RFC 4180) or refused with its place, never guessed at.

Python's own reader takes a stray quotation mark for a letter, rows of any length and any sign there is. Here every row has as
many cells as the header, and whatever a spreadsheet would not have written stops the whole file.
"""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matching.errors import MatchingRefusal, Problem
from matching.words import fold

MOST_BYTES = 32 * 2**20
MOST_ROWS = 300_000
LONGEST_CELL = 100_000
MOST_PROBLEMS = 1000  # nobody reads more
_CELL = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^",\r\n]*+))(,|\r\n|\r|\n|\Z)')
_ROW_ENDS = re.compile(r"\r\n|\r|\n")
_CANNOT_BE_KEPT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")
_LOST = "\ufffd"
_NOT_WORKED_OUT = re.compile(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!)", re.IGNORECASE)
_MAY_BE_WRONG = re.compile(r"#|''|\\")
_OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet or another packed file",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet file",
    b"\x1f\x8b": "a packed file",
    b"%PDF": "a PDF file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"\x00\x00\xfe\xff": "text in UTF-32",
}
_OTHER_PARTERS = {";": "semicolons", "\t": "tabs", "|": "upright strokes"}
SAVE_AGAIN = "Open it in the program it came from and save it as CSV UTF-8."


class TableRefused(MatchingRefusal):
    """The file is no table that could be read without guessing."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.sentence for problem in problems))


@dataclass(frozen=True)
class Table:
    """The header and the rows that say anything, each with the number that a spreadsheet shows. All have one length."""

    header_row: int
    header: list[str]
    rows: list[tuple[int, list[str]]]


def read_table(path: Path, *, key: str) -> Table:
    """`key`: a column that has to be there. Raises TableRefused."""
    return parse_table(_text(path), source=str(path), key=key)


def parse_table(content: str, *, source: str, key: str) -> Table:
    """The same from text; `source` names the file in problems. Raises TableRefused."""
    reading = _Reading(source)
    table = reading.table(content.removeprefix("\ufeff"), key)
    if reading.problems:
        raise TableRefused(reading.problems)
    return table


def letter(place: int) -> str:
    """A column as a spreadsheet names it: A, B, … Z, AA."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def _text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _refused(path, "This is a folder or a device, not a file. Check its name.")
        if path.stat().st_size > MOST_BYTES:
            raise _refused(path, f"The file is larger than {MOST_BYTES >> 20} MB. Is it the right one?")
        content = path.read_bytes()
    except OSError as trouble:
        raise _refused(path, f"The file cannot be opened ({trouble.strerror}). Check its name and folder.") from trouble
    for start, kind in _OTHER_FILES.items():
        if content.startswith(start):
            raise _refused(path, f"The file is {kind}, not UTF-8 text with commas. {SAVE_AGAIN}")
    if content.count(0) * 8 > len(content) > 0:
        raise _refused(path, f"The file is not UTF-8 text, it looks like UTF-16. {SAVE_AGAIN}")
    # Bytes that are no UTF-8 stay recognisable, so that they can be told of by row and column.
    return content.decode("utf-8", "surrogateescape")


def _refused(path: Path, fix: str) -> TableRefused:
    return TableRefused([Problem(file=str(path), row=0, column="", value="", fix=fix)])


class _Reading:
    """One file while it is read, with its problems."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.header: list[str] = []

    def table(self, content: str, key: str) -> Table:
        rows = self._said(content)
        header_row, cells = next(rows, (0, []))
        if not header_row:
            if not self.problems:
                self._problem(0, "", "", f"The file is empty. Its first row names the columns; {key} is needed.")
            return Table(0, [], [])
        self._read_header(header_row, cells, key)
        kept: list[tuple[int, list[str]]] = []
        for row, found in () if self.problems else rows:
            kept.append((row, self._fitted(row, found)))
            if len(self.problems) >= MOST_PROBLEMS:
                break
        return Table(header_row, self.header, kept)

    def _said(self, content: str) -> Iterator[tuple[int, list[str]]]:
        """The rows that say anything."""
        for row, cells in self._records(content):
            if row > MOST_ROWS:
                self._problem(row, "", "", f"The file has more than {MOST_ROWS} rows. Is it the right one?")
                return
            if any(cell.strip() for cell in cells):
                yield row, cells

    def _records(self, content: str) -> Iterator[tuple[int, list[str]]]:
        """Every row with its number. A line break in quotation marks stays in its row."""
        if '"' not in content:
            yield from ((row, line.split(",")) for row, line in enumerate(_lines(content), start=1))
            return
        row, place, cells = 1, 0, list[str]()
        while True:
            found = _CELL.match(content, place)
            if found is None:
                self._misquoted(row, len(cells), content[place : place + 200])
                return
            marked, plain, end = found.groups()
            cells.append(plain if marked is None else self._between_marks(row, len(cells), marked))
            place = found.end()
            if end == ",":
                continue
            yield row, cells
            row, cells = row + 1, []
            if not end:
                return

    def _misquoted(self, row: int, place: int, rest: str) -> None:
        fix = (
            "The quotation marks of this cell do not belong together. Put one before and one after its text, nothing"
            " outside them, and write a mark within the text twice."
        )
        self._problem(row, self._name(place), re.split(r"[\r\n]", rest)[0], fix)

    def _between_marks(self, row: int, place: int, text: str) -> str:
        commas = len(self.header) - 1
        if commas > 1 and any(line.count(",") >= commas for line in _ROW_ENDS.split(text)[1:]):
            fix = (
                "This cell goes over several lines that look like rows of their own. Put its quotation marks where its"
                " text begins and ends."
            )
            self._problem(row, self._name(place), text, fix)
        return text.replace('""', '"')

    def _read_header(self, row: int, cells: list[str], key: str) -> None:
        self._look_at(row, cells)
        if not self.problems and fold(key) not in map(fold, cells):
            self._problem(row, key, "", _no_key(cells, key))
        self.header = [" ".join(cell.split()) for cell in cells]

    def _fitted(self, row: int, cells: list[str]) -> list[str]:
        """A row that is longer or shorter than the header is refused: nobody can say which of its cells is which."""
        width = len(self.header)
        if len(cells) > width:
            fix = "The row has more cells than the header. Put quotation marks around text with a comma in it."
            self._problem(row, letter(width), cells[width], fix)
        elif len(cells) < width:
            fix = f"The row has {len(cells)} cells and the header {width}. Put a comma for each cell that is blank."
            self._problem(row, self._name(len(cells)), "", fix)
        elif [fold(cell) for cell in cells] == [fold(name) for name in self.header]:
            self._problem(row, self._name(0), cells[0], "This row names the columns once more. Take it out.")
        else:
            self._look_at(row, cells)
        return cells

    def _look_at(self, row: int, cells: list[str]) -> None:
        joined = "".join(cells)
        is_plain = joined.isascii() and joined.isprintable() and not _MAY_BE_WRONG.search(joined)
        for place, cell in enumerate(() if is_plain and len(joined) <= LONGEST_CELL else cells):
            fix = _what_is_wrong(cell)
            if fix:
                self._problem(row, self._name(place), cell, fix)
        if "" in self.header:
            self._under_no_heading(row, cells)

    def _under_no_heading(self, row: int, cells: list[str]) -> None:
        for place, (cell, name) in enumerate(zip(cells, self.header, strict=True)):
            if cell.strip() and not name:
                self._problem(row, letter(place), cell, "This column has no name. Name it in the header, or clear it.")

    def _name(self, place: int) -> str:
        """What the header calls it, or the letter that a spreadsheet shows."""
        return (self.header[place] if place < len(self.header) else "") or letter(place)

    def _problem(self, row: int, column: str, value: str, fix: str) -> None:
        self.problems.append(Problem(file=self.source, row=row, column=column, value=value, fix=fix))


def _lines(content: str) -> Iterator[str]:
    start = 0
    for end in _ROW_ENDS.finditer(content):
        yield content[start : end.start()]
        start = end.end()
    yield content[start:]


def _no_key(cells: list[str], key: str) -> str:
    line = ",".join(cells)
    for parter, called in _OTHER_PARTERS.items():
        if fold(key) in {fold(cell.strip("'\" ")) for cell in line.split(parter)}:
            return f"There is no column named {key}: the columns are parted by {called}. Save the file with commas, as CSV UTF-8."
    return (
        f"There is no column named {key}. The first row names the columns, parted by commas. Take out lines that stand"
        " above it."
    )


def _what_is_wrong(cell: str) -> str:
    """A sentence, or nothing."""
    if len(cell) > LONGEST_CELL:
        return f"The cell is longer than {LONGEST_CELL} letters. Shorten it."
    return _wrong_letters(cell) or _wrong_text(cell.strip())


def _wrong_letters(cell: str) -> str:
    found = _CANNOT_BE_KEPT.search(cell)
    if found and "\udc80" <= found[0] <= "\udcff":
        return f"The letters are not UTF-8. {SAVE_AGAIN}"
    if found:
        return "The cell holds a character that cannot be printed. Take it out."
    if _LOST in cell:
        return "Letters of this cell were lost when the file was saved. Write them again, and save it as CSV UTF-8."
    meant = _meant(cell)
    return f"The letters are broken; perhaps it was {meant!r}. {SAVE_AGAIN}" if meant else ""


def _wrong_text(text: str) -> str:
    if _NOT_WORKED_OUT.fullmatch(text):
        return "The spreadsheet could not work this cell out. Write what belongs here."
    if text.endswith("\\"):
        return "The text ends in a backslash. Take it out; a quotation mark within a text is written twice."
    within = text[1:-1]
    # Somebody's apostrophes for quotation marks: those within are doubled, and none stands alone.
    if text[:1] == "'" == text[-1:] and "''" in within and "'" not in within.replace("''", ""):
        return "The text stands between apostrophes. Put it between quotation marks, and write apostrophes once."
    return ""


def _meant(cell: str) -> str:
    """What a cell said before somebody read its UTF-8 as letters of Windows; nothing if that never happened."""
    if cell.isascii():
        return ""
    try:
        return cell.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return ""
