"""What the engine refuses, and why: the parts as data, and a sentence a coordinator can act on."""

from dataclasses import dataclass

LONGEST_SHOWN = 80  # letters of a value that does not belong where it stands


class MatchingRefusal(Exception):  # noqa: N818 - people read these as refusals, not as errors
    """The matching engine could not go on."""


class GraphRefused(MatchingRefusal):
    """The arcs, weights or capacities handed to a solver do not describe a graph."""


class NotProved(MatchingRefusal):
    """The prices do not prove this assignment to be the best."""


class AnswerRefused(MatchingRefusal):
    """One answer of one person cannot be read. `fix` says what to write instead."""

    def __init__(self, column: str, value: str, fix: str) -> None:
        self.column = column
        self.value = value
        self.fix = fix
        super().__init__(f"{column}: {value!r} cannot be read. {fix}")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong in a people file. `row` counts as a spreadsheet does, the header being 1; 0 is the whole file."""

    file: str
    row: int
    column: str
    value: str
    fix: str

    @property
    def sentence(self) -> str:
        place = ", ".join(
            [self.file]
            + ([f"row {self.row}"] if self.row else [])
            + ([f"column {_printable(self.column)}"] if self.column else [])
            + ([f"value {_short(self.value)!r}"] if self.value else [])
        )
        return f"{place}: {self.fix}"


def _printable(text: str) -> str:
    """A name from the file, in which nothing can move a terminal's cursor."""
    return text if text.isprintable() else repr(_short(text))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


class PeopleRefused(MatchingRefusal):
    """The people file has problems; nothing was read."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problem.sentence for problem in problems))


class SchemeRefused(MatchingRefusal):
    """The scheme is not one we know, or its file says something we do not understand."""

    def __init__(self, *, source: str, key: str, reason: str) -> None:
        self.source = source
        self.key = key
        self.reason = reason
        super().__init__(f"{source}: {key}: {reason}" if key else f"{source}: {reason}")
