"""Giving an address, showing that it is one's own, choosing what comes, and taking it all back."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from timebank.consents import service as consents
from timebank.consents.purposes import Purpose
from timebank.consents.service import Saying, Word, Words
from timebank.contact.models import SafeContact
from timebank.errors import Conflict, Refusal
from timebank.members import codes
from timebank.members.models import Member
from timebank.outbox import reads as outbox_reads
from timebank.outbox import service as outbox
from timebank.outbox.models import ALIKE, TO_CHOOSE, Kind, MailAddress, MailWish
from timebank.signin import events
from timebank.signin.models import What

CODE_LENGTH, CODE_LIFE = 12, timedelta(days=1)
MOST_CODES, DAY = 3, timedelta(days=1)


class ManyCodes(Refusal):
    """Three messages were sent today already. Please wait until tomorrow, so that nobody’s mailbox fills up by mistake."""

    status = 429


class NoAddressYet(Conflict):
    """There is no mail address of yours here. You can give one on the page “How to reach me”."""


def give_address(session: Session, *, member: Member, address: str, ask_id: UUID, at: datetime) -> None:
    """It counts once the code that goes to it comes back. The one before goes on until then. The same form asks once.

    Raises ManyCodes.
    """
    if outbox_reads.count_made(session, member.id, Kind.CONFIRM, since=at - DAY) >= MOST_CODES:
        raise ManyCodes
    known = outbox_reads.find_address(session, member.id, lock=True)
    if known is None:
        known = MailAddress(member_id=member.id)
        session.add(known)
    known.ask(address)
    session.flush()
    outbox.queue(session, Kind.CONFIRM, member=member, about_id=ask_id, at=at)


def check_one_waits(session: Session, *, member: Member) -> None:
    """For a page that was left open while the address was taken away elsewhere. Raises NoAddressYet."""
    known = outbox_reads.find_address(session, member.id)
    if known is None or known.sealed_next is None:
        raise NoAddressYet


def check_one_is_theirs(session: Session, *, member: Member) -> None:
    """Raises NoAddressYet."""
    known = outbox_reads.find_address(session, member.id)
    if known is None or known.confirmed_at is None:
        raise NoAddressYet


def make_code(session: Session, *, member_id: UUID, at: datetime) -> str:
    """When its message is about to go, so that nothing keeps the code but the message."""
    code = codes.new_code(CODE_LENGTH)
    address = session.get_one(MailAddress, member_id)
    address.expect(_hashed(member_id, code), until=at + CODE_LIFE)
    return code


def confirm_address(session: Session, *, member: Member, typed: str, at: datetime) -> None:
    """Raises NoAddressYet, CodeNotRight."""
    known = outbox_reads.find_address(session, member.id, lock=True)
    if known is None:
        raise NoAddressYet
    known.confirm(_hashed(member.id, codes.plain(typed)), at=at)
    events.note(session, What.MAIL_ON, member=member, by=member, at=at)


def forget_address(session: Session, *, member: Member, at: datetime) -> None:
    """Twice is no mistake."""
    _say(session, member, Word.TAKE_BACK, at=at)
    if outbox.forget_address(session, member_id=member.id, at=at):
        events.note(session, What.MAIL_OFF, member=member, by=member, at=at)


def agreement() -> Words:
    """What somebody agrees to who wants any message that something waits. (The words know no scheme.)"""
    return consents.words_now(Purpose.MAIL, {})


def choose(
    session: Session, *, member: Member, kinds: Iterable[Kind], at_most_daily: bool, read: str, at: datetime
) -> None:
    """`read`: the digest of the agreement as it stood on their page. Raises NoAddressYet, OtherWords."""
    chosen = TO_CHOOSE & frozenset(kinds)
    if chosen & ALIKE:
        consents.check_words(read, agreement())
    check_one_is_theirs(session, member=member)
    known = session.get_one(MailAddress, member.id, with_for_update=True)
    known.at_most_daily = at_most_daily
    session.execute(delete(MailWish).where(MailWish.member_id == member.id))
    session.add_all(MailWish(member_id=member.id, kind=kind) for kind in chosen)
    session.flush()
    _say(session, member, Word.YES if chosen & ALIKE else Word.TAKE_BACK, at=at)


def _say(session: Session, member: Member, word: Word, *, at: datetime) -> None:
    consents.say(session, Saying(member=member, purpose=Purpose.MAIL, words=agreement(), word=word), at=at)


def write_note(session: Session, *, member: Member, words: str, at: datetime) -> None:
    """Nothing written takes it away."""
    note = session.get(SafeContact, member.id, with_for_update=True)
    if not words:
        session.execute(delete(SafeContact).where(SafeContact.member_id == member.id))
        return
    if note is None:
        note = SafeContact(member_id=member.id)
        session.add(note)
    note.words, note.written_at = words, at
    session.flush()


def _hashed(member_id: UUID, code: str) -> str:
    """Each person's their own: sixty bits by lot need no slow hash besides."""
    return hashlib.sha256(member_id.bytes + code.encode()).hexdigest()
