"""The keys: master keys in one file, and in a second one a key for each person, locked with a master key.

They live beside the server's key and never in the database or a backup of it (trust.md, checklist 17 and 18). Whoever takes
the database has nothing to read; whoever asks to be forgotten is forgotten in every old backup too, once their key is gone.
Tink does the encrypting: AES-256-GCM, where the first five bytes of what is locked say which key locked it.
"""

import io
import os
import secrets
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import tink
from tink import aead, cleartext_keyset_handle
from tink.proto import tink_pb2

from timebank.errors import Refusal
from timebank.safety import KEY_FILES
from timebank.vault.journal import Journal

aead.register()

SHORTEST = 33  # bytes of anything that is locked: which key, the nonce and the seal
KEY_NAME = slice(1, 5)
REMEMBERED = 4096  # people whose opened key is kept at hand
MASTER, PEOPLE, FORGOTTEN = KEY_FILES


class KeysMissing(Refusal):
    """The keys to what people entrusted to this time bank are not where they should be. Nothing was changed. Please tell your coordinator: the copy of the key files belongs beside the file that TIMEBANK_KEYS names."""  # noqa: E501 - one sentence for people

    status = 503


class CannotBeOpened(Refusal):
    """Something that was kept under lock does not open: it was changed outside Timebank, or its key is gone. Please tell your coordinator."""  # noqa: E501

    status = 500


