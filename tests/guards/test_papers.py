"""The papers say what the code does: every named test exists, every line has its reason, nothing of ours is left blank."""

import ast
import importlib.util
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from timebank.concerns import sealing
from timebank.safety import KEY_FILES
from timebank.signin import guesses, passwords
from timebank.signin.models import COORDINATORS, MEMBERS

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
CHAPTERS = tomllib.loads((DOCS / "asvs.toml").read_text())["chapter"]
REQUIREMENTS = [one for chapter in CHAPTERS for one in chapter["requirement"]]
HAZARDS = tomllib.loads((DOCS / "hazards.toml").read_text())["hazard"]
OF_A_HAZARD = {"number", "name", "group", "cause", "harm", "severity", "likelihood", "controls", "tests", "charity"}
SEVERITIES = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOODS = ("very low", "low", "medium", "high", "very high")
STATUSES = {"done", "exception", "not yet", "not applicable"}
# Of the standard itself, 5.0.0: how many of levels 1 and 2 each chapter has.
OF_CHAPTER = {
    1: 27,
    2: 11,
    3: 19,
    4: 10,
    5: 9,
    6: 35,
    7: 18,
    8: 7,
    9: 7,
    10: 29,
    11: 14,
    12: 9,
    13: 13,
    14: 9,
    15: 13,
    16: 16,
    17: 7,
}
LEVELS = {1: 70, 2: 183}
PROVED = 130
PAPERS = sorted((DOCS / "for-charities").glob("*.md"))
OURS, THEIRS = "## What Timebank does", "## What you decide"
BLANK = re.compile(
    r"TODO|TBC|TBD|FIXME|XXX|_{3,}|\.{4,}|…\s*$|\[\s*\]|<[a-z ]*(your|name|date)[a-z ]*>|\?\?",
    re.IGNORECASE | re.MULTILINE,
)
HARMS = 17


@cache
def named_in(file: str) -> frozenset[str]:
    """`test_it` and `TestThat::test_it`; one that is parametrised is one."""
    body = ast.parse((REPOSITORY / file).read_text()).body
    found = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return frozenset(name for name in found if name.split("::")[-1].startswith("test_"))


def is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    return (REPOSITORY / file).is_file() and name in named_in(file)


@pytest.fixture(scope="module")
def made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_papers", DOCS / "make_papers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestRegister:
    def test_has_every_requirement_of_levels_1_and_2_once(self):
        numbers = [one["number"] for one in REQUIREMENTS]

        assert len(numbers) == len(set(numbers)) == 253
        assert {chapter["number"]: len(chapter["requirement"]) for chapter in CHAPTERS} == OF_CHAPTER
        assert Counter(one["level"] for one in REQUIREMENTS) == LEVELS
        for chapter in CHAPTERS:
            assert all(one["number"].split(".")[0] == str(chapter["number"]) for one in chapter["requirement"])

    def test_leaves_no_line_blank(self):
        for one in REQUIREMENTS:
            assert set(one) <= {"number", "level", "asks", "status", "tests", "reason"}, one
            assert one["status"] in STATUSES, one
            assert len(one["asks"]) > 10, one
            assert one.get("tests") or len(one.get("reason", "")) > 3, one
            if one["status"] != "done":
                assert len(one.get("reason", "")) > 5, one

    def test_names_tests_that_there_are(self):
        named = {test for one in REQUIREMENTS for test in one.get("tests", [])}

        assert len(named) > 150
        assert sorted(test for test in named if not is_there(test)) == []

    def test_shows_most_of_what_it_calls_done(self):
        proved = sum(one["status"] == "done" and bool(one.get("tests")) for one in REQUIREMENTS)

        assert proved >= PROVED

    def test_the_look_out_sees(self):
        assert is_there("tests/guards/test_papers.py::TestRegister::test_the_look_out_sees")
        assert not is_there("tests/guards/test_papers.py::TestRegister::test_that_is_not_there")
        assert not is_there("tests/guards/test_nothing.py::test_it")


class TestHazards:
    def test_each_is_whole_and_numbered(self):
        assert [one["number"] for one in HAZARDS] == list(range(1, len(HAZARDS) + 1))
        assert len(HAZARDS) >= 30
        assert len({one["name"] for one in HAZARDS}) == len(HAZARDS)
        for one in HAZARDS:
            assert set(one) == OF_A_HAZARD, one["name"]
            assert one["severity"] in SEVERITIES, one["name"]
            assert one["likelihood"] in LIKELIHOODS, one["name"]
            assert all(len(one[part]) > 15 for part in ("name", "cause", "harm")), one["name"]
            assert all(BLANK.search(text) is None for text in (one["cause"], one["harm"], *one["controls"]))

    def test_each_control_is_shown_by_a_test_that_there_is(self):
        for one in HAZARDS:
            assert one["controls"], one["name"]
            assert one["tests"] or one["charity"], one["name"]
            assert [test for test in one["tests"] if not is_there(test)] == [], one["name"]
        assert len({test for one in HAZARDS for test in one["tests"]}) > 60

    def test_what_we_leave_likely_has_something_for_the_charity_to_do(self):
        for one in HAZARDS:
            if one["likelihood"] in LIKELIHOODS[2:]:
                assert one["charity"], one["name"]


