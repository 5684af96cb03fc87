"""Adding people, giving them a code to begin with, and seeing what waits."""

from uuid import UUID, uuid4

from flask import Blueprint
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.desk.schemas import AddMemberIn
from timebank.errors import NotAllowed
from timebank.hours import reads as hours
from timebank.matches import reads as matches
from timebank.members import reads as members
from timebank.members import service as member_service
from timebank.members.codes import spoken
from timebank.members.models import Member
from timebank.queries import reads as queries
from timebank.schemes import reads as schemes
from timebank.schemes import service as scheme_service
from timebank.signin import service as signin
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import render

bp = Blueprint("desk", __name__, url_prefix="/desk")


@bp.get("/")
@allow("desk.show")
def show() -> ResponseReturnValue:
    coordinator = asker().member
    waiting = hours.list_waiting_with_community(session(), coordinator)
    return render(
        "desk/show.html",
        hours=waiting,
        names=members.names_of(session(), {log.giver_id or log.receiver_id for log in waiting}),
        queries=queries.views(session(), queries.list_open_to_settle(session(), coordinator), coordinator),
        schemes=schemes.list_coordinated(session(), coordinator),
        rounds=matches.list_latest(session(), coordinator),
    )


@bp.get("/members")
@allow("desk.members")
def show_members() -> ResponseReturnValue:
    return render("desk/members.html", members=members.list_members(session(), _bank_wide().bank_id))


@bp.get("/members/new")
@allow("desk.members")
def new_member() -> ResponseReturnValue:
    return _ask(forms.empty(side="both", member_id=str(uuid4())))


@bp.post("/members")
@allow("desk.add_member")
def add_member() -> ResponseReturnValue:
    coordinator = _bank_wide()
    form = forms.read(AddMemberIn())
    if form.errors:
        return _ask(form, status=422)
    chosen = [
        schemes.get_coordinated(session(), scheme_id=found, coordinator=coordinator) for found in form.values["schemes"]
    ]
    member_id = form.values["member_id"]
    if members.find_member(session(), coordinator.bank_id, member_id) is None:  # sent twice, they are added once
        member = member_service.add_member(
            session(), member_id=member_id, bank=coordinator.bank, name=form.values["name"], joined_on=clock.today()
        )
        for scheme in chosen:
            scheme_service.join(session(), member=member, scheme=scheme, side=form.values["side"], on=clock.today())
    return _show_code(member_id)


@bp.post("/members/<uuid:member_id>/code")
@allow("desk.add_member")
def give_code(member_id: UUID) -> ResponseReturnValue:
    return _show_code(member_id)


def _show_code(member_id: UUID) -> ResponseReturnValue:
    """Shown once: what is stored cannot be read back."""
    coordinator = _bank_wide()
    member = members.get_member(session(), coordinator.bank_id, member_id)
    code = signin.issue_code(session(), member=member, issued_by=coordinator, at=clock.now())
    return render("desk/code.html", member=member, one_time_code=spoken(code))


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
