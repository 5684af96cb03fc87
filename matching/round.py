"""One round of a scheme: everybody's row in; pairs with their reasons, and everybody else with a reason, out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from matching import deciding, explain, rules, scoring
from matching.assign import Proof
from matching.deciding import Possible
from matching.errors import AnswerRefused
from matching.explain import Reason, Unmatched
from matching.people import Person
from matching.schemes import Scheme

# Called with how many people of how many have been looked at; for a progress bar.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pair:
    """Two people proposed to each other. One-way, `left` is the supported person; symmetric, the ids are in order.

    `fit` is 0 to 1000; `waiting` and `stay` are points on the same scale.
    """

    left: str
    right: str
    fit: int
    waiting: int
    stay: int
    reasons: tuple[Reason, ...]

    @property
    def points(self) -> int:
        return self.fit + self.waiting + self.stay


@dataclass(frozen=True)
class Round:
    """What a round decided. `unmatched` is everyone in no pair.

    `still_looking`: people who guide somebody in this round and asked for support themselves, but found nobody.
    `total`: the sum of the pairs' points. `exact`: no other round with these people has a better answer (deciding.py
    says when this is not known). `proof`: what the answer is worth in the numbers solved, and the most that any answer
    could be worth, equal; None where nobody is paired.
    """

    scheme: Scheme
    on: date
    seed: int
    pairs: tuple[Pair, ...]
    unmatched: tuple[Unmatched, ...]
    still_looking: tuple[Unmatched, ...]
    total: int
    exact: bool
    proof: Proof | None


def run_round(
    people: Iterable[Person], scheme: Scheme, *, on: date, seed: int = 0, progress: Progress | None = None
) -> Round:
    """Decide a round on a given day. The same people in any order, scheme, day and seed give the same round.

    Raises AnswerRefused when two people have one id.
    """
    pool = _Pool(sorted(people, key=lambda person: person.id), scheme, on)
    if not scheme.is_paired:
        alone = tuple(Unmatched(person.id, explain.NOT_PAIRED_HERE) for person in pool.people)
        return Round(scheme, on, seed, (), alone, (), 0, exact=True, proof=None)
    possible = pool.look_at_everybody(progress)
    ids = [person.id for person in pool.people]
    first, ways = scheme.round.most_people_first, scheme.round.both_ways
    if scheme.shape == "one-way":
        decision = deciding.one_way(possible, ids, pool.places, seed=seed, most_people_first=first, both_ways=ways)
    else:
        decision = deciding.symmetric(possible, ids, pool.places, seed=seed, most_people_first=first)
    made = (pool.pair(possible, number) for number in decision.chosen)
    pairs = tuple(sorted(made, key=lambda pair: (pair.left, pair.right)))
    unmatched, still_looking = pool.without_partner(pairs)
    total = sum(made.points for made in pairs)
    return Round(scheme, on, seed, pairs, unmatched, still_looking, total, decision.exact, decision.proof)


class _Pool:
    """The people of a round in id order, who of them may stand where, and what kept whom apart."""

    def __init__(self, people: list[Person], scheme: Scheme, on: date) -> None:
        self.people = people
        self.scheme = scheme
        self.on = on
        if len({person.id for person in people}) < len(people):
            raise AnswerRefused("id", "", "Two people have the same id; give each their own.")
        # Nobody can have more partners than there are people, whatever number their row says.
        most = len(people) if scheme.round.places_most is None else scheme.round.places_most
        self.places = [min(person.capacity, most) for person in people]
        self.sided = scheme.shape == "one-way"
        # Which rules parted a person from anybody, and whether anybody was possible, by side and position.
        self.parted: dict[tuple[str, int], set[str]] = {}
        self.had_somebody: set[tuple[str, int]] = set()

    def standing(self, side: str) -> list[int]:
        """The positions of those who take part on a side: `seek` or `offer`, or "" where all are alike."""
        return [
            number
            for number, person in enumerate(self.people)
            if self._asks_for(person, side) and self._shut_out(person, side) is None
        ]

    def look_at_everybody(self, progress: Progress | None) -> Possible:
        """Every two people whom no hard rule parts, with their points."""
        found: list[tuple[int, int, int, int, int]] = []
        ones = self.standing("seek" if self.sided else "")
        others = self.standing("offer") if self.sided else ones
        for done, one in enumerate(ones):
            for other in others:
                if self.sided or one < other:
                    self._look_at(one, other, found)
            if progress is not None:
                progress(done + 1, len(ones))
        return Possible(*np.array(found, dtype=np.int64).reshape(-1, 5).T)

    def _look_at(self, one: int, other: int, found: list[tuple[int, int, int, int, int]]) -> None:
        here, there = self.people[one].answers, self.people[other].answers
        keys = [("seek" if self.sided else "", one), ("offer" if self.sided else "", other)]
        kind = rules.barred_by(here, there, self.scheme)
        if kind == rules.SELF:
            return
        fit = scoring.fit(here, there, self.scheme) if kind is None else 0
        if kind is None and fit < self.scheme.round.minimum_fit:
            kind = rules.FIT
        if kind is not None:
            for key in keys:
                self.parted.setdefault(key, set()).add(kind)
            return
        self.had_somebody.update(keys)
        waiting = scoring.waiting_points(self.people[one], self.scheme, on=self.on)
        if not self.sided:
            waiting += scoring.waiting_points(self.people[other], self.scheme, on=self.on)
        found.append((one, other, fit, waiting, scoring.stay_points(here, there, self.scheme)))

    def pair(self, possible: Possible, number: int) -> Pair:
        one, other = self.people[possible.one[number]], self.people[possible.other[number]]
        reasons = explain.reasons_for(one.answers, other.answers, self.scheme)
        fit, waiting, stay = (int(column[number]) for column in (possible.fit, possible.waiting, possible.stay))
        return Pair(one.id, other.id, fit, waiting, stay, reasons)

    def without_partner(self, pairs: tuple[Pair, ...]) -> tuple[tuple[Unmatched, ...], tuple[Unmatched, ...]]:
        """Everyone in no pair; and those in a pair as a guide who are still looking for support themselves."""
        supported = {made.left for made in pairs}
        anywhere = supported | {made.right for made in pairs}
        unmatched, still_looking = [], []
        for number, person in enumerate(self.people):
            if person.id not in anywhere:
                unmatched.append(self._why(number, ("seek", "offer", "")))
            elif self.sided and self._asks_for(person, "seek") and person.id not in supported:
                still_looking.append(self._why(number, ("seek",)))
        return tuple(unmatched), tuple(still_looking)

    def _why(self, number: int, sides_in_question: tuple[str, ...]) -> Unmatched:
        """Seen from the side they ask on; someone who asks on both is told as one who seeks, if they may."""
        person = self.people[number]
        sides = [side for side in sides_in_question if self._asks_for(person, side)]
        if not sides:
            return Unmatched(person.id, rules.NO_SIDE)
        shut = {side: self._shut_out(person, side) for side in sides}
        side = next((side for side in sides if shut[side] is None), sides[0])
        code = shut[side]
        if code is not None:
            return Unmatched(person.id, code, side)
        if (side, number) in self.had_somebody:
            return Unmatched(person.id, explain.OTHERS_FIRST, side)
        kinds = self.parted.get((side, number), set())
        if not kinds:
            return Unmatched(person.id, explain.NOBODY_YET, side)
        return Unmatched(person.id, explain.NO_FIT, side, tuple(kind for kind in rules.KINDS if kind in kinds))

    def _asks_for(self, person: Person, side: str) -> bool:
        if not self.sided:
            return side == ""
        return bool(side) and person.side in {side, "both"}

    def _shut_out(self, person: Person, side: str) -> str | None:
        role = {"seek": "supported", "offer": "mentor", "": ""}[side]
        return rules.shut_out(person, self.scheme, role=role, on=self.on)
