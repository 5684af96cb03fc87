"""timebank give-code · make-coordinator · remove-coordinator: whoever runs the computer, where no second person is there."""

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from tests.factories import SchemeFactory
from timebank.audit.models import Act, Actor, AuditEvent
from timebank.cli import main
from timebank.schemes import reads as schemes
from timebank.signin.models import OneTimeCode, User


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


@pytest.fixture
def run(database, session, keys, tmp_path):
    def run(*words):
        bank = words[-1].bank.name
        typed = [*words[:-1], words[-1].code, "--bank", bank]
        session.commit()
        session.close()
        settings = {"TIMEBANK_DATABASE_URL": str(database.url), "TIMEBANK_KEYS": str(tmp_path / "keys")}
        return CliRunner().invoke(main, typed, env=settings)

    return run


def test_makes_a_coordinator_of_a_member_who_has_come_in(run, session, giver, bank):
    assert run("make-coordinator", giver).exit_code == 1
    session.add(User(member_id=giver.id, sign_in_name="giver", password="?"))
    scheme = SchemeFactory(bank=bank, name="Walks")

    assert run("make-coordinator", "--scheme", "Walks", giver).exit_code == 0
    again = run("make-coordinator", "--scheme", "Walks", giver)

    assert schemes.coordinated_ids(session, giver) == {scheme.id}
    assert again.exit_code == 1
    assert run("make-coordinator", "--scheme", "Letters", giver).exit_code == 2
    noted = session.scalars(select(AuditEvent.actor).where(AuditEvent.act == Act.MADE_COORDINATOR)).all()
    assert noted == [Actor.COMMAND_LINE]


def test_lets_one_go_but_never_the_last(run, session, giver, coordinator, bank):
    session.add(User(member_id=giver.id, sign_in_name="giver", password="?"))
    run("make-coordinator", giver)

    assert run("remove-coordinator", coordinator).exit_code == 0
    assert run("remove-coordinator", giver).exit_code == 1
    assert schemes.coordinated_ids(session, giver) == {None}


def test_gives_a_code_to_a_coordinator_too(run, session, coordinator):
    answer = run("give-code", coordinator)

    assert answer.exit_code == 0
    assert coordinator.name in answer.output
    assert session.scalars(select(OneTimeCode.member_id)).all() == [coordinator.id]
