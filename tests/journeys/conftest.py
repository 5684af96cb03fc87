"""A real browser, a real server, and a small bank of people who can sign in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.databases import SqliteCopies
from tests.journeys.bank import SmallBank
from tests.journeys.browsing import DEVICES, Device, Outside, Visitor, launch
from tests.journeys.site import Site
from timebank.db import Database
from timebank.vault.keys import KeyRing


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = launch(playwright, trusts=site.trusted_by)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    served = Site(tmp_path_factory.mktemp("site"))
    yield served
    served.close()


@pytest.fixture
def bank(sqlite_copies: SqliteCopies, site: Site, keys: KeyRing, device: Device) -> Iterator[SmallBank]:
    database = Database(sqlite_copies.url(), keys=keys)
    with site.serving(database, is_https=device.is_https):
        yield SmallBank(database, site)
    sqlite_copies.discard(database)


@pytest.fixture(params=DEVICES, ids=str)
def device(request: pytest.FixtureRequest) -> Device:
    return request.param


@pytest.fixture
def visit(browser: Browser, site: Site, device: Device, shared_folder: Path) -> Iterator[Callable[[], Visitor]]:
    """Each visitor has a browser of their own. What went wrong in any of them fails the test at its end."""
    visitors: list[Visitor] = []
    Visitor.looked_at = shared_folder / "looked-at"
    Visitor.looked_at.mkdir(exist_ok=True)

    def come() -> Visitor:
        visitors.append(Visitor(browser, device, Outside(site.url(is_https=device.is_https))))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.leave_nothing()
    problems = [problem for visitor in visitors for problem in visitor.problems]
    for visitor in visitors:
        visitor.close()
    assert problems == []
