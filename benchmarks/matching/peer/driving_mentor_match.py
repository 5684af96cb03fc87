"""mentor-match with its own rules and `process_data`, which scores all pairs and gives them to munkres. In its own environment.

Two classes carry the answers that its Person has no place for, as those of the web service around it do. It explains nothing.
"""

import operator
from typing import Any

from answering import serve
from matching.mentee import Mentee
from matching.mentor import Mentor
from matching.process import generate_match_matrix, process_data
from matching.rules.rule import Disqualify, Equivalent, Generic, Grade, Rule

Rows = list[dict[str, Any]]


class Asking(Mentee):
    def __init__(self, **row: Any) -> None:
        super().__init__(**row)
        self.number = row["number"]
        self.identity = row["identity to match"] if row["match with similar identity"] == "yes" else ""


class Offering(Mentor):
    def __init__(self, **row: Any) -> None:
        super().__init__(**row)
        self.characteristics = row["characteristics"].split(", ")


def rules() -> list[Rule]:
    return [
        Disqualify(lambda match: match.mentee.organisation == match.mentor.organisation),
        Disqualify(lambda match: match.mentor.grade <= match.mentee.grade),
        Grade(1, operator.eq, {True: 12, False: 0}),
        Grade(2, operator.eq, {True: 9, False: 0}),
        Equivalent("profession", {True: 4, False: 0}),
        Generic(
            {True: 6, False: 0},
            lambda match: bool(match.mentee.identity) and match.mentee.identity in match.mentor.characteristics,
        ),
    ]


def solve(mentees: Rows, mentors: Rows) -> list[tuple[int, int]]:
    """From rows to pairs: the places of a mentee and of a mentor in the two lists."""
    offering, _ = process_data([Offering(**row) for row in mentors], [Asking(**row) for row in mentees], [rules()])
    return [(mentee.number, place) for place, mentor in enumerate(offering) for mentee in mentor.mentees]


def scores(mentees: Rows, mentors: Rows) -> list[list[int | None]]:
    """What it makes of every pair, by mentee and mentor; None where it allows no match."""
    matches = generate_match_matrix([Offering(**row) for row in mentors], [Asking(**row) for row in mentees], rules())
    return [
        [None if match.disallowed else match.score for match in of_mentee] for of_mentee in zip(*matches, strict=True)
    ]


if __name__ == "__main__":
    serve({"solve": solve, "scores": scores})
