"""Reading a page changes nothing, and costs the same however much there is to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, MetaData, event, select

from tests.clients import Browser
from tests.databases import SqliteCopies
from tests.demonstration.inventing import CONFIG
from tests.factories import CURRENT
from tests.guards.world import World, make_world
from timebank.app import create_app
from timebank.db import Database
from timebank.vault.keys import KeyRing

MOST_STATEMENTS = 40
# What the server holds about a browser (its token, what is to be said once) is no data of the bank, and belongs to the
# request as a cookie does.
HELD = "held_sign_in"
# The one table that reading may add to: who looked at what is somebody else's. Nothing in it is ever changed.
NOTED = "audit_event"


def dump(database: Database) -> dict[str, list[tuple]]:
    """Every row of every table, in an order that does not depend on the database."""
    tables = MetaData()
    with database.engine.connect() as connection:
        tables.reflect(connection)
        rows = {
            table.name: [tuple(row) for row in connection.execute(select(table))] for table in tables.tables.values()
        }
    return {name: sorted(found, key=repr) for name, found in rows.items()}


def get_rules(app: Flask) -> list:
    return [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]


def ask(app: Flask, world: World, browser: Browser, **how: Any) -> set[int]:
    """Every address that can be read, asked for by one person. The answers are closed, as some are files."""
    statuses = set()
    for rule in get_rules(app):
        answer = browser.open(world.url(app, rule), **how)
        answer.close()
        statuses.add(answer.status_code)
    return statuses


class TestReadingChangesNothing:
    def test_not_a_byte_but_what_is_noted_of_looks_at_others(self, app: Flask, database: Database, as_, world: World):
        people = [as_(who) for who in (None, world.member, world.coordinator)]
        for browser in people:
            browser.get("/sign-in/")  # the token of a new browser is kept now
        before = dump(database)

        statuses = set().union(*(ask(app, world, browser, method="GET") for browser in people))
        statuses |= ask(app, world, people[1], method="GET", htmx=True) | ask(app, world, people[2], method="HEAD")

        after = dump(database)
        assert statuses == {200, 204, 303, 404, 410}  # 204: htmx is told where to go instead
        assert len(before["entry"]) > 0
        assert {name for name in before if before[name] != after[name]} == {NOTED}
        assert set(before[NOTED]) <= set(after[NOTED])
        fresh = set(after[NOTED]) - set(before[NOTED])
        assert fresh
        assert all("looked" in event for event in fresh)

    def test_what_members_read_is_not_even_noted(self, app: Flask, database: Database, as_, world: World):
        people = [as_(who) for who in (None, world.member)]
        for browser in people:
            browser.get("/sign-in/")
        before = dump(database)

        for browser in people:
            ask(app, world, browser, method="GET")

        assert dump(database) == before

    def test_a_first_visit_keeps_only_the_browser_s_own_token(self, app: Flask, database: Database):
        before = dump(database)

        app.test_client().get("/sign-in/")

        after = dump(database)
        assert {name for name in before if before[name] != after[name]} <= {HELD}


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN", "SET ")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


Costs = dict[tuple[str, str], int]


def measure(copies: SqliteCopies, keys: KeyRing, *, rows: int) -> Costs:
    """How many statements each page costs each person, in a world of so many rows."""
    costs: Costs = {}
    database = Database(copies.url(), keys=keys)
    app = create_app(CONFIG, database)
    with database.open_writing() as session:
        CURRENT["session"] = session
        world = make_world(session, rows=rows)
        for who in ("member", "coordinator"):
            browser = Browser(app, session, getattr(world, who))
            browser.get("/urgent-help")
            for rule in get_rules(app):
                url = world.url(app, rule)
                session.commit()
                with counted(database.engine) as statements:
                    answer = browser.get(url)
                answer.close()
                if answer.status_code == 200:
                    costs[who, rule.endpoint] = len(statements)
    CURRENT.clear()
    copies.discard(database)
    return costs


@pytest.fixture(scope="module")
def few(sqlite_copies: SqliteCopies, keys: KeyRing) -> Costs:
    return measure(sqlite_copies, keys, rows=3)


class TestCosts:
    def test_no_page_costs_more_than_its_budget(self, few: Costs):
        dear = {page: cost for page, cost in few.items() if cost > MOST_STATEMENTS}

        assert len(few) > 30
        assert dear == {}

    def test_thirty_rows_cost_what_three_do(self, few: Costs, sqlite_copies: SqliteCopies, keys: KeyRing):
        many = measure(sqlite_copies, keys, rows=30)

        grown = {key for key in few if many[key] > few[key]}
        assert grown == set()
