"""Leaving and being forgotten: nothing that a person told stays, every sum does, and no old backup brings it back."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from ledger.accounts import AccountStatus
from ledger.store import Ledger
from tests.factories import DAY, NOON, HourLogFactory, MemberFactory
from tests.guards.world import World, make_world
from tests.vault.test_sealed import everything_kept
from timebank import migrating
from timebank.backups import service as backups
from timebank.checking import reads as checking
from timebank.concerns.models import Lead
from timebank.db import Database
from timebank.hours import reads as hours
from timebank.hours import service as hours_service
from timebank.members.models import FORGOTTEN, AlreadyLeft, Member, MemberStatus
from timebank.members.service import ledger_of
from timebank.queries.models import Query
from timebank.record import service
from timebank.schemes import service as schemes
from timebank.signin.models import HeldSignIn, User
from timebank.vault.keys import KeyRing
from timebank.vault.reads import try_all

CANARY = "kestrel-4417"
A_YEAR = timedelta(days=365)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    """Of this test's own: people are forgotten in it."""
    return KeyRing(tmp_path / "keys", is_durable=False)


@pytest.fixture
def told(session: Session) -> World:
    """A member with one of everything, who wrote a canary wherever one can write."""
    world = make_world(session, rows=2)
    session.execute(update(Lead).values(left_at=NOON))  # whoever looks into worries cannot just leave
    member = world.member
    member.name = f"Ada {CANARY}"
    user = session.scalar(select(User).where(User.member_id == member.id))
    assert user is not None
    user.sign_in_name = f"ada@{CANARY}"
    for table, whose, columns in (
        ("offer", "member_id", ("title", "words")),
        ("hour_log", "logged_by", ("words",)),
    ):
        for column in columns:
            session.execute(
                text(f"UPDATE {table} SET {column} = :words WHERE {whose} = :id"),
                {"words": CANARY, "id": member.id.hex if session.get_bind().dialect.name == "sqlite" else member.id},
            )
    session.commit()
    session.expire_all()
    for query in session.scalars(select(Query)):
        for telling in query.tellings:
            telling.words = CANARY
    session.commit()
    return world


def sums(session: Session, member: Member) -> tuple[int, bool]:
    report = checking.check_bank(session, member.bank)
    return len(report.wrong), report.check_code is not None


def forget(session: Session, member: Member) -> None:
    service.forget(session, member=member, at=NOON)
    session.commit()


class TestForgetting:
    def test_nothing_they_told_is_left_in_the_database(self, told: World, session: Session, database: Database):
        assert CANARY.encode() in everything_kept(session, database)

        forget(session, told.member)
        session.close()
        migrating.clear_away(database)

        with database.open_writing() as fresh:
            assert CANARY.encode() not in everything_kept(fresh, database)

    def test_every_sum_stays_and_the_books_agree(self, told: World, session: Session):
        others = session.scalars(
            select(Member).where(Member.bank_id == told.member.bank_id, Member.id != told.member.id)
        )
        ledger = ledger_of(session, told.member.bank)
        before = {one.id: ledger.balance(account=one.account_id).posted for one in others.unique()}

        forget(session, told.member)

        ledger = ledger_of(session, told.member.bank)
        accounts = {one.id: one.account_id for one in session.scalars(select(Member)).unique()}
        assert {id_: ledger.balance(account=accounts[id_]).posted for id_ in before} == before
        assert ledger.balance(account=told.member.account_id).posted == 0
        assert ledger.get_account(id=told.member.account_id).status is AccountStatus.CLOSED
        assert checking.check_bank(session, told.member.bank).wrong == ()

    def test_what_is_left_of_theirs_under_lock_opens_for_nobody(self, told: World, session: Session, keys: KeyRing):
        assert keys.holds(told.member.id)

        forget(session, told.member)

        assert not keys.holds(told.member.id)
        assert try_all(session, keys).bad == 0  # nothing is left that does not open

    def test_others_read_of_a_former_member(self, told: World, session: Session):
        other = session.get_one(Member, told.ids["member_id"])

        forget(session, told.member)

        names = {view.partner for view in hours.list_for_member(session, other, states=("posted",))}
        assert FORGOTTEN in names
        assert told.member.status is MemberStatus.LEFT

    def test_they_are_signed_out_everywhere_and_cannot_come_in(self, told: World, session: Session):
        forget(session, told.member)

        assert session.scalars(select(User).where(User.member_id == told.member.id)).all() == []
        assert session.scalars(select(HeldSignIn)).all() == []

    def test_a_second_time_changes_nothing(self, told: World, session: Session):
        forget(session, told.member)
        when = told.member.forgotten_at

        service.forget(session, member=told.member, at=NOON + A_YEAR)

        assert told.member.forgotten_at == when

    def test_what_was_refused_leaves_the_key(self, told: World, session: Session, keys: KeyRing):
        service.forget(session, member=told.member, at=NOON)
        session.rollback()

        assert keys.holds(told.member.id)
        assert told.member.forgotten_at is None


