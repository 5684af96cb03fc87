"""Importing TimeOverflow into a real database: once, whole, and back again."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from ledger.store import Ledger
from ledger.tables import account, transfer
from ledger.transfers import Transfer, TransferKind
from tests.imports.making import AT, MEMBERS, TRANSFERS, balances, bring, changed, facts, make_bank, read
from timebank.checking.reads import check_bank
from timebank.db import Database
from timebank.hours.models import HourLog
from timebank.imports import leavers, service
from timebank.imports.cells import FileRefused
from timebank.imports.models import AlreadyUndone, ImportBatch, ImportedMember, ImportedRow
from timebank.imports.undo import BeingChecked, undo_import
from timebank.members.models import Bank, Member, MemberStatus
from timebank.members.service import add_member, ledger_of
from timebank.schemes.service import make_coordinator


@pytest.fixture
def bank(database: Database) -> Bank:
    """The bank that imports, and another one beside it that nothing may touch."""
    with database.writing() as session:
        noise = make_bank(session, "Elsewhere")
        service.import_timeoverflow(session, bank=noise, export=read(), at=AT)
        return make_bank(session)


def of_bank(database: Database, bank: Bank) -> dict[str, int]:
    with database.reading() as session:
        ours = {str(one) for one in session.scalars(select(account.c.id).where(account.c.bank_id == bank.id))}
        return {one: minutes for one, minutes in balances(session).items() if one in ours}


def numbered(database: Database, bank: Bank) -> dict[str, Member]:
    with database.reading() as session:
        rows = session.execute(
            select(ImportedMember.number, Member).join(Member, Member.id == ImportedMember.member_id)
            .where(ImportedMember.bank_id == bank.id)
        )  # fmt: skip
        return dict(rows.all())


def undo(database: Database, batch: ImportBatch) -> object:
    with database.writing() as session:
        fresh = session.get_one(ImportBatch, batch.id)
        return undo_import(session, batch=fresh, bank=session.get_one(Bank, fresh.bank_id), at=AT)


class TestImport:
    def test_balances_are_the_files_balances(self, database, bank):
        bring(database, read())

        posted = of_bank(database, bank)
        members = numbered(database, bank)
        seconds = {str(member.number): member.balance_seconds for member in read().members}
        assert {number: posted[str(member.account_id)] * 60 for number, member in members.items()} == seconds
        assert sum(posted.values()) == 0
        assert (posted[str(leavers.gave_id(bank))], posted[str(leavers.received_id(bank))]) == (135, -135)
        assert members["3"].joined_on.isoformat() == "2024-02-01"

    def test_statements_get_their_words_with_people_who_left_too(self, database, bank):
        bring(database, read())

        with database.reading() as session:
            logs = session.scalars(select(HourLog).where(HourLog.bank_id == bank.id)).all()
            here = [log.words for log in logs if not log.with_leaver]
            assert sorted(here) == ["", "", "", "Newsletter", *["Shopping, and a walk"] * 2]
            assert all(log.is_party(log.giver_id or log.receiver_id) for log in logs if log.with_leaver)
            assert not any(log.is_with_community for log in logs if log.with_leaver)
            assert all(log.logged_by is None for log in logs)
            kept = session.scalars(select(ImportedRow.words).where(ImportedRow.bank_id == bank.id))
            assert sorted(kept)[-4:] == ["Newsletter", "Painting", *["Shopping, and a walk"] * 2]
            assert check_bank(session, session.get_one(Bank, bank.id)).wrong == ()

    def test_planning_writes_nothing(self, database, bank):
        with database.reading() as session:
            before = facts(session)
            plan = service.plan_timeoverflow(session, bank=bank, export=read())
            assert facts(session) == before

        assert (len(plan.members), len(plan.transfers)) == (4, 9)

    def test_the_same_files_again_bring_nothing(self, database, bank):
        bring(database, read())
        with database.reading() as session:
            before = facts(session)

        plan, batch = bring(database, read())

        with database.reading() as session:
            assert facts(session) == before
            assert session.scalar(select(func.count()).where(ImportBatch.bank_id == bank.id)) == 1
        assert plan.is_empty
        assert batch is None

    def test_who_looks_like_a_coordinator_is_named_with_their_row_and_nothing_is_written(
        self, database, bank, tmp_path
    ):
        with database.writing() as session:
            here = session.get_one(Bank, bank.id)
            make_coordinator(session, member=add_member(session, bank=here, name="Wen Ito", joined_on=AT.date()))
            before = facts(session)
        members = changed(MEMBERS, tmp_path / "m.csv", "Wen Ito", "Wen It\u043e")
        transfers = changed(TRANSFERS, tmp_path / "t.csv", "Wen Ito", "Wen It\u043e")

        with pytest.raises(FileRefused) as refused:
            bring(database, read(members, transfers))

        assert [(one.row, one.column, one.value) for one in refused.value.problems] == [(5, "Name", "Wen It\u043e")]
        with database.reading() as session:
            assert facts(session) == before

    def test_a_longer_export_adds_only_the_new_rows(self, database, bank, tmp_path):
        bring(database, read())
        twin = '2024-03-01 10:00:00 UTC,"Tomás ""Tom"" Reyes (2)",Asha Lund (1),"Shopping, and a walk",1:00\n'
        longer = tmp_path / "longer.csv"
        longer.write_text(TRANSFERS.read_text("utf-8") + twin, encoding="utf-8")

        plan, _ = bring(database, read(MEMBERS, longer))

        assert (len(plan.members), [one.row for one in plan.transfers]) == (0, [11])

    def test_a_member_who_left_since_does_not_bring_their_rows_again(self, database, bank, tmp_path):
        bring(database, read())
        members = changed(
            MEMBERS, tmp_path / "m.csv", "7,Wen Ito,wen@example.org,020,,2024-02-03 10:00:00 UTC,,en,0\n", ""
        )
        transfers = changed(TRANSFERS, tmp_path / "t.csv", "Wen Ito (7)", "Deleted/inactive user")

        plan, batch = bring(database, read(members, transfers))

        assert batch is None
        assert [one.row for one in plan.changed] == [9, 10]

    def test_a_member_with_another_name_and_a_post_with_another_title_do_not_bring_their_rows_again(
        self, database, bank, tmp_path
    ):
        bring(database, read())
        members = changed(MEMBERS, tmp_path / "m.csv", "Wen Ito", "Wen Sato")
        renamed = changed(TRANSFERS, tmp_path / "t1.csv", "Wen Ito", "Wen Sato")
        transfers = changed(renamed, tmp_path / "t2.csv", "Newsletter", "The newsletter")

        plan, batch = bring(database, read(members, transfers))

        assert batch is None
        assert [one.row for one in plan.changed] == [5, 9, 10]

    def test_a_row_of_the_same_moment_between_others_is_new(self, database, bank, tmp_path):
        bring(database, read())
        other = changed(
            TRANSFERS, tmp_path / "t.csv", "Asha Lund (1),Asha Lund (3),,0:30", "Wen Ito (7),Asha Lund (3),,0:30"
        )

        plan, _ = bring(database, read(MEMBERS, other))

        assert ([one.row for one in plan.transfers], plan.changed) == ([4], ())

    def test_the_database_refuses_one_row_twice(self, database, bank):
        bring(database, read())
        with database.reading() as session:
            rows = session.scalars(select(ImportedRow).where(ImportedRow.bank_id == bank.id)).all()

        with pytest.raises(Exception, match=r"(?i)unique"), database.writing() as session:
            session.execute(
                update(ImportedRow).where(ImportedRow.transfer_id == rows[0].transfer_id).values(key=rows[1].key)
            )

    def test_long_words_are_shortened_on_the_log_and_kept_whole_beside_it(self, database, bank, tmp_path):
        long_post = changed(TRANSFERS, tmp_path / "t.csv", "Newsletter", "N" * 300)

        bring(database, read(MEMBERS, long_post))

        with database.reading() as session:
            words = session.scalars(select(HourLog.words).where(HourLog.bank_id == bank.id)).all()
            whole = session.scalars(select(ImportedRow.words).where(ImportedRow.bank_id == bank.id)).all()
        assert "N" * 199 + "…" in words
        assert "N" * 300 in whole


class TestUndo:
    def test_every_balance_is_as_before_and_members_leave(self, database, bank):
        _, batch = bring(database, read())

        undone = undo(database, batch)

        assert set(of_bank(database, bank).values()) == {0}
        assert (undone.reversed, undone.members_left, undone.members_staying) == (9, 4, 0)
        assert {member.status for member in numbered(database, bank).values()} == {MemberStatus.LEFT}
        with database.reading() as session:
            assert check_bank(session, session.get_one(Bank, bank.id)).wrong == ()

    def test_twice_does_nothing_more(self, database, bank):
        _, batch = bring(database, read())
        undo(database, batch)
        with database.reading() as session:
            before = facts(session)

        with pytest.raises(AlreadyUndone):
            undo(database, batch)

        with database.reading() as session:
            assert facts(session) == before

    def test_only_its_own_rows_are_taken_back(self, database, bank, tmp_path):
        bring(database, read())
        before = of_bank(database, bank)
        longer = tmp_path / "longer.csv"
        longer.write_text(
            TRANSFERS.read_text("utf-8") + "2024-04-01 10:00:00 UTC,Wen Ito (7),Asha Lund (1),,3:00\n", encoding="utf-8"
        )
        _, second = bring(database, read(MEMBERS, longer))
        assert of_bank(database, bank) != before

        undone = undo(database, second)

        assert of_bank(database, bank) == before
        assert (undone.reversed, undone.members_left) == (1, 0)

    def test_somebody_with_hours_of_their_own_stays(self, database, bank):
        _, batch = bring(database, read())
        wen = numbered(database, bank)["7"]
        with database.writing() as session:
            here = session.get_one(Bank, bank.id)
            new = add_member(session, bank=here, name="Ida", joined_on=AT.date())
            give(ledger_of(session, here), new.account_id, wen.account_id)

        undone = undo(database, batch)

        assert (undone.members_left, undone.members_staying) == (3, 1)
        assert of_bank(database, bank)[str(wen.account_id)] == -20

    def test_what_was_reversed_before_is_left_and_what_was_brought_back_is_reversed(self, database, bank):
        _, batch = bring(database, read())
        with database.writing() as session:
            ids = session.scalars(select(ImportedRow.transfer_id).where(ImportedRow.bank_id == bank.id)).all()
            ledger = ledger_of(session, session.get_one(Bank, bank.id))
            ledger.reverse(id=ids[0], reversal_id=uuid4(), reason="wrong", at=AT)
            back = uuid4()
            ledger.reverse(id=ids[1], reversal_id=back, reason="wrong", at=AT)
            ledger.reverse(id=back, reversal_id=uuid4(), reason="right after all", at=AT)

        undone = undo(database, batch)

        assert (undone.reversed, undone.stood_no_more) == (8, 1)
        assert set(of_bank(database, bank).values()) == {0}

    def test_hours_that_are_being_checked_stop_it_whole(self, database, bank):
        _, batch = bring(database, read())
        with database.writing() as session:
            one = session.scalars(select(ImportedRow.transfer_id).where(ImportedRow.bank_id == bank.id)).first()
            ledger = ledger_of(session, session.get_one(Bank, bank.id))
            ledger.reverse(id=one, reversal_id=uuid4(), reason="being checked", at=AT, held=True)
        before = of_bank(database, bank)

        with pytest.raises(BeingChecked):
            undo(database, batch)

        assert of_bank(database, bank) == before

    def test_after_it_the_same_files_come_in_again_to_the_same_members(self, database, bank):
        _, batch = bring(database, read())
        before, people = of_bank(database, bank), numbered(database, bank)
        undo(database, batch)

        plan, again = bring(database, read())

        assert (len(plan.members), len(plan.members_back), len(plan.transfers)) == (0, 4, 9)
        assert of_bank(database, bank) == before
        now = numbered(database, bank)
        assert {number: one.id for number, one in now.items()} == {number: one.id for number, one in people.items()}
        assert {one.status for one in now.values()} == {MemberStatus.ACTIVE}
        assert again is not None
        with database.reading() as session:
            of_import = select(func.count()).where(
                transfer.c.bank_id == bank.id, transfer.c.kind == TransferKind.IMPORT
            )
            assert session.scalar(of_import) == 18


def give(ledger: Ledger, giver: UUID, receiver: UUID) -> None:
    ledger.post(
        transfer=Transfer(
            id=uuid4(), giver=giver, receiver=receiver, minutes=20, happened_on=AT.date(), kind=TransferKind.EXCHANGE,
            recorded_by=uuid4(),
        ),
        at=AT,
    )  # fmt: skip
