"""Telling, adding, reading, noting and closing. Words are sealed here before anything is given to the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from tink import KeysetHandle

from timebank.concerns import reads, routing, sealing
from timebank.concerns.letters import Holder, Letter, open_all, sealed_texts
from timebank.concerns.models import (
    A_YEAR,
    NOTICE,
    Closeness,
    CloseTie,
    Concern,
    ConcernKey,
    ConcernReader,
    ConcernText,
    ConcernWrap,
    Lead,
    StepKind,
    TextKind,
)
from timebank.concerns.sealing import KeptKey
from timebank.errors import Conflict, Invalid, NotFound
from timebank.members import reads as members
from timebank.members.models import Bank, Member


class NobodyToReceive(Conflict):
    """There is nobody yet who could receive this safely, so we did not take it. What you typed is still here."""


class AlreadyLead(Conflict):
    """This person receives concerns already."""


class SamePerson(Invalid):
    """Please name somebody other than yourself."""


# By whoever is worried


def tell(
    session: Session, *, concern_id: UUID, member: Member, letter: Letter, in_danger: bool, at: datetime
) -> Concern:
    """The same form tells once. Raises NobodyToReceive."""
    already = session.get(Concern, concern_id)
    if already is not None:
        return reads.get_told(session, concern_id, member)
    line, named = _line(session, member.bank_id, letter=letter, teller_id=member.id)
    concern = Concern(id=concern_id, bank_id=member.bank_id, teller_id=member.id, in_danger=in_danger, told_at=at)
    concern.readers = [
        ConcernReader(bank_id=member.bank_id, lead_id=lead.id, lead=lead, place=place)
        for place, lead in enumerate(line, start=1)
    ]
    known = Letter(
        words=letter.words, named=tuple(sorted(named)), who=letter.who, may_contact=letter.may_contact, how=letter.how
    )
    text = _write(session, concern, known, text_id=concern_id, kind=TextKind.TELLING, by=member.id, at=at)
    if not text.wraps:
        raise NobodyToReceive
    concern.hear(kind=StepKind.RECEIVED, at=at)
    session.add(concern)
    session.flush()
    return concern


def add(session: Session, *, concern_id: UUID, text_id: UUID, member: Member, words: str, at: datetime) -> Concern:
    """More from whoever told it; a closed concern is open again by it."""
    concern = reads.get_told(session, concern_id, member, lock=True)
    if _is_written(session, concern, text_id):
        return concern
    concern.check_is_kept()
    _write(session, concern, Letter(words=words), text_id=text_id, kind=TextKind.ADDITION, by=member.id, at=at)
    concern.write_down_the_clock(at=at)
    if concern.is_closed:
        concern.reopen(by=None, at=at)
    concern.hear(kind=StepKind.ADDED, at=at)
    session.flush()
    return concern


# By leads


def note_opened(session: Session, *, concern_id: UUID, member: Member, letter: Letter, at: datetime) -> bool:
    """Before anything is shown: that it was read, and by whom. False where this lead may not receive it any longer, because
    they have said meanwhile that they are close to somebody named in it; then it is not theirs any more."""
    lead = reads.get_lead(session, member)
    concern = reads.get_with(session, concern_id, lead, at=at, lock=True)
    concern.check_is_kept()
    line, _ = _line(session, member.bank_id, letter=letter, teller_id=concern.teller_id)
    if lead.id not in {one.id for one in line}:
        _take_away(session, lead, [concern], at=at)
        return False
    concern.open(by=member.id, at=at)
    session.flush()
    return True


def note(session: Session, *, concern_id: UUID, text_id: UUID, member: Member, words: str, at: datetime) -> Concern:
    concern = reads.get_with(session, concern_id, reads.get_lead(session, member), at=at, lock=True)
    if not _is_written(session, concern, text_id):
        concern.note(by=member.id, at=at)
        _write(session, concern, Letter(words=words), text_id=text_id, kind=TextKind.NOTE, by=member.id, at=at)
        session.flush()
    return concern


def close(session: Session, *, concern_id: UUID, text_id: UUID, member: Member, words: str, at: datetime) -> Concern:
    """With what came of it, sealed like all the rest."""
    concern = reads.get_with(session, concern_id, reads.get_lead(session, member), at=at, lock=True)
    if not _is_written(session, concern, text_id):
        concern.close(by=member.id, at=at)
        _write(session, concern, Letter(words=words), text_id=text_id, kind=TextKind.OUTCOME, by=member.id, at=at)
        session.flush()
    return concern


def reopen(session: Session, *, concern_id: UUID, member: Member, at: datetime) -> Concern:
    concern = reads.get_with(session, concern_id, reads.get_lead(session, member), at=at, lock=True)
    concern.reopen(by=member.id, at=at)
    session.flush()
    return concern


def note_opened_by_bank(session: Session, *, concern: Concern, at: datetime) -> None:
    concern.open(by=None, at=at)
    session.flush()


def seal_for_more(
    session: Session, *, bank_id: UUID, holder: Holder, private: KeysetHandle, by: UUID | None, at: datetime
) -> int:
    """Every open concern that this key opens, for each lead who may receive it and cannot open it yet. How often."""
    return sum(
        _seal_one_for_more(session, concern, holder=holder, private=private, by=by, at=at)
        for concern in reads.list_open(session, bank_id)
    )


def _seal_one_for_more(
    session: Session, concern: Concern, *, holder: Holder, private: KeysetHandle, by: UUID | None, at: datetime
) -> int:
    texts = sealed_texts(concern, holder)
    opened = open_all(texts, holder=holder, private=private)
    letter = opened[0].letter
    if letter is None or any(text.letter is None for text in opened):
        return 0  # not this holder's, or damaged: whoever is new must never be given a part for the whole
    line, _ = _line(session, concern.bank_id, letter=letter, teller_id=concern.teller_id)
    new = [lead for lead in line if lead.id not in {reader.lead_id for reader in concern.readers}]
    for lead in new:
        assert lead.key is not None
        for text, row in zip(texts, concern.texts, strict=True):
            assert text.wrapped is not None
            wrapped = sealing.wrap_again(
                text.wrapped,
                place=text.place,
                key_id=holder.key_id,
                lead_id=holder.lead_id,
                private=private,
                for_key=lead.key.to_seal_for,
            )
            row.wraps.append(ConcernWrap(text_id=row.id, key_id=lead.key.id, wrapped=wrapped))
        concern.seal_for(lead, by=by, at=at)
    session.flush()
    return len(new)


# By the clock


def let_long_closed_go(session: Session, *, years: int, at: datetime) -> int:
    """The words of what was closed so many years ago: the keys to them are thrown away, so that nobody reads them any more,
    with no passphrase and no printed key. How many concerns. A month before, whoever may read it is asked.

    Whoever opens one again before keeps it. Both wait for the concern's row, so one of the two comes first.
    """
    count = 0
    for concern_id in reads.list_closed_before(session, at - years * A_YEAR + NOTICE):
        concern = reads.get_locked(session, concern_id)
        concern.ask_whether_to_keep(years=years, at=at)
        goes_at = concern.goes_at(years=years, at=at)
        if goes_at is not None and goes_at <= at:
            texts = select(ConcernText.id).where(ConcernText.concern_id == concern.id)
            session.execute(delete(ConcernWrap).where(ConcernWrap.text_id.in_(texts)))
            concern.let_go(at=at)
            session.flush()
            count += 1
    return count


# Leads, keys, and who is close to whom


def add_lead(session: Session, *, bank: Bank, member: Member, at: datetime) -> Lead:
    standing = reads.list_leads(session, bank.id)
    if member.id in {lead.member_id for lead in standing}:
        raise AlreadyLead
    place = max((lead.place for lead in standing), default=0) + 1
    lead = Lead(bank_id=bank.id, member_id=member.id, place=place, appointed_at=at)
    session.add(lead)
    session.flush()
    return lead


def let_go(session: Session, *, lead: Lead, at: datetime) -> None:
    """Whoever leaves opens nothing any more, and what they had goes on to the next at once."""
    _forget_key(session, lead, at=at)
    lead.leave(at=at)
    session.flush()


def keep_bank_key(session: Session, *, kept: KeptKey, at: datetime) -> None:
    session.add(_new_key(kept, lead_id=None, at=at))
    session.flush()


def keep_key(session: Session, *, member: Member, kept: KeptKey, at: datetime) -> None:
    """The same key under a new passphrase, or a new key. With a new key nothing told before opens, until somebody who still
    can seals it again."""
    lead = reads.get_lead(session, member)
    key = lead.key
    if key is not None and key.id == kept.id:
        key.keep(kept)
        session.flush()
        return
    _forget_key(session, lead, at=at)
    session.add(_new_key(kept, lead_id=lead.id, at=at))
    session.flush()


def say_close(session: Session, *, member: Member, other: Member, kind: Closeness, at: datetime) -> None:
    if member.id == other.id:
        raise SamePerson
    if session.get(CloseTie, (member.id, other.id, kind)) is None:
        session.add(CloseTie(bank_id=member.bank_id, member_id=member.id, other_id=other.id, kind=kind, recorded_at=at))
        session.flush()


def _new_key(kept: KeptKey, *, lead_id: UUID | None, at: datetime) -> ConcernKey:
    key = ConcernKey(id=kept.id, bank_id=kept.bank_id, lead_id=lead_id, made_at=at)
    key.keep(kept)
    return key


def _forget_key(session: Session, lead: Lead, *, at: datetime) -> None:
    key = lead.key
    if key is None:
        return
    _take_away(session, lead, reads.list_of_reader(session, lead), at=at)
    session.execute(delete(ConcernWrap).where(ConcernWrap.key_id == key.id))
    session.execute(delete(ConcernKey).where(ConcernKey.id == key.id))
    session.expire(lead, ["key"])


def _take_away(session: Session, lead: Lead, concerns: Iterable[Concern], *, at: datetime) -> None:
    key = lead.key
    for concern in concerns:
        concern.step_aside(lead, at=at)
        for text in concern.texts:
            session.execute(
                delete(ConcernWrap).where(
                    ConcernWrap.text_id == text.id, ConcernWrap.key_id == (key.id if key else None)
                )
            )
        theirs = (ConcernReader.concern_id == concern.id, ConcernReader.lead_id == lead.id)
        session.execute(delete(ConcernReader).where(*theirs))
        session.flush()
        session.expire(concern, ["readers", "texts"])


def _line(session: Session, bank_id: UUID, *, letter: Letter, teller_id: UUID) -> tuple[list[Lead], frozenset[UUID]]:
    """Who may receive it, in order, and everybody whom it names."""
    leads = {lead.member_id: lead for lead in reads.list_ready(session, bank_id)}
    chart = reads.chart(session, bank_id, list(leads.values()))
    known = {*chart.leads, *chart.coordinators, *(person for tie in chart.ties for person in (tie.one, tie.other))}
    names = {person: name for person, name in members.names_of(session, known).items() if person is not None}
    named = frozenset(letter.named) | routing.mentioned(names, who=letter.who, words=letter.words)
    named -= {teller_id}  # "I am Ada, and …" is about somebody else
    line = routing.route(chart, named=named, teller=teller_id)
    return [leads[person] for person in line], named


def _is_written(session: Session, concern: Concern, text_id: UUID) -> bool:
    """The same form writes once."""
    already = session.get(ConcernText, text_id)
    if already is not None and already.concern_id != concern.id:
        raise NotFound
    return already is not None


def _write(
    session: Session, concern: Concern, letter: Letter, *, text_id: UUID, kind: TextKind, by: UUID, at: datetime
) -> ConcernText:
    """Sealed for all who may ever receive this concern, and for the bank's printed key."""
    keys: Sequence[ConcernKey | None] = [reader.lead.key for reader in concern.readers]
    to_seal_for = [key.to_seal_for for key in (*keys, reads.find_bank_key(session, concern.bank_id)) if key is not None]
    text = ConcernText(
        id=text_id,
        bank_id=concern.bank_id,
        concern_id=concern.id,
        place=len(concern.texts) + 1,
        kind=kind,
        by_id=by,
        written_at=at,
    )
    sealed = sealing.seal(letter.body, place=concern.place_of(text), keys=to_seal_for)
    text.sealed = sealed.text
    text.wraps = [
        ConcernWrap(text_id=text_id, key_id=key_id, wrapped=wrapped) for key_id, wrapped in sealed.wraps.items()
    ]
    concern.texts.append(text)
    return text
