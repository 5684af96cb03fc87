"""The matching engine: who might support whom, and why. Pure: it knows no database, no web and no names.

from matching import Person, Scheme, run_round
"""

from matching.people import Person
from matching.round import Pair, Round, run_round
from matching.schemes import Scheme

__all__ = ["Pair", "Person", "Round", "Scheme", "run_round"]
