"""A scheme is data: who may be introduced to whom, what counts and how much, and the words and rules the app reads.

Every switch can be off: a scheme that says only its name and title is the least structured one (requirements.md 1c).
The presets under `presets/` are read like anybody's own file; nothing in the engine knows their names.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from matching.checked import (
    Table,
    Unfit,
    choice,
    choices,
    holding,
    mapped,
    read,
    setting,
    text,
    texts,
    whole,
    yes_or_no,
)
from matching.errors import SchemeRefused
from matching.people import CRITERIA, MODES, split_identity
from matching.words import fold

SHAPES = ("one-way", "symmetric", "rota", "group")
# What may carry weight. `stage` and `roles` are steps and records, never a score (requirements.md C20-C22); `skills` is
# what one can show set against what the other wants.
WEIGHED = (
    "age",
    "looking_for",
    "goals",
    "experiences",
    "identities",
    "languages",
    "modes",
    "areas",
    "times",
    "interests",
    "skills",
    "novelty",
)
WEIGHT_MOST = 5
POINTS_MOST = 1000

# Safe words for roles, relationships and acts (requirements.md section 3). A scheme changes those it has words for.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "person": "member",
        "people": "members",
        "mentor": "mentor",
        "mentors": "mentors",
        "supported": "the person you support",
        "supported_plural": "the people you support",
        "partner": "partner",
        "partners": "partners",
        "activity": "time together",
        "activities": "times together",
        "coordinator": "coordinator",
        "coordinators": "coordinators",
        "scheme": "scheme",
        "goals": "goals",
        "moving_on": "moving on",
        "given": "hours given",
        "received": "hours received",
        "deposit": "deposit",
        "withdraw": "withdraw",
        "support_meeting": "support meeting",
        "query": "let’s check this hour",
        "declined": "not this time",
        "not_yet": "not yet",
        "paused": "paused",
        "finished": "finished together",
    }
)


@dataclass(frozen=True, kw_only=True)
class Joining(Table):
    """Who a peer is here, and how people come in. For pages; the engine's own gate is Eligibility."""

    peer: str = setting("open", choice("open", "own", "any-of", "community", "trained"))
    tiers: tuple[str, ...] = setting((), choices("informal", "volunteer", "paid"))
    referral: str = setting("either", choice("self", "other", "either"))
    open_to_new: bool = setting(True, yes_or_no)
    carers: bool = setting(True, yes_or_no)
    languages: tuple[str, ...] = setting((), texts)
    hosts: tuple[str, ...] = setting((), texts)
    direction: str = setting("either", choice("one-way", "mutual", "either"))


@dataclass(frozen=True, kw_only=True)
class Eligibility(Table):
    """What must be on record or said before anyone is introduced. Silence never meets it.

    Roles are those of the people file; `alumni` is met by `alumni` and by `alumni:2025`. `any_of` asks a pair to agree
    on at least one of the criteria or kinds of identity listed, both showing it to partners.
    """

    everyone_roles: tuple[str, ...] = setting((), texts)
    mentor_roles: tuple[str, ...] = setting((), texts)
    supported_roles: tuple[str, ...] = setting((), texts)
    identities: tuple[str, ...] = setting((), texts)
    any_of: tuple[str, ...] = setting((), texts)
    age_at_least: int | None = setting(None, whole(0, 120))


@dataclass(frozen=True, kw_only=True)
class Hard(Table):
    """Where two people must overlap; a blank means "any". `ways` are the scheme's ways of meeting; empty means all.

    `stage`: the guiding person is `not-behind` the other, or `ahead`; someone who said no stage is not held to it.
    """

    languages: bool = setting(False, yes_or_no)
    modes: bool = setting(False, yes_or_no)
    areas: bool = setting(False, yes_or_no)
    times: bool = setting(False, yes_or_no)
    ways: tuple[str, ...] = setting((), choices(*MODES))
    stage: str = setting("any", choice("any", "not-behind", "ahead"))


@dataclass(frozen=True, kw_only=True)
class Age(Table):
    """`span_years`: the gap at which closeness in age is worth nothing. `near_years`: the gap still called close."""

    span_years: int = setting(20, whole(1, 100))
    near_years: int = setting(5, whole(0, 100))


@dataclass(frozen=True, kw_only=True)
class Rounds(Table):
    """How a round decides. Points are on the scale of fit, 0 to 1000.

    `most_people_first`: as many people as can be get somebody, then the best pairs. `both_ways`: one round may propose
    A to B and B to A. `answer`: the `best` pairs together, or `stable` ones: no two people would both rather have each other
    than whom they got. `kept_pairs`: standing pairs stay in the round with `stay_points`, or are barred from it.
    `places_most`: the most places one person may offer, whatever their row says. `minimum_fit`: below it there is no
    proposal. `unknown_fit`: the fit of two people who have answered nothing in common.
    """

    most_people_first: bool = setting(True, yes_or_no)
    both_ways: bool = setting(False, yes_or_no)
    answer: str = setting("best", choice("best", "stable"))
    kept_pairs: str = setting("stay", choice("stay", "bar"))
    places_most: int | None = setting(None, whole(1, 1000))
    minimum_fit: int = setting(0, whole(0, 1000))
    unknown_fit: int = setting(500, whole(0, 1000))
    waiting_points_a_day: int = setting(0, whole(0, POINTS_MOST))
    waiting_points_most: int = setting(0, whole(0, POINTS_MOST))
    stay_points: int = setting(0, whole(0, POINTS_MOST))
    rolling: bool = setting(False, yes_or_no)


