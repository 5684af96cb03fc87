""" "Let’s check this hour": asking, telling, settling, reading the outcome."""

from uuid import UUID

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.audit import looking
from timebank.audit.models import Reason, Record
from timebank.hours import reads as hours
from timebank.queries import reads, service
from timebank.queries.models import AlreadySettled, Query
from timebank.queries.schemas import OpenQueryIn, SettleIn, TellIn
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("queries", __name__, url_prefix="/queries")


@bp.get("/")
@allow("queries.list")
def show_all() -> ResponseReturnValue:
    views = reads.views(session(), reads.list_for_member(session(), asker().member), asker().member)
    return render("queries/list.html", views=views)


@bp.get("/new/<uuid:log_id>")
@allow("queries.new")
def new(log_id: UUID) -> ResponseReturnValue:
    return _ask(log_id, forms.empty())


@bp.post("/new/<uuid:log_id>")
@allow("queries.open")
def open_one(log_id: UUID) -> ResponseReturnValue:
    form = forms.read(OpenQueryIn())
    if form.errors:
        return _ask(log_id, form, status=422)
    query = service.open_query(
        session(),
        log_id=log_id,
        member=asker().member,
        matter=form.values["matter"],
        words=form.values["words"],
        at=clock.now(),
    )
    return go_to(url_for("queries.show", query_id=query.id))


@bp.get("/<uuid:query_id>")
@allow("queries.show")
def show(query_id: UUID) -> ResponseReturnValue:
    return _show(reads.get_to_read(session(), query_id, asker().member))


@bp.post("/<uuid:query_id>/tell")
@allow("queries.tell")
def tell(query_id: UUID) -> ResponseReturnValue:
    form = forms.read(TellIn())
    if form.errors:
        query = reads.get_for_party(session(), query_id, asker().member)
        if not query.is_open:
            raise AlreadySettled  # on its page is no form any more in which the words could stand
        return _show(query, telling=form, status=422)
    query = service.tell(
        session(), query_id=query_id, member=asker().member, words=form.values["words"], at=clock.now()
    )
    return _show(query)


@bp.post("/<uuid:query_id>/settle")
@allow("queries.settle")
def settle(query_id: UUID) -> ResponseReturnValue:
    form = forms.read(SettleIn())
    if not form.errors:
        try:
            query = service.settle_query(
                session(),
                query_id=query_id,
                coordinator=asker().member,
                outcome=form.values["outcome"],
                minutes=form.values["length"],
                words=form.values["words"],
                at=clock.now(),
            )
        except service.LengthNeeded as refusal:
            form.refuse("length", refusal.sentence)
        except service.NoSecondPerson as refusal:
            form.refuse("outcome", refusal.sentence)
        else:
            return _show(query, was_open=True)
    # The refused decision left its mark on the object: what is shown again is what the database holds.
    session().rollback()
    return _show(reads.get_to_read(session(), query_id, asker().member), decision=form, status=422)


def _ask(log_id: UUID, form: forms.Form, *, status: int = 200) -> ResponseReturnValue:
    log = hours.get_for_party(session(), log_id, asker().member)
    return render("queries/new.html", status=status, form=form, view=hours.view(session(), log, asker().member))


def _show(
    query: Query,
    *,
    telling: forms.Form | None = None,
    decision: forms.Form | None = None,
    was_open: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    member = asker().member
    if not query.log.is_party(member.id):
        task = Reason.OPEN_CHECK if query.is_open or was_open else None
        looking.look(member, record=Record.CHECK, record_id=query.id, task=task, at=clock.now())
    view = reads.view(session(), query, member)
    return render(
        "queries/show.html",
        fragment="queries/_card.html",
        status=status,
        view=view,
        telling=telling or forms.empty(words=view.my_words),
        decision=decision or forms.empty(),
    )