class TestOldBackups:
    def test_that_are_put_back_forget_again(
        self, told: World, session: Session, database: Database, copies, keys: KeyRing
    ):
        held = io.BytesIO()
        with database.reading() as reading:
            backups.write_backup(reading, file=held, revision=migrating.newest(), at=NOON)
        forget(session, told.member)
        file = Path(keys.master_file.with_name("backup"))
        file.write_bytes(held.getvalue())

        restored = Database(copies.url(), keys=keys)
        with restored.writing() as writing:
            backups.restore_backup(writing, path=file, revision=migrating.newest())
            assert service.forget_again(writing, keys=keys, at=NOON) == 1
        migrating.clear_away(restored)

        with restored.open_writing() as fresh:
            assert CANARY.encode() not in everything_kept(fresh, restored)
            assert checking.check_bank(fresh, fresh.get_one(Member, told.member.id).bank).wrong == ()
            assert service.forget_again(fresh, keys=keys, at=NOON) == 0
        copies.discard(restored)

    def test_the_journal_names_nobody(self, told: World, session: Session, keys: KeyRing):
        forget(session, told.member)

        assert CANARY not in keys.journal.text()
        assert [one.member_id for one in keys.journal.entries()] == [told.member.id]

    def test_a_line_that_was_cut_off_harms_no_other(self, told: World, session: Session, keys: KeyRing):
        keys.journal.file.write_text('["half')

        forget(session, told.member)

        assert [one.member_id for one in keys.journal.entries()] == [told.member.id]


class TestLeaving:
    @pytest.fixture
    def with_hours(self, session: Session, giver: Member, receiver: Member) -> Member:
        """Gave an hour that counts, and one that waits."""
        counted = HourLogFactory(member=giver, partner=receiver, minutes=60)
        hours_service.confirm_hours(session, log_id=counted.id, member=receiver, at=NOON)
        HourLogFactory(member=giver, partner=receiver, minutes=30, happened_on=DAY - timedelta(days=1))
        session.commit()
        return giver

    def balance(self, session: Session, member: Member) -> int:
        return ledger_of(session, member.bank).balance(account=member.account_id).posted

    def test_gives_the_hours_to_everybody(self, with_hours: Member, session: Session):
        bank = with_hours.bank
        before = ledger_of(session, bank).balance(account=bank.community_account_id).posted

        service.leave(session, member=with_hours, keeps_hours=False, at=NOON)

        assert ledger_of(session, bank).balance(account=bank.community_account_id).posted == before + 60
        assert (self.balance(session, with_hours), with_hours.status) == (0, MemberStatus.LEFT)

    def test_or_keeps_them_for_a_return_until_a_year_is_over(self, with_hours: Member, session: Session):
        bank = with_hours.bank
        before = ledger_of(session, bank).balance(account=bank.community_account_id).posted

        service.leave(session, member=with_hours, keeps_hours=True, at=NOON)
        session.commit()

        ledger: Ledger = ledger_of(session, bank)
        assert ledger.balance(account=bank.community_account_id).posted == before
        assert service.forget_long_gone(session, at=NOON + A_YEAR - timedelta(days=1)) == 0
        assert service.forget_long_gone(session, at=NOON + A_YEAR) == 1
        assert ledger.balance(account=bank.community_account_id).posted == before + 60
        assert checking.check_bank(session, bank).wrong == ()

    @pytest.mark.parametrize(("keeps_hours", "balance"), [(True, 60), (False, 0)])
    def test_whoever_comes_back_has_the_hours_that_were_kept_and_may_leave_again(
        self, with_hours: Member, session: Session, keeps_hours: bool, balance: int
    ):
        for day in (1, 3):
            service.leave(session, member=with_hours, keeps_hours=keeps_hours, at=NOON + timedelta(days=day))
            session.commit()
            service.bring_back(session, member=with_hours, at=NOON + timedelta(days=day + 1))
            session.commit()

            assert (self.balance(session, with_hours), with_hours.status) == (balance, MemberStatus.ACTIVE)
        assert checking.check_bank(session, with_hours.bank).wrong == ()

    def test_nobody_is_brought_back_who_is_here_or_forgotten(self, with_hours: Member, session: Session):
        with pytest.raises(service.NotGone):
            service.bring_back(session, member=with_hours, at=NOON)

        service.forget(session, member=with_hours, at=NOON)
        with pytest.raises(service.NotGone):
            service.bring_back(session, member=with_hours, at=NOON)

    def test_a_minus_is_borne_by_all_and_never_asked_back(self, with_hours: Member, receiver: Member, session: Session):
        service.leave(session, member=receiver, keeps_hours=False, at=NOON)

        assert self.balance(session, receiver) == 0
        assert self.balance(session, with_hours) == 60

    def test_lets_go_of_what_waits(self, with_hours: Member, receiver: Member, session: Session):
        service.leave(session, member=with_hours, keeps_hours=False, at=NOON)

        assert hours.list_waiting(session, receiver) == []

    def test_ends_what_is_open_with_others(self, told: World, session: Session):
        service.leave(session, member=told.member, keeps_hours=False, at=NOON)
        session.commit()

        assert session.scalars(select(Query).where(Query.settled_at.is_(None))).unique().all() == []
        assert checking.check_bank(session, told.member.bank).wrong == ()

    def test_is_once(self, with_hours: Member, session: Session):
        service.leave(session, member=with_hours, keeps_hours=False, at=NOON)

        with pytest.raises(AlreadyLeft):
            service.leave(session, member=with_hours, keeps_hours=False, at=NOON)

    def test_is_not_for_the_only_one_who_looks_after_the_bank(self, coordinator: Member, session: Session):
        with pytest.raises(service.OnlyCoordinator):
            service.leave(session, member=coordinator, keeps_hours=False, at=NOON)

        another = MemberFactory(bank=coordinator.bank)
        schemes.make_coordinator(session, member=another)
        service.leave(session, member=coordinator, keeps_hours=False, at=NOON)
        assert coordinator.status is MemberStatus.LEFT
