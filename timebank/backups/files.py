"""The backup file: one line that says what it is and carries a checksum of the rest, then compressed lines of JSON.

The first line can be read by anybody: `timebank-backup 1 <sha256 of the rest> <bytes of the rest>`. A flipped byte, a missing end or
something added is noticed before anything is restored. The checksum finds accidents; it proves nothing about who made the file.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from timebank.errors import Invalid

MAGIC = b"timebank-backup 1 "
_FIRST_LINE = re.compile(rb"timebank-backup 1 ([0-9a-f]{64}) ([0-9]{15})\n")
FIRST_LINE_BYTES = len(MAGIC) + 64 + 1 + 15 + 1
PIECE = 1 << 20


class NotABackup(Invalid):
    """This file is not a backup made by 'timebank backup'. Nothing was changed."""


class DamagedBackup(Invalid):
    """This backup is damaged: its contents do not match its checksum. Nothing was changed. Use another copy of it."""


class Writer:
    """Lines of JSON, compressed and counted."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(b" " * FIRST_LINE_BYTES)
        # No name and no time in the header: the same contents give the same bytes.
        self._packed = gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0, compresslevel=6)

    def line(self, value: Any) -> None:
        self._packed.write(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Writes the first line, now that the rest is there to be summed."""
        self._packed.close()
        self._file.seek(FIRST_LINE_BYTES)
        digest, size = _sum(self._file)
        self._file.seek(0)
        self._file.write(b"%s%s %015d\n" % (MAGIC, digest.encode(), size))
        self._file.seek(0)


@contextmanager
def reading(path: Path) -> Iterator[Iterator[Any]]:
    """The lines of a file whose checksum was found right first. Raises NotABackup, DamagedBackup, OSError."""
    with path.open("rb") as file:
        check(file)
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            yield (json.loads(line) for line in packed)


def check(file: BinaryIO) -> None:
    """Leaves the file where its contents begin."""
    start = file.read(FIRST_LINE_BYTES)
    if not start.startswith(MAGIC[:16]):
        raise NotABackup
    first = _FIRST_LINE.fullmatch(start)
    if first is None:
        raise DamagedBackup
    digest, size = _sum(file)
    if (digest, size) != (first[1].decode(), int(first[2])):
        raise DamagedBackup
    file.seek(FIRST_LINE_BYTES)


def is_backup(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == MAGIC[:16]


def _sum(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size
