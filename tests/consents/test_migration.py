"""Going over to the record: nobody is given a consent that they did not give, and nobody's no is lost."""

import importlib.util
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.factories import NOON, AnswerFactory, MemberFactory
from timebank import migrating
from timebank.consents.models import Consent, Decision, Source
from timebank.consents.purposes import ASKED_FIRST, NEVER_SHOWN, Purpose
from timebank.consents.reads import standing_of
from timebank.consents.service import HELD_BY_CHARITY
from timebank.consents.wordings import versions
from timebank.db import Database
from timebank.imports.models import ImportBatch, ImportedMember, ImportKind
from timebank.profiles.criteria import QUESTIONS

BEFORE = "0011"


@pytest.fixture
def step() -> ModuleType:
    file = Path(__file__).parents[2] / "migrations" / "versions" / "0013_consents.py"
    spec = importlib.util.spec_from_file_location("step", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tick(database: Database, boxes: dict[str, tuple[bool, bool]]) -> None:
    """Used and shown, by criterion, as the two columns had it."""
    with database.engine.begin() as connection:
        for criterion, (is_used, is_shown) in boxes.items():
            connection.execute(
                text("UPDATE answer SET is_used = :is_used, is_shown = :is_shown WHERE criterion = :criterion"),
                {"is_used": is_used, "is_shown": is_shown, "criterion": criterion},
            )


def boxes_of(database: Database) -> dict[str, tuple[bool, bool]]:
    with database.engine.begin() as connection:
        return {
            row.criterion: (bool(row.is_used), bool(row.is_shown))
            for row in connection.execute(text("SELECT criterion, is_used, is_shown FROM answer"))
        }


def every_way(is_used: bool, is_shown: bool) -> dict[str, tuple[bool, bool]]:
    return {name: (is_used or name == "musts", is_shown and name not in NEVER_SHOWN) for name in QUESTIONS}


@pytest.mark.parametrize("is_used", [True, False])
@pytest.mark.parametrize("is_shown", [True, False])
def test_what_people_ticked_is_carried_over_and_back(
    session: Session, database: Database, is_used: bool, is_shown: bool
):
    person = MemberFactory()
    for criterion in QUESTIONS:
        AnswerFactory(member=person, criterion=criterion, words=["older"], is_used=None)
    session.commit()
    session.close()
    boxes = every_way(is_used, is_shown)
    migrating.downgrade(database, BEFORE)
    tick(database, boxes)

    migrating.migrate(database)

    with database.reading() as reading:
        standing = standing_of(reading, person.id)
        said = reading.scalars(select(Consent)).all()
    assert {name: (standing.may(Purpose.USE, name), standing.may(Purpose.SHOW, name)) for name in QUESTIONS} == boxes
    assert {one.source for one in said} <= {Source.CARRIED_OVER}
    assert {one.version for one in said} <= {0}
    # The box of everyday answers was ticked beforehand: that made no agreement, but taking the tick out was a word.
    used = {(one.criterion, one.decision) for one in said if one.purpose is Purpose.USE}
    asked = {(name, Decision.AGREED) for name in ASKED_FIRST if is_used or name == "musts"}
    assert used == asked | (
        {(name, Decision.WITHDRAWN) for name in QUESTIONS if name not in ASKED_FIRST} if not is_used else set()
    )
    migrating.downgrade(database, BEFORE)
    assert boxes_of(database) == boxes
    migrating.migrate(database)


def test_what_a_file_brought_is_its_charitys_word_and_its_musts_wait(session: Session, database: Database):
    person = MemberFactory()
    batch = ImportBatch(id=uuid4(), bank_id=person.bank_id, kind=ImportKind.PEOPLE, files=["x"], imported_at=NOON)
    session.add(batch)
    session.flush()
    session.add(
        ImportedMember(
            bank_id=person.bank_id, kind=ImportKind.PEOPLE, number="x", member_id=person.id, batch_id=batch.id
        )
    )
    for criterion in ("musts", "identities", "skills", "goals"):
        AnswerFactory(member=person, criterion=criterion, words=["older"], is_used=None)
    session.commit()
    session.close()
    migrating.downgrade(database, BEFORE)
    tick(
        database, {"musts": (True, False), "identities": (True, False), "skills": (True, True), "goals": (False, False)}
    )

    migrating.migrate(database)

    with database.reading() as reading:
        said = {(one.purpose, one.criterion): (one.decision, one.source) for one in reading.scalars(select(Consent))}
    assert said == {
        (Purpose.USE, "identities"): (Decision.AGREED, Source.CARRIED_OVER),  # a file never ticked it
        (Purpose.USE, "goals"): (Decision.WITHDRAWN, Source.FILE),
        (Purpose.SHOW, "skills"): (Decision.AGREED, Source.FILE),
    }


def test_the_words_of_before_are_those_of_version_nothing(step: ModuleType):
    def first(purpose: Purpose, criterion: str) -> str:
        return versions(purpose, criterion)[0].words

    assert {
        "use": first(Purpose.USE, "identities"),
        "show": first(Purpose.SHOW, "identities"),
        "musts": first(Purpose.USE, "musts"),
        "file": HELD_BY_CHARITY.text,
    } == step.READ
    assert first(Purpose.USE, "skills") == step.READ["use"]
