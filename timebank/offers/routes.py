"""The plain list of offers and asks."""

from uuid import UUID, uuid4

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.offers import reads, service
from timebank.offers.schemas import PostOfferIn, ReplyIn
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("offers", __name__, url_prefix="/offers")


@bp.get("/")
@allow("offers.list")
def show_all() -> ResponseReturnValue:
    member = asker().member
    return render(
        "offers/list.html",
        offers=reads.list_open(session(), member),
        me=member,
        replied=reads.replied_to(session(), member),
        replies=reads.list_replies_waiting(session(), member),
    )


@bp.get("/new")
@allow("offers.new")
def new() -> ResponseReturnValue:
    return render("offers/new.html", form=forms.empty(offer_id=str(uuid4())))


@bp.post("/")
@allow("offers.post")
def post() -> ResponseReturnValue:
    form = forms.read(PostOfferIn())
    if form.errors:
        return render("offers/new.html", status=422, form=form)
    service.post_offer(session(), member=asker().member, at=clock.now(), **form.values)
    flash("Your words are on the list. You can take them off whenever you like.", "success")
    return go_to(url_for("offers.show_all"))


@bp.get("/<uuid:offer_id>/reply")
@allow("offers.reply")
def ask_reply(offer_id: UUID) -> ResponseReturnValue:
    return render("offers/reply.html", offer=reads.get_open(session(), offer_id, asker().member), form=forms.empty())


@bp.post("/<uuid:offer_id>/reply")
@allow("offers.reply")
def reply(offer_id: UUID) -> ResponseReturnValue:
    form = forms.read(ReplyIn())
    if form.errors:
        return render(
            "offers/reply.html", status=422, offer=reads.get_open(session(), offer_id, asker().member), form=form
        )
    service.reply(session(), offer_id=offer_id, member=asker().member, words=form.values["words"], at=clock.now())
    flash("Sent. You will see here when they have answered.", "success")
    return go_to(url_for("offers.show_all"))


@bp.post("/<uuid:offer_id>/close")
@allow("offers.close")
def close(offer_id: UUID) -> ResponseReturnValue:
    service.close_offer(session(), offer_id=offer_id, member=asker().member, at=clock.now())
    flash("Taken off the list.", "success")
    return go_to(url_for("offers.show_all"))


@bp.post("/replies/<uuid:reply_id>/accept")
@allow("offers.answer")
def accept(reply_id: UUID) -> ResponseReturnValue:
    found = service.answer_reply(session(), reply_id=reply_id, member=asker().member, yes=True, at=clock.now())
    flash(f"You and {found.member.name} know each other here now, and can log time together.", "success")
    return go_to(url_for("offers.show_all"))


@bp.post("/replies/<uuid:reply_id>/not-this-time")
@allow("offers.answer")
def not_this_time(reply_id: UUID) -> ResponseReturnValue:
    service.answer_reply(session(), reply_id=reply_id, member=asker().member, yes=False, at=clock.now())
    flash("Thank you for answering. They are not told why.", "success")
    return go_to(url_for("offers.show_all"))
