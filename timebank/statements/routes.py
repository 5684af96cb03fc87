"""The statement page: for its owner only."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from timebank.statements import reads
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import render

bp = Blueprint("statements", __name__, url_prefix="/statement")


@bp.get("/")
@allow("statements.show")
def show() -> ResponseReturnValue:
    before = request.args.get("before", type=int)
    page = reads.get_page(session(), asker().member, before=before if before and 0 < before < 2**53 else None)
    return render("statements/show.html", page=page, is_newest=before is None)
