"""Who may use which route: one table, and a guard that says no unless a row says yes.

Rows decide by who is asking. Whether this very thing is theirs is decided where it is read (`get_for_party` and its kin),
with the same answer for "not yours" and "not there".
"""

from collections.abc import Callable
from enum import Enum, auto
from functools import wraps
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from timebank.errors import NotFound
from timebank.web import edge


class Who(Enum):
    ANYONE = auto()
    HALF_IN = auto()  # has a right password, and a second step still to take; whoever is signed in is past it
    SIGNED_IN = auto()
    COORDINATOR = auto()
    LEAD = auto()  # receives concerns
    LEAD_OR_COORDINATOR = auto()


POLICY: dict[str, Who] = {
    "static": Who.ANYONE,
    "pages.htmx": Who.ANYONE,
    "pages.health": Who.ANYONE,
    "helplines.show": Who.ANYONE,
    "pages.source_code": Who.ANYONE,
    "pages.leave_now": Who.ANYONE,
    "signin.show": Who.ANYONE,
    "signin.enter": Who.ANYONE,
    "signin.first_time": Who.ANYONE,
    "signin.set_password": Who.ANYONE,
    "signin.begin_passkey": Who.ANYONE,
    "signin.use_passkey": Who.ANYONE,
    "forgotten.ask": Who.ANYONE,
    "forgotten.new_password": Who.ANYONE,
    "forgotten.set_password": Who.ANYONE,
    "signin.second_step": Who.HALF_IN,
    "signin.take_second_step": Who.HALF_IN,
    "signin.sign_out": Who.SIGNED_IN,
    "signin.prove": Who.SIGNED_IN,
    "mysignin.show": Who.SIGNED_IN,
    "mysignin.end_device": Who.SIGNED_IN,
    "mysignin.end_devices": Who.SIGNED_IN,
    "mysignin.change_password": Who.SIGNED_IN,
    "mysignin.change_name": Who.SIGNED_IN,
    "mysignin.set_up": Who.SIGNED_IN,
    "mysignin.begin_app": Who.SIGNED_IN,
    "mysignin.switch_app_on": Who.SIGNED_IN,
    "mysignin.switch_app_off": Who.SIGNED_IN,
    "mysignin.make_spare_codes": Who.SIGNED_IN,
    "mysignin.begin_passkey": Who.SIGNED_IN,
    "mysignin.add_passkey": Who.SIGNED_IN,
    "mysignin.remove_passkey": Who.SIGNED_IN,
    "contact.show": Who.SIGNED_IN,
    "contact.give_address": Who.SIGNED_IN,
    "contact.confirm": Who.SIGNED_IN,
    "contact.choose": Who.SIGNED_IN,
    "contact.remove_address": Who.SIGNED_IN,
    "contact.write_note": Who.SIGNED_IN,
    "home.show": Who.SIGNED_IN,
    "hours.list": Who.SIGNED_IN,
    "hours.new": Who.SIGNED_IN,
    "hours.log": Who.SIGNED_IN,
    "hours.show": Who.SIGNED_IN,
    "hours.confirm": Who.SIGNED_IN,
    "hours.change": Who.SIGNED_IN,
    "hours.take_back": Who.SIGNED_IN,
    "statements.show": Who.SIGNED_IN,
    "statements.prove": Who.SIGNED_IN,
    "introductions.list": Who.SIGNED_IN,
    "introductions.show": Who.SIGNED_IN,
    "introductions.accept": Who.SIGNED_IN,
    "introductions.not_this_time": Who.SIGNED_IN,
    "relationships.list": Who.SIGNED_IN,
    "relationships.end": Who.SIGNED_IN,
    "apart.list": Who.SIGNED_IN,
    "apart.ask": Who.SIGNED_IN,
    "apart.choose": Who.SIGNED_IN,
    "apart.take_back": Who.SIGNED_IN,
    "offers.list": Who.SIGNED_IN,
    "offers.new": Who.SIGNED_IN,
    "offers.post": Who.SIGNED_IN,
    "offers.reply": Who.SIGNED_IN,
    "offers.answer": Who.SIGNED_IN,
    "offers.close": Who.SIGNED_IN,
    "profiles.show": Who.SIGNED_IN,
    "profiles.show_agreed": Who.SIGNED_IN,
    "profiles.agree": Who.SIGNED_IN,
    "profiles.edit": Who.SIGNED_IN,
    "profiles.save": Who.SIGNED_IN,
    "profiles.places": Who.SIGNED_IN,
    "profiles.step_back": Who.SIGNED_IN,
    "profiles.come_back": Who.SIGNED_IN,
    "profiles.take_break": Who.SIGNED_IN,
    "profiles.end_break": Who.SIGNED_IN,
    "record.show": Who.SIGNED_IN,
    "record.read": Who.SIGNED_IN,
    "record.take_along": Who.SIGNED_IN,
    "record.ask_to_leave": Who.SIGNED_IN,
    "record.leave": Who.SIGNED_IN,
    "who_has_looked.show": Who.SIGNED_IN,
    "queries.list": Who.SIGNED_IN,
    "queries.new": Who.SIGNED_IN,
    "queries.open": Who.SIGNED_IN,
    "queries.show": Who.SIGNED_IN,
    "queries.tell": Who.SIGNED_IN,
    "queries.settle": Who.COORDINATOR,
    "concerns.new": Who.SIGNED_IN,
    "concerns.tell": Who.SIGNED_IN,
    "concerns.list_told": Who.SIGNED_IN,
    "concerns.show_told": Who.SIGNED_IN,
    "concerns.add": Who.SIGNED_IN,
    "concerns.close_to_me": Who.LEAD_OR_COORDINATOR,
    "concerns.list": Who.LEAD,
    "concerns.key": Who.LEAD,
    "concerns.seal_again": Who.LEAD,
    "concerns.show": Who.LEAD,
    "concerns.open": Who.LEAD,
    "concerns.note": Who.LEAD,
    "concerns.close": Who.LEAD,
    "concerns.reopen": Who.LEAD,
    "desk.show": Who.COORDINATOR,
    "desk.members": Who.COORDINATOR,
    "desk.new_member": Who.COORDINATOR,
    "desk.add_member": Who.COORDINATOR,
    "desk.sign_out_everywhere": Who.COORDINATOR,
    "desk.take_second_step_away": Who.COORDINATOR,
    "helplines.check": Who.COORDINATOR,
    "helplines.keep": Who.COORDINATOR,
    "desk.how_to_reach": Who.COORDINATOR,
    "two_people.list": Who.COORDINATOR,
    "two_people.ask": Who.COORDINATOR,
    "two_people.show": Who.COORDINATOR,
    "two_people.agree": Who.COORDINATOR,
    "two_people.decline": Who.COORDINATOR,
    "two_people.take_back": Who.COORDINATOR,
    "two_people.stop": Who.COORDINATOR,
    "two_people.about_me": Who.SIGNED_IN,
    "two_people.say_no": Who.SIGNED_IN,
    "audit.say_why": Who.COORDINATOR,
    "matches.run": Who.COORDINATOR,
    "matches.show": Who.COORDINATOR,
    "matches.set_aside": Who.COORDINATOR,
    "matches.take_up_again": Who.COORDINATOR,
    "matches.send": Who.COORDINATOR,
    "matches.call_back": Who.COORDINATOR,
}

