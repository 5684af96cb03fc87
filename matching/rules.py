"""Hard rules as deleted arcs: each function looks at two people and says what kind of rule parts them, or nothing.

`one` is the person supported and `other` the one who guides; in a symmetric scheme the two are alike. A blank in an
overlap rule means "any". A person's own must is met only by an answer its owner lets be used and shows to partners
(decisions.md section 5), so that a met must tells nobody anything its owner did not choose to tell.
"""

from collections.abc import Callable
from datetime import date

from matching.people import Answers, Must, Person, split_identity
from matching.schemes import Scheme
from matching.words import fold

# The kinds of hard rule, as data for staff. Who said "not with" whom, and what ended, is nobody's to see: "private".
SELF, PRIVATE, STANDING = "self", "private", "standing"
LANGUAGES, MODES, AREAS, TIMES = "languages", "modes", "areas", "times"
STAGE, BASIS, MUST, FIT = "stage", "basis", "must", "fit"
KINDS = (SELF, PRIVATE, STANDING, LANGUAGES, MODES, AREAS, TIMES, STAGE, BASIS, MUST, FIT)

# Why somebody is not in the round at all, before anybody else is looked at.
NO_ROOM, NOT_YET, NO_SIDE = "no-room", "not-yet", "no-side"

Rule = Callable[[Answers, Answers, Scheme], str | None]


def barred_by(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    """The first kind of rule that keeps these two apart, in the order of KINDS; None when they may be introduced."""
    for rule in RULES:
        kind = rule(one, other, scheme)
        if kind is not None:
            return kind
    return None


def same_person(one: Answers, other: Answers, _: Scheme) -> str | None:
    return SELF if one.id == other.id else None


def said_not_with(one: Answers, other: Answers, _: Scheme) -> str | None:
    return PRIVATE if other.id in one.apart or one.id in other.apart else None


def ended_before(one: Answers, other: Answers, _: Scheme) -> str | None:
    return PRIVATE if other.id in one.ended or one.id in other.ended else None


def already_standing(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    barred = scheme.round.kept_pairs == "bar" and is_standing(one, other)
    return STANDING if barred else None


def no_common_language(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    apart = scheme.hard.languages and _no_overlap(one.used("languages"), other.used("languages"))
    return LANGUAGES if apart else None


def no_common_way_of_meeting(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    """Both ways of meeting and the scheme's own must have one in common; each may be blank."""
    if not scheme.hard.modes:
        return None
    common = frozenset(scheme.hard.ways)
    for ways in (one.used("modes"), other.used("modes")):
        if _no_overlap(common, ways):
            return MODES
        common = common & ways if common and ways else common | ways
    return None


def no_common_area(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    return AREAS if scheme.hard.areas and _no_overlap(one.used("areas"), other.used("areas")) else None


def no_common_time(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    return TIMES if scheme.hard.times and _no_overlap(one.used("times"), other.used("times")) else None


def not_further_along(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    """Where the scheme asks for it, the guiding person's stage; someone who said none is not held to it (C20)."""
    if scheme.hard.stage == "any" or one.stage is None or other.stage is None:
        return None
    enough = other.stage > one.stage if scheme.hard.stage == "ahead" else other.stage >= one.stage
    return None if enough else STAGE


def no_shared_basis(one: Answers, other: Answers, scheme: Scheme) -> str | None:
    """Any-of eligibility (requirements.md S16): one basis from the scheme's list is enough, if both show it."""
    wanted = scheme.eligibility.any_of
    return None if not wanted or any(agree_on(basis, one, other, scheme) for basis in wanted) else BASIS


def a_must_unmet(one: Answers, other: Answers, _: Scheme) -> str | None:
    unmet = any(not meets(must, one, other) for must in one.musts)
    return MUST if unmet or any(not meets(must, other, one) for must in other.musts) else None


RULES: tuple[Rule, ...] = (
    same_person,
    said_not_with,
    ended_before,
    already_standing,
    no_common_language,
    no_common_way_of_meeting,
    no_common_area,
    no_common_time,
    not_further_along,
    no_shared_basis,
    a_must_unmet,
)


def meets(must: Must, wisher: Answers, partner: Answers) -> bool:
    """Whether `partner`'s own answers meet one must of `wisher`. Silence, unused and unshown answers never do."""
    if must.form in {"older", "younger"}:
        if wisher.born is None or partner.born is None or not partner.shows("age"):
            return False
        return partner.born < wisher.born if must.form == "older" else partner.born > wisher.born
    theirs = shown_by(must.kind, partner)
    if must.form == "is":
        return must.value in theirs
    own = answers_to(must.kind, wisher)
    if not theirs or not own:
        return False
    return bool(own & theirs) == (must.form == "same")


def agree_on(basis: str, one: Answers, other: Answers, scheme: Scheme) -> bool:
    """Whether both show the same answer to a criterion, a kind of identity, or any identity at all."""
    if basis == "age":
        if one.born is None or other.born is None or not (one.shows("age") and other.shows("age")):
            return False
        return abs(one.born - other.born) <= scheme.age.near_years
    if basis == "identities":
        return any(shown_by(kind, one) & shown_by(kind, other) for kind in one.kinds)
    return bool(shown_by(fold(basis), one) & shown_by(fold(basis), other))


def is_standing(one: Answers, other: Answers) -> bool:
    return other.id in one.kept or one.id in other.kept


def shut_out(person: Person, scheme: Scheme, *, role: str, on: date) -> str | None:
    """Why this person cannot take part as "mentor", "supported" or "" (where all are alike); None when they can."""
    if person.capacity == 0:
        return NO_ROOM
    gate = scheme.eligibility
    wanted = gate.everyone_roles + {"mentor": gate.mentor_roles, "supported": gate.supported_roles}.get(role, ())
    if not all(_has_role(person.answers, fold(name)) for name in wanted):
        return NOT_YET
    for identity in gate.identities:
        kind, value = split_identity(identity)
        if fold(value) not in person.answers.kinds.get(fold(kind), ()):
            return NOT_YET
    # Only the year of birth is known, so this is the age reached within the year of the round.
    too_young = gate.age_at_least is not None and (person.born is None or on.year - person.born < gate.age_at_least)
    return NOT_YET if too_young else None


def _has_role(answers: Answers, name: str) -> bool:
    return any(role == name or role.startswith(f"{name}:") for role in answers.used("roles"))


def _no_overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and bool(other) and not one & other


def answers_to(kind: str, whose: Answers) -> frozenset[str]:
    """Answers to a column or a kind of identity that may be used."""
    return whose.used(kind) if whose.has_column(kind) else whose.kinds.get(kind, frozenset())


def shown_by(kind: str, whose: Answers) -> frozenset[str]:
    """Answers that may be used and that a proposed partner may see."""
    shown = whose.shows(kind) if whose.has_column(kind) else whose.shows_kind(kind)
    return answers_to(kind, whose) if shown else frozenset()
