"""The people I know here: ending, and "not with this person"."""

from uuid import UUID

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.relationships import reads, service
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("relationships", __name__, url_prefix="/people")


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


@bp.post("/<uuid:relationship_id>/not-with")
@allow("relationships.keep_apart")
def keep_apart(relationship_id: UUID) -> ResponseReturnValue:
    """Silent and at once: it ends what there is, and the two are never brought together again."""
    member = asker().member
    found = reads.get_for_party(session(), relationship_id, member)
    service.part(session(), member=member, other=found.partner_of(member), at=clock.now())
    flash("Done. They are not told, and we will not bring you together again.", "success")
    return go_to(url_for("home.show"))