# Whoever looks after others and has no second step yet reaches these, and what is open to anyone.
WHILE_SETTING_UP = frozenset(
    {
        "signin.sign_out",
        "signin.prove",
        "mysignin.set_up",
        "mysignin.begin_app",
        "mysignin.switch_app_on",
        "mysignin.begin_passkey",
        "mysignin.add_passkey",
    }
)

# Every page for coordinators stands in one of these: each look at what is others' is noted, or nothing of others' is on it.
LOOKS_ARE_NOTED = frozenset(
    {
        "desk.show",
        "desk.members",
        "desk.how_to_reach",
        "matches.show",
        "queries.show",
        "two_people.list",
        "two_people.show",
    }
)
# (The pages before somebody is signed out, before a second step is taken away, and before a second person is asked, show one
# name, which the list of members, a noted look, has shown, and what that person looks after. The page of helplines says
# which colleague checked a public number.)
SHOWS_NOTHING_OF_OTHERS = frozenset(
    {"desk.new_member", "desk.sign_out_everywhere", "desk.take_second_step_away", "helplines.check", "two_people.ask"}
)

# What htmx sends along, and what it goes by.
FOR_A_PART, PAGE_ASKING, LEAD_ON = "HX-Request", "HX-Current-URL", "HX-Redirect"


class Asker(Protocol):
    """Who is asking, as far as the policy needs to know."""

    @property
    def is_coordinator(self) -> bool: ...

    @property
    def is_lead(self) -> bool: ...

    @property
    def has_to_set_up(self) -> bool:
        """Whether they see what others entrusted, and nothing but a password keeps strangers from it."""

    @property
    def has_proved_lately(self) -> bool:
        """Whether they showed in the last minutes that it is they."""


def plug_in(
    app: Flask,
    *,
    find_asker: Callable[[], Asker | None],
    is_half_in: Callable[[], bool],
    ask_who_it_is: Callable[[str, list[tuple[str, str]]], Response],
) -> None:
    """`ask_who_it_is` gets where an act was sent, and with what, so that it can go on afterwards."""
    app.extensions["timebank.find_asker"] = find_asker
    app.extensions["timebank.is_half_in"] = is_half_in
    app.extensions["timebank.ask_who_it_is"] = ask_who_it_is
    app.before_request(_refuse_unguarded)


def asker() -> Any:
    """The member who is signed in, with what they may coordinate; None for a stranger. Found once per request."""
    if "asker" not in g:
        g.asker = current_app.extensions["timebank.find_asker"]()
    return g.asker


