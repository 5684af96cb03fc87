"""One's own page about being reached. An address, and the note for those who look after somebody, ask first who it is."""

from uuid import uuid4

from flask import Blueprint, Response, current_app, flash, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.consents.service import OtherWords
from timebank.contact import reads, service
from timebank.contact.schemas import ChooseIn, ConfirmIn, GiveAddressIn, NoteIn
from timebank.outbox import reads as outbox
from timebank.outbox.models import CodeNotRight
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("contact", __name__, url_prefix="/how-to-reach-me")


@bp.get("/")
@allow("contact.show")
def show() -> ResponseReturnValue:
    return _show(forms.empty())


@bp.get("/mail/address")
@allow("contact.give_address", fresh=True)
def new_address() -> ResponseReturnValue:
    return _ask_address(forms.empty(ask_id=str(uuid4())))


@bp.post("/mail/address")
@allow("contact.give_address", fresh=True)
def give_address() -> ResponseReturnValue:
    form = forms.read(GiveAddressIn())
    if form.errors:
        return _ask_address(form, status=422)
    try:
        service.give_address(
            session(),
            member=asker().member,
            address=form.values["address"],
            ask_id=form.values["ask_id"],
            at=clock.now(),
        )
    except service.ManyCodes as refusal:
        form.refuse("address", refusal.sentence)
        return _ask_address(form, status=refusal.status)
    flash("A message with a code is on its way. It may take some minutes.", "success")
    return go_to(url_for("contact.show"))


@bp.post("/mail/confirm")
@allow("contact.confirm")
def confirm() -> ResponseReturnValue:
    form = forms.read(ConfirmIn())
    service.check_one_waits(session(), member=asker().member)
    if form.errors:
        return _show(form, status=422)
    try:
        service.confirm_address(session(), member=asker().member, typed=form.values["code"], at=clock.now())
    except CodeNotRight as refusal:
        form.refuse("code", refusal.sentence)
        return _show(form, status=refusal.status)
    flash("This mail address is yours. Now choose what to be told by mail.", "success")
    return go_to(url_for("contact.show"))


@bp.post("/mail/choose")
@allow("contact.choose")
def choose() -> ResponseReturnValue:
    form = forms.read(ChooseIn())
    service.check_one_is_theirs(session(), member=asker().member)
    if form.errors:
        return _show(form, status=422)
    try:
        service.choose(session(), member=asker().member, at=clock.now(), **form.values)
    except OtherWords as refusal:
        flash(refusal.sentence, "problem")
        return _show(form, status=refusal.status)
    flash("Your choice is kept.", "success")
    return go_to(url_for("contact.show"))


@bp.post("/mail/remove")
@allow("contact.remove_address")
def remove_address() -> ResponseReturnValue:
    service.forget_address(session(), member=asker().member, at=clock.now())
    flash("Your mail address is gone from here. No more mail comes.", "success")
    return go_to(url_for("contact.show"))


@bp.get("/note")
@allow("contact.write_note", fresh=True)
def note() -> ResponseReturnValue:
    found = reads.find_note(session(), asker().member.id)
    return _ask_note(forms.empty(words=found.words if found else ""))


@bp.post("/note")
@allow("contact.write_note", fresh=True)
def write_note() -> ResponseReturnValue:
    form = forms.read(NoteIn())
    if form.errors:
        return _ask_note(form, status=422)
    service.write_note(session(), member=asker().member, words=form.values["words"], at=clock.now())
    flash("Your note is kept." if form.values["words"] else "There is no note now.", "success")
    return go_to(url_for("contact.show"))


def _show(form: forms.Form, *, status: int = 200) -> Response:
    member = asker().member
    return render(
        "contact/show.html",
        status=status,
        form=form,
        sends_mail=current_app.config["TIMEBANK_SENDS_MAIL"],
        mail=outbox.find_address(session(), member.id),
        wishes=outbox.wishes_of(session(), member.id),
        undelivered=outbox.find_undelivered(session(), member.id),
        agreement=service.agreement(),
        has_note=reads.find_note(session(), member.id) is not None,
    )


def _ask_address(form: forms.Form, *, status: int = 200) -> Response:
    sends = current_app.config["TIMEBANK_SENDS_MAIL"]
    return render("contact/address.html", status=status, form=form, sends_mail=sends)


def _ask_note(form: forms.Form, *, status: int = 200) -> Response:
    return render("contact/note.html", status=status, form=form)
