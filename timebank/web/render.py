"""One view, two answers: htmx gets the fragment that changed, everyone else the whole page that includes it."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request


def wants_fragment() -> bool:
    """Boosted and history-restoring requests come from htmx too, but need whole pages."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def render(page: str, /, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    template = fragment if fragment is not None and wants_fragment() else page
    answer = make_response(render_template(template, **context), status)
    answer.vary.add("HX-Request")
    return answer


def go_to(url: str) -> Response:
    """After an act, a page that can be reloaded without doing the act again."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": url})
    return make_response(redirect(url, code=303))
