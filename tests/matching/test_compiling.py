"""With numba and without it, compiled and plain: the same answers, and nobody is left without any."""

import os
import runpy
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from matching import run_round
from matching.compiling import IS_COMPILED, shelf
from matching.warming import warm
from tests.matching.pools import ON, SCHEMES, seeded_pool
from tests.matching.pure.test_assign import crowd, proved

ROOT = Path(__file__).parents[2]
WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None; from tests.matching.test_compiling import tell; tell()"
WARMED = "from tests.matching.test_compiling import tell_what_is_compiled_late; tell_what_is_compiled_late()"
PLAIN = "from tests.matching.test_compiling import tell; tell()"


def digest() -> str:
    """Of answers and prices of markets that are always the same."""
    total = sha256()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        market = crowd(
            seed, people=int(rng.integers(5, 40)), places=12, seats=(10, 20, 60)[seed % 3], most=(3, 900)[seed % 2]
        )
        answer = proved(market)
        parts = (answer.left, answer.right, answer.left_price, answer.right_price)
        total.update(repr([part.tolist() for part in parts]).encode())
    return total.hexdigest()


def tell() -> None:
    sys.stdout.write(f"{IS_COMPILED} {digest()}\n")


def tell_what_is_compiled_late() -> None:
    """By rounds of every kind, after the engine has been warmed."""
    warm()
    before = compiled_so_far()
    for scheme in SCHEMES.values():
        run_round(seeded_pool(3, 30), scheme, on=ON)
    sys.stdout.write(f"{len(before)} {sorted(compiled_so_far() - before)}\n")


def compiled_so_far() -> set[tuple[str, str]]:
    modules = [module for name, module in sys.modules.items() if name.startswith("matching.")]
    found = {value for module in modules for value in vars(module).values() if hasattr(value, "nopython_signatures")}
    return {(function.__name__, str(form)) for function in found for form in function.nopython_signatures}


@pytest.mark.parametrize(("program", "jit"), [(WITHOUT_NUMBA, "0"), (PLAIN, "1")], ids=["no numba", "not compiled"])
def test_places_are_given_alike_without_the_compiler(program, jit):
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": jit},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == ["False", digest()]


def test_once_warmed_a_round_of_any_kind_compiles_nothing_more():
    told = subprocess.run(
        [sys.executable, "-c", WARMED],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "0"},
        capture_output=True,
        text=True,
        check=True,
    )

    number, late = told.stdout.split(maxsplit=1)
    assert int(number) >= 8  # what is read from disk stands here without what it calls
    assert late.strip() == "[]"


@pytest.mark.parametrize("can_give_way", [True, False], ids=["gives way", "a system where nothing gives way"])
def test_it_is_warmed_by_a_programme_that_gives_way(monkeypatch, can_give_way):
    gave_way, ran = [], []
    monkeypatch.delattr(os, "nice")
    if can_give_way:
        monkeypatch.setattr(os, "nice", gave_way.append, raising=False)
    monkeypatch.setattr("matching.round.run_round", lambda people, scheme, on: ran.append(scheme.shape))

    runpy.run_path(str(ROOT / "matching" / "warming.py"), run_name="__main__")

    assert gave_way == ([19] if can_give_way else [])
    assert Counter(ran) == {"one-way": 4, "symmetric": 4}


def test_where_no_folder_can_be_written_the_engine_still_answers(tmp_path):
    """As on a machine where the code belongs to somebody else and nobody has a home: a file stands where a folder should."""
    (tmp_path / "file").touch()
    told = subprocess.run(
        [sys.executable, "-c", PLAIN],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "0", "NUMBA_CACHE_DIR": str(tmp_path / "file")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == ["True", digest()]


def test_what_was_compiled_goes_by_the_whole_source(tmp_path):
    """Found by changing a number in one module: the functions of another went on with the old one."""
    engine, base = tmp_path / "engine", tmp_path / "base"
    engine.mkdir()
    (engine / "one.py").write_text("NUMBER = 1")
    (engine / "other.py").write_text("from one import NUMBER")
    before = shelf([base], engine)

    (engine / "one.py").write_text("NUMBER = 2")

    assert shelf([base], engine) != before
    (engine / "one.py").write_text("NUMBER = 1")
    assert shelf([base], engine) == before
    assert before.parent == base


def test_the_first_folder_that_can_be_written_is_taken(tmp_path):
    (tmp_path / "file").touch()

    assert shelf([tmp_path / "file", tmp_path / "folder"]).parent == tmp_path / "folder"
    assert shelf([tmp_path / "file"]) is None


def test_a_folder_that_is_there_and_may_not_be_written_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda folder, how: folder.parent != tmp_path / "not ours")

    assert shelf([tmp_path / "not ours", tmp_path / "ours"]).parent == tmp_path / "ours"
    assert shelf([tmp_path / "not ours"]) is None
