"""Who may use which route: one table, and a guard that says no unless a row says yes.

Rows decide by who is asking. Whether this very thing is theirs is decided where it is read (`get_for_party` and its kin),
with the same answer for "not yours" and "not there".
"""

from collections.abc import Callable
from enum import Enum, auto
from functools import wraps
from typing import Any, Protocol

from flask import Flask, Response, current_app, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from timebank.errors import NotFound
from timebank.web import edge


class Who(Enum):
    ANYONE = auto()
    SIGNED_IN = auto()
    COORDINATOR = auto()


POLICY: dict[str, Who] = {
    "static": Who.ANYONE,
    "pages.htmx": Who.ANYONE,
    "pages.health": Who.ANYONE,
    "pages.urgent_help": Who.ANYONE,
    "pages.source_code": Who.ANYONE,
    "pages.leave_now": Who.ANYONE,
    "signin.show": Who.ANYONE,
    "signin.enter": Who.ANYONE,
    "signin.first_time": Who.ANYONE,
    "signin.set_password": Who.ANYONE,
    "signin.sign_out": Who.SIGNED_IN,
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
    "relationships.keep_apart": Who.SIGNED_IN,
    "offers.list": Who.SIGNED_IN,
    "offers.new": Who.SIGNED_IN,
    "offers.post": Who.SIGNED_IN,
    "offers.reply": Who.SIGNED_IN,
    "offers.answer": Who.SIGNED_IN,
    "offers.close": Who.SIGNED_IN,
    "profiles.show": Who.SIGNED_IN,
    "profiles.edit": Who.SIGNED_IN,
    "profiles.save": Who.SIGNED_IN,
    "profiles.places": Who.SIGNED_IN,
    "profiles.step_back": Who.SIGNED_IN,
    "profiles.come_back": Who.SIGNED_IN,
    "queries.list": Who.SIGNED_IN,
    "queries.new": Who.SIGNED_IN,
    "queries.open": Who.SIGNED_IN,
    "queries.show": Who.SIGNED_IN,
    "queries.tell": Who.SIGNED_IN,
    "queries.settle": Who.COORDINATOR,
    "desk.show": Who.COORDINATOR,
    "desk.members": Who.COORDINATOR,
    "desk.add_member": Who.COORDINATOR,
    "matches.run": Who.COORDINATOR,
    "matches.show": Who.COORDINATOR,
    "matches.set_aside": Who.COORDINATOR,
    "matches.take_up_again": Who.COORDINATOR,
    "matches.send": Who.COORDINATOR,
    "matches.call_back": Who.COORDINATOR,
}


class Asker(Protocol):
    """Who is asking, as far as the policy needs to know."""

    @property
    def is_coordinator(self) -> bool: ...


def plug_in(app: Flask, find_asker: Callable[[], Asker | None]) -> None:
    app.extensions["timebank.find_asker"] = find_asker
    app.before_request(_refuse_unguarded)


def asker() -> Any:
    """The member who is signed in, with what they may coordinate; None for a stranger. Found once per request."""
    if "asker" not in g:
        g.asker = current_app.extensions["timebank.find_asker"]()
    return g.asker


def allow(
    row: str, *, only_reads: bool = False
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., Response]]:
    """Guard a view by its policy row, and close the request's one transaction when the answer is good."""

    def guard(view: Callable[..., ResponseReturnValue]) -> Callable[..., Response]:
        @wraps(view)
        def guarded(**arguments: Any) -> Response:
            if only_reads:
                edge.only_read()
            refusal = _refusal(POLICY[row])
            if refusal is not None:
                return refusal
            try:
                answer = make_response(view(**arguments))
                if answer.status_code < 400:  # noqa: PLR2004 - a refusal never leaves anything behind
                    edge.commit()
            except Exception:
                # After a refusal the member stands as the failed act left them: the page about it reads them afresh.
                g.pop("asker", None)
                g.pop("_login_user", None)
                raise
            finally:
                edge.close()
            return answer

        guarded.policy_row = row  # type: ignore[attr-defined]
        return guarded

    return guard


def check_every_route_is_guarded(app: Flask) -> None:
    """A route without a policy row cannot start."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        row = getattr(view, "policy_row", rule.endpoint if rule.endpoint == "static" else None)
        if row is None or row not in POLICY:
            raise RuntimeError(f"the route {rule.rule} ({rule.endpoint}) has no row in timebank/web/policy.py")


def _refuse_unguarded() -> None:
    """Deny by default, should a route ever be added after the start-up check."""
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    if request.endpoint != "static" and getattr(view, "policy_row", None) not in POLICY:
        raise NotFound


def _refusal(who: Who) -> Response | None:
    if who is Who.ANYONE:
        return None
    if asker() is None:
        return _ask_to_sign_in()
    if who is Who.COORDINATOR and not asker().is_coordinator:
        raise NotFound
    return None


def _ask_to_sign_in() -> Response:
    target = url_for("signin.show", next=request.full_path.rstrip("?") if request.method == "GET" else None)
    if request.headers.get("HX-Request") == "true":
        return Response(status=204, headers={"HX-Redirect": target})
    return make_response(redirect(target, code=303))
