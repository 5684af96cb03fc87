"""Files whose cells hold what does not belong there, or that are no CSV files at all."""

# ruff: noqa: RUF001 - full-width signs are what this is for

import gzip
import io
import random
import zipfile
from collections.abc import Iterator

from tests.imports.pollution import Polluted, Sample, changed, each_cell, made, raw, text_of, written

FORMULAS = (
    "=1+1",
    "+44",
    "-cmd",
    "@SUM(A1)",
    "＝1+1",
    "＋44",
    "－x",
    "＠x",
    '=HYPERLINK("http://x.example","y")',
    "=cmd|' /C calc'!A0",
)
ERRORS = ("#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!")
NUMBERS = ("1E+05", "12.0", "1,5", "1.5", "1e3", "１２", "٣", "1 000", "1'000", "0x1", "½", "NaN", "--1", "1-")
DATES = (
    "31/01/2024",
    "01-02-2024",
    "2024/01/31",
    "31.01.2024",
    "Jan 31, 2024",
    "20240131",
    "45322",
    "2024-W05-3",
    "24-01-31",
    "2024-13-01",
    "0024-01-31",
)
CONTROLS = ("\x00", "\x01", "\x07", "\x08", "\x0b", "\x1b[2J", "\x7f", "\x85", "\x9b", "\ufffe")


def control(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for row, place in each_cell(sample.rows, header=True):
        for sign in CONTROLS:
            cell = sample.rows[row][place]
            middle = len(cell) // 2
            rows = changed(sample.rows, row, place, cell[:middle] + sign + cell[middle:])
            column = sample.rows[0][place] if row else ""
            yield made(f"{sign!r} at {row} {place}", text_of(rows), "refused", row=row + 1, column=column)


def letters(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    text = text_of(sample.rows)
    yield made("with a mark at the start", b"\xef\xbb\xbf" + text.encode(), "same")
    for form in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        yield made(form, text.encode(form), "refused")
    yield made("utf-16-be with its mark", b"\xfe\xff" + text.encode("utf-16-be"), "refused")
    for form in ("cp1252", "latin-1", "cp850", "cp437", "mac-roman", "iso8859-15", "shift-jis", "cp037"):
        data = text.encode(form, "replace")
        if data != text.encode("ascii", "replace"):
            yield made(form, data, "refused")
    yield made("read as cp1252 and written again", text.encode().decode("cp1252", "replace").encode(), "refused")
    for row, place in each_cell(sample.rows):
        cells = written(sample.rows)
        before, after = (
            raw(changed(cells, row, place, f"{cells[row][place][:-1]}\0")).split("\0")
            if not cells[row][place].endswith('"')
            else ("", "")
        )
        for broken in (
            (b"\xff", b"\xc3", b"\xe2\x82", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe9t\xe9")
            if before
            else ()
        ):
            yield made(
                f"{broken!r} at {row} {place}",
                before.encode() + broken + after.encode(),
                "refused",
                row=row + 1,
                column=sample.rows[0][place],
            )
        for lost in ("\ufffd", "Ã©tÃ©"):
            yield made(
                f"{lost!r} at {row} {place}",
                text_of(changed(sample.rows, row, place, lost)),
                "refused",
                row=row + 1,
                column=sample.rows[0][place],
            )


def large(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for column in (*sample.typed, *sample.texts):
        rows = changed(sample.rows, 1, sample.place(column), "x" * 1_000_000)
        yield made(f"a cell of a million letters in {column}", text_of(rows), "refused", row=2, column=column)
    yield made("a mark that is never closed", text_of(sample.rows) + '"' + "x\n" * 300_000, "refused")
    yield made("a row of a million cells", text_of(sample.rows) + "," * 1_000_000 + "x", "refused")
    yield made(
        "a header of a hundred thousand cells",
        ",".join(f"c{number}" for number in range(100_000)) + "\n" + text_of(sample.rows),
        "refused",
    )
    yield made("a hundred thousand blank rows", text_of(sample.rows) + "\n" * 100_000, "same")
    yield made("a cell of marks", text_of(sample.rows) + '"' * 300_001, "refused")


def formula(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for row in range(1, len(sample.rows)):
        for column in sample.typed:
            for formula in FORMULAS:
                yield made(
                    f"{formula!r} in {column} {row}",
                    text_of(changed(sample.rows, row, sample.place(column), formula)),
                    "refused",
                    row=row + 1,
                    column=column,
                )
        for column in sample.texts:
            for formula in FORMULAS:
                yield made(
                    f"{formula!r} in {column} {row}",
                    text_of(changed(sample.rows, row, sample.place(column), formula)),
                    "same",
                    row=row + 1,
                    column=column,
                    said=formula,
                )
        for column in (*sample.typed, *sample.texts):
            for error in ERRORS:
                yield made(
                    f"{error} in {column} {row}",
                    text_of(changed(sample.rows, row, sample.place(column), error)),
                    "refused",
                    row=row + 1,
                    column=column,
                )


def number(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for row in range(1, len(sample.rows)):
        for column in sample.typed:
            for number in NUMBERS:
                yield made(
                    f"{number!r} in {column} {row}",
                    text_of(changed(sample.rows, row, sample.place(column), number)),
                    "refused",
                    row=row + 1,
                    column=column,
                )


def date(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for row in range(1, len(sample.rows)):
        for column in sample.dates:
            for date in DATES:
                yield made(
                    f"{date!r} in {column} {row}",
                    text_of(changed(sample.rows, row, sample.place(column), date)),
                    "refused",
                    row=row + 1,
                    column=column,
                )


def twice(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    """Only where a row has a key of its own."""
    place = sample.place(sample.key)
    for row in range(1, len(sample.rows)) if sample.key in {"N", "id"} else ():
        for other in range(1, len(sample.rows)):
            if row != other:
                yield made(
                    f"the key of {other} in {row}",
                    text_of(changed(sample.rows, row, place, sample.rows[other][place])),
                    "refused",
                )
        yield made(
            f"row {row} twice",
            text_of([*sample.rows, sample.rows[row]]),
            "refused",
            row=len(sample.rows) + 1,
            column=sample.key,
        )


def other_file(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    text = text_of(sample.rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", text)
    table = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n" for cells in sample.rows)
    for what, content in (
        ("a zip", packed.getvalue()), ("half a zip", packed.getvalue()[:40]), ("gzip", gzip.compress(text.encode())),
        ("an old spreadsheet", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512), ("a PDF", b"%PDF-1.7\n%\xe2\xe3\n"), ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("a page", f"<!doctype html><table>{table}</table>"), ("a page without a word", table), ("JSON", '[{"id": "ana", "side": "seek"}]'), ("a list", "\n".join(sample.rows[0])),
        ("bytes of chance", random.Random(3).randbytes(2000)), ("XML", f"<?xml version='1.0'?>{table}"), ("a letter", "Dear all,\nplease find the list attached.\n"),
        ("turned on its side", text_of([list(column) for column in zip(*sample.rows, strict=True)])),
    ):  # fmt: skip
        yield made(what, content, "refused")


CELLS = (control, letters, large, formula, number, date, twice, other_file)
