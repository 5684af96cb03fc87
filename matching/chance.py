"""What decides between equally good answers: a number from two ids and the seed, the same on every machine."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from matching.packed import Numbers

HASH_BITS = 40


def own_numbers(ids: Sequence[str], *, seed: int) -> Numbers:
    """A number of 64 bits for each person, from their id and the seed."""
    digests = (blake2b(f"{seed}|{name}".encode(), digest_size=8).digest() for name in ids)
    return np.array([int.from_bytes(digest, "big") for digest in digests], dtype=np.uint64)


def chance_of_pairs(one: Numbers, other: Numbers) -> Numbers:
    """A number below 2^40 from each two people's own; it matters which of the two is given as `one`."""
    mix = one + np.uint64(0x9E3779B97F4A7C15) * (other | np.uint64(1))
    # The finish of SplitMix64 (Steele, Lea and Flood 2014): every bit of what goes in moves about half of what comes out.
    mix = (mix ^ (mix >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mix = (mix ^ (mix >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mix ^= mix >> np.uint64(31)
    top: Numbers = (mix >> np.uint64(64 - HASH_BITS)).astype(np.int64)
    return top
