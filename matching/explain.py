"""Why these two, and why nobody yet: as data, and as plain words.

A reason names only what both people answered alike, both let be used and both show to partners, so nothing unshared can
change a byte of it. Reasons carry no numbers and stand in one fixed order, whatever matters to whom. What a person
without a partner is told never depends on anybody else's answers, nor on whether there is anybody else: it offers groups
and waiting, gives no counts, and names nothing about themselves or others as the thing to drop (decisions.md section 5,
requirements.md J5). Staff have their own form.
"""

from dataclasses import dataclass
from typing import Literal

from matching import rules
from matching.people import TIMES, Answers, Person, split_identity
from matching.schemes import Scheme
from matching.scoring import criteria_in_play
from matching.words import fold

Listener = Literal["one", "other", "both"]

# Why a person has no partner, beside the three of matching.rules that keep someone out of a round.
NOT_PAIRED_HERE, NOBODY_YET, NO_FIT, OTHERS_FIRST = "not-paired-here", "nobody-yet", "no-fit", "others-first"


@dataclass(frozen=True)
class Reason:
    """One thing two people share: the criterion, the kind of identity or "", and the words each of them used for it.

    `skills` is what `other` can help `one` with, `wants` the other way about. `age` carries no words.
    """

    criterion: str
    kind: str = ""
    one: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unmatched:
    """A person whom the round introduced to nobody, why, and, for staff, the kinds of hard rule that left nobody.

    `side` is the one they stood on, `seek` or `offer`, empty where all are alike. `rules` are kinds of matching.rules.
    `eased`: of some kinds, how many partners there would be if that kind alone were set aside; for staff only.
    """

    id: str
    code: str
    side: str = ""
    rules: tuple[str, ...] = ()
    eased: tuple[tuple[str, int], ...] = ()


def reasons_for(one: Answers, other: Answers, scheme: Scheme) -> tuple[Reason, ...]:
    """What may be said to both of why they were proposed, in a fixed order. May be empty."""
    found = [_in_common(column, one, other) for column in _PLAIN if _counts(column, scheme)]
    if scheme.weights["skills"]:
        found.append(_help("skills", wisher=one, helper=other))
        if scheme.shape == "symmetric":
            found.append(_help("wants", wisher=other, helper=one))
    if _counts("age", scheme) and rules.agree_on("age", one, other, scheme):
        found.append(Reason("age"))
    kinds = sorted(one.kinds.keys() & other.kinds.keys())
    found += [_identity_in_common(kind, one, other) for kind in kinds if _kind_counts(kind, scheme)]
    return tuple(reason for reason in found if reason is not None)


def say(reason: Reason, *, to: Listener) -> str:
    """A reason in words: to `one`, to `other`, or about `both` for a list staff read. Each reads their own words."""
    words = ", ".join(shown_word(reason.criterion, word) for word in (reason.other if to == "other" else reason.one))
    if reason.criterion in {"skills", "wants"}:
        helped = "one" if reason.criterion == "skills" else "other"
        who = "One can help the other" if to == "both" else "They can help you" if to == helped else "You can help them"
        return f"{who} with: {words}"
    subject = "Both" if to == "both" else "You both"
    if reason.criterion == "identities":
        return f"{subject} share {reason.kind}: {words}"
    return f"{subject} {SENTENCES[reason.criterion]}{words}"


def say_all(reasons: tuple[Reason, ...], *, to: Listener) -> str:
    """The reasons of a pair on one line; a plain sentence when there is nothing both chose to show."""
    if not reasons:
        return "Both can take part and nothing keeps them apart" if to == "both" else "You can both take part"
    first, *later = (say(reason, to=to) for reason in reasons)
    # Each begins with a word of ours, so a small letter changes nothing that people wrote.
    return "; ".join([first, *(told[0].lower() + told[1:] for told in later)])


def pair_for_staff(one: Answers, other: Answers, scheme: Scheme) -> str:
    """The reasons of a pair, and whether something they did not show to partners agreed too, without naming it.

    For coordinators only: it depends on answers that the two have not shown each other.
    """
    reasons = reasons_for(one, other, scheme)
    said = {(reason.criterion, fold(reason.kind)) for reason in reasons}
    private = any(
        item.similarity and (("identities" if item.kind else item.criterion), item.kind) not in said
        for item in criteria_in_play(one, other, scheme)
        if item.criterion in _PRIVATE or item.kind
    )
    return say_all(reasons, to="both") + ("; a private item agreed" if private else "")


def unmatched_for_person(unmatched: Unmatched, person: Person, scheme: Scheme) -> str:
    """What the person is told. It rests on their own row and the scheme only, so it tells nothing of anybody else.

    Whoever is in the round and has nobody reads the same, also where nobody else was there: who may stand in a round
    depends on answers that are not shown (a role, a statement, a year of birth), and in a small one that would be told.
    """
    meanwhile = "Groups are open to you meanwhile, and "
    waited = "the time you have waited counts" if scheme.round.waiting_points_most else "you will be asked for"
    wait = f"{meanwhile}{waited} in the next round."
    if unmatched.code == rules.NO_ROOM:
        return "You have said that you have no room just now. Tell us when that changes; there is no hurry."
    if unmatched.code == rules.NOT_YET:
        asked = (
            f"Something is asked for first that is not on record yet. Your {scheme.words['coordinator']} can say what."
        )
        return f"{asked} Groups are open to you meanwhile."
    if unmatched.code == rules.NO_SIDE:
        return "Say whether you would like support, could offer it, or both, and you will be in the next round."
    if unmatched.code == NOT_PAIRED_HERE:
        return "This scheme pairs nobody: its groups and visits are joined directly. You are welcome to join."
    whom = " for you to support" if unmatched.side == "offer" else " for you"
    return f"We have not found the right person{whom} this time. {wait}{_own_hint(person, scheme)}"


