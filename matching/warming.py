"""Compile beforehand what a round uses, so that nobody waits a minute for the first one after an installation.

    python -m matching.warming

What is compiled is kept on disk (compiling.py), so another process may do this while the bank is being served already.
"""

import os
from datetime import date

from matching.people import Person
from matching.round import run_round
from matching.schemes import Scheme

# The scheme of each kind of round that has loops of its own.
SCHEMES = (
    'shape = "one-way"',
    'shape = "one-way"\n[round]\nmost_people_first = false\nanswer = "stable"',
    'shape = "symmetric"',
    'shape = "symmetric"\n[round]\nanswer = "stable"',
)


def warm() -> None:
    """Run a round of each kind among a few invented people."""
    for places in (1, 2):
        people = [
            Person(id=name, side=side, capacity=places, languages=("English",), musts=("language:English",))
            for name, side in (("a", "seek"), ("b", "seek"), ("c", "both"), ("d", "offer"))
        ]
        for text in SCHEMES:
            scheme = Scheme.from_text(f'name = "warming"\ntitle = "Warming"\n{text}\n[weights]\nlanguages = 1')
            run_round(people, scheme, on=date(2026, 1, 1))


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    warm()