@dataclass(frozen=True, kw_only=True)
class Fairness(Table):
    """Whose chances are watched, and whether a round may even them out (decisions.md section 5).

    `groups` are answers from a closed list that people gave for this purpose, like `heritage:Somali`; who gave none is in
    no group. `bonus_decided` says who decided on a group bonus and when, and `advice` what advice was taken; without both
    there is none. `price_percent`: the most of all points that a round may lose by it. `gap_points`: how many of a hundred
    the groups' chances may differ by. `least_people`: a smaller group is not evened out, for its chances jump about.
    """

    groups: tuple[str, ...] = setting((), texts)
    bonus_decided: str = setting("", text)
    advice: str = setting("", text)
    price_percent: int = setting(2, whole(0, 20))
    gap_points: int = setting(3, whole(1, 50))
    least_people: int = setting(20, whole(10, 1000))

    def __post_init__(self) -> None:
        super().__post_init__()
        for identity in self.groups:
            if not all(split_identity(identity)):
                raise Unfit("write kind:value, like heritage:Somali.", "groups")
        if self.bonus_decided and not self.advice:
            raise Unfit("say what advice was taken before this was decided.", "advice")
        if self.advice and not self.bonus_decided:
            raise Unfit("say who decided, and when.", "bonus_decided")
        if self.bonus_decided and not self.groups:
            raise Unfit("say whose chances are evened out.", "groups")

    @property
    def has_bonus(self) -> bool:
        return bool(self.bonus_decided)


@dataclass(frozen=True, kw_only=True)
class Ledger(Table):
    """Whether hours are kept, and how they are confirmed (requirements.md section 4)."""

    mode: str = setting("off", choice("off", "counts", "full"))
    confirmation: str = setting("other-side", choice("other-side", "coordinator"))
    after_silence: str = setting("coordinator", choice("coordinator", "auto-post", "lapse"))
    group_posting: str = setting("hosted", choice("mutual", "hosted", "shared"))
    session_posting: str = setting("given", choice("given", "mutual", "community"))
    creditable: tuple[str, ...] = setting((), texts)


@dataclass(frozen=True, kw_only=True)
class Hours(Table):
    """`soft_floor_hours`: below minus that many hours its owner gets a kind prompt, never a refusal; absent is off."""

    soft_floor_hours: int | None = setting(None, whole(0, 10_000))


@dataclass(frozen=True, kw_only=True)
class Term(Table):
    """How long people agree to go on. A range is in months; `cohort` ends with the cohort; `none` is open."""

    kind: str = setting("none", choice("none", "range", "cohort", "sign-off"))
    months_least: int | None = setting(None, whole(1, 120))
    months_most: int | None = setting(None, whole(1, 120))
    review_weeks: int | None = setting(None, whole(1, 104))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind == "range" and (self.months_least is None or self.months_most is None):
            raise Unfit("a range needs months_least and months_most.", "kind")
        if self.months_least is not None and self.months_most is not None and self.months_least > self.months_most:
            raise Unfit("the most cannot be less than the least.", "months_most")


@dataclass(frozen=True, kw_only=True)
class Support(Table):
    """Training and support for those who guide. `support_meeting_days` is how often they meet their own supporter."""

    training: tuple[str, ...] = setting((), texts)
    readiness_talk: bool = setting(False, yes_or_no)
    support_meeting_days: int | None = setting(None, whole(1, 366))


@dataclass(frozen=True, kw_only=True)
class Queries(Table):
    """Who helps when two people remember an hour differently."""

    handled_by: str = setting("coordinator", choice("coordinator", "panel"))


@dataclass(frozen=True, kw_only=True)
class Reporting(Table):
    """Whether the scheme shares figures with a funder, and which evaluation it has chosen."""

    funder: bool = setting(False, yes_or_no)
    evaluation: tuple[str, ...] = setting((), texts)


def _weights(value: Any) -> Mapping[str, int]:
    return mapped(value, dict.fromkeys(WEIGHED, 0), whole(0, WEIGHT_MOST))


def _kind_weights(value: Any) -> Mapping[str, int]:
    if not isinstance(value, Mapping):
        raise Unfit("write a table.")
    folded = {fold(str(kind)): weight for kind, weight in value.items()}
    for kind in folded:
        if kind in CRITERIA:
            raise Unfit("this is a criterion, not a kind of identity.", kind)
    return mapped(folded, dict.fromkeys(folded, 0), whole(0, WEIGHT_MOST))


