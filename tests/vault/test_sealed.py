"""What people entrusted to us stands nowhere openly, and opens only in its own place."""

import gzip
import random
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.factories import NOON, MemberFactory
from tests.guards.naughty import strings
from tests.guards.world import make_world
from timebank import migrating
from timebank.backups import service as backups
from timebank.db import Database
from timebank.members.models import Member
from timebank.profiles.models import Answer
from timebank.queries.models import Telling
from timebank.vault.keys import CannotBeOpened, KeyRing
from timebank.vault.reads import try_all
from timebank.vault.sealed import KeysNotGivenError, SealedColumn, sealed_columns

COLUMNS = list(sealed_columns())
TAMPERS = 1000
CANARY = "kestrel-4417"


@pytest.fixture
def answer(session: Session, giver: Member) -> Answer:
    made = Answer(member_id=giver.id, criterion="skills", words=["cooking", "chess"])
    session.add(made)
    session.commit()
    return made


def stored(session: Session, column: SealedColumn) -> dict[tuple, bytes]:
    table = column.table
    found = session.execute(select(table.c[column.column], *table.primary_key.columns)).all()
    return {tuple(key): locked for locked, *key in found if locked is not None}


class TestReading:
    def test_gives_what_was_written(self, database: Database, answer: Answer):
        with database.reading() as session:
            assert session.get_one(Answer, (answer.member_id, "skills")).words == ["cooking", "chess"]

    def test_gives_it_before_it_is_written_too(self):
        assert Answer(words=["chess"]).words == ["chess"]

    def test_gives_every_odd_string_letter_for_letter(self, session: Session, database: Database, giver: Member):
        odd = [string for string in strings() if is_text(string)]
        session.add(Answer(member_id=giver.id, criterion="odd", words=odd))
        session.commit()

        with database.reading() as fresh:
            assert fresh.get_one(Answer, (giver.id, "odd")).words == odd
        assert len(odd) > 400

    def test_nothing_is_nothing_and_needs_no_key(self, session: Session, giver: Member, keys: KeyRing):
        session.add(Answer(member_id=giver.id, criterion="skills", words=[]))
        session.commit()

        assert session.get_one(Answer, (giver.id, "skills")).words == []
        assert session.scalar(select(Answer.sealed_words)) is None
        assert not keys.holds(giver.id)

    def test_what_was_changed_and_undone_is_as_before(self, session: Session, answer: Answer):
        answer.words = ["something else"]
        session.rollback()

        assert answer.words == ["cooking", "chess"]

    def test_without_keys_nothing_is_read_or_written(self, answer: Answer, database: Database, giver: Member):
        keyless = Database(database.url.render_as_string(hide_password=False))

        with keyless.reading() as session, pytest.raises(KeysNotGivenError):
            assert session.get_one(Answer, (giver.id, "skills")).words
        with keyless.open_writing() as session:
            session.add(Answer(member_id=giver.id, criterion="goals", words=["rest"]))
            with pytest.raises(KeysNotGivenError):
                session.flush()
        keyless.close()


class TestWriting:
    def test_the_same_words_again_write_nothing(self, session: Session, answer: Answer, database: Database):
        written: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *said: written.append(said[2]))

        answer.words = ["cooking", "chess"]
        session.commit()

        assert not [statement for statement in written if statement.startswith("UPDATE")]

    def test_the_same_words_of_two_people_look_different(self, session: Session, answer: Answer, receiver: Member):
        session.add(Answer(member_id=receiver.id, criterion="skills", words=answer.words))
        session.commit()

        assert len(set(session.scalars(select(Answer.sealed_words)))) == 2

    def test_a_little_longer_looks_the_same(self, session: Session, giver: Member):
        for criterion, word in (("skills", "faith: Sikh"), ("goals", "faith: Muslim")):
            session.add(Answer(member_id=giver.id, criterion=criterion, words=[word]))
        session.commit()

        assert len({len(locked) for locked in session.scalars(select(Answer.sealed_words))}) == 1

    @pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.table.name}.{column.column}")
    def test_what_is_not_locked_is_refused_by_the_database(self, session: Session, column: SealedColumn):
        make_world(session, rows=1)
        assert stored(session, column) or column.column in {"sealed_set_aside_note", "sealed_outcome_words"}

        with pytest.raises(IntegrityError):
            session.execute(update(column.table).values({column.column: b"faith: Muslim"}))
        session.rollback()

    def test_nothing_of_it_shows_when_a_row_is_printed(self, answer: Answer):
        answer.words = [CANARY]

        assert CANARY not in f"{answer!r} {answer}"


