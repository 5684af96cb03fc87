"""The invented community has somebody in every situation, its ledger holds, and it stands in no real database."""

from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from flask_security import verify_password
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.tables import account, entry, transfer
from tests.demonstration.inventing import CONFIG, copy_of
from timebank import clock, serving
from timebank import config as configuring
from timebank.app import create_app
from timebank.checking import reads as checking
from timebank.config import Config
from timebank.db import Database
from timebank.demonstration.community import PASSWORD, SIGN_INS
from timebank.desk.reads import count_waiting
from timebank.hours import reads as hours
from timebank.introductions import reads as introductions
from timebank.introductions.models import Introduction, State
from timebank.matches.models import Round
from timebank.members import reads as members
from timebank.members import service as member_service
from timebank.members.models import Bank, Member
from timebank.migrating import migrate
from timebank.queries.models import Outcome, Query
from timebank.relationships import reads as relationships
from timebank.relationships.models import Relationship
from timebank.schemes.models import BankScheme, SchemeMembership
from timebank.signin.models import User
from timebank.vault.keys import KeyRing


@pytest.fixture(scope="module")
def seen(invented: Path, tmp_path_factory: pytest.TempPathFactory):
    """Read by every test here, changed by none."""
    database = copy_of(invented, tmp_path_factory.mktemp("seen") / "seen.db")
    with database.reading() as session:
        yield session
    database.close()


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


class TestWhoIsThere:
    def test_about_sixty_people(self, seen: Session):
        assert 55 <= count(seen, Member) <= 65

    def test_four_schemes_with_people_in_each(self, seen: Session):
        parts = Counter(seen.scalars(select(SchemeMembership.scheme_id)))

        assert count(seen, BankScheme) == 4
        assert len(parts) == 4
        assert min(parts.values()) >= 10

    def test_everyone_is_marked_as_invented(self, seen: Session):
        bank = seen.scalars(select(Bank)).one()

        assert bank.is_demonstration
        assert "invented" in bank.name


class TestWhatGoesOn:
    def test_introductions_in_every_state_but_withdrawn(self, seen: Session):
        states = Counter(seen.scalars(select(Introduction.state)))

        assert set(states) >= {State.OPEN, State.ACCEPTED, State.NOT_THIS_TIME, State.LAPSED}

    def test_some_wait_for_the_guide_and_some_for_the_other_side(self, seen: Session):
        waiting = seen.scalars(select(Introduction).where(Introduction.state == State.OPEN)).all()

        assert any(found.guide_said_yes is None and not found.is_symmetric for found in waiting)
        assert any(found.guide_said_yes and not found.is_symmetric for found in waiting)
        assert any(found.is_symmetric for found in waiting)

    def test_queries_open_and_settled(self, seen: Session):
        asked = seen.scalars(select(Query)).unique().all()

        assert sum(query.is_open for query in asked) >= 2
        assert {query.outcome for query in asked if not query.is_open} == {Outcome.COMMUNITY_GIFT}
        assert any(query.reversal_id for query in asked if query.is_open), "one on an hour that already counted"
        assert any(not query.reversal_id for query in asked if query.is_open), "one on an hour that waits"

    def test_relationships_that_go_on_and_one_that_ended(self, seen: Session):
        ended = Counter(found.ended_at is not None for found in seen.scalars(select(Relationship)))

        assert ended[False] >= 10
        assert ended[True] >= 1

    def test_a_round_that_waits_to_be_sent(self, seen: Session):
        """Where the desk shows it, and with something in it to send."""
        waiting = [found for found in seen.scalars(select(Round)).unique() if found.sent_at is None]

        assert any(found.scheme.rules.is_paired and found.proposals for found in waiting)

    def test_hours_over_a_year(self, seen: Session):
        first, last = seen.execute(select(func.min(transfer.c.happened_on), func.max(transfer.c.happened_on))).one()
        states = Counter(seen.scalars(select(transfer.c.state)))

        assert (last - first).days > 340
        assert states["posted"] > 500
        assert states["pending"] >= 4


class TestTheLedger:
    def test_sums_to_zero(self, seen: Session):
        assert seen.scalar(select(func.sum(entry.c.side * entry.c.minutes))) == 0
        assert seen.scalar(select(func.sum(account.c.posted))) == 0

    def test_is_found_clean(self, seen: Session):
        (bank,) = members.list_banks(seen)

        assert checking.check_bank(seen, bank).wrong == ()