class TestMade:
    def test_papers_are_up_to_date(self, made: ModuleType):
        """docs/make_papers.py makes them anew."""
        old = [
            str(file.relative_to(REPOSITORY)) for file, text in made.all_papers().items() if file.read_text() != text
        ]

        assert old == []

    def test_every_block_is_used_and_closed(self, made: ModuleType):
        text = "".join(file.read_text() for file in PAPERS)
        used = re.findall(r"<!-- made: ([a-z-]+) -->", text)

        assert set(used) - {"end"} == set(made.BLOCKS)
        assert used.count("end") == len(used) - used.count("end")

    def test_a_cell_breaks_no_table(self, made: ModuleType):
        assert made.table(("a",), [("x|y",)]).splitlines()[-1] == "| x\\|y |"


class TestPapers:
    def test_there_is_one_for_each_need_and_the_first_page_names_it(self):
        names = {file.stem for file in PAPERS}

        assert names == {
            "README", "dpia", "record-of-processing", "retention", "what-is-kept", "appropriate-policy", "breach-plan", "online-safety",
            "hazards",
        }  # fmt: skip
        first = (DOCS / "for-charities" / "README.md").read_text()
        assert [name for name in names - {"README"} if f"({name}.md)" not in first] == []

    @pytest.mark.parametrize(
        "file", [file for file in PAPERS if file.stem not in {"README", "what-is-kept"}], ids=lambda file: file.stem
    )
    def test_our_part_is_filled_and_theirs_asks(self, file: Path):
        text = file.read_text()
        ours = text[text.index(OURS) : text.index(THEIRS)]
        questions = [line for line in text[text.index(THEIRS) :].splitlines() if line.startswith("- [ ] ")]

        assert len(ours.split()) > 120
        assert BLANK.search(ours) is None
        assert len(questions) >= 4
        assert [line for line in questions if "?" not in line] == []

    def test_the_law_is_left_to_whoever_advises(self):
        """What rests on others' reading of a law says so in its own line or table row."""
        for file in PAPERS:
            for line in file.read_text().splitlines():
                if (
                    re.search(
                        r"\b(72 hours|Article \d+|Schedule 1|Online Safety Act 2023|Ofcom|serious incident)\b", line
                    )
                    and file.stem != "README"
                ):
                    assert "†" in line, f"{file.stem}: {line}"

    def test_marks_are_explained(self):
        for file in PAPERS:
            if "†" in file.read_text():
                assert "† Check this with whoever advises you" in file.read_text(), file.stem

    def test_every_kind_of_harm_has_a_line_with_what_there_is_and_what_is_missing(self):
        text = (DOCS / "for-charities" / "online-safety.md").read_text()
        rows = [line.split("|")[1:-1] for line in text.splitlines() if re.match(r"\| \d+ \|", line)]

        assert [int(row[0]) for row in rows] == list(range(1, HARMS + 1))
        for row in rows:
            assert len(row) == 5
            assert all(cell.strip() for cell in row[:4]), row
            assert row[4].strip() == "yours", row

    @pytest.mark.parametrize("file", [*PAPERS, DOCS / "security.md"], ids=lambda file: file.stem)
    def test_every_link_leads_somewhere(self, file: Path):
        links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", file.read_text())

        assert [link for link in links if "://" not in link and not (file.parent / link).exists()] == []


class TestSecurity:
    def test_every_named_test_or_folder_of_tests_exists(self):
        rows = [
            line.split("|") for line in (DOCS / "security.md").read_text().splitlines() if re.match(r"\| \d+ \|", line)
        ]
        named = [name.strip(" `") for row in rows for name in row[4].split(",")]

        assert len(rows) >= 16
        assert all(named)
        assert [name for name in named if not exists(name)] == []

    def test_says_what_the_code_says(self):
        """How long a sign-in lasts, and with what is locked."""
        text = (DOCS / "security.md").read_text()

        for limits in (MEMBERS, COORDINATORS):
            assert in_words(limits.idle) in text
            assert in_words(limits.whole) in text
        assert f"{passwords.KIBIBYTES // 1024} MiB" in text
        assert f"{guesses.DEVICE_LIFE.days} days" in text
        assert all(f"`…{ending}`" in text for ending in KEY_FILES)
        assert sealing.SLOWNESS.split(":")[0] in text
        for name in ("AES-256-GCM", "X25519", "HKDF-SHA256", "HMAC-SHA-1", "SHA-256", "argon2id"):
            assert name in text, name


def exists(name: str) -> bool:
    file, _, test = name.partition("::")
    folder = REPOSITORY / "tests" / file
    python = folder.with_suffix(".py")
    return (folder.is_dir() and not test) or (python.is_file() and (not test or is_there(f"tests/{file}.py::{test}")))


def in_words(length) -> str:
    hours = length.total_seconds() / 3600
    if hours < 1:
        return f"{int(hours * 60)} minutes"
    return f"{int(hours)} hours" if hours <= 24 else f"{length.days} days"
