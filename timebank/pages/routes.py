"""Pages that belong to nobody, and the ways out."""

import importlib.resources

from flask import Blueprint, Response, jsonify, make_response, redirect, request, send_file
from flask import session as held
from flask.typing import ResponseReturnValue
from flask_security import logout_user
from sqlalchemy import text

from timebank.members import reads as members
from timebank.members.models import Bank
from timebank.pages.source import source_zip
from timebank.web.edge import session
from timebank.web.policy import allow, asker

bp = Blueprint("pages", __name__)


@bp.get("/health")
@allow("pages.health")
def health() -> ResponseReturnValue:
    """For monitors: says only whether the bank answers and its database can be read."""
    session().execute(text("SELECT 1"))
    return jsonify(status="ok")


@bp.post("/leave-now")
@allow("pages.leave_now", only_reads=True)
def leave_now() -> ResponseReturnValue:
    """Ends the sign-in on the server and opens another site. It works without a token: it must never fail."""
    target = exit_url()
    logout_user()
    held.clear()
    answer = Response(status=204) if "beacon" in request.form else make_response(redirect(target, code=303))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@bp.get("/htmx.min.js")
@allow("pages.htmx")
def htmx() -> Response:
    """htmx is served from its installed package; nothing of others' lies in this repository."""
    script = importlib.resources.files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js"
    return send_file(str(script), mimetype="text/javascript", max_age=60 * 60 * 24)


@bp.get("/source-code.zip")
@allow("pages.source_code")
def source_code() -> Response:
    return Response(
        source_zip(),
        mimetype="application/zip",
        headers={"Content-Disposition": "attachment; filename=source-code.zip"},
    )


def current_bank() -> Bank | None:
    """The bank of whoever is signed in; for strangers the only bank there is, if there is only one."""
    return asker().member.bank if asker() else members.find_bank(session())


def exit_url() -> str:
    bank = current_bank()
    return bank.exit_url if bank else "https://www.bbc.co.uk/weather"
