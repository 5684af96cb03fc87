"""Doing an act again where two stood in each other's way and the database sent one of them back.

PostgreSQL ends one of two transactions that wait for each other in a circle (deadlock), or that cannot both be as if
alone (serialization failure). The one that was sent back has left nothing behind, and every act carries its own ids: it
may be done again, from its very beginning. Nothing else is ever done again by itself.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

AGAIN = 3
SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"
LONGEST_PAUSE = 0.05  # seconds, the first time; two who clashed should not meet again at the same place

Answer = TypeVar("Answer")


def is_clash(error: BaseException) -> bool:
    """Whether the database sent this one back for the sake of another, so that it may be done again."""
    if not isinstance(error, DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) in {SERIALIZATION_FAILURE, DEADLOCK}


def pause(before: int) -> None:
    """Waits a little, and longer the more often it was tried. `before`: how often it was tried already."""
    time.sleep(random.uniform(0.1, 1) * LONGEST_PAUSE * before)  # noqa: S311 - chance, not a secret


def again(act: Callable[[], Answer]) -> Answer:
    """Does `act`, which is one whole transaction; after a clash again, AGAIN times at most.

    Raises what `act` raised, the last clash included.
    """
    for before in range(1, AGAIN + 1):
        try:
            return act()
        except DBAPIError as error:
            if not is_clash(error):
                raise
        pause(before)
    return act()
