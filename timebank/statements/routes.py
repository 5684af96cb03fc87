"""The statement page: for its owner only."""

import json
from uuid import UUID

from flask import Blueprint, make_response, request
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


@bp.get("/proof-slips/<uuid:transfer_id>")
@allow("statements.prove")
def prove(transfer_id: UUID) -> ResponseReturnValue:
    """A file for the member to keep; docs/check_a_proof.py reads it. Its name says nothing about what it is of."""
    proof = reads.prove(session(), asker().member, transfer_id)
    answer = make_response(json.dumps(proof.as_data(), indent=1) + "\n")
    answer.mimetype = "application/json"
    answer.headers["Content-Disposition"] = 'attachment; filename="slip.json"'
    return answer
