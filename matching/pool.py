"""The people of a round in id order, and who of them may stand where."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from matching import rules
from matching.candidates import Candidates, Progress
from matching.chance import own_numbers
from matching.columns import Columns
from matching.packed import Numbers
from matching.people import Person
from matching.schemes import Scheme

# The sides of a one-way scheme; where all are alike there is one, without a name.
SEEK, OFFER, ALIKE = "seek", "offer", ""
ROLES = {SEEK: "supported", OFFER: "mentor", ALIKE: ""}


class Pool:
    """`people`: sorted by id. `places`: how many partners each may have, int64. `ones` and `others`: the positions of
    those who are looked at on the one side, the supported people, and on the other; where all are alike, the same.

    Raises AnswerRefused when two people have one id.
    """

    def __init__(self, people: Iterable[Person], scheme: Scheme, on: date) -> None:
        self.columns = Columns.of(sorted(people, key=lambda person: person.id), scheme, on=on)
        self.people = self.columns.people
        self.scheme = scheme
        self.on = on
        self.sided = scheme.shape == "one-way"
        # Nobody can have more partners than there are people, whatever number their row says.
        most = len(self.people) if scheme.round.places_most is None else scheme.round.places_most
        self.places = np.array([min(person.capacity, most) for person in self.people], dtype=np.int64)
        self.ones = self._standing(SEEK if self.sided else ALIKE)
        self.others = self._standing(OFFER) if self.sided else self.ones

    def candidates(self, seed: int, *, progress: Progress | None = None) -> Candidates:
        return Candidates.among(self.columns, self.ones, self.others, self.own(seed), progress=progress)

    def own(self, seed: int) -> Numbers:
        """What decides between equally good answers, by position."""
        return own_numbers([person.id for person in self.people], seed=seed)

    def sides_of(self, person: Person) -> tuple[str, ...]:
        """The sides a person asks to stand on; none where they said none and one is needed."""
        if not self.sided:
            return (ALIKE,)
        return tuple(side for side in (SEEK, OFFER) if person.side in {side, "both"})

    def shut_out(self, person: Person, side: str) -> str | None:
        return rules.shut_out(person, self.scheme, role=ROLES[side], on=self.on)

    def _standing(self, side: str) -> Numbers:
        found = [
            number
            for number, person in enumerate(self.people)
            if side in self.sides_of(person) and self.shut_out(person, side) is None
        ]
        return np.array(found, dtype=np.int64)
