"""timebank helplines, as a person types it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner

from timebank import clock
from timebank.cli import main
from timebank.helplines import commands, reads, service
from timebank.helplines.lines import FILE


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


@pytest.fixture
def run(database, session, bank, tmp_path):
    name = bank.name

    def run_one(*words: str):
        session.commit()
        environment = {"TIMEBANK_DATABASE_URL": str(database.url), "TIMEBANK_KEYS": str(tmp_path / "keys")}
        return CliRunner(env=environment).invoke(main, ["helplines", *words, "--bank", name])

    return run_one


def look_at_all(session, coordinator, *, days: int) -> int:
    lines = reads.numbers(session, coordinator.bank, today=clock.today()).own.lines
    for line in lines:
        service.record_check(
            session, check_id=uuid4(), line=line.key, shown=line.shown, coordinator=coordinator,
            today=clock.today(), at=clock.now() - timedelta(days=days),
        )  # fmt: skip
    return len(lines)


def test_says_each_with_its_age_and_ends_with_1_when_one_needs_a_look_and_one_asked(run, session, coordinator):
    for days, status in ((400, 1), (91, 1), (90, 0), (12, 0)):
        count = look_at_all(session, coordinator, days=days)

        assert run().exit_code == 0
        result = run("--check")

        assert result.exit_code == status
        assert len(re.findall(rf"\({days} days\)", result.output)) == count
        assert f"{count} numbers, {count * status} to look at." in result.output


def test_before_a_release_it_needs_no_bank_and_tells_the_truth():
    result = CliRunner(env={"TIMEBANK_DATABASE_URL": "sqlite:////nowhere/at.all"}).invoke(
        main, ["helplines", "--as-shipped", "--check"]
    )

    assert result.exit_code == 1
    assert "never checked" in result.output


def test_a_bad_file_is_refused_in_a_sentence(tmp_path, monkeypatch):
    bad = tmp_path / "lines.toml"
    bad.write_text(FILE.read_text().replace('link = "tel:999"', 'link = "tel:998"'))
    monkeypatch.setattr(commands, "FILE", bad)

    result = CliRunner().invoke(main, ["helplines", "--as-shipped"])

    assert result.exit_code == 2
    assert "lines.toml, entry 1 (emergency): how: write the same number as in link" in result.output
