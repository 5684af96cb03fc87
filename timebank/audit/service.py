"""Writing the trail: one function, in the transaction of the act itself."""

from datetime import datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ledger.chain import moment
from timebank.audit import chain, reads
from timebank.audit.models import LONGEST_HOLD_DAYS, Act, Actor, AuditEvent, HoldReason, Reason, Record, SafetyHold
from timebank.errors import Invalid
from timebank.members.models import Bank, Member

By = UUID | Actor


class NotThatLong(Invalid):
    """A safety hold lasts from 1 to 90 days. When it ends, look again whether it is still needed."""


class OnesOwnHold(Invalid):
    """Nobody sets a safety hold on what they see themselves: another coordinator has to answer for it."""


def note(
    session: Session,
    *,
    bank_id: UUID,
    by: By,
    act: Act,
    record: Record,
    at: datetime,
    record_id: UUID | None = None,
    about_id: UUID | None = None,
    reason: Reason | None = None,
    case_id: UUID | None = None,
    key: UUID | None = None,
) -> None:
    """The next event of the bank. `key` is the act's own: the same act noted again is noted once.

    Call it last in an act: from here to the end of the transaction nobody else can write to this bank's trail.
    """
    session.execute(select(Bank.id).where(Bank.id == bank_id).with_for_update(key_share=True))
    if key is not None and reads.is_noted(session, bank_id=bank_id, act=act, key=key):
        return
    seq, previous = reads.last_link(session, bank_id)
    event = {
        "bank_id": bank_id,
        "seq": seq + 1,
        "noted_at": at,
        "actor": by if isinstance(by, Actor) else Actor.MEMBER,
        "actor_id": None if isinstance(by, Actor) else by,
        "act": act,
        "record": record,
        "record_id": record_id,
        "about_id": about_id,
        "reason": reason,
        "case_id": case_id,
        "act_key": key,
    }
    digest = chain.digest(previous, chain.as_text(_plain(event[name]) for name in chain.FIELDS))
    session.execute(insert(AuditEvent).values(**event, digest=digest))


def _plain(value: object) -> str | int | None:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return moment(value)
    return str(value.value if isinstance(value, Enum) else value)


def set_hold(
    session: Session,
    *,
    about: Member,
    by: Member,
    reason: HoldReason,
    days: int,
    at: datetime,
    looker: Member | None = None,
) -> SafetyHold:
    if not 1 <= days <= LONGEST_HOLD_DAYS:
        raise NotThatLong
    if about.id == by.id:
        raise OnesOwnHold
    hold = SafetyHold(
        id=uuid4(),
        bank_id=about.bank_id,
        about_id=about.id,
        set_by=by.id,
        set_at=at,
        days=days,
        reason=reason,
        looker_id=looker.id if looker else None,
    )
    session.add(hold)
    session.flush()
    _note_hold(session, hold, act=Act.SET_SAFETY_HOLD, at=at)
    return hold


def end_hold(session: Session, *, hold: SafetyHold, at: datetime) -> None:
    hold.end(at=at)
    session.flush()
    _note_hold(session, hold, act=Act.ENDED_SAFETY_HOLD, at=at)


def _note_hold(session: Session, hold: SafetyHold, *, act: Act, at: datetime) -> None:
    note(
        session,
        bank_id=hold.bank_id,
        by=Actor.COMMAND_LINE,
        act=act,
        record=Record.SAFETY_HOLD,
        record_id=hold.id,
        about_id=hold.about_id,
        at=at,
    )
