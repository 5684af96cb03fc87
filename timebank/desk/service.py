"""Adding somebody to the bank, and helping with a lost phone, as a coordinator does it."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from timebank.audit import service as audit
from timebank.audit.models import Act, Record
from timebank.members import service as members
from timebank.members.models import Member
from timebank.schemes import service as scheme_service
from timebank.schemes.models import BankScheme, Side
from timebank.signin import service as signin


def add_member(
    session: Session,
    *,
    member_id: UUID,
    name: str,
    schemes: Sequence[BankScheme],
    side: Side,
    coordinator: Member,
    today: date,
    at: datetime,
) -> Member:
    """With a part in each of these schemes."""
    member = members.add_member(session, member_id=member_id, bank=coordinator.bank, name=name, joined_on=today)
    for scheme in schemes:
        scheme_service.join(session, member=member, scheme=scheme, side=side, on=today)
    audit.note(
        session,
        bank_id=member.bank_id,
        by=coordinator.id,
        act=Act.ADDED_MEMBER,
        record=Record.MEMBER,
        record_id=member.id,
        about_id=member.id,
        at=at,
        key=member.id,
    )
    return member


def note_taking_away(session: Session, *, member: Member, coordinator: Member, at: datetime) -> None:
    """That a second step was taken away stands in the trail too."""
    _note(session, Act.TOOK_SECOND_STEP, member=member, coordinator=coordinator, at=at)


def sign_out_everywhere(session: Session, *, member: Member, coordinator: Member, at: datetime) -> None:
    signin.sign_out_everywhere(session, member=member, by=coordinator, at=at)
    _note(session, Act.SIGNED_OUT, member=member, coordinator=coordinator, at=at)


def _note(session: Session, act: Act, *, member: Member, coordinator: Member, at: datetime) -> None:
    audit.note(
        session,
        bank_id=member.bank_id,
        by=coordinator.id,
        act=act,
        record=Record.MEMBER,
        record_id=member.id,
        about_id=member.id,
        at=at,
    )
