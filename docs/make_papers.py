# ruff: noqa: INP001 - a script beside documents, not a package
"""The papers that are made from the code: .venv/bin/python docs/make_papers.py

docs/asvs.md is made of docs/asvs.toml. In the papers for charities everything between "made: NAME" and "made: end" is made
of timebank/record/register.py, the helplines' file and docs/hazards.toml. A test says when they are out of date.
"""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from timebank.helplines.lines import NATIONS, SHIPPED  # noqa: E402
from timebank.record.register import NOT_PERSONAL, PERSONAL, Gone, Ground, Until  # noqa: E402
from timebank.tables import metadata  # noqa: E402
from timebank.vault.sealed import sealed_columns  # noqa: E402

REGISTER = ROOT / "docs" / "asvs.toml"
HAZARDS = ROOT / "docs" / "hazards.toml"
CHARITIES = ROOT / "docs" / "for-charities"
STATUSES = ("done", "exception", "not yet", "not applicable")
BLOCK = re.compile(r"(<!-- made: (?P<name>[a-z-]+) -->\n).*?(<!-- made: end -->)", re.DOTALL)
assert metadata.tables  # every model is known, or a column under lock would be missed


def all_papers() -> dict[Path, str]:
    """Each paper as it should stand."""
    papers = {ROOT / "docs" / "asvs.md": asvs_page(tomllib.loads(REGISTER.read_text()))}
    return papers | {file: filled(file.read_text()) for file in sorted(CHARITIES.glob("*.md"))}


def filled(text: str) -> str:
    return BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found['name']]()}{found[3]}", text)


def asvs_page(register: dict[str, Any]) -> str:
    requirements = [one for chapter in register["chapter"] for one in chapter["requirement"]]
    counts = Counter(one["status"] for one in requirements)
    shown = sum(one["status"] == "done" and bool(one.get("tests")) for one in requirements)
    lines = [
        "# Where we stand on the ASVS, line by line",
        "",
        (
            "The Application Security Verification Standard 5.0.0 of OWASP has 345 requirements. These are the"
            f" {len(requirements)} of levels 1 and 2, told in our own words; the standard has each in full under the"
            " same number. Made from `docs/asvs.toml` by `docs/make_papers.py`: change it there."
        ),
        "",
        (
            f"{counts['done']} are met, {shown} of them shown by a test that is named here;"
            f" {counts['exception']} are declared exceptions, where something else stands in their place;"
            f" {counts['not yet']} are not met yet; {counts['not applicable']} do not apply, and say why."
            " Nobody from outside has looked at this list."
        ),
    ]
    for chapter in register["chapter"]:
        lines += ["", f"## V{chapter['number']} {chapter['name']}", ""]
        rows = [
            (f"V{one['number']}", str(one["level"]), one["asks"], one["status"], _shown(one))
            for one in chapter["requirement"]
        ]
        lines.append(table(("Number", "Level", "What it asks", "Where we stand", "Shown by, or why"), rows).rstrip())
    return "\n".join(lines) + "\n"


def _shown(one: dict[str, Any]) -> str:
    tests = [f"`{test.removeprefix('tests/')}`" for test in one.get("tests", [])]
    return "<br>".join([*tests, *filter(None, [one.get("reason")])])


def kept() -> str:
    """What is kept, what for, on which ground, who sees it."""
    rows = ((one.what, one.why, one.ground.value, ", ".join(one.seen_by), _locked(name)) for name, one in sorted_kept())
    return table(("What", "What for", "Ground", "Who sees it", "Under lock"), rows)


def retention() -> str:
    """How long, and what becomes of it when somebody is forgotten."""
    rows = ((one.what, one.until.value, one.gone.value) for _, one in sorted_kept())
    return table(("What", "How long", "When its owner is forgotten"), rows)


def counts() -> str:
    """How much of what is kept rests on which ground, and ends how."""
    grounds = Counter(one.ground for one in PERSONAL.values())
    rows = [(ground.value, str(grounds[ground])) for ground in Ground]
    rows += [(until.value, str(sum(one.until is until for one in PERSONAL.values()))) for until in Until]
    rows += [(gone.value, str(sum(one.gone is gone for one in PERSONAL.values()))) for gone in Gone]
    return table((f"Of {len(PERSONAL)} kinds of record about people", "Kinds"), rows)


def locked() -> str:
    found = sorted({PERSONAL[one.table.name].what for one in sealed_columns()})
    return (
        "".join(f"- {what}\n" for what in found)
        + "- What somebody told about a worry (sealed for those who look into it)\n"
    )


def not_personal() -> str:
    return table(("Table", "Why it is not about a person"), ((f"`{name}`", why) for name, why in NOT_PERSONAL.items()))


def helplines() -> str:
    rows = (
        (", ".join(NATIONS[nation] for nation in line.nations), line.name, line.how, line.hours, line.source)
        for line in SHIPPED
    )
    return table(("Nation", "Who answers", "How", "When", "Their own page"), rows)


def hazards() -> str:
    """What could go wrong for somebody, by group, with what stands against it and the tests that show it."""
    found = tomllib.loads(HAZARDS.read_text())["hazard"]
    groups: dict[str, list[tuple[str, ...]]] = {}
    for one in found:
        groups.setdefault(one["group"], []).append(
            (
                str(one["number"]),
                f"**{one['name']}.** {one['cause']} {one['harm']}",
                f"{one['severity']}, {one['likelihood']}",
                "<br>".join([*one["controls"], _shown(one)]),
                one["charity"] or "nothing more",
            )
        )
    headings = ("#", "What could happen", "How bad, how likely", "What stands against it, and the tests", "Your part")
    return "\n".join(f"### {group}\n\n{table(headings, rows)}" for group, rows in groups.items())


def sorted_kept() -> Iterable[tuple[str, Any]]:
    """By ground, as a charity thinks of it; then as the register has them."""
    return sorted(PERSONAL.items(), key=lambda found: list(Ground).index(found[1].ground))


def _locked(name: str) -> str:
    if name == "concern_text":
        return "yes, sealed for those who look into it"
    return "yes" if any(column.table.name == name for column in sealed_columns()) else "no"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    headings = tuple(headings)
    lines = [_row(headings), _row("---" for _ in headings), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


BLOCKS: dict[str, Callable[[], str]] = {
    "kept": kept,
    "retention": retention,
    "counts": counts,
    "locked": locked,
    "not-personal": not_personal,
    "helplines": helplines,
    "hazards": hazards,
}

if __name__ == "__main__":
    for paper, text in all_papers().items():
        if not paper.exists() or paper.read_text() != text:
            paper.write_text(text)
            print(paper.relative_to(ROOT))  # noqa: T201 - says what it made
