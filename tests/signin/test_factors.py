"""The second factor below the pages: codes of an app by the clock, what the database decides, and what it cannot read."""

import os
import random
import sys
import threading
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner
from passlib.totp import TOTP
from sqlalchemy import select, text, update

from tests.factories import NOON
from tests.signin.conftest import give_app, last_step, open_door
from timebank.cli import main
from timebank.signin import code_app, factors, sealing, service
from timebank.signin.models import CodeApp, HeldSignIn, SignInEvent, User, What

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
CODES, RACES = (50_000, 50) if IS_FULL else (1_500, 3)
SECRET = "a secret of this server"


class TestTheClock:
    def test_only_three_half_minutes_count_whatever_is_shared_and_whenever(self):
        chance, seen = random.Random(7), Counter()
        for _ in range(CODES):
            shared = code_app.new_shared()
            at = NOON + timedelta(seconds=chance.uniform(-1e9, 1e9))
            steps = chance.randint(-4, 4)
            typed = TOTP(key=shared).generate(at + timedelta(seconds=30 * steps)).token
            near = {TOTP(key=shared).generate(at + timedelta(seconds=30 * one)).token for one in (-1, 0, 1)}

            found = code_app.step_of(typed, shared, at=at)

            now = int(at.timestamp()) // 30
            assert (found is not None) is (typed in near)
            assert found is None or abs(found - now) <= 1
            seen[steps, found is not None] += 1
        assert sum(seen.values()) == CODES
        assert {steps for steps, is_right in seen if is_right} >= {-1, 0, 1}
        sys.stdout.write(f"{CODES} codes of other apps at other times: {dict(sorted(seen.items()))}\n")

    @pytest.mark.parametrize(
        "typed", ["", " ", "12345", "1234567", "abcdef", "½½½½½½", "12345\x00", "🙂" * 6, "-12345", "1e5"]
    )
    def test_what_is_no_code_is_none(self, typed):
        assert code_app.step_of(typed, code_app.new_shared(), at=NOON) is None

    def test_the_picture_says_what_the_letters_say(self):
        shared = code_app.new_shared()

        read = TOTP.from_uri(code_app.address(shared, name="ada: at home", bank="A: bank"))

        assert (read.base32_key, read.digits, read.period) == (shared, 6, 30)
        assert code_app.in_groups(shared).replace(" ", "") == shared
        assert len(shared) == 32


class TestSealed:
    def test_is_read_by_its_owner_with_this_servers_key_and_by_nobody_else(self):
        one, other = uuid4(), uuid4()
        sealed = sealing.seal("JBSW Y3DP", secret=SECRET, owner=one)

        assert sealing.unseal(sealed, secret=SECRET, owner=one) == "JBSW Y3DP"
        assert "JBSW" not in sealed
        for secret, owner in ((SECRET, other), ("another server", one)):
            with pytest.raises(sealing.CannotBeOpened):
                sealing.unseal(sealed, secret=secret, owner=owner)

    def test_never_comes_out_the_same_twice(self):
        owner = uuid4()

        assert len({sealing.seal("same", secret=SECRET, owner=owner) for _ in range(50)}) == 50

    def test_a_changed_letter_is_noticed(self):
        owner = uuid4()
        sealed = sealing.seal("JBSW Y3DP", secret=SECRET, owner=owner)

        for place in range(len(sealed)):
            changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
            with pytest.raises(sealing.CannotBeOpened):
                sealing.unseal(changed, secret=SECRET, owner=owner)

    @pytest.mark.parametrize("sealed", ["", "?", "é", "AAAA", "x" * 400])
    def test_what_was_never_sealed_is_refused(self, sealed):
        with pytest.raises(sealing.CannotBeOpened):
            sealing.unseal(sealed, secret=SECRET, owner=uuid4())

    def test_the_database_alone_does_not_know_what_is_shared(self, database, phone):
        with database.engine.connect() as connection:
            rows = repr(connection.execute(text("SELECT * FROM code_app")).all())

        assert phone.shared not in rows

    def test_one_persons_row_put_in_anothers_place_lets_nobody_in(self, app, session, nell, phone, receiver, time):
        """Whoever can write into the database copies their own app over somebody else's."""
        other = open_door(session, receiver, "omar")
        give_app(app, session, other, at=time.at)
        mine = session.scalar(select(CodeApp.sealed).where(CodeApp.user_id == nell.id))
        session.execute(update(CodeApp).where(CodeApp.user_id == other.id).values(sealed=mine))

        assert not factors.use_code(session, user=other, typed=phone.code(), secret=app.secret_key, at=time.at)


