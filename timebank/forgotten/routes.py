"""Forgotten passwords. Whoever asks gets the same answer, after the same work, whether anybody has that name or not."""

from flask import Blueprint, Response, current_app, request, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.forgotten import service
from timebank.forgotten.models import LinkNotGood
from timebank.forgotten.schemas import AskIn, NewPasswordByLinkIn
from timebank.signin import guesses, passwords
from timebank.signin.entering import go_in, secret
from timebank.signin.service import EasilyGuessed
from timebank.web import edge, forms
from timebank.web.edge import in_one_act, session
from timebank.web.policy import allow
from timebank.web.render import render

bp = Blueprint("forgotten", __name__, url_prefix="/sign-in")


@bp.get("/forgotten")
@allow("forgotten.ask")
def show() -> ResponseReturnValue:
    return _show(forms.empty())


@bp.post("/forgotten")
@allow("forgotten.ask", only_reads=True)
def ask() -> ResponseReturnValue:
    form = forms.read(AskIn())
    if form.errors or not current_app.config["TIMEBANK_SENDS_MAIL"]:
        return _show(form, status=422 if form.errors else 200)
    name, at = form.values["sign_in_name"], clock.now()
    try:
        in_one_act(lambda writing: service.ask(writing, name=name, secret=secret(), at=at))
    except guesses.TriedTooOften as refusal:
        form.refuse("sign_in_name", refusal.sentence)
        answer = _show(form, status=refusal.status)
        answer.headers["Retry-After"] = str(int(refusal.wait.total_seconds()) + 1)
        return answer
    return render("forgotten/asked.html")


@bp.get("/new-password")
@allow("forgotten.new_password")
def new_password() -> ResponseReturnValue:
    """Looking at it uses nothing up: programs that read mail for dangers open every link in it."""
    token = request.args.get("link", "")
    if not service.is_good(session(), token=token, at=clock.now()):
        return _no_longer(status=410)
    return _ask_for_password(forms.empty(link=token))


@bp.post("/new-password")
@allow("forgotten.set_password", only_reads=True)
def set_password() -> ResponseReturnValue:
    form, at = forms.read(NewPasswordByLinkIn()), clock.now()
    token = form["link"]
    if form.errors:
        return _ask_for_password(form, status=422)
    try:
        service.look_over(session(), token=token, password=form.values["password"], at=at)
        edge.close()  # nothing is held open while a slow password is made
        kept = passwords.to_keep(form.values["password"])
        entry = in_one_act(lambda writing: service.set_password(writing, token=token, kept=kept, at=at))
    except LinkNotGood:
        return _no_longer(status=422)
    except EasilyGuessed as refusal:
        form.refuse("password", refusal.sentence)
        return _ask_for_password(form, status=422)
    return go_in(
        entry.user,
        url_for("home.show"),
        is_shared=form.values["shared_device"],
        code_of=None,
        has_second_factor=entry.has_second_factor,
        at=at,
    )


def _show(form: forms.Form, *, status: int = 200) -> Response:
    sends = current_app.config["TIMEBANK_SENDS_MAIL"]
    return render("forgotten/ask.html", status=status, form=form, sends_mail=sends)


def _ask_for_password(form: forms.Form, *, status: int = 200) -> Response:
    return render("forgotten/new_password.html", status=status, form=form)


def _no_longer(*, status: int) -> Response:
    return render("forgotten/no_longer.html", status=status, sentence=LinkNotGood().sentence)
