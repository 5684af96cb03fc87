"""A generated community for any scheme: people who have on record what the scheme asks for, and answers of every kind."""

import random
from datetime import timedelta

from matching import Person, Scheme
from matching.people import MODES, TIMES
from tests.matching.pools import ON

KINDS = {
    "gender": ("woman", "man", "non-binary"),
    "heritage": ("Somali", "Welsh", "Bengali", "Irish", "Polish", "Ghanaian"),
    "faith": ("Muslim", "Sikh", "Christian", "none"),
    "sexuality": ("gay", "straight", "bi"),
}
MUSTS = ("same gender", "different gender", "same faith", "older", "younger", "language:English")


def community(scheme: Scheme, size: int, seed: int = 0) -> list[Person]:
    """Two of three ask where the scheme has sides; the rest offer. One in ten has not done what the scheme asks for."""
    rng = random.Random(f"{scheme.name} {seed}")
    return [_somebody(rng, scheme, f"p{number:05}", is_guide=number % 3 == 0) for number in range(size)]


def _somebody(rng: random.Random, scheme: Scheme, name: str, *, is_guide: bool) -> Person:
    def some(what: str, different: int, most: int) -> tuple[str, ...]:
        return tuple(f"{what} {number}" for number in rng.sample(range(different), rng.randint(0, most)))

    gate = scheme.eligibility
    sided = scheme.shape == "one-way"
    wanted = gate.everyone_roles + ((gate.mentor_roles if is_guide else gate.supported_roles) if sided else ())
    said = tuple(gate.identities) if rng.random() < 0.9 else ()
    own = tuple(f"{kind}:{rng.choice(words)}" for kind, words in KINDS.items() if rng.random() < 0.7)
    return Person(
        id=name,
        side=("offer" if is_guide else "seek") if sided else "",
        capacity=rng.choice((1, 1, 2, 3)) if is_guide or not sided else 1,
        born=rng.choice((None, *(rng.randint(1940, 2005) for _ in range(5)))),
        languages=rng.choice((("English",), ("English", "Somali"), ("Somali",), ("English", "Polish"), ())),
        modes=tuple(rng.sample(MODES, rng.randint(0, 3))),
        areas=some("area", 5, 2),
        times=tuple(rng.sample(TIMES, rng.randint(3, 8))),
        goals=some("goal", 8, 3),
        looking_for=some("wish", 6, 3),
        experiences=some("experience", 8, 3),
        identities=said + own,
        interests=some("interest", 12, 4),
        skills=some("topic", 8, 3),
        wants=some("topic", 8, 3),
        stage=rng.choice((None, 1, 2, 3)),
        roles=wanted if rng.random() < 0.9 else (),
        musts=(rng.choice(MUSTS),) if rng.random() < 0.15 else (),
        importance={name: rng.randint(0, 5) for name in rng.sample(("age", "goals", "faith", "gender"), 2)},
        share=() if rng.random() < 0.4 else ("identities", "experiences", "age", "languages", "times", "goals"),
        waiting_since=ON - timedelta(days=int(rng.expovariate(1 / 30))),
    )
