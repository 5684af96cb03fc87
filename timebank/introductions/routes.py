"""A person's introductions, and their answers."""

from uuid import UUID

from flask import Blueprint
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.introductions import reads, service
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import render

bp = Blueprint("introductions", __name__, url_prefix="/introductions")


@bp.get("/")
@allow("introductions.list")
def show_all() -> ResponseReturnValue:
    member = asker().member
    views = reads.views(session(), reads.list_for_member(session(), member), member)
    return render("introductions/list.html", views=views)


@bp.get("/<uuid:introduction_id>")
@allow("introductions.show")
def show(introduction_id: UUID) -> ResponseReturnValue:
    introduction = reads.find_for_party(session(), introduction_id, asker().member)
    return render(
        "introductions/show.html",
        fragment="introductions/_card.html",
        view=reads.view(session(), introduction, asker().member),
    )


@bp.post("/<uuid:introduction_id>/accept")
@allow("introductions.accept")
def accept(introduction_id: UUID) -> ResponseReturnValue:
    return _answer(introduction_id, yes=True)


@bp.post("/<uuid:introduction_id>/not-this-time")
@allow("introductions.not_this_time")
def not_this_time(introduction_id: UUID) -> ResponseReturnValue:
    return _answer(introduction_id, yes=False)


def _answer(introduction_id: UUID, *, yes: bool) -> ResponseReturnValue:
    introduction = service.answer_introduction(
        session(), introduction_id=introduction_id, member=asker().member, yes=yes, at=clock.now()
    )
    return render(
        "introductions/show.html",
        fragment="introductions/_card.html",
        view=reads.view(session(), introduction, asker().member),
    )
