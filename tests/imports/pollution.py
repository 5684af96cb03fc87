"""A good file, one that was polluted, and how rows are written as a program or a careless hand would."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

Rows = list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A good file. `typed`: columns in which not every text is an answer; `texts`: in which any is, and stands as it is."""

    rows: Rows
    key: str
    typed: tuple[str, ...]
    dates: tuple[str, ...]
    texts: tuple[str, ...]

    def place(self, column: str) -> int:
        return self.rows[0].index(column)


@dataclass(frozen=True, kw_only=True)
class Polluted:
    """`outcome`: "same" as the clean file, "refused", or "either" of the two. `row` and `column`: what the refusal names at least.

    `said`: instead of the clean text at `row` and `column` this one is to arrive.
    """

    kind: str
    what: str
    content: bytes
    outcome: str = "either"
    row: int = 0
    column: str = ""
    said: str | None = None


def text_of(rows: Rows, **how: object) -> str:
    written = io.StringIO()
    csv.writer(written, **({"lineterminator": "\n"} | how)).writerows(rows)
    return written.getvalue()


def raw(rows: Rows) -> str:
    """Cells that are written already."""
    return "".join(",".join(cells) + "\n" for cells in rows)


def written(rows: Rows) -> Rows:
    """Each cell with the marks it needs."""
    return [[text_of([[cell, ""]])[:-2] for cell in cells] for cells in rows]


def changed(rows: Rows, row: int, place: int, cell: str) -> Rows:
    return [
        [cell if (at, here) == (row, place) else old for here, old in enumerate(cells)] for at, cells in enumerate(rows)
    ]


def made(what: str, content: str | bytes, outcome: str = "either", **more: object) -> Polluted:
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return Polluted(kind="", what=what, content=data, outcome=outcome, **more)


def each_cell(rows: Rows, *, header: bool = False) -> Iterator[tuple[int, int]]:
    for row, cells in enumerate(rows):
        if row or header:
            yield from ((row, place) for place in range(len(cells)))
