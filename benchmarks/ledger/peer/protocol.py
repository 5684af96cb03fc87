"""How a peer is driven from outside: one line of JSON in, one line of JSON out. Standard library only, for any environment.

A transfer is [giver, receiver, minutes]: two places in the list of accounts, and whole minutes. Everything a package needs
for one posting, from these three numbers to the durable commit, happens while the clock runs.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence

Post = Callable[[int, int, int], None]


def serve(modes: dict[str, Post], balances: Callable[[], Sequence[int]]) -> None:
    """Answers until its input ends. `modes`: the ways of posting by name; `balances`: minutes, giver above zero."""
    told = sys.stdout
    sys.stdout = sys.stderr  # a package that prints must not be taken for an answer
    _tell(told, "ready")
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "balances":
            _tell(told, [int(minutes) for minutes in balances()])
            continue
        post, transfers = modes[asked["mode"]], asked["transfers"]
        start = time.perf_counter()
        for giver, receiver, minutes in transfers:
            post(giver, receiver, minutes)
        _tell(told, time.perf_counter() - start)


def _tell(out: object, answer: object) -> None:
    print(json.dumps(answer), file=out, flush=True)  # type: ignore[call-overload]
