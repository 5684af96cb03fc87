"""Two people at the same moment: real threads, each with a session of its own, let go together."""

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from sqlalchemy.orm import Session

from timebank.db import Database

Act = Callable[[Session], Any]
ROUNDS = 200 if os.environ.get("TIMEBANK_FORM") == "full" else 100


@contextmanager
def racing(database: Database) -> Iterator[Callable[..., list[Any]]]:
    """Hands out a function that carries out two acts at once and answers what each returned or raised."""
    barrier = Barrier(2)

    def carry_out(act: Act) -> Any:
        try:
            if database.is_sqlite:
                # Writers wait in a queue: whoever is second could never reach a barrier behind it.
                barrier.wait(30)
                with database.writing() as session:
                    return act(session)
            with database.writing() as session:
                session.connection()
                barrier.wait(30)
                return act(session)
        except Exception as refusal:  # noqa: BLE001 - whatever it was, the test judges it
            return refusal

    turns = itertools.count()

    def race(*acts: Act) -> list[Any]:
        """Each is started first every second time: whoever comes to the barrier last is off before the other."""
        order = -1 if next(turns) % 2 else 1
        return list(threads.map(carry_out, acts[::order]))[::order]

    with ThreadPoolExecutor(2) as threads:
        yield race


def tell(counts: str) -> None:
    """What a race came to is printed, passed or failed: see it with `-rP`."""
    print(counts)  # noqa: T201
