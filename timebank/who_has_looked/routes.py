"""Who has looked: for its owner only, as a page and as a file."""

from flask import Blueprint, make_response, request
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.clock import LONDON
from timebank.exports.formats import csv_line
from timebank.schemes import reads as schemes
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import render
from timebank.who_has_looked import reads, words

bp = Blueprint("who_has_looked", __name__, url_prefix="/who-has-looked")
HEADER = ("day", "who", "what", "why", "shown late for safety")


@bp.get("/")
@allow("who_has_looked.show")
def show() -> ResponseReturnValue:
    before = request.args.get("before", type=int)
    place = before if before and 0 < before < 2**53 else None
    page = reads.get_page(session(), asker().member, at=clock.now(), before=place)
    return render("who_has_looked/show.html", page=page, tell=words, is_newest=place is None)


@bp.get("/file")
@allow("who_has_looked.show")
def file() -> ResponseReturnValue:
    """Its name says nothing about what it is of."""
    member = asker().member
    called = schemes.words_of(session(), member.bank_id)
    lines = [csv_line(HEADER)]
    for look in reads.list_all(session(), member, at=clock.now()):
        day = look.noted_at.astimezone(LONDON).date().isoformat()
        cells = (day, words.who(look, called), words.what(look), words.why(look), "yes" if look.is_late else "")
        lines.append(csv_line(cells))
    answer = make_response("".join(lines))
    answer.mimetype = "text/csv"
    answer.headers["Content-Disposition"] = 'attachment; filename="looks.csv"'
    return answer
