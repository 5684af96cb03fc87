"""Who needs a second person, who may be that person, and what waits for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from timebank.concerns import reads as concerns
from timebank.errors import NotFound
from timebank.members import reads as members
from timebank.members.models import Member, MemberStatus
from timebank.schemes import reads as schemes
from timebank.schemes.models import BankScheme, Coordinator
from timebank.signin.models import OneTimeCode, User
from timebank.two_people.models import Kind, State, WeightyAct


@dataclass(frozen=True, kw_only=True)
class ActView:
    act: WeightyAct
    about: str
    asked_by: str
    scheme: str | None  # the one whose task it is; none is the whole bank
    may_decide: bool
    is_mine: bool  # asked by whoever reads it


@dataclass(frozen=True, kw_only=True)
class CodeMade:
    made_at: datetime
    by: str | None
    is_used: bool


def needs_two(session: Session, member: Member) -> bool:
    """Whether somebody's way in leads to what others have entrusted: they look after something, or look into worries."""
    return schemes.is_coordinator(session, member) or concerns.is_lead(session, member)


def is_there(session: Session, act_id: UUID) -> bool:
    return session.scalar(select(WeightyAct.id).where(WeightyAct.id == act_id)) is not None


def find_act(session: Session, act_id: UUID, bank_id: UUID) -> WeightyAct | None:
    """As it stands now, whatever this session read before."""
    theirs = (WeightyAct.bank_id == bank_id, WeightyAct.id == act_id)
    return session.scalar(select(WeightyAct).where(*theirs).execution_options(populate_existing=True))


def get_about(session: Session, act_id: UUID, member: Member) -> WeightyAct:
    act = find_act(session, act_id, member.bank_id)
    if act is None or act.about_id != member.id:
        raise NotFound
    return act


def get_asked_by(session: Session, act_id: UUID, member: Member) -> WeightyAct:
    act = find_act(session, act_id, member.bank_id)
    if act is None or act.asked_by != member.id or not schemes.coordinates(session, member, None):
        raise NotFound
    return act


def get_to_decide(session: Session, act_id: UUID, member: Member) -> WeightyAct:
    """By whoever could have decided it too, once it has ended. Not yours and not there look alike."""
    act = find_act(session, act_id, member.bank_id)
    if act is None or not _may_decide(act, member, concerns.too_close_to(session, member), _is_wide(session, member)):
        raise NotFound
    return act


def get_to_read(session: Session, act_id: UUID, member: Member) -> WeightyAct:
    act = find_act(session, act_id, member.bank_id)
    if act is not None and act.asked_by == member.id and _is_wide(session, member):
        return act
    return get_to_decide(session, act_id, member)


def list_to_decide(session: Session, member: Member, *, at: datetime) -> list[WeightyAct]:
    """What waits for this person to be the second one: nothing for anybody but those who look after the whole bank."""
    if not _is_wide(session, member):
        return []
    close = concerns.too_close_to(session, member)
    return [act for act in _list_waiting(session, member.bank_id, at=at) if _may_decide(act, member, close, True)]


def list_asked_by(session: Session, member: Member, *, at: datetime) -> list[WeightyAct]:
    return [act for act in _list_waiting(session, member.bank_id, at=at) if act.asked_by == member.id]


def list_about(session: Session, member: Member, *, at: datetime) -> list[WeightyAct]:
    """What waits about this person."""
    return [act for act in _list_waiting(session, member.bank_id, at=at) if act.about_id == member.id]


def count_about(session: Session, member: Member, *, at: datetime) -> int:
    waits = (WeightyAct.about_id == member.id, WeightyAct.state == State.WAITING, WeightyAct.runs_out_at > at)
    return session.scalar(select(func.count()).select_from(WeightyAct).where(*waits)) or 0


def list_lapsing(session: Session, bank_id: UUID, *, at: datetime) -> list[WeightyAct]:
    """What still stands as waiting, and is over: in time, or because of the people it hangs on."""
    found = session.scalars(
        select(WeightyAct)
        .where(WeightyAct.bank_id == bank_id, WeightyAct.state == State.WAITING)
        .order_by(WeightyAct.asked_at, WeightyAct.id)
        .execution_options(populate_existing=True)
    )
    return [act for act in found if act.has_run_out(at) or not _stands(session, act)]


def find_waiting(session: Session, *, about_id: UUID, kind: Kind) -> WeightyAct | None:
    waits = (WeightyAct.about_id == about_id, WeightyAct.kind == kind, WeightyAct.state == State.WAITING)
    return session.scalar(select(WeightyAct).where(*waits))


