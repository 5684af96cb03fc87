"""Asking for a weighty act, deciding about it, and doing it in the very moment of the yes.

All of it happens one after the other in a bank (`_one_at_a_time`): who may ask and who may decide is looked at once nobody
else can change it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.audit import service as audit
from timebank.audit.models import Act, Actor, Record
from timebank.errors import Conflict, NotFound
from timebank.members import reads as members
from timebank.members.models import Bank, Member, MemberStatus
from timebank.schemes import reads as schemes
from timebank.schemes import service as scheme_service
from timebank.schemes.models import BankScheme
from timebank.signin import events
from timebank.signin import service as signin
from timebank.signin.models import What
from timebank.two_people import reads
from timebank.two_people.models import TASKS, WAITS_FOR, Kind, State, WeightyAct

LONGEST_ABOUT = 60  # of a line about somebody's sign-in
SAYS = {
    Kind.NEW_CODE: "a new code for you to sign in with",
    Kind.TAKE_SECOND_STEP: "your second step is taken away",
    Kind.MAKE_COORDINATOR: "you look after {}",
    Kind.END_COORDINATOR: "you no longer look after {}",
}


class ForOneself(Conflict):
    """You cannot ask for this for yourself. Please ask another coordinator."""


class HasLeft(Conflict):
    """This person has left, so this can no longer be done."""


class OneIsEnough(Conflict):
    """This person looks after nobody, so you can do this alone: on the page with all members."""


class NeverCameIn(Conflict):
    """They have never signed in. Give them a code first. Once they have signed in themselves, ask again."""


class DoesSoAlready(Conflict):
    """They look after that already."""


class DoesNot(Conflict):
    """They do not look after that, or no longer."""


class OnlyOneLeft(Conflict):
    """Nobody else looks after the whole time bank. Please name somebody else first; then this one can stop."""


class AlreadyAsked(Conflict):
    """This was asked for already, and waits for a second person."""


class NobodyElse(Conflict):
    """Nobody else here may agree to this, so it cannot be asked for. Whoever runs the computer of the time bank can do it."""


class NoLongerStands(Conflict):
    """Whoever asked for this does not look after the time bank any more, or the person has left. So nothing was done."""


def ask(
    session: Session,
    *,
    act_id: UUID,
    kind: Kind,
    about_id: UUID,
    scheme_id: UUID | None,
    reason: str,
    asker: Member,
    at: datetime,
) -> WeightyAct:
    """The same form asks once. Raises NotFound for who may not ask, and the refusals above."""
    _one_at_a_time(session, asker.bank_id)
    if reads.is_there(session, act_id):
        return reads.get_asked_by(session, act_id, asker)
    if not schemes.coordinates(session, asker, None):
        raise NotFound
    about = members.get_member(session, asker.bank_id, about_id)
    session.refresh(about, ["status"])
    let_run_out(session, bank_id=asker.bank_id, at=at)
    scheme = _scheme(session, asker, scheme_id) if kind in TASKS else None
    _check_makes_sense(session, kind=kind, about=about, scheme=scheme, asker=asker)
    act = WeightyAct(
        id=act_id,
        bank_id=asker.bank_id,
        kind=kind,
        about_id=about.id,
        scheme_id=scheme.id if scheme else None,
        asked_by=asker.id,
        asked_at=at,
        runs_out_at=at + WAITS_FOR,
        state=State.WAITING,
    )
    act.reason = reason
    session.add(act)
    session.flush()
    _tell(session, act, What.SECOND_ASKED, by=asker, at=at)
    _note(session, act, Act.ASKED_FOR_A_SECOND, by=asker.id, at=at)
    return act


def agree(session: Session, *, act_id: UUID, decider: Member, at: datetime) -> tuple[WeightyAct, str | None]:
    """And it is done, in this very act. With the code, where it is one: shown once, to whoever agreed."""
    _one_at_a_time(session, decider.bank_id)
    act = reads.get_to_decide(session, act_id, decider)
    act.agree(by=decider.id, at=at)
    asker, about = (session.get_one(Member, one, populate_existing=True) for one in (act.asked_by, act.about_id))
    if not schemes.coordinates(session, asker, None) or about.status is MemberStatus.LEFT:
        raise NoLongerStands
    session.flush()
    _tell(session, act, What.SECOND_AGREED, by=decider, at=at)
    code = _carry_out(session, act, about=about, decider=decider, at=at)
    _note(session, act, Act.AGREED_AS_SECOND, by=decider.id, at=at)
    return act, code


def decline(session: Session, *, act_id: UUID, decider: Member, at: datetime) -> WeightyAct:
    _one_at_a_time(session, decider.bank_id)
    act = reads.get_to_decide(session, act_id, decider)
    act.decline(by=decider.id, at=at)
    return _ended(session, act, Act.DECLINED_AS_SECOND, by=decider, at=at)


def say_no(session: Session, *, act_id: UUID, member: Member, at: datetime) -> WeightyAct:
    """By the person whom it is about: one press, no reason."""
    _one_at_a_time(session, member.bank_id)
    act = reads.get_about(session, act_id, member)
    act.say_no(at=at)
    return _ended(session, act, Act.SAID_NO, by=member, at=at)


def take_back(session: Session, *, act_id: UUID, asker: Member, at: datetime) -> WeightyAct:
    _one_at_a_time(session, asker.bank_id)
    act = reads.get_asked_by(session, act_id, asker)
    act.take_back(at=at)
    return _ended(session, act, Act.TOOK_ASKING_BACK, by=asker, at=at)


def stop(session: Session, *, member: Member, scheme_id: UUID | None, at: datetime) -> None:
    """To look after something: nobody has to agree. Raises OnlyOneLeft, DoesNot."""
    _one_at_a_time(session, member.bank_id)
    _end_task(session, member, scheme_id, by=member.id, at=at)


def let_run_out(session: Session, *, bank_id: UUID, at: datetime) -> int:
    """What is over: in time, or because whoever asked may not ask any more. How many."""
    _one_at_a_time(session, bank_id)
    over = reads.list_lapsing(session, bank_id, at=at)
    for act in over:
        act.run_out(at=at)
        _ended(session, act, Act.LET_RUN_OUT, by=None, at=at)
    return len(over)


def let_all_run_out(session: Session, *, at: datetime) -> int:
    """In every bank, for the work that goes on beside the pages."""
    return sum(let_run_out(session, bank_id=bank.id, at=at) for bank in members.list_banks(session))


def end_with_leaver(session: Session, *, member: Member, at: datetime) -> None:
    """Whoever leaves asks for nothing any more, and nothing is decided about them."""
    for act in reads.list_waiting_of(session, member):
        act.run_out(at=at)
        _ended(session, act, Act.LET_RUN_OUT, by=None, at=at)


def _one_at_a_time(session: Session, bank_id: UUID) -> None:
    """As the trail does; on SQLite one writes at a time anyway."""
    session.execute(select(Bank.id).where(Bank.id == bank_id).with_for_update(key_share=True))


def _scheme(session: Session, asker: Member, scheme_id: UUID | None) -> BankScheme | None:
    return schemes.get_coordinated(session, scheme_id=scheme_id, coordinator=asker) if scheme_id else None


def _check_makes_sense(
    session: Session, *, kind: Kind, about: Member, scheme: BankScheme | None, asker: Member
) -> None:
    if about.id == asker.id:
        raise ForOneself
    if about.status is MemberStatus.LEFT:
        raise HasLeft
    if kind in TASKS:
        _check_task(session, kind=kind, about=about, scheme_id=scheme.id if scheme else None)
    elif not reads.needs_two(session, about):
        raise OneIsEnough
    if reads.find_waiting(session, about_id=about.id, kind=kind) is not None:
        raise AlreadyAsked
    if not reads.list_deciders(session, about=about, asked_by=asker):
        raise NobodyElse


def _check_task(session: Session, *, kind: Kind, about: Member, scheme_id: UUID | None) -> None:
    does = scheme_id in schemes.coordinated_ids(session, about)
    if kind is Kind.END_COORDINATOR:
        if not does:
            raise DoesNot
        if scheme_id is None and reads.is_last(session, about):
            raise OnlyOneLeft
    elif does:
        raise DoesSoAlready
    elif not reads.has_sign_in(session, about):
        # Whoever never came in is nobody but a name: the code that lets them in would be one person's to use.
        raise NeverCameIn


def _carry_out(session: Session, act: WeightyAct, *, about: Member, decider: Member, at: datetime) -> str | None:
    match act.kind:
        case Kind.NEW_CODE:
            return signin.issue_code(session, member=about, issued_by=decider, at=at)
        case Kind.TAKE_SECOND_STEP:
            signin.take_second_step_away(session, member=about, by=decider, at=at)
            _note_about(session, about, Act.TOOK_SECOND_STEP, by=decider.id, at=at)
        case Kind.MAKE_COORDINATOR:
            give_task(session, member=about, scheme_id=act.scheme_id, by=decider.id, at=at)
        case Kind.END_COORDINATOR:
            _end_task(session, about, act.scheme_id, by=decider.id, at=at)
    return None


def give_task(session: Session, *, member: Member, scheme_id: UUID | None, by: UUID | Actor, at: datetime) -> None:
    """A code that one person made for them while they looked after nothing would open all that they see now: it ends.

    Raises DoesSoAlready, NeverCameIn.
    """
    _one_at_a_time(session, member.bank_id)
    _check_task(session, kind=Kind.MAKE_COORDINATOR, about=member, scheme_id=scheme_id)
    signin.end_codes(session, member=member, at=at)
    scheme = session.get_one(BankScheme, scheme_id) if scheme_id else None
    scheme_service.make_coordinator(session, member=member, scheme=scheme)
    _note_about(session, member, Act.MADE_COORDINATOR, by=by, at=at)


def _end_task(session: Session, member: Member, scheme_id: UUID | None, *, by: UUID | Actor, at: datetime) -> None:
    """At once, also what they asked for as a coordinator of the bank."""
    _check_task(session, kind=Kind.END_COORDINATOR, about=member, scheme_id=scheme_id)
    scheme_service.end_coordinator(session, member=member, scheme_id=scheme_id)
    let_run_out(session, bank_id=member.bank_id, at=at)
    _note_about(session, member, Act.ENDED_COORDINATOR, by=by, at=at)


def end_task(session: Session, *, member: Member, scheme_id: UUID | None, at: datetime) -> None:
    """By whoever runs the computer. Raises OnlyOneLeft, DoesNot."""
    _one_at_a_time(session, member.bank_id)
    _end_task(session, member, scheme_id, by=Actor.COMMAND_LINE, at=at)


def _ended(session: Session, act: WeightyAct, noted: Act, *, by: Member | None, at: datetime) -> WeightyAct:
    """And not done."""
    session.flush()
    _tell(session, act, What.SECOND_NO, by=by, at=at)
    _note(session, act, noted, by=by.id if by else Actor.SYSTEM, at=at)
    return act


def _tell(session: Session, act: WeightyAct, what: What, *, by: Member | None, at: datetime) -> None:
    scheme = session.get_one(BankScheme, act.scheme_id).name if act.scheme_id else "the whole time bank"
    about = SAYS[act.kind].format(scheme)[:LONGEST_ABOUT]
    events.note(session, what, member=session.get_one(Member, act.about_id), by=by, at=at, about=about)


def _note(session: Session, act: WeightyAct, noted: Act, *, by: UUID | Actor, at: datetime) -> None:
    """Each once for each act: its own number is the key."""
    audit.note(
        session,
        bank_id=act.bank_id,
        by=by,
        act=noted,
        record=Record.WEIGHTY_ACT,
        record_id=act.id,
        about_id=act.about_id,
        at=at,
        key=act.id,
    )


def _note_about(session: Session, member: Member, noted: Act, *, by: UUID | Actor, at: datetime) -> None:
    audit.note(
        session,
        bank_id=member.bank_id,
        by=by,
        act=noted,
        record=Record.MEMBER,
        record_id=member.id,
        about_id=member.id,
        at=at,
    )
