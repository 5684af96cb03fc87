"""One page about a round for a board and a funder: what it did for whom, in numbers, drawn and in tables.

No count under LEAST_SHOWN stands in it, and none that could be worked out from the others: where one row of a column is
withheld, the next smallest is too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from matching import Person, Round, rules
from matching.explain import NO_FIT, NOBODY_YET, NOT_PAIRED_HERE, OTHERS_FIRST
from matching.outcome import LOAD_MOST, WAITING_FROM, Outcome, outcome
from matching.recruiting import wanted, wanted_for_board
from timebank.charts import bars

LEAST_SHOWN = 10
MOST_WANTED = 10
MOST_ASKED_BY_ONE = 1_000  # more than anybody's answers hold
ROOT = Path(__file__).parent.parent.parent
TEMPLATES, STYLES = ROOT / "templates", ROOT / "static" / "css" / "report.css"
FEW = f"fewer than {LEAST_SHOWN}"
WITHHELD = "not shown"
WHY = {
    NO_FIT: "nobody is possible once the rules are kept",
    OTHERS_FIRST: "there was somebody, and every place went to others",
    NOBODY_YET: "nobody else is in the round for them",
    NOT_PAIRED_HERE: "nobody is paired in this scheme",
    rules.NO_ROOM: "they have no room just now",
    rules.NOT_YET: "a role, statement or age that is asked for is not on record",
    rules.NO_SIDE: "they have not said which side they stand on",
}


@dataclass(frozen=True)
class Table:
    """`rows`: a name and a cell for each of `columns`. `picture`: the same, drawn; empty where there is nothing to draw.
    `is_told`: whether any cell is."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    picture: str
    is_told: bool


def report(decided: Round, people: Sequence[Person]) -> str:
    """The whole page."""
    counted = outcome(decided, people)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = [*group_tables(counted), _waiting(counted), _load(counted, decided), _left_out(counted)]
    return environment.get_template("matches/report.html").render(
        decided=decided,
        counted=counted,
        sentences=_sentences(decided, counted),
        wanted=_wanted(decided, people),
        day=f"{decided.on.day} {decided.on:%B %Y}",
        tables=[table for table in tables if table.rows],
        styles=STYLES.read_text("utf-8"),
        page_lang="en",
    )


def withheld(counts: Sequence[int]) -> list[int | None]:
    """These counts of one column, None in place of those that are not to be seen. A 0 tells as much as a 3."""
    shown: list[int | None] = [count if count >= LEAST_SHOWN else None for count in counts]
    left = [(count, at) for at, count in enumerate(counts) if shown[at] is not None]
    if shown.count(None) == 1 and left:
        shown[min(left)[1]] = None
    return shown


def _said(count: int | None) -> str:
    return WITHHELD if count is None else str(count)


def _sentences(decided: Round, counted: Outcome) -> list[str]:
    partner = decided.scheme.words["partner"]
    if _few_have_nobody(counted):
        said = [f"{_number(counted.asked)} asked, and {FEW} of them have nobody yet."]
    else:
        said = [f"{_number(counted.asked)} asked, and {_number(counted.paired)} of them have a {partner} proposed."]
    if decided.proof is not None and decided.exact:
        said.append("No other answer is better: the prices of the places prove it.")
    said.append(f"Counting the time people had waited cost {_percent(counted.waiting_price)} of how well pairs fit.")
    if decided.scheme.fairness.has_bonus:
        price, most = _percent(counted.bonus_price), decided.scheme.fairness.price_percent
        said.append(f"Evening out the groups’ chances cost {price} of all points; at most {most}% is allowed.")
    else:
        said.append("No group bonus is decided on, so none was given.")
    said.append(f"Pairs who would both rather have each other than whom they got: {_number(counted.blocking)}.")
    return said


def _few_have_nobody(counted: Outcome) -> bool:
    """Then how many have somebody would tell how many have nobody."""
    return 0 < counted.asked - counted.paired < LEAST_SHOWN


