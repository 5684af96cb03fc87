"""From what people answered to what the engine may see: ids and facts, never names, balances or refusals."""

import hashlib
import json
from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from matching import Person
from matching.errors import AnswerRefused
from matching.people import COLUMNS
from timebank.consents import reads as consents
from timebank.consents.purposes import Purpose
from timebank.consents.reads import Standing
from timebank.introductions import reads as introductions
from timebank.members import reads as members
from timebank.profiles import reads as profiles
from timebank.profiles.models import Answer
from timebank.relationships import reads as relationships
from timebank.schemes import reads as schemes
from timebank.schemes.models import BankScheme, SchemeMembership, Side

LISTS = (
    "languages",
    "modes",
    "areas",
    "times",
    "goals",
    "looking_for",
    "experiences",
    "identities",
    "interests",
    "skills",
    "wants",
    "musts",
)
# A blank `share` would show the everyday answers; a person here says yes to each one by itself.
NOTHING_SHOWN = ("nothing",)


def gather(session: Session, scheme: BankScheme) -> list[Person]:
    """Everyone whom a round of this scheme may think of, in id order, with what each lets it use now."""
    parts = schemes.list_participants(session, scheme.id)
    answers = profiles.answers_of_many(session, [part.member_id for part in parts])
    standing = consents.standing_of_many(session, [part.member_id for part in parts])
    barred = _barred(session, scheme)
    taken = _places_taken(session, scheme)
    supported = _already_supported(session, scheme)
    people = []
    for part in parts:
        if profiles.waits_for_their_word(answers[part.member_id], standing[part.member_id]):
            continue
        side, places = _standing(part, is_supported=part.member_id in supported, taken=taken[part.member_id])
        if side is not None:
            own = _Own(answers[part.member_id], standing[part.member_id])
            people.append(_person(session, part, own, side=side, places=places, barred=barred[part.member_id]))
    return people


def list_waiting_for_their_word(session: Session, scheme: BankScheme) -> list[UUID]:
    """Whom a round leaves in peace until they have said whether it may look at their musts."""
    ids = [part.member_id for part in schemes.list_participants(session, scheme.id)]
    answers, standing = profiles.answers_of_many(session, ids), consents.standing_of_many(session, ids)
    return [one for one in ids if profiles.waits_for_their_word(answers[one], standing[one])]


def digest(people: list[Person], scheme: BankScheme) -> str:
    """The same facts give the same digest: a round that is sent must be the one that was looked at."""
    facts = [_plain(person) for person in people]
    return hashlib.sha256(json.dumps([scheme.definition, facts], default=str, sort_keys=True).encode()).hexdigest()


def _plain(person: Person) -> dict[str, object]:
    values = {column: getattr(person, column) for column in COLUMNS}
    return values | {"importance": dict(person.importance)}


class _Own:
    """One person's answers, as far as they let them be used."""

    def __init__(self, answers: dict[str, Answer], standing: Standing) -> None:
        self.used = {name: answer for name, answer in answers.items() if standing.may(Purpose.USE, name)}
        self.shown = tuple(_name(name) for name in self.used if standing.may(Purpose.SHOW, name))


def _person(
    session: Session, part: SchemeMembership, own: _Own, *, side: str, places: int, barred: set[UUID]
) -> Person:
    used = own.used
    lists: dict[str, Any] = {criterion: tuple(used[criterion].words) for criterion in LISTS if criterion in used}
    return _readable(
        id=str(part.member_id),
        side=side,
        capacity=places,
        born=int(used["born"].words[0]) if "born" in used else None,
        roles=tuple(role for role in part.roles.split(";") if role),
        importance={_name(criterion): answer.importance for criterion, answer in used.items() if criterion != "musts"},
        share=own.shown or NOTHING_SHOWN,
        waiting_since=part.waiting_since,
        not_with=tuple(sorted(str(other) for other in members.kept_apart_from(session, part.member_id) | barred)),
        **lists,
    )


def _readable(**facts: Any) -> Person:
    """An answer stored before the engine learnt to refuse it is left out: it must not stop a round for everybody else."""
    while True:
        try:
            return Person(**facts)
        except AnswerRefused as refused:
            if not facts.pop(refused.column, None):
                raise


def _already_supported(session: Session, scheme: BankScheme) -> set[UUID]:
    """In a one-way scheme, those who have somebody or are being asked: the next place is for the next person."""
    if scheme.is_symmetric:
        return set()
    pairs = [
        *relationships.pairs_in_scheme(session, scheme.id, live=True),
        *introductions.open_pairs(session, scheme.id),
    ]
    return {other for _, other in pairs}


def _standing(part: SchemeMembership, *, is_supported: bool, taken: int) -> tuple[Side | None, int]:
    """Which side somebody stands on in this round, and with how many places; no side when they need nobody now.

    Whoever asks on both sides and has no place left to offer still looks for support; whoever has support may still give it.
    """
    places = max(part.capacity - taken, 0)
    if part.side is Side.BOTH and not part.scheme.is_symmetric:
        if is_supported:
            return (Side.OFFER, places)
        return (Side.BOTH, places) if places else (Side.SEEK, 1)
    if part.side is Side.SEEK and is_supported:
        return (None, 0)
    return (part.side, places)


def _name(criterion: str) -> str:
    return "age" if criterion == "born" else criterion


def _barred(session: Session, scheme: BankScheme) -> dict[UUID, set[UUID]]:
    """Pairs that are together, were, are being asked, or were asked in vain: none of them is proposed again."""
    pairs = [
        *relationships.pairs_in_scheme(session, scheme.id, live=True),
        *relationships.pairs_in_scheme(session, scheme.id, live=False),
        *introductions.open_pairs(session, scheme.id),
        *introductions.refused_pairs(session, scheme.id),
    ]
    barred: dict[UUID, set[UUID]] = defaultdict(set)
    for one, other in pairs:
        barred[one].add(other)
        barred[other].add(one)
    return barred


def _places_taken(session: Session, scheme: BankScheme) -> dict[UUID, int]:
    """Places are taken by those who are together and promised to those who are being asked."""
    taken: dict[UUID, int] = defaultdict(int)
    for guide, other in [
        *relationships.pairs_in_scheme(session, scheme.id, live=True),
        *introductions.open_pairs(session, scheme.id),
    ]:
        taken[guide] += 1
        if scheme.is_symmetric:
            taken[other] += 1
    return taken
