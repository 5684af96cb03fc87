"""Signing in with a password or a passkey, the second step, setting a password with a one-time code, and signing out."""

import re
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask import session as held
from flask.typing import ResponseReturnValue
from flask_security import logout_user

from timebank import clock
from timebank.signin import factors, guesses, passkeys, passwords, service
from timebank.signin.entering import (
    HalfWay,
    current_user_here,
    find_half_way,
    go_in,
    half_way,
    held_hash,
    here,
    welcome,
)
from timebank.signin.entering import has_proved_lately as proved_lately
from timebank.signin.entering import prove as remember_proof
from timebank.signin.models import User
from timebank.signin.schemas import PasskeyIn, ProveIn, SecondStepIn, SetPasswordIn, SignInIn
from timebank.signin.trying import Tried, forget_try, try_code, try_password
from timebank.web import edge, forms
from timebank.web.edge import in_one_act, session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("signin", __name__, url_prefix="/sign-in")

# One sentence for a wrong name, a wrong password and a closed sign-in: nobody learns who is a member.
# Browsers drop tabs and newlines inside an address, and read // and /\ as another site's.
OWN_PAGE = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")
NOT_RIGHT = "That name and password do not go together. Please check both and try again."
NOT_YOUR_PASSWORD = "That is not your password. Please try again."  # noqa: S105 - a sentence
NOT_PROVED = "That password and code are not right together. Please wait for the next code in your app and try again."
KEPT = "kept-"  # before the name of each field of an act that waits until somebody has shown who they are


@bp.get("/")
@allow("signin.show")
def show() -> ResponseReturnValue:
    return render("signin/show.html", form=forms.empty(next=request.args.get("next")))


@bp.post("/")
@allow("signin.enter", only_reads=True)
def enter() -> ResponseReturnValue:
    form = forms.read(SignInIn())
    if form.errors:
        return _ask_again(form, 422)
    name, at = form.values["sign_in_name"], clock.now()
    try:
        tried = try_password(name, form.values["password"], at=at)
    except guesses.TriedTooOften as refusal:
        form.refuse("sign_in_name", refusal.sentence)
        return _wait(refusal, _ask_again(form, refusal.status))
    entry = _let_in(name, form.values["password"], tried, at=at) if tried.is_right else None
    if entry is None:
        form.refuse("sign_in_name", NOT_RIGHT)
        return _ask_again(form, 422)
    return go_in(
        entry.user,
        _own_page(request.form.get("next")),
        is_shared=form.values["shared_device"],
        code_of=None,
        has_second_factor=entry.has_second_factor,
        at=at,
    )


@bp.get("/first-time")
@allow("signin.first_time")
def first_time() -> ResponseReturnValue:
    return render("signin/first_time.html", form=forms.empty())


@bp.post("/first-time")
@allow("signin.set_password", only_reads=True)
def set_password() -> ResponseReturnValue:
    form = forms.read(SetPasswordIn())
    if not form.errors:
        code, name, password = (form.values[field] for field in ("code", "sign_in_name", "password"))
        at = clock.now()
        try:
            service.look_over(session(), typed_code=code, sign_in_name=name, password=password, at=at)
            edge.close()  # nothing is held open while a slow password is made
            kept = passwords.to_keep(password)
            entry = in_one_act(
                lambda writing: service.begin_with_code(writing, typed_code=code, sign_in_name=name, kept=kept, at=at)
            )
        except service.CodeNotGood as refusal:
            form.refuse("code", refusal.sentence)
        except service.EasilyGuessed as refusal:
            form.refuse("password", refusal.sentence)
        except (service.NameTaken, service.NameTooLong) as refusal:
            form.refuse("sign_in_name", refusal.sentence)
        else:
            return go_in(
                entry.user,
                url_for("home.show"),
                is_shared=form.values["shared_device"],
                code_of=entry.code_of,
                has_second_factor=entry.has_second_factor,
                at=at,
            )
    return render("signin/first_time.html", fragment="signin/_first_time_form.html", status=422, form=form)


