"""One-time codes and passwords. Only the hashing comes from Flask-Security, which asks for an app around it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOON
from timebank.signin import passwords, service
from timebank.signin.models import OneTimeCode, User

PASSWORD = "three or four words"


@pytest.fixture(autouse=True)
def hashing(app):
    with app.app_context():
        yield


def set_password(session, code, *, name="ada", password=PASSWORD, at=NOON):
    return service.set_password(session, typed_code=code, sign_in_name=name, kept=passwords.to_keep(password), at=at)


@pytest.fixture
def code(session, giver):
    return service.issue_code(session, member=giver, issued_by=None, at=NOON)


class TestIssueCode:
    def test_stores_only_a_hash(self, session, code, giver):
        (kept,) = session.scalars(select(OneTimeCode).where(OneTimeCode.member_id == giver.id))

        assert code not in kept.code_hash

    def test_a_new_code_ends_the_earlier_one_and_nobody_elses(self, session, code, giver, receiver):
        others = service.issue_code(session, member=receiver, issued_by=None, at=NOON)

        new = service.issue_code(session, member=giver, issued_by=None, at=NOON)

        with pytest.raises(service.CodeNotGood):
            set_password(session, code)
        assert set_password(session, new).member_id == giver.id
        assert set_password(session, others, name="ben").member_id == receiver.id


class TestSetPassword:
    def test_however_the_code_is_written(self, session, code, giver):
        assert set_password(session, f" {code[:4].lower()}-{code[4:]} ").member_id == giver.id

    def test_only_once(self, session, code):
        set_password(session, code)

        with pytest.raises(service.CodeNotGood):
            set_password(session, code)

    @pytest.mark.parametrize(("days", "works"), [(13, True), (14, False), (15, False)])
    def test_only_for_fourteen_days(self, session, code, days, works):
        at = NOON + timedelta(days=days)

        if works:
            assert set_password(session, code, at=at)
        else:
            with pytest.raises(service.CodeNotGood):
                set_password(session, code, at=at)

    @pytest.mark.parametrize("typed", ["", "22222222222", "not a code"])
    def test_not_with_a_code_nobody_gave(self, session, code, typed):
        with pytest.raises(service.CodeNotGood):
            set_password(session, typed)

    @pytest.mark.parametrize("name", ["ada", " ADA ", "Ada"])
    def test_not_under_a_name_that_is_taken(self, session, code, receiver, name):
        set_password(session, service.issue_code(session, member=receiver, issued_by=None, at=NOON), name="Ada")

        with pytest.raises(service.NameTaken):
            set_password(session, code, name=name)

        assert set_password(session, code, name="ben")

    def test_again_keeps_one_way_in_and_ends_every_open_sign_in(self, session, code, giver):
        first = set_password(session, code)
        before = (first.id, first.fs_uniquifier, first.password)
        new = service.issue_code(session, member=giver, issued_by=None, at=NOON)

        again = set_password(session, new, name="another name", password="four other words here")

        assert again.id == before[0]
        assert again.fs_uniquifier != before[1]
        assert again.password != before[2]
        assert len(session.scalars(select(User).where(User.member_id == giver.id)).all()) == 1

    def test_the_password_is_hashed_with_argon2(self, session, code):
        user = set_password(session, code)

        assert user.password.startswith("$argon2id$")

    @pytest.mark.parametrize("typed", ["ada", "ADA", " Ada "])
    def test_the_name_is_found_however_it_is_written(self, session, code, typed):
        user = set_password(session, code, name="Ada")

        assert service.find_user(session, typed) is user

    def test_nobody_is_found_under_another_name(self, session, code):
        set_password(session, code)

        assert service.find_user(session, "ben") is None
