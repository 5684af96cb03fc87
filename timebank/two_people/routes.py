"""Asking for a second person, being that person, and what was asked about oneself."""

from uuid import UUID, uuid4

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue

from timebank import clock
from timebank.audit import looking
from timebank.audit.models import Reason, Record
from timebank.errors import Conflict, NotAllowed
from timebank.members import reads as members
from timebank.members.codes import spoken
from timebank.members.models import Member
from timebank.schemes import reads as schemes
from timebank.two_people import reads, service, words
from timebank.two_people.schemas import LONGEST_REASON, WHOLE, AskIn, StopIn
from timebank.web import forms
from timebank.web.edge import session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("two_people", __name__, url_prefix="/two-people")


@bp.get("/")
@allow("two_people.list")
def show_all() -> ResponseReturnValue:
    coordinator, at = _bank_wide(), clock.now()
    to_decide = reads.list_to_decide(session(), coordinator, at=at)
    mine = reads.list_asked_by(session(), coordinator, at=at)
    if to_decide or mine:
        _look(coordinator, None)
    return render(
        "two_people/list.html",
        to_decide=reads.views(session(), to_decide, coordinator, at=at),
        mine=reads.views(session(), mine, coordinator, at=at),
        says=words.what,
    )


@bp.get("/about/<uuid:member_id>")
@allow("two_people.ask")
def new(member_id: UUID) -> ResponseReturnValue:
    typed = {"kind": request.args.get("kind", ""), "task": WHOLE, "act_id": str(uuid4())}
    return _ask(_about(member_id), forms.empty(**typed))


@bp.post("/about/<uuid:member_id>")
@allow("two_people.ask", fresh=True)
def ask(member_id: UUID) -> ResponseReturnValue:
    about, form = _about(member_id), forms.read(AskIn())
    if form.errors:
        return _ask(about, form, status=422)
    typed = form.values
    try:
        service.ask(
            session(),
            act_id=typed["act_id"],
            kind=typed["kind"],
            about_id=about.id,
            scheme_id=typed["task"],
            reason=typed["words"],
            asker=asker().member,
            at=clock.now(),
        )
    except Conflict as refusal:
        form.refuse("form", refusal.sentence)
        return _ask(about, form, status=409)
    flash(f"Asked. {about.name} can read it at once. A second person has seven days to say yes or no.", "success")
    return go_to(url_for("two_people.show_all"))


@bp.get("/<uuid:act_id>")
@allow("two_people.show")
def show(act_id: UUID) -> ResponseReturnValue:
    coordinator, at = asker().member, clock.now()
    act = reads.get_to_read(session(), act_id, coordinator)
    _look(coordinator, act.id)
    about = members.get_member(session(), coordinator.bank_id, act.about_id)
    (view,) = reads.views(session(), [act], coordinator, at=at)
    return render(
        "two_people/show.html",
        view=view,
        state=words.state(act, at=at),
        says=words.what,
        means=words.MEANS[act.kind],
        codes=reads.list_codes_since(session(), about, since=act.asked_at - words.CODES_OF),
        is_waiting=act.is_waiting(at),
    )


@bp.post("/<uuid:act_id>/agree")
@allow("two_people.agree", fresh=True)
def agree(act_id: UUID) -> ResponseReturnValue:
    decider = asker().member
    act, code = service.agree(session(), act_id=act_id, decider=decider, at=clock.now())
    about = members.get_member(session(), decider.bank_id, act.about_id)
    if code is not None:
        return render("two_people/code.html", member=about, one_time_code=spoken(code))
    flash(f"Done, for {about.name}. It is noted, and they can read who asked and who agreed.", "success")
    return go_to(url_for("two_people.show_all"))


@bp.post("/<uuid:act_id>/decline")
@allow("two_people.decline")
def decline(act_id: UUID) -> ResponseReturnValue:
    service.decline(session(), act_id=act_id, decider=asker().member, at=clock.now())
    flash("You said no, so it is not done. The person can read that.", "success")
    return go_to(url_for("two_people.show_all"))


@bp.post("/<uuid:act_id>/take-back")
@allow("two_people.take_back")
def take_back(act_id: UUID) -> ResponseReturnValue:
    service.take_back(session(), act_id=act_id, asker=asker().member, at=clock.now())
    flash("Taken back. It is not done.", "success")
    return go_to(url_for("two_people.show_all"))


@bp.get("/mine")
@allow("two_people.about_me")
def about_me() -> ResponseReturnValue:
    member, at = asker().member, clock.now()
    return render(
        "two_people/mine.html",
        waiting=reads.views(session(), reads.list_about(session(), member, at=at), member, at=at),
        tasks=reads.list_tasks(session(), member),
        whole=WHOLE,
        says=words.what_about_you,
    )


@bp.post("/mine/<uuid:act_id>/say-no")
@allow("two_people.say_no")
def say_no(act_id: UUID) -> ResponseReturnValue:
    service.say_no(session(), act_id=act_id, member=asker().member, at=clock.now())
    flash("You said no, so it is not done.", "success")
    return go_to(url_for("two_people.about_me"))


@bp.post("/mine/stop")
@allow("two_people.stop", fresh=True)
def stop() -> ResponseReturnValue:
    form = forms.read(StopIn())
    if form.errors:
        raise service.DoesNot
    service.stop(session(), member=asker().member, scheme_id=form.values["task"], at=clock.now())
    flash("You have stopped. Thank you for all you did.", "success")
    return go_to(url_for("two_people.about_me"))


def _ask(about: Member, form: forms.Form, *, status: int = 200) -> ResponseReturnValue:
    coordinator = asker().member
    needs_two = reads.needs_two(session(), about)
    return render(
        "two_people/new.html",
        status=status,
        about=about,
        form=form,
        tasks=[(task.id if task else WHOLE, words.task(task)) for task in reads.list_tasks(session(), about)],
        kinds=words.choices(about.name, looks_after_others=needs_two),
        choices=[(WHOLE, words.task(None))]
        + [(scheme.id, scheme.name) for scheme in schemes.list_schemes(session(), about.bank_id)],
        is_anybody_else=bool(reads.list_deciders(session(), about=about, asked_by=coordinator)),
        is_me=about.id == coordinator.id,
        longest=LONGEST_REASON,
    )


def _look(by: Member, act_id: UUID | None) -> None:
    looking.look(by, record=Record.WEIGHTY_ACT, record_id=act_id, task=Reason.SECOND_PERSON, at=clock.now())


def _about(member_id: UUID) -> Member:
    return members.get_member(session(), _bank_wide().bank_id, member_id)


def _bank_wide() -> Member:
    """Two people decide who both look after the whole bank."""
    coordinator: Member = asker().member
    if not schemes.coordinates(session(), coordinator, None):
        raise NotAllowed
    return coordinator
