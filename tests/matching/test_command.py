"""`timebank match`: a spreadsheet in, pairs and the unmatched out; nothing half-written; one sentence per problem."""

import csv
import io

import pytest
from click.testing import CliRunner

from matching.checks import faults
from tests.matching.pools import DATA
from timebank.matches import commands
from timebank.matches.commands import match

PEOPLE = str(DATA / "people.csv")


def run(*arguments, people=PEOPLE, scheme="fanon", on="2026-01-01"):
    return CliRunner().invoke(match, ["--people", people, "--scheme", scheme, "--on", on, *arguments])


def rows(text):
    return list(csv.reader(io.StringIO(text)))


class TestMatch:
    def test_pairs_and_unmatched_are_written_and_the_summary_is_shown(self, tmp_path):
        done = run("-o", str(tmp_path / "pairs.csv"), "--unmatched", str(tmp_path / "unmatched.csv"))

        assert done.exit_code == 0, done.output
        pairs, unmatched = (rows((tmp_path / f"{name}.csv").read_text("utf-8")) for name in ("pairs", "unmatched"))
        assert pairs[0] == ["left", "right", "fit", "reasons"]
        assert pairs[1][:2] == ["ayaan", "bea"]
        assert "faith: Muslim" in pairs[1][3]
        assert unmatched[0] == ["id", "reason"]
        assert {row[0] for row in pairs[1:]} | {row[1] for row in pairs[1:]} | {row[0] for row in unmatched[1:]} == {
            "ayaan",
            "bea",
            "carl",
            "dot",
            "ede",
            "finn",
        }
        assert "Peer mentoring (after the Fanon Centre)" in done.stdout
        assert "proved" in done.stdout
        assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.csv", "unmatched.csv"]

    def test_without_a_file_the_pairs_go_to_the_output_and_the_summary_beside_it(self):
        done = run(scheme="penfriend")

        assert rows(done.stdout)[0] == ["left", "right", "fit", "reasons"]
        assert all(left < right for left, right, *_ in rows(done.stdout)[1:])
        assert "Penfriends (after" in done.stderr

    def test_a_scheme_of_ones_own_is_read_from_its_file(self):
        assert run(scheme=str(DATA / "walking.toml")).exit_code == 0

    def test_explain_says_why_for_staff(self):
        done = run("--explain")

        assert "ayaan and bea: Both speak or sign English" in done.stderr
        assert "ede: No places: capacity is 0." in done.stderr

    def test_the_same_seed_gives_the_same_bytes_whatever_the_order_of_the_rows(self, tmp_path):
        header, *people = (DATA / "people.csv").read_text("utf-8").splitlines()
        (tmp_path / "people.csv").write_text("\n".join([header, *reversed(people)]), encoding="utf-8")

        assert run("--seed", "3").stdout == run("--seed", "3", people=str(tmp_path / "people.csv")).stdout

    def test_cells_that_a_spreadsheet_would_run_are_guarded(self, tmp_path):
        (tmp_path / "people.csv").write_text("id,goals\n=1+1,x\n@two,x\n", encoding="utf-8")

        assert rows(run(people=str(tmp_path / "people.csv"), scheme="open").stdout)[1][:2] == ["'=1+1", "'@two"]

    def test_nobody_at_all_is_a_round_too(self, tmp_path):
        (tmp_path / "people.csv").write_text("id\n", encoding="utf-8")

        assert run(people=str(tmp_path / "people.csv")).exit_code == 0

    def test_someone_who_supports_and_is_still_looking_is_named(self, tmp_path):
        (tmp_path / "people.csv").write_text("id,side\nana,seek\nbo,both\n", encoding="utf-8")

        assert "still looking for support themselves: bo" in run(people=str(tmp_path / "people.csv")).stderr

    def test_schemes_without_pairs_say_so(self, tmp_path):
        done = run("--unmatched", str(tmp_path / "unmatched.csv"), scheme="ward-rota")

        assert done.exit_code == 0
        assert "pairs nobody" in (tmp_path / "unmatched.csv").read_text("utf-8")

    def test_unknown_columns_are_a_warning(self, tmp_path):
        (tmp_path / "people.csv").write_text("id,hat\nana,red\n", encoding="utf-8")

        assert "columns not known and not read: hat" in run(people=str(tmp_path / "people.csv")).stderr

    def test_help_tells_of_every_option(self):
        told = CliRunner().invoke(match, ["--help"]).output

        assert all(
            option in told for option in ("--people", "--scheme", "-o", "--unmatched", "--explain", "--seed", "--on")
        )


