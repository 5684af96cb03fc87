"""Changing all keys: stopped wherever it may be, nothing is lost, and when it is done the old keys open nothing."""

import os
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from tests.factories import CURRENT, DAY, BankFactory, MemberFactory
from timebank.db import Database
from timebank.profiles.models import Answer
from timebank.vault import rotation
from timebank.vault.keys import CannotBeOpened, KeyRing, KeysMissing
from timebank.vault.reads import try_all
from timebank.vault.sealed import place, sealed_columns

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
PEOPLE, ANSWERS, KILLS = (10_000, 10, 20) if IS_FULL else (50, 40, 3)
CHANCE = random.Random(20261123)
CHANGE = """
import sys
from pathlib import Path
import timebank.tables
from timebank.db import Database
from timebank.vault import rotation
from timebank.vault.keys import KeyRing
rotation.AT_ONCE = int(sys.argv[3])
keys = KeyRing(Path(sys.argv[2]), is_durable=False)
steps_left = int(sys.argv[4])

def moved(done):
    global steps_left
    print(done, flush=True)
    steps_left -= 1
    if steps_left == 0:
        sys.stdin.read()  # for as long as it takes to be killed

print("begun", flush=True)
total = rotation.change_keys(Database(sys.argv[1], keys=keys), keys, moved=moved)
print("done", total, flush=True)
"""


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    """Keys of this test's own, for it changes them."""
    return KeyRing(tmp_path / "keys", is_durable=False)


@pytest.fixture
def full(copies, ring: KeyRing, database: Database):
    """A database with many answers under these keys."""
    with database.open_writing() as session:
        CURRENT["session"] = session
        bank = BankFactory()
        session.info["keys"] = ring
        people = [MemberFactory(bank=bank, joined_on=DAY).id for _ in range(PEOPLE)]
        for person in people:
            session.add_all(
                Answer(member_id=person, criterion=f"of {n}", words=[told(person, n)]) for n in range(ANSWERS)
            )
        session.commit()
        CURRENT.clear()
    database.keys = ring
    return database


def told(person: UUID, number: int) -> str:
    return f"{person} told {number}"


def unreadable(database: Database, keys: KeyRing) -> int:
    """Of everything that was told, what does not come back as it was; asked with keys read anew from their files."""
    keys, wrong = KeyRing(keys.master_file.with_name("keys"), is_durable=False), 0
    with database.reading() as session:
        for locked, person, criterion in session.execute(
            select(Answer.sealed_words, Answer.member_id, Answer.criterion)
        ):
            try:
                words = keys.unlock(
                    locked, person=person, place=place(Answer.__table__, "sealed_words", (person, criterion))
                )
                wrong += told(person, int(criterion.partition(" ")[2])).encode() not in words
            except CannotBeOpened:
                wrong += 1
    return wrong