class TestSignIns:
    @pytest.fixture
    def app(self, invented: Path, tmp_path: Path) -> Flask:
        return create_app(CONFIG, copy_of(invented, tmp_path / "signing-in.db"))

    def test_are_five_that_work(self, app: Flask, seen: Session):
        users = seen.scalars(select(User)).all()

        assert (
            {user.sign_in_name for user in users}
            == set(SIGN_INS)
            == {"member", "mentor", "penfriend", "coordinator", "lead"}
        )
        with app.app_context():
            assert all(verify_password(PASSWORD, user.password) for user in users)

    def test_nobody_else_can(self, seen: Session):
        assert count(seen, User) == len(SIGN_INS)

    @pytest.mark.parametrize("who", ["member", "mentor", "penfriend"])
    def test_something_waits_for_each(self, seen: Session, who: str):
        person = self.person(seen, who)
        waiting = introductions.count_waiting(seen, person) + sum(
            view.waits_for_me for view in hours.list_waiting(seen, person)
        )

        assert waiting >= 1

    def test_some_of_them_know_somebody(self, seen: Session):
        """Otherwise nobody who looks around sees a relationship, or how one ends."""
        known = {who: len(relationships.list_live(seen, self.person(seen, who).id)) for who in SIGN_INS}

        assert known["mentor"] >= 1
        assert sum(known.values()) >= 2

    def test_the_member_has_something_in_every_part(self, seen: Session):
        views = hours.list_waiting(seen, self.person(seen, "member"))

        assert any(view.waits_for_me for view in views)
        assert any(view.is_being_checked for view in views)
        assert any(view.is_waiting and view.is_mine for view in views)

    def test_checks_and_hours_wait_for_the_coordinator(self, seen: Session):
        assert count_waiting(seen, self.person(seen, "coordinator"), at=clock.now()) >= 3

    def person(self, session: Session, name: str) -> Member:
        return session.scalars(select(User).where(User.sign_in_name == name)).one().member


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The default file, which for this test lies in a folder of its own."""
    url = f"sqlite:///{tmp_path / 'timebank.db'}"
    monkeypatch.setattr(configuring, "DEFAULT_DATABASE_URL", url)
    return Config(secret_key="k" * 40, database_url=url)


class TestStarting:
    """What `serve --demonstration` does, without the serving."""

    @pytest.fixture
    def empty(self, default: Config):
        database = Database(default.database_url, keys=KeyRing.beside(default.keys_file))
        migrate(database)
        yield database
        database.close()

    @pytest.fixture
    def invents(self, monkeypatch: pytest.MonkeyPatch) -> list[Database]:
        called: list[Database] = []
        monkeypatch.setattr(serving, "invent_community", lambda database, **_: called.append(database))
        return called

    def test_invents_in_the_empty_default_file(self, default: Config, empty: Database, invents, capsys):
        serving.invite_to_demonstration(default, empty)

        assert invents == [empty]
        assert PASSWORD in capsys.readouterr().out

    @pytest.mark.parametrize(
        "other",
        [
            {"database_url": "sqlite:////tmp/another.db"},
            {"database_url": "postgresql+psycopg://bank@localhost/bank"},
            {"host": "0.0.0.0"},
            {"host": "192.168.1.5"},
            {"host": ""},
        ],
    )
    def test_never_goes_anywhere_else(self, default: Config, empty: Database, invents, capsys, other):
        settings = {"secret_key": "k" * 40, "database_url": default.database_url} | other

        serving.invite_to_demonstration(Config(**settings), empty)

        assert invents == []
        assert capsys.readouterr().out == ""

    def test_a_real_bank_in_the_default_file_is_left_alone(self, default: Config, empty: Database, invents, capsys):
        with empty.writing() as session:
            member_service.open_bank(session, name="A real one", at=clock.now())

        serving.invite_to_demonstration(default, empty)

        assert invents == []
        assert capsys.readouterr().out == ""

    def test_a_second_start_keeps_what_there_is(self, invented: Path, default: Config, tmp_path: Path, capsys):
        """Not one person more, and what somebody changed is still there."""
        database = copy_of(invented, tmp_path / "timebank.db")
        with database.writing() as session:
            session.scalars(select(Member)).first().name = "Somebody I renamed"
        before = self.counts(database)

        for _ in range(2):
            serving.invite_to_demonstration(default, database)

        assert self.counts(database) == before
        with database.reading() as session:
            assert "Somebody I renamed" in session.scalars(select(Member.name)).all()
        said = capsys.readouterr().out
        assert said.count(PASSWORD) == 2
        assert all(name in said for name in SIGN_INS)
        database.close()

    def counts(self, database: Database) -> dict[str, int]:
        with database.reading() as session:
            return {model.__name__: count(session, model) for model in (Bank, Member, User, Introduction, Query)} | {
                "entries": session.scalar(select(func.count()).select_from(entry))
            }