class KeyRing:
    """Locks and unlocks. `file`: the server's key; the two files of keys stand beside it, with their endings."""

    def __init__(self, file: Path, *, is_durable: bool = True) -> None:
        self.master_file = file.with_name(file.name + MASTER)
        self.people_file = file.with_name(file.name + PEOPLE)
        self.journal = Journal(file.with_name(file.name + FORGOTTEN))
        self._people = _PersonKeys(self.people_file, is_durable=is_durable)
        self._master: tuple[tuple[int, int], _Keyset] | None = None
        self._at_hand: OrderedDict[UUID, _Keyset] = OrderedDict()
        self._guard = threading.Lock()

    @classmethod
    def beside(cls, file: Path | None) -> "KeyRing | None":
        return cls(file) if file is not None else None

    def lock(self, words: bytes, *, person: UUID, place: str) -> bytes:
        """`place`: table, column and row, without which it opens nowhere else. A person's first lock makes their key."""
        # Read anew: a key that is being changed must not lock anything any more.
        return self._read(person, make=True).aead.encrypt(words, _bound_to(person, place))

    def unlock(self, locked: bytes, *, person: UUID, place: str) -> bytes:
        """Raises CannotBeOpened."""
        keyset = self._at_hand.get(person)
        if keyset is None or locked[KEY_NAME] not in keyset.names:
            keyset = self._read(person, make=False)
        try:
            return keyset.aead.decrypt(locked, _bound_to(person, place))
        except tink.TinkError:
            raise CannotBeOpened from None

    def forget(self, person: UUID) -> None:
        """Nothing that was locked for this person can ever be opened again."""
        self._people.delete(person)
        with self._guard:
            self._at_hand.pop(person, None)

    def holds(self, person: UUID) -> bool:
        return self._people.find(person) is not None

    def count(self) -> int:
        return len(self._people.all())

    def copy(self) -> dict[str, Any]:
        """Both files as plain values, to be kept elsewhere."""
        people = [[person.hex, locked.hex()] for person, locked in self._people.locked()]
        return {"master": self._masters().to_text(), "people": people, "forgotten": self.journal.text()}

    def put_back(self, kept: dict[str, Any]) -> None:
        """Only where there are no keys yet. Raises FileExistsError, KeysMissing."""
        master = _Keyset.from_text(kept["master"])
        if self.master_file.exists() or self.count():
            raise FileExistsError(self.master_file)
        self.journal.put_back(kept["forgotten"])
        _write_new(self.master_file, master.to_text())
        with self._people.turn():
            for person, locked in kept["people"]:
                self._people.add(UUID(person), bytes.fromhex(locked), bytes.fromhex(locked)[KEY_NAME])
            # Where a change was under way, whoever changes the keys next goes through everybody.
            self._people.all_to_change(is_changing=len(master.names) > 1)

    # Changing the keys, in steps that can each be done again: see rotation.py.

    def begin_change(self) -> bytes:
        """A new master key from now on; or the one that an unfinished change began with. Its name."""
        master = self._masters()
        if len(master.names) == 1:
            master = master.with_a_new_key()
            self._write_masters(master)
        return master.primary

    def people_to_change(self) -> list[UUID]:
        """Those whose key is still locked with an old master key, or who still have an old key of their own."""
        primary = self._masters().primary
        return [
            person for person, locked_with, is_changing in self._people.all() if locked_with != primary or is_changing
        ]

    def renew(self, people: Iterable[UUID]) -> None:
        """A new key each, which locks from now on; the old one still opens."""
        master = self._masters()
        renewed = []
        for person in people:
            keyset = self._read(person, make=False)
            if len(keyset.names) == 1:
                keyset = keyset.with_a_new_key()
            renewed.append((person, *_locked(keyset, master, person), True))
        self._put(renewed)

    def drop_old(self, people: Iterable[UUID]) -> None:
        """Once nothing of theirs is locked with it."""
        master = self._masters()
        self._put(
            (person, *_locked(self._read(person, make=False).only_primary(), master, person), False)
            for person in people
        )

    def end_change(self) -> bool:
        """The old master key is gone for good, unless anybody's key still needs it."""
        with self._people.turn():  # nobody gets a key meanwhile that the old one locks
            if self.people_to_change():
                return False
            self._write_masters(self._masters().only_primary())
            return True

    def newest_key(self, person: UUID) -> bytes:
        """The name of the key that locks for this person now."""
        return self._read(person, make=False).primary

    def _put(self, rows: Iterable[tuple[UUID, bytes, bytes, bool]]) -> None:
        rows = list(rows)
        self._people.put(rows)
        with self._guard:
            for person, *_ in rows:
                self._at_hand.pop(person, None)

    def _read(self, person: UUID, *, make: bool) -> "_Keyset":
        found = self._people.find(person)
        if found is None:
            if not make:
                raise CannotBeOpened
            found = self._make(person)
        try:
            keyset = _Keyset.from_bytes(self._masters().aead.decrypt(found, _bound_to(person, "key")))
        except tink.TinkError:
            raise KeysMissing from None
        with self._guard:
            self._at_hand[person] = keyset
            self._at_hand.move_to_end(person)
            if len(self._at_hand) > REMEMBERED:
                self._at_hand.popitem(last=False)
        return keyset

    def _make(self, person: UUID) -> bytes:
        """Of two who make a person's first key at the same moment, both get the one that came first."""
        with self._people.turn():
            found = self._people.find(person)
            if found is None:
                found, locked_with = _locked(_Keyset.fresh(), self._masters(), person)
                self._people.add(person, found, locked_with)
            return found

    def _masters(self) -> "_Keyset":
        """As the file stands: another process may have begun to change the keys."""
        try:
            stands = self.master_file.stat()
        except FileNotFoundError:
            self._make_first_master()
            stands = self.master_file.stat()
        version = (stands.st_ino, stands.st_mtime_ns)
        if self._master is None or self._master[0] != version:
            self._master = (version, _Keyset.from_text(self.master_file.read_text()))
        return self._master[1]

    def _make_first_master(self) -> None:
        if self._people.all():
            raise KeysMissing
        with suppress(FileExistsError):
            _write_new(self.master_file, _Keyset.fresh().to_text())

    def _write_masters(self, keyset: "_Keyset") -> None:
        unfinished = self.master_file.with_name(f"{self.master_file.name}.{secrets.token_hex(4)}")
        _write_new(unfinished, keyset.to_text())
        unfinished.replace(self.master_file)
        _settle_folder(self.master_file.parent)