def _words(value: Any) -> Mapping[str, str]:
    return mapped(value, WORDS, text)


@dataclass(frozen=True, kw_only=True)
class Scheme(Table):
    """One way of bringing people together. Made by `Scheme.named`, `Scheme.from_file`, `Scheme.from_text` or by hand.

    `weights` maps every name in WEIGHED to 0-5; `identity_weights` kinds of identity to 0-5. A kind that is weighed on
    its own no longer counts under `identities`. By hand, a value that is not fit raises matching.checked.Unfit.
    """

    name: str = field(metadata={"check": text})
    title: str = field(metadata={"check": text})
    about: str = setting("", text)
    shape: str = setting("symmetric", choice(*SHAPES))
    joining: Joining = field(default_factory=Joining, metadata=holding(Joining))
    eligibility: Eligibility = field(default_factory=Eligibility, metadata=holding(Eligibility))
    hard: Hard = field(default_factory=Hard, metadata=holding(Hard))
    weights: Mapping[str, int] = field(default_factory=dict, metadata={"check": _weights})
    identity_weights: Mapping[str, int] = field(default_factory=dict, metadata={"check": _kind_weights})
    age: Age = field(default_factory=Age, metadata=holding(Age))
    round: Rounds = field(default_factory=Rounds, metadata=holding(Rounds))
    fairness: Fairness = field(default_factory=Fairness, metadata=holding(Fairness))
    words: Mapping[str, str] = field(default_factory=dict, metadata={"check": _words})
    ledger: Ledger = field(default_factory=Ledger, metadata=holding(Ledger))
    hours: Hours = field(default_factory=Hours, metadata=holding(Hours))
    term: Term = field(default_factory=Term, metadata=holding(Term))
    support: Support = field(default_factory=Support, metadata=holding(Support))
    queries: Queries = field(default_factory=Queries, metadata=holding(Queries))
    reporting: Reporting = field(default_factory=Reporting, metadata=holding(Reporting))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape != "one-way":
            sided = self.eligibility.mentor_roles + self.eligibility.supported_roles
            if sided:
                raise Unfit("only a one-way scheme has sides; use everyone_roles.", "eligibility.mentor_roles")
            if self.hard.stage != "any":
                raise Unfit("only a one-way scheme has somebody further along.", "hard.stage")
        if self.fairness.has_bonus and self.round.answer != "best":
            raise Unfit("a group bonus is for the best pairs together, not for stable ones.", "round.answer")
        if {"stage", "roles"} & set(self.eligibility.any_of):
            raise Unfit(
                "stage and roles are no basis in common; use criteria or kinds of identity.", "eligibility.any_of"
            )
        for identity in self.eligibility.identities:
            if not all(split_identity(identity)):
                raise Unfit("write kind:value, like community:Somali.", "eligibility.identities")

    @property
    def ledger_mode(self) -> str:
        return self.ledger.mode

    @property
    def is_paired(self) -> bool:
        """Whether the engine pairs people here at all; rotas and groups are joined, not matched."""
        return self.shape in {"one-way", "symmetric"}

    @staticmethod
    def names() -> tuple[str, ...]:
        """The presets that come with the engine, in alphabetical order."""
        found = (Path(preset.name) for preset in files("matching").joinpath("presets").iterdir())
        return tuple(sorted(preset.stem for preset in found if preset.suffix == ".toml"))

    @classmethod
    def named(cls, name: str) -> "Scheme":
        """A preset by its file name. Raises SchemeRefused when there is none of that name."""
        if name not in cls.names():
            known = ", ".join(cls.names())
            raise SchemeRefused(source=name, key="", reason=f"there is no scheme of this name. Known are: {known}.")
        return cls.from_text(files("matching").joinpath("presets", f"{name}.toml").read_text("utf-8"), source=name)

    @classmethod
    def from_file(cls, path: str | Path) -> "Scheme":
        """A scheme from a TOML file. Raises SchemeRefused with the key and the reason."""
        try:
            content = Path(path).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as trouble:
            raise SchemeRefused(source=str(path), key="", reason=_file_trouble(trouble)) from trouble
        return cls.from_text(content, source=str(path))

    @classmethod
    def from_text(cls, content: str, *, source: str = "scheme") -> "Scheme":
        """A scheme from TOML text; `source` names it in refusals. Raises SchemeRefused."""
        try:
            return read(cls, tomllib.loads(content))
        except tomllib.TOMLDecodeError as trouble:
            raise SchemeRefused(source=source, key="", reason=f"this is not a TOML file: {trouble}.") from trouble
        except Unfit as unfit:
            raise SchemeRefused(source=source, key=unfit.key, reason=unfit.reason) from unfit


def _file_trouble(trouble: Exception) -> str:
    if isinstance(trouble, FileNotFoundError):
        return "there is no such file."
    if isinstance(trouble, UnicodeDecodeError):
        return "the file is not UTF-8 text."
    return f"the file cannot be read ({getattr(trouble, 'strerror', None) or trouble})."
