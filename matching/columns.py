"""The people of a round as columns of numbers, so that very many pairs can be looked at together (looking.py).

What rules.py and scoring.py ask of two people is asked here of one person and a row of others. A list of words becomes
sets of bits: the commonest words have a bit each, the rarer ones stand in lists of who said them, and a word that only
one person said has neither, since nobody can have it in common with them. How many words somebody said is kept beside,
for the share in common needs it. A must becomes the set of people who would fail it.

Everything is a whole number, and almost all are kept in 32-bit floats, which count exactly up to 2^24. That also makes
division exact. Let p and q be whole numbers and floats, p below 2^24, q above 0 and below 2^25, and k the whole part of
p / q. The nearest float to p / q is not below k, for k itself is a float. Nor does it reach k + 1: p / q is at most
k + 1 - 1 / q. Let k lie between 2^e and 2^(e + 1), where floats stand 2^(e - 23) apart; then only what lies within
2^(e - 24) of k + 1 is rounded up to it, and that is less than 1 / q, for q * 2^e <= q * k <= p < 2^24. (Where k is 0, let
e be -1.) So rounding down after the division gives the whole part. Where a scheme weighs so many kinds of identity, or
somebody wrote so many words, that a number could grow past that, all of it is done in 64-bit floats.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from matching import rules, wishes
from matching.errors import AnswerRefused
from matching.facing import what_each_said, what_others_said
from matching.packed import (
    BASIS,
    BORN,
    CRITERION,
    KIND,
    LEAST_BORN,
    MASKS,
    MOST_BORN,
    RULE_ONLY,
    SILENT,
    STAGE,
    WORD_BITS,
    Likeness,
    Lists,
    Numbers,
    Ones,
    Others,
    Relation,
    RuleBits,
    Said,
    Settings,
    bit_of,
    lists_of,
    picked,
)
from matching.people import IMPORTANCE_MOST, MODES, TIMES, Answers, Person
from matching.schemes import Scheme
from matching.scoring import ONE, SUPPORTED_SHARE, TIMES_ENOUGH, waiting_points
from matching.words import fold

Words = Mapping[int, frozenset[Any]]

# So many of the commonest words of a list have a bit. Rarer ones are counted through lists of who said them, which costs
# next to nothing since few did; and so the room a person takes does not grow with what everybody else writes.
BITS_MOST = 256
EXACT_FLOAT32 = 2**24

# Years of birth that nobody has. Silence is far from every year, so a closeness in age comes out as none; a must about
# age is a span of years that the partner's shown year must lie in, and without such a must silence lies in it too.
ANY_LEAST, ANY_MOST, NEVER = -2000, 3000, 4000
# Further along than anybody, and behind everybody: someone who said no stage is not held to it.
STAGE_SILENT = -1
NO_LIMIT = 1 << 20

SHARE_OF_BOTH = Likeness(2, NO_LIMIT, 0, 1, 1)
SHARE_OF_OURS = Likeness(1, NO_LIMIT, 0, 1, 0)
SHARE_OF_THEIRS = Likeness(1, NO_LIMIT, 0, 0, 1)
ANY_IN_COMMON = Likeness(1, 1, 1, 0, 0)
ENOUGH_TIMES = Likeness(1, TIMES_ENOUGH, TIMES_ENOUGH, 0, 0)
LIKENESS = {"languages": ANY_IN_COMMON, "modes": ANY_IN_COMMON, "areas": ANY_IN_COMMON, "times": ENOUGH_TIMES}
HARD_COLUMNS = {"languages": rules.LANGUAGES, "areas": rules.AREAS, "times": rules.TIMES}
WORD_COLUMNS = ("languages", "areas", "times", "modes", "goals", "looking_for", "experiences", "interests")
CLOSED = {"modes": MODES, "times": TIMES}


@dataclass(frozen=True, eq=False)
class Columns:
    """The people of a round for one scheme and day, packed by `Columns.of`. Positions are places in `people`.

    `number`: the float that all sums are exact in. `waiting`: points for having waited, int64.
    """

    people: tuple[Person, ...]
    scheme: Scheme
    number: type[np.floating[Any]]
    relations: tuple[Relation, ...]
    settings: Settings
    ones: Ones
    waiting: Numbers

    @classmethod
    def of(cls, people: Iterable[Person], scheme: Scheme, *, on: date) -> "Columns":
        """Pack these people, in the order given. Raises AnswerRefused when two have the same id.

        Time and room grow with the answers that people gave, not with how many different words or kinds there are; but
        every must that other people fail takes a bit for everybody.
        """
        pool = _Pool(tuple(people), scheme)
        relations = tuple(pool.relations())
        bits, musts, must_words = pool.bits()
        numbers = pool.numbers()
        waiting = [waiting_points(person, scheme, on=on) for person in pool.people]
        return cls(
            people=pool.people,
            scheme=scheme,
            number=pool.number,
            relations=relations,
            settings=pool.settings(numbers, must_words),
            ones=Ones(
                numbers,
                bits,
                what_each_said(relations, len(pool.people)),
                musts,
                pool.linked("apart"),
                pool.linked("kept"),
            ),
            waiting=np.array(waiting, dtype=np.int64),
        )

    def facing(self, others: Numbers) -> Others:
        """Those who stand at these positions (ascending), seat by seat, as one person after another looks at them."""
        seat = np.full(len(self.people), -1, dtype=np.int64)
        seat[others] = np.arange(len(others))
        numbers, bits = (np.ascontiguousarray(table[:, others]) for table in (self.ones.numbers, self.ones.bits))
        # Whoever said no stage is further along than anybody here.
        numbers[STAGE][numbers[STAGE] == STAGE_SILENT] = NO_LIMIT
        return Others(
            numbers, bits, seat, what_others_said(self.relations, seat, len(others)), self._rare_musts(others)
        )

    def _rare_musts(self, others: Numbers) -> Numbers:
        musts = picked(self.ones.musts, others)
        seats = np.repeat(np.arange(len(others)), np.diff(musts.start))
        return np.stack([seats, musts.item])[:, musts.item >= wishes.MUST_BITS_MOST]


class _Pool:
    """The people while they are being packed."""

    def __init__(self, people: tuple[Person, ...], scheme: Scheme) -> None:
        self.people = people
        self.scheme = scheme
        self.answers = [person.answers for person in people]
        self.position = {person.id: number for number, person in enumerate(people)}
        if len(self.position) < len(people):
            raise AnswerRefused("id", "", "Two people have the same id; give each their own.")
        self.kinds = self._kinds()
        self.number: type[np.floating[Any]] = np.float32 if self._stays_small() else np.float64

    def relations(self) -> Iterable[Relation]:
        """Every list of words that a rule or a weight asks for, in a fixed order."""
        scheme = self.scheme
        for column in WORD_COLUMNS:
            hard, weight = column in HARD_COLUMNS and getattr(scheme.hard, column), scheme.weights[column]
            if hard or weight:
                role, rule = CRITERION if weight else RULE_ONLY, bit_of(column) if hard else 0
                words, likeness = self._used(column), LIKENESS.get(column, SHARE_OF_BOTH)
                vocabulary: dict[Hashable, int] = {word: at for at, word in enumerate(CLOSED.get(column, ()))}
                yield self._alike(words, vocabulary, self._matters(words, weight, column, column), role, rule, likeness)
        if scheme.weights["skills"]:
            yield from self._skills()
        for kind, words in sorted(self.kinds.items()):
            # Weighed on its own, a kind counts as a criterion; else in the mean over the kinds, by what it matters.
            role = CRITERION if kind in scheme.identity_weights else KIND
            weight, otherwise = scheme.identity_weights.get(kind, 1), "identities" if role == CRITERION else ""
            yield self._alike(words, {}, self._matters(words, weight, kind, otherwise), role, 0, SHARE_OF_BOTH)
        if scheme.eligibility.any_of:
            words = {at: shared for at, shared in enumerate(map(self._basis, self.answers)) if shared}
            yield self._alike(words, {}, np.zeros(len(words), dtype=self.number), BASIS, 0, ANY_IN_COMMON)

    def _skills(self) -> Iterable[Relation]:
        """What is wanted against what is offered. Equals each look for their own wants, and count that view only."""
        wants, skills = self._used("wants"), self._used("skills")
        vocabulary = _vocabulary(wants, skills)
        wanted, offered = (_said(words, vocabulary, self.number) for words in (wants, skills))
        weight = self.scheme.weights["skills"]
        wishing, able = (self._matters(words, weight, "skills", "skills") for words in (wants, skills))
        if self.scheme.shape == "one-way":
            yield Relation(wanted, offered, wishing, able, CRITERION, 0, SHARE_OF_OURS)
        else:
            yield Relation(wanted, offered, wishing, 0 * able, CRITERION, 0, SHARE_OF_OURS)
            yield Relation(offered, wanted, 0 * able, wishing, CRITERION, 0, SHARE_OF_THEIRS)

    def _alike(
        self, words: Words, vocabulary: dict[Hashable, int], matters: Numbers, role: int, rule: int, likeness: Likeness
    ) -> Relation:
        """One list of words of both people set against each other; in the words of a closed list, or in their own."""
        said = _said(words, vocabulary or _vocabulary(words, words), self.number)
        return Relation(said, said, matters, matters, role, rule, likeness)

    def _kinds(self) -> dict[str, dict[int, frozenset[str]]]:
        """The kinds of identity that count and that two people could have in common, and who said what of them."""
        weights, rest = self.scheme.identity_weights, self.scheme.weights["identities"]
        said: dict[str, dict[int, frozenset[str]]] = {}
        for at, answers in enumerate(self.answers):
            for kind, words in answers.kinds.items():
                if weights.get(kind, rest):
                    said.setdefault(kind, {})[at] = words
        return {kind: words for kind, words in said.items() if len(words) > 1}

    def _stays_small(self) -> bool:
        """Whether no number of the formulas can reach what 32-bit floats count to, whoever is looked at.

        A rounded mean is `(2 * total + weights) / (2 * weights)`; a total is at most ONE times its weights. A rounded
        share of words is at most `(4 * ONE * words + 2 * words) / (4 * words)`.
        """
        weights = sum(self.scheme.weights.values())
        weights += sum(self.scheme.identity_weights.get(kind, 0) for kind in self.kinds)
        rest = max((len(answers.kinds.keys() - self.scheme.identity_weights) for answers in self.answers), default=0)
        mean = (2 * ONE + 1) * IMPORTANCE_MOST * max(weights, rest)
        columns = (*WORD_COLUMNS, "wants", "skills", "identities")
        words = max((len(getattr(person, column)) for person in self.people for column in columns), default=0)
        return max(mean, (4 * ONE + 2) * words) < EXACT_FLOAT32

    def _used(self, column: str) -> Words:
        return {at: answers.used(column) for at, answers in enumerate(self.answers) if answers.used(column)}

    def _matters(self, people: Iterable[int], weight: int, criterion: str, otherwise: str) -> Numbers:
        """What something counts in the view of each of these; asked for as scoring.py asks."""
        said = [weight * self.answers[at].importance(criterion, otherwise) for at in people]
        return np.array(said, dtype=self.number)

    def _basis(self, answers: Answers) -> frozenset[tuple[str, str]]:
        """All that this person shows of what the scheme takes for a basis, save age."""
        shared: set[tuple[str, str]] = set()
        for basis in self.scheme.eligibility.any_of:
            kinds = answers.kinds if basis == "identities" else (fold(basis),)
            shared |= {(kind, word) for kind in kinds for word in rules.shown_by(kind, answers)}
        return frozenset(shared)

    def numbers(self) -> Numbers:
        """The numbers that each person has, from BORN on."""
        years = np.array([_years(answers) for answers in self.answers], dtype=self.number).reshape(-1, 4).T
        stages = sorted({answers.stage for answers in self.answers if answers.stage is not None})
        # Only the order of stages counts, and numbers in a row are small whatever people wrote.
        rank: dict[int | None, int] = {stage: number for number, stage in enumerate(stages)}
        stage = [rank.get(answers.stage, STAGE_SILENT) for answers in self.answers]
        asked = (("age", "age"), ("novelty", "novelty"), ("identities", ""))
        everybody, weights = range(len(self.people)), self.scheme.weights
        age, *rest = (self._matters(everybody, weights[name], name, otherwise) for name, otherwise in asked)
        # Nothing counts that its owner has not said.
        age[years[BORN] == SILENT] = 0
        return np.ascontiguousarray(np.vstack([years, stage, age, *rest]), dtype=self.number)

    def bits(self) -> tuple[Numbers, Lists, int]:
        """The bits that each person has, from WAYS on; everybody's own musts by number; and how many words those take."""
        ways = np.array([[self._ways(answers) for answers in self.answers]], dtype=np.uint32)
        fails, asked, musts = wishes.musts_in_bits(self.answers)
        return np.vstack([ways, fails, asked]), musts, len(fails)

    def _ways(self, answers: Answers) -> int:
        open_here, open_to_them = self.scheme.hard.ways or MODES, answers.used("modes") or MODES
        return sum(1 << number for number, mode in enumerate(MODES) if mode in open_here and mode in open_to_them)

    def linked(self, how: str) -> Lists:
        """For each person those who are kept apart from them, or stand with them, whichever of the two said so."""
        linked: list[set[int]] = [set() for _ in self.people]
        for one, answers in enumerate(self.answers):
            named = answers.kept if how == "kept" else answers.apart | answers.ended
            for other in {self.position[name] for name in named if name in self.position} - {one}:
                linked[one].add(other)
                linked[other].add(one)
        return lists_of(map(sorted, linked))

    def settings(self, numbers: Numbers, must_words: int) -> Settings:
        scheme, number = self.scheme, self.number
        one_way = scheme.shape == "one-way"
        told = (rules.SELF, rules.PRIVATE, rules.STANDING, rules.MODES, rules.STAGE, rules.BASIS, rules.MUST, rules.FIT)
        return Settings(
            bits=RuleBits(*(MASKS(bit_of(kind)) for kind in told)),
            one_way=one_way,
            weighs_age=scheme.weights["age"] > 0,
            weighs_novelty=scheme.weights["novelty"] > 0,
            weighs_identities=scheme.weights["identities"] > 0,
            asks_ways=scheme.hard.modes,
            asks_age=bool((numbers[LEAST_BORN] != ANY_LEAST).any() or (numbers[MOST_BORN] != ANY_MOST).any()),
            asks_basis=bool(scheme.eligibility.any_of),
            basis_by_age="age" in scheme.eligibility.any_of,
            bars_kept=scheme.round.kept_pairs == "bar",
            stage_step=number({"any": -1, "not-behind": 0, "ahead": 1}[scheme.hard.stage]),
            must_words=must_words,
            near_years=scheme.age.near_years,
            span_years=number(scheme.age.span_years),
            minimum_fit=number(scheme.round.minimum_fit),
            unknown_fit=number(scheme.round.unknown_fit),
            unit=number(1),
            thousand=number(ONE),
            first_share=number(SUPPORTED_SHARE),
            second_share=number(100 - SUPPORTED_SHARE),
        )


