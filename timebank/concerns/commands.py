"""timebank add-lead · remove-lead · leads · add-conflict · concerns · reseal"""

import sys
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import rich_click as click
from sqlalchemy.orm import Session
from tink import KeysetHandle

from timebank import clock
from timebank.concerns import reads, sealing, service
from timebank.concerns.letters import Holder, OpenedText, SealedText, open_all, sealed_texts
from timebank.concerns.models import Closeness, Concern, Lead, TextKind
from timebank.concerns.sealing import KeptKey, WrongPassphrase
from timebank.console import bank_option, choose_bank, opened, out, refuse
from timebank.members import reads as members
from timebank.members import service as member_service
from timebank.members.codes import new_code, plain, spoken
from timebank.members.models import Bank, Member
from timebank.signin import service as signin

PRINTED_LETTERS = 32  # 157 bits: nobody guesses it, so it may stand in the database locked by itself
CHECK_FAILED = 1
HEADINGS = {
    TextKind.TELLING: "What was told",
    TextKind.ADDITION: "Added later",
    TextKind.NOTE: "Note of a lead",
    TextKind.OUTCOME: "What came of it",
}


@click.command("add-lead")
@click.argument("name_or_code")
@bank_option
def add_lead(name_or_code: str, bank_name: str | None) -> None:
    """Name somebody who receives concerns: a member by their code, or somebody new by name, like a person of a partner charity.

    The first time it prints the bank's recovery key, once. Keep it on paper, outside: with it, no concern is lost.
    """
    printed = new_code(PRINTED_LETTERS)
    with opened() as database:
        with database.reading() as session:
            bank = choose_bank(session, bank_name)
            is_first = reads.find_bank_key(session, bank.id) is None
        kept = sealing.make_key(printed, key_id=uuid4(), bank_id=bank.id) if is_first else None
        with database.writing() as session:
            bank = choose_bank(session, bank_name)
            member, code = _find_or_add(session, bank, name_or_code.strip(), at=clock.now())
            if kept is not None:
                service.keep_bank_key(session, kept=kept, at=clock.now())
            try:
                lead = service.add_lead(session, bank=bank, member=member, at=clock.now())
            except service.AlreadyLead as refusal:
                refuse(refusal.sentence)
            place, name = lead.place, member.name
    out.print(
        f"{name} receives concerns now, as number {place}. They choose a passphrase on the page /concerns.",
        markup=False,
    )
    if code is not None:
        out.print(f"Their code, for 14 days and one use, on the page /sign-in/first-time: {spoken(code)}", markup=False)
    if kept is not None:
        out.print(f"The bank's recovery key, shown only now: {spoken(printed)}", markup=False)
        out.print("Write it down twice, keep both outside, and not with anybody who receives concerns.", markup=False)


@click.command("remove-lead")
@click.argument("code")
@bank_option
def remove_lead(code: str, bank_name: str | None) -> None:
    """Let a lead go, by their member's code. They open nothing any more; what they had is with the next one at once."""
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        lead = reads.find_lead(session, _member_with(session, bank, code))
        if lead is None:
            refuse("This person receives no concerns. 'timebank leads' lists who does.")
        service.let_go(session, lead=lead, at=clock.now())
        out.print(f"{lead.member.name} receives concerns no more.", markup=False)


@click.command()
@bank_option
def leads(bank_name: str | None) -> None:
    """List who receives concerns, in their order."""
    with opened() as database, database.reading() as session:
        bank = choose_bank(session, bank_name)
        found = reads.list_leads(session, bank.id)
        for lead in found:
            out.print(f"{lead.place}. {lead.member.name} ({spoken(lead.member.code)}): {_state(lead)}", markup=False)
        if not found:
            out.print("Nobody receives concerns yet. Name somebody with: timebank add-lead NAME-or-CODE")


@click.command("add-conflict")
@click.argument("code")
@click.argument("other_code")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Closeness]),
    required=True,
    help="What the first is to the second.",
)
@bank_option
def add_conflict(code: str, other_code: str, kind: str, bank_name: str | None) -> None:
    """Write down that two people are close, by their codes: nothing that names one of them ever comes to the other."""
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        one, other = (_member_with(session, bank, typed) for typed in (code, other_code))
        try:
            service.say_close(session, member=one, other=other, kind=Closeness(kind), at=clock.now())
        except service.SamePerson as refusal:
            refuse(refusal.sentence)
    out.print("Written down.")


@click.command()
@click.option(
    "--waiting",
    is_flag=True,
    help="What nobody has read yet, by age. Status 1 when leads had their time, or there are none.",
)
@click.option(
    "--open", "concern_id", type=click.UUID, metavar="ID", help="Read one. The recovery key comes from standard input."
)
@bank_option
def concerns(*, waiting: bool, concern_id: UUID | None, bank_name: str | None) -> None:
    """Look whether something that was told lies unread; with the recovery key, read it."""
    if waiting == (concern_id is not None):
        refuse("Say what to do: --waiting or --open ID.")
    if concern_id is not None:
        _open(concern_id, bank_name)
        return
    with opened() as database, database.reading() as session:
        overdue = _list_waiting(session, choose_bank(session, bank_name), at=clock.now())
    if overdue:
        raise SystemExit(CHECK_FAILED)


