"""Days, moments and first letters, as people in the bank's own place read them."""

from datetime import date, datetime

from timebank.clock import LONDON


def day(value: date) -> str:
    """`27 March 2026`"""
    return f"{value.day} {value:%B %Y}"


def local_day(value: datetime) -> str:
    """The day of a moment, on the clock in the room."""
    return day(value.astimezone(LONDON).date())


def moment(value: datetime) -> str:
    """`27 March 2026 at 14:05`, on the clock in the room."""
    local = value.astimezone(LONDON)
    return f"{day(local.date())} at {local:%H:%M}"


def first_upper(words: str) -> str:
    """Only the first letter: a name further on keeps its own."""
    return words[:1].upper() + words[1:]
