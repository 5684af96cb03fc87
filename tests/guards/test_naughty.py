"""Whatever is typed, sent or made up: an answer in words, and never a broken page. What was typed comes back, or is kept, as it is."""

import html
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from flask import Flask, request
from sqlalchemy import select

from tests.clients import Browser
from tests.factories import DAY
from tests.guards.naughty import drawn, shares, strings
from tests.guards.test_policy import rules
from tests.guards.world import World
from timebank.contact.service import agreement
from timebank.hours.models import HourLog
from timebank.members import names
from timebank.members.models import Member
from timebank.offers.models import Offer
from timebank.web import forms
from timebank.web.policy import POLICY, Who

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
EACH = len(strings()) if IS_FULL else 40
PARTS = 4  # of all fields, so that several processes may share them
# Made by the page, new each time.
ONCE = {"log_id", "offer_id", "member_id", "concern_id", "text_id", "line_id", "check_id", "ask_id", "act_id"}
# What stands in a box to write in, so that it has to come back when something is refused.
WRITTEN = {"words", "title", "name", "length", "code", "sign_in_name", "note", "happened_on", "who", "how", "address"}
HEADERS = (
    "User-Agent", "Referer", "Accept", "Accept-Language", "HX-Request", "HX-Target", "HX-Trigger", "HX-Current-URL", "HX-Prompt",
    "X-Forwarded-For", "X-Forwarded-Host", "If-None-Match", "If-Modified-Since", "Range", "Content-Type", "X-CSRFToken",
)  # fmt: skip
COOKIES = ("sign-in", "left", "device", "session", "__Host-sign-in")
PARAMETERS = ("next", "page", "q", "year", "from", "x")

pytestmark = pytest.mark.timeout(0)


@pytest.fixture(params=["sqlite", "postgresql"] if os.environ.get("TIMEBANK_FORM") == "full" else ["sqlite"])
def copies(request: pytest.FixtureRequest):
    return request.getfixturevalue("sqlite_copies" if request.param == "sqlite" else "postgres_copies")


def good_forms(world: World) -> dict[str, dict[str, str]]:
    """What a person could have filled in, by endpoint; the ids in ONCE are new each time."""
    hours = {"direction": "given", "partner": "community", "length": "1:30", "happened_on": str(DAY), "words": "soup"}
    profile = {"goals": "gardening", "goals_kept_out": "yes", "goals_shown": "yes", "goals_importance": "1"}
    return {
        "apart.take_back": {"person": str(world.ids["member_id"])},
        "hours.log": hours | {"code": "", "sure": "yes"},
        "hours.change": {"length": "1:15"},
        "offers.post": {"kind": "offer", "title": "an hour of gardening", "words": "on Mondays"},
        "offers.reply": {"words": "please"},
        "queries.open_for": {"matter": "length", "words": "It was longer."},
        "queries.tell": {"words": "It was an hour."},
        "queries.settle": {"outcome": "stands", "words": "Both of you were heard.", "length": ""},
        "concerns.tell": {"words": "She waits for me.", "who": "the man with the dog", "how": "by phone", "in_danger": "no", "may_contact": "yes"},
        "concerns.add": {"words": "It happened again."},
        "concerns.note": {"words": "I rang her."},
        "concerns.close": {"words": "They meet elsewhere now."},
        "concerns.open_one": {"passphrase": "five words that are wrong"},
        "concerns.seal_again": {"passphrase": "five words that are wrong"},
        "concerns.make_key": {"passphrase": "five words that are wrong", "passphrase_again": "five words that are wrong", "old_passphrase": "x"},
        "concerns.say_close_to_me": {"code": "2222-2222", "kind": "close"},
        "contact.give_address": {"address": "ada@example.org"},
        "contact.confirm": {"code": "2222-2222-2222"},
        "contact.choose": {"kinds": "hours-wait", "at_most_daily": "yes", "read": agreement().digest},
        "contact.write_note": {"words": "Never leave a message."},
        "forgotten.ask": {"sign_in_name": "nobody"},
        "forgotten.set_password": {"link": "x", "password": "three or four words", "password_again": "three or four words"},
        "desk.add_member": {"name": "Ada Novak", "schemes": str(world.ids["scheme_id"]), "side": "both"},
        "helplines.check": {"line": "samaritans", "shown": "Call 116 123 tel:116123"},
        "helplines.add": {"name": "Night house", "way": "call", "number": "020 7946 0000", "hours": "At night"},
        "two_people.ask": {"kind": "make-coordinator", "task": "bank", "words": "She rang me."},
        "two_people.stop": {"task": "bank"},
        "audit.say_why": {"record": "check", "record_id": str(world.ids["query_id"]), "reason": "worried"},
        "matches.set_aside": {"note": "They know each other."},
        "profiles.save": profile,
        "profiles.agree": {"purpose": "mail", "says": "yes"},
        "profiles.places": {"capacity": "3"},
        "signin.enter": {"sign_in_name": "nobody", "password": "three or four words", "next": "/"},
        "signin.take_second_step": {"second_code": "123456"},
        "signin.use_passkey": {"credential": "{}", "next": "/"},
        "signin.prove": {"password": "three or four words", "second_code": "", "next": "/", "url": "/hours/", "kept-words": "soup"},
        "mysignin.change_password": {
            "old_password": "three or four words", "password": "five or six words here", "password_again": "five or six words here",
        },
        "mysignin.change_name": {"sign_in_name": "ada"},
        "mysignin.switch_app_on": {"second_code": "123456"},
        "mysignin.add_passkey": {"name": "My phone", "credential": "{}"},
        "signin.set_password": {
            "code": "2222-2222-2222", "sign_in_name": "ada", "password": "three or four words", "password_again": "three or four words",
        },
    }  # fmt: skip


