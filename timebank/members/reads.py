"""Finding people. There is no list and no search of members for members."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from timebank.errors import NotFound
from timebank.members.codes import plain
from timebank.members.models import Bank, Member, MemberStatus, NotWith


def find_bank(session: Session, name: str | None = None) -> Bank | None:
    """The bank of that name; without a name, the only one there is."""
    banks = session.scalars(select(Bank).where(Bank.name == name) if name else select(Bank).limit(2)).all()
    return banks[0] if len(banks) == 1 else None


def list_banks(session: Session) -> list[Bank]:
    return list(session.scalars(select(Bank).order_by(Bank.name)))


def find_member(session: Session, bank_id: UUID, member_id: UUID) -> Member | None:
    return session.scalar(select(Member).where(Member.bank_id == bank_id, Member.id == member_id))


def get_member(session: Session, bank_id: UUID, member_id: UUID) -> Member:
    member = find_member(session, bank_id, member_id)
    if member is None:
        raise NotFound
    return member


def list_members(session: Session, bank_id: UUID) -> list[Member]:
    """For coordinators only."""
    return list(session.scalars(select(Member).where(Member.bank_id == bank_id).order_by(Member.name, Member.id)))


def names_of(session: Session, member_ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Nobody (the community) has no name here, so that what stands for nobody can be looked up like everybody else."""
    wanted = {member_id for member_id in member_ids if member_id is not None}
    if not wanted:
        return {}
    return {row.id: row.name for row in session.execute(select(Member.id, Member.name).where(Member.id.in_(wanted)))}


def find_by_code(session: Session, asker: Member, typed: str) -> Member | None:
    """Unknown, left, oneself, and "not with" in either direction all answer alike: None."""
    found = session.scalar(select(Member).where(Member.bank_id == asker.bank_id, Member.code == plain(typed)))
    if found is None or found.id == asker.id or found.status is MemberStatus.LEFT:
        return None
    return None if are_kept_apart(session, asker.id, found.id) else found


def find_with_code(session: Session, bank_id: UUID, code: str) -> Member | None:
    """For those who have a task in the bank: whoever is meant, also somebody who left or whom they are kept apart from."""
    return session.scalar(select(Member).where(Member.bank_id == bank_id, Member.code == plain(code)))


def are_kept_apart(session: Session, one_id: UUID, other_id: UUID) -> bool:
    said = select(NotWith.member_id).where(
        or_(
            (NotWith.member_id == one_id) & (NotWith.other_id == other_id),
            (NotWith.member_id == other_id) & (NotWith.other_id == one_id),
        )
    )
    return session.scalar(said.limit(1)) is not None


def kept_apart_from(session: Session, member_id: UUID) -> set[UUID]:
    """Everyone this person must not meet, whichever of the two said so."""
    rows = session.execute(
        select(NotWith.member_id, NotWith.other_id).where(
            or_(NotWith.member_id == member_id, NotWith.other_id == member_id)
        )
    )
    return {other if one == member_id else one for one, other in rows}


def gone_from(session: Session, member: Member, others: Collection[UUID]) -> set[UUID]:
    """Who of these has left, or is kept apart from this person. Nothing that is shown tells which."""
    if not others:
        return set()
    left = session.scalars(select(Member.id).where(Member.id.in_(others), Member.status == MemberStatus.LEFT))
    return set(left) | (kept_apart_from(session, member.id) & set(others))


def has_chosen_apart(session: Session, member_id: UUID, other_id: UUID) -> bool:
    """Whether this person said so; what the other one said is not asked here."""
    return session.get(NotWith, (member_id, other_id)) is not None


def list_chosen_apart(session: Session, member: Member) -> list[Member]:
    """Those whom this person chose not to be with. Who chose not to be with them is told nowhere, not even as a number."""
    found = session.scalars(
        select(Member)
        .join(NotWith, NotWith.other_id == Member.id)
        .where(NotWith.member_id == member.id)
        .order_by(Member.name, Member.id)
    )
    return list(found)


def lock_both(session: Session, one: Member, other: Member) -> None:
    """Until this act ends nobody begins anything new with either: a row that names them waits for it on PostgreSQL."""
    both = select(Member.id).where(Member.id.in_([one.id, other.id])).order_by(Member.id)
    session.execute(both.with_for_update(of=Member))
