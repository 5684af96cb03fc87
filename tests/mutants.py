"""Small mistakes, one at a time, in what the ledger works out without a database, in the engine, and in who may come where:
do tests notice them?

`python3 run.py soak mutants` runs this. Mistakes that were tried already are tried again only once something has changed:
all of them when the tests or their tools have, those of one module when its file has. [tool.mutmut] says which modules.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

ENOUGH = 95  # per cent of all
OF_ONE = {"timebank/web/policy.py": 98}  # and of some modules more
WORK = Path("mutants")
TRIED = "tried.json"
MUTMUT = Path("tests/mutating.py")
TESTS = (
    Path("tests/__init__.py"),
    Path("tests/ledger/__init__.py"),
    Path("tests/matching/__init__.py"),
    Path("tests/matching/pools.py"),
    Path("tests/web/__init__.py"),
    MUTMUT,
    Path("requirements/dev.txt"),
)
# Of a module that also speaks with a database, only what does not.
PARTS = {"ledger/packed.py": {"as_text", "packed", "record", "_in_json", "unpack", "say"}}
OUTCOMES = {"killed": "killed", "survived": "survived", "timeout": "timed out", "no tests": "not covered"}
NOTICED = ("killed", "timed out")
COLUMNS = ("killed", "survived", "timed out", "not covered", "not tried")


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """What became of each mistake in one module, by the name that mutmut gave it."""

    path: str
    outcomes: dict[str, str]

    def count(self, *outcomes: str) -> int:
        return sum(Counter(self.outcomes.values())[one] for one in outcomes)


def outcome(exit_code: int | None) -> str:
    """Of the tests that were run. Whatever tells nothing, such as a run that was broken off, counts as not tried."""
    return OUTCOMES.get(status_by_exit_code[exit_code], "not tried")


def function_of(mutant: str) -> str:
    return mutant.partition("__mutmut_")[0].rpartition(".")[2].removeprefix("x_").rpartition("ǁ")[2]


def read(path: str, *, work: Path = WORK) -> Module:
    """Raises FileNotFoundError where mutmut has left nothing about this module: no mistakes is something else."""
    exit_codes = json.loads((work / f"{path}.meta").read_text())["exit_code_by_key"]
    parts = PARTS.get(path)
    outcomes = {name: outcome(code) for name, code in exit_codes.items() if not parts or function_of(name) in parts}
    return Module(path=path, outcomes=outcomes)


def asked_for(modules: Iterable[Module], arguments: Iterable[str]) -> list[Module]:
    """Of the mistakes those that an argument names, as mutmut takes them; all of them where none is named."""
    modules, patterns = list(modules), list(arguments)
    named = [
        Module(
            path=one.path,
            outcomes={name: is_ for name, is_ in one.outcomes.items() if any(fnmatch(name, like) for like in patterns)},
        )
        for one in modules
    ]
    return [one for one in named if one.outcomes] or modules


def per_cent(modules: Iterable[Module]) -> float:
    """Of all mistakes, how many were noticed: by a test that failed, or by one that never came to an end."""
    modules = list(modules)
    mistakes = sum(len(one.outcomes) for one in modules)
    return 100 * sum(one.count(*NOTICED) for one in modules) / mistakes if mistakes else 0.0


def table(modules: list[Module]) -> str:
    head = f"{'':<24}{'mutants':>9}" + "".join(f"{one:>13}" for one in COLUMNS) + f"{'noticed':>11}"
    total = Module(path="all", outcomes={name: is_ for one in modules for name, is_ in one.outcomes.items()})
    lines = [
        f"{one.path:<24}{len(one.outcomes):>9}"
        + "".join(f"{one.count(column):>13}" for column in COLUMNS)
        + (f"{per_cent([one]):>9.1f} %" if one.outcomes else "")
        for one in [*modules, total]
    ]
    return "\n".join([head, *lines])


def digest(*texts: bytes) -> str:
    return hashlib.sha256(b"\0".join(hashlib.sha256(text).digest() for text in texts)).hexdigest()


def stands(settings: dict, *, root: Path) -> dict[str, str]:
    """The digest of what the tests are, and that of each module."""
    said = json.dumps([settings["mutmut"], settings["pytest"]], sort_keys=True).encode()
    folders = [root / one for one in settings["mutmut"]["pytest_add_cli_args_test_selection"]]
    files = [root / one for one in TESTS] + sorted(file for folder in folders for file in folder.rglob("*.py"))
    modules = {path: digest((root / path).read_bytes()) for path in settings["mutmut"]["only_mutate"]}
    return {"the tests": digest(said, *(file.read_bytes() for file in files)), **modules}


def forget_what_changed(now: dict[str, str], *, work: Path = WORK) -> list[str]:
    """Takes away what was found out about something that is not so any more, and answers with the names of that."""
    tried = work / TRIED
    before = json.loads(tried.read_text()) if tried.exists() else {}
    changed = [name for name, is_ in now.items() if name in before and before[name] != is_]
    if "the tests" in changed or not before:
        shutil.rmtree(work, ignore_errors=True)
    for path in set(now) - {"the tests"}:
        meta, mutated = work / f"{path}.meta", work / path
        # A file without its meta was left by a run that was broken off; mutmut would take it for one without mistakes.
        if path in changed or not meta.exists():
            meta.unlink(missing_ok=True)
            mutated.unlink(missing_ok=True)
            continue
        facts = json.loads(meta.read_text())
        codes = facts["exit_code_by_key"]
        facts["exit_code_by_key"] = {
            name: None if outcome(code) == "not tried" else code for name, code in codes.items()
        }
        meta.write_text(json.dumps(facts, indent=4))
    work.mkdir(exist_ok=True)
    tried.write_text(json.dumps(now, indent=4))
    return changed


def show(modules: list[Module]) -> None:
    for column in COLUMNS[1:]:
        names = [(one.path, name) for one in modules for name, is_ in one.outcomes.items() if is_ == column]
        if names:
            print(f"\n{column.capitalize()}:")
        for path, name in names:
            print(f"\n{name}")
            difference = get_diff_for_mutant(name, path=path).splitlines()
            print("\n".join(line for line in difference if line.startswith(("+ ", "- "))))
    print(f"\n{table(modules)}")
    print("\nOne of them with all its lines: .venv/bin/mutmut show NAME")
    print(f"{per_cent(modules):.2f} % were noticed (killed, or run into the time limit); {ENOUGH} % is the least.")
    for one in modules:
        if one.path in OF_ONE:
            print(f"{per_cent([one]):.2f} % of {one.path}, of which {OF_ONE[one.path]} % is the least.")


def are_enough(modules: list[Module]) -> bool:
    return per_cent(modules) >= ENOUGH and all(per_cent([one]) >= OF_ONE.get(one.path, 0) for one in modules)


def main(arguments: list[str]) -> int:
    settings = tomllib.loads(Path("pyproject.toml").read_text())["tool"]
    for name in forget_what_changed(stands(settings, root=Path())):
        print(f"Changed since the last time: {name}.")
    with subprocess.Popen([sys.executable, "-P", MUTMUT, "run", *arguments]) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it hears Ctrl-C too, and keeps what it has tried
            status = 130
    if status:
        return status
    modules = asked_for(map(read, settings["mutmut"]["only_mutate"]), arguments)
    show(modules)
    return 0 if are_enough(modules) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
