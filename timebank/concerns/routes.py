"""Telling someone, and receiving what was told. The words are shown in one place only: the answer to a lead's passphrase."""

from collections.abc import Callable
from uuid import UUID, uuid4

from flask import Blueprint, Response, current_app, flash, url_for
from flask.typing import ResponseReturnValue
from tink import KeysetHandle

from timebank import clock
from timebank.concerns import reads, sealing, service, views
from timebank.concerns.letters import Holder, Letter, OpenedText, open_all, sealed_texts
from timebank.concerns.models import Closeness, Concern, Lead, ReadFirst
from timebank.concerns.schemas import (
    SUPERVISED_BY,
    CloseIn,
    CloseToMeIn,
    KeyIn,
    PassphraseIn,
    TellIn,
    WriteIn,
)
from timebank.concerns.sealing import KeptKey, WrongPassphrase
from timebank.errors import NotFound
from timebank.helplines import reads as helplines
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.signin import guesses, passwords
from timebank.web import edge, forms
from timebank.web.edge import database, session
from timebank.web.policy import allow, asker
from timebank.web.render import go_to, render

bp = Blueprint("concerns", __name__)

NOBODY_WITH_THAT_CODE = "We know nobody with that code. Please check it with them, or with whoever added them."
EASILY_GUESSED = (
    "That passphrase is easy to guess. Five or six words that have nothing to do with each other work well."
)
TOO_OFTEN = "A passphrase was tried too often in the last minutes. Please wait five minutes and try again."


# For whoever is worried


@bp.get("/tell-someone")
@allow("concerns.new")
def new() -> ResponseReturnValue:
    return _ask(forms.empty(concern_id=str(uuid4())))


@bp.post("/tell-someone")
@allow("concerns.tell")
def tell() -> ResponseReturnValue:
    form = forms.read(TellIn())
    if form.errors:
        return _ask(form, status=422)
    member, typed = asker().member, form.values
    known = {person.id for some in reads.list_nameable(session(), member) for person in some}
    if not known.issuperset(typed["named"]):
        form.refuse("named", "Please choose people from the list.")
        return _ask(form, status=422)
    was_told = reads.is_told(session(), typed["concern_id"])
    letter = Letter(
        words=typed["words"],
        named=tuple(typed["named"]),
        who=typed["who"],
        may_contact=typed["may_contact"],
        how=typed["how"],
    )
    try:
        concern = service.tell(
            session(),
            concern_id=typed["concern_id"],
            member=member,
            letter=letter,
            in_danger=typed["in_danger"] == "yes",
            at=clock.now(),
        )
    except service.NobodyToReceive as refusal:
        form.refuse("form", refusal.sentence)
        return _ask(form, status=409)
    if was_told:
        return _show_told(concern, adding=forms.empty(text_id=str(uuid4()), words=typed["words"]), is_again=True)
    return go_to(url_for("concerns.show_told", told_id=concern.id))


@bp.get("/tell-someone/told")
@allow("concerns.list_told")
def list_told() -> ResponseReturnValue:
    told = reads.list_told(session(), asker().member)
    return render("concerns/list_told.html", views=views.told(session(), told, years=_kept_years(), at=clock.now()))


@bp.get("/tell-someone/<uuid:told_id>")
@allow("concerns.show_told")
def show_told(told_id: UUID) -> ResponseReturnValue:
    return _show_told(reads.get_told(session(), told_id, asker().member))


@bp.post("/tell-someone/<uuid:told_id>/more")
@allow("concerns.add")
def add(told_id: UUID) -> ResponseReturnValue:
    form = forms.read(WriteIn())
    if form.errors:
        return _show_told(reads.get_told(session(), told_id, asker().member), adding=form, status=422)
    service.add(session(), concern_id=told_id, member=asker().member, at=clock.now(), **form.values)
    flash("We have it. Whoever reads it gets this too.", "success")
    return go_to(url_for("concerns.show_told", told_id=told_id))


# For leads


@bp.get("/concerns")
@allow("concerns.list")
def show_all() -> ResponseReturnValue:
    return _desk(forms.empty())


@bp.get("/concerns/key")
@allow("concerns.key")
def ask_key() -> ResponseReturnValue:
    return _ask_key(forms.empty())


@bp.post("/concerns/key")
@allow("concerns.key", only_reads=True)
def make_key() -> ResponseReturnValue:
    form, member = forms.read(KeyIn()), asker().member
    lead = reads.get_lead(session(), member)
    if not form.errors and passwords.is_easily_guessed(form.values["passphrase"], known_words=_known_words(lead)):
        form.refuse("passphrase", EASILY_GUESSED)
    if form.errors:
        return _ask_key(form, status=422)
    edge.close()  # nothing is held open while a key is made, which is slow
    try:
        kept = _new_key(lead, form)
    except (WrongPassphrase, guesses.TriedTooOften) as refusal:
        return _ask_key(_refused(form, "old_passphrase", refusal), status=refusal.status)
    database().run_again(lambda writing: service.keep_key(writing, member=member, kept=kept, at=clock.now()))
    flash("Your passphrase is set. Nobody can tell it to you again: keep it where only you find it.", "success")
    return go_to(url_for("concerns.show_all"))


