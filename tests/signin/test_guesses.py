"""Nobody can guess a password, and nobody can lock somebody else out by trying."""

import os
import sys
import threading
from collections import Counter
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from tests.factories import NOON
from timebank import clock
from timebank.signin import guesses, passwords, service
from timebank.signin.models import KnownDevice, Tries, User

PASSWORD = "three or four words"
SECRET = "a secret of this server"
IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
GUESSES, SOURCES, OWNER_TRIES = (10_000, 100, 50) if IS_FULL else (600, 100, 12)


@pytest.fixture
def user(app, session, giver):
    """Giver, who signs in as ada."""
    with app.app_context():
        code = service.issue_code(session, member=giver, issued_by=None, at=NOON)
        kept = passwords.to_keep(PASSWORD)
        user = service.set_password(session, typed_code=code, sign_in_name="ada", kept=kept, at=NOON)
        session.commit()
        return user


@pytest.fixture
def looked_at(monkeypatch):
    """When a password reached the slow check, and whether there was anybody of that name."""
    seen = []

    def is_right(password, kept):
        seen.append((clock.now(), kept is not None))
        return kept is not None and password == PASSWORD

    monkeypatch.setattr(passwords, "is_right", is_right)
    return seen


def sign_in(browser, name="ada", password="wrong words here", **more):
    return browser.post("/sign-in/", {"sign_in_name": name, "password": password} | more)


def come_back(as_, browser):
    """Later, in the same browser, signed out."""
    again = as_(None)
    again.client.set_cookie("device", browser.client.get_cookie("device").value)
    return again


def most_within(moments, length):
    """The most of these that lie within any stretch of this length."""
    return max(sum(first <= one < first + length for one in moments) for first in moments)


