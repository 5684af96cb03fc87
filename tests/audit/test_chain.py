"""Whoever changes the trail is found out, also the owner of the database; and the database itself refuses everybody else."""

import os
import random
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DatabaseError

from tests.audit.making import EVENTS, Tamperer, as_owner, digest_of, fill, head_at, look_over
from tests.factories import NOON, MemberFactory
from tests.races import racing, tell
from timebank.audit import chain, reads, service
from timebank.audit.chain import Head, NoHead, read_head
from timebank.audit.models import Act, Actor, AuditEvent, Record

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
TAMPERS = 500 if IS_FULL else 60  # on each kind of database
MANY = 1_000_000 if IS_FULL else 20_000
KEY = "only-for-tests-" * 3


@pytest.fixture
def trail(session, bank, another_bank):
    """Sixty events, and heads that were kept of some of them."""
    people = [MemberFactory(bank=bank).id for _ in range(4)]
    fill(session, bank.id, people, chance=random.Random(7), events=60)
    heads = [head_at(session, bank.id, seq) for seq in (9, 23, 24, 41, 60)]
    session.commit()
    session.close()
    return people, heads


def note(session, bank, **more):
    said = {"by": Actor.SYSTEM, "act": Act.EXPORTED, "record": Record.BANK, "at": NOON} | more
    service.note(session, bank_id=bank.id, **said)


class TestTampering:
    @pytest.mark.timeout(0)
    def test_is_found_whatever_it_is_and_named(self, database, bank, another_bank, trail):
        people, heads = trail
        chance = random.Random(1720)
        kinds: dict[str, int] = {}

        for _ in range(TAMPERS):
            with as_owner(database) as session:
                tamperer = Tamperer(session, bank.id, another_bank.id, people, [head.seq for head in heads], chance)
                kind, touched, named = tamperer.tamper()
                broken = look_over(session, bank.id, heads).broken
            assert broken, (kind, touched)
            assert broken.seq == named, (kind, touched, broken)
            assert broken.is_by_a_head or not kind.startswith("rewrite")
            kinds[kind] = kinds.get(kind, 0) + 1

        tell(f"{sum(kinds.values())} of {TAMPERS} ways to change the trail found: {kinds}")
        assert sum(kinds.values()) == TAMPERS
        assert len(kinds) == 8
        with database.reading() as session:
            report = reads.look_over(session, bank.id, heads=heads)
            assert (report.broken, report.events, report.heads) == (None, 60, 5)

    def test_of_each_column_is_found(self, database, bank, another_bank, trail):
        people, _ = trail
        for column in (*chain.FIELDS, "digest"):
            with as_owner(database) as session:
                tamperer = Tamperer(session, bank.id, another_bank.id, people, [60], random.Random(3))
                tamperer.update(30, tamperer.other_value(30, column))

                broken = look_over(session, bank.id, []).broken

            assert broken, column
            assert broken.seq == 30, column

    def test_bytes_that_look_like_a_text_are_found(self, sqlite_copies, database, bank, trail):
        if database.is_sqlite:
            with as_owner(database) as session:
                session.execute(text("PRAGMA ignore_check_constraints=ON"))
                session.execute(text("UPDATE audit_event SET act = CAST(act AS BLOB) WHERE seq = 12"))
                assert look_over(session, bank.id, []).broken.seq == 12
        else:
            with as_owner(database) as session, pytest.raises(DatabaseError):
                session.execute(text("UPDATE audit_event SET actor = 'a|=b' WHERE seq = 12"))

    def test_behind_the_last_head_alone_is_not(self, database, bank, trail):
        """That is why heads are kept every few minutes."""
        _, heads = trail
        with as_owner(database) as session:
            session.execute(EVENTS.delete().where(EVENTS.c.seq == 60))

            assert look_over(session, bank.id, heads[:-1]).broken is None
            assert look_over(session, bank.id, heads).broken.seq == 60

    @pytest.mark.timeout(0)
    def test_many_events_are_looked_over_in_seconds(self, database, session, bank, giver):
        previous, rows = reads.last_link(session, bank.id)[1], []
        for seq in range(1, MANY + 1):
            row = {
                "bank_id": bank.id, "seq": seq, "noted_at": NOON + timedelta(seconds=seq), "actor": Actor.MEMBER,
                "actor_id": giver.id, "act": Act.LOOKED, "record": Record.CHECK, "record_id": uuid4(), "about_id": giver.id,
                "reason": "open-check", "case_id": uuid4(), "act_key": None,
            }  # fmt: skip
            previous = digest_of(previous, row)
            rows.append(row | {"digest": previous})
            if len(rows) == 5000:
                session.execute(insert(AuditEvent), rows)
                rows.clear()
        session.commit()

        began, began_work = time.perf_counter(), time.process_time()
        with database.reading() as reading:
            report = reads.look_over(reading, bank.id)
        took, work = time.perf_counter() - began, time.process_time() - began_work

        tell(f"{report.seq} events looked over in {took:.2f} s, {work:.2f} s of work of our own")
        assert (report.seq, report.broken) == (MANY, None)
        assert work < 10


CHANGES = {
    "changed": "UPDATE audit_event SET record = 'bank'",
    "changed to itself": "UPDATE audit_event SET digest = digest",
    "deleted": "DELETE FROM audit_event",
    "deleted at the end": "DELETE FROM audit_event WHERE seq = 60",
    "left out": "INSERT INTO audit_event SELECT {columns} FROM audit_event WHERE seq = 60",
}


