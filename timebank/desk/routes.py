"""Adding people, giving them a code to begin with, and seeing what waits."""

from uuid import UUID, uuid4

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.audit import looking
from timebank.audit.models import Reason, Record
from timebank.contact import reads as contact
from timebank.desk import reads, service
from timebank.desk.schemas import AddMemberIn
from timebank.errors import NotAllowed
from timebank.helplines import reads as helplines
from timebank.hours import reads as hours
from timebank.matches import reads as matches
from timebank.members import reads as members
from timebank.members.codes import spoken
from timebank.members.models import Member
from timebank.members.names import LooksLikeAnother
from timebank.outbox import reads as outbox
from timebank.queries import reads as queries
from timebank.schemes import reads as schemes
from timebank.schemes import service as scheme_service
from timebank.signin import service as signin
from timebank.two_people import reads as two_people
from timebank.two_people.models import Kind
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("desk", __name__, url_prefix="/desk")


@bp.get("/")
@allow("desk.show")
def show() -> ResponseReturnValue:
    coordinator = asker().member
    waiting = hours.list_waiting_with_community(session(), coordinator)
    if waiting:
        looking.look(coordinator, record=Record.WAITING_HOURS, record_id=None, task=Reason.HOURS_WAIT, at=clock.now())
    return render(
        "desk/show.html",
        hours=waiting,
        names=members.names_of(session(), {log.giver_id or log.receiver_id for log in waiting}),
        queries=queries.views(session(), queries.list_open_to_settle(session(), coordinator), coordinator),
        schemes=schemes.list_coordinated(session(), coordinator),
        rounds=matches.list_latest(session(), coordinator),
        helplines=helplines.numbers(session(), coordinator.bank, today=clock.today()).to_look_at,
        is_bank_wide=schemes.coordinates(session(), coordinator, None),
        second=len(two_people.list_to_decide(session(), coordinator, at=clock.now())),
    )


@bp.get("/members")
@allow("desk.members")
def show_members() -> ResponseReturnValue:
    coordinator = _bank_wide()
    looking.look(coordinator, record=Record.MEMBERS, record_id=None, task=None, at=clock.now())
    return render("desk/members.html", members=members.list_members(session(), coordinator.bank_id))


@bp.get("/members/new")
@allow("desk.new_member")
def new_member() -> ResponseReturnValue:
    return _ask(forms.empty(side="both", member_id=str(uuid4())))


@bp.post("/members")
@allow("desk.add_member", fresh=True)
def add_member() -> ResponseReturnValue:
    coordinator = _bank_wide()
    form = forms.read(AddMemberIn())
    if form.errors:
        return _ask(form, status=422)
    chosen = [
        schemes.get_coordinated(session(), scheme_id=found, coordinator=coordinator) for found in form.values["schemes"]
    ]
    member_id = form.values["member_id"]
    try:
        scheme_service.refuse_look_alike(session(), bank=coordinator.bank, name=form.values["name"])
    except LooksLikeAnother as refusal:
        form.refuse("name", refusal.sentence)
        return _ask(form, status=422)
    if members.find_member(session(), coordinator.bank_id, member_id) is None:  # sent twice, they are added once
        service.add_member(
            session(),
            member_id=member_id,
            name=form.values["name"],
            schemes=chosen,
            side=form.values["side"],
            coordinator=coordinator,
            today=clock.today(),
            at=clock.now(),
        )
    return _show_code(member_id)


@bp.post("/members/<uuid:member_id>/code")
@allow("desk.add_member", fresh=True)
def give_code(member_id: UUID) -> ResponseReturnValue:
    return _show_code(member_id)


@bp.get("/members/<uuid:member_id>/lost-phone")
@allow("desk.sign_out_everywhere")
def show_lost_phone(member_id: UUID) -> ResponseReturnValue:
    return render("desk/lost_phone.html", member=members.get_member(session(), _bank_wide().bank_id, member_id))


@bp.post("/members/<uuid:member_id>/sign-out")
@allow("desk.sign_out_everywhere")
def sign_out_everywhere(member_id: UUID) -> ResponseReturnValue:
    """It gives nobody a way in, so one person is enough, also for those who look after others."""
    coordinator = _bank_wide()
    member = members.get_member(session(), coordinator.bank_id, member_id)
    service.sign_out_everywhere(session(), member=member, coordinator=coordinator, at=clock.now())
    flash(f"{member.name} is signed out everywhere. They read that it was you when they sign in next.", "success")
    return go_to(url_for("desk.show_members"))


@bp.get("/members/<uuid:member_id>/second-step")
@allow("desk.take_second_step_away")
def show_second_step(member_id: UUID) -> ResponseReturnValue:
    member = members.get_member(session(), _bank_wide().bank_id, member_id)
    if two_people.needs_two(session(), member):
        return _ask_a_second(member, Kind.TAKE_SECOND_STEP)
    return render("desk/second_step.html", member=member)


@bp.post("/members/<uuid:member_id>/second-step/take-away")
@allow("desk.take_second_step_away", fresh=True)
def take_second_step_away(member_id: UUID) -> ResponseReturnValue:
    coordinator = _bank_wide()
    member = members.get_member(session(), coordinator.bank_id, member_id)
    if two_people.needs_two(session(), member):
        return _ask_a_second(member, Kind.TAKE_SECOND_STEP)
    signin.take_second_step_away(session(), member=member, by=coordinator, at=clock.now())
    service.note_taking_away(session(), member=member, coordinator=coordinator, at=clock.now())
    flash(
        f"If {member.name} had a second step, it is gone. They read that you did it when they sign in next.", "success"
    )
    return go_to(url_for("desk.show_members"))


@bp.get("/members/<uuid:member_id>/how-to-reach")
@allow("desk.how_to_reach")
def how_to_reach(member_id: UUID) -> ResponseReturnValue:
    """What they want to be known before anybody calls or writes. The address itself stays with its owner."""
    coordinator = _bank_wide()
    member = members.get_member(session(), coordinator.bank_id, member_id)
    looking.look(coordinator, record=Record.MEMBER, record_id=member.id, about_id=member.id, task=None, at=clock.now())
    return render(
        "desk/how_to_reach.html",
        member=member,
        note=contact.find_note(session(), member.id),
        undelivered=outbox.find_undelivered(session(), member.id),
    )


def _show_code(member_id: UUID) -> ResponseReturnValue:
    """Shown once: what is stored cannot be read back. A code for somebody who looks after others takes two people."""
    coordinator = _bank_wide()
    member = members.get_member(session(), coordinator.bank_id, member_id)
    if two_people.needs_two(session(), member):
        return _ask_a_second(member, Kind.NEW_CODE)
    code = signin.issue_code(session(), member=member, issued_by=coordinator, at=clock.now())
    return render("desk/code.html", member=member, one_time_code=spoken(code))


def count_waiting() -> int:
    """For the navigation of whoever is signed in."""
    return reads.count_waiting(session(), asker().member, at=clock.now())


def _ask_a_second(member: Member, kind: Kind) -> ResponseReturnValue:
    return go_to(url_for("two_people.new", member_id=member.id, kind=kind.value))


def _ask(form: forms.Form, *, status: int = 200) -> ResponseReturnValue:
    return render(
        "desk/new_member.html", status=status, form=form, schemes=schemes.list_coordinated(session(), _bank_wide())
    )


def _bank_wide() -> Member:
    """Adding people is for those who look after the whole bank."""
    coordinator = asker().member
    if not schemes.coordinates(session(), coordinator, None):
        raise NotAllowed
    return coordinator
