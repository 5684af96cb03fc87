"""One's own way in: what is seen of it, and what is changed. What is changed asks first who it is."""

from uuid import UUID

from flask import Blueprint, Response, flash, url_for
from flask import session as held
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.members.codes import spoken
from timebank.mysignin.schemas import AddPasskeyIn, ChangeNameIn, ChangePasswordIn
from timebank.signin import code_app, entering, events, factors, guesses, passkeys, passwords, sealing, service
from timebank.signin.entering import APP_TO_BE, current_user_here, held_hash, here, secret
from timebank.signin.held import current
from timebank.signin.models import User
from timebank.signin.schemas import SecondStepIn
from timebank.signin.trying import forget_try, try_password
from timebank.web import forms
from timebank.web.edge import in_one_act, session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("mysignin", __name__, url_prefix="/sign-in/mine")
NOT_THE_OLD_ONE = "That is not the password you have now. Please try again."


@bp.get("/")
@allow("mysignin.show")
def show() -> ResponseReturnValue:
    user = current_user_here()
    return render(
        "mysignin/show.html",
        user=user,
        factors=factors.of(session(), user),
        found=service.list_held(session(), user=user, at=clock.now()),
        here=current().id,
        happened=[(one.at, events.sentence(one)) for one in events.list_newest(session(), member=user.member)],
    )


@bp.post("/devices/<uuid:held_id>/out")
@allow("mysignin.end_device")
def end_device(held_id: UUID) -> ResponseReturnValue:
    service.end_held(session(), user=current_user_here(), held_id=held_id)
    flash("That browser is signed out now.", "success")
    return go_to(url_for("mysignin.show"))


@bp.post("/devices/others/out")
@allow("mysignin.end_devices")
def end_others() -> ResponseReturnValue:
    service.end_others(session(), user=current_user_here(), here=current().id)
    flash("You are signed out everywhere but here.", "success")
    return go_to(url_for("mysignin.show"))


@bp.get("/password")
@allow("mysignin.change_password", fresh=True)
def new_password() -> ResponseReturnValue:
    return render("mysignin/password.html", form=forms.empty())


@bp.post("/password")
@allow("mysignin.change_password", only_reads=True, fresh=True)
def change_password() -> ResponseReturnValue:
    form, at, user = forms.read(ChangePasswordIn()), clock.now(), current_user_here()
    if form.errors:
        return render("mysignin/password.html", status=422, form=form)
    try:
        service.look_over_password(form.values["password"], member=user.member, sign_in_name=user.sign_in_name)
        tried = try_password(user.sign_in_name, form.values["old_password"], at=at)
    except service.EasilyGuessed as refusal:
        form.refuse("password", refusal.sentence)
        return render("mysignin/password.html", status=422, form=form)
    except guesses.TriedTooOften as refusal:
        form.refuse("old_password", refusal.sentence)
        return render("mysignin/password.html", status=refusal.status, form=form)
    if not tried.is_right:
        form.refuse("old_password", NOT_THE_OLD_ONE)
        return render("mysignin/password.html", status=422, form=form)
    forget_try(tried.lane, at=at)
    kept, this = passwords.to_keep(form.values["password"]), current().id
    user = in_one_act(
        lambda writing: service.change_password(
            writing, user_id=user.id, stamp=tried.stamp, kept=kept, here=this, at=at
        )
    )
    flash("Your password is changed. You are signed out everywhere but here.", "success")
    return _stay(user, go_to(url_for("mysignin.show")), has_passed=entering.has_passed())


@bp.get("/name")
@allow("mysignin.change_name", fresh=True)
def new_name() -> ResponseReturnValue:
    return render("mysignin/name.html", form=forms.empty(sign_in_name=current_user_here().sign_in_name))


@bp.post("/name")
@allow("mysignin.change_name", only_reads=True, fresh=True)
def change_name() -> ResponseReturnValue:
    """Counted like tries, or somebody could find out in this way which names others sign in with."""
    form, at, user = forms.read(ChangeNameIn()), clock.now(), current_user_here()
    if not form.errors:
        name = form.values["sign_in_name"]
        try:
            in_one_act(lambda writing: guesses.count_name(writing, user=user, secret=secret(), at=at))
            in_one_act(lambda writing: service.change_name(writing, user_id=user.id, sign_in_name=name, at=at))
        except (service.NameTaken, service.NameTooLong, guesses.TriedTooOften) as refusal:
            form.refuse("sign_in_name", refusal.sentence)
        else:
            flash("Your name for signing in is changed.", "success")
            return go_to(url_for("mysignin.show"))
    return render("mysignin/name.html", status=422, form=form)


@bp.get("/set-up")
@allow("mysignin.set_up")
def set_up() -> ResponseReturnValue:
    """For whoever looks after others and has no second step yet; and for everybody who wants one."""
    return render("mysignin/set_up.html", has_to=asker().has_to_set_up)


@bp.post("/app/begin")
@allow("mysignin.begin_app", fresh=True)
def begin_app() -> ResponseReturnValue:
    """What is to be shared waits, sealed, in this very sign-in; nothing counts before a first code was right."""
    held[APP_TO_BE] = sealing.seal(code_app.new_shared(), secret=secret(), owner=current_user_here().id)
    return go_to(url_for("mysignin.show_app"))


@bp.get("/app")
@allow("mysignin.switch_app_on", fresh=True)
def show_app() -> ResponseReturnValue:
    return _show_app(forms.empty())


