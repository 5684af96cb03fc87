"""Whether somebody is to be told of something by mail, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from timebank.consents import reads as consents
from timebank.consents.purposes import Purpose
from timebank.outbox.models import ALIKE, Kind, MailAddress, MailWish, Notice, NoticeState, Why


def find_address(session: Session, member_id: UUID, *, lock: bool = False) -> MailAddress | None:
    return session.get(MailAddress, member_id, with_for_update=True if lock else None, populate_existing=lock)


def wants(session: Session, member_id: UUID, kind: Kind) -> bool:
    """The one gate: an address that is theirs, a yes to this kind of message, and for all that wait alike their agreement."""
    yes = (
        select(MailWish.member_id)
        .join(MailAddress, MailAddress.member_id == MailWish.member_id)
        .where(MailWish.member_id == member_id, MailWish.kind == kind, MailAddress.confirmed_at.is_not(None))
    )
    return session.scalar(yes) is not None and (kind not in ALIKE or _agrees(session, member_id))


def wishes_of(session: Session, member_id: UUID) -> frozenset[Kind]:
    """As they count now: whoever took their agreement back on the page of all agreements gets none of those alike."""
    chosen = frozenset(session.scalars(select(MailWish.kind).where(MailWish.member_id == member_id)))
    return chosen if _agrees(session, member_id) else chosen - ALIKE


def _agrees(session: Session, member_id: UUID) -> bool:
    return consents.may(session, member_id=member_id, purpose=Purpose.MAIL)


def count_made(session: Session, member_id: UUID, kind: Kind, *, since: datetime) -> int:
    made = select(func.count()).where(Notice.member_id == member_id, Notice.kind == kind, Notice.made_at > since)
    return session.scalar(made) or 0


def list_of(session: Session, member_id: UUID) -> Sequence[Notice]:
    return session.scalars(
        select(Notice).where(Notice.member_id == member_id).order_by(Notice.made_at, Notice.id)
    ).all()


def find_undelivered(session: Session, member_id: UUID) -> Notice | None:
    """The newest that certainly did not arrive."""
    return session.scalar(
        select(Notice)
        .where(
            Notice.member_id == member_id,
            Notice.state == NoticeState.GIVEN_UP,
            Notice.why.in_((Why.REFUSED, Why.NO_ANSWER)),
        )
        .order_by(Notice.changed_at.desc(), Notice.id)
        .limit(1)
    )
