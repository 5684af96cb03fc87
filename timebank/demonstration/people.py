"""Sixty invented people. Any likeness to a real person is chance: names, years and words are drawn from short lists."""

import random
from dataclasses import dataclass, field
from uuid import UUID

from timebank.schemes.models import Side

NAMES = (
    "Amara Bello", "Joe Finch", "Grace Otieno", "Tomasz Wrona", "Ifrah Warsame", "Denise Clarke", "Kwame Asante", "Ruth Levy",
    "Hassan Aden", "Mei Tan", "Siobhan Daly", "Leroy Baptiste", "Yasmin Akhtar", "Piotr Zając", "Comfort Mensah", "Alan Pryce",
    "Zoë Lambert", "Ngozi Eze", "Samira Haddad", "Bob Tulley", "Carmen Reyes", "Idris Farah", "Peggy Marsh", "Tunde Alabi",
    "Wei", "Marta Silva", "Colin Drew", "Fadumo Nur", "Jas Gill", "Olive Stone", "Ravi Menon", "Stella Opoku",
    "Keith Barlow", "Aaliyah Prince", "Dot Weaver", "Emeka Udo", "Halima Sheikh", "Ivor Price", "June Archer", "Kofi Darko",
    "Lila Shah", "Moses Banda", "Nadia Kovač", "Oscar Field", "Pearl Francis", "Quentin Ash", "Rosa Duarte", "Sol Pinto",
    "Tess Hollow", "Una Byrne", "Viktor Lisek", "Winnie Cole", "Xin Yu", "Yetunde Ola", "Zack Moor", "Bea Linden",
    "Cass Orchard", "Dev Patil", "Ed Thorne", "Flo Nightjar",
)  # fmt: skip
AREAS = ("Brixton", "Stockwell", "Camberwell", "Streatham", "Norwood")
LANGUAGES = ("Somali", "Polish", "Portuguese", "Yoruba", "Arabic", "French")
GOALS = (
    "get out more",
    "find part-time work",
    "feel less alone",
    "sort out paperwork",
    "learn something new",
    "sleep better",
)
LOOKING_FOR = (
    "someone to talk to",
    "going for walks",
    "help to get started",
    "a friend to write to",
    "cooking together",
)
EXPERIENCES = (
    "moved to a new country", "lost somebody close", "long time out of work", "being a carer", "hearing voices",
    "time on a ward", "living alone for the first time",
)  # fmt: skip
INTERESTS = (
    "allotment",
    "football",
    "chess",
    "gospel choir",
    "films",
    "knitting",
    "poetry",
    "baking",
    "running",
    "jigsaws",
)
SKILLS = (
    "listening",
    "filling in forms",
    "cooking",
    "using a computer",
    "bicycle repair",
    "gardening",
    "sewing",
    "driving",
)
FAITHS = ("Muslim", "Christian", "Hindu", "Jewish", "none")
HERITAGES = ("Black Caribbean", "Black African", "Somali", "South Asian", "Polish", "Irish", "mixed")
TIMES = ("mon-eve", "tue-aft", "wed-morn", "thu-eve", "fri-aft", "sat-morn", "sat-aft", "sun-eve")
SIZE = len(NAMES)


@dataclass(kw_only=True)
class Invented:
    """One person, before they are added: who they are, what they told, and what they take part in."""

    id: UUID
    name: str
    answers: dict[str, list[str]]
    shown: set[str]
    importance: dict[str, int]
    parts: dict[str, tuple[Side, int, str]] = field(default_factory=dict)  # scheme -> side, places, records


def invent(chance: random.Random) -> list[Invented]:
    people = [_person(chance, name) for name in NAMES]
    for number, person in enumerate(people):
        person.parts = _parts(chance, number)
        if "penfriend" in person.parts:
            person.answers["modes"] = ["letter", "in-person"]
    return people


def _parts(chance: random.Random, number: int) -> dict[str, tuple[Side, int, str]]:
    """Ten mentors and sixteen people supported, fifteen penfriends, twelve co-counsellors, and neighbours everywhere."""
    parts: dict[str, tuple[Side, int, str]] = {}
    if number % 6 == 0:
        parts["fanon"] = (Side.BOTH if number == 30 else Side.OFFER, chance.randint(2, 3), "mentor")
    elif number % 6 in {1, 3} and number < 48:
        parts["fanon"] = (Side.SEEK, 1, "")
    if number % 4 == 3:
        parts["penfriend"] = (Side.BOTH, 1, "")
    if number % 5 == 2:
        parts["co-counselling"] = (Side.BOTH, 1, "core-training;active")
    if number % 3 != 1 or not parts:
        parts["open"] = (Side.BOTH, 1, "")
    return parts


def _person(chance: random.Random, name: str) -> Invented:
    answers = {
        "born": [str(chance.randint(1948, 2004))],
        "areas": chance.sample(AREAS, chance.randint(1, 2)),
        "languages": ["English", *chance.sample(LANGUAGES, chance.choice([0, 0, 1]))],
        "modes": chance.sample(["in-person", "phone", "online"], chance.randint(1, 2)),
        "times": chance.sample(TIMES, chance.randint(3, 5)),
        "goals": chance.sample(GOALS, chance.randint(1, 2)),
        "looking_for": chance.sample(LOOKING_FOR, chance.randint(1, 2)),
        "experiences": chance.sample(EXPERIENCES, chance.randint(0, 2)),
        "identities": _identities(chance),
        "interests": chance.sample(INTERESTS, chance.randint(1, 3)),
        "skills": chance.sample(SKILLS, chance.randint(1, 2)),
    }
    answers = {criterion: words for criterion, words in answers.items() if words and chance.random() > 0.08}
    everyday = {"born", "areas", "languages", "modes", "goals", "looking_for", "interests", "skills", "times"}
    shown = {criterion for criterion in everyday if chance.random() > 0.15}
    shown |= {criterion for criterion in ("identities", "experiences") if chance.random() > 0.5}
    importance = {
        "identities": chance.choice([0, 1, 3, 5]),
        "experiences": chance.choice([1, 3]),
        "goals": chance.choice([1, 3]),
    }
    return Invented(
        id=UUID(int=chance.getrandbits(128), version=4), name=name, answers=answers, shown=shown, importance=importance
    )


def _identities(chance: random.Random) -> list[str]:
    kinds = {"faith": FAITHS, "heritage": HERITAGES}
    return [f"{kind}:{chance.choice(values)}" for kind, values in kinds.items() if chance.random() > 0.3]
