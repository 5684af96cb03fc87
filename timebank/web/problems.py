"""Every refusal becomes one sentence a person can act on; nothing else about what went wrong leaves the server."""

from flask import Flask, Response, current_app, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError
from werkzeug.exceptions import HTTPException

from ledger import retrying
from ledger.errors import LedgerError, VeryBusy
from timebank.errors import Refusal
from timebank.web import edge
from timebank.web.render import wants_fragment

OPEN_TOO_LONG = (
    "This page was open for a long time, so we did not save it yet. Go back, check what you wrote, and send it again."
)
AT_THE_SAME_MOMENT = (
    "This was done or changed at the same moment. Nothing of yours was saved twice: please look at it again."
)
HEADINGS = {
    404: "We could not find that",
    405: "That cannot be done from here",
    409: "This has changed",
    413: "That is too large",
    419: "Please send that again",
    422: "Please look at this again",
    500: "Sorry, something went wrong",
    503: "Very busy just now",
    507: "There is no room to save this",
}
SENTENCES = {
    404: "We could not find that page. It may have been finished or withdrawn.",
    405: "Please go back and use the buttons on the page.",
    413: "What you sent is larger than we can take. Please send less at a time.",
    500: "It is our fault, not yours, and nothing was changed. Please try again in a little while.",
    # Not "nothing was changed": what the disk refused last may stand when the database is opened again. Sent again, it
    # never counts twice.
    507: "The computer that keeps this time bank has no room left on its disk, or its disk does not answer. You can go on"
    " reading, and what was saved before is safe. Please tell your coordinator, and send this again later.",
}


def plug_in(app: Flask) -> None:
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(LedgerError, _ledger_refusal)
    app.register_error_handler(VeryBusy, _very_busy)
    app.register_error_handler(CSRFError, _token)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(Exception, _unexpected)


def _refusal(refusal: Refusal) -> Response:
    return _answer(refusal.status, refusal.sentence)


def _ledger_refusal(refusal: LedgerError) -> Response:
    return _answer(409, refusal.sentence)


def _very_busy(refusal: VeryBusy) -> Response:
    """What was typed is in the answer, to be sent once more; htmx leaves the form on the page as it is."""
    typed = [(name, words) for name, words in request.form.items(multi=True) if name != "csrf_token"]
    is_secret = any("password" in name for name, _ in typed)
    if wants_fragment() or is_secret or request.method != "POST":
        answer = _answer(503, refusal.sentence)
        answer.headers.pop("HX-Trigger", None)  # what reads itself again would lose what is being typed in it
    else:
        page = render_template(
            "errors/busy.html", heading=HEADINGS[503], sentence=refusal.sentence, url=request.full_path, typed=typed
        )
        answer = make_response(page, 503)
    answer.headers["Retry-After"] = "10"
    return answer


def _token(_: CSRFError) -> Response:
    return _answer(419, OPEN_TOO_LONG)


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:  # noqa: PLR2004 - a redirect is no problem
        return make_response(error.get_response())
    answer = _answer(code, SENTENCES.get(code, "Please go back and try again."))
    for name, value in error.get_headers():
        if name.lower() == "allow":
            answer.headers[name] = value
    return answer


def _database(error: DBAPIError) -> Response:
    """Two people at the same moment: the database let one of them through, and nothing of the other was kept."""
    edge.run_again_after(error)
    if isinstance(error, IntegrityError) or retrying.is_clash(error) or "locked" in str(error.orig):
        current_app.logger.warning("refused by the database at %s: %s", request.endpoint, type(error).__name__)
        return _answer(409, AT_THE_SAME_MOMENT)
    if _disk_fails(error):
        current_app.logger.error("no room on the disk, or it does not answer, at %s: %s", request.endpoint, error.orig)
        return _answer(507, SENTENCES[507])
    return _unexpected(error)


def _disk_fails(error: DBAPIError) -> bool:
    sqlite = getattr(error.orig, "sqlite_errorname", "")
    postgresql = getattr(error.orig, "sqlstate", "")
    return sqlite == "SQLITE_FULL" or sqlite.startswith("SQLITE_IOERR") or postgresql in {"53100", "58030"}


def _unexpected(error: Exception) -> Response:
    current_app.logger.error("unexpected %s at %s", type(error).__name__, request.endpoint, exc_info=error)
    try:
        return _answer(500, SENTENCES[500])
    except Exception:  # noqa: BLE001 - whatever broke the page may break the page about it too
        return Response(f"<!doctype html><title>Sorry</title><p>{SENTENCES[500]}</p>", status=500, mimetype="text/html")


def _answer(status: int, sentence: str) -> Response:
    """For htmx the sentence goes to the message area, and the thing on the page is told to read itself again."""
    if wants_fragment():
        answer = make_response(render_template("parts/_problem.html", sentence=sentence), status)
        answer.headers["HX-Retarget"] = "#messages"
        answer.headers["HX-Reswap"] = "innerHTML"
        answer.headers["HX-Trigger"] = "read-again"
    else:
        page = render_template(
            "errors/page.html",
            heading=HEADINGS.get(status, "That did not work"),
            sentence=sentence,
            next_label="Go to the start page",
            next_url="/",
        )
        answer = make_response(page, status)
    answer.vary.add("HX-Request")
    return answer
