# ruff: noqa: INP001 - a script beside documents, not a package
"""Pictures of the invented community for the README and the guides: .venv/bin/python docs/make_pictures.py

Serves a fresh invented community on a free port of this computer and writes docs/pictures/NAME-WIDTH.png.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

from tests.demonstration.inventing import invent  # noqa: E402
from tests.journeys.browsing import launch  # noqa: E402
from tests.journeys.site import Site  # noqa: E402
from timebank.db import Database  # noqa: E402
from timebank.demonstration.community import PASSWORD  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
SIZES = {360: 740, 1280: 900}
LARGEST = 150_000  # bytes


def home(page: Page) -> None:
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()


def statement(page: Page) -> None:
    page.goto("/statement/")
    expect(page.get_by_role("heading", name="My statement")).to_be_visible()


def introduction(page: Page) -> None:
    page.get_by_role("link", name="See why we thought of you").first.click()
    expect(page.get_by_role("heading", name="Why we thought of you")).to_be_visible()


def a_round(page: Page) -> None:
    page.goto("/desk/")
    page.get_by_role("button", name="Try a round Peer mentoring").click()
    expect(page.get_by_role("heading", name="Proposals")).to_be_visible()


def query(page: Page) -> None:
    page.goto("/queries/")
    page.get_by_role("link", name="Open").first.click()
    expect(page.get_by_role("heading", name="How each of you remembers it")).to_be_visible()


PICTURES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "home": ("member", home),
    "statement": ("member", statement),
    "introduction": ("mentor", introduction),
    "round": ("coordinator", a_round),
    "query": ("member", query),
}


@contextmanager
def signed_in(browser: Browser, site: Site, who: str, width: int) -> Iterator[Page]:
    page = browser.new_page(
        base_url=site.url,
        viewport={"width": width, "height": SIZES[width]},
        reduced_motion="reduce",
        locale="en-GB",
        color_scheme="light",
    )
    page.goto("/sign-in/")
    page.get_by_label("Your name for signing in").fill(who)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()
    yield page
    page.close()


def take(browser: Browser, site: Site) -> None:
    for name, (who, arrive) in PICTURES.items():
        for width in SIZES:
            with signed_in(browser, site, who, width) as page:
                arrive(page)
                file = FOLDER / f"{name}-{width}.png"
                page.screenshot(path=file)
                size = file.stat().st_size
                print(f"{file.relative_to(ROOT)}  {size // 1000} kB{'  TOO LARGE' if size > LARGEST else ''}")  # noqa: T201


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pictures.db"
        invent(file)
        database, site = Database(f"sqlite:///{file}"), Site()
        with site.serving(database), sync_playwright() as playwright:
            browser = launch(playwright)
            take(browser, site)
            browser.close()
        site.close()
        database.close()


if __name__ == "__main__":
    main()
