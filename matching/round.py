"""One round of a scheme: everybody's row in; pairs with their reasons, and everybody else with a reason, out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from matching import explain, scoring
from matching.assign import Proof
from matching.candidates import Progress
from matching.explain import Reason, Unmatched
from matching.fairness import Evened, decide_evenly
from matching.left_out import without_partner
from matching.people import Person
from matching.pool import Pool
from matching.schemes import Scheme
from matching.stability import blocking


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
    could be worth, equal; None where nobody is paired, and in a stable round. `blocking`: how many possible pairs would both
    rather have each other than whom they got. `evened`: the chances of the scheme's groups and what a bonus for them did.
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
    blocking: int = 0
    evened: Evened | None = None


def run_round(
    people: Iterable[Person], scheme: Scheme, *, on: date, seed: int = 0, progress: Progress | None = None
) -> Round:
    """Decide a round on a given day. The same people in any order, scheme, day and seed give the same round.

    Raises AnswerRefused when two people have one id.
    """
    pool = Pool(people, scheme, on)
    if not scheme.is_paired:
        alone = tuple(Unmatched(person.id, explain.NOT_PAIRED_HERE) for person in pool.people)
        return Round(scheme, on, seed, (), alone, (), 0, exact=True, proof=None)
    candidates, decision, evened = decide_evenly(pool, pool.candidates(seed, progress=progress))
    possible = candidates.possible
    chosen = (column[decision.chosen].tolist() for column in (possible.one, possible.other, possible.fit))
    pairs = sorted(
        (pair_of(pool, *made) for made in zip(*chosen, strict=True)), key=lambda pair: (pair.left, pair.right)
    )
    unmatched, still_looking = without_partner(pool, possible, [(pair.left, pair.right) for pair in pairs])
    total = sum(pair.points for pair in pairs)
    would_swap = blocking(possible, decision.chosen, pool.places, sided=pool.sided)
    decided = (tuple(pairs), unmatched, still_looking, total, decision.exact, decision.proof)
    return Round(scheme, on, seed, *decided, blocking=would_swap, evened=evened)


def pair_of(pool: Pool, one: int, other: int, fit: int) -> Pair:
    left, right = pool.people[one], pool.people[other]
    waiting = int(pool.columns.waiting[one]) + (0 if pool.sided else int(pool.columns.waiting[other]))
    stay = scoring.stay_points(left.answers, right.answers, pool.scheme)
    reasons = explain.reasons_for(left.answers, right.answers, pool.scheme)
    return Pair(left.id, right.id, fit, waiting, stay, reasons)
