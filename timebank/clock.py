"""The clock, read at the edge only: routes and commands call it and hand the answer on as `at=` or `today=`."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """Today as the people who use the bank see it, not as the server does."""
    return now().astimezone(LONDON).date()
