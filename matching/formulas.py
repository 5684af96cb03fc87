"""The one rule by which our CSV files are written, so that no spreadsheet takes a text for a formula, and read again.

A text that begins like a formula, perhaps after spaces, gets an apostrophe in front. So does each piece of it after a semicolon,
a tab or a line end, for a spreadsheet in another country's setting parts cells there. A text that has apostrophes in such a place
already gets one more. Reading takes one away from each such place, and gives back exactly what was written.
"""

import re

# = + - @ as they are typed, in full width and small, and the minus of print; signs that a spreadsheet may step over.
_STARTS = "=+@\\-\t\r\n\0\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
_STEPPED_OVER = "' \v\f\x1c-\x1f\x85\u00a0\u00ad\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_BEGINS_A_PIECE = "(?:\\A|(?<=[;\t\r\n]))"
_LIKE_A_FORMULA = f"(?=[{_STEPPED_OVER}]*[{_STARTS}])"
_TO_GUARD = re.compile(_BEGINS_A_PIECE + _LIKE_A_FORMULA)
_GUARDED = re.compile(f"{_BEGINS_A_PIECE}'{_LIKE_A_FORMULA}")


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula. Numbers that are numbers are not for this: they stay as they are."""
    return _TO_GUARD.sub("'", text)


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return _GUARDED.sub("", cell)
