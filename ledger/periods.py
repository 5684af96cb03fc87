"""A closed period: its figures were published, and nothing can be posted into it any more.

Hours that arrive late are posted now and count in the open period; the day they happened stays on them (decisions.md 3).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """From the end of the period before, up to but not including `until`: transfers posted, and their minutes."""

    until: datetime
    closed_by: UUID
    closed_at: datetime
    transfers: int
    minutes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """Who let a partner organisation past its limit, and why. It is written down with the transfer it was given for."""

    by: UUID
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedWaiver:
    """A waiver as it stands in the books of the account that was let past its limit."""

    transfer: UUID
    by: UUID
    reason: str
    at: datetime
