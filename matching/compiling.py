"""The inner loops, compiled where the `fast` extra (numba) is installed and plain Python where it is not.

One source for both: a function under `compiled` uses whole numbers, arrays and loops only. A number in it is 64 bits wide
when compiled, so whoever calls it keeps the numbers within that. `NUMBA_DISABLE_JIT=1` runs the plain form too, as the
tests do when they measure branches.

A compiled function makes no arrays: whoever calls it gives it those that it works in, and holds them meanwhile. So numba
is told to leave its counting of who holds an array out (`_nrt`). It counts under a lock whenever an array is taken out of a
tuple and something else is called, and that took two thirds of a solver's time.

What was compiled is kept on disk. A compiled function has those that it calls inside it, and numba asks only whether the
function's own file has changed; so what is kept goes by the engine's whole source.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba
except ImportError:  # the suite has it; what happens without it is tests/matching/test_compiling.py
    IS_COMPILED = False
else:
    IS_COMPILED = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

ENGINE = Path(__file__).parent


def shelf(bases: list[Path], engine: Path = ENGINE) -> Path | None:
    """A folder for what this source is compiled to, in the first of these that can be written; None where none can."""
    source = sha256()
    for file in sorted(engine.glob("*.py")):
        source.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for base in bases:
        folder = base / f"engine-{source.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


if TYPE_CHECKING or not IS_COMPILED:

    def compiled(function: Function) -> Function:
        return function

else:
    GIVEN = numba.config.CACHE_DIR
    FOLDER = shelf([Path(GIVEN)] if GIVEN else [ENGINE / "__pycache__", Path("~/.cache/timebank").expanduser()])

    def compiled(function: Function) -> Function:
        """Kept on disk where that can be; else compiled anew by each process that needs it."""
        if FOLDER is None:
            return numba.njit(nogil=True, _nrt=False)(function)
        numba.config.CACHE_DIR = str(FOLDER)
        try:
            return numba.njit(cache=True, nogil=True, _nrt=False)(function)
        finally:
            numba.config.CACHE_DIR = GIVEN
