"""The facts about a person that the engine may see: ids and answers, never names (decisions.md section 5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, cast

from matching.errors import AnswerRefused
from matching.words import LISTS_KEPT, WORDS_KEPT, fold, fold_all, once_each, tidy

SIDES = ("offer", "seek", "both")
MODES = ("in-person", "phone", "online", "letter")
TIMES = tuple(
    f"{day}-{part}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun") for part in ("morn", "aft", "eve")
)
# What a person shares, sets aside or weighs. A kind of identity (faith, gender...) is a criterion too.
CRITERIA = (
    "age",
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
    "stage",
    "roles",
)
# A blank `share` shows these, and none of C4-C10, C12-C16, C20, C28 (requirements.md 6a). A filled one shows what it
# lists and no more.
EVERYDAY = frozenset(CRITERIA) - {"experiences", "identities", "stage", "roles"}
# What a must may be about besides kinds of identity, in the singular as people write it, and the column it reads.
MUST_COLUMNS = MappingProxyType({"language": "languages", "mode": "modes", "area": "areas"})
IMPORTANCE_MOST = 5
EARLIEST_BIRTH, LATEST_BIRTH = 1900, 2100

_CLOSED = {"modes": MODES, "times": TIMES}
_OWN_WORDS = ("languages", "areas", "goals", "looking_for", "experiences", "interests", "skills", "wants", "roles")
_IDS = ("not_with", "ended_with", "kept_with")
_RESERVED_KINDS = frozenset(CRITERIA) | frozenset(MUST_COLUMNS)
_NOTHING_SAID: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Must:
    """What a person says must hold of a partner. `kind` and `value` are folded; `older` and `younger` have neither."""

    form: Literal["same", "different", "is", "older", "younger"]
    kind: str = ""
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One row of the people file. Lists may be given as any iterable of strings; they are tidied and repeats dropped.

    `born` is a year, `capacity` a number of people, `waiting_since` a date; `importance` maps a criterion or a kind of
    identity to 0-5. Raises AnswerRefused when an answer cannot be read.
    """

    id: str
    side: str = ""
    capacity: int = 1
    born: int | None = None
    languages: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    looking_for: tuple[str, ...] = ()
    experiences: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    stage: int | None = None
    roles: tuple[str, ...] = ()
    musts: tuple[str, ...] = ()
    importance: Mapping[str, int] = field(default_factory=lambda: _NOTHING_SAID)
    share: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    waiting_since: date | None = None
    not_with: tuple[str, ...] = ()
    ended_with: tuple[str, ...] = ()
    kept_with: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._set("id", self.id.strip())
        if not self.id:
            raise AnswerRefused("id", "", "Give every person an id; any word or number that is used once will do.")
        self._set("side", _one_of("side", self.side, SIDES) if fold(self.side) else "")
        for column in LISTS:
            given = getattr(self, column)
            # Most people say nothing in most of them.
            if given != ():
                self._set(column, _read(column, _listed(column, given)))
        self._set("importance", _importance(self.importance))
        self._refuse_numbers_out_of_range()

    def _set(self, column: str, value: object) -> None:
        object.__setattr__(self, column, value)

    def _refuse_numbers_out_of_range(self) -> None:
        _whole("capacity", self.capacity, 0, None)
        if self.born is not None:
            _whole("born", self.born, EARLIEST_BIRTH, LATEST_BIRTH)
        if self.stage is not None:
            _whole("stage", self.stage, 0, None)
        for criterion, value in self.importance.items():
            if type(value) is not int or not 0 <= value <= IMPORTANCE_MOST:
                fix = f"Importance is a whole number from 0 (does not matter) to {IMPORTANCE_MOST}, like {criterion}=3."
                raise AnswerRefused("importance", f"{criterion}={value}", fix)

    @property
    def answers(self) -> "Answers":
        """The same row, folded for comparing: made anew, so whoever asks often keeps it."""
        return Answers(self)


class Answers:
    """A person's row as the engine compares it: folded sets, and what its owner lets be used and be shown."""

    __slots__ = (
        "_kinds",
        "_share",
        "_unused",
        "_used",
        "apart",
        "born",
        "ended",
        "id",
        "kept",
        "musts",
        "person",
        "stage",
    )

    def __init__(self, person: Person) -> None:
        self.id = person.id
        self.person = person
        self.musts = _musts(person.musts)
        self.apart = frozenset(person.not_with)
        self.ended = frozenset(person.ended_with)
        self.kept = frozenset(person.kept_with)
        self._share = _names(person.share) if person.share else EVERYDAY
        self._unused = _names(person.unused)
        self.born = person.born if self.uses("age") else None
        self.stage = person.stage if self.uses("stage") else None
        self._used: dict[str, frozenset[str]] = {}
        self._kinds: dict[str, frozenset[str]] | None = None

    @property
    def kinds(self) -> dict[str, frozenset[str]]:
        """The folded values of each kind of identity that may be used."""
        if self._kinds is None:
            self._kinds = self._used_kinds()
        return self._kinds

    def _used_kinds(self) -> dict[str, frozenset[str]]:
        if not self.uses("identities"):
            return {}
        return {kind: words for kind, words in _by_kind(self.person.identities).items() if self.uses(kind)}

    def uses(self, criterion: str) -> bool:
        """Whether its owner lets this criterion, or kind of identity, be used at all."""
        return criterion not in self._unused

    def shows(self, criterion: str) -> bool:
        """Whether its owner agreed that a proposed partner may see this criterion."""
        return criterion in self._share

    def shows_kind(self, kind: str) -> bool:
        """Whether a proposed partner may see this kind of identity: named itself, or all identities together."""
        return "identities" in self._share or kind in self._share

    def used(self, column: str) -> frozenset[str]:
        """The folded values of a column that may be used; empty when silent or set aside."""
        found = self._used.get(column)
        if found is None:
            found = self._used[column] = fold_all(getattr(self.person, column)) if self.uses(column) else frozenset()
        return found

    def has_column(self, column: str) -> bool:
        """Whether this is a column of values, as `languages` is and a kind of identity is not."""
        return column in _OF_WORDS

    def importance(self, criterion: str, otherwise: str = "") -> int:
        """How much it matters to this person, 0 to 5. Where nothing was said, what `otherwise` matters; else 1."""
        return self.person.importance.get(criterion, self.person.importance.get(otherwise, 1))


