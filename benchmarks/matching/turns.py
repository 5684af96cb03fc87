"""Sides that take turns at the same task, and how many times as quick ours is as each of the others.

In a round every side works once. Which one begins changes from round to round, and the first round only warms up. What a
side answers is checked each time, and a wrong answer ends the run before any figure is printed. A ratio is taken within a
round; the median over the rounds is printed, with the smallest and the largest.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Does the work once: the seconds it took, and what came of it.
Turn = Callable[[], tuple[float, Any]]
Check = Callable[[str, Any], None]


@dataclass(kw_only=True)
class Side:
    """`count`: how many things one turn does, where the sides do not all do as many."""

    name: str
    turn: Turn
    count: int = 1
    seconds: list[float] = field(default_factory=list)

    def speeds(self) -> list[float]:
        return [self.count / seconds for seconds in self.seconds]


@dataclass(frozen=True)
class Bar:
    """How many times as quick ours has to be as a side: `must` decides how the run ends, a `goal` is only told."""

    must: float | None = None
    goal: float | None = None


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> Turn:
    """A turn of work that is done here. `time.process_time` leaves out what else a busy machine does meanwhile."""

    def turn() -> tuple[float, Any]:
        start = clock()
        answer = work()
        return clock() - start, answer

    return turn


def take_turns(sides: Sequence[Side], *, rounds: int, check: Check | None = None, warm_up: bool = True) -> None:
    for number in range(rounds + warm_up):
        first = number % len(sides)
        for side in (*sides[first:], *sides[:first]):
            seconds, answer = side.turn()
            if check is not None:
                check(side.name, answer)
            if number >= warm_up:
                side.seconds.append(seconds)


def tell(sides: Sequence[Side], bars: Mapping[str, Bar], *, unit: str = "s") -> list[str]:
    """One line for each side, ours first; gives back what was missed. `unit`: "s" for seconds, or what one second does."""
    ours, *_ = sides
    print(f"  {'':44}{unit:>14}  ours is so many times as quick (smallest - largest)")
    missed = []
    for side in sides:
        shown = statistics.median(side.seconds if unit == "s" else side.speeds())
        figure = f"  {side.name:44}{shown:14,.4f}" if unit == "s" else f"  {side.name:44}{shown:14,.0f}"
        if side is ours:
            print(f"{figure}  ({len(side.seconds)} {'round' if len(side.seconds) == 1 else 'rounds'})")
            continue
        ratios = [mine / theirs for mine, theirs in zip(ours.speeds(), side.speeds(), strict=True)]
        ratio = statistics.median(ratios)
        bar = bars.get(side.name, Bar())
        print(f"{figure}{ratio:8.1f}  ({min(ratios):.1f} - {max(ratios):.1f}){_verdict(ratio, bar)}", flush=True)
        if bar.must is not None and ratio < bar.must:
            missed.append(f"{ours.name} / {side.name}: {ratio:.1f} times, must be {bar.must:g}")
    return missed


def _verdict(ratio: float, bar: Bar) -> str:
    told = [("must be", bar.must), ("the goal is", bar.goal)]
    return "".join(
        f", {words} {wanted:g}: {'met' if ratio >= wanted else 'MISSED'}"
        for words, wanted in told
        if wanted is not None
    )


def end(missed: Sequence[str]) -> None:
    """The run ends well, or with what was missed and the status 1."""
    if missed:
        raise SystemExit("below what was promised:\n" + "\n".join(missed))
