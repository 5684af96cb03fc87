"""With numba and without it, compiled and plain: the same answers, and nobody is left without any."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from matching.compiling import IS_COMPILED
from tests.matching.test_assign import crowd, proved

ROOT = Path(__file__).parents[2]
WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None; from tests.matching.test_compiling import tell; tell()"
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


def test_a_folder_that_cannot_be_written_does_not_stop_the_engine(tmp_path):
    """As on a machine where the code belongs to somebody else and nobody has a home."""
    program = (
        "import numba.core.caching as caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "from tests.matching.test_compiling import tell\n"
        "tell()\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "0"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split()[1] == digest()
