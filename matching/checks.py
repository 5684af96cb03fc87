"""An independent look at a round before anybody sees it. It shares no rule and no score with the modules that made it.

Everything is read again from the people's own rows: capacities, hard rules, the truth of every reason and that both let
it be seen, and the sums. What is wrong comes back as sentences; a good round gives none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from matching.explain import Reason
from matching.people import Person
from matching.round import Round
from matching.schemes import Scheme
from matching.words import fold

_SENSITIVE = {"experiences", "identities", "stage", "roles"}
_COLUMN_OF = {"language": "languages", "mode": "modes", "area": "areas"}
_COLUMNS = {
    "languages",
    "modes",
    "areas",
    "times",
    "goals",
    "looking_for",
    "experiences",
    "interests",
    "skills",
    "wants",
}


def faults(decided: Round, people: Iterable[Person]) -> tuple[str, ...]:
    """Every fault of a round, in sentences; empty when it is sound. `people` are those the round was run with."""
    rows = {person.id: person for person in people}
    return tuple(_faults(decided, rows))


def _faults(decided: Round, rows: dict[str, Person]) -> Iterator[str]:
    yield from _strangers(decided, rows)
    known = [made for made in decided.pairs if made.left in rows and made.right in rows]
    yield from _over_capacity(decided, rows)
    for made in known:
        left, right = rows[made.left], rows[made.right]
        named = f"{made.left} and {made.right}"
        for broken in broken_rules(left, right, decided.scheme, on=decided.on):
            yield f"{named}: {broken}."
        for reason in made.reasons:
            if not is_true_and_shown(reason, left, right, decided.scheme):
                about = reason.kind or reason.criterion
                yield f"{named}: the reason about {about} is not true of both or not shown by both."
    if decided.total != sum(made.fit + made.waiting + made.stay for made in decided.pairs):
        yield "The total is not the sum of the pairs."
    if decided.proof is not None and decided.proof.primal != decided.proof.dual:
        yield "The prices do not prove the total."


def _strangers(decided: Round, rows: dict[str, Person]) -> Iterator[str]:
    """Everybody stands in a pair or among the unmatched, nobody in both, and nobody else anywhere."""
    paired = {name for made in decided.pairs for name in (made.left, made.right)}
    alone = Counter(left.id for left in decided.unmatched)
    if paired | set(alone) != set(rows):
        yield "The pairs and the unmatched together are not the people of the round."
    if paired & set(alone) or any(count > 1 for count in alone.values()):
        yield "Somebody stands both in a pair and among the unmatched, or there twice."


def _over_capacity(decided: Round, rows: dict[str, Person]) -> Iterator[str]:
    lefts = Counter(made.left for made in decided.pairs)
    rights = Counter(made.right for made in decided.pairs)
    one_way = decided.scheme.shape == "one-way"
    for name, count in (rights if one_way else lefts + rights).items():
        places = rows[name].capacity if name in rows else 0
        most = decided.scheme.round.places_most
        if count > (places if most is None else min(places, most)):
            yield f"{name}: more partners than places."
    if one_way and any(count > 1 for count in lefts.values()):
        yield "Somebody is supported by more than one person."
    ends: Counter[frozenset[str]] = Counter(frozenset((made.left, made.right)) for made in decided.pairs)
    directed = Counter((made.left, made.right) for made in decided.pairs)
    twice = directed if one_way and decided.scheme.round.both_ways else ends
    if any(count > 1 for count in twice.values()):
        yield "Two people are proposed to each other twice."


def broken_rules(left: Person, right: Person, scheme: Scheme, *, on: date) -> Iterator[str]:
    """Every hard rule that two people of one pair break, read from their rows alone."""
    if left.id == right.id:
        yield "a person with themselves"
    if scheme.shape == "one-way" and (left.side not in {"seek", "both"} or right.side not in {"offer", "both"}):
        yield "they do not stand on these sides"
    for one, other in ((left, right), (right, left)):
        if other.id in one.not_with or other.id in one.ended_with:
            yield "they are to be kept apart"
        if scheme.round.kept_pairs == "bar" and other.id in one.kept_with:
            yield "they are already paired"
        if not all(_must_holds(must, one, other) for must in one.musts):
            yield "a must does not hold"
        if one.capacity == 0:
            yield "no places"
    for column in ("languages", "modes", "areas", "times"):
        if getattr(scheme.hard, column) and not _overlaps(column, left, right, scheme):
            yield f"nothing in common in {column}"
    yield from _broken_gates(left, right, scheme, on=on)


def _broken_gates(left: Person, right: Person, scheme: Scheme, *, on: date) -> Iterator[str]:
    gate, stage = scheme.eligibility, scheme.hard.stage
    if not _has_roles(left, gate.everyone_roles + gate.supported_roles):
        yield "a role is missing"
    if not _has_roles(right, gate.everyone_roles + gate.mentor_roles):
        yield "a role is missing"
    for person in (left, right):
        said = {fold(identity) for identity in _identities(person, seen=False)}
        if not {fold(identity) for identity in gate.identities} <= said:
            yield "the scheme's own statement is missing"
        if gate.age_at_least is not None:
            born = _born(person, seen=False)
            if born is None or on.year - born < gate.age_at_least:
                yield "younger than the scheme asks"
    if stage != "any" and None not in {left.stage, right.stage} and "stage" not in {*left.unused, *right.unused}:
        ahead = (right.stage or 0) - (left.stage or 0)
        if ahead < (1 if stage == "ahead" else 0):
            yield "not further along"
    if gate.any_of and not any(_basis(basis, left, right, scheme) for basis in gate.any_of):
        yield "no basis in common"


def is_true_and_shown(reason: Reason, left: Person, right: Person, scheme: Scheme) -> bool:
    """Whether a reason's words stand in both rows, and each owner lets them be used and shows them to partners."""
    if reason.criterion == "age":
        born, other = _born(left, seen=True), _born(right, seen=True)
        return born is not None and other is not None and abs(born - other) <= scheme.age.near_years
    if reason.criterion == "identities":
        mine, theirs = _of_kind(reason.kind, left, seen=True), _of_kind(reason.kind, right, seen=True)
    elif reason.criterion == "skills":
        mine, theirs = _values("wants", left, seen=True), _values("skills", right, seen=True)
    elif reason.criterion == "wants":
        mine, theirs = _values("skills", left, seen=True), _values("wants", right, seen=True)
    else:
        mine, theirs = _values(reason.criterion, left, seen=True), _values(reason.criterion, right, seen=True)
    words = [fold(word) for word in reason.one]
    return bool(words) and words == [fold(word) for word in reason.other] and set(words) <= mine & theirs


