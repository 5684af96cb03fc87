"""Who may receive a concern, and by when: pure rules over people and moments, without a database and without a clock.

Never a person who is named in it, never their partner or relative or somebody close to them, never their only supervisor, nor
somebody whose only supervisors are named. Nor whoever told it: what one tells oneself, nobody else knows.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

UNREAD = timedelta(hours=24)  # so long it waits with one person before the next one has it too
SHORTEST_PART = 3  # letters: a shorter part of a name is found in too many words


class TieKind(StrEnum):
    PARTNER = "partner"
    RELATIVE = "relative"
    CLOSE = "close"
    SUPERVISES = "supervises"  # the first one the second
    SUPPORTS = "supports"  # in a scheme of the bank, now or once


APART = frozenset({TieKind.PARTNER, TieKind.RELATIVE, TieKind.CLOSE, TieKind.SUPPORTS})


@dataclass(frozen=True, kw_only=True)
class Tie:
    kind: TieKind
    one: UUID
    other: UUID


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The people of one bank, as far as a concern has to know them."""

    leads: tuple[UUID, ...]  # who may receive concerns at all, the first one first
    coordinators: frozenset[UUID]
    ties: frozenset[Tie]


def route(chart: Chart, *, named: Collection[UUID], teller: UUID) -> tuple[UUID, ...]:
    """Who may receive it, in order; nobody means that it goes past the leads, to the bank itself."""
    may = [lead for lead in dict.fromkeys(chart.leads) if lead != teller and not _has_a_part(chart, lead, named)]
    if chart.coordinators.isdisjoint(named):
        return tuple(may)
    # Coordinators work side by side: about one of them, the others are asked last.
    return tuple(sorted(may, key=lambda lead: lead in chart.coordinators))


def _has_a_part(chart: Chart, lead: UUID, named: Collection[UUID]) -> bool:
    if lead in named:
        return True
    if any(_is_tied(tie, lead, named) for tie in chart.ties if tie.kind in APART):
        return True
    own_supervisors = _supervisors(chart, lead)
    return any(_supervisors(chart, person) == {lead} for person in named) or (
        bool(own_supervisors) and own_supervisors <= set(named)
    )


def _is_tied(tie: Tie, lead: UUID, named: Collection[UUID]) -> bool:
    return (tie.one == lead and tie.other in named) or (tie.other == lead and tie.one in named)


def _supervisors(chart: Chart, person: UUID) -> set[UUID]:
    return {tie.one for tie in chart.ties if tie.kind is TieKind.SUPERVISES and tie.other == person}


def mentioned(names: Mapping[UUID, str], *, who: str, words: str) -> frozenset[UUID]:
    """Whom of these somebody named in their own words. In the box that asks for a name, any part of one will do: an
    outsider too many costs a day, and one too few may cost everything. In a long text only a whole name counts."""
    asked = set(_parts(who))
    return frozenset(
        person
        for person, name in names.items()
        if not asked.isdisjoint(part for part in _parts(name) if len(part) >= SHORTEST_PART)
        or f" {' '.join(_parts(name))} " in f" {' '.join(_parts(words))} "
    )


def _parts(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


Opening = tuple[UUID | None, datetime]  # None: with the printed key, outside the leads


def handed_on(
    readers: Sequence[UUID], *, told: Iterable[datetime], opened: Collection[Opening], at: datetime
) -> tuple[datetime, ...]:
    """When it went one person further, in order: the first of these moments made it the second reader's too.

    As many moments as readers means that it is with the bank itself. What the teller adds has its own day to be read in.
    """
    waits = [(moment, _read_at(moment, readers, opened)) for moment in told]
    moments: list[datetime] = []
    for days in range(1, len(readers) + 1):
        due = [
            moment + days * UNREAD
            for moment, read in waits
            if moment + days * UNREAD <= at and (read is None or moment + days * UNREAD <= read)
        ]
        if not due:
            break
        moments.append(min(due))
    return tuple(moments)


def is_unread(readers: Sequence[UUID], *, told: Iterable[datetime], opened: Collection[Opening]) -> bool:
    return any(_read_at(moment, readers, opened) is None for moment in told)


def waits_at_bank_since(
    readers: Sequence[UUID], *, told: Iterable[datetime], opened: Collection[Opening], at: datetime
) -> datetime | None:
    """Since when it lies with the bank itself, unread: every reader has had their day, or there is none."""
    due = [moment + len(readers) * UNREAD for moment in told if _read_at(moment, readers, opened) is None]
    return min((moment for moment in due if moment <= at), default=None)


def _read_at(moment: datetime, readers: Sequence[UUID], opened: Collection[Opening]) -> datetime | None:
    """Somebody who may receive it no longer has taken with them what they read: it counts as unread."""
    return min((when for who, when in opened if when >= moment and (who is None or who in readers)), default=None)
