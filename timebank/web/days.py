"""Days and moments in words, as people in the bank's own place read them."""

from datetime import date, datetime

from timebank.clock import LONDON


def day(value: date) -> str:
    """`27 March 2026`"""
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    """`27 March 2026 at 14:05`, on the clock in the room."""
    local = value.astimezone(LONDON)
    return f"{day(local.date())} at {local:%H:%M}"