def _may(person: Person, *names: str, seen: bool) -> bool:
    """Whether its owner lets an answer be used and, if it is to be seen, shows it; it goes by one or two names."""
    if any(name in person.unused for name in names):
        return False
    if not seen:
        return True
    return any(name in person.share for name in names) if person.share else not set(names) & _SENSITIVE


def _values(column: str, person: Person, *, seen: bool) -> set[str]:
    return {fold(value) for value in getattr(person, column)} if _may(person, column, seen=seen) else set()


def _identities(person: Person, *, seen: bool) -> list[str]:
    return [text for text in person.identities if _may(person, "identities", fold(text.split(":")[0]), seen=seen)]


def _of_kind(kind: str, person: Person, *, seen: bool) -> set[str]:
    parted = [text.split(":", 1) for text in _identities(person, seen=seen)]
    return {fold(value) for own, value in parted if fold(own) == fold(kind)}


def _born(person: Person, *, seen: bool) -> int | None:
    return person.born if _may(person, "age", seen=seen) else None


def _about(kind: str, person: Person, *, seen: bool) -> set[str]:
    column = _COLUMN_OF.get(kind, kind)
    return _values(column, person, seen=seen) if column in _COLUMNS else _of_kind(kind, person, seen=seen)


def _must_holds(must: str, wisher: Person, partner: Person) -> bool:
    words = fold(must)
    if words in {"older", "younger"}:
        own, theirs = _born(wisher, seen=False), _born(partner, seen=True)
        if own is None or theirs is None:
            return False
        return theirs < own if words == "older" else theirs > own
    if ":" in words:
        kind, value = (part.strip() for part in words.split(":", 1))
        return value in _about(kind, partner, seen=True)
    form, kind = words.split(" ", 1)
    own_values, their_values = _about(kind, wisher, seen=False), _about(kind, partner, seen=True)
    if not own_values or not their_values:
        return False
    return own_values.isdisjoint(their_values) == (form == "different")


def _overlaps(column: str, left: Person, right: Person, scheme: Scheme) -> bool:
    """Blank means any: only the lists that say something have to have a value in common."""
    lists = [_values(column, person, seen=False) for person in (left, right)]
    if column == "modes":
        lists.append(set(scheme.hard.ways))
    filled = [values for values in lists if values]
    return not filled or bool(set.intersection(*filled))


def _has_roles(person: Person, wanted: Sequence[str]) -> bool:
    held = {fold(role).split(":")[0] for role in person.roles if "roles" not in person.unused}
    whole = {fold(role) for role in person.roles if "roles" not in person.unused}
    return all(fold(role) in held | whole for role in wanted)


def _basis(basis: str, left: Person, right: Person, scheme: Scheme) -> bool:
    if basis == "age":
        return is_true_and_shown(Reason("age"), left, right, scheme)
    if basis == "identities":
        mine, theirs = (
            {tuple(fold(part) for part in text.split(":", 1)) for text in _identities(person, seen=True)}
            for person in (left, right)
        )
        return bool(mine & theirs)
    return bool(_about(fold(basis), left, seen=True) & _about(fold(basis), right, seen=True))
