"""Starting a scheme in a bank, and taking part in it."""

from datetime import date
from importlib.resources import files
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.orm import Session

import matching
from timebank.members import names
from timebank.members.models import Bank, Member
from timebank.schemes import reads
from timebank.schemes.models import BankScheme, Coordinator, SchemeMembership, Side


def start_scheme(session: Session, *, bank: Bank, preset: str, name: str | None = None) -> BankScheme:
    """The preset is copied: what the bank changes later is its own."""
    definition = files("matching").joinpath("presets", f"{matching.Scheme.named(preset).name}.toml").read_text("utf-8")
    label = name or matching.Scheme.named(preset).title
    scheme = BankScheme(id=uuid4(), bank_id=bank.id, name=label, definition=definition)
    session.add(scheme)
    session.flush()
    return scheme


def join(
    session: Session, *, member: Member, scheme: BankScheme, side: Side, on: date, capacity: int = 1, roles: str = ""
) -> SchemeMembership:
    part = SchemeMembership(
        bank_id=member.bank_id,
        scheme_id=scheme.id,
        member_id=member.id,
        side=side,
        capacity=capacity,
        waiting_since=on,
        roles=roles,
    )
    session.add(part)
    session.flush()
    return part


def set_capacity(session: Session, *, member: Member, scheme_id: UUID, capacity: int) -> SchemeMembership:
    part = reads.get_part(session, member=member, scheme_id=scheme_id)
    part.capacity = capacity
    return part


def step_back(session: Session, *, member: Member, scheme_id: UUID) -> SchemeMembership:
    part = reads.get_part(session, member=member, scheme_id=scheme_id)
    part.is_stepped_back = True
    return part


def come_back(session: Session, *, member: Member, scheme_id: UUID) -> SchemeMembership:
    part = reads.get_part(session, member=member, scheme_id=scheme_id)
    part.is_stepped_back = False
    return part


def refuse_look_alike(session: Session, *, bank: Bank, name: str) -> None:
    """For everybody who is not of the staff. Raises LooksLikeAnother."""
    names.refuse_look_alike(name, staff=reads.coordinators_names(session, bank.id), bank=bank.name)


def make_coordinator(session: Session, *, member: Member, scheme: BankScheme | None = None) -> Coordinator:
    """Of one scheme, or with none named of the whole bank."""
    coordinator = Coordinator(bank_id=member.bank_id, member_id=member.id, scheme_id=scheme.id if scheme else None)
    session.add(coordinator)
    session.flush()
    return coordinator


def end_coordinator(session: Session, *, member: Member, scheme_id: UUID | None) -> None:
    """Of one scheme, or with none named of the whole bank; what else they look after stays with them."""
    theirs = (Coordinator.member_id == member.id, Coordinator.bank_id == member.bank_id)
    session.execute(delete(Coordinator).where(*theirs, Coordinator.scheme_id.is_not_distinct_from(scheme_id)))
