"""mentor-match's own sample for our engine: its rows as people of `mentor_match.toml`, and its rules as whole arrays.

Both give each pair exactly the points of its rules. The people of the engine carry its answers in the columns that count as
those rules do; a grade is a stage.
"""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from matching import Person, Scheme
from matching.packed import Numbers

Rows = list[dict[str, Any]]

SCHEME = Scheme.from_file(Path(__file__).with_suffix("").with_name("mentor_match.toml"))
# What the fit of two people is for each point of its rules.
FIT_OF_A_POINT = 40
GRADES = ("AA", "AO", "EO", "HEO", "SEO", "Grade 7", "Grade 6", "SCS1", "SCS2", "SCS3", "SCS4")
# By how many grades the mentor is above: the points and the words.
GAPS = {1: (12, "one grade above"), 2: (9, "two grades above")}
PROFESSION, IDENTITY = 4, 6
NOT_ALLOWED = -1
MATTERS = {"skills": 4, "areas": 3}
SHARE = ("identities", "skills", "wants", "areas")


def read(folder: Path, kind: str) -> Rows:
    """The rows of `large_mentees.csv` or `large_mentors.csv`, with what mentor-match asks for besides: a grade as a number."""
    with (folder / f"large_{kind}.csv").open(newline="") as file:
        return [
            row | {"number": number, "email": row["email address"], "grade": GRADES.index(row["grade"])}
            for number, row in enumerate(csv.DictReader(file))
        ]


def identity_asked_for(mentee: dict[str, Any]) -> str:
    return mentee["identity to match"] if mentee["match with similar identity"] == "yes" else ""


def steps(grade: int, number: int) -> list[str]:
    return [f"grade {grade}, {part} of 4" for part in range(1, number + 1)]


def mentee(row: dict[str, Any]) -> Person:
    return Person(
        id=row["email"],
        side="seek",
        stage=row["grade"],
        wants=steps(row["grade"] + 1, 4),
        areas=[identity_asked_for(row) or "nothing asked for"],
        interests=["asking"],
        identities=[f"organisation:{row['organisation']}", f"profession:{row['profession']}"],
        musts=["different organisation"],
        importance=MATTERS,
        share=SHARE,
    )


def mentor(row: dict[str, Any]) -> Person:
    return Person(
        id=row["email"],
        side="offer",
        stage=row["grade"],
        skills=steps(row["grade"], 4) + steps(row["grade"] - 1, 3),
        areas=[*filter(None, row["characteristics"].split(", ")), "nothing else"],
        interests=["offering"],
        identities=[f"organisation:{row['organisation']}", f"profession:{row['profession']}"],
        importance=MATTERS,
        share=SHARE,
    )


class Points(NamedTuple):
    """By mentee and mentor: the points of all rules, NOT_ALLOWED where one forbids the pair; and what each rule found."""

    all: Numbers
    gap: Numbers
    profession: Numbers
    identity: Numbers

    def why(self, one: int, other: int) -> list[str]:
        """The reasons for a pair, in words."""
        _, above = GAPS.get(int(self.gap[one, other]), (0, ""))
        profession = "the same profession" if self.profession[one, other] else ""
        identity = "the identity that was asked for" if self.identity[one, other] else ""
        return [words for words in (above, profession, identity) if words]


def points(mentees: Rows, mentors: Rows) -> Points:
    """Its rules, for all pairs at once."""
    gap = _column(mentors, "grade") - _column(mentees, "grade")[:, None]
    profession, same = (_is_same(mentees, mentors, name) for name in ("profession", "organisation"))
    identity = _has_identity(mentees, mentors)
    total = PROFESSION * profession + IDENTITY * identity
    for grades, (worth, _) in GAPS.items():
        total += worth * (gap == grades)
    return Points(np.where(same | (gap <= 0), NOT_ALLOWED, total), gap, profession, identity)


def _is_same(mentees: Rows, mentors: Rows, name: str) -> Numbers:
    """Numbers are compared and not words, which takes a quarter of the time."""
    _, number = np.unique([row[name] for row in (*mentees, *mentors)], return_inverse=True)
    same: Numbers = number[: len(mentees), None] == number[len(mentees) :]
    return same


def _has_identity(mentees: Rows, mentors: Rows) -> Numbers:
    """A line for each word that mentors have, and one with nobody for all that they have not."""
    has = [{*filter(None, row["characteristics"].split(", "))} for row in mentors]
    line = {word: number for number, word in enumerate(sorted(set().union(*has)))}
    holders = np.zeros((len(line) + 1, len(mentors)), dtype=bool)
    for mentor, words in enumerate(has):
        holders[[line[word] for word in words], mentor] = True
    return holders[[line.get(identity_asked_for(row), len(line)) for row in mentees]]


def _column(rows: Rows, name: str) -> Numbers:
    return np.array([row[name] for row in rows])
