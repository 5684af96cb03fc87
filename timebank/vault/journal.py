"""Who was forgotten, as numbers only, in a file beside the keys: so that an old backup that is put back forgets them again.

A line is written before the forgetting is committed. Where the power fails between the two, the next start does what the
person had asked for.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    bank_id: UUID
    member_id: UUID
    at: datetime


class Journal:
    """Only ever added to."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, forgotten: Forgotten) -> None:
        """On the disk when this returns. A line that was cut off by a power failure is closed first."""
        line = json.dumps([forgotten.bank_id.hex, forgotten.member_id.hex, forgotten.at.isoformat()])
        self.file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a") as out:
            out.write(f"\n{line}\n")
            out.flush()
            os.fsync(out.fileno())

    def entries(self) -> Iterator[Forgotten]:
        if not self.file.exists():
            return
        for line in self.file.read_text().splitlines():
            try:
                bank, member, at = json.loads(line)
            except ValueError:  # empty, or cut off: then it was not committed either
                continue
            yield Forgotten(bank_id=UUID(bank), member_id=UUID(member), at=datetime.fromisoformat(at))

    def text(self) -> str:
        return self.file.read_text() if self.file.exists() else ""

    def put_back(self, text: str) -> None:
        """Added to what is there: nobody who was forgotten comes back by it."""
        known = set(self.text().splitlines())
        for line in text.splitlines():
            if line and line not in known:
                bank, member, at = json.loads(line)
                self.add(Forgotten(bank_id=UUID(bank), member_id=UUID(member), at=datetime.fromisoformat(at)))
