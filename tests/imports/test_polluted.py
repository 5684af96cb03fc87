"""Polluted files: each is imported exactly, or refused by file, row, column, value and what to do; nothing is ever imported by half."""

import hashlib
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from matching.errors import PeopleRefused
from tests.imports.commanding import Console
from tests.imports.making import BANK, MEMBERS, TRANSFERS
from tests.imports.polluting import KINDS, polluted, spread
from tests.imports.pollution import Polluted, Sample, changed, text_of
from tests.imports.samples import SAMPLES, reading
from timebank.consents.reads import may
from timebank.db import Base, Database
from timebank.imports.cells import FileRefused
from timebank.imports.models import ImportedMember
from timebank.profiles.models import Answer
from timebank.vault.keys import KeyRing

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
READ, IMPORTED, ON_POSTGRESQL, MATCHED = (0, 750, 60, 400) if IS_FULL else (300, 70, 4, 50)
SEEDS = (1, 2, 3) if IS_FULL else (1,)
PROBLEM = re.compile(
    r"(?P<file>/.*?\.csv)(, row (?P<row>\d+))?(, column (?P<column>.+?))?(, value (?P<value>'.*'|\".*\"))?: (?P<fix>[A-Z].*[.?])"
)
SPEND_MB, SPEND_SECONDS = 1200, 90
LINES = ("x,seek,{}\n", "p{0},sideways,{0}\n", '"', "\n", ",", "\0", "\xff", "p{0},seek,é{0}\n")

pytestmark = pytest.mark.timeout(0)


class Desk:
    """A bank on a database of its own, and one polluted file after another brought to it by the real command."""

    def __init__(self, copies, folder: Path) -> None:
        self.copies, self.folder = copies, folder
        self.file = folder / "polluted.csv"
        self.open()

    def open(self) -> None:
        self.console = Console(self.copies.url(), str(self.folder / "keys"))
        assert self.console.run("new-bank", BANK).exit_code == 0
        self.database = Database(self.console.url, keys=KeyRing(self.folder / "keys"))

    def again(self) -> None:
        self.copies.discard(self.database)
        self.open()

    def bring(self, name: str, content: bytes, *words: str):
        self.file.write_bytes(content)
        if name == "people":
            return self.console.run("import", "people", self.file, "--scheme", "open", *words)
        files = [
            self.file if name == which else good for which, good in (("members", MEMBERS), ("transfers", TRANSFERS))
        ]
        return self.console.run("import", "timeoverflow", *files, *words)

    def told(self) -> list[str]:
        """All that an import leaves behind, without what is new each time."""
        with self.database.reading() as session:
            numbers = select(ImportedMember.number, Answer).join(Answer, Answer.member_id == ImportedMember.member_id)
            answers = [
                (number, one.criterion, one.words, one.importance, *self.agreed(session, one))
                for number, one in session.execute(numbers)
            ]
            rows = [row for query in TOLD for row in session.execute(text(query))]
            return sorted(map(str, [*rows, *answers]))

    def agreed(self, session, one: Answer) -> tuple[bool, ...]:
        """Whether it may be used, and whether it may be shown."""
        return tuple(
            may(session, member_id=one.member_id, purpose=what, criterion=one.criterion) for what in ("use", "show")
        )

    def fingerprint(self) -> str:
        """Of every row of every table."""
        digest = hashlib.sha256()
        with self.database.reading() as session:
            for table in Base.metadata.sorted_tables:
                digest.update(table.name.encode())
                for row in session.execute(select(table).order_by(*table.primary_key.columns)):
                    digest.update(repr(tuple(row)).encode())
        return digest.hexdigest()


TOLD = (
    "SELECT i.number, m.name, m.joined_on, m.status, a.posted, a.kind FROM imported_member i JOIN member m ON m.id = i.member_id JOIN account a ON a.id = m.account_id",
    "SELECT 'account', kind, posted, count(*) FROM account GROUP BY kind, posted",
    "SELECT r.stamp, r.words, t.minutes, t.happened_on, g.kind, o.kind, gm.name, om.name FROM imported_row r JOIN transfer t ON t.id = r.transfer_id JOIN account g ON g.id = t.giver_id JOIN account o ON o.id = t.receiver_id LEFT JOIN member gm ON gm.account_id = g.id LEFT JOIN member om ON om.account_id = o.id",
    "SELECT 'log', words, minutes, happened_on FROM hour_log",
    "SELECT i.number, p.side, p.capacity, p.waiting_since, p.roles FROM scheme_membership p JOIN imported_member i ON i.member_id = p.member_id",
    "SELECT i.number, o.number FROM not_with n JOIN imported_member i ON i.member_id = n.member_id JOIN imported_member o ON o.member_id = n.other_id",
)  # fmt: skip


