"""Heads of the trail in a file beside the key, where whoever changes the database does not reach. It only ever grows."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from timebank.audit import reads
from timebank.audit.chain import Head, NoHead, read_head
from timebank.db import Database
from timebank.members import reads as members


def file_beside(keys: Path) -> Path:
    return keys.with_name(f"{keys.name}.heads")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """`refused`: a sentence for each line that says nothing, or that somebody without the key has written."""

    heads: tuple[Head, ...]
    refused: tuple[str, ...]


def read(lines: Iterable[str], *, key: str) -> Kept:
    heads, refused = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            head = read_head(line)
        except NoHead:
            refused.append(f"line {number} is no head of an audit trail")
            continue
        if head.is_signed_by(key):
            heads.append(head)
        else:
            refused.append(f"line {number} was not written with this server's key")
    return Kept(heads=tuple(heads), refused=tuple(refused))


def read_file(path: Path, *, key: str) -> Kept:
    """A file that is not there yet holds no heads. Raises OSError."""
    return read(path.read_text("utf-8", errors="replace").splitlines() if path.exists() else (), key=key)


def append(path: Path, heads: Sequence[Head], *, key: str) -> None:
    """All of them at once, on the disk before this comes back. Raises OSError."""
    if not heads:
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # the power went in the middle of a line
        lines = "".join(f"{head.signed(key)}\n" for head in heads)
        os.write(descriptor, (b"\n" if is_torn else b"") + lines.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Keeper:
    """Writes the head of every bank whose trail has grown since it last looked."""

    def __init__(self, database: Database, path: Path, *, key: str) -> None:
        self._database, self._path, self._key = database, path, key
        self._written: dict[UUID, int] = {}

    def keep(self, *, today: date) -> int:
        """How many it wrote. Raises OSError, and what the database raises."""
        with self._database.reading() as session:
            found = [reads.newest_head(session, bank.id, day=today) for bank in members.list_banks(session)]
        fresh = [head for head in found if head.seq > self._written.get(head.bank_id, 0)]
        append(self._path, fresh, key=self._key)
        self._written |= {head.bank_id: head.seq for head in fresh}
        return len(fresh)