@lru_cache(WORDS_KEPT)
def parse_must(text: str) -> Must:
    """Read `same KIND`, `different KIND`, `KIND:VALUE`, `older` or `younger`. Raises AnswerRefused."""
    folded = fold(text)
    first, _, rest = folded.partition(" ")
    if folded in {"older", "younger"}:
        return Must(cast("Literal['older', 'younger']", folded))
    if ":" in folded and first not in {"same", "different"}:
        kind, _, value = (part.strip() for part in folded.partition(":"))
        if kind and value:
            return Must("is", _must_kind(kind, text), value)
    elif ":" not in folded and first in {"same", "different"} and rest:
        return Must(cast("Literal['same', 'different']", first), _must_kind(rest, text))
    fix = "Write `same KIND`, `different KIND`, `KIND:VALUE`, `older` or `younger`, like `same faith`."
    raise AnswerRefused("musts", text, fix)


def _criterion(name: str) -> str:
    """A criterion as we write it: `language` is taken for `languages`, as in musts."""
    return MUST_COLUMNS.get(fold(name), fold(name))


def _must_kind(kind: str, text: str) -> str:
    column = MUST_COLUMNS.get(kind, kind)
    if column in CRITERIA and column not in MUST_COLUMNS.values():
        fix = "A must is about language, mode, area or a kind of identity; for age write older or younger."
        raise AnswerRefused("musts", text, fix)
    return column


def split_identity(text: str) -> tuple[str, str]:
    """`faith:Muslim` becomes ("faith", "Muslim"). Only the first colon parts the two."""
    kind, _, value = text.partition(":")
    return tidy(kind), tidy(value)


@lru_cache(LISTS_KEPT)
def _by_kind(identities: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Not for changing: who says the same has the same one."""
    found: dict[str, set[str]] = {}
    for kind, value in map(split_identity, identities):
        found.setdefault(fold(kind), set()).add(fold(value))
    return {kind: frozenset(values) for kind, values in found.items()}


@lru_cache(LISTS_KEPT)
def _musts(texts: tuple[str, ...]) -> tuple[Must, ...]:
    return tuple(map(parse_must, texts))


@lru_cache(LISTS_KEPT)
def _names(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


def known_criteria(people: Iterable[Person]) -> frozenset[str]:
    """What `share`, `unused` and `importance` may name: the criteria, and each kind of identity these people write."""
    kinds = {fold(split_identity(identity)[0]) for person in people for identity in person.identities}
    wished = {must.kind for person in people for must in person.answers.musts if must.kind}
    return frozenset(CRITERIA) | kinds | wished


COLUMNS = tuple(column.name for column in fields(Person))
_OF_WORDS = (*_OWN_WORDS, *_CLOSED)
LISTS = (*_OF_WORDS, *_IDS, "identities", "musts", "share", "unused")


def _read(column: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """A list as it is kept: tidied, each thing once. Raises AnswerRefused."""
    if column in _IDS:
        names = (name.strip() for name in given)
        return tuple(dict.fromkeys(name for name in names if name))
    words = once_each(given)
    if column in _CLOSED:
        return tuple(dict.fromkeys(_one_of(column, word, _CLOSED[column]) for word in words))
    if column in {"share", "unused"}:
        return tuple(dict.fromkeys(map(_criterion, words)))
    if column == "identities":
        return tuple(map(_identity, words))
    if column == "musts":
        _musts(words)
    return words


def _importance(given: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType({_criterion(name): value for name, value in given.items()}) if given else _NOTHING_SAID


def _listed(column: str, given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise AnswerRefused(column, given, "Give a list of words, not one text.")
    values = tuple(given)
    for value in values:
        if ";" in value:
            raise AnswerRefused(column, value, "A semicolon parts two answers; inside one, write a comma.")
    return values


def _one_of(column: str, value: str, allowed: tuple[str, ...]) -> str:
    folded = fold(value)
    if folded not in allowed:
        shown = ", ".join(allowed) if column != "times" else "a day and a part of it, like mon-morn, tue-aft or sun-eve"
        raise AnswerRefused(column, value, f"Write one of these: {shown}.")
    return folded


@lru_cache(WORDS_KEPT)
def _identity(text: str) -> str:
    kind, value = split_identity(text)
    if not fold(kind) or not fold(value):
        fix = "Write the kind, a colon and the person's own words, like `faith:Muslim`."
        raise AnswerRefused("identities", text, fix)
    if fold(kind) in _RESERVED_KINDS:
        column = MUST_COLUMNS.get(fold(kind), "born" if fold(kind) == "age" else fold(kind))
        fix = f"{kind} has its own column: move it to {column}, or use another word for the kind."
        raise AnswerRefused("identities", text, fix)
    return f"{kind}:{value}"


def _whole(column: str, value: int, least: int, most: int | None) -> None:
    if type(value) is not int or value < least or (most is not None and value > most):
        until = f" to {most}" if most is not None else " or more"
        raise AnswerRefused(column, str(value), f"Write a whole number, {least}{until}.")
