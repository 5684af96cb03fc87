"""A person's own profile: an overview, and one decision a screen."""

from uuid import UUID

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from timebank import clock
from timebank.consents import reads as consents
from timebank.consents.purposes import OF_AN_ANSWER, Purpose
from timebank.consents.reads import Standing
from timebank.consents.service import OtherWords
from timebank.errors import NotFound
from timebank.members import service as members
from timebank.members.models import MemberStatus
from timebank.profiles import reads, service
from timebank.profiles.criteria import (
    IMPORTANCE,
    MODES,
    QUESTIONS,
    STEPS,
    TIMES,
    Question,
    Shape,
    Step,
    find_step,
    step_after,
)
from timebank.profiles.models import Answer
from timebank.profiles.schemas import SayIn, step_schema
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
        standing=consents.standing_of(session(), asker().member.id),
        parts=schemes.list_parts(session(), asker().member.id),
        named=named,
        importance=IMPORTANCE,
        is_on_a_break=asker().member.status is MemberStatus.PAUSED,
    )


@bp.get("/agreed")
@allow("profiles.show_agreed")
def show_agreed() -> ResponseReturnValue:
    return _agreed()


@bp.post("/agreed")
@allow("profiles.agree")
def agree() -> ResponseReturnValue:
    form = forms.read(SayIn())
    if form.errors:
        flash("We did not understand that, so nothing was noted. Please press one of the buttons once more.", "problem")
        return _agreed(status=422)
    question = _question(form.values["purpose"], form.values["criterion"])
    try:
        service.say(
            session(),
            member=asker().member,
            purpose=form.values["purpose"],
            question=question,
            is_yes=form.values["says"] == "yes",
            read=form.values["read"],
            at=clock.now(),
        )
    except OtherWords as refusal:
        flash(refusal.sentence, "problem")
        return _agreed(status=refusal.status)
    flash("Noted. It counts from now on.", "success")
    about = f"{form.values['purpose']}-{question.criterion}" if question else form.values["purpose"]
    return go_to(url_for("profiles.show_agreed", _anchor=about))


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
    return _ask(step, forms.empty(**_typed(step, answers, consents.standing_of(session(), asker().member.id))))


@bp.post("/<word>")
@allow("profiles.save")
def save(word: str) -> ResponseReturnValue:
    step = _get_step(word)
    form = forms.read(step_schema(step, youngest_year=reads.youngest_year(clock.today())))
    if form.errors:
        return _ask(step, form, status=422)
    asked = {words.digest for words in reads.asked_in(session(), asker().member, step).values()}
    is_heard = service.save_step(
        session(),
        member=asker().member,
        step=step,
        values=form.values,
        at=clock.now(),
        are_words_read=asked <= set(form.values["read"]),
    )
    if not is_heard:
        flash(
            "Saved. But the words that you say yes to have changed since you opened this page. Please read them.",
            "problem",
        )
        return go_to(url_for("profiles.edit", word=step.name))
    flash(_saved(step), "success")
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


def _question(purpose: Purpose, criterion: str) -> Question | None:
    """What it is about, where it is about an answer. What nobody is asked is not there."""
    question = QUESTIONS.get(criterion)
    if (purpose in OF_AN_ANSWER) != bool(criterion) or (criterion and not (question and purpose in question.purposes)):
        raise NotFound
    return question


def _saved(step: Step) -> str:
    """Where nothing may be done with an answer, that is said, so that nobody waits for it to help."""
    standing = consents.standing_of(session(), asker().member.id)
    answers = reads.answers_of(session(), asker().member.id)
    asleep = [
        question
        for question in step.questions
        if question.criterion in answers
        and not any(standing.may(purpose, question.criterion) for purpose in question.purposes)
    ]
    if asleep:
        return "Saved for you alone: we do not use it, and nobody is shown it. You can stop here, or go on."
    return "Saved. You can stop here, or go on."


def _agreed(*, status: int = 200) -> ResponseReturnValue:
    return render(
        "profiles/agreed.html",
        status=status,
        of_answers=reads.asked_of_answers(session(), asker().member),
        besides=reads.asked_besides(session(), asker().member),
        named=named,
    )


def _ask(step: Step, form: forms.Form, *, status: int = 200) -> ResponseReturnValue:
    return render(
        "profiles/edit.html",
        status=status,
        step=step,
        steps=STEPS,
        form=form,
        asked=reads.asked_in(session(), asker().member, step),
        modes=MODES,
        times=TIMES,
        importance=IMPORTANCE,
        shapes=Shape,
    )


def _typed(step: Step, answers: dict[str, Answer], standing: Standing) -> dict[str, str | list[str] | None]:
    """Nothing is ticked that the person did not tick."""
    typed: dict[str, str | list[str] | None] = {}
    for question in step.questions:
        name, answer = question.criterion, answers.get(question.criterion)
        words = answer.words if answer else []
        is_list = question.shape in {Shape.MODES, Shape.TIMES}
        typed[name] = words if is_list else "\n".join(words)
        may_use, may_show = (standing.may(purpose, name) for purpose in (Purpose.USE, Purpose.SHOW))
        said = standing.last
        typed[f"{name}_kept_out"] = "" if may_use else "yes"
        typed[f"{name}_used"] = _chosen(may_use) if (Purpose.USE, name) in said else ""
        typed[f"{name}_shown"] = _chosen(may_show) if (Purpose.SHOW, name) in said else ""
        typed[f"{name}_importance"] = str(answer.importance if answer else 1)
    return typed


def _chosen(is_yes: bool) -> str:  # noqa: FBT001 - it is the only thing it takes
    return "yes" if is_yes else "no"
