"""What is kept about me, all of it to take along, and leaving."""

from flask import Blueprint, Response, current_app
from flask import session as held
from flask.typing import ResponseReturnValue
from flask_security import logout_user

from timebank import clock
from timebank.record import files, reads, service
from timebank.record.register import PERSONAL
from timebank.record.schemas import LeaveIn
from timebank.record.words import TITLES, column
from timebank.web import edge, forms
from timebank.web.edge import database, session
from timebank.web.policy import allow, asker, forget_asker
from timebank.web.render import render

bp = Blueprint("record", __name__, url_prefix="/my-record")


@bp.get("/")
@allow("record.show")
def show() -> ResponseReturnValue:
    return render("record/show.html", kept=PERSONAL)


@bp.get("/all")
@allow("record.read", fresh=True)
def read_all() -> ResponseReturnValue:
    parts = reads.everything_about(session(), asker().member)
    return render("record/all.html", parts=parts, titles=TITLES, column=column)


@bp.get("/record.json")
@allow("record.take_along", fresh=True)
def as_json() -> ResponseReturnValue:
    parts = reads.everything_about(session(), asker().member)
    return _file(files.as_json(parts, at=clock.now()).encode(), name="record.json", kind="application/json")


@bp.get("/tables.zip")
@allow("record.take_along", fresh=True)
def as_tables() -> ResponseReturnValue:
    parts = reads.everything_about(session(), asker().member)
    return _file(files.as_tables(parts), name="tables.zip", kind="application/zip")


@bp.get("/leave")
@allow("record.ask_to_leave")
def ask_to_leave() -> ResponseReturnValue:
    return render("record/leave.html", form=forms.empty())


@bp.post("/leave")
@allow("record.leave", only_reads=True, fresh=True)
def leave() -> ResponseReturnValue:
    form = forms.read(LeaveIn())
    if form.errors:
        return render("record/leave.html", status=422, form=form)
    after, member_id, at = form.values["after"], asker().member.id, clock.now()
    edge.close()
    try:
        database().run_again(lambda writing: service.go(writing, member_id=member_id, after=after, at=at))
    except (service.OnlyCoordinator, service.StillLead) as refusal:
        form.refuse("after", refusal.sentence)
        return render("record/leave.html", status=refusal.status, form=form)
    logout_user()
    held.clear()
    forget_asker()
    answer = render("record/left.html", is_forgotten=after == "forget")
    answer.delete_cookie(current_app.config["TIMEBANK_DEVICE_COOKIE"], path="/")
    return answer


def _file(content: bytes, *, name: str, kind: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer
