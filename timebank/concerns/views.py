"""What each side may see of a concern, put together for the pages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from timebank.concerns import reads, sealing
from timebank.concerns.letters import OpenedText
from timebank.concerns.models import Concern, ConcernStep, Lead, StepKind
from timebank.members import reads as members
from timebank.members.models import Member


@dataclass(frozen=True, kw_only=True)
class ToldView:
    """For whoever told it: where it is, and who read it. Whom it passed by is not told: that may be somebody's private life."""

    concern: Concern
    read_by: str
    read_at: datetime | None
    is_unread: bool
    has_readers: bool
    is_at_bank: bool
    with_how_many: int
    goes_at: datetime | None  # when its words are let go; nothing while it is open

    @property
    def was_read(self) -> bool:
        return self.read_at is not None


@dataclass(frozen=True, kw_only=True)
class StepView:
    kind: StepKind
    at: datetime
    by: str
    to: str


@dataclass(frozen=True, kw_only=True)
class TextView:
    text: OpenedText
    by: str
    named: list[str]


@dataclass(frozen=True, kw_only=True)
class LeadView:
    concern: Concern
    steps: list[StepView]
    texts: list[TextView] | None  # nothing, until it is opened
    teller: str  # only where it is opened
    was_read_by_me: bool
    goes_at: datetime | None
    goes_soon: bool


@dataclass(frozen=True, kw_only=True)
class NewerKey:
    """A lead whose key is newer than something that is still open, so that they cannot open it yet."""

    name: str
    made_at: datetime
    check_code: str


def told(session: Session, concerns: list[Concern], *, years: int, at: datetime) -> list[ToldView]:
    """`years`: how long words are kept after a concern was closed."""
    names = members.names_of(session, {by for concern in concerns for by, _ in concern.opened})
    return [_told(concern, names, years, at) for concern in concerns]


def _told(concern: Concern, names: dict[UUID | None, str], years: int, at: datetime) -> ToldView:
    by, read_at = concern.opened[-1] if concern.opened else (None, None)
    return ToldView(
        concern=concern,
        read_by=names.get(by, ""),
        read_at=read_at,
        is_unread=concern.is_unread,
        has_readers=bool(concern.in_line),
        is_at_bank=concern.at_bank_since(at=at) is not None,
        with_how_many=len(concern.with_whom(at=at)),
        goes_at=concern.goes_at(years=years, at=at),
    )


def for_lead(
    session: Session, concern: Concern, member: Member, opened: list[OpenedText] | None, *, years: int, at: datetime
) -> LeadView:
    people: set[UUID | None] = {person for step in concern.steps for person in (step.by_id, step.to_id)}
    people |= {reader.lead.member_id for reader in concern.readers}
    if opened is not None:
        people |= {concern.teller_id, *(text.by_id for text in opened)}
        people |= {person for text in opened if text.letter for person in text.letter.named}
    names = members.names_of(session, people)
    return LeadView(
        concern=concern,
        steps=_steps(concern, names, at),
        texts=None if opened is None else [_text(text, names) for text in opened],
        teller=names[concern.teller_id] if opened is not None else "",
        was_read_by_me=member.id in {by for by, _ in concern.opened},
        goes_at=concern.goes_at(years=years, at=at),
        goes_soon=concern.goes_soon(years=years, at=at),
    )


def _steps(concern: Concern, names: dict[UUID | None, str], at: datetime) -> list[StepView]:
    """Those that are written down, and what the clock has done since."""
    found = [_step(step, names) for step in concern.steps]
    written = {step.to_id for step in concern.steps if step.kind is StepKind.PASSED_ON}
    found += [
        StepView(kind=StepKind.PASSED_ON, at=moment, by="", to=names[reader.lead.member_id])
        for moment, reader in concern.passed_on(at=at)
        if reader.lead.member_id not in written
    ]
    return found


def _step(step: ConcernStep, names: dict[UUID | None, str]) -> StepView:
    return StepView(kind=step.kind, at=step.at, by=names.get(step.by_id, ""), to=names.get(step.to_id, ""))


def _text(text: OpenedText, names: dict[UUID | None, str]) -> TextView:
    named = [] if text.letter is None else [names[person] for person in text.letter.named]
    return TextView(text=text, by=names[text.by_id], named=named)


def newer_keys(session: Session, lead: Lead) -> list[NewerKey]:
    mine = [concern for concern in reads.list_of_reader(session, lead) if not concern.is_closed]
    oldest = min((concern.told_at for concern in mine), default=None)
    return [
        NewerKey(name=one.member.name, made_at=one.key.made_at, check_code=sealing.check_code(one.key.public_key))
        for one in reads.list_ready(session, lead.bank_id)
        if one.key is not None
        and one.id != lead.id
        and oldest is not None
        and one.key.made_at > oldest
        and not all(one.id in {reader.lead_id for reader in concern.readers} for concern in mine)
    ]
