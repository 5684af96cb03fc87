"""What the server prints about a fault says where it was, and not what people had written."""

from flask import Flask
from sqlalchemy import text

from timebank.web.edge import session
from timebank.web.policy import allow

CANARY = "she waits for me at the gate"


def test_a_fault_in_the_database_is_reported_without_what_was_being_written(app: Flask, stranger, caplog):
    @app.get("/breaks")
    @allow("helplines.show")
    def breaks() -> str:
        session().execute(text("SELECT * FROM nowhere WHERE words = :words"), {"words": CANARY})
        return ""

    answer = stranger.get("/breaks")

    assert answer.status_code == 500
    assert "nowhere" in caplog.text
    assert "at breaks" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY not in answer.text
