"""Things that people, programs and attackers put into boxes: made from kinds, so that there are always others of the same."""

# ruff: noqa: RUF001 - letters that look like others are what this is for

import random
import unicodedata
from collections.abc import Hashable, Iterator, Sequence
from itertools import cycle
from typing import TypeVar

Place = TypeVar("Place", bound=Hashable)

ENDS_OF_NUMBERS = [2**n + d for n in (7, 8, 15, 16, 31, 32, 53, 63, 64, 128) for d in (-1, 0, 1)]
NUMBERS = [
    "0", "-0", "00", "+1", "1.5", "1,5", "1e3", "1e309", "-1e309", "NaN", "Infinity", "-Infinity", "0x10", "0b1", "1_000", "１２",
    "٣٠", "१:३०", "Ⅻ", "½", "1:60", "-1:30", "0:00", "24:00", "999999999999:59", "1:3:0", ":", "1:", ":30", "1 h", "1:30:00",
]  # fmt: skip
DAYS = [
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "2026-02-30",
    "1582-10-10",
    "-2026-01-01",
    "2026-W01",
    "27/03/2026",
    "٢٠٢٦-٠١-٠١",
]
SQL = [
    "' OR 1=1 --",
    "'; DROP TABLE member; --",
    '" OR ""="',
    "1) UNION SELECT password FROM user_sign_in --",
    "%' AND 1=0 --",
    "\\",
    "_%",
]
SCRIPTS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<svg/onload=alert(1)>", "javascript:alert(1)", "</textarea><b>x",
    "<a href='data:text/html,x'>", "<!--", "]]>", "&lt;b&gt;", "&#0;", "&amp;amp;", "<math><mtext></mtext></math>", "<base href=//evil>",
]  # fmt: skip
TEMPLATES = [
    "{{ 7 * 7 }}",
    "{% raw %}",
    "${7*7}",
    "#{7*7}",
    "<%= 7 %>",
    "{{ config }}",
    "{0.__class__}",
    "%(secret)s",
    "%s%n%x",
    "${jndi:ldap://x}",
]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1", "=cmd|' /C calc'!A0", "＝1+1", '=HYPERLINK("http://x")']
PATHS = [
    "../../etc/passwd",
    "..\\..\\x",
    "/dev/null",
    "file:///etc/passwd",
    "//evil.example",
    "CON",
    "a" * 300 + "/",
    "%2e%2e%2f",
    "%00",
]
WORDS = [
    "null",
    "None",
    "undefined",
    "true",
    "no",
    "NIL",
    "[]",
    "{}",
    "()",
    "''",
    '""',
    "\\n",
    "\\u0000",
    "a;b",
    "a,b",
    "a:b",
    "a|b",
]
NAMES = [
    "O'Neil",
    "Zoë",
    "Ngũgĩ wa Thiong'o",
    "X Æ A-12",
    "محمد",
    "李",
    "नमस्ते",
    "Ọlá",
    "Ł",
    "ß",
    "ẞ",
    "ﬁ",
    "İ",
    "ı",
    "ǅ",
    "Ⴀ",
    "𝓐",
    "Å",
    "Å",
]
LINES = [
    "a\nb",
    "a\r\nb",
    "a\rb",
    "\n",
    "\r\n\r\nX-Evil: 1",
    "a\u2028b",
    "a\u2029b",
    "a\x85b",
    "a\vb",
    "a\fb",
    "  a  ",
    "\u3000a\u3000",
]
EMPTY = ["", " ", "\t", "\u00a0", "\u200b", "\ufeff", "\u2060", "\u00ad", "\u3164", "\u2800", "\u180e"]
MARKS = ["e" + "\u0301" * 200, "\u0301", "ก" + "้" * 60, "Z̴̛̯a̷̺l̶g̵o̷", "\u20dd" * 9]
DIRECTIONS = ["\u202eabc", "\u2066abc", "\u2067שלום", "\u200fabc\u200e", "abc\u202c", "\u061cabc", "العربية abc 123"]
PICTURES = [
    "🙂",
    "👩‍👩‍👧‍👦",
    "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "☃\ufe0f",
    "🇬🇧",
    "👍🏿",
    "\U0010ffff",
    "\ufffe",
    "\uffff",
    "\U000e0001",
    "\U0001f9d1\u200d",
]
NOT_KEPT = ["\x00", "a\x00b", "\ud800", "a\udfffb", "\udc80\udc80"]
LONG = ["x" * 10_000, "é" * 5_000, "a " * 5_000, "x" * 1_000_000, "\n" * 20_000, "9" * 5_000]
KINDS = (
    NUMBERS, DAYS, SQL, SCRIPTS, TEMPLATES, FORMULAS, PATHS, WORDS, NAMES, LINES, EMPTY, MARKS, DIRECTIONS, PICTURES, NOT_KEPT, LONG,
)  # fmt: skip


def strings(seed: int = 1, *, at_least: int = 520) -> list[str]:
    """Every one of the kinds, every control sign, and others made of two of them; none twice."""
    found = dict.fromkeys([*(text for kind in KINDS for text in kind), *map(str, ENDS_OF_NUMBERS), *_signs()])
    pieces, chance = [text for text in found if len(text) <= 60], random.Random(seed)
    while len(found) < at_least:
        found.setdefault("".join(chance.sample(pieces, 2)))
    return list(found)


def _signs() -> Iterator[str]:
    yield from (f"a{chr(code)}b" for code in [*range(1, 32), *range(127, 160)])
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield unicodedata.normalize(form, "Ｚoë ﬁ \u1e9b\u0323 Å 한글")


def shares(places: Sequence[Place], number: int, *, seed: int = 1) -> dict[Place, list[str]]:
    """So many for each place, in turn from one shuffled pack, so that none comes up oftener than another by more than once."""
    pack = strings(seed)
    random.Random(seed).shuffle(pack)
    turn = cycle(pack)
    return {place: [next(turn) for _ in range(min(number, len(pack)))] for place in places}


def drawn(field: str, number: int, *, seed: int = 1) -> list[str]:
    """As many as that for one field, and others for another."""
    every = strings(seed)
    chance = random.Random(f"{field} {seed}")
    return chance.sample(every, min(number, len(every)))
