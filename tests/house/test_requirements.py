"""The hashed requirements files hold what pyproject.toml asks for, by hash, and nothing of the machine that made them."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
RUN = [Requirement(text) for text in PROJECT["dependencies"]]
DEV = [Requirement(text) for text in PROJECT["optional-dependencies"]["dev"]]

PACKAGE = re.compile(r"(?P<pin>[a-z0-9-]+(\[[a-z0-9,-]+\])?==\S+( ; [^\\]+)?) \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
REASON = re.compile(
    r"    # via( [-\w.]+( \(pyproject\.toml\))?)?|    #   (-c requirements/run\.txt|[-\w.]+( \(pyproject\.toml\))?)"
)


def lines(name: str) -> list[str]:
    return (REPOSITORY / "requirements" / f"{name}.txt").read_text().splitlines()


def pins(name: str) -> list[Requirement]:
    return [Requirement(found["pin"]) for found in map(PACKAGE.fullmatch, lines(name)) if found]


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_line_is_a_pinned_package_a_hash_or_a_reason(name: str):
    """So no index, address or path of a machine can stand there."""
    strange = [line for line in lines(name) if not any(kind.fullmatch(line) for kind in (PACKAGE, HASH, REASON))]
    assert strange == []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_package_has_a_hash(name: str):
    listed = lines(name)
    packages = [index for index, line in enumerate(listed) if PACKAGE.fullmatch(line)]
    assert packages
    assert [listed[index] for index in packages if not HASH.fullmatch(listed[index + 1])] == []


@pytest.mark.parametrize(("name", "wanted"), [("run", RUN), ("dev", RUN), ("dev", DEV)], ids=["run", "dev-run", "dev"])
def test_every_dependency_is_pinned_within_its_range(name: str, wanted: list[Requirement]):
    pinned = pins(name)
    for requirement in wanted:
        same = [pin for pin in pinned if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
        assert same, f"{requirement} is not in {name}.txt: run requirements/compile"
        for pin in same:
            (version,) = pin.specifier
            assert requirement.specifier.contains(version.version), f"{pin} in {name}.txt is outside {requirement}"
            assert requirement.extras <= pin.extras | {"binary"}


def test_the_extras_asked_for_are_pinned_too():
    assert "psycopg-binary" in {pin.name for pin in pins("run")}


def test_the_test_tools_come_with_exactly_what_runs():
    assert {str(pin) for pin in pins("run")} <= {str(pin) for pin in pins("dev")}
