"""People at their browsers: on a phone and at a desk, with scripts and without, and axe looking over their shoulder."""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from passlib.totp import TOTP
from playwright.sync_api import Browser, BrowserType, Locator, Page, Playwright, Request, Route, expect

from tests.journeys.bank import APP, PASSWORD

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
# What the switches after the first two stop are requests that Chromium makes on its own account.
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
PATIENCE = 20_000

expect.set_options(timeout=PATIENCE)


def launch(playwright: Playwright, *, trusts: str) -> Browser:
    """`trusts`: the certificate of this run, by its key; to whatever else is wrong with one, Chromium says no as always."""
    path = os.environ.get("TIMEBANK_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        pytest.fail(
            "The journeys need Chromium, and there is none. Type: apt-get install -y --no-install-recommends chromium"
            " fonts-noto-core, or say where it is with TIMEBANK_CHROMIUM.",
            pytrace=False,
        )
    chromium: BrowserType = playwright.chromium
    return chromium.launch(executable_path=path, args=[*SWITCHES, f"--ignore-certificate-errors-spki-list={trusts}"])


@dataclass(frozen=True)
class Device:
    width: int
    height: int
    scripts: bool

    @property
    def is_https(self) -> bool:
        """At a desk as over the network, on a phone as at one's own computer: each page is met either way."""
        return (self.width, self.height) == DESK

    def __str__(self) -> str:
        return f"{self.width}-{'scripts' if self.scripts else 'no scripts'}"


# On a phone without scripts and at a desk with them is every width and either way once; the full form takes all four.
PHONE, DESK = (360, 740), (1280, 900)
ALL_FOUR = [Device(*size, scripts) for size in (PHONE, DESK) for scripts in (True, False)]
DEVICES = ALL_FOUR if os.environ.get("TIMEBANK_FORM") == "full" else [Device(*PHONE, False), Device(*DESK, True)]


class Outside:
    """The rest of the world: a plain page, which is not really asked. (Where a form is redirected to another site, Playwright
    hands the request on unasked, and the browser says that there is no network. What was asked is noted in any case.)"""

    def __init__(self, site: str) -> None:
        self.site = site
        self.asked: list[str] = []

    def note(self, request: Request) -> None:
        if not request.url.startswith((self.site, "data:")):
            self.asked.append(request.url)

    def __call__(self, route: Route) -> None:
        if route.request.url.startswith(self.site):
            route.fallback()
        else:
            route.fulfill(status=200, content_type="text/html", body="<title>Weather</title><h1>Dry, and sun</h1>")


