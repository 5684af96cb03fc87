"""What every answer lets the browser do, and which requests did not come from our own pages.

Everything is forbidden that a page of ours does not need. A script runs only where it carries the answer's own nonce.
"""

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from timebank.errors import Refusal
from timebank.web.edge import SAFE_METHODS

OURS = "same-origin"
# Asked for by typing an address, by a bookmark or by opening a file: by the person, and by no page.
BY_THE_PERSON = "none"
YEARS_ON_HTTPS = 63_072_000  # two years, in seconds
# The powers of a device that no page here asks for. Passkeys are asked for on our own pages only.
POWERS = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "xr-spatial-tracking",
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it browsers say of our own forms that they come from nowhere ("Origin: null").
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        [f"{power}=()" for power in POWERS]
        + ["publickey-credentials-create=(self)", "publickey-credentials-get=(self)"]
    ),
    "X-Frame-Options": "DENY",  # for telephones older than frame-ancestors
    "X-Permitted-Cross-Domain-Policies": "none",
}


class FromElsewhere(Refusal):
    """This came from another website, so nothing was done. Please open the time bank itself, and do it from there."""

    status = 403


class OtherName(Refusal):
    """This is not the address of the time bank. Please type it as it was given to you."""


def plug_in(app: Flask, *, is_https: bool, hosts: Sequence[str] | None) -> None:
    """`hosts`: the names that the bank goes by; None where any will do, at this computer alone."""

    @app.before_request
    def refuse_other_names() -> None:
        if hosts is not None and urlsplit(f"//{request.host}").hostname not in hosts:
            raise OtherName

    app.before_request(_refuse_others_pages)

    @app.after_request
    def tell(response: Response) -> Response:
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", _policy(is_https=is_https))
        if is_https:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={YEARS_ON_HTTPS}; includeSubDomains")
        if request.endpoint not in {"static", "pages.htmx"}:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def script_nonce() -> str:
    """The one of this answer: a script without it does not run."""
    if "script_nonce" not in g:
        g.script_nonce = secrets.token_urlsafe(18)
    return g.script_nonce


def may_lead_to(address: str) -> str:
    """A form of this page may lead to another site: by leaving quickly. Gives the address back."""
    g.form_leads_to = address
    return address


def _policy(*, is_https: bool) -> str:
    scripts = f"'nonce-{g.script_nonce}'" if "script_nonce" in g else "'none'"
    target = urlsplit(g.get("form_leads_to", ""))
    forms = f"'self' {target.scheme}://{target.netloc}" if target.netloc else "'self'"
    rules = [
        "default-src 'none'",
        f"script-src {scripts}",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        f"form-action {forms}",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    return "; ".join([*rules, "upgrade-insecure-requests"] if is_https else rules)


def is_from_our_page() -> bool:
    """Whether the browser itself says so; a browser that says nothing may be anybody's."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == OURS
    return origin is not None and urlsplit(origin).netloc == request.host


def _refuse_others_pages() -> None:
    """Acts come from our own pages; and no other site's page may fetch, embed or frame one of ours. A link to us is fine."""
    site = request.headers.get("Sec-Fetch-Site")
    if request.method in SAFE_METHODS:
        is_visit = (
            request.headers.get("Sec-Fetch-Mode") == "navigate" and request.headers.get("Sec-Fetch-Dest") == "document"
        )
        if site not in {None, OURS, BY_THE_PERSON} and not is_visit:
            raise FromElsewhere
        return
    if site not in {None, OURS, BY_THE_PERSON}:
        raise FromElsewhere
    # What browsers before 2023 tell, and others too. Where neither is told, the page's token decides alone.
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise FromElsewhere
