"""Saying why one needs to look, where no task says it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.audit import looking
from timebank.audit.models import Record
from timebank.audit.schemas import SayWhyIn, WhatIn
from timebank.errors import NotFound
from timebank.web import forms
from timebank.web.policy import allow
from timebank.web.render import go_to

bp = Blueprint("audit", __name__, url_prefix="/why")


@bp.post("/")
@allow("audit.say_why")
def say_why() -> ResponseReturnValue:
    """Whether they may look at all is asked there, not here."""
    what, form = forms.read(WhatIn()), forms.read(SayWhyIn())
    if what.errors:
        raise NotFound
    record, record_id = what.values["record"], what.values["record_id"]
    if (record is Record.MEMBERS) is not (record_id is None):
        raise NotFound
    if form.errors:
        return looking.ask(record, record_id, form=form, status=422)
    looking.keep_reason(record, record_id, form.values["reason"], at=clock.now())
    return go_to(looking.page_of(record, record_id))
