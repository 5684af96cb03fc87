"""Invented people for the tests, by hand and in seeded pools of any size, and the schemes they meet in."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from matching import Person, Scheme
from matching.people import MODES, TIMES

ON = date(2026, 1, 1)
DATA = Path(__file__).parent.parent / "data" / "matching"

LANGUAGES = ("English", "Somali", "Polish")
AREAS = ("Harrow", "Brent", "Leeds")
GOALS = ("find work", "Go back to college", "get out more", "sleep better")
EXPERIENCES = ("hearing voices", "leaving hospital", "caring for someone")
IDENTITIES = ("faith:Muslim", "faith:Sikh", "gender:woman", "gender:man", "heritage:Somali", "heritage:Welsh")
INTERESTS = ("gardening", "chess", "Football", "music")
TOPICS = ("filling in forms", "cooking", "computers")
MUSTS = ("same faith", "different gender", "gender:woman", "language:Somali", "same area", "older", "younger")
SHARES = ("age", "goals", "experiences", "identities", "faith", "gender", "interests", "times", "languages", "areas")
UNUSED = ("age", "goals", "identities", "gender", "languages", "times")

SCHEMES = {
    "one-way": Scheme.from_text("""
        name = "t"
        title = "One helps another"
        shape = "one-way"
        [hard]
        languages = true
        times = true
        [weights]
        age = 3
        goals = 4
        experiences = 3
        identities = 5
        interests = 2
        skills = 2
        [round]
        waiting_points_a_day = 5
        waiting_points_most = 200
        stay_points = 50
    """),
    "symmetric": Scheme.from_text("""
        name = "t"
        title = "Equals"
        shape = "symmetric"
        [hard]
        languages = true
        modes = true
        ways = ["letter", "phone"]
        [weights]
        age = 5
        goals = 5
        interests = 1
        skills = 2
        times = 2
        identities = 1
        [identity_weights]
        gender = 2
        [round]
        places_most = 1
        waiting_points_a_day = 3
        waiting_points_most = 90
        stay_points = 40
    """),
    "best pairs first": Scheme.from_text("""
        name = "t"
        title = "The best pairs, however many"
        shape = "one-way"
        [weights]
        goals = 4
        interests = 3
        areas = 2
        [identity_weights]
        faith = 4
        [round]
        most_people_first = false
        both_ways = true
        minimum_fit = 200
        places_most = 2
        kept_pairs = "bar"
        [hard]
        stage = "not-behind"
        areas = true
    """),
    "a shared basis": Scheme.from_text("""
        name = "t"
        title = "Any basis will do"
        shape = "symmetric"
        [eligibility]
        any_of = ["experiences", "age", "gender", "interests"]
        everyone_roles = ["ready"]
        [age]
        near_years = 10
        [weights]
        goals = 4
        novelty = 2
        [round]
        most_people_first = false
        places_most = 1
    """),
}


def made_of(rng: random.Random, number: int, others: Sequence[str]) -> Person:
    """One random person. Few values each, so that people agree and differ often; a third of the answers are blank."""

    def some(values: Sequence[str], most: int = 2) -> tuple[str, ...]:
        return () if rng.random() < 1 / 3 else tuple(rng.sample(values, rng.randint(1, min(most, len(values)))))

    def rarely(values: Sequence[str], chance: float) -> tuple[str, ...]:
        return tuple(rng.sample(values, 1)) if values and rng.random() < chance else ()

    return Person(
        id=f"p{number:03}",
        side=rng.choice(("seek", "offer", "seek", "offer", "both")),
        capacity=rng.choice((1, 1, 1, 2, 3, 0)),
        born=rng.choice((None, rng.randint(1950, 2005))),
        languages=some(LANGUAGES),
        modes=some(MODES, 3),
        areas=some(AREAS),
        times=some(TIMES[:6], 4),
        goals=some(GOALS),
        experiences=some(EXPERIENCES),
        identities=some(IDENTITIES, 3),
        interests=some(INTERESTS, 3),
        skills=some(TOPICS),
        wants=some(TOPICS),
        stage=rng.choice((None, 1, 2, 3)),
        roles=() if rng.random() < 0.08 else ("ready:2025",),
        musts=rarely(MUSTS, 0.2),
        importance={name: rng.randint(0, 5) for name in rarely(("age", "goals", "identities", "faith"), 0.4)},
        share=() if rng.random() < 0.5 else tuple(rng.sample(SHARES, rng.randint(1, len(SHARES)))),
        unused=rarely(UNUSED, 0.15),
        waiting_since=rng.choice((None, ON - timedelta(days=rng.randint(-3, 90)))),
        not_with=rarely(others, 0.15),
        ended_with=rarely(others, 0.1),
        kept_with=rarely(others, 0.15),
    )


def seeded_pool(seed: int, size: int) -> list[Person]:
    rng = random.Random(seed)
    ids = [f"p{number:03}" for number in range(size)]
    return [made_of(rng, number, [other for other in ids if other != ids[number]]) for number in range(size)]


@st.composite
def pools(draw: st.DrawFn, most: int = 12) -> list[Person]:
    """A pool of up to `most` people, empty ones too."""
    return seeded_pool(draw(st.integers(0, 2**32)), draw(st.integers(0, most)))


words = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=";"), max_size=12)


def someone(name: str = "ana", **answers: Any) -> Person:
    return Person(id=name, **answers)