class TestTheDatabase:
    @pytest.mark.parametrize("what", CHANGES)
    def test_refuses_that_an_event_is(self, database, bank, trail, what):
        columns = ", ".join("seq + 2" if column.name == "seq" else column.name for column in EVENTS.columns)
        statement = CHANGES[what].format(columns=columns)

        with pytest.raises(DatabaseError, match="audit: "), database.writing() as session:
            session.execute(text(statement))

        with database.reading() as session:
            assert reads.look_over(session, bank.id).events == 60

    def test_refuses_that_all_are_emptied(self, database, trail):
        if database.is_sqlite:
            with pytest.raises(DatabaseError, match="audit: "), database.writing() as session:
                session.execute(text("INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 60"))
        else:
            with pytest.raises(DatabaseError, match="audit: "), database.writing() as session:
                session.execute(text("TRUNCATE audit_event CASCADE"))

    @pytest.mark.parametrize("recursive", ["ON", "OFF"])
    def test_refuses_to_replace_one_by_its_key_unseen(self, sqlite_copies, database, bank, trail, recursive):
        if not database.is_sqlite:
            return
        columns = ", ".join("61" if column.name == "seq" else column.name for column in EVENTS.columns)
        again = (
            f"INSERT OR REPLACE INTO audit_event SELECT {columns} FROM audit_event WHERE act_key IS NOT NULL LIMIT 1"
        )
        with database.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA recursive_triggers={recursive}")
            with pytest.raises(DatabaseError, match="audit: "):
                connection.exec_driver_sql(again)


class TestNoting:
    def test_numbers_have_no_gap_in_any_bank(self, database, session, bank, another_bank):
        session.commit()
        for turn in range(12):
            note(session, bank if turn % 3 else another_bank)
        session.rollback()
        for turn in range(12):
            note(session, bank if turn % 3 else another_bank)
        session.commit()

        for one, events in ((bank, 8), (another_bank, 4)):
            report = reads.look_over(session, one.id)
            assert (report.seq, report.events, report.broken) == (events, events, None)

    def test_an_act_with_a_key_is_noted_once(self, session, bank):
        key = uuid4()
        for _ in range(3):
            note(session, bank, key=key)
        note(session, bank, key=key, act=Act.IMPORTED)

        assert reads.count_events(session, bank.id) == 2

    def test_two_at_the_same_moment_stand_one_after_the_other(self, database, session, bank):
        session.commit()
        key = uuid4()
        rounds = 30
        with racing(database) as race:
            for turn in range(rounds):
                more = {"key": key} if turn == 0 else {}
                answers = race(*[lambda session, more=more: note(session, bank, **more)] * 2)
                assert answers == [None, None]

        report = reads.look_over(session, bank.id)
        tell(f"{rounds} pairs noted at once: {report.events} events")
        assert (report.events, report.broken) == (2 * rounds - 1, None)

    def test_who_acted_is_a_member_of_that_bank(self, session, bank, outsider):
        with pytest.raises(DatabaseError):
            note(session, bank, by=outsider.id)
        session.rollback()


class TestHeads:
    HEAD = Head(bank_id=uuid4(), seq=12, digest="ab" * 32, day=NOON.date())

    def test_a_line_is_read_as_it_was_written(self):
        for restored in (False, True):
            head = Head(bank_id=uuid4(), seq=12, digest="ab" * 32, day=NOON.date(), restored=restored)
            read = read_head(head.signed(KEY) + "\n")

            assert read.is_signed_by(KEY)
            assert not read.is_signed_by(KEY + "x")
            assert (read.bank_id, read.seq, read.digest, read.day, read.restored) == (
                head.bank_id, 12, "ab" * 32, NOON.date(), restored,
            )  # fmt: skip

    def test_a_changed_line_is_no_longer_signed(self):
        line = self.HEAD.signed(KEY)
        changed = 0
        for place, letter in enumerate(line):
            for other in "0", "f", "1":
                if letter == other:
                    continue
                try:
                    head = read_head(f"{line[:place]}{other}{line[place + 1 :]}")
                except NoHead:
                    continue
                changed += 1
                assert not head.is_signed_by(KEY)
        assert changed > 300

    def test_the_same_words_give_the_same_digest_for_ever(self):
        """The form stands in the docstring; whoever changes it breaks every chain there is."""
        values = ["00" * 16, 1, "2026-03-02 12:00:00.000000", "system", None, "exported", "bank", *[None] * 5]

        said = chain.as_text(values)

        assert (
            said
            == f'["{"00" * 16}",1,"2026-03-02 12:00:00.000000","system",null,"exported","bank",null,null,null,null,null]'
        )
        assert chain.digest(chain.BEFORE_THE_FIRST, said) == DIGEST

    def test_those_before_a_restore_are_set_aside_if_they_came_after_the_backup(self, session, bank):
        for _ in range(6):
            note(session, bank)
        heads = [head_at(session, bank.id, seq) for seq in (2, 4)]
        lost = Head(bank_id=bank.id, seq=5, digest="0" * 64, day=NOON.date())
        four = heads[1]
        begun = Head(bank_id=bank.id, seq=4, digest=four.digest, day=NOON.date(), restored=True)

        assert reads.look_over(session, bank.id, heads=[*heads, lost]).broken.seq == 5
        report = reads.look_over(session, bank.id, heads=[*heads, lost, begun])
        assert (report.broken, report.gone, report.heads) == (None, 1, 3)
        assert reads.look_over(session, bank.id, heads=[*heads, begun, lost]).broken.seq == 5


DIGEST = "5383b1fe7ee64686f44d46311291bdad44724e5818ab6653dc11f5f38a288d23"
