"""The inner loops, compiled where the `fast` extra (numba) is installed and plain Python where it is not.

One source for both: a function under `compiled` uses whole numbers, arrays and loops only. A number in it is 64 bits wide
when compiled, so whoever calls it keeps the numbers within that. `NUMBA_DISABLE_JIT=1` runs the plain form too, as the
tests do when they measure branches.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba
except ImportError:  # the suite has it; what happens without it is tests/matching/test_compiling.py
    IS_COMPILED = False
else:
    IS_COMPILED = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

if TYPE_CHECKING or not IS_COMPILED:

    def compiled(function: Function) -> Function:
        return function

else:

    def compiled(function: Function) -> Function:
        """Kept on disk beside the source, or in the user's own cache; where neither can be written, made anew each time."""
        try:
            return numba.njit(cache=True, nogil=True)(function)
        except RuntimeError:
            return numba.njit(nogil=True)(function)