class _Keyset:
    """Some keys, of which the primary one locks and all of them open."""

    def __init__(self, keys: Any) -> None:
        self._keys = keys
        self.aead = cleartext_keyset_handle.from_keyset(keys).primitive(aead.Aead)
        self.names = {key.key_id.to_bytes(4, "big") for key in keys.key}
        self.primary = keys.primary_key_id.to_bytes(4, "big")

    def __repr__(self) -> str:
        return "<keys>"

    @classmethod
    def fresh(cls) -> "_Keyset":
        out = io.BytesIO()
        handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
        cleartext_keyset_handle.write(tink.BinaryKeysetWriter(out), handle)
        return cls.from_bytes(out.getvalue())

    @classmethod
    def from_bytes(cls, given: bytes) -> "_Keyset":
        return cls(tink_pb2.Keyset.FromString(given))

    @classmethod
    def from_text(cls, given: str) -> "_Keyset":
        try:
            out = io.BytesIO()
            cleartext_keyset_handle.write(
                tink.BinaryKeysetWriter(out), cleartext_keyset_handle.read(tink.JsonKeysetReader(given))
            )
        except tink.TinkError:
            raise KeysMissing from None
        return cls.from_bytes(out.getvalue())

    def to_bytes(self) -> bytes:
        return bytes(self._keys.SerializeToString())

    def to_text(self) -> str:
        out = io.StringIO()
        cleartext_keyset_handle.write(tink.JsonKeysetWriter(out), cleartext_keyset_handle.from_keyset(self._keys))
        return out.getvalue()

    def with_a_new_key(self) -> "_Keyset":
        added = _Keyset.fresh()
        while added.primary in self.names:
            added = _Keyset.fresh()
        keys = tink_pb2.Keyset()
        keys.CopyFrom(self._keys)
        keys.key.extend(added._keys.key)  # noqa: SLF001 - of its own kind
        keys.primary_key_id = added._keys.primary_key_id  # noqa: SLF001
        return _Keyset(keys)

    def only_primary(self) -> "_Keyset":
        kept = [key for key in self._keys.key if key.key_id == self._keys.primary_key_id]
        return _Keyset(tink_pb2.Keyset(primary_key_id=self._keys.primary_key_id, key=kept))


class _PersonKeys:
    """A small SQLite file of locked keys. What is deleted from it is written over at once."""

    def __init__(self, path: Path, *, is_durable: bool) -> None:
        self._path = path
        self._is_durable = is_durable
        self._guard = threading.RLock()
        self._opened: tuple[int, sqlite3.Connection] | None = None

    def find(self, person: UUID) -> bytes | None:
        row = self._ask("SELECT locked FROM person_key WHERE person = ?", person.bytes).fetchone()
        return row[0] if row else None

    def all(self) -> list[tuple[UUID, bytes, bool]]:
        """Whose, the name of the master key it is locked with, and whether it is being changed."""
        rows = self._ask("SELECT person, locked_with, is_changing FROM person_key ORDER BY person").fetchall()
        return [(UUID(bytes=person), locked_with, bool(is_changing)) for person, locked_with, is_changing in rows]

    def locked(self) -> list[tuple[UUID, bytes]]:
        rows = self._ask("SELECT person, locked FROM person_key ORDER BY person").fetchall()
        return [(UUID(bytes=person), locked) for person, locked in rows]

    def add(self, person: UUID, locked: bytes, locked_with: bytes) -> None:
        self._ask("INSERT INTO person_key VALUES (?, ?, ?, 0)", person.bytes, locked, locked_with)

    def put(self, rows: Iterable[tuple[UUID, bytes, bytes, bool]]) -> None:
        change = "UPDATE person_key SET locked = ?, locked_with = ?, is_changing = ? WHERE person = ?"
        with self.turn():
            for person, locked, locked_with, is_changing in rows:
                self._ask(change, locked, locked_with, is_changing, person.bytes)

    def all_to_change(self, *, is_changing: bool) -> None:
        self._ask("UPDATE person_key SET is_changing = ?", is_changing)

    def delete(self, person: UUID) -> None:
        self._ask("DELETE FROM person_key WHERE person = ?", person.bytes)
        self._ask("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else writes meanwhile; all of it is kept, or nothing."""
        with self._guard, self._connection():
            self._ask("BEGIN IMMEDIATE")
            yield

    def _ask(self, statement: str, *values: Any) -> sqlite3.Cursor:
        with self._guard:
            return self._connection().execute(statement, values)

    def _connection(self) -> sqlite3.Connection:
        """One for each process: a forked one must not use its parent's."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode=WAL", f"synchronous={'FULL' if self._is_durable else 'OFF'}", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS person_key (person BLOB PRIMARY KEY, locked BLOB NOT NULL,"
            " locked_with BLOB NOT NULL, is_changing INTEGER NOT NULL) WITHOUT ROWID"
        )
        return connection


def _locked(keyset: _Keyset, master: _Keyset, person: UUID) -> tuple[bytes, bytes]:
    """A person's keys as they are stored, and the name of the master key they are locked with."""
    return master.aead.encrypt(keyset.to_bytes(), _bound_to(person, "key")), master.primary


def _bound_to(person: UUID, place: str) -> bytes:
    return person.bytes + place.encode()


def _write_new(path: Path, text: str) -> None:
    """For its owner only from its first moment, and on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _settle_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