@bp.get("/second-step")
@allow("signin.second_step")
def second_step() -> ResponseReturnValue:
    return _ask_second_step(forms.empty())


@bp.post("/second-step")
@allow("signin.take_second_step", only_reads=True)
def take_second_step() -> ResponseReturnValue:
    form, at = forms.read(SecondStepIn()), clock.now()
    half, user = half_way(at=at), find_half_way(session(), at=at)
    if half is None or user is None:
        return go_to(url_for("signin.show"))
    if form.errors:
        return _ask_second_step(form, status=422)
    try:
        is_right = try_code(user, form.values["second_code"], at=at)
    except guesses.TriedTooOften as refusal:
        form.refuse("second_code", refusal.sentence)
        return _wait(refusal, _ask_second_step(form, status=refusal.status))
    if not is_right:
        form.refuse("second_code", factors.CodeNotRight().sentence)
        return _ask_second_step(form, status=422)
    return _go_on_in(user, half, at=at)


@bp.post("/passkey/begin")
@allow("signin.begin_passkey")
def begin_passkey() -> ResponseReturnValue:
    """What the browser needs to ask for a passkey, whichever of the three this browser is here for."""
    purpose, user = _purpose(at=clock.now())
    options = passkeys.options_to_use(
        session(), purpose=purpose, user=user, place=here(), held_hash=held_hash(), at=clock.now()
    )
    return Response(options, mimetype="application/json")


@bp.post("/passkey")
@allow("signin.use_passkey", only_reads=True)
def use_passkey() -> ResponseReturnValue:
    form, at = forms.read(PasskeyIn()), clock.now()
    purpose, known = _purpose(at=at)
    half = half_way(at=at)
    try:
        user = _whose_passkey(form, purpose, known, at=at)
    except passkeys.NotThisPasskey as refusal:
        form.refuse("form", refusal.sentence)
        return _ask_for_passkey_again(form, purpose)
    if purpose is passkeys.Purpose.PROVE:
        return _proved(form, at=at)
    if half is not None:
        return _go_on_in(user, half, at=at)
    page, is_shared = _own_page(request.form.get("next")), request.form.get("shared_device") == "yes"
    return welcome(user, page, is_shared=is_shared, code_of=None, has_passed=True, at=at)


@bp.get("/again")
@allow("signin.prove")
def show_prove() -> ResponseReturnValue:
    return _ask_to_prove(forms.empty(next=_own_page(request.args.get("next"))))


@bp.post("/again")
@allow("signin.prove", only_reads=True)
def prove() -> ResponseReturnValue:
    form, at, user = forms.read(ProveIn()), clock.now(), current_user_here()
    has_second_factor = factors.has_any(session(), user)
    if form.errors:
        return _ask_to_prove(form, status=422)
    try:
        tried = try_password(user.sign_in_name, form.values["password"], at=at)
        is_right = tried.is_right and (not has_second_factor or try_code(user, form.values["second_code"], at=at))
    except guesses.TriedTooOften as refusal:
        form.refuse("password", refusal.sentence)
        return _wait(refusal, _ask_to_prove(form, status=refusal.status))
    if not is_right:
        form.refuse("password", NOT_PROVED if has_second_factor else NOT_YOUR_PASSWORD)
        return _ask_to_prove(form, status=422)
    forget_try(tried.lane, at=at)
    return _proved(form, at=at)


@bp.post("/out")
@allow("signin.sign_out", only_reads=True)
def sign_out() -> ResponseReturnValue:
    logout_user()
    held.clear()
    return go_to(url_for("signin.show"))


def is_half_in() -> bool:
    return half_way(at=clock.now()) is not None


def has_proved_lately() -> bool:
    return proved_lately(at=clock.now())


