"""What the register says of how long things are kept is what the worker does: nothing stays past its time."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from tests.guards.world import World, make_world
from timebank import clock, tables
from timebank.banks.commands import do_what_is_due
from timebank.db import Database
from timebank.members.models import Member
from timebank.record import service
from timebank.record.register import NOT_PERSONAL, PERSONAL, Gone, Until
from timebank.signin import guesses
from timebank.signin.models import KnownDevice, PasskeyChallenge, User

SOME_WEEKS = 13
A_YEAR = timedelta(days=365)
# What is about nobody and lasts some minutes, by the register's own words.
SOME_MINUTES = [name for name, why in NOT_PERSONAL.items() if "some minutes" in why]


@pytest.fixture
def world(session: Session) -> World:
    """With one of everything, also of what is there for some minutes only."""
    made = make_world(session, rows=2)
    user = session.scalars(select(User).where(User.member_id == made.member.id)).one()
    now = clock.now()
    guesses.count_try(session, name="ada", device=None, secret="a secret of this server", at=now)
    session.add(KnownDevice(user_id=user.id, id_hash="0" * 64, expires_at=now + timedelta(days=60)))
    session.add(
        PasskeyChallenge(
            held_hash="0" * 64, purpose="register", challenge=b"x" * 32, expires_at=now + timedelta(minutes=5)
        )
    )
    session.commit()
    return made


def count(session: Session, name: str) -> int:
    table: Table = tables.metadata.tables[name]
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_what_ends_by_itself_is_gone_within_some_weeks(world: World, session: Session, database: Database):
    short = [name for name, kept in PERSONAL.items() if kept.until is Until.SHORT] + SOME_MINUTES
    assert [name for name in short if not count(session, name)] == []
    session.close()

    for week in range(1, SOME_WEEKS + 1):
        do_what_is_due(database, at=clock.now() + timedelta(weeks=week))

    with database.reading() as fresh:
        assert {name: count(fresh, name) for name in short} == dict.fromkeys(short, 0)


def test_seven_years_on_nothing_stays_that_is_kept_until_somebody_left(
    world: World, session: Session, database: Database
):
    member_id = world.member.id
    service.leave(session, member=session.get_one(Member, world.ids["member_id"]), keeps_hours=True, at=clock.now())
    gone_id = world.ids["member_id"]
    session.commit()
    session.close()

    for year in range(1, 8):
        do_what_is_due(database, at=clock.now() + year * A_YEAR)

    with database.reading() as fresh:
        left_over = []
        for name, kept in PERSONAL.items():
            if kept.until in {Until.FORGOTTEN, Until.LEFT} and kept.gone is Gone.DELETED and kept.through is None:
                table = tables.metadata.tables[name]
                theirs = [table.c[column] == gone_id for column in kept.whose]
                left_over += [name for one in theirs if fresh.scalar(select(func.count()).where(one))]
        assert left_over == []
        assert fresh.get_one(Member, gone_id).forgotten_at is not None
        assert fresh.get_one(Member, member_id).forgotten_at is None
