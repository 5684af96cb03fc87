"""A disk without room: people are told what is wrong and go on reading, and it works again when there is room."""

from flask import Flask

from tests.clients import Browser
from tests.databases import SqliteCopies
from tests.demonstration.inventing import CONFIG
from tests.factories import CURRENT
from tests.guards.world import make_world
from timebank.app import create_app
from timebank.db import Database
from timebank.vault.keys import KeyRing

LONG = {"matter": "length", "words": "as I remember it " * 230}


def fill(database: Database, *, pages: int) -> None:
    """SQLite itself says that the disk is full, on the connection that writes. No page in the file is free either."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_is_told_in_a_sentence_and_nothing_is_lost(sqlite_copies: SqliteCopies, keys: KeyRing):
    database = Database(sqlite_copies.url(), keys=keys)
    app: Flask = create_app(CONFIG, database)
    with database.open_writing() as session:
        CURRENT["session"] = session
        world = make_world(session, rows=1)
        browser = Browser(app, session, world.member)
        browser.get("/hours/")
        session.commit()
    CURRENT.clear()
    address = f"/queries/new/{world.ids['log_id']}"
    fill(database, pages=1)

    refused = browser.post(address, LONG)
    read = browser.get("/statement/")
    fill(database, pages=1_000_000)
    again = browser.post(address, LONG)

    assert refused.status_code == 507
    assert "has no room left on its disk" in refused.text
    assert read.status_code == 200
    assert again.status_code == 303
    sqlite_copies.discard(database)
