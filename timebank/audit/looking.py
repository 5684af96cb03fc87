"""A look at what is somebody else's, by a person who looks after them: noted before the page leaves, with the reason.

Where a task is open, that is the reason. Where none is, the person says why, and what they said holds for half an hour.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Flask, Response, url_for
from flask import session as held

from timebank.audit import service
from timebank.audit.models import Act, Reason, Record
from timebank.members.models import Member
from timebank.web import edge, forms
from timebank.web.render import render

KEPT = "reasons-to-look"
HOLDS_FOR = timedelta(minutes=30)
MOST_KEPT = 20
# The page of each kind of record that may be looked at without a task.
PAGES = {
    Record.CHECK: ("queries.show", "query_id"),
    Record.ROUND: ("matches.show", "round_id"),
    Record.MEMBERS: ("desk.show_members", None),
    Record.MEMBER: ("desk.how_to_reach", "member_id"),
}


class ReasonNeeded(Exception):  # noqa: N818 - it asks a question; nothing went wrong
    """Why do you need to look?"""

    def __init__(self, record: Record, record_id: UUID | None) -> None:
        self.record, self.record_id = record, record_id
        super().__init__(record.value)


def plug_in(app: Flask) -> None:
    app.register_error_handler(ReasonNeeded, _ask)


def look(
    by: Member,
    *,
    record: Record,
    record_id: UUID | None,
    task: Reason | None,
    at: datetime,
    about_id: UUID | None = None,
) -> None:
    """To be called before anything is shown. `about_id`: whose it is, where it is one person's alone. Raises ReasonNeeded."""
    reason = task or _said(record, record_id, at)
    if reason is None:
        raise ReasonNeeded(record, record_id)
    edge.write_before_answering(
        partial(
            service.note,
            bank_id=by.bank_id,
            by=by.id,
            act=Act.LOOKED,
            record=record,
            record_id=record_id,
            reason=reason,
            case_id=record_id if task else None,
            about_id=about_id,
            at=at,
        )
    )


def keep_reason(record: Record, record_id: UUID | None, reason: Reason, *, at: datetime) -> None:
    """Beside the sign-in, on the server; only the newest few, and none that is over."""
    fresh = {key: kept for key, kept in held.get(KEPT, {}).items() if _holds(kept[1], at)}
    fresh.pop(_key(record, record_id), None)
    fresh[_key(record, record_id)] = [reason.value, at.isoformat()]
    held[KEPT] = dict(list(fresh.items())[-MOST_KEPT:])


def page_of(record: Record, record_id: UUID | None) -> str:
    endpoint, argument = PAGES[record]
    known: dict[str, Any] = {argument: record_id} if argument else {}
    return url_for(endpoint, **known)


def ask(record: Record, record_id: UUID | None, *, form: forms.Form | None = None, status: int = 200) -> Response:
    return render("audit/why.html", status=status, record=record.value, record_id=record_id, form=form or forms.empty())


def _ask(needed: ReasonNeeded) -> Response:
    return ask(needed.record, needed.record_id)


def _said(record: Record, record_id: UUID | None, at: datetime) -> Reason | None:
    kept = held.get(KEPT, {}).get(_key(record, record_id))
    return Reason(kept[0]) if kept is not None and _holds(kept[1], at) else None


def _holds(said_at: str, at: datetime) -> bool:
    return datetime.fromisoformat(said_at) > at - HOLDS_FOR


def _key(record: Record, record_id: UUID | None) -> str:
    return f"{record.value} {record_id or ''}"
