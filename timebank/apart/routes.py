""" "Not with this person": a page that says what happens, one act, and the list of whom I chose."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.apart import reads, service
from timebank.apart.schemas import TakeBackIn
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.schemes import reads as schemes
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("apart", __name__, url_prefix="/apart")
NamedIn = Callable[..., Member]


@bp.get("/")
@allow("apart.list")
def show_all() -> ResponseReturnValue:
    return _list(forms.empty())


@bp.post("/take-back")
@allow("apart.take_back")
def take_back() -> ResponseReturnValue:
    form = forms.read(TakeBackIn())
    if form.errors:
        return _list(form, status=422)
    service.take_back(session(), member=asker().member, other_id=form.values["person"])
    flash("Taken back. What ended stays ended.", "success")
    return go_to(url_for("apart.show_all"))


@bp.get("/people/<uuid:relationship_id>")
@allow("apart.ask")
def ask_from_relationship(relationship_id: UUID) -> ResponseReturnValue:
    return _ask(reads.in_relationship, relationship_id)


@bp.post("/people/<uuid:relationship_id>")
@allow("apart.choose")
def choose_from_relationship(relationship_id: UUID) -> ResponseReturnValue:
    return _choose(reads.in_relationship, relationship_id)


@bp.get("/introductions/<uuid:introduction_id>")
@allow("apart.ask")
def ask_from_introduction(introduction_id: UUID) -> ResponseReturnValue:
    return _ask(reads.in_introduction, introduction_id)


@bp.post("/introductions/<uuid:introduction_id>")
@allow("apart.choose")
def choose_from_introduction(introduction_id: UUID) -> ResponseReturnValue:
    return _choose(reads.in_introduction, introduction_id)


@bp.get("/offers/<uuid:offer_id>")
@allow("apart.ask")
def ask_from_offer(offer_id: UUID) -> ResponseReturnValue:
    return _ask(reads.in_offer, offer_id)


@bp.post("/offers/<uuid:offer_id>")
@allow("apart.choose")
def choose_from_offer(offer_id: UUID) -> ResponseReturnValue:
    return _choose(reads.in_offer, offer_id)


@bp.get("/replies/<uuid:reply_id>")
@allow("apart.ask")
def ask_from_reply(reply_id: UUID) -> ResponseReturnValue:
    return _ask(reads.in_reply, reply_id)


@bp.post("/replies/<uuid:reply_id>")
@allow("apart.choose")
def choose_from_reply(reply_id: UUID) -> ResponseReturnValue:
    return _choose(reads.in_reply, reply_id)


@bp.get("/hours/<uuid:log_id>")
@allow("apart.ask")
def ask_from_hours(log_id: UUID) -> ResponseReturnValue:
    return _ask(reads.in_hours, log_id)


@bp.post("/hours/<uuid:log_id>")
@allow("apart.choose")
def choose_from_hours(log_id: UUID) -> ResponseReturnValue:
    return _choose(reads.in_hours, log_id)


def _ask(named_in: NamedIn, thing_id: UUID) -> ResponseReturnValue:
    """The form is sent to where the page itself was asked for. Who has chosen already finds it on their list."""
    other = named_in(session(), thing_id, asker().member)
    if members.has_chosen_apart(session(), asker().member.id, other.id):
        return go_to(url_for("apart.show_all"))
    return render("apart/ask.html", other=other, here=request.path, has_a_task=schemes.is_coordinator(session(), other))


def _choose(named_in: NamedIn, thing_id: UUID) -> ResponseReturnValue:
    member = asker().member
    service.choose(session(), member=member, other=named_in(session(), thing_id, member), at=clock.now())
    flash("Done. They are not told. You can take it back on your profile.", "success")
    return go_to(url_for("home.show"))


def _list(form: forms.Form, *, status: int = 200) -> ResponseReturnValue:
    return render(
        "apart/list.html", status=status, people=members.list_chosen_apart(session(), asker().member), form=form
    )
