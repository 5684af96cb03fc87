"""Urgent help, for everybody; and for coordinators the days on which its numbers were checked."""

from uuid import uuid4

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.errors import Invalid, NotAllowed
from timebank.helplines import reads, service
from timebank.helplines.schemas import AddLineIn, CheckIn, TakeAwayIn
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.schemes import reads as schemes
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("helplines", __name__)


@bp.get("/urgent-help")
@allow("helplines.show")
def show() -> ResponseReturnValue:
    bank = asker().member.bank if asker() else members.find_bank(session())
    return render("helplines/urgent_help.html", numbers=reads.numbers(session(), bank, today=clock.today()))


@bp.get("/desk/helplines")
@allow("helplines.check")
def show_desk() -> ResponseReturnValue:
    return _desk(forms.empty(way="call", line_id=str(uuid4())))


@bp.post("/desk/helplines/checked")
@allow("helplines.check")
def check() -> ResponseReturnValue:
    form = forms.read(CheckIn())
    if form.errors:
        raise Invalid
    service.record_check(session(), coordinator=asker().member, today=clock.today(), at=clock.now(), **form.values)
    flash("Written down with today's date. Thank you for looking.", "success")
    return go_to(url_for("helplines.show_desk"))


@bp.post("/desk/helplines")
@allow("helplines.keep")
def add() -> ResponseReturnValue:
    coordinator, form = _bank_wide(), forms.read(AddLineIn())
    if form.errors:
        return _desk(form, status=422)
    service.add_line(session(), coordinator=coordinator, at=clock.now(), **form.values)
    flash("It stands on the page of urgent help now.", "success")
    return go_to(url_for("helplines.show_desk"))


@bp.post("/desk/helplines/take-away")
@allow("helplines.keep")
def take_away() -> ResponseReturnValue:
    coordinator, form = _bank_wide(), forms.read(TakeAwayIn())
    if form.errors:
        raise Invalid
    service.take_line_away(session(), line_id=form.values["line_id"], coordinator=coordinator, at=clock.now())
    flash("Taken off the page of urgent help.", "success")
    return go_to(url_for("helplines.show_desk"))


def _desk(form: forms.Form, *, status: int = 200) -> ResponseReturnValue:
    coordinator = asker().member
    found = reads.numbers(session(), coordinator.bank, today=clock.today())
    lines = [line for nation in (found.own, *found.others) for line in nation.lines]
    return render(
        "helplines/desk.html",
        status=status,
        numbers=found,
        names=members.names_of(session(), {line.checked_by for line in lines}),
        check_ids={line.key: str(uuid4()) for line in lines},
        form=form,
        may_add=schemes.coordinates(session(), coordinator, None),
        days=reads.ASK_AFTER_DAYS,
    )


def _bank_wide() -> Member:
    """What everybody in danger reads is kept by those who look after the whole bank."""
    coordinator = asker().member
    if not schemes.coordinates(session(), coordinator, None):
        raise NotAllowed
    return coordinator