def _vocabulary(ours: Words, theirs: Words) -> dict[Hashable, int]:
    """A number for every word that two people could have in common, the commonest first."""
    said = Counter(word for words in ours.values() for word in words)
    heard = said if ours is theirs else Counter(word for words in theirs.values() for word in words)
    shared = [word for word in said if (said[word] > 1 if ours is theirs else word in heard)]
    shared.sort(key=lambda word: (-said[word] - heard[word], word))
    return {word: number for number, word in enumerate(shared)}


def _said(lists: Words, vocabulary: Mapping[Any, int], number: type[np.floating[Any]]) -> Said:
    people = np.array(list(lists), dtype=np.int64)
    known = lists_of([vocabulary[word] for word in words if word in vocabulary] for words in lists.values())
    entry = np.repeat(np.arange(len(people)), np.diff(known.start))
    with_bits = min(len(vocabulary), BITS_MOST)
    bits = np.zeros((-(-with_bits // WORD_BITS), len(people)), dtype=np.uint32)
    has_bit = known.item < with_bits
    common = known.item[has_bit]
    np.bitwise_or.at(
        bits, (common // WORD_BITS, entry[has_bit]), np.uint32(1) << (common % WORD_BITS).astype(np.uint32)
    )
    rare_start = np.searchsorted(entry[~has_bit], np.arange(len(people) + 1))
    rare = Lists(rare_start, known.item[~has_bit] - with_bits)
    size = np.array([len(words) for words in lists.values()], dtype=number)
    return Said(people, size, bits, rare, len(vocabulary) - with_bits)


def _years(answers: Answers) -> tuple[int, int, int, int]:
    """The year of birth, as partners may see it, and the first and last year that a partner's must lie in."""
    born = SILENT if answers.born is None else answers.born
    least, most = ANY_LEAST, ANY_MOST
    for must in answers.musts:
        if must.form in {"older", "younger"}:
            least = max(least, NEVER if born == SILENT else SILENT + 1)
            if must.form == "older":
                most = born - 1
            else:
                least = max(least, born + 1)
    return born, born if answers.shows("age") else SILENT, least, most