def problems_in(stderr: str, made: Polluted) -> list[re.Match[str]]:
    """Each sentence names its file and what to do, and nothing in it can move a terminal's cursor."""
    *sentences, last = stderr.strip().splitlines()
    assert "Traceback" not in stderr
    assert all(sentence.isprintable() for sentence in (*sentences, last)), made
    assert "nothing was saved." in last, made
    found = [PROBLEM.fullmatch(sentence) for sentence in sentences if not sentence.startswith("… and")]
    assert found, made
    assert all(found), (made.what, sentences)
    return found


def is_named(problems, made: Polluted) -> bool:
    """Whether one of them tells of the place that was polluted."""
    if not made.row:
        return True
    return any(
        int(one["row"] or 0) == made.row and made.column.casefold() in {"", (one["column"] or "").casefold()}
        for one in problems
    )


def wanted(sample: Sample, made: Polluted) -> str:
    """The clean file, or with the one text that the polluted one says instead."""
    rows = (
        sample.rows if made.said is None else changed(sample.rows, made.row - 1, sample.place(made.column), made.said)
    )
    return text_of(rows)


class TestReading:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_every_kind_of_pollution_is_read_exactly_or_refused_with_its_place(self, name, tmp_path):
        sample, file = SAMPLES[name], tmp_path / "a.csv"
        expected: dict[str, object] = {}
        outcomes, kinds, wrong = Counter(), set(), []
        packs = [list(polluted(sample, seed)) if IS_FULL else spread(sample, READ, seed) for seed in SEEDS]
        for made in (one for pack in packs for one in pack):
            clean = wanted(sample, made)
            if clean not in expected:
                file.write_text(clean, encoding="utf-8", newline="")
                expected[clean] = reading(name, file)
            file.write_bytes(made.content)
            outcome, problems = outcome_of(name, file, expected[clean])
            outcomes[outcome] += 1
            kinds.add(made.kind)
            if (
                outcome == "other"
                or made.outcome not in {outcome, "either"}
                or (problems and not is_placed(problems, made))
            ):
                wrong.append((made.kind, made.what, made.outcome, outcome, problems[:2]))

        sys.stdout.write(f"{sum(outcomes.values())} polluted files of {name} read: {dict(outcomes)}\n")
        assert wrong == []
        assert len(kinds) >= len(KINDS) - 1
        assert sum(outcomes.values()) >= (7000 if IS_FULL else READ)


def outcome_of(name: str, file: Path, clean: object) -> tuple[str, tuple]:
    try:
        return ("same" if reading(name, file) == clean else "other"), ()
    except (FileRefused, PeopleRefused) as refused:
        return "refused", refused.problems


def is_placed(problems, made: Polluted) -> bool:
    return not made.row or any(
        one.row == made.row and made.column.casefold() in {"", one.column.casefold()} for one in problems
    )