class TestRefusals:
    def test_every_problem_of_the_people_file_is_one_sentence_and_nothing_is_written(self, tmp_path):
        done = run("-o", str(tmp_path / "pairs.csv"), people=str(DATA / "mistakes.csv"))

        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 9
        assert "row 3, column side, value 'maybe': Write one of these" in done.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"scheme": "fannon"}, "no scheme of this name"),
            ({"scheme": "none.toml"}, "no such file"),
            ({"people": "none.csv"}, "cannot be opened"),
            ({"on": "1 May"}, "not a date"),
        ],
    )
    def test_bad_use_ends_with_two_and_a_sentence(self, changed, said):
        done = run(**changed)

        assert done.exit_code == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_no_output_may_take_the_place_of_the_input_or_of_another(self, tmp_path):
        out = str(tmp_path / "out.csv")

        assert run("-o", PEOPLE).exit_code == 2
        assert run("-o", out, "--unmatched", out).exit_code == 2
        assert run("-o", str(tmp_path)).exit_code == 2
        assert run("-o", str(tmp_path / "none" / "out.csv")).exit_code == 2
        assert list(tmp_path.iterdir()) == []

    def test_a_write_that_fails_half_way_leaves_what_was_there(self, tmp_path, monkeypatch):
        (tmp_path / "pairs.csv").write_text("before", encoding="utf-8")

        def full_disk(*_, **__):
            raise OSError(28, "No space left on device", "disk")

        monkeypatch.setattr(commands.os, "fdopen", full_disk)
        done = run("-o", str(tmp_path / "pairs.csv"), "--unmatched", str(tmp_path / "unmatched.csv"))

        assert done.exit_code == 2
        assert "No space left" in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv"]
        assert (tmp_path / "pairs.csv").read_text("utf-8") == "before"

    def test_an_answer_that_fails_its_own_check_is_not_written(self, tmp_path, monkeypatch):
        monkeypatch.setattr(commands, "faults", lambda *_: ("Somebody is over capacity.",))
        done = run("-o", str(tmp_path / "pairs.csv"))

        assert done.exit_code == 1
        assert "over capacity" in done.stderr
        assert faults is not commands.faults
        assert list(tmp_path.iterdir()) == []


class TestReport:
    def test_a_page_is_written_beside_the_pairs(self, tmp_path):
        done = run("-o", str(tmp_path / "pairs.csv"), "--report", str(tmp_path / "round.html"))

        assert done.exit_code == 0, done.output
        page = (tmp_path / "round.html").read_text("utf-8")
        assert page.startswith("<!doctype html>")
        assert "Peer mentoring (after the Fanon Centre)" in page

    def test_it_may_not_take_the_place_of_the_pairs(self, tmp_path):
        same = str(tmp_path / "one.csv")

        done = run("-o", same, "--report", same)

        assert done.exit_code == 2
        assert "already used in this command" in done.stderr


class TestNow:
    def test_one_person_is_proposed_to_whom_they_fit_best(self):
        done = run("--now", "ayaan")

        assert done.exit_code == 0, done.output
        assert [row[:2] for row in rows(done.stdout)[1:]] == [["ayaan", "bea"]]

    def test_with_other_options_it_is_refused_and_nothing_is_written(self, tmp_path):
        done = run("--now", "ayaan", "-o", str(tmp_path / "pairs.csv"))

        assert done.exit_code == 2
        assert "leave the other options out" in done.stderr
        assert list(tmp_path.iterdir()) == []

    def test_or_staff_are_told_why_there_is_nobody(self, tmp_path):
        file = tmp_path / "people.csv"
        file.write_text("id,side\nana,seek\n", "utf-8")

        done = run("--now", "ana", people=str(file))

        assert "Nobody else is in the round" in done.stderr
        assert rows(done.stdout) == [["left", "right", "fit", "reasons"]]

    def test_an_id_that_is_not_in_the_file_is_refused(self):
        done = run("--now", "nobody")

        assert done.exit_code == 2
        assert "Nobody in this round has this id" in done.stderr


class TestWhyNot:
    def test_staff_are_told_what_parts_two_people(self):
        done = run("--why-not", "ayaan", "finn")

        assert done.exit_code == 0, done.output
        assert "ayaan and finn: " in done.stderr

    def test_an_id_that_is_not_in_the_file_is_refused(self):
        done = run("--why-not", "ayaan", "nobody")

        assert done.exit_code == 2
        assert "Nobody in this round has this id" in done.stderr
