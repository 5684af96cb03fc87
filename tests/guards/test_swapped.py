"""Every number that a form sends along, replaced by that of somebody else's thing: nothing happens, and nothing is told.

Addresses are in test_matrix.py. Here it is what stands inside forms and in what htmx sends: hidden fields, lists to choose
from, and the numbers that pages make for new things.
"""

import json
import os
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import connect
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import html5lib
import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.clients import Browser, without_tokens
from tests.guards.matrix import gather
from tests.guards.test_matrix import Kept
from tests.guards.test_naughty import good_forms
from tests.guards.world import World
from timebank.db import Database

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
# What is written down of every request, whatever comes of it; and of looks, before a page is shown.
OF_THE_REQUEST = {"held_sign_in", "audit_event", "sign_in_tries"}


@pytest.fixture
def copies(sqlite_copies):
    """What a form may name does not depend on the kind of database."""
    return sqlite_copies


@dataclass(frozen=True)
class Field:
    who: str
    endpoint: str
    url: str
    name: str
    value: str


def rows(file: Path) -> dict[str, list[tuple]]:
    with closing(connect(file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in tables
            if table not in OF_THE_REQUEST
        }


def homes(file: Path) -> dict[str, str]:
    """In which table each thing stands, by its number as the database writes it."""
    with closing(connect(file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for table in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if "id" in columns:
                found |= {str(one): table for (one,) in connection.execute(f"SELECT id FROM {table}")}
        return found


def numbers(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def fields_in(page: TestResponse) -> Iterator[tuple[str, str, str]]:
    """Where it is sent, and each field with a number in it."""
    tree: ET.Element = html5lib.parse(page.text, namespaceHTMLElements=False)
    for form in tree.iter("form"):
        if form.get("method") == "post":
            for field in form.iter():
                # (Whoever the tests sign in has a number for a name.)
                if (
                    field.tag in {"input", "option"}
                    and numbers(field.get("value") or "")
                    and field.get("name") != "sign_in_name"
                ):
                    name = field.get("name") or next(
                        select.get("name") for select in form.iter("select") if field in list(select.iter())
                    )
                    yield form.get("action", ""), str(name), str(field.get("value"))
    for element in tree.iter():
        for name, value in json.loads(element.get("hx-vals") or "{}").items():
            if numbers(str(value)):
                yield element.get("hx-post", ""), name, str(value)


def found_by(app: Flask, who: str, browser: Browser, world: World) -> dict[tuple[str, str, str], Field]:
    """One field of each name in each form: the others of its kind come from the same template."""
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in {"static", "pages.source_code"}:
            continue
        with browser.get(world.url(app, rule)) as page:
            if page.status_code != 200 or page.mimetype != "text/html":
                continue
            for url, name, value in fields_in(page):
                endpoint, _ = app.url_map.bind("localhost").match(url.split("?")[0], method="POST")
                found.setdefault((who, endpoint, name), Field(who, endpoint, url, name, value))
    return found


def others_numbers(field: Field, stands_in: dict[str, str], here: World, elsewhere: World) -> list[str]:
    """Of things like it: another bank's, and another one's of this bank's; with nothing like it, of anything there."""
    table = stands_in.get(UUID(field.value).hex)
    kin = [
        str(one)
        for world in (elsewhere, here)
        for one in [*world.ids.values(), world.member.id, world.coordinator.id, world.member.bank_id]
        if isinstance(one, UUID) and str(one) != field.value
        if table is None or world is elsewhere
        if table is None or stands_in.get(one.hex) in {table, None}
        if table is not None or one not in {here.member.id, here.coordinator.id}  # their own
    ]
    kin = list(dict.fromkeys(kin))
    return kin if IS_FULL else random.Random(field.name).sample(kin, min(len(kin), 12))


@pytest.mark.timeout(600)
def test_nobody_elses_number_does_anything(app: Flask, database: Database, session: Session, as_):
    everybody = gather(session)
    here, elsewhere = everybody.here, everybody.elsewhere
    browsers = {"the member": as_(here.member), "the coordinator": as_(here.coordinator)}
    browsers["the coordinator"].say_why("members")
    fields = {
        key: field for who, browser in browsers.items() for key, field in found_by(app, who, browser, here).items()
    }
    kept = Kept(database, session)
    before, stands_in, good = rows(kept.copy), homes(kept.copy), good_forms(here)
    cookies = {who: dict(browser.client._cookies) for who, browser in browsers.items()}
    done, told, count, kinds = [], [], 0, set()

    for field in fields.values():
        browser = browsers[field.who]
        refused = set()
        table = stands_in.get(UUID(field.value).hex)
        kinds.add((field.endpoint, field.name, table))
        others = others_numbers(field, stands_in, here, elsewhere)
        for number in [*others, *([str(uuid4())] if table else [])]:
            form = good.get(field.endpoint, {}) | {field.name: number}
            answer = browser.open(field.url, method="POST", data=form | {"csrf_token": browser.token})
            count += 1
            kept._let_go()
            after = rows(kept.file)
            changed = {name for name in before if before[name] != after[name]}
            if changed and (table or touches(number, before, after)):
                done.append((field.who, field.endpoint, field.name, sorted(changed), answer.status_code))
            if table:
                refused.add(f"{answer.status_code} {without_tokens(answer).replace(number, '')}")
            kept.put_back()
            browser.client._cookies = dict(cookies[field.who])
        if len(refused) > 1:
            told.append((field.who, field.endpoint, field.name, len(refused)))

    print(f"\n{len(fields)} fields with a number in them, {count} others' numbers tried, {len(done)} did anything")  # noqa: T201
    assert len(fields) >= 15
    assert {table for _, _, table in kinds if table} >= {"scheme"}
    assert done == []
    assert told == []


def touches(number: str, before: dict[str, list[tuple]], after: dict[str, list[tuple]]) -> bool:
    """Whether what bore it is changed or gone. Under a number that a page makes, a new thing of one's own may well come."""
    bore = {name: {row for row in found if row[:1] == (UUID(number).hex,)} for name, found in before.items()}
    return any(found - set(after[name]) for name, found in bore.items())