class TestAtTheSameMoment:
    def race(self, database, app, user, typed, at):
        start, outcomes = threading.Barrier(4), []

        def use():
            start.wait()
            outcomes.append(
                database.run_again(
                    lambda session: factors.use_code(
                        session, user=session.get_one(User, user.id), typed=typed, secret=app.secret_key, at=at
                    )
                )
            )

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Counter(outcomes)

    def test_a_code_lets_one_in(self, database, app, session, nell, phone, time):
        for number in range(RACES):
            time.forward(seconds=30)
            assert self.race(database, app, nell, phone.code(), time.at) == {True: 1, False: 3}
            assert self.race(database, app, nell, phone.spare[number % 10], time.at)[True] == (1 if number < 10 else 0)

    def test_whoever_is_coming_in_without_it_while_it_is_switched_on_stays_out(
        self, as_, app, session, giver, nell, time
    ):
        """A sign-in whose password was checked before, and which is kept only afterwards."""
        late = as_(giver)

        give_app(app, session, nell, at=time.at)

        assert late.get("/hours/").status_code == 303


class TestSwitchingOn:
    def test_needs_a_first_code(self, app, session, nell, time):
        shared = code_app.new_shared()

        with pytest.raises(factors.CodeNotRight):
            factors.switch_app_on(
                session, user_id=nell.id, shared=shared, typed="000000", secret=SECRET, here=None, at=time.at
            )

        assert not factors.has_any(session, nell)

    def test_the_first_code_is_used_up_by_it(self, app, session, nell, time):
        phone = give_app(app, session, nell, at=time.at)

        assert last_step(session, nell.id) == (int(time.at.timestamp()) - 300) // 30
        typed = phone.code(at=time.at - timedelta(minutes=5))
        assert not factors.use_code(
            session, user=nell, typed=typed, secret=app.secret_key, at=time.at - timedelta(minutes=5)
        )

    def test_a_new_app_takes_the_place_of_the_old_one_and_spare_codes_stay(self, app, session, nell, phone, time):
        new = give_app(app, session, nell, at=time.at)

        assert new.spare == []
        assert not factors.use_code(session, user=nell, typed=phone.code(), secret=app.secret_key, at=time.at)
        assert factors.use_code(session, user=nell, typed=new.code(), secret=app.secret_key, at=time.at)
        assert factors.use_code(session, user=nell, typed=phone.spare[0], secret=app.secret_key, at=time.at)

    def test_switching_the_last_off_takes_the_spare_codes_along(self, app, session, nell, phone, time):
        left = factors.switch_app_off(session, user_id=nell.id, here=None, at=time.at)

        assert not left.is_any
        assert factors.of(session, nell).spare_left == 0
        assert session.scalars(select(HeldSignIn).where(HeldSignIn.user_id == nell.id)).all() == []


class TestTheCommandLine:
    @pytest.fixture
    def run(self, database, monkeypatch, tmp_path):
        monkeypatch.setenv("TIMEBANK_DATABASE_URL", database.url.render_as_string(hide_password=False))
        monkeypatch.setenv("TIMEBANK_KEYS", str(tmp_path / "keys"))
        return lambda name: CliRunner().invoke(main, ["remove-second-step", name])

    def test_takes_a_coordinators_second_step_away_and_they_are_told_by_whom(
        self, app, session, coordinator, run, quick_passwords
    ):
        user = open_door(session, coordinator, "cora")
        give_app(app, session, user, at=NOON)

        answer = run("Cora")

        assert answer.exit_code == 0, answer.output
        assert "signed out everywhere" in answer.output
        session.rollback()
        assert not factors.has_any(session, user)
        last = session.scalars(select(SignInEvent).where(SignInEvent.what == What.TAKEN_AWAY)).one()
        assert (last.member_id, last.by_id, last.told_at) == (coordinator.id, None, None)

    @pytest.mark.parametrize(("name", "status"), [("nobody", 2), ("nell", 1)])
    def test_says_when_there_is_nothing_to_take(self, session, nell, run, name, status):
        session.commit()

        assert run(name).exit_code == status


def test_codes_on_paper_still_belong_to_one_person_each(session, nell, giver):
    service.issue_code(session, member=giver, issued_by=None, at=NOON)

    (made,) = session.scalars(select(SignInEvent).where(SignInEvent.member_id == giver.id))
    assert (made.what, made.by_id) == (What.CODE_MADE, None)
