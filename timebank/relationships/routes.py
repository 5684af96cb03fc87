"""The people I know here, and those I knew: finishing together."""

from uuid import UUID

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.relationships import reads, service
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("relationships", __name__, url_prefix="/people")


@bp.get("/")
@allow("relationships.list")
def show_all() -> ResponseReturnValue:
    member = asker().member
    return render(
        "relationships/list.html",
        me=member,
        live=reads.list_live(session(), member.id),
        past=reads.list_past(session(), member),
    )


@bp.get("/<uuid:relationship_id>")
@allow("relationships.list")
def show(relationship_id: UUID) -> ResponseReturnValue:
    found = reads.get_for_party(session(), relationship_id, asker().member)
    return render("relationships/show.html", relationship=found, partner=found.partner_of(asker().member))


@bp.post("/<uuid:relationship_id>/end")
@allow("relationships.end")
def end(relationship_id: UUID) -> ResponseReturnValue:
    service.end(session(), relationship_id=relationship_id, member=asker().member, at=clock.now())
    flash("Finished. Your hours stay as they are. Thank you for the time you gave each other.", "success")
    return go_to(url_for("home.show"))