@pytest.fixture
def fields_of(app: Flask, as_, world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Which fields each act reads by its schema, found by letting it read."""
    found: dict[str, set[str]] = {}
    read = forms.read

    def look_and_read(schema):
        found.setdefault(request.endpoint, set()).update(schema.fields)
        return read(schema)

    monkeypatch.setattr(forms, "read", look_and_read)
    for rule in rules(app, "POST"):
        for who in (world.member, world.coordinator, None):
            as_(who).post(world.url(app, rule))
    return found


def send(browser: Browser, url: str, form: dict[str, str], field: str, text: str, **more):
    form = {name: str(uuid4()) for name in ONCE} | form | {field: text}
    return browser.post_raw(url, form) if not more else browser.post(url, form, **more)


def comes_back(text: str, page: str) -> bool:
    """Browsers send every line end as one kind, and html knows another."""
    shown = html.unescape(page)
    return text in shown or text.strip() in shown


def every_place(fields_of: dict[str, set[str]], good: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    return [(act, name) for act in sorted(fields_of) for name in sorted(fields_of[act] | good.get(act, {}).keys())]


class TestFields:
    def test_every_string_stands_in_five_fields(self, world, fields_of):
        met = Counter(
            text for texts in shares(every_place(fields_of, good_forms(world)), EACH).values() for text in texts
        )

        assert len(fields_of) >= 12
        assert len(met) >= 500
        assert min(met.values()) >= 5

    @pytest.mark.parametrize("part", range(PARTS))
    def test_each_is_answered_in_words(self, app, as_, world, fields_of, part):
        by_endpoint, good = {rule.endpoint: rule for rule in rules(app, "POST")}, good_forms(world)
        places = every_place(fields_of, good)
        plan = shares(places, EACH)
        mine = {place: plan[place] for place in places[part::PARTS]}
        half_in = as_(None)
        half_in.begin_half_way(world.member)
        browsers = {
            Who.ANYONE: as_(None),
            Who.HALF_IN: half_in,
            Who.SIGNED_IN: as_(world.member),
            Who.COORDINATOR: as_(world.coordinator),
        }
        browsers |= {Who.LEAD: browsers[Who.SIGNED_IN], Who.LEAD_OR_COORDINATOR: browsers[Who.SIGNED_IN]}
        answers, broken, lost = Counter(), [], []

        for (act, name), texts in mine.items():
            browser = browsers[POLICY[app.view_functions[act].policy_row]]
            url, form = world.url(app, by_endpoint[act]), good.get(act, {})
            for text in texts:
                answer = send(browser, url, form, name, text)
                answers[answer.status_code] += 1
                if answer.status_code not in {200, 303, 404, 409, 413, 422, 429}:
                    broken.append((act, name, text[:40], answer.status_code))
                if (
                    answer.status_code == 422
                    and name in WRITTEN
                    and is_sendable(text)
                    and not comes_back(text, answer.text)
                ):
                    lost.append((act, name, text[:40]))

        told = f"{sum(answers.values())} texts in {len(mine)} of {len(places)} fields"
        sys.stdout.write(f"{told}: {dict(answers)}\n")
        assert sum(answers.values()) == sum(map(len, mine.values()))
        assert broken == []
        assert lost == []


def is_sendable(text: str) -> bool:
    """What cannot be kept is not shown again either, and a very long one is refused before it is read."""
    return not any(sign in "\x00\r" or "\ud800" <= sign <= "\udfff" for sign in text) and len(text) < 100_000


class TestKept:
    @pytest.mark.parametrize("kind", ["words of hours", "title of an offer", "name of a member"])
    def test_what_is_taken_is_kept_as_it_was_typed_and_names_in_one_form(self, as_, world, session, kind):
        kept, kinds = 0, ("words of hours", "title of an offer", "name of a member")
        texts = strings() if IS_FULL else strings()[kinds.index(kind) :: len(kinds)]
        browser = as_(world.coordinator if kind == "name of a member" else world.member)
        for place, text in enumerate(texts):
            number, day = uuid4(), DAY - timedelta(days=place)
            url, form, model, column = {
                "words of hours": ("/hours/", "hours.log", HourLog, "words"),
                "title of an offer": ("/offers/", "offers.post", Offer, "title"),
                "name of a member": ("/desk/members", "desk.add_member", Member, "name"),
            }[kind]
            ids = {name: str(number) for name in ONCE}
            answer = browser.post_raw(url, good_forms(world)[form] | ids | {"happened_on": str(day), column: text})
            assert answer.status_code in {200, 303, 413, 422}, repr(text[:40])
            if answer.status_code not in {200, 303}:
                continue
            (found,) = session.scalars(select(getattr(model, column)).where(model.id == number)).all()
            assert found == (names.tidy(text) if kind == "name of a member" else text.strip()), repr(text[:40])
            kept += 1
        sys.stdout.write(f"{kept} of {len(texts)} texts were kept as {kind}\n")
        assert kept > len(texts) * 0.25


class TestAround:
    def everything(self, app: Flask, world: World) -> list[str]:
        return [
            world.url(app, rule) for rule in rules(app, "GET") if rule.endpoint not in {"static", "pages.source_code"}
        ]

    def ask(self, ask: Callable[[str], object], texts: list[str]) -> None:
        """No answer is a mistake of ours."""
        for text in texts:
            answer = ask(text)
            assert answer.status_code < 500, repr(text[:60])
            answer.close()

    def test_addresses(self, app, as_, world):
        browser = as_(world.coordinator)
        for rule in app.url_map.iter_rules():
            for name in rule.arguments - {"filename"}:
                pattern = rule.rule.replace(f"<uuid:{name}>", "{}").replace(f"<{name}>", "{}")
                texts = [
                    text
                    for text in drawn(f"{rule.rule} {name}", EACH // 4)  # there are fifty such addresses
                    if text not in {"", ".", ".."} and len(text) < 5_000
                ]
                for method in rule.methods & {"GET", "POST"}:
                    self.ask(
                        lambda text, method=method, pattern=pattern: browser.open(
                            pattern.format(quote(text.encode("utf-8", "surrogatepass"), safe="")), method=method
                        ),
                        texts,
                    )

    def test_parameters(self, app, as_, world):
        browser = as_(world.member)
        for url in self.everything(app, world):
            for name in PARAMETERS:
                texts = [text for text in drawn(f"{url} {name}", max(2, EACH // 20)) if len(text) < 5_000]
                self.ask(
                    lambda text, name=name, url=url: browser.get(
                        f"{url}?{name}={quote(text.encode('utf-8', 'surrogatepass'), safe='')}"
                    ),
                    texts,
                )

    @pytest.mark.parametrize("header", HEADERS)
    def test_headers(self, as_, world, header):
        browser = as_(world.member)
        texts = [text for text in drawn(header, EACH) if fits_a_header(text)]

        self.ask(lambda text: browser.get("/hours/", headers={header: text}), texts)
        self.ask(lambda text: browser.post("/hours/", {"length": "1:30"}, headers={header: text}), texts)

    @pytest.mark.parametrize("name", COOKIES)
    def test_cookies(self, app, as_, world, name):
        texts = [text for text in drawn(name, EACH) if fits_a_header(text)]

        def ask(text: str):
            browser = as_(None)
            browser.client.set_cookie(name, quote(text, safe="!#$%&'()*+-./:<=>?@[]^_`{|}~ "))
            return browser.get("/")

        self.ask(ask, texts)


def fits_a_header(text: str) -> bool:
    """Others are no headers: whatever serves the bank ends the connection."""
    return len(text) < 5_000 and all(" " <= sign <= "\xff" and sign != "\x7f" for sign in text)