class Visitor:
    """One person's browser."""

    looked_at: ClassVar[
        Path
    ]  # a folder of this run: a page that looks the same is looked at once, by one of all workers

    def __init__(self, browser: Browser, device: Device, outside: Outside) -> None:
        self.device, self.outside = device, outside
        self.context = browser.new_context(
            base_url=outside.site,
            viewport={"width": device.width, "height": device.height},
            java_script_enabled=device.scripts,
            reduced_motion="reduce",
            locale="en-GB",
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.route(re.compile(""), outside)
        self.context.on("request", outside.note)
        self.problems: list[str] = []
        self.loads: list[str] = []
        self.page = self.new_page()
        self._copy: Page | None = None

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self.problems.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("load", self._note_load)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page

    def _note_load(self, page: Page) -> None:
        self.loads.append(page.url)

    # Going about

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def sign_in(self, name: str, *, with_code: bool = False) -> None:
        self.open("/sign-in/")
        self.fill("Your name for signing in", name)
        self.fill("Password", PASSWORD)
        self.press("Sign in")
        if with_code or name == "cora":
            self.sees_heading("One more step")
            self.fill("Your code", TOTP(key=APP).generate().token)
            self.press("Go in")
        self.sees_heading("Hello")

    def go(self, link: str, *, within: Locator | None = None) -> None:
        (within or self.page).get_by_role("link", name=link).first.click()
        self.page.wait_for_load_state()
        self.look()

    def press(self, button: str, *, within: Locator | None = None) -> None:
        """What follows is awaited by what the person sees next."""
        (within or self.page.locator("main")).get_by_role("button", name=button).first.click()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def choose(self, label: str) -> None:
        """By its words, which are the larger part to touch."""
        self.page.locator("main label").filter(has_text=re.compile(f"^{re.escape(label)}$")).click()
        expect(self.page.get_by_label(label, exact=True)).to_be_checked()

    def card(self, *words: str) -> Locator:
        found = self.page.locator("main .card")
        for word in words:
            found = found.filter(has_text=word)
        return found.first

    # Seeing

    def sees(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)
        self.look()

    def sees_heading(self, words: str) -> None:
        expect(self.page.get_by_role("heading", name=words).first).to_be_visible()
        self.look()

    def does_not_see(self, words: str) -> None:
        expect(self.page.locator("body")).not_to_contain_text(words)

    def look(self) -> None:
        """Once for each page that looks different: axe in light and in dark, and nothing wider than the screen."""
        # What has been loaded counts as loaded only once the browser has said so.
        self.page.wait_for_load_state()
        seen = self.page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, button, .tag')].map((e) => e.textContent)"
        )
        key = (str(self.device.width), ID.sub("", self.page.url.split("?")[0]), *sorted(set(seen)))
        if not self._is_first(key):
            return
        page = self.page if self.device.scripts else self._same_page_with_scripts()
        page.evaluate(AXE_SCRIPT)
        for scheme, options in (("light", {}), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme)
            self.problems += [f"{scheme} {self.page.url}: {found}" for found in violations(page, options)]
        page.emulate_media(color_scheme="light")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.problems.append(f"{self.page.url} is {wide} px wider than the screen of {self.device}")

    def _is_first(self, key: tuple[str, ...]) -> bool:
        try:
            (self.looked_at / hashlib.sha256(repr(key).encode()).hexdigest()).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _same_page_with_scripts(self) -> Page:
        """axe itself is a script and waits for timers, so it looks at a copy of what this browser shows."""
        if self._copy is None:
            self._copy = self.page.context.browser.new_page(
                viewport={"width": self.device.width, "height": self.device.height}, reduced_motion="reduce"
            )
        shown = re.sub(r"<script\b.*?</script>", "", self.page.content(), flags=re.DOTALL)
        address = f"{self.outside.site}/copy-of-what-is-shown"
        self._copy.unroute_all()
        self._copy.route(address, lambda route: route.fulfill(status=200, content_type="text/html", body=shown))
        self._copy.goto(address)
        return self._copy

    # Going

    def leave_nothing(self) -> None:
        """Of whoever walked here nothing stays: no address elsewhere was asked, the browser stores nothing, and after
        leaving quickly no page comes back.
        """
        kept = self.context.storage_state(indexed_db=True)
        self.problems += [f"stored in the browser: {origin}" for origin in kept["origins"]]
        self.problems += [
            f"a cookie that scripts can read: {one['name']}" for one in kept["cookies"] if not one["httpOnly"]
        ]
        if self.device.scripts and self.page.url.startswith(self.outside.site):
            stores = self.page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]")
            self.problems += [f"a script finds {stores}"] if stores != [0, 0, ""] else []
        self._go_and_come_back()

    def _go_and_come_back(self) -> None:
        """Once for each page that a walk ended on."""
        page = self.page
        key = ("left", str(self.device), ID.sub("", page.url.split("?")[0]))
        is_signed_in = page.url.startswith(self.outside.site) and page.get_by_role("button", name="Sign out").count()
        if not is_signed_in or not self._is_first(key):
            return
        before = list(self.problems)
        self.press("Leave this site quickly", within=page.locator("body"))
        expect(page).not_to_have_url(re.compile(self.outside.site))
        page.go_back()
        page.wait_for_load_state()
        # A page that was the answer to a form, or to a link that works once, is asked for again and refused.
        self.problems = before + [said for said in self.problems[len(before) :] if "status of 4" not in said]
        if page.get_by_role("button", name="Sign out").count():
            self.problems.append(f"going back shows {page.url} again")

    def close(self) -> None:
        self.context.close()
        if self._copy is not None:
            self._copy.context.close()


def violations(page: Page, options: dict[str, Any]) -> list[str]:
    result = page.evaluate("(options) => axe.run(document, {resultTypes: ['violations'], ...options})", options)
    return [
        f"{found['id']}: {', '.join(str(node['target'][0]) for node in found['nodes'][:3])}"
        for found in result["violations"]
    ]
