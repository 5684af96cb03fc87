"""Opening a bank, and joining it."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.accounts import AccountKind
from ledger.store import Ledger
from timebank.errors import Conflict
from timebank.members import codes, names
from timebank.members.models import Bank, Member, NotWith

CODE_LENGTH = 8


class BankNameTaken(Conflict):
    """There is already a bank of that name. Please choose another name."""


def open_bank(session: Session, *, name: str, at: datetime, is_demonstration: bool = False) -> Bank:
    """A new bank with its community account, the pot that gives and takes when no one person stands on the other side."""
    if session.scalar(select(Bank.id).where(Bank.name == name)) is not None:
        raise BankNameTaken
    bank = Bank(id=uuid4(), name=name, community_account_id=uuid4(), created_at=at, is_demonstration=is_demonstration)
    session.add(bank)
    session.flush()
    ledger_of(session, bank).open_account(id=bank.community_account_id, kind=AccountKind.COMMUNITY)
    return bank


def add_member(session: Session, *, bank: Bank, name: str, joined_on: date, member_id: UUID | None = None) -> Member:
    """Raises NameRefused."""
    name = names.checked(name)
    member = Member(
        id=member_id or uuid4(),
        bank=bank,
        bank_id=bank.id,
        name=name,
        code=_free_code(session, bank),
        account_id=uuid4(),
        joined_on=joined_on,
    )
    ledger_of(session, bank).open_account(id=member.account_id, kind=AccountKind.MEMBER)
    session.add(member)
    session.flush()
    return member


def keep_apart(session: Session, *, member: Member, other: Member, at: datetime) -> None:
    """Nothing tells the other person."""
    if session.get(NotWith, (member.id, other.id)) is None:
        session.add(NotWith(member_id=member.id, other_id=other.id, said_at=at))
        session.flush()


def take_back_apart(session: Session, *, member: Member, other_id: UUID) -> None:
    """Only what this person said; what the other one may have said stands."""
    said = session.get(NotWith, (member.id, other_id))
    if said is not None:
        session.delete(said)
        session.flush()


def take_break(session: Session, *, member: Member, at: datetime) -> None:
    """From everything, at once, with no reason, and nobody is told. What waits, waits as long as the break lasts. Twice is once.

    Raises AlreadyLeft.
    """
    member.pause()
    ledger_of(session, member.bank).pause_account(id=member.account_id, at=at)
    session.flush()


def end_break(session: Session, *, member: Member, at: datetime) -> None:
    """Raises AlreadyLeft."""
    member.come_back()
    ledger_of(session, member.bank).resume_account(id=member.account_id, at=at)
    session.flush()


def forget_name(session: Session, *, member: Member, at: datetime) -> None:
    member.forget(code=_free_code(session, member.bank), at=at)


def ledger_of(session: Session, bank: Bank) -> Ledger:
    """The bank's ledger within this session's transaction: hours and what they mean are stored together or not at all."""
    return Ledger(session.connection(), bank_id=bank.id)


def _free_code(session: Session, bank: Bank) -> str:
    while True:
        code = codes.new_code(CODE_LENGTH)
        if session.scalar(select(Member.id).where(Member.bank_id == bank.id, Member.code == code)) is None:
            return code
