"""A person's own profile: an overview, and one decision a screen."""

from uuid import UUID

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from timebank import clock
from timebank.errors import NotFound
from timebank.members import service as members
from timebank.members.models import MemberStatus
from timebank.profiles import reads, service
from timebank.profiles.criteria import IMPORTANCE, MODES, STEPS, TIMES, Shape, Step, find_step, step_after
from timebank.profiles.models import Answer
from timebank.profiles.schemas import step_schema
from timebank.schemes import reads as schemes
from timebank.schemes import service as scheme_service
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("profiles", __name__, url_prefix="/profile")


class PlacesIn(Schema):
    capacity = fields.Integer(
        required=True,
        strict=False,
        validate=validate.Range(min=0, max=20, error="Please choose a number from 0 to 20."),
        error_messages={
            "required": "Please choose a number from 0 to 20.",
            "invalid": "Please choose a number from 0 to 20.",
        },
    )


@bp.get("/")
@allow("profiles.show")
def show() -> ResponseReturnValue:
    return render(
        "profiles/show.html",
        steps=STEPS,
        answers=reads.answers_of(session(), asker().member.id),
        parts=schemes.list_parts(session(), asker().member.id),
        named=named,
        importance=IMPORTANCE,
        is_on_a_break=asker().member.status is MemberStatus.PAUSED,
    )


@bp.post("/break/begin")
@allow("profiles.take_break")
def take_break() -> ResponseReturnValue:
    members.take_break(session(), member=asker().member, at=clock.now())
    flash("You are taking a break. Nothing is lost, and nobody is told. Come back whenever you like.", "success")
    return go_to(url_for("profiles.show"))


@bp.post("/break/end")
@allow("profiles.end_break")
def end_break() -> ResponseReturnValue:
    members.end_break(session(), member=asker().member, at=clock.now())
    flash("Welcome back.", "success")
    return go_to(url_for("profiles.show"))


@bp.get("/<word>")
@allow("profiles.edit")
def edit(word: str) -> ResponseReturnValue:
    step = _get_step(word)
    answers = reads.answers_of(session(), asker().member.id)
    return _ask(step, forms.empty(**_typed(step, answers)))


@bp.post("/<word>")
@allow("profiles.save")
def save(word: str) -> ResponseReturnValue:
    step = _get_step(word)
    form = forms.read(step_schema(step, youngest_year=reads.youngest_year(clock.today())))
    if form.errors:
        return _ask(step, form, status=422)
    service.save_step(session(), member=asker().member, step=step, values=form.values)
    flash("Saved. You can stop here, or go on.", "success")
    following = step_after(step)
    return go_to(url_for("profiles.edit", word=following.name) if following else url_for("profiles.show"))


@bp.post("/places/<uuid:scheme_id>")
@allow("profiles.places")
def places(scheme_id: UUID) -> ResponseReturnValue:
    form = forms.read(PlacesIn())
    if form.errors:
        flash(form.errors_of("capacity")[0], "problem")
    else:
        scheme_service.set_capacity(
            session(), member=asker().member, scheme_id=scheme_id, capacity=form.values["capacity"]
        )
        flash("Saved.", "success")
    return go_to(url_for("profiles.show"))


@bp.post("/step-back/<uuid:scheme_id>")
@allow("profiles.step_back")
def step_back(scheme_id: UUID) -> ResponseReturnValue:
    scheme_service.step_back(session(), member=asker().member, scheme_id=scheme_id)
    flash("You have stepped back. Nothing is lost, and you can come back whenever you like.", "success")
    return go_to(url_for("profiles.show"))


@bp.post("/come-back/<uuid:scheme_id>")
@allow("profiles.come_back")
def come_back(scheme_id: UUID) -> ResponseReturnValue:
    scheme_service.come_back(session(), member=asker().member, scheme_id=scheme_id)
    flash("Welcome back.", "success")
    return go_to(url_for("profiles.show"))


def named(answer: Answer) -> list[str]:
    """The words as a person reads them."""
    return [MODES.get(word) or TIMES.get(word) or word for word in answer.words]


def _get_step(word: str) -> Step:
    step = find_step(word)
    if step is None:
        raise NotFound
    return step


def _ask(step: Step, form: forms.Form, *, status: int = 200) -> ResponseReturnValue:
    return render(
        "profiles/edit.html",
        status=status,
        step=step,
        steps=STEPS,
        form=form,
        modes=MODES,
        times=TIMES,
        importance=IMPORTANCE,
        shapes=Shape,
    )


def _typed(step: Step, answers: dict[str, Answer]) -> dict[str, str | list[str] | None]:
    """Sensitive answers start unused and unshown; the others are used unless the person says no."""
    typed: dict[str, str | list[str] | None] = {}
    for question in step.questions:
        answer = answers.get(question.criterion)
        words = answer.words if answer else []
        is_list = question.shape in {Shape.MODES, Shape.TIMES}
        typed[question.criterion] = words if is_list else "\n".join(words)
        is_used = answer.is_used if answer else not question.is_sensitive
        typed[f"{question.criterion}_used"] = "true" if is_used else ""
        typed[f"{question.criterion}_shown"] = "true" if answer and answer.is_shown else ""
        typed[f"{question.criterion}_importance"] = str(answer.importance if answer else 1)
    return typed
