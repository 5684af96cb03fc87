"""The numbers as people see them: the file's and the bank's own, each with the day it was last checked, and none hidden."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.clock import LONDON
from timebank.errors import NotFound
from timebank.helplines.lines import NATIONS, SHIPPED, ShippedLine, digits
from timebank.helplines.models import HelplineCheck, LocalLine, Way
from timebank.members.models import Bank

ASK_AFTER_DAYS = 90  # then the desk asks for a fresh look
OLD_AFTER_DAYS = 180  # then the page says plainly that it is long ago


@dataclass(frozen=True, kw_only=True)
class Line:
    """`age_days` is None as long as nobody has checked it."""

    key: str
    name: str
    how: str
    link: str
    hours: str
    source: str | None
    only_look: bool
    is_local: bool
    checked_on: date | None
    checked_by: UUID | None
    age_days: int | None

    @property
    def shown(self) -> str:
        return shown(self.how, self.link)

    @property
    def needs_a_look(self) -> bool:
        return self.age_days is None or self.age_days > ASK_AFTER_DAYS

    @property
    def is_old(self) -> bool:
        return self.age_days is not None and self.age_days > OLD_AFTER_DAYS


@dataclass(frozen=True, kw_only=True)
class Nation:
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """`own`: the bank's nation, with its local lines; for a bank of no known nation, and for strangers, the first."""

    own: Nation
    others: tuple[Nation, ...]

    @property
    def to_look_at(self) -> list[Line]:
        return [line for line in self.own.lines if line.needs_a_look]


def numbers(session: Session, bank: Bank | None, *, today: date) -> Numbers:
    checks = _latest_checks(session, bank)
    own = bank.nation if bank is not None and bank.nation in NATIONS else next(iter(NATIONS))
    local = tuple(_of_local(line, checks, today) for line in _list_local(session, bank))
    by_nation = {
        nation: Nation(name=name, lines=tuple(_of_shipped(line, checks, today) for line in _of(nation)))
        for nation, name in NATIONS.items()
    }
    return Numbers(
        own=Nation(name=by_nation[own].name, lines=by_nation[own].lines + local),
        others=tuple(found for nation, found in by_nation.items() if nation != own),
    )


def find_line(session: Session, bank: Bank, key: str, *, today: date) -> Line:
    found = numbers(session, bank, today=today)
    for nation in (found.own, *found.others):
        for line in nation.lines:
            if line.key == key:
                return line
    raise NotFound


def get_local(session: Session, bank_id: UUID, line_id: UUID) -> LocalLine:
    found = session.scalar(select(LocalLine).where(LocalLine.bank_id == bank_id, LocalLine.id == line_id))
    if found is None:
        raise NotFound
    return found


def shown(how: str, link: str) -> str:
    return f"{how} {link}"


def as_shipped(today: date) -> list[Line]:
    """What the file alone says, for whoever makes a release."""
    return [_of_shipped(line, {}, today) for line in SHIPPED]


def _of(nation: str) -> Iterable[ShippedLine]:
    return (line for line in SHIPPED if nation in line.nations)


def _list_local(session: Session, bank: Bank | None) -> list[LocalLine]:
    if bank is None:
        return []
    found = select(LocalLine).where(LocalLine.bank_id == bank.id, LocalLine.taken_away_at.is_(None))
    return list(session.scalars(found.order_by(LocalLine.added_at, LocalLine.id)))


def _latest_checks(session: Session, bank: Bank | None) -> dict[tuple[str, str], HelplineCheck]:
    """By line and by what it said: a check of the number that was there before vouches for no other."""
    if bank is None:
        return {}
    found = select(HelplineCheck).where(HelplineCheck.bank_id == bank.id).order_by(HelplineCheck.checked_at)
    return {(check.line, check.shown): check for check in session.scalars(found)}


Checks = dict[tuple[str, str], HelplineCheck]


def _of_shipped(line: ShippedLine, checks: Checks, today: date) -> Line:
    return _line(
        checks,
        today,
        key=line.key,
        name=line.name,
        how=line.how,
        link=line.link,
        hours=line.hours,
        source=line.source,
        only_look=line.only_look,
        by_file=line.checked,
    )


def _of_local(line: LocalLine, checks: Checks, today: date) -> Line:
    verb = "Call" if line.way is Way.CALL else "Text"
    plus = "+" if line.number.startswith("+") else ""
    scheme = "tel" if line.way is Way.CALL else "sms"
    return _line(
        checks,
        today,
        key=str(line.id),
        name=line.name,
        how=f"{verb} {line.number}",
        link=f"{scheme}:{plus}{digits(line.number)}",
        hours=line.hours,
        is_local=True,
    )


def _line(
    checks: Checks,
    today: date,
    *,
    key: str,
    name: str,
    how: str,
    link: str,
    hours: str,
    source: str | None = None,
    only_look: bool = False,
    is_local: bool = False,
    by_file: date | None = None,
) -> Line:
    """The later of the two counts: the file's own day, or the bank's last look."""
    check = checks.get((key, shown(how, link)))
    by_bank = check.checked_at.astimezone(LONDON).date() if check is not None else None
    checked_on = max((day for day in (by_file, by_bank) if day is not None), default=None)
    return Line(
        key=key,
        name=name,
        how=how,
        link=link,
        hours=hours,
        source=source,
        only_look=only_look,
        is_local=is_local,
        checked_on=checked_on,
        checked_by=check.checked_by if check is not None and by_bank == checked_on else None,
        age_days=None if checked_on is None else max(0, (today - checked_on).days),
    )