def allow(
    row: str, *, only_reads: bool = False, fresh: bool = False
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., Response]]:
    """Guard a view by its policy row, and close the request's one transaction when the answer is good.

    `fresh`: whoever asks has to have shown in the last minutes that it is they; else they are asked, and then go on.
    """

    def guard(view: Callable[..., ResponseReturnValue]) -> Callable[..., Response]:
        @wraps(view)
        def guarded(**arguments: Any) -> Response:
            if only_reads:
                _read_afresh()
            refusal = _refusal(row) or (_ask_who_it_is() if fresh else None)
            if refusal is not None:
                return refusal
            try:
                answer = make_response(view(**arguments))
                is_done = answer.status_code < 400  # noqa: PLR2004 - a refusal never leaves anything behind
                if is_done:
                    edge.commit()
            except Exception:
                # After a refusal the member stands as the failed act left them: the page about it reads them afresh.
                forget_asker()
                raise
            finally:
                edge.close()
            edge.write_down(is_done=is_done)
            return answer

        guarded.policy_row = row  # type: ignore[attr-defined]
        guarded.is_fresh = fresh  # type: ignore[attr-defined]
        return guarded

    return guard


def _read_afresh() -> None:
    """Whoever looked up who is asking, before it was known that nothing will be written, has taken a turn to write."""
    if "session" in g:
        edge.close()
        forget_asker()
    edge.only_read()


def forget_asker() -> None:
    """Whoever asks next in this request is looked up again."""
    g.pop("asker", None)
    g.pop("_login_user", None)


def check_every_route_is_guarded(app: Flask) -> None:
    """A route without a policy row cannot start."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        row = getattr(view, "policy_row", rule.endpoint if rule.endpoint == "static" else None)
        if row is None or row not in POLICY:
            raise RuntimeError(f"the route {rule.rule} ({rule.endpoint}) has no row in timebank/web/policy.py")
        is_read_by_staff = POLICY[row] is Who.COORDINATOR and "GET" in (rule.methods or ())
        if is_read_by_staff and row not in LOOKS_ARE_NOTED | SHOWS_NOTHING_OF_OTHERS:
            raise RuntimeError(f"the page {rule.rule} ({rule.endpoint}) does not say whether looks at it are noted")


def is_for_anyone(endpoint: str | None) -> bool:
    """Whether strangers may come here; where there is no route, there is nothing to keep them from."""
    if endpoint is None:
        return True
    row = getattr(current_app.view_functions.get(endpoint), "policy_row", endpoint)
    return POLICY.get(row, Who.ANYONE) is Who.ANYONE


def _refuse_unguarded() -> None:
    """Deny by default, should a route ever be added after the start-up check."""
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    if request.endpoint != "static" and getattr(view, "policy_row", None) not in POLICY:
        raise NotFound


def _refusal(row: str) -> Response | None:
    who = POLICY[row]
    if who is Who.ANYONE:
        return None
    if who is Who.HALF_IN:
        return None if _is_half_in() else _ask_to_sign_in()
    if asker() is None:
        return _ask_to_sign_in()
    if asker().has_to_set_up and row not in WHILE_SETTING_UP:
        return _lead_to(url_for("mysignin.set_up"))
    if not _may(who, asker()):
        raise NotFound
    return None


def _may(who: Who, asker: Asker) -> bool:
    match who:
        case Who.COORDINATOR:
            return asker.is_coordinator
        case Who.LEAD:
            return asker.is_lead
        case Who.LEAD_OR_COORDINATOR:
            return asker.is_lead or asker.is_coordinator
    return True


def _ask_to_sign_in() -> Response:
    return _lead_to(url_for("signin.second_step") if _is_half_in() else url_for("signin.show", next=_this_page()))


def _is_half_in() -> bool:
    return current_app.extensions["timebank.is_half_in"]()


def _ask_who_it_is() -> Response | None:
    """Of an act what was typed is on the page that asks, and comes along; but a password is not written into any page."""
    if asker().has_proved_lately:
        return None
    url = url_for("signin.prove", next=_this_page() or _page_it_came_from())
    typed = [(name, words) for name, words in request.form.items(multi=True) if name != "csrf_token"]
    is_secret = any("password" in name for name, _ in typed)
    if request.method in edge.SAFE_METHODS or is_secret or _is_part_of_a_page():
        return _lead_to(url)
    return current_app.extensions["timebank.ask_who_it_is"](request.full_path.rstrip("?"), typed)


def _this_page() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None


def _page_it_came_from() -> str | None:
    """Of our own pages only: browsers send no more than the place itself from another site."""
    came_from = urlsplit(request.headers.get(PAGE_ASKING) or request.referrer or "")
    return came_from.path if came_from.netloc == request.host else None


def _is_part_of_a_page() -> bool:
    return request.headers.get(FOR_A_PART) == "true"


def _lead_to(url: str) -> Response:
    if _is_part_of_a_page():
        return Response(status=204, headers={LEAD_ON: url})
    return make_response(redirect(url, code=303))
