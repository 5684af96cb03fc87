"""What waits for me, and the few things I come here to do."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.hours import reads as hours
from timebank.introductions import reads as introductions
from timebank.members.codes import spoken
from timebank.offers import reads as offers
from timebank.profiles import reads as profiles
from timebank.queries import reads as queries
from timebank.relationships import reads as relationships
from timebank.schemes import reads as schemes
from timebank.statements import reads as statements
from timebank.two_people import reads as two_people
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import render

bp = Blueprint("home", __name__)


@bp.get("/")
@allow("home.show")
def show() -> ResponseReturnValue:
    member = asker().member
    waiting = hours.list_waiting(session(), member)
    return render(
        "home/show.html",
        member=member,
        code=spoken(member.code),
        to_confirm=[view for view in waiting if view.waits_for_me],
        asked_about_me=two_people.count_about(session(), member, at=clock.now()),
        waiting_for_others=[view for view in waiting if view.is_waiting and not view.waits_for_me],
        introductions=introductions.list_waiting(session(), member),
        replies=offers.list_replies_waiting(session(), member),
        queries=queries.views(session(), queries.list_open_for_member(session(), member), member),
        relationships=relationships.list_live(session(), member.id),
        parts=schemes.list_parts(session(), member.id),
        is_asked=bool(profiles.still_asked(session(), member)),
        balance=statements.get_balance(session(), member),
    )
