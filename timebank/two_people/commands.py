"""timebank give-code · make-coordinator · remove-coordinator: where there is nobody for a second person."""

from typing import NoReturn

import rich_click as click
from sqlalchemy.orm import Session

from timebank import clock
from timebank.audit.models import Actor
from timebank.console import bank_option, choose_bank, opened, out, refuse
from timebank.errors import Conflict
from timebank.members import reads as members
from timebank.members.codes import spoken
from timebank.members.models import Bank, Member, MemberStatus
from timebank.schemes import reads as schemes
from timebank.schemes.models import BankScheme
from timebank.signin import service as signin
from timebank.two_people import service, words

scheme_option = click.option(
    "--scheme", "scheme_name", metavar="NAME", help="One scheme of it, and not the whole bank."
)


@click.command("give-code")
@click.argument("member_code", metavar="CODE")
@bank_option
def give_code(member_code: str, bank_name: str | None) -> None:
    """Print a code with which somebody sets a new password, also a coordinator or a lead. Be sure first who is asking.

    CODE is their own, as their start page shows it. They read that it was made, and still need their second step.
    """
    with opened() as database, database.writing() as session:
        member = _member(session, choose_bank(session, bank_name), member_code)
        code = signin.issue_code(session, member=member, issued_by=None, at=clock.now())
        name = member.name
    out.print(
        f"A code for {name}, for 14 days and one use, on the page /sign-in/first-time: {spoken(code)}", markup=False
    )


@click.command("make-coordinator")
@click.argument("member_code", metavar="CODE")
@scheme_option
@bank_option
def make_coordinator(member_code: str, scheme_name: str | None, bank_name: str | None) -> None:
    """Let a member look after the whole bank, or after one scheme. On the web it takes two coordinators.

    CODE is their own, as their start page shows it. Somebody new is added with 'timebank add-coordinator'.
    """
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        member, scheme = _member(session, bank, member_code), _scheme(session, bank, scheme_name)
        try:
            service.give_task(
                session,
                member=member,
                scheme_id=scheme.id if scheme else None,
                by=Actor.COMMAND_LINE,
                at=clock.now(),
            )
        except Conflict as refusal:
            _refuse(refusal)
        out.print(f"{member.name} looks after {words.task(scheme)} now.", markup=False)


@click.command("remove-coordinator")
@click.argument("member_code", metavar="CODE")
@scheme_option
@bank_option
def remove_coordinator(member_code: str, scheme_name: str | None, bank_name: str | None) -> None:
    """Let somebody stop looking after the whole bank, or one scheme. They stay a member, and see no more than one at once."""
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        member, scheme = _member(session, bank, member_code), _scheme(session, bank, scheme_name)
        try:
            service.end_task(session, member=member, scheme_id=scheme.id if scheme else None, at=clock.now())
        except Conflict as refusal:
            _refuse(refusal)
        out.print(f"{member.name} looks after {words.task(scheme)} no more.", markup=False)


def _member(session: Session, bank: Bank, code: str) -> Member:
    found = members.find_with_code(session, bank.id, code)
    if found is None or found.status is MemberStatus.LEFT:
        refuse(f"Nobody in {bank.name} has the code {code}.")
    return found


def _scheme(session: Session, bank: Bank, name: str | None) -> BankScheme | None:
    if name is None:
        return None
    known = {scheme.name: scheme for scheme in schemes.list_schemes(session, bank.id)}
    if name not in known:
        refuse(f"There is no scheme called “{name}”. Known are: {', '.join(known)}.")
    return known[name]


def _refuse(refusal: Conflict) -> NoReturn:
    refuse(refusal.sentence, status=1)