class TestManyGuesses:
    def test_hardly_any_reach_the_password_and_its_owner_gets_in(self, as_, user, time, looked_at):
        owner = as_(None)
        assert sign_in(owner, password=PASSWORD).status_code == 303
        strangers = [as_(None) for _ in range(SOURCES)]
        answers = Counter()

        for number in range(GUESSES):
            time.forward(seconds=1)
            answers[sign_in(strangers[number % SOURCES], password=f"guess number {number}").status_code] += 1
            if number % (GUESSES // OWNER_TRIES) == 0:
                before = len(looked_at)
                owner = come_back(as_, owner)
                assert sign_in(owner, password=PASSWORD).status_code == 303, "the owner was locked out"
                del looked_at[before:]  # what is counted are the strangers' tries

        moments = [moment for moment, _ in looked_at[1:]]
        assert set(answers) == {422, 429}
        assert len(moments) == answers[422]
        assert most_within(moments, timedelta(minutes=1)) <= 5
        assert most_within(moments, timedelta(minutes=5)) <= 10
        sys.stdout.write(f"{GUESSES} guesses from {SOURCES} browsers: {len(moments)} were looked at\n")

    def test_a_name_that_nobody_has_answers_alike(self, as_, user, time, looked_at):
        told = {"ada": [], "ben": []}

        for number in range(40):
            time.forward(seconds=7)
            for name, answers in told.items():
                answer = sign_in(as_(None), name=name, password=f"guess number {number}")
                words = answer.text.replace(name, "NAME").split("<main")[1]
                answers.append((answer.status_code, answer.headers.get("Retry-After"), words))

        alike = [
            (one[0], one[1], without_numbers(one[2])) == (other[0], other[1], without_numbers(other[2]))
            for one, other in zip(told["ada"], told["ben"], strict=True)
        ]
        assert all(alike)
        assert {status for status, _, _ in told["ada"]} == {422, 429}

    def test_who_has_to_wait_is_told_how_long_and_keeps_what_they_typed(self, stranger, user, time, looked_at):
        for _ in range(5):
            assert sign_in(stranger).status_code == 422

        answer = sign_in(stranger, name="Ada")

        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "61"
        assert "Please wait five minutes" in answer.text
        assert 'value="Ada"' in answer.text
        assert len(looked_at) == 5

    def test_the_right_password_is_not_counted(self, as_, user, time, looked_at):
        for _ in range(30):
            time.forward(seconds=1)
            assert sign_in(as_(None), password=PASSWORD).status_code == 303

    def test_what_could_not_be_looked_at_is_not_counted(self, stranger, user, time, monkeypatch):
        def too_many(password, kept):
            raise passwords.ManySigningIn

        monkeypatch.setattr(passwords, "is_right", too_many)
        answers = [sign_in(stranger) for _ in range(8)]

        assert {answer.status_code for answer in answers} == {503}
        assert "Please try again in a moment" in answers[-1].text

    def test_of_one_person_say_nothing_about_another(self, as_, user, time, looked_at):
        for _ in range(6):
            sign_in(as_(None), name="ben")

        assert sign_in(as_(None)).status_code == 422


def without_numbers(words):
    return [word for word in words.split() if "csrf" not in word and "value=" not in word]


class TestDevices:
    def device(self, browser):
        return browser.client.get_cookie("device")

    def test_only_a_hash_is_kept_on_the_server(self, stranger, session, user, looked_at):
        sign_in(stranger, password=PASSWORD)

        cookie = self.device(stranger)
        (kept,) = session.scalars(select(KnownDevice))
        assert cookie.http_only
        assert cookie.same_site == "Lax"
        assert cookie.value not in kept.id_hash

    def test_a_shared_one_keeps_nothing(self, stranger, session, user, looked_at):
        answer = sign_in(stranger, password=PASSWORD, shared_device="yes")

        assert answer.status_code == 303
        assert self.device(stranger) is None
        kept = [cookie for cookie in answer.headers.getlist("Set-Cookie") if "Max-Age=0" not in cookie]
        assert [cookie.partition("=")[0] for cookie in kept if "Max-Age" not in cookie] == ["sign-in"]
        assert len(kept) == 1
        assert session.scalar(select(func.count()).select_from(KnownDevice)) == 0
        assert stranger.get("/").status_code == 200

    def test_that_was_known_is_forgotten_once_it_is_shared(self, as_, session, user, looked_at):
        owner = as_(None)
        sign_in(owner, password=PASSWORD)
        again = come_back(as_, owner)

        sign_in(again, password=PASSWORD, shared_device="yes")

        assert self.device(again) is None
        assert session.scalar(select(func.count()).select_from(KnownDevice)) == 0

    def test_that_is_stolen_has_no_more_tries_than_strangers(self, as_, stranger, user, time, looked_at):
        sign_in(stranger, password=PASSWORD)
        stolen = come_back(as_, stranger)

        answers = [sign_in(stolen).status_code for _ in range(20)]

        assert answers == [422] * 5 + [429] * 15

    def test_of_somebody_else_helps_nobody(self, as_, session, user, time, looked_at):
        """A device that is known for another name stands among the strangers."""
        thief = as_(None)
        thief.client.set_cookie("device", "made up")
        for _ in range(5):
            sign_in(as_(None))

        assert sign_in(thief).status_code == 429

    def test_are_strangers_again_with_a_new_password(self, app, as_, session, user, giver, time, looked_at):
        owner = as_(None)
        sign_in(owner, password=PASSWORD)
        with app.app_context():
            code = service.issue_code(session, member=giver, issued_by=None, at=NOON)
            service.set_password(session, typed_code=code, sign_in_name="ada", kept="!", at=NOON)
        for _ in range(5):
            sign_in(as_(None))

        assert sign_in(come_back(as_, owner)).status_code == 429

    def test_are_forgotten_after_ninety_days_without_one_visit(self, as_, session, user, time, looked_at):
        owner = as_(None)
        sign_in(owner, password=PASSWORD)
        time.forward(days=90)
        for _ in range(5):
            sign_in(as_(None))

        assert sign_in(come_back(as_, owner)).status_code == 429


class TestCounting:
    def count(self, session, at, name="ada", device=None):
        return guesses.count_try(session, name=name, device=device, secret=SECRET, at=at)

    def test_the_name_itself_is_nowhere(self, session):
        """People type their password where the name belongs."""
        self.count(session, NOON, name="my secret password")
        session.flush()

        (kept,) = session.scalars(select(Tries))
        assert "secret" not in f"{kept.lane} {kept.made_at}"

    def test_however_a_name_is_spelled_it_is_one_name(self, session):
        lanes = {self.count(session, NOON, name=name) for name in ("Zoe\u0308", "zo\u00eb ", " ZO\u00cb")}

        assert len(lanes) == 1

    def test_a_clock_set_back_opens_no_way(self, session):
        for _ in range(5):
            self.count(session, NOON)

        with pytest.raises(guesses.TriedTooOften):
            self.count(session, NOON - timedelta(hours=1))

    def test_what_is_old_is_cleared(self, session, user):
        self.count(session, NOON)
        guesses.remember_device(session, user=user, device=None, at=NOON)

        guesses.clear_old(session, at=NOON + timedelta(minutes=5))
        assert session.scalar(select(func.count()).select_from(Tries)) == 0
        assert session.scalar(select(func.count()).select_from(KnownDevice)) == 1

        guesses.clear_old(session, at=NOON + guesses.DEVICE_LIFE)
        assert session.scalar(select(func.count()).select_from(KnownDevice)) == 0

    def test_many_at_the_same_moment_are_counted_one_after_another(self, database):
        start, passed = threading.Barrier(12), []

        def guess():
            start.wait()
            try:
                database.run_again(lambda session: self.count(session, NOON))
            except guesses.TriedTooOften:
                return
            passed.append(1)

        threads = [threading.Thread(target=guess) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(passed) == 5


class TestPasswords:
    @pytest.fixture(autouse=True)
    def hashing(self, app):
        with app.app_context():
            yield

    def test_are_kept_slowly(self):
        assert passwords.to_keep(PASSWORD).startswith("$argon2id$v=19$m=47104,t=1,p=1$")

    def test_are_right_or_not(self):
        kept = passwords.to_keep(PASSWORD)

        assert passwords.is_right(PASSWORD, kept)
        assert not passwords.is_right(PASSWORD.upper(), kept)
        assert not passwords.is_right("the password of nobody", None)

    def test_kept_with_older_settings_are_made_anew_at_the_next_sign_in(self, stranger, session, user):
        user.password = PasswordHasher(2, 19 * 1024, 1).hash(PASSWORD)
        assert passwords.is_kept_as_of_old(user.password)

        assert sign_in(stranger, password=PASSWORD).status_code == 303

        user = session.get_one(User, user.id)
        assert not passwords.is_kept_as_of_old(user.password)
        assert passwords.is_right(PASSWORD, user.password)

    @pytest.mark.parametrize(
        "password",
        [
            "passwordpassword",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaaaaaaaaaaa",
            "liverpoolfc1",
            "manchester united",
            "Riverside Riverside",
            "timebank2026",
        ],
    )
    def test_that_come_soon_to_whoever_guesses_are_refused(self, password):
        assert passwords.is_easily_guessed(password, known_words=["riverside", "timebank"])

    @pytest.mark.parametrize(
        "password", [PASSWORD, "my dog is called rex", "kahawa na mandazi asubuhi", "x" * 9 + "Q7 !gate-moss"]
    )
    def test_of_a_few_words_are_good(self, password):
        assert not passwords.is_easily_guessed(password, known_words=["riverside", "timebank"])

    def test_are_checked_by_two_at_a_time_and_two_wait_and_no_more(self, monkeypatch):
        release, at_work, most = threading.Event(), [], []

        def slow(password, kept):
            at_work.append(1)
            most.append(len(at_work))
            release.wait(10)
            at_work.pop()
            return True

        monkeypatch.setattr(passwords, "verify_password", slow)
        outcomes = []

        def check():
            try:
                outcomes.append(passwords.is_right(PASSWORD, "kept"))
            except passwords.ManySigningIn:
                outcomes.append("asked to try again")

        threads = [threading.Thread(target=check) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            if len(outcomes) < 6:
                thread.join(0.5)
        release.set()
        for thread in threads:
            thread.join()

        assert Counter(outcomes) == {True: 4, "asked to try again": 6}
        assert max(most) == 2
