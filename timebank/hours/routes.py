"""Logging hours, and answering what somebody else logged."""

from uuid import UUID, uuid4

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from ledger.minutes import show as show_length
from timebank import clock
from timebank.hours import reads, service
from timebank.hours.models import HourLog
from timebank.hours.schemas import CODE, COMMUNITY, ChangeHoursIn, LogHoursIn
from timebank.signin.entering import came_by_code_of
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("hours", __name__, url_prefix="/hours")


@bp.get("/")
@allow("hours.list")
def show_all() -> ResponseReturnValue:
    member = asker().member
    return render(
        "hours/list.html",
        waiting=reads.list_waiting(session(), member),
        settled=reads.list_for_member(session(), member, states=[reads.POSTED, reads.RELEASED], limit=20),
    )


@bp.get("/new")
@allow("hours.new")
def new() -> ResponseReturnValue:
    form = forms.empty(log_id=str(uuid4()), happened_on=clock.today().isoformat())
    return _ask(form)


@bp.post("/")
@allow("hours.log")
def log() -> ResponseReturnValue:
    form = forms.read(LogHoursIn(today=clock.today()))
    if form.errors:
        return _ask(form, status=422)
    try:
        _log(form)
    except (service.MayBeTwice, service.ManyHours) as refusal:
        return _ask(form, status=409, question=refusal.sentence)
    except service.NobodyWithThatCode as refusal:
        form.refuse("code" if form.values["partner"] == CODE else "partner", refusal.sentence)
        return _ask(form, status=422)
    except service.TooManyHours as refusal:
        form.refuse("length", refusal.sentence)
        return _ask(form, status=422)
    flash(f"{show_length(form.values['length'])} is logged. It counts once the other side has confirmed it.", "success")
    return go_to(url_for("hours.show_all"))


@bp.get("/<uuid:log_id>")
@allow("hours.show")
def show(log_id: UUID) -> ResponseReturnValue:
    found = reads.get_for_party(session(), log_id, asker().member)
    return _card(found)


@bp.post("/<uuid:log_id>/confirm")
@allow("hours.confirm")
def confirm(log_id: UUID) -> ResponseReturnValue:
    log = service.confirm_hours(
        session(), log_id=log_id, member=asker().member, at=clock.now(), code_of=came_by_code_of()
    )
    if log.is_with_community:
        flash("Thank you. These hours are confirmed.", "success")
        return go_to(url_for("desk.show"))
    return _card(log)


@bp.get("/<uuid:log_id>/change")
@allow("hours.change")
def ask_change(log_id: UUID) -> ResponseReturnValue:
    view = reads.view(session(), reads.get_for_party(session(), log_id, asker().member), asker().member)
    return render(
        "hours/change.html", form=forms.empty(log_id=str(uuid4()), length=show_length(view.minutes)), view=view
    )


@bp.post("/<uuid:log_id>/change")
@allow("hours.change")
def change(log_id: UUID) -> ResponseReturnValue:
    form = forms.read(ChangeHoursIn())
    if form.errors:
        return _ask_change(log_id, form)
    try:
        service.change_hours(
            session(),
            log_id=log_id,
            new_log_id=form.values["log_id"],
            member=asker().member,
            minutes=form.values["length"],
            at=clock.now(),
            code_of=came_by_code_of(),
        )
    except service.TooManyHours as refusal:
        session().rollback()  # the old hours were already let go in this act: nothing half-done stays
        form.refuse("length", refusal.sentence)
        return _ask_change(log_id, form)
    flash(
        f"Changed to {show_length(form.values['length'])}. The other person is asked whether that is right.", "success"
    )
    return go_to(url_for("hours.show_all"))


@bp.post("/<uuid:log_id>/take-back")
@allow("hours.take_back")
def take_back(log_id: UUID) -> ResponseReturnValue:
    return _card(service.take_back(session(), log_id=log_id, member=asker().member, at=clock.now()))


def _log(form: forms.Form) -> HourLog:
    member, said = asker().member, form.values
    partner = None
    if said["partner"] != COMMUNITY:
        known_id = said["partner"] if isinstance(said["partner"], UUID) else None
        partner = service.find_partner(session(), member=member, partner_id=known_id, code=said["code"])
        service.refuse_with_code_of(came_by_code_of(), partner.id)
    return service.log_hours(
        session(),
        log_id=said["log_id"],
        member=member,
        partner=partner,
        is_given=said["direction"] == "given",
        minutes=said["length"],
        happened_on=said["happened_on"],
        words=said["words"],
        at=clock.now(),
        by_code=said["partner"] == CODE,
        is_sure=said["sure"],
        scheme_id=service.scheme_between(session(), member, partner),
    )


def _ask(form: forms.Form, *, status: int = 200, question: str = "") -> ResponseReturnValue:
    return render(
        "hours/new.html",
        fragment="hours/_form.html",
        status=status,
        form=form,
        question=question,
        known=reads.list_known(session(), asker().member),
        today=clock.today(),
    )


def _ask_change(log_id: UUID, form: forms.Form) -> ResponseReturnValue:
    view = reads.view(session(), reads.get_for_party(session(), log_id, asker().member), asker().member)
    return render("hours/change.html", status=422, form=form, view=view)


def _card(log: HourLog) -> ResponseReturnValue:
    return render("hours/show.html", fragment="hours/_card.html", view=reads.view(session(), log, asker().member))
