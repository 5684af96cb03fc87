"""The one command: what run.py decides before anything is installed."""

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import run

REPOSITORY = Path(run.__file__).parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own for run.py, with two requirements files and, when asked, commands that are only noted."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").write_text("flask==3.1.3\n")
    (tmp_path / "requirements" / "dev.txt").write_text("flask==3.1.3\npytest==9.2.0\n")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(run, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(run, "STAMP", tmp_path / ".venv" / "timebank-stamp")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run: nothing is installed, and making an environment makes its Python's file only."""
    noted: list[list[str]] = []

    def note(_doing: str, command: list[str]) -> int:
        noted.append(command)
        if "venv" in command:
            run.PYTHON.parent.mkdir(parents=True)
            run.PYTHON.touch()
        return 0

    monkeypatch.setattr(run, "watch", note)
    return noted


def test_an_old_python_is_refused_with_one_sentence():
    assert run.refusal((3, 10, 13)) == "Timebank needs Python 3.11 or newer, and this is Python 3.10."
    assert run.refusal((2, 7)) == "Timebank needs Python 3.11 or newer, and this is Python 2.7."


@pytest.mark.parametrize("version", [(3, 11), (3, 11, 0, "final", 0), (3, 14, 2)])
def test_python_3_11_and_newer_are_welcome(version: tuple):
    assert not run.refusal(version)


def test_run_py_can_be_read_by_python_3_6_up_to_its_sentence():
    tree = ast.parse((REPOSITORY / "run.py").read_text(), feature_version=(3, 6))
    before_the_sentence = tree.body[: next(i for i, node in enumerate(tree.body) if isinstance(node, ast.If))]
    names = {node.id for part in before_the_sentence for node in ast.walk(part) if isinstance(node, ast.Name)}
    assert names == {"version", "found", "str", "tuple", "part"}
    assert any("sys.exit" in ast.unparse(node) for node in tree.body if isinstance(node, ast.If))


def test_run_py_imports_only_the_standard_library():
    tree = ast.parse((REPOSITORY / "run.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "hashlib" in imported
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_stamp_holds_the_python_and_the_digest_of_every_file(checkout: Path):
    digest = hashlib.sha256(b"flask==3.1.3\n").hexdigest()
    assert run.marks("run") == [f"python {sys.implementation.cache_tag}", f"run.txt {digest}"]
    assert run.marks("run", "dev")[:2] == run.marks("run")


def test_a_second_start_installs_nothing(checkout: Path, commands: list):
    run.prepare("run")
    assert commands
    commands.clear()
    run.prepare("run")
    assert commands == []


def test_an_environment_for_the_tests_serves_for_the_start_too(checkout: Path, commands: list):
    run.prepare("run", "dev")
    commands.clear()
    run.prepare("run")
    assert commands == []


def test_an_environment_for_the_start_is_filled_up_for_the_tests(checkout: Path, commands: list):
    run.prepare("run")
    commands.clear()
    run.prepare("run", "dev")
    assert not any("venv" in command for command in commands)
    assert commands[-1][-1] == str(checkout / "requirements" / "dev.txt")


def test_changed_requirements_are_installed(checkout: Path, commands: list):
    run.prepare("run")
    commands.clear()
    (checkout / "requirements" / "run.txt").write_text("flask==3.1.4\n")
    run.prepare("run")
    assert commands


def test_a_half_made_environment_is_made_again(checkout: Path, commands: list, capsys: pytest.CaptureFixture):
    left_over = checkout / ".venv" / "lib" / "half-a-package"
    left_over.mkdir(parents=True)
    run.prepare("run")
    assert "venv" in commands[0]
    assert not left_over.exists()
    assert run.STAMP.exists()
    assert "unfinished" in capsys.readouterr().out


def test_an_environment_whose_python_is_gone_is_made_again(checkout: Path, commands: list):
    run.prepare("run")
    run.PYTHON.unlink()
    commands.clear()
    run.prepare("run")
    assert "venv" in commands[0]


def test_an_environment_of_another_python_is_made_again(checkout: Path, commands: list):
    run.prepare("run")
    run.STAMP.write_text(run.STAMP.read_text().replace(sys.implementation.cache_tag, "cpython-399"))
    commands.clear()
    run.prepare("run")
    assert "venv" in commands[0]


def test_an_installation_that_fails_leaves_no_stamp(checkout: Path, commands: list, monkeypatch: pytest.MonkeyPatch):
    run.prepare("run")
    (checkout / "requirements" / "run.txt").write_text("flask==3.1.4\n")
    monkeypatch.setattr(run, "watch", lambda _doing, _command: 1)
    with pytest.raises(SystemExit, match="did not finish"):
        run.prepare("run")
    assert not run.STAMP.exists()


ALL_THERE = {"uv": "/usr/bin/uv", "ensurepip": True, "pip": True}


@pytest.mark.parametrize(
    ("machine", "makes", "fills"),
    [
        (ALL_THERE, ["/usr/bin/uv", "venv"], ["/usr/bin/uv", "pip", "install", "--python"]),
        (
            ALL_THERE | {"uv": None},
            [run.OUTSIDE, "-m", "venv", "--without-pip"],
            [run.OUTSIDE, "-m", "pip", "--python", str(run.PYTHON), "install"],
        ),
        (
            ALL_THERE | {"uv": None, "pip": False},
            [run.OUTSIDE, "-m", "venv", "--without-pip"],
            [str(run.PYTHON), "-m", "pip", "install"],
        ),
    ],
    ids=["uv", "the pip outside", "a pip inside"],
)
def test_the_best_installer_of_the_machine_is_used_and_always_with_hashes(machine: dict, makes: list, fills: list):
    recipe = run.recipe("run", fresh=True, **machine)
    assert recipe[0][: len(makes)] == makes
    assert recipe[-1][: len(fills)] == fills
    assert "--require-hashes" in recipe[-1]
    assert run.recipe("run", fresh=False, **machine) == recipe[1:]


def test_a_machine_without_any_pip_is_told_the_one_line():
    with pytest.raises(SystemExit, match="sudo apt-get install -y python3-venv"):
        run.recipe("run", fresh=True, uv=None, ensurepip=False, pip=False)


def test_a_missing_program_stops_the_tests_with_the_line_to_type(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "missing", lambda wanted: [tool for tool in wanted if tool == "hledger"])
    monkeypatch.setattr(run, "install_with_apt", lambda packages: None)
    monkeypatch.setattr(run.shutil, "which", lambda program: "/usr/bin/apt-get" if program == "apt-get" else None)
    with pytest.raises(SystemExit, match=r"need hledger.*apt-get install -y --no-install-recommends hledger$"):
        run.outside_tools("chromium", "hledger")


def test_a_browser_that_is_named_and_not_there_stops_the_tests(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIMEBANK_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(SystemExit, match="/nowhere/chromium"):
        run.browser()


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """run.py is a process of its own and tells its children by its environment; here it runs in that of the tests."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """run.py with everything installed, whose commands are noted and all succeed."""
    noted: list[list[str]] = []
    monkeypatch.setattr(run, "prepare", lambda *names: None)
    monkeypatch.setattr(run, "outside_tools", lambda *tools: noted.append(["tools", *tools]))
    monkeypatch.setattr(run, "browser", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(run, "watch", lambda doing, command, **_: noted.append(command) or 0)
    monkeypatch.setattr(run, "follow", lambda command: noted.append(command) or 0)
    return noted


def test_the_tests_are_format_lint_types_contracts_and_pytest_in_this_order(calls: list):
    assert run.test([]) == 0
    commands = [" ".join(command).removeprefix(str(run.PYTHON.parent)) for command in calls[1:]]
    assert commands == [
        "/python -m ruff format --check .",
        "/python -m ruff check .",
        "/python -m mypy",
        "/lint-imports",
        "/python -m pytest -n 2",
    ]
    assert calls[0] == ["tools", "chromium", "hledger"]
    assert os.environ["TIMEBANK_FORM"] == "fast"
    assert os.environ["TIMEBANK_CHROMIUM"] == "/usr/bin/chromium"


def test_with_arguments_only_pytest_is_run_with_them(calls: list):
    assert run.test(["tests/house", "-q"]) == 0
    assert calls[1:] == [[str(run.PYTHON), "-m", "pytest", "-n", "2", "tests/house", "-q"]]


def test_the_first_failing_step_ends_the_run_with_its_status(calls: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "watch", lambda doing, command, **_: calls.append(command) or 3 * (command[-2] == "check"))
    assert run.test([]) == 3
    assert calls[-1][-2:] == ["check", "."]


def test_only_a_typed_word_leaves_the_browser_out_and_the_rest_still_runs(calls: list, capsys: pytest.CaptureFixture):
    assert run.test(["--without-browser"]) == 0
    assert calls[0] == ["tools", "hledger"]
    assert len(calls) == 6
    assert calls[-1][-2:] == ["-m", "not browser"]
    assert "left out" in capsys.readouterr().out


def test_a_soak_runs_the_full_form_of_one_folder(calls: list):
    assert run.soak(["ledger"]) == 0
    assert len(calls) == 2
    assert "tests/ledger" in calls[1]
    assert os.environ["TIMEBANK_FORM"] == "full"


def test_the_soak_of_the_mutants_needs_no_outside_tools_and_hands_on_what_was_typed(calls: list):
    assert run.soak(["mutants", "--max-children", "1"]) == 0
    assert calls == [[str(run.PYTHON), "-m", "tests.mutants", "--max-children", "1"]]


@pytest.mark.parametrize("arguments", [[], ["nonsense"], [".."], ["data"]])
def test_an_unknown_soak_is_refused_with_the_names_there_are(arguments: list, capsys: pytest.CaptureFixture):
    assert run.main(["soak", *arguments]) == 2
    names = capsys.readouterr().err.partition(": ")[2].strip().split(", ")
    assert {"house", "ledger", "matching", "mutants"} <= set(names)


def test_an_unknown_word_is_refused_with_the_usage(capsys: pytest.CaptureFixture):
    assert run.main(["--emtpy"]) == 2
    assert "python3 run.py --empty" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [([], ["serve", "--demonstration"]), (["--empty"], ["serve"])])
def test_the_start_hands_over_to_timebank(arguments: list, words: list, calls: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run.os, "execv", lambda program, command: command)
    assert run.start(arguments) == [str(run.PYTHON), "-m", "timebank.cli", *words]


def test_long_work_says_what_it_is_at(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "TICK", 0.2)
    work = "import time; print('first half', flush=True); time.sleep(0.7); print('both halves')"
    assert run.watch("Working", [sys.executable, "-c", work], verdict=True) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Working ..."
    assert any(line.endswith(" s first half") for line in said[1:-1])
    assert said[-1].endswith(" s both halves")


def test_failed_work_shows_all_it_printed(capsys: pytest.CaptureFixture):
    assert run.watch("Falling", [sys.executable, "-c", "print('the reason'); print('...'); raise SystemExit(4)"]) == 4
    said = capsys.readouterr().out
    assert "the reason\n..." in said
    assert "FAILED" in said


def test_ci_calls_the_readme_s_test_command_and_nothing_else():
    script = REPOSITORY / ".ci" / "run"
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "python3 run.py test"]
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