def start(database: Database, keys: KeyRing, at_once: int, steps: int = -1) -> subprocess.Popen:
    """Changing the keys, to the end or so many steps far."""
    url = database.url.render_as_string(hide_password=False)
    file = keys.master_file.with_name("keys")
    command = [sys.executable, "-c", CHANGE, url, str(file), str(at_once), str(steps)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_killed_again_and_again_it_loses_nothing_and_ends(full: Database, ring: KeyRing, tmp_path: Path):
    before = KeyRing(copied(ring, tmp_path / "before"), is_durable=False)
    kills, under_way = 0, False
    steps = PEOPLE // (6 * KILLS)  # people at once: so few that the last kill comes before the end
    while kills < KILLS:
        heard = CHANCE.randrange(1, 4)
        # On a busy machine the kill may come late: it goes two steps further than we listen, and waits for it there.
        running = start(full, ring, at_once=steps, steps=heard + 1)
        for line in running.stdout:
            under_way |= line[0].isdigit()
            heard -= 1
            if heard == 0 or line.startswith("done"):
                break
        running.kill()
        running.communicate()
        kills += 1
        assert unreadable(full, ring) == 0
        assert bool(ring.people_to_change()) >= under_way  # it was killed half-way, and not at its end
    running = start(full, ring, at_once=steps)
    said = running.communicate()[0]

    assert "done" in said
    assert unreadable(full, ring) == 0
    assert ring.people_to_change() == []
    assert unreadable(full, before) == PEOPLE * ANSWERS
    print(f"\n{full.url.get_backend_name()}: {PEOPLE * ANSWERS} values, {kills} kills, 0 unreadable")  # noqa: T201


def test_whoever_writes_meanwhile_is_read_afterwards(full: Database, ring: KeyRing):
    """People write and come anew while the keys are changed twice."""
    stop, written = threading.Event(), []

    def go_on_writing() -> None:
        # Another process has keys of its own, and knows nothing of the change.
        keys = KeyRing(ring.master_file.with_name("keys"), is_durable=False)
        database = Database(full.url.render_as_string(hide_password=False), keys=keys)
        with database.reading() as session:
            people = list(session.scalars(select(Answer.member_id).distinct()))
        while not stop.is_set():
            person, number = CHANCE.choice(people), CHANCE.randrange(1000, 10**9)
            with database.writing() as session:
                session.add(Answer(member_id=person, criterion=f"of {number}", words=[told(person, number)]))
            written.append((person, f"of {number}"))
        database.close()

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    try:
        for _ in range(2):
            rotation.change_keys(full, ring)
    finally:
        stop.set()
        writer.join()

    assert len(written) > 10
    assert unreadable(full, ring) == 0
    with full.reading() as session:
        assert try_all(session, ring).good == PEOPLE * ANSWERS + len(written)


def test_old_copies_of_the_keys_open_nothing_afterwards(full: Database, ring: KeyRing, tmp_path: Path):
    before = KeyRing(copied(ring, tmp_path / "before"), is_durable=False)

    assert rotation.change_keys(full, ring) == PEOPLE * ANSWERS

    assert unreadable(full, before) == PEOPLE * ANSWERS
    assert before.master_file.read_text() != ring.master_file.read_text()


def test_a_process_that_does_not_know_all_that_is_locked_changes_no_key(full: Database, ring: KeyRing, monkeypatch):
    before = ring.copy()
    monkeypatch.setattr(
        rotation, "sealed_columns", lambda: [one for one in sealed_columns() if one.table.name != "answer"]
    )

    with pytest.raises(RuntimeError, match="answer"):
        rotation.change_keys(full, ring)

    assert ring.copy() == before


def test_nobody_else_can_change_them_meanwhile(full: Database, ring: KeyRing):
    def begin_another(_done: int) -> None:
        with pytest.raises(rotation.KeysAreBeingChanged):
            rotation.change_keys(full, ring)

    rotation.change_keys(full, ring, moved=begin_another)


class TestKeysThatAreMissing:
    def test_new_ones_are_never_made_where_people_have_theirs(self, ring: KeyRing):
        ring.lock(b"words", person=uuid4(), place="here")
        ring.master_file.unlink()

        again = KeyRing(ring.master_file.with_name("keys"))

        with pytest.raises(KeysMissing):
            again.lock(b"words", person=uuid4(), place="here")
        assert not ring.master_file.exists()

    def test_those_of_another_bank_are_refused(self, ring: KeyRing, tmp_path: Path):
        person = uuid4()
        locked = ring.lock(b"words", person=person, place="here")
        other = KeyRing(tmp_path / "other")
        other.lock(b"words", person=person, place="here")
        shutil.copy(other.master_file, ring.master_file)

        with pytest.raises(KeysMissing):
            KeyRing(ring.master_file.with_name("keys")).unlock(locked, person=person, place="here")

    @pytest.mark.parametrize("text", ["", "{}", "not keys", '{"primaryKeyId": 1, "key": []}'])
    def test_a_damaged_file_is_told(self, ring: KeyRing, text: str):
        ring.lock(b"words", person=uuid4(), place="here")
        ring.master_file.write_text(text)

        with pytest.raises(KeysMissing):
            KeyRing(ring.master_file.with_name("keys")).lock(b"words", person=uuid4(), place="here")

    def test_only_their_owner_may_read_them(self, ring: KeyRing):
        ring.lock(b"words", person=uuid4(), place="here")
        ring.begin_change()

        modes = {file.stat().st_mode & 0o777 for file in (ring.master_file, ring.people_file)}
        assert modes == {0o600}


def copied(ring: KeyRing, folder: Path) -> Path:
    """A copy of the keys as they are now."""
    folder.mkdir()
    copy = KeyRing(folder / "keys", is_durable=False)
    copy.put_back(ring.copy())
    return folder / "keys"
