"""A backup brings back every row, on either database; a bad one changes nothing."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.tables import entry
from tests.exports.making import live
from tests.guards.world import World, make_world
from tests.imports.commanding import Console
from tests.imports.making import AT, PEOPLE, TODAY, make_bank, read
from tests.ledger.making import Bank as LedgerBank
from tests.ledger.making import make_transfer
from timebank import migrating
from timebank.backups import files, rows, service
from timebank.concerns import service as concerns
from timebank.concerns.letters import Letter
from timebank.concerns.models import A_YEAR, NOTICE, Concern
from timebank.db import Database, snapshot
from timebank.hours.models import HourLog
from timebank.imports import people
from timebank.imports import service as imports
from timebank.members.models import Bank, Member
from timebank.queries import service as queries
from timebank.queries.models import Matter
from timebank.schemes import reads as schemes
from timebank.signin import factors
from timebank.signin.models import CodeApp, Passkey, User

NOT_IN_THE_WORLD = {
    "conflict", "helpline_check", "import_batch", "imported_member", "imported_part", "imported_row", "known_device",
    "local_line", "not_with", "one_time_code", "period", "sign_in_tries", "waiver",
}  # fmt: skip


def fill(database: Database) -> None:
    with database.writing() as session:
        live(session, seed=8, acts=250)
        bank = make_bank(session)
        imports.import_timeoverflow(session, bank=bank, export=read(), at=AT)
        scheme = next(one for one in schemes.list_schemes(session, bank.id) if one.rules.name == "open")
        theirs = people.read_file(PEOPLE, scheme=scheme, today=TODAY)
        people.import_people(session, bank=bank, scheme=scheme, theirs=theirs, at=AT, today=TODAY)
        log = session.scalars(select(HourLog).where(HourLog.words == "Newsletter")).one()
        giver = session.get_one(Member, log.giver_id)
        queries.open_query(session, log_id=log.id, member=giver, matter=Matter.LENGTH, words="shorter", at=AT)
        set_second_step_up(session, giver)


def set_second_step_up(session: Session, member: Member) -> None:
    user = User(id=uuid4(), member_id=member.id, sign_in_name="giver", password="!")
    session.add(user)
    session.flush()
    passkey = Passkey(
        id=uuid4(),
        user_id=user.id,
        credential_id=b"\x00\xff",
        public_key=b"\xa5",
        sign_count=7,
        name="Mine",
        made_at=AT,
    )
    factors.add_passkey(session, made=passkey, secret="k", here=None, at=AT)
    session.add(CodeApp(user_id=user.id, sealed="x", last_step=2**40, made_at=AT))


def post_against_the_clock(bank: LedgerBank) -> int:
    """Each posting a minute before the last one; five of them queried, upheld and reversed after all. How many transfers."""
    ends = [bank.ada, bank.ben, bank.cleo]
    posted = []
    for number in range(40):
        giver, receiver = ends[number % 3], ends[(number + 1 + number % 2) % 3]
        posted.append(make_transfer(giver, receiver, 5 + number))
        bank.do("post", transfer=posted[-1], at=AT - timedelta(minutes=number))
    for one in posted[:5]:
        doubt = uuid4()
        bank.do("reverse", id=one.id, reversal_id=doubt, reason="who?", at=AT, held=True)
        bank.do("release", id=doubt, reason="it was right", at=AT)
        bank.do("reverse", id=one.id, reversal_id=uuid4(), reason="wrong", at=AT - timedelta(hours=1))
    return len(posted) + 10


def let_a_worry_go(session: Session, world: World) -> None:
    concern = session.get_one(Concern, world.ids["concern_id"])
    now = concern.told_at + timedelta(days=1)
    lead = concern.readers[0].lead.member
    concerns.note_opened(session, concern_id=concern.id, member=lead, letter=Letter(words="worried"), at=now)
    concerns.close(session, concern_id=concern.id, text_id=uuid4(), member=lead, words="done", at=now)
    for later in (A_YEAR, A_YEAR + NOTICE):
        concerns.let_long_closed_go(session, years=1, at=now + later)


def dump(database: Database) -> bytes:
    file = io.BytesIO()
    with snapshot(database) as session:
        service.write_backup(session, file=file, revision=migrating.newest(), at=AT)
    return file.getvalue()


def everything(database: Database) -> dict[str, list[str]]:
    with database.reading() as session:
        kept = {table.name: sorted(map(repr, rows.each_row(session, table))) for table in rows.tables()}
        return kept | {"entry": sorted(map(repr, session.execute(select(entry))))}


def restore(database: Database, path) -> int:
    with database.writing() as session:
        return service.restore_backup(session, path=path, revision=migrating.newest())


@pytest.fixture(scope="module")
def backup(sqlite_copies, keys):
    database = Database(sqlite_copies.url(), keys=keys)
    fill(database)
    packed, contents = dump(database), everything(database)
    sqlite_copies.discard(database)
    return packed, contents


@pytest.fixture
def file(backup, tmp_path):
    path = tmp_path / "bank.backup"
    path.write_bytes(backup[0])
    return path


class TestRestore:
    def test_every_row_comes_back_on_either_database(self, database, backup, file):
        restored = restore(database, file)

        assert everything(database) == backup[1]
        assert restored == sum(map(len, backup[1].values())) - len(backup[1]["entry"]) > 300
        assert {
            "passkey",
            "code_app",
            "recovery_code",
            "sign_in_event",
            "query",
            "answer",
            "imported_row",
            "scheme_membership",
        } <= {name for name, found in backup[1].items() if found}

    def test_so_does_one_of_everything(self, session, database, sqlite_copies, postgres_copies, keys, tmp_path):
        """Found with the words of a worry that were let go: they were put back before it was closed, which is refused."""
        let_a_worry_go(session, make_world(session, rows=2))
        session.commit()
        path = tmp_path / "bank.backup"
        path.write_bytes(dump(database))
        before = everything(database)

        assert {name for name, found in before.items() if not found} == NOT_IN_THE_WORLD
        for copies in (sqlite_copies, postgres_copies):
            other = Database(copies.url(), keys=keys)
            restore(other, path)
            assert everything(other) == before
            copies.discard(other)

    def test_from_postgresql_it_comes_back_the_same(self, postgres_copies, sqlite_copies, backup, keys, tmp_path):
        on_postgres, on_sqlite = Database(postgres_copies.url(), keys=keys), Database(sqlite_copies.url(), keys=keys)
        first, second = tmp_path / "first", tmp_path / "second"
        first.write_bytes(backup[0])
        restore(on_postgres, first)

        second.write_bytes(dump(on_postgres))
        restore(on_sqlite, second)

        assert everything(on_sqlite) == backup[1]
        postgres_copies.discard(on_postgres)
        sqlite_copies.discard(on_sqlite)

    def test_postings_come_back_in_their_order_whatever_the_clocks_said(self, database, sqlite_copies, tmp_path):
        """The clocks of two servers may disagree; and of two reversals of one transfer the one that stands comes last."""
        source = Database(sqlite_copies.url())
        with source.writing() as session:
            make_bank(session)
        before = post_against_the_clock(LedgerBank(source))
        path = tmp_path / "bank.backup"
        path.write_bytes(dump(source))
        kept = everything(source)

        restore(database, path)

        assert everything(database) == kept
        assert len(kept["transfer"]) == before
        sqlite_copies.discard(source)

    def test_what_is_written_meanwhile_is_not_in_it(self, database, tmp_path):
        with database.writing() as session:
            make_bank(session)
        path = tmp_path / "bank.backup"
        file = io.BytesIO()
        with snapshot(database) as session:
            assert len(session.scalars(select(Bank)).all()) == 1
            with database.writing() as other:
                make_bank(other, "Later")
            service.write_backup(session, file=file, revision=migrating.newest(), at=AT)
        path.write_bytes(file.getvalue())

        with files.reading(path) as lines:
            text = repr(list(lines))

        assert "Millbrook" in text
        assert "Later" not in text

    def test_a_database_that_holds_a_bank_is_never_written_over(self, database, file):
        with database.writing() as session:
            make_bank(session)
        before = everything(database)

        with pytest.raises(service.NotEmpty):
            restore(database, file)

        assert everything(database) == before

    def test_a_backup_of_another_version_is_refused(self, database, file):
        with pytest.raises(service.OtherVersion), database.writing() as session:
            service.restore_backup(session, path=file, revision="9999")


class TestDamage:
    def test_a_flipped_bit_anywhere_is_noticed(self, backup, tmp_path):
        packed, path = backup[0], tmp_path / "bad"
        places = [*range(files.FIRST_LINE_BYTES + 20), *range(200, len(packed), len(packed) // 60), len(packed) - 1]
        for place in places:
            bad = bytearray(packed)
            bad[place] ^= 0x20
            path.write_bytes(bad)
            with pytest.raises((files.DamagedBackup, files.NotABackup)):
                service.check_backup(path)

    @pytest.mark.parametrize("keep", [0, 10, 100, 5000, -1])
    def test_a_missing_end_is_noticed(self, database, backup, tmp_path, keep):
        path = tmp_path / "short"
        path.write_bytes(backup[0][:keep])

        with pytest.raises((files.DamagedBackup, files.NotABackup)):
            restore(database, path)

        assert not any(everything(database).values())

    def test_something_added_is_noticed(self, backup, tmp_path):
        path = tmp_path / "long"
        path.write_bytes(backup[0] + b"x")

        with pytest.raises(files.DamagedBackup):
            service.check_backup(path)

    def test_contents_that_break_the_rules_do_not_get_in_even_with_a_right_checksum(self, database, backup, tmp_path):
        path = tmp_path / "bank.backup"
        path.write_bytes(backup[0])
        with files.reading(path) as lines:
            changed = [_one_minute_more(line) for line in lines]
        file = io.BytesIO()
        writer = files.Writer(file)
        for line in changed:
            writer.line(line)
        writer.close()
        path.write_bytes(file.getvalue())

        with pytest.raises(service.BreaksRules):
            restore(database, path)

        assert not any(everything(database).values())


def _one_minute_more(line):
    """In the balance of every community account."""
    if isinstance(line, list) and "community" in line[2:3]:
        return [*line[:4], line[4] + 1, *line[5:]]
    return line


class TestCommands:
    @pytest.fixture
    def console(self, sqlite_copies, tmp_path):
        console = Console(sqlite_copies.url(), str(tmp_path / "keys"))
        console.run("new-bank", "Millbrook Time Bank")
        return console

    @pytest.fixture
    def empty(self, sqlite_copies, tmp_path):
        return Console(sqlite_copies.url(), str(tmp_path / "keys"))

    def test_a_backup_is_made_and_restored(self, console, empty, tmp_path):
        path = tmp_path / "bank.backup"

        made, again = console.run("backup", path), console.run("backup", path)
        restored = empty.run("restore", path)

        assert (made.exit_code, again.exit_code, restored.exit_code) == (0, 0, 0)
        assert "keep it as safe as the database" in made.stdout
        assert "Millbrook Time Bank" in restored.stdout
        assert empty.run("verify").exit_code == 0
        assert oct(path.stat().st_mode)[-3:] == "600"

    def test_another_file_is_never_written_over(self, console, tmp_path):
        path = tmp_path / "members.csv"
        path.write_text("N,Name\n")

        assert console.run("backup", path).exit_code == 2
        assert path.read_text() == "N,Name\n"

    def test_a_bad_or_missing_file_ends_in_one_sentence(self, console, empty, tmp_path):
        path = tmp_path / "bank.backup"
        console.run("backup", path)
        path.write_bytes(path.read_bytes()[:-3])

        damaged, missing, used = (
            empty.run("restore", path),
            empty.run("restore", tmp_path / "no"),
            console.run("restore", path),
        )

        assert (damaged.exit_code, missing.exit_code, used.exit_code) == (1, 2, 1)
        assert "damaged" in damaged.stderr
        assert "cannot be read" in missing.stderr

    def test_a_bank_that_is_there_is_named_as_the_reason(self, console, tmp_path):
        path = tmp_path / "bank.backup"
        console.run("backup", path)

        result = console.run("restore", path)

        assert result.exit_code == 2
        assert "already holds a bank" in result.stderr
