"""A coordinator's rounds: try, look over, set aside, send, call back."""

from uuid import UUID

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.audit import looking
from timebank.audit.models import Reason, Record
from timebank.matches import reads, service
from timebank.matches.models import Proposal, Round
from timebank.matches.schemas import SetAsideIn
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("matches", __name__, url_prefix="/rounds")


@bp.post("/try/<uuid:scheme_id>")
@allow("matches.run")
def run(scheme_id: UUID) -> ResponseReturnValue:
    tried = service.try_round(
        session(), scheme_id=scheme_id, coordinator=asker().member, on=clock.today(), at=clock.now()
    )
    return go_to(url_for("matches.show", round_id=tried.id))


@bp.get("/<uuid:round_id>")
@allow("matches.show")
def show(round_id: UUID) -> ResponseReturnValue:
    found = reads.get_round(session(), round_id, asker().member)
    return render("matches/show.html", view=_look(found))


@bp.post("/proposals/<uuid:proposal_id>/set-aside")
@allow("matches.set_aside")
def set_aside(proposal_id: UUID) -> ResponseReturnValue:
    form = forms.read(SetAsideIn())
    if form.errors:
        proposal = reads.get_proposal(session(), proposal_id, asker().member)
        return _proposal(proposal, form=form, status=422)
    return _proposal(
        service.set_aside(
            session(),
            proposal_id=proposal_id,
            coordinator=asker().member,
            note=form.values["note"],
            at=clock.now(),
        )
    )


@bp.post("/proposals/<uuid:proposal_id>/take-up-again")
@allow("matches.take_up_again")
def take_up_again(proposal_id: UUID) -> ResponseReturnValue:
    return _proposal(
        service.take_up_again(session(), proposal_id=proposal_id, coordinator=asker().member, at=clock.now())
    )


@bp.post("/<uuid:round_id>/send")
@allow("matches.send")
def send(round_id: UUID) -> ResponseReturnValue:
    sent = service.send_round(session(), round_id=round_id, coordinator=asker().member, at=clock.now())
    flash("Sent. Nobody is introduced until both have said yes.", "success")
    return go_to(url_for("matches.show", round_id=sent.id))


@bp.post("/<uuid:round_id>/call-back")
@allow("matches.call_back")
def call_back(round_id: UUID) -> ResponseReturnValue:
    service.call_back(session(), round_id=round_id, coordinator=asker().member, at=clock.now())
    flash("Called back. Nobody has seen it.", "success")
    return go_to(url_for("desk.show"))  # with nothing left to do there, the round itself would ask why one looks


def _look(round_: Round) -> reads.RoundView:
    view = reads.view(session(), round_, asker().member)
    task = Reason.OPEN_ROUND if view.is_open else None
    looking.look(asker().member, record=Record.ROUND, record_id=round_.id, task=task, at=clock.now())
    return view


def _proposal(proposal: Proposal, *, form: forms.Form | None = None, status: int = 200) -> ResponseReturnValue:
    return render(
        "matches/show.html",
        fragment="matches/_proposal.html",
        status=status,
        view=_look(proposal.round),
        proposal=proposal,
        asked=proposal.id,
        form=form or forms.empty(),
    )
