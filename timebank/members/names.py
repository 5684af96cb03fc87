"""Names that people are called by: any real name is one, as its owner spells it. Hidden signs are none, nor is another's name in
letters that only look like theirs.

Look-alikes are found after Unicode's report on security (UTS 39): two names whose skeletons are the same look the same.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from confusable_homoglyphs.confusables import confusables_data

from timebank.errors import Invalid

LONGEST_NAME = 120
MOST_MARKS = 4  # on one letter; Hebrew with points has three, Vietnamese two
RESERVED = ("Timebank", "Admin", "Administrator", "Coordinator")

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_JOINING_SCRIPTS = (
    "ARABIC", "SYRIAC", "NKO", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA",
    "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN", "THAANA", "BALINESE", "JAVANESE",
)  # fmt: skip
_VIRAMA = 9  # the combining class of signs that take a consonant's vowel away
_OVERRIDES = "\u202d\u202e"
_OPENING, _CLOSING = (
    {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"},
    "\u202c\u2069",
)
_DIRECTION_MARKS = "\u200e\u200f\u061c"
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0"
_VARIATIONS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_TAGS = range(0xE0000, 0xE0100)
_LAST_OF_PLANE = 0xFFFE


class NameRefused(Invalid):
    """Please write the name they want to be called by here, in letters."""


class HiddenSigns(NameRefused):
    """There is a sign in this name that cannot be seen, or that turns other letters around. Please type it again by hand."""


class MarksPiledUp(NameRefused):
    """There are too many marks on one letter of this name, or a mark with no letter. Please type it again by hand."""


class LooksLikeAnother(NameRefused):
    """This looks like a coordinator's name, the bank's or Timebank's own. If it is really theirs, write a second name with it."""


