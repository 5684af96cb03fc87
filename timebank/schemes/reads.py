"""Who takes part where, and who may look after what."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from matching.schemes import WORDS
from timebank.errors import NotFound
from timebank.members.models import Member, MemberStatus
from timebank.schemes.models import BankScheme, Coordinator, SchemeMembership


def list_schemes(session: Session, bank_id: UUID) -> list[BankScheme]:
    return list(session.scalars(select(BankScheme).where(BankScheme.bank_id == bank_id).order_by(BankScheme.name)))


def list_parts(session: Session, member_id: UUID) -> list[SchemeMembership]:
    """Everything one person takes part in."""
    found = session.scalars(select(SchemeMembership).where(SchemeMembership.member_id == member_id)).unique()
    return sorted(found, key=lambda part: part.scheme.name)


def get_part(session: Session, *, member: Member, scheme_id: UUID) -> SchemeMembership:
    part = session.get(SchemeMembership, (scheme_id, member.id))
    if part is None:
        raise NotFound
    return part


def list_participants(session: Session, scheme_id: UUID) -> list[SchemeMembership]:
    """Those whom a round may think of: neither stepped back nor paused nor gone."""
    found = session.scalars(
        select(SchemeMembership)
        .join(Member, Member.id == SchemeMembership.member_id)
        .where(
            SchemeMembership.scheme_id == scheme_id,
            SchemeMembership.is_stepped_back.is_(False),
            Member.status == MemberStatus.ACTIVE,
        )
        .order_by(SchemeMembership.member_id)
    )
    return list(found.unique())


def words_of(session: Session, bank_id: UUID | None) -> Mapping[str, str]:
    """The bank's vocabulary on pages that belong to no scheme: its scheme's words if it has one scheme, else the safe ones."""
    found = list_schemes(session, bank_id) if bank_id else []
    return found[0].rules.words if len(found) == 1 else WORDS


def is_coordinator(session: Session, member: Member) -> bool:
    if member.status is MemberStatus.LEFT:
        return False
    return session.scalar(select(Coordinator.id).where(Coordinator.member_id == member.id).limit(1)) is not None


def coordinators_names(session: Session, bank_id: UUID) -> list[str]:
    """Of all who look after something in this bank."""
    found = (
        select(Member.name)
        .join(Coordinator, Coordinator.member_id == Member.id)
        .where(Coordinator.bank_id == bank_id, Member.status != MemberStatus.LEFT)
    )
    return list(session.scalars(found.distinct()))


def list_coordinators(session: Session, bank_id: UUID) -> list[Member]:
    """Everybody who looks after the bank or a scheme of it."""
    those = select(Coordinator.member_id).where(Coordinator.bank_id == bank_id)
    here = Member.status != MemberStatus.LEFT
    return list(session.scalars(select(Member).where(Member.id.in_(those), here).order_by(Member.name, Member.id)))


def coordinates(session: Session, member: Member, scheme_id: UUID | None) -> bool:
    """Whether this person looks after this scheme, or the whole bank. No scheme named means the whole bank."""
    if member.status is MemberStatus.LEFT:
        return False
    where: ColumnElement[bool] = Coordinator.scheme_id.is_(None)
    if scheme_id is not None:
        where = or_(where, Coordinator.scheme_id == scheme_id)
    found = select(Coordinator.id).where(
        Coordinator.member_id == member.id, Coordinator.bank_id == member.bank_id, where
    )
    return session.scalar(found.limit(1)) is not None


def coordinated_ids(session: Session, member: Member) -> frozenset[UUID | None]:
    """The schemes this person looks after, asked once; None among them stands for the whole bank."""
    if member.status is MemberStatus.LEFT:
        return frozenset()
    rows = select(Coordinator.scheme_id).where(
        Coordinator.member_id == member.id, Coordinator.bank_id == member.bank_id
    )
    return frozenset(session.scalars(rows))


def list_coordinated(session: Session, member: Member) -> list[BankScheme]:
    """The schemes this person looks after."""
    looked_after = coordinated_ids(session, member)
    return [scheme for scheme in list_schemes(session, member.bank_id) if looked_after & {None, scheme.id}]


def get_coordinated(session: Session, *, scheme_id: UUID, coordinator: Member) -> BankScheme:
    scheme = session.scalar(
        select(BankScheme).where(BankScheme.bank_id == coordinator.bank_id, BankScheme.id == scheme_id)
    )
    if scheme is None or not coordinates(session, coordinator, scheme.id):
        raise NotFound
    return scheme