@pytest.fixture
def desk(copies, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(copies, tmp_path)
    yield desk
    desk.copies.discard(desk.database)


@pytest.fixture(params=SAMPLES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


class TestImport:
    def test_each_leaves_what_the_clean_file_leaves_or_nothing(self, desk, name, copies):
        sample = SAMPLES[name]
        number = IMPORTED if desk.database.is_sqlite else ON_POSTGRESQL
        left: dict[str, list[str]] = {}
        outcomes = Counter()
        before = desk.fingerprint()
        for place, made in enumerate(spread(sample, number, seed=11)):
            clean = wanted(sample, made)
            if clean not in left:
                assert desk.bring(name, clean.encode()).exit_code == 0
                left[clean] = desk.told()
                desk.again()
                before = desk.fingerprint()
            if place % 5 == 0:
                tried = desk.bring(name, made.content, "--dry-run")
                assert tried.exit_code in {0, 2}
                assert desk.fingerprint() == before, made
            result = desk.bring(name, made.content)
            outcomes[result.exit_code] += 1
            if result.exit_code == 0:
                assert made.outcome != "refused", made
                assert desk.told() == left[clean], made
                desk.again()
                before = desk.fingerprint()
            else:
                assert result.exit_code == 2
                assert made.outcome != "same", made
                assert is_named(problems_in(result.stderr, made), made), (made, result.stderr)
                assert desk.fingerprint() == before, made

        where = "SQLite" if desk.database.is_sqlite else "PostgreSQL"
        sys.stdout.write(
            f"{sum(outcomes.values())} polluted files of {name} brought to {where}: {dict(outcomes)} by exit status\n"
        )
        assert sum(outcomes.values()) >= number


@pytest.fixture
def here(sqlite_copies, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(sqlite_copies, tmp_path)
    yield desk
    sqlite_copies.discard(desk.database)


class TestMatch:
    def test_the_engine_pairs_as_from_the_clean_file_or_not_at_all(self, here, tmp_path):
        sample, pairs = SAMPLES["people"], tmp_path / "pairs.csv"
        expected: dict[str, tuple[str, str]] = {}

        def run(content: bytes):
            here.file.write_bytes(content)
            return here.console.run(
                "match", "--people", here.file, "--scheme", "open", "--on", "2026-03-02", "-o", pairs
            )

        outcomes = Counter()
        for made in spread(sample, MATCHED, seed=5):
            clean = wanted(sample, made)
            if clean not in expected:
                done = run(clean.encode())
                assert done.exit_code == 0, done.output
                expected[clean] = pairs.read_text("utf-8"), done.stdout
            pairs.write_text("the old ones", encoding="utf-8")
            result = run(made.content)
            outcomes[result.exit_code] += 1
            if result.exit_code == 0 and f"{len(sample.rows) - 1} in the file" in result.stdout:
                assert (pairs.read_text("utf-8"), result.stdout) == expected[clean], made
            elif result.exit_code == 0:
                # A header and nobody is a round too: it says so.
                assert made.kind == "nothing"
                assert "0 in the file, 0 pairs" in result.stdout
            else:
                assert (result.exit_code, pairs.read_text("utf-8")) == (2, "the old ones")
                assert all(
                    line.isprintable() and line.startswith(str(here.file)) for line in result.stderr.splitlines()
                )

        sys.stdout.write(f"{sum(outcomes.values())} polluted files matched: {dict(outcomes)} by exit status\n")
        assert sum(outcomes.values()) >= MATCHED


class TestNoFile:
    @pytest.fixture(params=["folder", "nowhere", "pipe", "endless", "nothing", "circle"])
    def path(self, request, tmp_path) -> Path:
        path = tmp_path / "it.csv"
        match request.param:
            case "folder":
                path.mkdir()
            case "pipe":
                os.mkfifo(path)
            case "endless":
                return Path("/dev/zero")
            case "nothing":
                return Path("/dev/null")
            case "circle":
                path.symlink_to(path)
        return path

    def test_what_is_no_file_is_refused_at_once(self, here, path):
        before = here.fingerprint()
        for words in (
            ["import", "people", path, "--scheme", "open"],
            ["import", "timeoverflow", path, TRANSFERS],
            ["import", "timeoverflow", MEMBERS, path],
            ["match", "--people", path, "--scheme", "open"],
        ):
            result = here.console.run(*words)
            assert result.exit_code == 2
            assert path.name in re.sub(r"[\s│]+", "", result.stderr)  # however narrow the screen is
        assert here.fingerprint() == before

    def test_a_file_that_may_not_be_read_is_refused_by_name(self, here, monkeypatch):
        def refuse(path: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(path))

        here.file.write_text("id\nana\n")
        monkeypatch.setattr(Path, "read_bytes", refuse)

        for words in (
            ["import", "people", here.file, "--scheme", "open"],
            ["match", "--people", here.file, "--scheme", "open"],
        ):
            result = here.console.run(*words)
            assert (result.exit_code, "cannot be opened (Permission denied)" in result.stderr) == (2, True)


class TestVeryLarge:
    """In a process of its own that may take so much memory and time and no more."""

    def spend(self, desk: Desk, *words: object) -> tuple[int, str]:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "timebank.cli", *map(str, words)],
            env={**os.environ, "TIMEBANK_DATABASE_URL": desk.console.url, "TIMEBANK_KEYS": desk.console.keys},
            capture_output=True, text=True, check=False, preexec_fn=limit_memory,
        )  # fmt: skip
        assert time.monotonic() - began < SPEND_SECONDS
        return done.returncode, done.stderr

    @pytest.mark.parametrize("megabytes", [31, 50] if IS_FULL else [50])
    @pytest.mark.parametrize("line", LINES if IS_FULL else LINES[:1])
    def test_fifty_megabytes_of_anything_are_refused_in_words(self, here, megabytes, line):
        before = here.fingerprint()
        with here.file.open("w", encoding="utf-8") as file:
            size = file.write("id,side,goals\n")
            number = 0
            while size < megabytes << 20:
                size += file.write("".join(line.format(number + one) for one in range(10_000)))
                number += 10_000

        status, stderr = self.spend(here, "import", "people", here.file, "--scheme", "open")

        assert status == 2, stderr
        assert "Traceback" not in stderr
        assert len(stderr) < 50_000
        assert here.fingerprint() == before


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (SPEND_MB << 20, SPEND_MB << 20))