@bp.post("/app")
@allow("mysignin.switch_app_on", only_reads=True, fresh=True)
def switch_app_on() -> ResponseReturnValue:
    form, at, user = forms.read(SecondStepIn()), clock.now(), current_user_here()
    shared, this = _shared_to_be(user), current().id
    if shared is None or form.errors:
        return _show_app(form, status=422)
    typed = form.values["second_code"]
    try:
        in_one_act(
            lambda writing: guesses.count_code(writing, user=user, device=entering.device(), secret=secret(), at=at)
        )
        begun = in_one_act(
            lambda writing: factors.switch_app_on(
                writing, user_id=user.id, shared=shared, typed=typed, secret=secret(), here=this, at=at
            )
        )
    except (factors.CodeNotRight, guesses.TriedTooOften) as refusal:
        form.refuse("second_code", refusal.sentence)
        return _show_app(form, status=refusal.status)
    held.pop(APP_TO_BE)
    return _begun(begun, "Codes from your app are asked for from now on.")


@bp.post("/app/off")
@allow("mysignin.switch_app_off", only_reads=True, fresh=True)
def switch_app_off() -> ResponseReturnValue:
    user, this, at = current_user_here(), current().id, clock.now()
    left = in_one_act(lambda writing: factors.switch_app_off(writing, user_id=user.id, here=this, at=at))
    return _less(left, "Codes from your app are switched off.")


@bp.post("/spare-codes")
@allow("mysignin.make_spare_codes", fresh=True)
def make_spare_codes() -> ResponseReturnValue:
    made = factors.make_spare_codes(session(), user=current_user_here(), secret=secret(), at=clock.now())
    return _show_spare(made, done="")


@bp.get("/passkeys/new")
@allow("mysignin.add_passkey", fresh=True)
def new_passkey() -> ResponseReturnValue:
    return render("mysignin/passkey.html", form=forms.empty())


@bp.post("/passkeys/begin")
@allow("mysignin.begin_passkey", fresh=True)
def begin_passkey() -> ResponseReturnValue:
    options = passkeys.options_to_register(
        session(), user=current_user_here(), place=here(), held_hash=held_hash(), at=clock.now()
    )
    return Response(options, mimetype="application/json")


@bp.post("/passkeys")
@allow("mysignin.add_passkey", only_reads=True, fresh=True)
def add_passkey() -> ResponseReturnValue:
    form, at, user = forms.read(AddPasskeyIn()), clock.now(), current_user_here()
    if form.errors:
        return render("mysignin/passkey.html", status=422, form=form)
    mine, this, purpose = held_hash(), current().id, passkeys.Purpose.REGISTER
    try:
        challenge = in_one_act(lambda writing: passkeys.take_challenge(writing, purpose=purpose, held_hash=mine, at=at))
        made = passkeys.read_new(
            user=user,
            answer=form.values["credential"],
            name=form.values["name"],
            challenge=challenge,
            place=here(),
            at=at,
        )
    except passkeys.NotThisPasskey as refusal:
        form.refuse("form", refusal.sentence)
        return render("mysignin/passkey.html", status=422, form=form)
    begun = in_one_act(lambda writing: factors.add_passkey(writing, made=made, secret=secret(), here=this, at=at))
    return _begun(begun, f"“{made.name}” is added.")


@bp.post("/passkeys/<uuid:passkey_id>/remove")
@allow("mysignin.remove_passkey", only_reads=True, fresh=True)
def remove_passkey(passkey_id: UUID) -> ResponseReturnValue:
    user, this, at = current_user_here(), current().id, clock.now()
    left = in_one_act(
        lambda writing: factors.remove_passkey(writing, user_id=user.id, passkey_id=passkey_id, here=this, at=at)
    )
    return _less(left, "That passkey is removed here. You may want to delete it on the device too.")


def _begun(begun: factors.Begun, done: str) -> Response:
    """With the first of all, everybody who was in without it is out, and spare codes are shown once."""
    if not begun.spare_codes:
        flash(done, "success")
        return go_to(url_for("mysignin.show"))
    return _stay(begun.user, _show_spare(begun.spare_codes, done=done), has_passed=True)


def _less(left: factors.Left, done: str) -> Response:
    flash(done, "success")
    answer = go_to(url_for("mysignin.show"))
    return answer if left.is_any else _stay(left.user, answer, has_passed=False)


def _stay(user: User, answer: Response, *, has_passed: bool) -> Response:
    return entering.stay(user, answer, has_passed=has_passed, at=clock.now())


def _show_spare(made: list[str], *, done: str) -> Response:
    return render("mysignin/spare_codes.html", spare_codes=[spoken(one) for one in made], done=done)


def _shared_to_be(user: User) -> str | None:
    try:
        return sealing.unseal(held[APP_TO_BE], secret=secret(), owner=user.id) if APP_TO_BE in held else None
    except sealing.CannotBeOpened:
        return None


def _show_app(form: forms.Form, *, status: int = 200) -> Response:
    user = current_user_here()
    shared = _shared_to_be(user)
    if shared is None:
        return go_to(url_for("mysignin.set_up"))
    bank = user.member.bank.name
    width, drawing = code_app.drawn(code_app.address(shared, name=user.sign_in_name, bank=bank))
    return render(
        "mysignin/app.html",
        status=status,
        form=form,
        width=width,
        drawing=drawing,
        to_type=code_app.in_groups(shared),
        shown_as=bank,
    )