class TestNowhereOpenly:
    @pytest.fixture
    def told(self, session: Session) -> Session:
        """A canary in every locked column."""
        make_world(session, rows=2)
        for column in COLUMNS:
            for row in session.scalars(select(column.model)):
                setattr(row, column.name, [CANARY] if isinstance(getattr(row, column.name), list) else CANARY)
        session.commit()
        assert all(stored(session, column) for column in COLUMNS)
        return session

    def test_not_in_the_database(self, told: Session, database: Database):
        kept = everything_kept(told, database)

        assert b"Other 1" in kept
        assert CANARY.encode() not in kept
        assert CANARY.encode().hex().encode() not in kept

    def test_not_in_a_backup(self, told: Session, database: Database, tmp_path: Path):
        with (tmp_path / "backup").open("w+b") as file, database.reading() as session:
            backups.write_backup(session, file=file, revision=migrating.newest(), at=NOON)

        packed = (tmp_path / "backup").read_bytes()
        assert CANARY.encode() not in gzip.decompress(packed[packed.index(b"\n") + 1 :])

    def test_and_with_the_keys_it_is_read(self, told: Session, database: Database, keys: KeyRing):
        with database.reading() as session:
            assert {CANARY in telling.words for telling in session.scalars(select(Telling))} == {True}
            tried = try_all(session, keys)
        assert tried.bad == 0
        assert tried.good >= len(COLUMNS)


class TestTampering:
    def test_a_value_that_was_edited_or_put_elsewhere_never_opens(
        self, session: Session, database: Database, keys: KeyRing
    ):
        people = [MemberFactory() for _ in range(12)]
        for person in people:
            for criterion in ("skills", "goals", "identities", "musts"):
                session.add(Answer(member_id=person.id, criterion=criterion, words=[f"{criterion} of {person.id}"]))
        session.commit()
        chance, refused = random.Random(417), 0
        [column] = [one for one in COLUMNS if one.table.name == "answer"]
        whole = stored(session, column)
        session.commit()
        for number in range(TAMPERS):
            place = chance.choice(list(whole))
            kind = number % 4
            if kind == 0:
                bit = chance.randrange(len(whole[place]) * 8)
                changed = bytearray(whole[place])
                changed[bit // 8] ^= 1 << bit % 8
                value = bytes(changed)
            elif kind == 1:
                value = whole[chance.choice([other for other in whole if other[0] != place[0]])]
            elif kind == 2:
                value = whole[chance.choice([other for other in whole if other[0] == place[0] and other != place])]
            else:
                # Cut short, and sometimes with another last byte: one that was there already would be no edit.
                cut = chance.randrange(1, 16)
                value = whole[place][:-cut] + bytes([whole[place][-cut] ^ 255] * chance.randrange(0, 2))
            # One in ten goes the long way, by the row of a real database.
            refused += opens_not(database, place, value) if number % 10 == 0 else is_refused(keys, place, value)

        print(f"\n{database.url.get_backend_name()}: {refused} of {TAMPERS} refused")  # noqa: T201
        assert refused == TAMPERS
        with database.reading() as fresh:
            assert try_all(fresh, keys).bad == 0

    def test_a_look_at_everything_names_the_row_that_does_not_open(
        self, session: Session, answer: Answer, keys: KeyRing, giver: Member
    ):
        session.execute(text("UPDATE answer SET sealed_words = :locked"), {"locked": b"x" * 50})
        session.commit()

        tried = try_all(session, keys)

        assert (tried.bad, tried.where) == (1, [f"answer.sealed_words:{giver.id},skills"])


class TestForgetting:
    def test_a_person_whose_key_is_gone_can_be_read_nowhere_any_more(
        self, session: Session, answer: Answer, database: Database, keys: KeyRing, giver: Member
    ):
        keys.forget(giver.id)

        with database.reading() as fresh, pytest.raises(CannotBeOpened):
            assert fresh.get_one(Answer, (giver.id, "skills")).words
        assert not keys.holds(giver.id)

    def test_nothing_of_the_key_stays_in_its_file(self, tmp_path: Path):
        keys, person = KeyRing(tmp_path / "keys"), uuid4()
        keys.lock(b"words", person=person, place="here")
        [(_, locked)] = keys.copy()["people"]
        assert bytes.fromhex(locked) in keys_files(keys)

        keys.forget(person)

        assert bytes.fromhex(locked) not in keys_files(keys)
        assert person.bytes not in keys_files(keys)


def opens_not(database: Database, place: tuple[UUID, str], value: bytes) -> bool:
    """Put there behind our back, and taken away again."""
    with database.open_writing() as session:
        session.execute(
            update(Answer).where(Answer.member_id == place[0], Answer.criterion == place[1]).values(sealed_words=value)
        )
        try:
            assert session.get_one(Answer, place).words
        except CannotBeOpened:
            return True
        finally:
            session.rollback()
    return False


def is_refused(keys: KeyRing, place: tuple[UUID, str], value: bytes) -> bool:
    try:
        keys.unlock(value, person=place[0], place=f"answer.sealed_words:{place[0]},{place[1]}")
    except CannotBeOpened:
        return True
    return False


def is_text(string: str) -> bool:
    """Half letters are refused at the door."""
    return not any("\ud800" <= letter <= "\udfff" for letter in string)


def keys_files(keys: KeyRing) -> bytes:
    folder = keys.people_file.parent
    return b"".join(file.read_bytes() for file in sorted(folder.glob(f"{keys.people_file.name}*")))


def everything_kept(session: Session, database: Database) -> bytes:
    """On SQLite its files as they lie on the disk; on PostgreSQL every value of every table, as the server gives it."""
    if database.is_sqlite:
        path = Path(str(database.url.database))
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    names = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    rows = [session.scalars(text(f'SELECT t::text FROM "{name}" t')).all() for name in names]
    return str(rows).encode()
