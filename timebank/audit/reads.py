"""Reading the trail, and looking over its chain."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, case, cast, func, literal_column, or_, select, type_coerce
from sqlalchemy.orm import Session

from timebank.audit import chain
from timebank.audit.chain import BEFORE_THE_FIRST, Head
from timebank.audit.models import Act, AuditEvent, SafetyHold

AT_ONCE = 5000
EVENT = AuditEvent.__table__.c
_IDS = {"bank_id", "actor_id", "record_id", "about_id", "case_id", "act_key"}


def last_link(session: Session, bank_id: UUID) -> tuple[int, str]:
    """The number and the digest of the newest event."""
    newest = session.execute(
        select(AuditEvent.seq, AuditEvent.digest)
        .where(AuditEvent.bank_id == bank_id)
        .order_by(AuditEvent.seq.desc())
        .limit(1)
    ).first()
    return (newest.seq, newest.digest) if newest else (0, BEFORE_THE_FIRST)


def is_noted(session: Session, *, bank_id: UUID, act: Act, key: UUID) -> bool:
    known = select(AuditEvent.seq).where(
        AuditEvent.bank_id == bank_id, AuditEvent.act == act, AuditEvent.act_key == key
    )
    return session.scalar(known) is not None


def newest_head(session: Session, bank_id: UUID, *, day: date) -> Head:
    seq, digest = last_link(session, bank_id)
    return Head(bank_id=bank_id, seq=seq, digest=digest, day=day)


def list_holds(session: Session, *, bank_id: UUID, about_id: UUID) -> list[SafetyHold]:
    return list(
        session.scalars(select(SafetyHold).where(SafetyHold.bank_id == bank_id, SafetyHold.about_id == about_id))
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """The first event that is not as it was written; after it nothing can be said of the rest."""

    seq: int
    expected: str
    found: str
    is_by_a_head: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TrailReport:
    """`heads`: how many kept ones were compared; `gone`: how many of them a restore has set aside."""

    events: int
    seq: int  # of the last that was found right
    digest: str
    heads: int
    gone: int
    broken: Broken | None


def look_over(
    session: Session, bank_id: UUID, *, heads: Sequence[Head] = (), moved: Callable[[int], None] = lambda _done: None
) -> TrailReport:
    """Every event is hashed anew. Whoever rewrites all of it makes a new chain: then the kept heads no longer stand in it."""
    compared, gone = _still_meant(heads)
    kept: dict[int, set[str]] = {}
    for head in compared:
        kept.setdefault(head.seq, set()).add(head.digest)
    digest, seq, agreed = BEFORE_THE_FIRST, 0, 0
    broken = _disagreement(kept, 0, digest, agreed)
    with closing(_each(session, bank_id)) as events:  # what is left early is closed on PostgreSQL too
        for found_seq, written, found in events:
            expected = chain.digest(digest, written or "")
            if found_seq != seq + 1 or found != expected:
                broken = broken or _fault(seq + 1, found_seq, expected, found)
            elif found_seq in kept:
                broken = broken or _disagreement(kept, found_seq, found, agreed)
                agreed = found_seq
            if broken:
                break
            seq, digest = found_seq, found
            if not seq % AT_ONCE:
                moved(seq)
    broken = broken or _missing(kept, seq)
    return TrailReport(
        events=count_events(session, bank_id), seq=seq, digest=digest, heads=len(compared), gone=gone, broken=broken
    )


def count_events(session: Session, bank_id: UUID) -> int:
    return session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.bank_id == bank_id)) or 0


def _still_meant(heads: Sequence[Head]) -> tuple[list[Head], int]:
    """In the order in which they were kept. A restore sets those aside that came after the backup was made."""
    meant: list[Head] = []
    gone = 0
    for head in heads:
        if head.restored:
            left = [one for one in meant if one.seq <= head.seq]
            gone += len(meant) - len(left)
            meant = left
        meant.append(head)
    return meant, gone


def _fault(seq: int, found_seq: int, expected: str, found: str) -> Broken:
    if found_seq != seq:
        return Broken(seq=seq, expected=f"event {seq}", found=f"event {found_seq}")
    return Broken(seq=seq, expected=f"the digest {expected}", found=str(found))


def _disagreement(kept: dict[int, set[str]], seq: int, digest: str, agreed: int) -> Broken | None:
    others = kept.get(seq, set()) - {digest}
    if not others:
        return None
    found = f"{digest}; something was written anew after event {agreed}"
    return Broken(seq=seq, expected=f"the digest {min(others)} of the kept head", found=found, is_by_a_head=True)


def _missing(kept: dict[int, set[str]], seq: int) -> Broken | None:
    further = [head for head in kept if head > seq]
    if not further:
        return None
    expected = f"events up to {max(further)}, as a kept head says"
    return Broken(seq=seq + 1, expected=expected, found="none", is_by_a_head=True)


def _each(session: Session, bank_id: UUID) -> Generator[tuple[int, str | None, str], None, None]:
    """Number, the event as chain.as_text writes it, digest. The database writes the text: it is quicker at it."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    question = (
        select(EVENT.seq, _on_sqlite() if is_sqlite else _on_postgresql(), EVENT.digest)
        .where(EVENT.bank_id == bank_id)
        .order_by(EVENT.seq)
    )
    if is_sqlite:  # as the driver hands them out: to make rows of our own of a million takes a third of the time
        with session.connection().execute(question) as found:
            while some := found.cursor.fetchmany(AT_ONCE):
                yield from some
        return
    with session.connection().execute(question.execution_options(yield_per=AT_ONCE)) as found:
        for part in found.partitions():
            yield from part


def _on_sqlite() -> ColumnElement[Any]:
    """It takes bytes in any column, and sorts them behind every text: whatever holds some is no event."""
    columns = [type_coerce(EVENT[name], String) for name in chain.FIELDS]
    return case((or_(*(column >= literal_column("x''") for column in columns)), None), else_=func.json_array(*columns))


def _on_postgresql() -> ColumnElement[Any]:
    texts = [_characters(name) for name in chain.FIELDS]
    marks = [mark for text in texts for mark in (literal_column("','"), text)]
    return func.concat(literal_column("'['"), *marks[1:], literal_column("']'"))


def _characters(name: str) -> ColumnElement[Any]:
    column, quote = EVENT[name], literal_column("'\"'", String)
    if name == "seq":
        return cast(column, String)
    text: ColumnElement[Any] = cast(column, String)
    if name in _IDS:
        text = func.replace(text, "-", "")
    if name == "noted_at":
        text = func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI:SS.US")
    return func.coalesce(quote.concat(text).concat(quote), literal_column("'null'"))