def ask_who_it_is(url: str, typed: list[tuple[str, str]]) -> Response:
    """In the middle of an act: what was typed stays on the page, and goes on with it afterwards."""
    kept = {f"{KEPT}{name}": [words for other, words in typed if other == name] for name, _ in typed}
    return _ask_to_prove(forms.empty(url=url, **kept), status=403)


def _let_in(name: str, password: str, tried: Tried, *, at: datetime) -> service.Entry | None:
    is_old = tried.kept is not None and passwords.is_kept_as_of_old(tried.kept)
    kept_anew = passwords.to_keep(password) if is_old else None
    return in_one_act(
        lambda writing: service.let_in(
            writing, sign_in_name=name, stamp=tried.stamp, kept_anew=kept_anew, lane=tried.lane, tried_at=at
        )
    )


def _go_on_in(user: User, half: HalfWay, *, at: datetime) -> Response:
    code_of = UUID(half.code_of) if half.code_of else None
    return welcome(user, half.page, is_shared=half.is_shared, code_of=code_of, has_passed=True, at=at)


def _purpose(*, at: datetime) -> tuple[passkeys.Purpose, User | None]:
    if asker() is not None:
        return passkeys.Purpose.PROVE, current_user_here()
    half = find_half_way(session(), at=at)
    return (passkeys.Purpose.SECOND_STEP, half) if half else (passkeys.Purpose.ENTER, None)


def _whose_passkey(form: forms.Form, purpose: passkeys.Purpose, known: User | None, *, at: datetime) -> User:
    """The challenge is taken in an act of its own: it is gone, however this ends. `known`: whose it has to be.

    Raises NotThisPasskey.
    """
    if form.errors:
        raise passkeys.NotThisPasskey
    challenge = in_one_act(
        lambda writing: passkeys.take_challenge(writing, purpose=purpose, held_hash=held_hash(), at=at)
    )
    answer, place = form.values["credential"], here()
    user = in_one_act(lambda writing: passkeys.use(writing, answer=answer, challenge=challenge, place=place, at=at))
    if known is not None and user.id != known.id:
        raise passkeys.NotThisPasskey
    return user


def _proved(form: forms.Form, *, at: datetime) -> Response:
    """On to where they were. An act is sent by the person once more, with what they had typed."""
    remember_proof(at=at)
    url = form["url"]
    if not url:
        return go_to(_own_page(form["next"]))
    return render("signin/go_on.html", url=_own_page(url), typed=_kept(form))


def _kept(form: forms.Form) -> list[tuple[str, str]]:
    return [(name.removeprefix(KEPT), words) for name, words in form.typed.items(multi=True) if name.startswith(KEPT)]


def _ask_for_passkey_again(form: forms.Form, purpose: passkeys.Purpose) -> Response:
    if purpose is passkeys.Purpose.PROVE:
        return _ask_to_prove(form, status=422)
    if purpose is passkeys.Purpose.SECOND_STEP:
        return _ask_second_step(form, status=422)
    return _ask_again(form, 422)


def _ask_second_step(form: forms.Form, *, status: int = 200) -> Response:
    user = find_half_way(session(), at=clock.now())
    if user is None:
        return go_to(url_for("signin.show"))
    return render("signin/second_step.html", status=status, form=form, factors=factors.of(session(), user))


def _ask_to_prove(form: forms.Form, *, status: int = 200) -> Response:
    theirs = factors.of(session(), current_user_here())
    kept = [(f"{KEPT}{name}", words) for name, words in _kept(form)]
    return render("signin/prove.html", status=status, form=form, factors=theirs, kept=kept)


def _wait(refusal: guesses.TriedTooOften, answer: Response) -> Response:
    answer.headers["Retry-After"] = str(int(refusal.wait.total_seconds()) + 1)
    return answer


def _ask_again(form: forms.Form, status: int) -> Response:
    return render("signin/show.html", fragment="signin/_form.html", status=status, form=form)


def _own_page(target: str | None) -> str:
    """Only a path on this site: never an address that somebody put into a link."""
    return target if target and OWN_PAGE.fullmatch(target) else url_for("home.show")