def unmatched_for_staff(unmatched: Unmatched, scheme: Scheme) -> str:
    """What a coordinator may know: which kinds of hard rule left nobody, never who or whose answer."""
    if unmatched.code == NO_FIT:
        kinds = ", ".join(STAFF_WORDS[kind] for kind in unmatched.rules)
        eased = " ".join(
            f"With {STAFF_WORDS[kind]} alone set aside there would be {number}." for kind, number in unmatched.eased
        )
        return f"Nobody is left once the rules are kept: {kinds}. {eased}".rstrip()
    return {
        rules.NO_ROOM: "No places: capacity is 0.",
        rules.NOT_YET: "A role, statement or age that the scheme asks for is not on record.",
        rules.NO_SIDE: "The side is blank: neither offer, seek nor both.",
        NOT_PAIRED_HERE: f"The scheme's shape is {scheme.shape}: nobody is paired.",
        NOBODY_YET: "Nobody else is in the round for this person.",
        OTHERS_FIRST: "There were possible partners, and every place went to somebody else this time.",
    }[unmatched.code]


def shown_word(criterion: str, word: str) -> str:
    """A value as people read it: closed lists in words, everything else as its owner wrote it."""
    if criterion == "modes":
        return _MODE_WORDS[word]
    if criterion == "times":
        day, _, part = word.partition("-")
        return f"{_DAYS[day]} {_PARTS[part]}"
    return word


# Columns whose values two people may have in common, in the order they are told.
_PLAIN = ("languages", "times", "areas", "modes", "goals", "looking_for", "interests", "experiences")
_HARD = {"languages", "modes", "areas", "times"}
_PRIVATE = frozenset({*_PLAIN, "age", "skills"})
SENTENCES = {
    "languages": "speak or sign ",
    "times": "have time on ",
    "areas": "can be in ",
    "modes": "are happy to meet ",
    "goals": "hope for: ",
    "looking_for": "are looking for: ",
    "interests": "like: ",
    "experiences": "know this from the inside: ",
    "age": "are close in age",
}
_MODE_WORDS = {"in-person": "in person", "phone": "by phone", "online": "online", "letter": "by letter"}
_DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_PARTS = {"morn": "morning", "aft": "afternoon", "eve": "evening"}
STAFF_WORDS = {
    rules.SELF: "the same person",
    rules.PRIVATE: "a private item",
    rules.STANDING: "a standing pair",
    rules.LANGUAGES: "language",
    rules.MODES: "way of meeting",
    rules.AREAS: "area",
    rules.TIMES: "time",
    rules.STAGE: "stage",
    rules.BASIS: "a basis in common",
    rules.MUST: "something one of two people says must hold",
    rules.FIT: "too little in common for this scheme",
}


def _counts(criterion: str, scheme: Scheme) -> bool:
    hard = criterion in _HARD and getattr(scheme.hard, criterion)
    return bool(scheme.weights[criterion] or hard or criterion in scheme.eligibility.any_of)


def _kind_counts(kind: str, scheme: Scheme) -> bool:
    by_kind = scheme.identity_weights.get(kind, scheme.weights["identities"])
    bases = {fold(basis) for basis in scheme.eligibility.any_of}
    return bool(by_kind or "identities" in bases or kind in bases)


def _in_common(column: str, one: Answers, other: Answers) -> Reason | None:
    if not (one.shows(column) and other.shows(column)):
        return None
    common = one.used(column) & other.used(column)
    return _reason(column, "", common, getattr(one.person, column), getattr(other.person, column))


def _help(criterion: str, *, wisher: Answers, helper: Answers) -> Reason | None:
    if not (wisher.shows("wants") and helper.shows("skills")):
        return None
    common = wisher.used("wants") & helper.used("skills")
    reason = _reason(criterion, "", common, wisher.person.wants, helper.person.skills)
    if reason is None or criterion == "skills":
        return reason
    return Reason(criterion, "", one=reason.other, other=reason.one)


def _identity_in_common(kind: str, one: Answers, other: Answers) -> Reason | None:
    if not (one.shows_kind(kind) and other.shows_kind(kind)):
        return None
    return _reason("identities", kind, one.kinds[kind] & other.kinds[kind], _of_kind(kind, one), _of_kind(kind, other))


def _of_kind(kind: str, whose: Answers) -> tuple[str, ...]:
    parted = (split_identity(identity) for identity in whose.person.identities)
    return tuple(value for own_kind, value in parted if fold(own_kind) == kind)


def _reason(
    criterion: str, kind: str, common: frozenset[str], ones: tuple[str, ...], others: tuple[str, ...]
) -> Reason | None:
    if not common:
        return None
    one_words, other_words = ({fold(word): word for word in words} for words in (ones, others))
    order = sorted(common, key=TIMES.index if criterion == "times" else None)
    return Reason(criterion, kind, tuple(one_words[key] for key in order), tuple(other_words[key] for key in order))


def _own_hint(person: Person, scheme: Scheme) -> str:
    """Only about adding, only from the person's own row: it can tell nothing about the pool."""
    wider = [column for column in ("times", "areas") if getattr(scheme.hard, column) and getattr(person, column)]
    return f" If you have more {' or '.join(wider)} to add, that can help." if wider else ""
