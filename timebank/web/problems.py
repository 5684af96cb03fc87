"""Every refusal becomes one sentence a person can act on; nothing else about what went wrong leaves the server."""

from flask import Flask, Response, current_app, make_response, render_template, request, url_for
from flask_wtf.csrf import CSRFError, generate_csrf
from sqlalchemy.exc import DBAPIError, IntegrityError
from werkzeug.exceptions import HTTPException

from ledger import retrying
from ledger.errors import LedgerError, VeryBusy
from timebank.errors import Refusal
from timebank.web import browser, edge, policy
from timebank.web.render import wants_fragment

OPEN_TOO_LONG = "This page was open for a long time, so we did not save it yet. Please send it again."
SIGNED_OUT = (
    "You were signed out meanwhile, so we did not save it yet. What you typed is still here: sign in in another window, come"
    " back to this one, and send it again."
)
AT_THE_SAME_MOMENT = (
    "This was done or changed at the same moment. Nothing of yours was saved twice: please look at it again."
)
HEADINGS = {
    403: "That came from another website",
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
TOO_LARGE = 413  # what was sent was not even read
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
    answer = _to_send_again(503, refusal.sentence)
    answer.headers.pop("HX-Trigger", None)  # what reads itself again would lose what is being typed in it
    answer.headers["Retry-After"] = "10"
    return answer


def _token(_: CSRFError) -> Response:
    """Of a page of ours what was typed comes back with a token of today; to anybody else's request a token is never given."""
    was_signed_out = policy.asker() is None and not policy.is_for_anyone(request.endpoint)
    sentence = SIGNED_OUT if was_signed_out else OPEN_TOO_LONG
    if not browser.is_from_our_page():
        return _answer(419, sentence)
    answer = _to_send_again(419, sentence, sign_in_first=was_signed_out)
    answer.headers.pop("HX-Trigger", None)
    answer.headers["X-Fresh-Token"] = generate_csrf()
    return answer


def _to_send_again(status: int, sentence: str, *, sign_in_first: bool = False) -> Response:
    """What was typed is in the answer, to be sent once more; htmx leaves the form on the page as it is."""
    # A passphrase is asked for again by the page it belongs to; the words beside it are kept.
    typed = [
        (name, words)
        for name, words in request.form.items(multi=True)
        if name != "csrf_token" and "passphrase" not in name
    ]
    is_secret = any("password" in name for name, _ in typed)
    if wants_fragment() or is_secret or request.method != "POST":
        return _answer(status, sentence)
    page = render_template(
        "errors/again.html",
        heading=HEADINGS[status],
        sentence=sentence,
        url=request.full_path,
        typed=typed,
        sign_in_first_url=url_for("signin.show") if sign_in_first else None,
    )
    return make_response(page, status)


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


def _own_words() -> list[str]:
    """What somebody wrote by hand, so that it is not gone with the form: several words, and nothing that is a secret.

    Nothing that another website had them send: its words would stand on our page.
    """
    typed = list(request.form.items(multi=True)) if request.method == "POST" and browser.is_from_our_page() else []
    if any("password" in name for name, _ in typed):
        return []
    return [words for name, words in typed if "passphrase" not in name and len(words.split()) > 1]


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
            own_words=[] if status == TOO_LARGE else _own_words(),
        )
        answer = make_response(page, status)
    answer.vary.add("HX-Request")
    return answer