def list_waiting_of(session: Session, member: Member) -> list[WeightyAct]:
    """What somebody asked for, and what was asked about them: it ends when they leave."""
    theirs = or_(WeightyAct.asked_by == member.id, WeightyAct.about_id == member.id)
    return list(session.scalars(select(WeightyAct).where(theirs, WeightyAct.state == State.WAITING)))


def list_deciders(session: Session, *, about: Member, asked_by: Member) -> list[Member]:
    """Who could say yes to what this person asks about that one."""
    wide = select(Coordinator.member_id).where(Coordinator.bank_id == about.bank_id, Coordinator.scheme_id.is_(None))
    here = (Member.id.in_(wide), Member.status != MemberStatus.LEFT, Member.id.not_in([about.id, asked_by.id]))
    close = concerns.too_close_to(session, about)
    return [one for one in session.scalars(select(Member).where(*here).order_by(Member.id)) if one.id not in close]


def is_last(session: Session, member: Member) -> bool:
    """Whether nobody but they looks after the whole bank."""
    wide = select(Coordinator.member_id).where(Coordinator.bank_id == member.bank_id, Coordinator.scheme_id.is_(None))
    return set(session.scalars(wide)) == {member.id}


def has_sign_in(session: Session, member: Member) -> bool:
    return session.scalar(select(User.id).where(User.member_id == member.id)) is not None


def list_codes_since(session: Session, member: Member, *, since: datetime) -> list[CodeMade]:
    """Somebody who made a code for a person may be the one who signs in as them."""
    found = session.scalars(
        select(OneTimeCode)
        .where(OneTimeCode.member_id == member.id, OneTimeCode.issued_at >= since)
        .order_by(OneTimeCode.issued_at)
    ).all()
    names = members.names_of(session, {code.issued_by for code in found})
    return [
        CodeMade(made_at=code.issued_at, by=names.get(code.issued_by), is_used=code.used_at is not None)
        for code in found
    ]


def views(session: Session, acts: Sequence[WeightyAct], reader: Member, *, at: datetime) -> list[ActView]:
    if not acts:
        return []
    names = members.names_of(session, {person for act in acts for person in (act.about_id, act.asked_by)})
    named = {scheme.id: scheme.name for scheme in schemes.list_schemes(session, reader.bank_id)}
    close, is_wide = concerns.too_close_to(session, reader), _is_wide(session, reader)
    return [
        ActView(
            act=act,
            about=names[act.about_id],
            asked_by=names[act.asked_by],
            scheme=named[act.scheme_id] if act.scheme_id else None,
            may_decide=act.is_waiting(at) and _may_decide(act, reader, close, is_wide),
            is_mine=act.asked_by == reader.id,
        )
        for act in acts
    ]


def list_tasks(session: Session, member: Member) -> list[BankScheme | None]:
    """What somebody looks after; none among them stands for the whole bank."""
    after = schemes.coordinated_ids(session, member)
    whole: list[BankScheme | None] = [None] if None in after else []
    return whole + [scheme for scheme in schemes.list_schemes(session, member.bank_id) if scheme.id in after]


def _list_waiting(session: Session, bank_id: UUID, *, at: datetime) -> list[WeightyAct]:
    found = session.scalars(
        select(WeightyAct)
        .where(WeightyAct.bank_id == bank_id, WeightyAct.state == State.WAITING, WeightyAct.runs_out_at > at)
        .order_by(WeightyAct.asked_at, WeightyAct.id)
    ).all()
    wide = set(
        session.scalars(
            select(Coordinator.member_id).where(Coordinator.bank_id == bank_id, Coordinator.scheme_id.is_(None))
        )
    )
    return [act for act in found if act.asked_by in wide]


def _stands(session: Session, act: WeightyAct) -> bool:
    """Whoever asked still may ask, and whom it is about is still here."""
    asked_by, about = (session.get_one(Member, one) for one in (act.asked_by, act.about_id))
    return _is_wide(session, asked_by) and about.status is not MemberStatus.LEFT


def _is_wide(session: Session, member: Member) -> bool:
    return schemes.coordinates(session, member, None)


def _may_decide(act: WeightyAct, member: Member, close: frozenset[UUID], is_wide: bool) -> bool:  # noqa: FBT001
    return is_wide and member.id not in {act.asked_by, act.about_id} and act.about_id not in close