@bp.post("/concerns/seal-again")
@allow("concerns.seal_again", only_reads=True)
def seal_again() -> ResponseReturnValue:
    form, member = forms.read(PassphraseIn()), asker().member
    lead = reads.get_lead(session(), member)
    if form.errors or lead.key is None:
        return _desk(form, status=422)
    holder, at = Holder(key_id=lead.key.id, lead_id=lead.id), clock.now()
    edge.close()
    try:
        private = _unlocked(lead.key.kept, form.values["passphrase"])
    except (WrongPassphrase, guesses.TriedTooOften) as refusal:
        return _desk(_refused(form, "passphrase", refusal), status=refusal.status)
    database().run_again(
        lambda writing: service.seal_for_more(
            writing, bank_id=lead.bank_id, holder=holder, private=private, by=member.id, at=at
        )
    )
    flash("Done. Those who may receive them can open them now.", "success")
    return go_to(url_for("concerns.show_all"))


@bp.get("/concerns/<uuid:concern_id>")
@allow("concerns.show")
def show(concern_id: UUID) -> ResponseReturnValue:
    return _show(concern_id)


@bp.post("/concerns/<uuid:concern_id>/open")
@allow("concerns.open", only_reads=True)
def open_one(concern_id: UUID) -> ResponseReturnValue:
    form, member = forms.read(PassphraseIn()), asker().member
    lead = reads.get_lead(session(), member)
    concern = reads.get_with(session(), concern_id, lead, at=clock.now())
    concern.check_is_kept()
    if form.errors or lead.key is None:
        return _show(concern_id, opening=form, status=422)
    holder, kept = Holder(key_id=lead.key.id, lead_id=lead.id), lead.key.kept
    texts = sealed_texts(concern, holder)
    edge.close()  # nothing is held open while a passphrase is looked at, which is slow
    try:
        private = _unlocked(kept, form.values["passphrase"])
    except (WrongPassphrase, guesses.TriedTooOften) as refusal:
        return _show(concern_id, opening=_refused(form, "passphrase", refusal), status=refusal.status)
    opened = open_all(texts, holder=holder, private=private)
    letter = opened[0].letter
    if letter is None:
        raise sealing.Unreadable
    is_theirs = database().run_again(
        lambda writing: service.note_opened(
            writing, concern_id=concern_id, member=member, letter=letter, at=clock.now()
        )
    )
    if not is_theirs:
        raise NotFound
    return _show(concern_id, opened=opened)


@bp.post("/concerns/<uuid:concern_id>/notes")
@allow("concerns.note")
def note(concern_id: UUID) -> ResponseReturnValue:
    form = forms.read(WriteIn())
    if not _is_written_down(service.note, concern_id, form):
        return _show(concern_id, noting=form, status=422)
    flash("Your note is sealed and kept.", "success")
    return go_to(url_for("concerns.show", concern_id=concern_id))


@bp.post("/concerns/<uuid:concern_id>/close")
@allow("concerns.close")
def close(concern_id: UUID) -> ResponseReturnValue:
    form = forms.read(CloseIn())
    if not _is_written_down(service.close, concern_id, form):
        return _show(concern_id, closing=form, status=422)
    flash("It is closed. It can be opened again at any time.", "success")
    return go_to(url_for("concerns.show", concern_id=concern_id))


@bp.post("/concerns/<uuid:concern_id>/reopen")
@allow("concerns.reopen")
def reopen(concern_id: UUID) -> ResponseReturnValue:
    service.reopen(session(), concern_id=concern_id, member=asker().member, at=clock.now())
    return go_to(url_for("concerns.show", concern_id=concern_id))


def _is_written_down(write: Callable[..., Concern], concern_id: UUID, form: forms.Form) -> bool:
    if not form.errors:
        try:
            write(session(), concern_id=concern_id, member=asker().member, at=clock.now(), **form.values)
        except ReadFirst as refusal:
            form.refuse("words", refusal.sentence)
    return not form.errors


# For everybody who has a task in the bank


@bp.get("/close-to-me")
@allow("concerns.close_to_me")
def ask_close_to_me() -> ResponseReturnValue:
    return _close_to_me(forms.empty())


@bp.post("/close-to-me")
@allow("concerns.close_to_me")
def say_close_to_me() -> ResponseReturnValue:
    form, member = forms.read(CloseToMeIn()), asker().member
    if form.errors:
        return _close_to_me(form, status=422)
    other = members.find_with_code(session(), member.bank_id, form.values["code"])
    if other is None or other.id == member.id:
        form.refuse("code", NOBODY_WITH_THAT_CODE)
        return _close_to_me(form, status=422)
    one, two, kind = member, other, form.values["kind"]
    if kind == SUPERVISED_BY:
        one, two, kind = other, member, Closeness.SUPERVISES
    service.say_close(session(), member=one, other=two, kind=Closeness(kind), at=clock.now())
    flash("Thank you. It is written down, and counts from now on.", "success")
    return go_to(url_for("concerns.ask_close_to_me"))