def tidy(name: str) -> str:
    """One form for each letter and single spaces; the spelling stays the person's."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def checked(name: str) -> str:
    """The name as it is kept. Raises NameRefused."""
    name = tidy(name)
    refuse_hidden_signs(name)
    if any(_most_marks(word) > MOST_MARKS or unicodedata.category(word[0])[0] == "M" for word in name.split()):
        raise MarksPiledUp
    if not 0 < len(name) <= LONGEST_NAME or not any(unicodedata.category(sign)[0] in "LN" for sign in name):
        raise NameRefused
    return name


def refuse_hidden_signs(name: str) -> None:
    """Raises HiddenSigns. What a script needs to be written rightly is no hidden sign within that script."""
    is_from_the_right = any(
        unicodedata.bidirectional(sign) in {"R", "AL"} and sign not in _DIRECTION_MARKS for sign in name
    )
    for before, sign, after in zip(f" {name}", name, f"{name[1:]} ", strict=False):
        if sign in {_NON_JOINER, _JOINER}:
            is_fine = _joins(before) and (_joins(after) or unicodedata.combining(before) == _VIRAMA)
        elif _VARIATIONS.match(sign):
            is_fine = unicodedata.name(before, "").startswith(("CJK", "MONGOLIAN"))
        elif sign in _DIRECTION_MARKS or sign in _OPENING or sign in _CLOSING:
            is_fine = is_from_the_right
        else:
            is_fine = _can_be_seen(sign)
        if not is_fine:
            raise HiddenSigns
    if not _is_balanced(name):
        raise HiddenSigns


def _joins(sign: str) -> bool:
    """A letter or mark of a script in which letters change their form by what they join."""
    return unicodedata.category(sign)[0] in "LM" and unicodedata.name(sign, "").startswith(_JOINING_SCRIPTS)


def _can_be_seen(sign: str) -> bool:
    code = ord(sign)
    if sign in _BLANK_LETTERS or sign in _OVERRIDES or code in _TAGS:
        return False
    # Letters that are newer than this Python are seen as well; the last two places of each plane are never letters.
    return (code & _LAST_OF_PLANE) != _LAST_OF_PLANE and unicodedata.category(sign) not in {"Cc", "Cf", "Co", "Cs"}


def _is_balanced(name: str) -> bool:
    """Whether every run of turned letters ends within the name, so that it turns nothing beside it on a page."""
    open_runs: list[str] = []
    for sign in name:
        if sign in _OPENING:
            open_runs.append(_OPENING[sign])
        elif sign in _CLOSING and (not open_runs or open_runs.pop() != sign):
            return False
    return not open_runs


def _most_marks(word: str) -> int:
    most = run = 0
    for sign in unicodedata.normalize("NFD", word):
        kind = unicodedata.category(sign)
        run = run + (kind in {"Mn", "Me"}) if kind[0] == "M" else 0
        most = max(most, run)
    return most


def refuse_look_alike(name: str, *, staff: Iterable[str], bank: str) -> None:
    """Raises LooksLikeAnother. Two people may bear one name, so the very same spelling is no look-alike of a person.

    It is one of what no person is called; of the bank too, where its name is more than one word.
    """
    if any(looks_like(name, other) for other in (*staff, bank)):
        raise LooksLikeAnother
    nobodys = (*RESERVED, bank) if " " in tidy(bank) else RESERVED
    if any(_look_the_same(_run_together(name), _run_together(other)) for other in nobodys):
        raise LooksLikeAnother


def looks_like(name: str, other: str) -> bool:
    """Whether it looks the same and is written with other letters. Capitals are no other letters."""
    return tidy(name).lower() != tidy(other).lower() and _look_the_same(tidy(name), tidy(other))


def _look_the_same(one: str, other: str) -> bool:
    """As they stand, in letters of the usual width and weight, or all in small or in large: in capitals others look alike."""
    return any(skeleton(form(one)) == skeleton(form(other)) for form in (str, _usual, str.lower, _in_capitals))


def _usual(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _in_capitals(text: str) -> str:
    """Letter by letter: a sharp s is not two."""
    return "".join(sign.upper() if len(sign.upper()) == 1 else sign for sign in text)


def _run_together(name: str) -> str:
    return "".join(sign for sign in tidy(name) if sign.isalnum() or unicodedata.category(sign)[0] == "M")


def skeleton(text: str) -> str:
    """What two texts that look the same have in common (UTS 39, section 4). For comparing, never for showing.

    The report takes letters and their marks apart first, and so misses what its list says of letters with marks. Here these are
    looked up before and after.
    """
    return _replaced(unicodedata.normalize("NFD", _replaced(unicodedata.normalize("NFC", text))))


def _replaced(text: str) -> str:
    prototypes = _prototypes()
    return unicodedata.normalize("NFD", "".join(prototypes.get(sign, sign) for sign in text if not _is_ignorable(sign)))


def _is_ignorable(sign: str) -> bool:
    return unicodedata.category(sign) == "Cf" or sign in _BLANK_LETTERS or bool(_VARIATIONS.match(sign))


@lru_cache(1)
def _prototypes() -> dict[str, str]:
    """For each letter the one that stands for all that look like it.

    The list tells each letter's likes in both directions: the one with many of them stands for them all. Where there are two and
    no more, any rule does that always gives the same. Letters from the right stand between direction marks in it.
    """
    likes: dict[str, set[str]] = defaultdict(set)
    for letter, found in confusables_data.items():
        likes[_bare(letter)] |= {_bare(like["c"]) for like in found} - {_bare(letter)}
    chosen: dict[str, str] = {}
    for letter, found in likes.items():
        if len(letter) == 1 and len(found) == 1:
            (other,) = found
            stands_for_itself = len(other) == 1 and len(likes[other]) == 1 and letter < other
            if not stands_for_itself:
                chosen[letter] = other
    return {letter: "".join(chosen.get(part, part) for part in other) for letter, other in chosen.items()}


def _bare(letter: str) -> str:
    return unicodedata.normalize("NFC", letter.replace("\u200e", ""))
