"""timebank safety-hold"""

from uuid import UUID

import rich_click as click
from sqlalchemy.orm import Session

from timebank import clock
from timebank.audit import service
from timebank.audit.models import LONGEST_HOLD_DAYS, HoldReason, SafetyHold
from timebank.console import bank_option, choose_bank, opened, out, refuse
from timebank.errors import Refusal
from timebank.members import reads as members
from timebank.members.codes import plain
from timebank.members.models import Bank, Member
from timebank.schemes import reads as schemes
from timebank.web.days import local_day


@click.group("safety-hold", context_settings={"help_option_names": ["-h", "--help"]})
def safety_hold() -> None:
    """For a while do not show somebody who looks at what is theirs, because a person could come to harm by it."""


@safety_hold.command("set")
@click.argument("code")
@bank_option
@click.option("--by", "by_code", required=True, metavar="CODE", help="The coordinator who answers for it.")
@click.option("--reason", required=True, type=click.Choice([reason.value for reason in HoldReason]))
@click.option("--days", required=True, type=click.IntRange(1, LONGEST_HOLD_DAYS), help="When it ends by itself.")
@click.option("--looker", "looker_code", metavar="CODE", help="Hide the looks of this person only, not everybody's.")
def set_one(*, code: str, bank_name: str | None, by_code: str, reason: str, days: int, looker_code: str | None) -> None:
    """Keep back, from now on, who looks at what is theirs; CODE is the member's. What was shown already stays.

    The hold is written down, cannot be made longer than 90 days, and when it ends the member reads everything, and
    that it is shown late for safety.
    """
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        by = find(session, bank, by_code)
        if not schemes.is_coordinator(session, by):
            refuse("Only somebody who looks after the bank, or a scheme of it, can answer for a safety hold.")
        try:
            hold = service.set_hold(
                session,
                about=find(session, bank, code),
                by=by,
                reason=HoldReason(reason),
                days=days,
                at=clock.now(),
                looker=find(session, bank, looker_code) if looker_code else None,
            )
        except Refusal as refused:
            refuse(refused.sentence)
    out.print(f"Set until {local_day(hold.until)}. To end it before: timebank safety-hold end {hold.id}", markup=False)


@safety_hold.command("end")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
def end_one(*, hold_id: UUID) -> None:
    """End a hold before its time. What it kept back is shown from now on."""
    with opened() as database, database.writing() as session:
        hold = session.get(SafetyHold, hold_id)
        if hold is None:
            refuse(f"There is no safety hold {hold_id} here. Its number was printed when it was set.")
        try:
            service.end_hold(session, hold=hold, at=clock.now())
        except Refusal as refused:
            refuse(refused.sentence)
    out.print("Ended.")


def find(session: Session, bank: Bank, code: str) -> Member:
    found = members.find_with_code(session, bank.id, code)
    if found is None:
        refuse(f"Nobody in {bank.name} has the code {plain(code)}.")
    return found