def _wanted(decided: Round, people: Sequence[Person]) -> list[str]:
    """Only what many ask for, and without the points that staff read: those rest on answers that nobody agreed to show."""
    pairs = [(made.left, made.right) for made in decided.pairs]
    every = wanted(
        people, decided.scheme, pairs, on=decided.on, seed=decided.seed, most=len(people) * MOST_ASKED_BY_ONE
    )
    many = [replace(one, points=None) for one in every if one.people is not None]
    many.sort(key=lambda one: (-(one.people or 0), one.criterion, one.value))
    return [wanted_for_board(one, decided.scheme) for one in many[:MOST_WANTED]]


def _number(count: int) -> str:
    return str(count) if count >= LEAST_SHOWN else FEW


def _percent(part: Fraction) -> str:
    """Whole ones: a tenth is what one person's answers come to."""
    return "less than 1%" if part < Fraction(1, 100) else f"{float(part):.0%}"


def group_tables(counted: Outcome) -> list[Table]:
    """Who has somebody, and who supports, by the scheme's groups."""
    groups = counted.groups
    names = tuple(one.group.partition(":")[2] for one in groups)
    asked = withheld([one.asked for one in groups])
    # How many of a group have nobody is as much a count as how many have somebody.
    telling = [min(one.paired, one.asked - one.paired or LEAST_SHOWN) for one in groups]
    paired = [
        one.paired if few is not None and count is not None else None
        for one, few, count in zip(groups, withheld(telling), asked, strict=True)
    ]
    nobody = withheld([one.nobody_possible for one in groups])
    partners = withheld([one.partners for one in groups])
    places = withheld([one.places for one in groups])
    return [
        _table(
            "Who has somebody, by group",
            "Those for whom the rules leave nobody are a matter of finding mentors, not of this round.",
            names,
            {"asked": asked, "have somebody": paired, "nobody possible": nobody},
        ),
        _table(
            "Who supports, by group",
            "So that it does not all fall to a few.",
            names,
            {"places offered": places, "people they support": partners},
        ),
    ]


def _waiting(counted: Outcome) -> Table:
    ends = [f"{start} to {end - 1} days" for start, end in pairwise(WAITING_FROM)]
    names = (*ends, f"{WAITING_FROM[-1]} days or more")
    before, after = (withheld([row[column] for row in counted.waiting]) for column in (1, 2))
    columns = {"waiting before the round": before, "still waiting": after}
    return _table("How long people have waited", "Those who have said since when.", names, columns)


def _load(counted: Outcome, decided: Round) -> Table:
    words = decided.scheme.words
    names = (
        *(f"{number} {words['partner' if number == 1 else 'partners']}" for number in range(LOAD_MOST)),
        f"{LOAD_MOST} or more",
    )
    load = withheld(counted.load)
    if _few_have_nobody(counted) and counted.asked - _at_least_paired(load, decided) < LEAST_SHOWN:
        load = [None] * len(load)
    return _table(
        f"How much each of the {words['mentors']} is asked",
        f"{words['partners'].capitalize()} proposed in this round.",
        names,
        {f"number of {words['mentors']}": load},
    )


def _at_least_paired(load: Sequence[int | None], decided: Round) -> int:
    """How many of those who asked have somebody, as far as these counts tell: each partner of somebody who supports is
    one, and where all are alike each who has a partner is."""
    one_way = decided.scheme.shape == "one-way"
    return sum((number if one_way else min(number, 1)) * (count or 0) for number, count in enumerate(load))


def _left_out(counted: Outcome) -> Table:
    side_of = {"seek": "asked for support: ", "offer": "offered support: ", "": ""}
    names = tuple(f"{side_of[side]}{WHY[code]}" for side, code, _ in counted.left_out)
    columns = {"people": withheld([count for _, _, count in counted.left_out])}
    return _table(
        "Who has nobody this time, and why", "In words of rules, never of people.", names, columns, is_drawn=False
    )


def _table(
    title: str, about: str, names: tuple[str, ...], columns: dict[str, list[int | None]], *, is_drawn: bool = True
) -> Table:
    cells = zip(*columns.values(), strict=True)
    rows = tuple((name, tuple(map(_said, row))) for name, row in zip(names, cells, strict=True))
    drawn = {name: column for name, column in columns.items() if any(column)}
    picture = bars(title, names, drawn) if drawn and is_drawn else ""
    return Table(title, about, tuple(columns), rows, picture, is_told=bool(drawn))
