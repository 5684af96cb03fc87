"""The words are in no file of the database, in no log, and in no answer but the one to a lead's passphrase."""

import base64
import io
import logging
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import MetaData, select, text
from sqlalchemy.exc import OperationalError

from tests.factories import PASSPHRASE, RelationshipFactory
from tests.guards.test_policy import rules
from timebank.concerns import service
from timebank.db import Database

CANARIES = {
    "words": "Zilpzalp told me where it hurts",
    "who": "Ringeltaube from number nine",
    "how": "Wendehals at noon by the weir",
    "more": "Kernbeisser happened once again",
    "note": "Goldammer was asked and said so",
    "outcome": "Rotdrossel is somewhere else now",
}
LOOKED_AT = {"concerns", "home", "desk", "profiles", "statements", "queries", "pages"}
SECRETS = {"passphrase": PASSPHRASE, "wrong passphrase": "eleven ravens over a quarry"}


def spellings(words: str) -> list[bytes]:
    """As it could stand somewhere: plain, in an address, in a longer letter, as code."""
    word = words.partition(" ")[0]  # a single word, so that a broken line hides nothing
    plain = word.encode()
    coded = base64.b64encode(plain).rstrip(b"=")[:-1]
    return [
        plain,
        word.encode("utf-16-le"),
        plain.hex().encode(),
        coded,
        quote(words).encode(),
        quote_plus(words).encode(),
    ]


def found_in(data: bytes, canaries: dict[str, str]) -> set[str]:
    return {name for name, words in canaries.items() if any(spelling in data for spelling in spellings(words))}


def everything_kept(database: Database) -> bytes:
    """The files themselves on SQLite; on PostgreSQL every row as text and as bytes, and its log of writes."""
    if database.is_sqlite:
        path = str(database.url.database)
        return b"".join(file.read_bytes() for file in sorted(Path(path).parent.glob(Path(path).name + "*")))
    with database.engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        rows = repr([tuple(row) for table in tables.tables.values() for row in connection.execute(select(table))])
        connection.execute(text("CHECKPOINT"))
        folder = Path(connection.scalar(text("SHOW data_directory")))
        place = connection.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    files = [*(folder / "pg_wal").iterdir(), *(folder / "base" / str(place)).iterdir(), folder / "log"]
    return rows.encode() + b"".join(file.read_bytes() for file in files if file.is_file())


@pytest.fixture
def written():
    """Everything that anything logs, with the database's own statements and what goes with them."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    names = ("", "sqlalchemy.engine", "sqlalchemy.pool", "werkzeug", "timebank")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_canaries_are_found_nowhere_but_where_a_lead_opens_them(  # noqa: PLR0917 - everybody takes part
    app: Flask, as_, session, database, ada, named, first, second, printed, coordinator, written, monkeypatch
):
    RelationshipFactory(guide=ada, other=named)
    teller, lead, answers = as_(ada), as_(first.member), []

    def keep(answer):
        answers.append(repr(answer.headers).encode() + answer.data)
        answer.close()
        return answer

    concern_id = uuid4()
    form = {
        "concern_id": str(concern_id),
        "named": str(named.id),
        **{name: CANARIES[name] for name in ("words", "who", "how")},
    }
    keep(teller.post("/tell-someone", form))
    for words, path in ((CANARIES["more"], "more"),):
        keep(teller.post(f"/tell-someone/{concern_id}/{path}", {"text_id": str(uuid4()), "words": words}))
    keep(lead.post(f"/concerns/{concern_id}/open", {"passphrase": SECRETS["wrong passphrase"]}))
    opened = lead.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE})
    for path, name in (("notes", "note"), ("close", "outcome")):
        keep(lead.post(f"/concerns/{concern_id}/{path}", {"text_id": str(uuid4()), "words": CANARIES[name]}))
    # In the middle of it the database breaks: what went wrong is logged, with all that led to it.
    with monkeypatch.context() as broken:
        broken.setattr(service, "_line", _break)
        keep(teller.post("/tell-someone", {**form, "concern_id": str(uuid4())}))
    ids = {"told_id": concern_id, "concern_id": concern_id, "member_id": named.id}
    for who in (None, ada, named, second.member, coordinator, first.member):
        browser = as_(who)
        for rule in rules(app, "GET"):
            if rule.arguments <= ids.keys() and rule.endpoint.partition(".")[0] in LOOKED_AT:
                with app.test_request_context():
                    url = app.url_map.bind("localhost").build(
                        rule.endpoint, {name: ids[name] for name in rule.arguments}
                    )
                keep(browser.get(url))

    everything = CANARIES | SECRETS
    assert found_in(opened.data, CANARIES) == {"words", "who", "how", "more"}  # the look-out sees
    assert len(answers) > 40
    assert "INSERT INTO concern_text" in written.getvalue()
    assert "unexpected OperationalError" in written.getvalue()
    assert found_in(written.getvalue().encode(), everything) == set()
    assert found_in(b"".join(answers), everything) == set()
    session.close()
    kept = everything_kept(database)
    assert found_in(kept, everything) == set()
    assert b"concern_step" in kept
    sys.stdout.write(
        f"{database.url.get_backend_name()}: {len(everything)} canaries in {len(spellings('a b'))} spellings, {len(kept)} bytes kept,"
        f" {len(written.getvalue())} logged, {len(answers)} answers: 0 found\n"
    )


def _break(*_, **__):
    raise OperationalError("SELECT broken", {}, Exception("the disk is gone"))
