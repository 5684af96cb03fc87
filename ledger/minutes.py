"""Lengths of time: whole minutes, read from what people write and shown as people say them.

A minute is a minute for everybody (requirements.md L1): there is no multiplier here, nor anywhere else.
"""

import re
from decimal import Decimal

from ledger.errors import NoTime, NotWholeMinutes, TooLong, UnclearLength

DAY_MINUTES = 24 * 60

_HOUR = r"(?:hours|hour|hrs|hr|h)"
_MINUTE = r"(?:minutes|minute|mins|min|m)"
_CLOCK = re.compile(r"([0-9]{1,6}):([0-5][0-9])")
_MINUTES = re.compile(rf"([0-9]{{1,6}})\s*{_MINUTE}?")
_HOURS_AND_MINUTES = re.compile(rf"([0-9]{{1,6}})\s*{_HOUR}\s*(?:and\s+)?([0-9]{{1,2}})\s*{_MINUTE}?")
_HOURS = re.compile(rf"([0-9]{{1,6}}(?:[.,][0-9]{{1,4}})?)\s*{_HOUR}")


def parse(text: str, *, longest: int = DAY_MINUTES) -> int:
    """Minutes from what a person wrote: "1:30", "1h30", "1 h 30 min", "1.5 h", "90 min" or "90" (bare: minutes).

    Raises UnclearLength, NotWholeMinutes, NoTime, or TooLong above `longest` minutes (a day, requirements.md L14).
    """
    minutes = _read(" ".join(text.lower().split()))
    if minutes == 0:
        raise NoTime(text)
    if minutes > longest:
        raise TooLong(text)
    return minutes


def _read(text: str) -> int:
    if found := _MINUTES.fullmatch(text):
        return int(found[1])
    if found := _CLOCK.fullmatch(text) or _HOURS_AND_MINUTES.fullmatch(text):
        hours, minutes = int(found[1]), int(found[2])
        if minutes >= 60:  # noqa: PLR2004
            raise UnclearLength(text)
        return hours * 60 + minutes
    if found := _HOURS.fullmatch(text):
        length = Decimal(found[1].replace(",", ".")) * 60
        if length != int(length):
            raise NotWholeMinutes(text)
        return int(length)
    raise UnclearLength(text)


def show(minutes: int) -> str:
    """As people say it: "1 h 30 min", "45 min", "2 h", "minus 45 min". The sign is a word (requirements.md L20)."""
    hours, rest = divmod(abs(minutes), 60)
    parts = [f"{hours} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} min")
    return ("minus " if minutes < 0 else "") + " ".join(parts)


def show_clock(minutes: int) -> str:
    """Hours and minutes as H:MM, for tables and files: "1:30", "0:45", "-2:00"."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else ''}{hours}:{rest:02}"
