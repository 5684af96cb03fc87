"""A scarce town: more people ask than can be helped, most of one heritage, and a scheme that weighs what people share."""

import random
from dataclasses import replace
from datetime import timedelta

from matching import Person, Scheme
from matching.people import TIMES
from tests.matching.pools import ON

HERITAGES = ("Welsh", "Irish", "Somali", "Bengali", "Polish", "Turkish")
# The largest group is half of the town, the smallest one in thirty.
SHARES = (30, 12, 7, 5, 4, 2)
SCHEME = Scheme.from_text("""
    name = "town"
    title = "A scarce town"
    shape = "one-way"
    [hard]
    times = true
    [weights]
    age = 3
    goals = 4
    looking_for = 4
    experiences = 3
    interests = 2
    areas = 2
    [identity_weights]
    heritage = 4
    [round]
    most_people_first = false
    stay_points = 50
""")
GROUPS = tuple(f"heritage:{name}" for name in HERITAGES)


def with_waiting(points_a_day: int) -> Scheme:
    return replace(SCHEME, round=replace(SCHEME.round, waiting_points_a_day=points_a_day, waiting_points_most=200))


def with_fairness(**settings: object) -> Scheme:
    return replace(SCHEME, fairness=replace(SCHEME.fairness, groups=GROUPS, **settings))


def town(seed: int, seekers: int = 300, places_share: float = 0.62) -> list[Person]:
    """So many people who ask, and places for that share of them."""
    rng = random.Random(seed)
    people = [_townsperson(rng, f"s{number:04}", "seek", 1) for number in range(seekers)]
    left, number = round(seekers * places_share), 0
    while left > 0:
        places = min(left, rng.randint(1, 3))
        people.append(_townsperson(rng, f"m{number:04}", "offer", places))
        left, number = left - places, number + 1
    return people


def _townsperson(rng: random.Random, name: str, side: str, places: int) -> Person:

    def some(what: str, different: int, least: int, most: int) -> tuple[str, ...]:
        return tuple(f"{what} {number}" for number in rng.sample(range(different), rng.randint(least, most)))

    return Person(
        id=name,
        side=side,
        capacity=places,
        born=rng.randint(1940, 2005),
        times=tuple(rng.sample(TIMES, rng.randint(4, 9))),
        areas=some("area", 6, 1, 3),
        goals=some("goal", 8, 1, 3),
        looking_for=some("wish", 6, 1, 3),
        experiences=some("experience", 8, 1, 3),
        interests=some("interest", 12, 2, 5),
        identities=(f"heritage:{rng.choices(HERITAGES, SHARES)[0]}",),
        waiting_since=ON - timedelta(days=int(rng.expovariate(1 / 30))) if side == "seek" else None,
    )
