"""Good files made bad, kind by kind, as programs, countries and hands make them; and what has to come of each.

After a list of the ways in which CSV files in the wild depart from the standard (Pollock, VLDB 2023), and what spreadsheets do.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.imports.polluted_cells import CELLS
from tests.imports.polluted_shapes import SHAPES
from tests.imports.pollution import Polluted, Sample

KINDS: tuple[Callable[[Sample, random.Random], Iterator[Polluted]], ...] = (*SHAPES, *CELLS)


def polluted(sample: Sample, seed: int = 1) -> Iterator[Polluted]:
    """Every one of every kind."""
    for kind in KINDS:
        for made in kind(sample, random.Random(f"{kind.__name__} {seed}")):
            yield replace(made, kind=kind.__name__)


def spread(sample: Sample, number: int, seed: int = 1) -> list[Polluted]:
    """So many, in turn from all kinds, those of a kind in an order of chance. Where a kind has no more it is left out."""
    chance = random.Random(seed)
    piles: dict[str, list[Polluted]] = {}
    for made in polluted(sample, seed):
        piles.setdefault(made.kind, []).append(made)
    for pile in piles.values():
        chance.shuffle(pile)
    found: list[Polluted] = []
    while len(found) < number and any(piles.values()):
        found += [pile.pop() for pile in piles.values() if pile]
    return found[:number]