def count_waiting() -> int:
    """How many wait for a lead who is signed in; for the menu."""
    lead = reads.get_lead(session(), asker().member)
    return reads.count_waiting(session(), lead, years=_kept_years(), at=clock.now())


# What the pages show


def _ask(form: forms.Form, *, status: int = 200) -> Response:
    member = asker().member
    met, staff = reads.list_nameable(session(), member)
    return render(
        "concerns/new.html",
        status=status,
        form=form,
        met=met,
        staff=staff,
        there=reads.who_is_there(session(), member.bank_id),
        nation=_numbers(member),
        has_told=bool(reads.list_told(session(), member)),
    )


def _show_told(
    concern: Concern, *, adding: forms.Form | None = None, is_again: bool = False, status: int = 200
) -> Response:
    return render(
        "concerns/show_told.html",
        status=status,
        view=views.told(session(), [concern], years=_kept_years(), at=clock.now())[0],
        adding=adding or forms.empty(text_id=str(uuid4())),
        is_again=is_again,
        nation=_numbers(asker().member),
    )


def _desk(form: forms.Form, *, status: int = 200) -> Response:
    lead, at, years = reads.get_lead(session(), asker().member), clock.now(), _kept_years()
    concerns = reads.list_with(session(), lead, at=at)
    return render(
        "concerns/list.html",
        status=status,
        form=form,
        key=lead.key,
        concerns=concerns,
        going={concern.id for concern in concerns if concern.goes_soon(years=years, at=at)},
        newer=views.newer_keys(session(), lead),
    )


def _show(
    concern_id: UUID,
    *,
    opened: list[OpenedText] | None = None,
    opening: forms.Form | None = None,
    noting: forms.Form | None = None,
    closing: forms.Form | None = None,
    status: int = 200,
) -> Response:
    member, at = asker().member, clock.now()
    concern = reads.get_with(session(), concern_id, reads.get_lead(session(), member), at=at)
    return render(
        "concerns/show.html",
        status=status,
        view=views.for_lead(session(), concern, member, opened, years=_kept_years(), at=at),
        opening=opening or forms.empty(),
        noting=noting or forms.empty(text_id=str(uuid4())),
        closing=closing or forms.empty(text_id=str(uuid4())),
    )


def _ask_key(form: forms.Form, *, status: int = 200) -> Response:
    lead = reads.get_lead(session(), asker().member)
    code = sealing.check_code(lead.key.public_key) if lead.key is not None else ""
    return render("concerns/key.html", status=status, form=form, key=lead.key, check_code=code)


def _close_to_me(form: forms.Form, *, status: int = 200) -> Response:
    member = asker().member
    ties = reads.list_ties(session(), member)
    names = members.names_of(session(), {person for tie in ties for person in (tie.member_id, tie.other_id)})
    return render("concerns/close_to_me.html", status=status, form=form, me=member, ties=ties, names=names)


# Passphrases: each is typed anew, and nothing of it stays


def _new_key(lead: Lead, form: forms.Form) -> KeptKey:
    """The same key under the new passphrase; a new one for whoever has none, or starts anew."""
    passphrase = form.values["passphrase"]
    if lead.key is None or form.values["start_anew"]:
        return sealing.make_key(passphrase, key_id=uuid4(), bank_id=lead.bank_id)
    private = _unlocked(lead.key.kept, form.values["old_passphrase"])
    return sealing.lock(private, passphrase, key_id=lead.key.id, bank_id=lead.bank_id)


def _unlocked(kept: KeptKey, passphrase: str) -> KeysetHandle:
    """Counted before it is looked at, like a password. Raises WrongPassphrase, TriedTooOften, ManySigningIn."""
    at, name, secret = clock.now(), f"key {kept.id}", str(current_app.secret_key)
    lane = database().run_again(
        lambda writing: guesses.count_try(writing, name=name, device=None, secret=secret, at=at)
    )
    try:
        private = sealing.unlock(kept, passphrase)
    except passwords.ManySigningIn:
        database().run_again(lambda writing: guesses.forget_try(writing, lane=lane, at=at))
        raise
    database().run_again(lambda writing: guesses.forget_try(writing, lane=lane, at=at))
    return private


def _refused(form: forms.Form, field: str, refusal: WrongPassphrase | guesses.TriedTooOften) -> forms.Form:
    form.refuse(field, TOO_OFTEN if isinstance(refusal, guesses.TriedTooOften) else refusal.sentence)
    return form


def _known_words(lead: Lead) -> list[str]:
    names = (lead.member.name, lead.member.bank.name, "timebank")
    return [word for name in names for word in (name, *name.split())]


def _kept_years() -> int:
    """How long the words of a concern are kept after it was closed."""
    years: int = current_app.config["TIMEBANK_CONCERNS_KEPT_YEARS"]
    return years


def _numbers(member: Member) -> helplines.Nation:
    return helplines.numbers(session(), member.bank, today=clock.today()).own
