"""Files whose rows, cells, marks or headers are not those of the standard."""

import csv
import random
from collections.abc import Callable, Iterator

from tests.imports.pollution import Polluted, Sample, changed, each_cell, made, raw, text_of, written

DELIMITERS = {";": "semicolon", "\t": "tab", "|": "stroke", ":": "colon", "^": "hat", " ": "space", "\x1f": "unit sign"}
NOTES = ("Exported 2024-05-01", "* not yet asked", "Total: 3", "Total", "— end of list —", "Page 1 of 1")


def delimiter(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for sign, name in DELIMITERS.items():
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            yield made(f"{name} {quoting}", text_of(sample.rows, delimiter=sign, quoting=quoting), "refused")
        for row in range(1, len(sample.rows)):
            lines = text_of(sample.rows).splitlines()
            lines[row] = text_of([sample.rows[row]], delimiter=sign).removesuffix("\n")
            yield made(f"{name} in row {row + 1}", "\n".join(lines), "refused", row=row + 1)


def quote(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    yield made("marks around everything", text_of(sample.rows, quoting=csv.QUOTE_ALL), "same")
    for sign in ("'", "`", "\u00b4", "“", "$"):
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            yield made(f"{sign} {quoting}", text_of(sample.rows, quotechar=sign, quoting=quoting))
    cells = written(sample.rows)
    for row, place in each_cell(sample.rows, header=True):
        curly = changed(cells, row, place, f"'{sample.rows[row][place].replace(chr(39), chr(39) * 2)}, x'")
        yield made(f"apostrophes at {row} {place}", raw(curly), "refused")


def row_end(sample: Sample, chance: random.Random) -> Iterator[Polluted]:
    lines = text_of(sample.rows).splitlines()
    for end in ("\n", "\r\n", "\r", "\n\r"):
        yield made(repr(end), end.join(lines), "same")
        yield made(f"{end!r} and one at the end", end.join([*lines, ""]), "same")
        yield made(f"{end!r} and many", end.join([*lines, "", "", ""]), "same")
    for number in range(12):
        mixed = "".join(line + chance.choice(["\n", "\r\n", "\r"]) for line in lines)
        yield made(f"mixed {number}", mixed, "same")
    for row, place in each_cell(sample.rows):
        cell = sample.rows[row][place]
        if len(cell) > 1:
            for end in ("\n", "\r"):
                yield made(
                    f"{end!r} within {row} {place}",
                    raw(changed(written(sample.rows), row, place, cell[:1] + end + cell[1:])),
                )
    for sign in ("\x0b", "\x0c", "\x85", "\u2028", "\x1e"):
        yield made(f"rows end in {sign!r}", sign.join(lines), "refused")


def escape(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for sign in "\\^/":
        how = {"doublequote": False, "escapechar": sign}
        yield made(f"{sign} in marks", text_of(sample.rows, **how))
        yield made(f"{sign} in marks everywhere", text_of(sample.rows, quoting=csv.QUOTE_ALL, **how))
        yield made(f"{sign} without marks", text_of(sample.rows, quoting=csv.QUOTE_NONE, **how))
    for row, place in each_cell(sample.rows):
        cell = sample.rows[row][place]
        for broken in (f'"{cell}\\"', f'"\\"{cell}"', f'{cell}\\"', f'"{cell[:1]}\\"{cell[1:]}"'):
            yield made(
                f"{broken!r} at {row} {place}", raw(changed(written(sample.rows), row, place, broken)), "refused"
            )


def preamble(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    text, width = text_of(sample.rows), len(sample.rows[0])
    for lines in ("\n", "\n\n\r\n", " \n", "," * (width - 1) + "\n", " , \n,,,,,,\n"):
        yield made(f"blank {lines!r}", lines + text, "same")
    for line in (
        *NOTES,
        "sep=,",
        "sep=;",
        "# a comment",
        "Members",
        sample.key + " list",
        "1,2,3",
        '"a, b"',
        "a,b,c,d,e,f,g,h,i",
    ):
        for padding in ("", "," * (width - 1)):
            for after in ("", "\n"):
                yield made(f"{line!r} {len(padding)} {after!r}", f"{line}{padding}\n{after}{text}", "refused")
    yield made("the name of the key alone", f"{sample.key}\n{text}", "refused")


def footnote(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    text, width = text_of(sample.rows), len(sample.rows[0])
    for note in NOTES:
        for before in ("", "\n", "\n\n"):
            for padding in ("", "," * (width - 1)):
                yield made(f"{note!r} {before!r} {len(padding)}", f"{text}{before}{note}{padding}\n", "refused")
    for blanks in ("," * (width - 1), " ", "\t", " , , "):
        yield made(f"blank {blanks!r}", f"{text}{blanks}\n", "same")


def no_header(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    yield made("none", text_of(sample.rows[1:]), "refused")
    yield made("blank names", text_of([[""] * len(sample.rows[0]), *sample.rows[1:]]), "refused")
    yield made(
        "numbers for names",
        text_of([[str(place) for place in range(len(sample.rows[0]))], *sample.rows[1:]]),
        "refused",
    )
    for place in range(len(sample.rows[0])):
        yield made(f"no name at {place}", text_of(changed(sample.rows, 0, place, "")))
        yield made(
            f"the same name at {place}", text_of(changed(sample.rows, 0, place, sample.rows[0][place - 1])), "either"
        )


def two_headers(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    header, *rest = sample.rows
    above = ["People", *[""] * (len(header) - 1)]
    yield made("groups above", text_of([above, header, *rest]), "refused")
    yield made("numbers above", text_of([[str(place) for place in range(len(header))], header, *rest]), "refused")
    yield made("units below", text_of([header, [f"({name})" for name in header], *rest]), "refused")
    for row in range(1, len(sample.rows) + 1):
        for again in (header, [name.upper() for name in header], [f" {name}" for name in header]):
            rows = [*sample.rows[:row], again, *sample.rows[row:]]
            yield made(f"again {again[:1]} before {row}", text_of(rows), "refused", row=row + 1)
            yield made(
                f"again {again[:1]} after a gap before {row}",
                text_of(sample.rows[:row]) + "\n" + text_of(rows[row:]),
                "refused",
                row=row + 2,
            )


def header_spelling(sample: Sample, chance: random.Random) -> Iterator[Polluted]:
    header, *rest = sample.rows
    ways: tuple[Callable[[str], str], ...] = (
        str.upper, str.lower, str.title, str.swapcase, lambda name: f" {name} ", lambda name: f"\u00a0{name}\u00a0", lambda name: f"{name}\t",
        lambda name: f"\u200b{name}", lambda name: f"{name}\ufeff", lambda name: "".join(chr(ord(sign) + 0xFEE0) if "A" <= sign <= "z" and sign != "_" else sign for sign in name),
    )  # fmt: skip
    for number, way in enumerate(ways):
        yield made(f"way {number}", text_of([[way(name) for name in header], *rest]), "same")
        for place in range(len(header)):
            yield made(
                f"way {number} at {place}",
                text_of([[way(name) if at == place else name for at, name in enumerate(header)], *rest]),
                "same",
            )
    yield made("two marks at the start", "\ufeff\ufeff" + text_of(sample.rows), "same")
    for needed in (sample.key, "x" + sample.key):
        yield made(
            f"another for {needed}",
            text_of([[f"{needed}2" if name == sample.key else name for name in header], *rest]),
            "refused",
        )


def extra_cell(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for row, place in each_cell(sample.rows, header=True):
        for cell in ("", "x", " ", '"x,y"'):
            cells = written(sample.rows)
            cells[row].insert(place, cell)
            yield made(f"{cell!r} at {row} {place}", raw(cells), "refused")
    for row in range(len(sample.rows)):
        cells = written(sample.rows)
        yield made(f"at the end of {row}", raw([*cells[:row], [*cells[row], "x"], *cells[row + 1 :]]), "refused")
        yield made(f"a blank at the end of {row}", raw([*cells[:row], [*cells[row], ""], *cells[row + 1 :]]))


def missing_cell(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for row, place in each_cell(sample.rows, header=True):
        cells = [list(cells) for cells in sample.rows]
        del cells[row][place]
        yield made(f"at {row} {place}", text_of(cells), "refused", row=row + 1 if row else 0)
    for row in range(1, len(sample.rows)):
        for kept in (1, len(sample.rows[0]) // 2):
            cells = [cells[:kept] if at == row else cells for at, cells in enumerate(sample.rows)]
            yield made(f"after {kept} in {row}", text_of(cells), "refused", row=row + 1)


def marks(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    cells = written(sample.rows)
    for row, place in each_cell(sample.rows, header=True):
        cell = cells[row][place]
        middle = len(cell) // 2
        broken = {f'"{cell}', f'{cell}"', f'{cell[:middle]}"{cell[middle:]}', f' "{cell}', f'"{cell}" ', f'"{cell}"x'}
        if cell.startswith('"'):
            broken |= {cell[1:], cell[:-1], cell.replace('""', '"', 1)} - {cell}
        for one in sorted(broken):
            outcome = (
                "either" if (one.startswith('"') and one.endswith('"') and len(one) > 1) or one == '""' else "refused"
            )
            yield made(f"{one!r} at {row} {place}", raw(changed(cells, row, place, one)), outcome)
        yield made(
            f"needless marks at {row} {place}",
            raw(changed(cells, row, place, '"' + sample.rows[row][place].replace('"', '""') + '"')),
            "same",
        )


def line_in_cell(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for row, place in each_cell(sample.rows):
        for end in ("\n", "\r\n"):
            cell = sample.rows[row][place]
            yield made(f"{end!r} after {row} {place}", text_of(changed(sample.rows, row, place, cell + end)), "same")
            yield made(f"{end!r} before {row} {place}", text_of(changed(sample.rows, row, place, end + cell)), "same")
            if " " in cell:
                yield made(
                    f"{end!r} in {row} {place}", text_of(changed(sample.rows, row, place, cell.replace(" ", end, 1)))
                )
    for first in range(1, len(sample.rows) - 1):
        swallowed = text_of(sample.rows[first : first + 2]).strip().replace('"', '""')
        cells = changed(written(sample.rows), first, len(sample.rows[0]) - 1, f'"{swallowed}"')
        yield made(f"rows in a cell of {first}", raw(cells[: first + 1] + cells[first + 2 :]), "refused", row=first + 1)


def several_tables(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    text = text_of(sample.rows)
    other = "name,colour\nann,red\nbo,blue\n"
    wide = text_of([[f"{sample.key} or {name}" for name in sample.rows[0]], *[["?"] * len(sample.rows[0])] * 2])
    for gap in ("", "\n", "\n\n", ",,\n"):
        yield made(f"twice {gap!r}", text + gap + text, "refused")
        yield made(f"another {gap!r}", text + gap + other, "refused")
        yield made(f"another before {gap!r}", other + gap + text, "refused")
        yield made(f"a wide one {gap!r}", text + gap + wide, "refused")
        yield made(f"a wide one before {gap!r}", wide + gap + text, "refused")
    for gap in ([], [""]):
        yield made(f"side by side {len(gap)}", text_of([[*cells, *gap, *cells] for cells in sample.rows]), "refused")
        yield made(f"another beside it {len(gap)}", text_of([[*cells, *gap, "x"] for cells in sample.rows]))


def nothing(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    header = text_of(sample.rows[:1])
    yield from (made(f"header {after!r}", header + after, "refused") for after in ("", "\n\n", " , \n", ",,,,\n"))
    yield from (
        made(repr(text), text, "refused")
        for text in ("", "\n", "\r\n" * 9, " ", "\t\n", ",,,\n,,,\n", "\ufeff", '""', '""\n""', "\x1a", '"')
    )


def blank_columns(sample: Sample, _: random.Random) -> Iterator[Polluted]:
    for number in (1, 3, 40):
        yield made(f"{number} after all", text_of([[*cells, *[""] * number] for cells in sample.rows]), "same")
        yield made(f"{number} before all", text_of([[*[""] * number, *cells] for cells in sample.rows]), "same")
        yield made(
            f"{number} after rows", text_of([sample.rows[0], *([*cells, *[""] * number] for cells in sample.rows[1:])])
        )
        yield made(
            f"{number} after the header", text_of([[*sample.rows[0], *[""] * number], *sample.rows[1:]]), "refused"
        )
    for row in range(1, len(sample.rows)):
        rows = [[*cells, "stray" if at == row else ""] for at, cells in enumerate(sample.rows)]
        yield made(f"something under no name in {row}", text_of(rows), "refused", row=row + 1)


def order(sample: Sample, chance: random.Random) -> Iterator[Polluted]:
    width = len(sample.rows[0])
    for _ in range(12):
        places = chance.sample(range(width), width)
        yield made(f"columns {places}", text_of([[cells[place] for place in places] for cells in sample.rows]), "same")
    for one in sample.typed:
        for other in sample.typed:
            here, there = sample.place(one), sample.place(other)
            if one != other and not _could_stand(sample, here, there):
                turned = [list(cells) for cells in sample.rows]
                for cells in turned[1:]:
                    cells[here], cells[there] = cells[there], cells[here]
                yield made(f"{one} and {other} under each other's names", text_of(turned), "refused")


def _could_stand(sample: Sample, here: int, there: int) -> bool:
    """Numbers under numbers: no reader knows better."""
    return all(cells[here].lstrip("-").isdigit() == cells[there].lstrip("-").isdigit() for cells in sample.rows[1:])


SHAPES = (
    delimiter,
    quote,
    row_end,
    escape,
    preamble,
    footnote,
    no_header,
    two_headers,
    header_spelling,
    extra_cell,
    missing_cell,
    marks,
    line_in_cell,
    several_tables,
    nothing,
    blank_columns,
    order,
)
