"""Signing in with a password, setting one with a one-time code, and signing out."""

import re

from flask import Blueprint, request, url_for
from flask import session as held
from flask.typing import ResponseReturnValue
from flask_security import hash_password, login_user, logout_user, verify_password

from timebank import clock
from timebank.signin import service
from timebank.signin.schemas import SetPasswordIn, SignInIn
from timebank.web import forms
from timebank.web.edge import commit, session
from timebank.web.policy import allow
from timebank.web.render import go_to, render

bp = Blueprint("signin", __name__, url_prefix="/sign-in")

# One sentence for a wrong name, a wrong password and a closed sign-in: nobody learns who is a member.
# Browsers drop tabs and newlines inside an address, and read // and /\ as another site's.
OWN_PAGE = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")
NOT_RIGHT = "That name and password do not go together. Please check both and try again."


@bp.get("/")
@allow("signin.show")
def show() -> ResponseReturnValue:
    return render("signin/show.html", form=forms.empty(next=request.args.get("next")))


@bp.post("/")
@allow("signin.enter", only_reads=True)
def enter() -> ResponseReturnValue:
    form = forms.read(SignInIn())
    if form.errors:
        return render("signin/show.html", fragment="signin/_form.html", status=422, form=form)
    user = service.find_user(session(), form.values["sign_in_name"])
    if user is None:
        hash_password(form.values["password"])  # as slow as a real check, so that the time tells nothing
    if user is None or not verify_password(form.values["password"], user.password) or not user.active:
        form.refuse("sign_in_name", NOT_RIGHT)
        return render("signin/show.html", fragment="signin/_form.html", status=422, form=form)
    login_user(user)
    held["signed-in-anew"] = True
    return go_to(_own_page(request.form.get("next")))


@bp.get("/first-time")
@allow("signin.first_time")
def first_time() -> ResponseReturnValue:
    return render("signin/first_time.html", form=forms.empty())


@bp.post("/first-time")
@allow("signin.set_password")
def set_password() -> ResponseReturnValue:
    form = forms.read(SetPasswordIn())
    if not form.errors:
        try:
            user = service.set_password(
                session(),
                typed_code=form.values["code"],
                sign_in_name=form.values["sign_in_name"],
                password=form.values["password"],
                at=clock.now(),
            )
        except service.CodeNotGood as refusal:
            form.refuse("code", refusal.sentence)
        except (service.NameTaken, service.NameTooLong) as refusal:
            form.refuse("sign_in_name", refusal.sentence)
        else:
            commit()  # before the sign-in is kept: it is stored by a transaction of its own
            login_user(user)
            held["signed-in-anew"] = True
            return go_to(url_for("home.show"))
    return render("signin/first_time.html", fragment="signin/_first_time_form.html", status=422, form=form)


@bp.post("/out")
@allow("signin.sign_out", only_reads=True)
def sign_out() -> ResponseReturnValue:
    logout_user()
    held.clear()
    return go_to(url_for("signin.show"))


def _own_page(target: str | None) -> str:
    """Only a path on this site: never an address that somebody put into a link."""
    return target if target and OWN_PAGE.fullmatch(target) else url_for("home.show")
