"""Naming leads, looking whether something lies unread, and the key on paper: as a person types it."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from tests.databases import SqliteCopies
from tests.factories import ConcernFactory, LeadFactory, MemberFactory
from timebank import clock
from timebank.cli import main
from timebank.concerns import reads, sealing
from timebank.concerns.models import Closeness
from timebank.signin import service as signin
from timebank.signin.models import OneTimeCode, User

ALL_OF_IT = "He keeps her bank card."


@pytest.fixture
def copies(sqlite_copies: SqliteCopies):
    return sqlite_copies


@pytest.fixture
def run(database, session, bank, tmp_path, monkeypatch):
    """The only bank is the one of these tests: the others go by another name."""
    monkeypatch.setattr(sealing, "SLOWNESS", "argon2id:1:64:1")
    name = bank.name

    def run_one(*words: object, typed: str = "") -> Result:
        session.commit()  # and begins nothing, or the command would wait for it
        environment = {"TIMEBANK_DATABASE_URL": str(database.url), "TIMEBANK_KEYS": str(tmp_path / "keys")}
        result = CliRunner(env=environment).invoke(main, [*map(str, words), "--bank", name], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        session.expire_all()
        return result

    return run_one


def printed_in(result: Result) -> str:
    return re.search(r"recovery key, shown only now: (\S+)", result.output)[1]


class TestLeads:
    def test_the_first_one_prints_the_key_once(self, run, session, bank):
        first, second = run("add-lead", "Lena New"), run("add-lead", "Sam New")

        assert len(printed_in(first).replace("-", "")) == 32
        assert "sign-in/first-time" in first.output
        assert "recovery key" not in second.output
        assert [lead.member.name for lead in reads.list_leads(session, bank.id)] == ["Lena New", "Sam New"]
        kept = reads.find_bank_key(session, bank.id).kept
        assert sealing.unlock(kept, printed_in(first).replace("-", ""))

    def test_a_code_that_was_made_for_them_earlier_lets_nobody_in_as_a_lead(self, run, session, ada):
        earlier = signin.issue_code(session, member=ada, issued_by=None, at=clock.now())

        new = run("add-lead", ada.code).output

        codes = session.scalars(select(OneTimeCode).where(OneTimeCode.member_id == ada.id)).all()
        assert [code.can_be_used(clock.now()) for code in codes].count(True) == 1
        assert earlier not in new
        assert "sign-in/first-time" in new

    def test_whoever_signs_in_already_needs_no_code(self, run, session, ada):
        session.add(User(member_id=ada.id, sign_in_name="ada", password="x", active=True, fs_uniquifier="x"))
        signin.issue_code(session, member=ada, issued_by=None, at=clock.now())

        assert "sign-in/first-time" not in run("add-lead", ada.code).output
        (code,) = session.scalars(select(OneTimeCode).where(OneTimeCode.member_id == ada.id)).all()
        assert not code.can_be_used(clock.now())

    def test_a_member_is_meant_by_their_code_and_never_by_a_name_somebody_has(self, run, bank, ada):
        assert "Say whom you mean by their code" in run("add-lead", "ada teller").output
        assert run("add-lead", ada.code).exit_code == 0
        assert run("add-lead", ada.code).exit_code == 2
        assert "has not chosen a passphrase yet" in run("leads").output

    def test_are_listed_in_their_order_and_leave(self, run, first, second):
        assert re.search(r"1\. Lena First .*ready.*\n2\. Sam Second", run("leads").output)

        assert run("remove-lead", first.member.code).exit_code == 0

        assert "Lena First" not in run("leads").output
        assert run("remove-lead", first.member.code).exit_code == 2
        assert run("remove-lead", "2222").exit_code == 2

    def test_nobody_yet_says_what_to_type(self, run):
        assert "timebank add-lead" in run("leads").output

    def test_two_who_are_close_are_written_down(self, run, session, ada, named):
        assert run("add-conflict", ada.code, named.code, "--kind", "partner").exit_code == 0
        assert [tie.kind for tie in reads.list_ties(session, ada)] == [Closeness.PARTNER]
        assert run("add-conflict", ada.code, ada.code, "--kind", "partner").exit_code == 2


class TestWaiting:
    def test_says_how_many_and_how_old_and_no_word_of_them(self, run, session, ada, first, printed):
        old = ConcernFactory(member=ada, words=ALL_OF_IT, at=clock.now() - timedelta(hours=49), in_danger=True)
        ConcernFactory(member=ada, words=ALL_OF_IT, at=clock.now())

        result = run("concerns", "--waiting")

        assert result.exit_code == 1
        assert "2 not read yet: 1 with leads, 1 past them." in result.output
        assert f"{old.id}: told 2 d 1 h ago, past all leads for 1 d 1 h. Somebody is in danger." in result.output
        assert not any(word in result.output for word in ("bank card", "Ada", "Lena"))

    def test_is_content_while_leads_have_their_day(self, run, ada, first):
        ConcernFactory(member=ada, at=clock.now() - timedelta(hours=23))

        assert run("concerns", "--waiting").exit_code == 0

    def test_asks_what_to_do(self, run):
        assert run("concerns").exit_code == 2


class TestThePrintedKey:
    def test_opens_what_lies_past_everybody_and_that_is_written_down(self, run, session, bank, ada, first, printed):
        concern = ConcernFactory(
            member=ada, words=ALL_OF_IT, named=(first.member,), who="and his brother", at=clock.now()
        )

        result = run("concerns", "--open", concern.id, typed=f"{printed}\n")

        assert result.exit_code == 0
        assert ALL_OF_IT in result.output
        assert "About: Lena First, and his brother" in result.output
        assert not reads.find_in_bank(session, concern.id, bank.id).is_unread
        assert run("concerns", "--waiting").exit_code == 0

    @pytest.mark.parametrize("typed", ["", "B" * 32, "seven herons under the bridge"])
    def test_another_key_opens_nothing(self, run, session, bank, ada, printed, typed):
        concern = ConcernFactory(member=ada, words=ALL_OF_IT, at=clock.now())

        result = run("concerns", "--open", concern.id, typed=typed)

        assert result.exit_code == 2
        assert "not the recovery key" in result.output
        assert reads.find_in_bank(session, concern.id, bank.id).is_unread

    def test_what_is_not_there_is_said_so(self, run, printed):
        assert run("concerns", "--open", UUID(int=1), typed=printed).exit_code == 2

    def test_without_one_it_is_said_how_to_make_it(self, run):
        assert "add-lead" in run("reseal").output

    def test_locks_what_is_open_for_leads_who_come_later(self, run, session, bank, ada, printed):
        concern = ConcernFactory(member=ada, words=ALL_OF_IT, at=clock.now())
        LeadFactory(member=MemberFactory(bank=bank, name="Nour New"))

        assert "more: 1." in run("reseal", typed=printed).output
        assert "more: 0." in run("reseal", typed=printed).output
        session.expire_all()
        assert len(reads.find_in_bank(session, concern.id, bank.id).readers) == 1
