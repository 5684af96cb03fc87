"""A bar for work that takes longer than a breath. It is drawn on a terminal only, never into a file or a pipe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from timebank.console import err

LONG_WORK = 200

Moved = Callable[[int], None]  # how many are done by now


def nobody_looks(_done: int) -> None:
    """For callers without a terminal."""


@contextmanager
def bar(doing: str, total: int) -> Iterator[Moved]:
    hidden = total < LONG_WORK or not err.is_terminal
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=hidden) as drawn:
        task = drawn.add_task("", total=total)
        yield lambda done: drawn.update(task, completed=done)
