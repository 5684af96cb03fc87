"""Writing down that a number is still right, and keeping lines of one's own."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from timebank.errors import Conflict
from timebank.helplines import reads
from timebank.helplines.models import HelplineCheck, LocalLine, Way
from timebank.members.models import Member


class ChangedMeanwhile(Conflict):
    """This number has changed since you opened the page, so nothing was written down. Please look at the new one."""


def record_check(
    session: Session, *, check_id: UUID, line: str, shown: str, coordinator: Member, today: date, at: datetime
) -> HelplineCheck:
    """`shown` is what the page said when it was opened: nobody vouches for a number they have not seen."""
    earlier = session.get(HelplineCheck, check_id)
    if earlier is not None:
        if (earlier.bank_id, earlier.checked_by, earlier.line) != (coordinator.bank_id, coordinator.id, line):
            raise Conflict
        return earlier
    if reads.find_line(session, coordinator.bank, line, today=today).shown != shown:
        raise ChangedMeanwhile
    check = HelplineCheck(
        id=check_id, bank_id=coordinator.bank_id, line=line, shown=shown, checked_by=coordinator.id, checked_at=at
    )
    session.add(check)
    session.flush()
    return check


def add_line(
    session: Session,
    *,
    line_id: UUID,
    name: str,
    way: Way,
    number: str,
    hours: str,
    coordinator: Member,
    at: datetime,
) -> LocalLine:
    """The same form sent twice is one line."""
    earlier = session.get(LocalLine, line_id)
    if earlier is not None:
        if (earlier.bank_id, earlier.added_by) != (coordinator.bank_id, coordinator.id):
            raise Conflict
        return earlier
    line = LocalLine(
        id=line_id,
        bank_id=coordinator.bank_id,
        name=name,
        way=way,
        number=number,
        hours=hours,
        added_by=coordinator.id,
        added_at=at,
    )
    session.add(line)
    session.flush()
    return line


def take_line_away(session: Session, *, line_id: UUID, coordinator: Member, at: datetime) -> None:
    """Only a line of the bank's own: those that come with the program are never hidden."""
    reads.get_local(session, coordinator.bank_id, line_id).take_away(by=coordinator.id, at=at)