@click.command()
@bank_option
def reseal(bank_name: str | None) -> None:
    """Lock every open concern for leads who came later. The recovery key comes from standard input."""
    with opened() as database:
        with database.reading() as session:
            bank = choose_bank(session, bank_name)
            kept = _bank_key(session, bank)
        private = _private(kept)
        done = database.run_again(
            lambda writing: service.seal_for_more(
                writing, bank_id=bank.id, holder=_holder(kept), private=private, by=None, at=clock.now()
            )
        )
    out.print(f"Locked for somebody more: {done}.")


def _find_or_add(session: Session, bank: Bank, typed: str, *, at: datetime) -> tuple[Member, str | None]:
    """Somebody new also gets a code to sign in with. One that somebody who coordinates made earlier must not let anybody in as
    a lead, so it ends."""
    found = members.find_with_code(session, bank.id, typed)
    if found is not None:
        return found, signin.renew_code(session, member=found, at=at)
    same = [one for one in members.list_members(session, bank.id) if one.name.casefold() == typed.casefold()]
    if same:
        codes = ", ".join(spoken(one.code) for one in same)
        refuse(f"There is somebody of that name already. Say whom you mean by their code: {codes}.")
    member = member_service.add_member(session, bank=bank, name=typed, joined_on=clock.today())
    return member, signin.issue_code(session, member=member, issued_by=None, at=at)


def _member_with(session: Session, bank: Bank, code: str) -> Member:
    found = members.find_with_code(session, bank.id, code)
    if found is None:
        refuse(f"Nobody in {bank.name} has the code {code}.")
    return found


def _state(lead: Lead) -> str:
    if lead.key is None:
        return "has not chosen a passphrase yet, so nothing goes to them"
    if not lead.is_here:
        return "takes a break or has left, so nothing goes to them"
    return f"ready, check code {sealing.check_code(lead.key.public_key)}"


def _list_waiting(session: Session, bank: Bank, *, at: datetime) -> bool:
    """Counts and ages, and no word of what was told. Whether something lies past every lead."""
    unread = [concern for concern in reads.list_open(session, bank.id) if concern.is_unread]
    overdue = [(concern, since) for concern in unread if (since := concern.at_bank_since(at=at)) is not None]
    out.print(f"{len(unread)} not read yet: {len(unread) - len(overdue)} with leads, {len(overdue)} past them.")
    for concern, since in overdue:
        out.print(
            f"{concern.id}: told {_age(at - concern.told_at)} ago, past all leads for {_age(at - since)}."
            f"{' Somebody is in danger.' if concern.in_danger else ''}"
        )
    if overdue:
        out.print("Read one with: timebank concerns --open ID, and the recovery key on standard input.")
    return bool(overdue)


def _age(length: timedelta) -> str:
    return f"{length.days} d {length.seconds // 3600} h"


def _open(concern_id: UUID, bank_name: str | None) -> None:
    with opened() as database:
        with database.reading() as session:
            bank = choose_bank(session, bank_name)
            kept = _bank_key(session, bank)
            texts = _kept_texts(_concern(session, concern_id, bank), _holder(kept))
        opened_texts = open_all(texts, holder=_holder(kept), private=_private(kept))
        with database.writing() as session:
            service.note_opened_by_bank(session, concern=_concern(session, concern_id, bank), at=clock.now())
        with database.reading() as session:
            _print(session, _concern(session, concern_id, bank), texts, opened_texts)


def _kept_texts(concern: Concern, holder: Holder) -> list[SealedText]:
    if concern.is_let_go:
        refuse("This was closed years ago, and its words are no longer kept: no key opens them.")
    return sealed_texts(concern, holder)


def _print(session: Session, concern: Concern, texts: list[SealedText], opened_texts: list[OpenedText]) -> None:
    letters = [text.letter for text in opened_texts if text.letter is not None]
    people = {concern.teller_id, *(text.by_id for text in texts)}
    names = members.names_of(session, people | {person for letter in letters for person in letter.named})
    out.print(f"Told by {names[concern.teller_id]} on {concern.told_at:%Y-%m-%d %H:%M} (UTC).", markup=False)
    for text in opened_texts:
        out.print(
            f"\n{HEADINGS[text.kind]}, {text.written_at:%Y-%m-%d %H:%M} (UTC), {names[text.by_id]}:", markup=False
        )
        if text.letter is None:
            out.print("This does not open: it was damaged, or changed since it was sealed.")
            continue
        out.print(text.letter.words, markup=False)
        about = [names[person] for person in text.letter.named] + ([text.letter.who] if text.letter.who else [])
        if about:
            out.print(f"About: {', '.join(about)}", markup=False)
        if text.letter.may_contact or text.letter.how:
            out.print(f"Get in touch: {text.letter.may_contact or 'not said'} {text.letter.how}".rstrip(), markup=False)


def _concern(session: Session, concern_id: UUID, bank: Bank) -> Concern:
    found = reads.find_in_bank(session, concern_id, bank.id)
    if found is None:
        refuse("There is no such concern. 'timebank concerns --waiting' lists what waits.")
    return found


def _bank_key(session: Session, bank: Bank) -> KeptKey:
    key = reads.find_bank_key(session, bank.id)
    if key is None:
        refuse("This bank has no recovery key yet. It is made with the first lead: timebank add-lead NAME-or-CODE")
    return key.kept


def _holder(kept: KeptKey) -> Holder:
    return Holder(key_id=kept.id, lead_id=None)


def _private(kept: KeptKey) -> KeysetHandle:
    typed = sys.stdin.readline()
    try:
        return sealing.unlock(kept, plain(typed))
    except WrongPassphrase:
        refuse("That is not the recovery key of this bank. It has 32 letters and digits; type it as it is printed.")
