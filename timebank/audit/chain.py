"""The arithmetic of the trail: how an event is written down to be hashed, and heads that are kept elsewhere.

An event as a text: its fields in the order of FIELDS as a JSON array with no blank in it. A field without a value is null, the
number a number, and every other one a text: ids as 32 small hexadecimal digits, the moment in UTC to the microsecond like
"2026-03-02 12:00:00.000000", words as they stand in their closed lists. There is nothing in them to escape, so there is one
way only to write an event, and both databases write it as we do.

The digest of an event is SHA-256, in small hexadecimal digits, over the UTF-8 bytes of "timebank audit 1", a line end, the
digest of the event before it in its bank (64 zeros before the first), a line end, and the event as a text.

A head says how far the trail had come: "timebank-audit-1", the bank's id, the number and the digest of its newest event, the
day, and HMAC-SHA-256 by the server's key over all that stands before it, with one blank between them.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

FIELDS = (
    "bank_id", "seq", "noted_at", "actor", "actor_id", "act", "record", "record_id", "about_id", "reason", "case_id", "act_key",
)  # fmt: skip
BEFORE_THE_FIRST = "0" * 64
HEAD = "timebank-audit-1"
RESTORED = "timebank-audit-1-restored"
_BEGINNING = "timebank audit 1\n"
_LINE = re.compile(
    rf"(?P<word>{HEAD}|{RESTORED}) (?P<bank>[0-9a-f]{{32}}) (?P<seq>[0-9]{{1,18}}) (?P<digest>[0-9a-f]{{64}})"
    r" (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<mac>[0-9a-f]{64})"
)


def as_text(values: Iterable[str | int | None]) -> str:
    return json.dumps(list(values), separators=(",", ":"))


def digest(previous: str, text: str) -> str:
    return hashlib.sha256(f"{_BEGINNING}{previous}\n{text}".encode()).hexdigest()


class NoHead(ValueError):  # noqa: N818 - it says what a line is not
    """This is no line as `timebank audit-head` prints it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """`restored`: from here on a bank goes on that came back from a backup; what came after this in the old one is gone."""

    bank_id: UUID
    seq: int
    digest: str
    day: date
    mac: str = ""
    restored: bool = False

    @property
    def _said(self) -> str:
        return f"{RESTORED if self.restored else HEAD} {self.bank_id.hex} {self.seq} {self.digest} {self.day}"

    def signed(self, key: str) -> str:
        return f"{self._said} {self._mac(key)}"

    def is_signed_by(self, key: str) -> bool:
        return hmac.compare_digest(self.mac, self._mac(key))

    def _mac(self, key: str) -> str:
        return hmac.new(key.encode(), self._said.encode(), hashlib.sha256).hexdigest()


def read_head(line: str) -> Head:
    """Raises NoHead."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise NoHead
    try:
        day = date.fromisoformat(found["day"])
    except ValueError:
        raise NoHead from None
    return Head(
        bank_id=UUID(found["bank"]),
        seq=int(found["seq"]),
        digest=found["digest"],
        day=day,
        mac=found["mac"],
        restored=found["word"] == RESTORED,
    )
