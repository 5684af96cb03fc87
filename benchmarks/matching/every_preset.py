"""Every preset on real people and on a generated community: people, pairs, who is left out and why, and seconds.

    python -m benchmarks.matching.every_preset PEOPLE.csv [SIZE]

A file of people made for one scheme pairs nobody in many others: the reasons in the last column say which of their rules it
is. Seconds are of one run on this machine, everything compiled.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matching import Person, Round, Scheme, run_round
from matching.checks import faults
from matching.peoplefile import read_people
from tests.matching.communities import community
from tests.matching.pools import ON


def left_out(decided: Round) -> str:
    """How many for each reason, and which kinds of rule stood in the way of those who have nobody."""
    why = Counter(one.code for one in decided.unmatched)
    kinds = Counter(kind for one in decided.unmatched for kind in one.rules)
    rules = f" ({', '.join(f'{kind} {count}' for kind, count in kinds.most_common())})" if kinds else ""
    return ", ".join(f"{code} {count}" for code, count in why.most_common()) + rules


def line(name: str, where: str, people: Sequence[Person], scheme: Scheme) -> str:
    run_round(people[:60], scheme, on=ON)
    start = time.perf_counter()
    decided = run_round(people, scheme, on=ON)
    seconds = time.perf_counter() - start
    wrong = faults(decided, people)
    if wrong:
        sys.exit(f"{name}: {wrong[0]}")
    return f"{name:16} {where:10} {len(people):6} {len(decided.pairs):6} {seconds:8.2f}  {left_out(decided)}"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("file", type=Path, help="people of a real community, as `timebank match --people` takes them")
    asked.add_argument("size", nargs="?", type=int, default=1_000, help="people of each generated community")
    given = asked.parse_args()
    real = read_people(given.file).people
    print(
        f"{'preset':16} {'people':10} {'in all':>6} {'pairs':>6} {'seconds':>8}  left out, by reason (rules in the way)"
    )
    for name in Scheme.names():
        scheme = Scheme.named(name)
        for where, people in (("real", real), ("generated", community(scheme, given.size))):
            print(line(name, where, people, scheme))


if __name__ == "__main__":
    main()
