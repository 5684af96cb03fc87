"""How a peer is driven from outside: one line of JSON in, one line of JSON out. Standard library only, for any environment.

The drivers beside this file are started by their path and not as modules: mentor-match calls its package `matching` too,
and would not be found if our folder came first.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any


def serve(acts: Mapping[str, Callable[..., Any]]) -> None:
    """Answers until its input ends: what an act gave, and the seconds of the processor that it took."""
    told = sys.stdout
    sys.stdout = sys.stderr  # a package that prints must not be taken for an answer
    for line in sys.stdin:
        asked = json.loads(line)
        act = acts[asked.pop("do")]
        start = time.process_time()
        answer = act(**asked)
        seconds = time.process_time() - start
        print(json.dumps({"seconds": seconds, "answer": answer}), file=told, flush=True)
