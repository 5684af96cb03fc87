"""Who may import whom. Each contract is broken once on purpose, and must say so."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("timebank", "ledger", "matching")
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]
# For each contract one line in one module that breaks it, or a whole new file.
PLANTED = {
    "Domain packages know neither the app nor the web": ("ledger/minutes.py", "import flask"),
    "The ledger and the engine do not know each other": ("matching/words.py", "import ledger.minutes"),
    "The engine knows no database": ("matching/words.py", "import sqlalchemy"),
    "In the ledger the rules know no database": ("ledger/statements.py", "import sqlalchemy"),
    "Inside a feature": ("timebank/offers/models.py", "import timebank.offers.reads"),
    "Features in order": ("timebank/members/models.py", "import timebank.hours.reads"),
    "Below the routes there is no web": ("timebank/offers/service.py", "import flask"),
    "Only the app plugs in routes": ("timebank/serving.py", "import timebank.offers.routes"),
    "Only the command line plugs in commands": ("timebank/app.py", "import timebank.matches.commands"),
}
FORMS_OF_IMPORT = [
    ("matching/words.py", "from sqlalchemy import select", "The engine knows no database"),
    ("timebank/offers/reads.py", "from timebank.web import edge", "Below the routes there is no web"),
    ("timebank/offers/reads.py", "import marshmallow", "Below the routes there is no web"),
    ("ledger/store.py", "from timebank.clock import now", "Domain packages know neither the app nor the web"),
    ("timebank/unplaced/__init__.py", '"""A feature without a place."""', "Features in order"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-logo"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def plant(folder: Path, path: str, line: str) -> None:
    file = folder / path
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as opened:
        opened.write(f"\n{line}\n")


class TestContracts:
    def test_are_kept(self):
        said = lint(REPOSITORY)

        assert said.returncode == 0, said.stdout
        assert f"{len(CONTRACTS)} kept, 0 broken" in said.stdout

    def test_each_has_a_planted_breach(self):
        assert sorted(PLANTED) == sorted(CONTRACTS)

    @pytest.mark.parametrize("contract", sorted(PLANTED))
    def test_sees_its_breach(self, copied: Path, contract: str):
        plant(copied, *PLANTED[contract])

        said = lint(copied)

        assert said.returncode == 1
        assert f"{contract} BROKEN" in said.stdout

    @pytest.mark.parametrize(("path", "line", "contract"), FORMS_OF_IMPORT)
    def test_sees_other_forms_too(self, copied: Path, path: str, line: str, contract: str):
        plant(copied, path, line)

        said = lint(copied)

        assert said.returncode == 1
        assert f"{contract} BROKEN" in said.stdout


WITHOUT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused!r}:
            raise ImportError(f"{{name}} is not here")

sys.meta_path.insert(0, Refuse())
import importlib, pkgutil
package = importlib.import_module({package!r})
names = [found.name for found in pkgutil.walk_packages(package.__path__, {package!r} + ".")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


@pytest.mark.parametrize(
    ("package", "more"), [("ledger", {"matching"}), ("matching", {"ledger", "sqlalchemy", "psycopg", "alembic"})]
)
def test_the_domain_imports_without_flask_and_the_app(package: str, more: set[str]):
    """Every module of it, in a Python that has neither."""
    refused = {
        "flask",
        "flask_htmx",
        "flask_security",
        "flask_wtf",
        "werkzeug",
        "jinja2",
        "marshmallow",
        "timebank",
    } | more
    script = WITHOUT.format(refused=refused, package=package)

    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 5


def test_the_refusal_itself_works():
    script = WITHOUT.format(refused={"flask"}, package="timebank")

    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "flask is not here" in done.stderr


def test_importing_timebank_alone_loads_nothing():
    script = "import sys; before = set(sys.modules); import timebank; print(sorted(set(sys.modules) - before))"

    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['timebank']"
