"""Rounds after the first: one "not this time" does not move everybody, and what ended does not come back."""

import os
import random
from dataclasses import replace

from matching import run_round
from tests.matching.pools import ON, SCHEMES, seeded_pool
from tests.matching.town import SCHEME, town

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
DECLINES, PEOPLE = (40, 1000) if IS_FULL else (8, 1000)
ROUNDS = 10_000 if IS_FULL else 500
MOVED_MOST = 5


def standing(people, pairs):
    """The same people with these pairs standing, told to both."""
    partners = {}
    for left, right in pairs:
        partners.setdefault(left, []).append(right)
        partners.setdefault(right, []).append(left)
    return [replace(person, kept_with=tuple(partners.get(person.id, ()))) for person in people]


def ids(decided):
    return {(made.left, made.right) for made in decided.pairs}


class TestOneDecline:
    def test_moves_at_most_five_pairs_of_a_thousand(self):
        people = town(1, PEOPLE, places_share=1.0)
        pairs = ids(run_round(people, SCHEME, on=ON))
        settled = standing(people, pairs)
        assert ids(run_round(settled, SCHEME, on=ON)) == pairs

        moved = []
        for left, right in random.Random(1).sample(sorted(pairs), DECLINES):
            asked_again = [
                replace(one, ended_with=(right,), kept_with=()) if one.id == left else one for one in settled
            ]
            # Who has declined is looked for anew, and everybody else is asked to move as little as can be.
            again = ids(run_round(asked_again, SCHEME, on=ON))
            assert (left, right) not in again
            moved.append(len(pairs - again - {(left, right)}))

        print(f"\n{DECLINES} declines among {len(pairs)} pairs moved {sorted(moved)} others")  # noqa: T201 - a promise with a count prints it
        assert max(moved) <= MOVED_MOST


class TestWhatEnded:
    def test_no_pair_that_ended_was_declined_or_is_kept_apart_comes_back(self):
        chance, kept_apart, paired = random.Random(5), 0, 0
        names = sorted(SCHEMES)
        for seed in range(ROUNDS):
            people = seeded_pool(seed, chance.randint(2, 14))
            apart = {(one.id, other) for one in people for other in (*one.not_with, *one.ended_with)}
            kept_apart += len(apart)
            for left, right in ids(run_round(people, SCHEMES[names[seed % len(names)]], on=ON, seed=seed)):
                assert (left, right) not in apart
                assert (right, left) not in apart
                paired += 1

        print(f"\n{ROUNDS} rounds, {kept_apart} who were kept apart, {paired} pairs: none of them came back")  # noqa: T201 - a promise with a count prints it
        assert kept_apart > ROUNDS
        assert paired > ROUNDS
