"""Following every link and sending every form, as a browser would, and keeping the answers."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import html5lib
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.clients import Browser
from tests.demonstration.inventing import CONFIG
from timebank.app import create_app
from timebank.config import Config
from timebank.db import Database
from timebank.signin.models import User
from timebank.web.policy import allow

PEOPLE = ("stranger", "member", "mentor", "coordinator", "lead")
MOST_OF_A_KIND = 5  # pages of one endpoint for one person: they come from the same template
READ_OUT = ("aria-label", "alt", "title", "placeholder", "data-words", "content")


@dataclass(kw_only=True)
class Page:
    who: str
    asked: str  # like "GET /hours/"
    endpoint: str | None
    status: int
    headers: dict[str, str]
    text: str
    tree: ET.Element | None = None
    mistakes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.who}: {self.asked} ({self.status})"

    @property
    def is_whole(self) -> bool:
        return self.tree is not None

    def elements(self, *tags: str) -> Iterator[ET.Element]:
        assert self.tree is not None
        return (element for element in self.tree.iter() if element.tag in tags)

    @property
    def words(self) -> str:
        """What a person sees or has read out, the title of the page included."""
        assert self.tree is not None
        return " ".join(_words(self.tree))


def _words(element: ET.Element) -> Iterator[str]:
    if element.tag in {"script", "style", "meta", "link"} or not isinstance(element.tag, str):
        return
    yield from (element.get(name, "") for name in READ_OUT if name in element.attrib)
    yield element.text or ""
    for child in element:
        yield from _words(child)
        yield child.tail or ""


@dataclass
class Crawl:
    pages: list[Page]

    @property
    def whole(self) -> list[Page]:
        return [page for page in self.pages if page.is_whole]

    def endpoints(self) -> set[str | None]:
        return {page.endpoint for page in self.pages}


def crawl_community(database: Database, config: Config = CONFIG) -> Crawl:
    app = create_app(config, database)
    _add_a_broken_page(app)
    crawl = Crawl(pages=[])
    with database.open_writing() as session:
        for who in PEOPLE:
            user = session.scalar(select(User).where(User.sign_in_name == who))
            _Crawler(app, crawl, who, Browser(app, session, user.member if user else None)).go()
    return crawl


def _add_a_broken_page(app: Flask) -> None:
    @app.get("/broken")
    @allow("helplines.show")
    def broken() -> str:
        raise LookupError("planted")


class _Crawler:
    def __init__(self, app: Flask, crawl: Crawl, who: str, browser: Browser) -> None:
        self.app, self.crawl, self.who, self.browser = app, crawl, who, browser
        self.seen: set[str] = set()
        self.has_said_why = False  # until then the list of members asks why somebody needs to look at it
        self.counts: Counter[str | None] = Counter()
        self.forms: dict[str | None, tuple[str, dict[str, str]]] = {}

    def go(self) -> None:
        waiting = deque(["/", "/sign-in/", "/sign-in/first-time", "/nothing-here", "/leave-now", "/broken", "/health"])
        while waiting:
            url = waiting.popleft()
            page = self._read(url)
            if page is not None and page.is_whole:
                waiting.extend(self._links(page, url))
                self._remember_forms(page, url)
            if not waiting and "/desk/members" in self.seen and not self.has_said_why:
                self.browser.say_why("members")
                self.has_said_why = True
                self.seen.remove("/desk/members")
                waiting.append("/desk/members")
        for url, hidden in self.forms.values():
            self._send(url, hidden)
        self._send("/hours/", {}, token=None)

    def _read(self, url: str) -> Page | None:
        endpoint = self._endpoint(url)
        if url in self.seen or self.counts[endpoint] >= MOST_OF_A_KIND:
            return None
        self.seen.add(url)
        self.counts[endpoint] += 1
        return self._keep("GET", url, self.browser.get(url))

    def _send(self, url: str, hidden: dict[str, str], **more: str | None) -> None:
        """With nothing filled in but what the form brings along: each refusal is a page too."""
        self._keep("POST", url, self.browser.post(url, hidden, **more))

    def _keep(self, method: str, url: str, answer: TestResponse) -> Page:
        page = Page(
            who=self.who,
            asked=f"{method} {url}",
            endpoint=self._endpoint(url, method),
            status=answer.status_code,
            headers=dict(answer.headers),
            text=answer.text if answer.mimetype.startswith("text/") else "",
        )
        answer.close()
        if answer.mimetype == "text/html" and "Location" not in answer.headers:
            parser = html5lib.HTMLParser(namespaceHTMLElements=False)
            page.tree = parser.parse(answer.text)
            page.mistakes = [f"{place}: {code} {more}" for place, code, more in parser.errors]
        self.crawl.pages.append(page)
        return page

    def _links(self, page: Page, url: str) -> Iterator[str]:
        for element in page.elements("a", "link", "script", "img"):
            found = self._own(element.get("href") or element.get("src") or "", url)
            if found:
                yield found

    def _remember_forms(self, page: Page, url: str) -> None:
        for form in page.elements("form"):
            action = self._own(form.get("action", ""), url)
            endpoint = self._endpoint(action, "POST") if action else None
            if form.get("method") == "post" and endpoint not in {None, "pages.leave_now", "signin.sign_out"}:
                hidden = {
                    field.get("name", ""): field.get("value", "")
                    for field in form.iter("input")
                    if field.get("type") == "hidden" and field.get("name") != "csrf_token"
                }
                self.forms.setdefault(endpoint, (str(action), hidden))

    def _own(self, address: str, url: str) -> str | None:
        whole = urlsplit(urljoin(self.browser.site + url, address))
        if f"{whole.scheme}://{whole.netloc}" != self.browser.site:
            return None
        return whole.path + (f"?{whole.query}" if whole.query and not re.match("/static/", whole.path) else "")

    def _endpoint(self, url: str, method: str = "GET") -> str | None:
        try:
            return self.app.url_map.bind("localhost").match(urlsplit(url).path, method=method)[0]
        except Exception:  # noqa: BLE001 - whatever is no route has no endpoint
            return None
