"""Reading a page changes nothing, and costs the same however much there is to read."""

from collections.abc import Iterator
from contextlib import contextmanager

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

MOST_STATEMENTS = 40
# What the server holds about a browser (its token, what is to be said once) is no data of the bank, and belongs to the
# request as a cookie does.
HELD = "held_sign_in"
LISTS = [
    ("member", "home.show"),
    ("member", "hours.show_all"),
    ("member", "hours.new"),
    ("member", "statements.show"),
    ("member", "introductions.show_all"),
    ("member", "offers.show_all"),
    ("member", "offers.ask_reply"),
    ("member", "profiles.show"),
    ("member", "queries.show_all"),
    ("coordinator", "home.show"),
    ("coordinator", "desk.show"),
    ("coordinator", "desk.show_members"),
    ("coordinator", "desk.new_member"),
    ("coordinator", "matches.show"),
    ("coordinator", "queries.show"),
]


def dump(database: Database) -> dict[str, list[tuple]]:
    """Every row of every table, in an order that does not depend on the database."""
    tables = MetaData()
    with database.engine.connect() as connection:
        tables.reflect(connection)
        rows = {table.name: [tuple(row) for row in connection.execute(select(table))] for table in tables.tables.values()}
    return {name: sorted(found, key=repr) for name, found in rows.items()}


def get_rules(app: Flask) -> list:
    return [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]


class TestReadingChangesNothing:
    @pytest.mark.parametrize("who", ["stranger", "member", "coordinator"])
    def test_not_a_byte(self, app: Flask, database: Database, as_, world: World, who: str):
        browser = as_(getattr(world, who, None))
        browser.get("/sign-in/")  # the token of a new browser is kept now
        before = dump(database)

        answers = [browser.get(world.url(app, rule), htmx=htmx) for rule in get_rules(app) for htmx in (False, True)]

        after = dump(database)
        assert {answer.status_code for answer in answers} <= {200, 204, 303, 404}
        assert len(before["entry"]) > 0
        assert {name for name in before if before[name] != after[name]} == set()

    def test_a_first_visit_keeps_only_the_browser_s_own_token(self, app: Flask, database: Database):
        before = dump(database)

        app.test_client().get("/sign-in/")

        after = dump(database)
        assert {name for name in before if before[name] != after[name]} <= {HELD}

    def test_an_address_from_a_link_writes_nothing_with_head_either(self, app: Flask, database: Database, as_, world):
        browser = as_(world.member)
        browser.get("/")
        before = dump(database)

        for rule in get_rules(app):
            browser.open(world.url(app, rule), method="HEAD")

        assert dump(database) == before


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


def measure(database: Database, *, rows: int) -> Costs:
    """How many statements each page costs each person, in a world of so many rows."""
    costs: Costs = {}
    app = create_app(CONFIG, database)
    with database.open_writing() as session:
        CURRENT["session"] = session
        world = make_world(session, rows=rows)
        for who in ("member", "coordinator"):
            browser = Browser(app, session, getattr(world, who))
            browser.get("/urgent-help")
            for rule in get_rules(app):
                with counted(database.engine) as statements:
                    status = browser.get(world.url(app, rule)).status_code
                if status == 200:
                    costs[who, rule.endpoint] = len(statements)
    CURRENT.clear()
    return costs


@pytest.fixture(scope="module")
def costs(sqlite_copies: SqliteCopies) -> dict[int, Costs]:
    found = {}
    for rows in (3, 30):
        database = Database(sqlite_copies.url())
        found[rows] = measure(database, rows=rows)
        sqlite_copies.discard(database)
    return found


class TestCosts:
    @pytest.mark.parametrize(("who", "endpoint"), LISTS)
    def test_a_list_of_thirty_costs_what_a_list_of_three_does(self, costs, who: str, endpoint: str):
        assert costs[30][who, endpoint] == costs[3][who, endpoint]

    def test_so_does_every_other_page(self, costs):
        grown = {page: (costs[3][page], costs[30][page]) for page in costs[3] if costs[30][page] != costs[3][page]}

        assert {page: cost for page, cost in grown.items() if page not in LISTS} == {}

    def test_no_page_costs_more_than_its_budget(self, costs):
        dear = {page: cost for page, cost in costs[3].items() if cost > MOST_STATEMENTS}

        assert len(costs[3]) > 30
        assert dear == {}
