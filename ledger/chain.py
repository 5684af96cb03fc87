"""The arithmetic of the sealed history: packed fields, leaves, Merkle roots, blocks, and the proof that one exchange is in.

Nothing here knows a database. Every hash is SHA-256 over a byte that says what is hashed (so that no node can pass for a
leaf), a version byte, and fields that each say how long they are (ledger.md section 5). The tree is that of RFC 6962: split
at the largest power of two below the number of leaves.

A leaf stands for one settled transfer. It covers three parts apart: what both sides know of it, and for each side its own
entry, with its running balance and number, behind a salt of its own. So a proof shows a person their own entry and the
shared facts, and of the other side's balance nothing that could be guessed.

A block covers its leaves by their root, and once more, with the transfers themselves, by one digest of everything in it: so
a long history is looked over with one hash a block instead of five a transfer, and leaf by leaf only where that is off.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

VERSION = b"\x01"
WITH_DIGEST = b"\x02"  # of blocks; the first ones had none
LEAF, NODE, FACTS, ENTRY, BLOCK, DIGEST = b"\x00", b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
NO_BLOCK = bytes(32)  # what the first block follows
SALT_BYTES = 32  # the first half is the giver's, the second the receiver's
HALF = SALT_BYTES // 2


def pack(fields: Iterable[object]) -> str:
    """Each field as its length in bytes, a colon, itself and a comma; "-," where there is none. Databases write the same."""
    return "".join("-," if field is None else f"{len(str(field).encode())}:{field}," for field in fields)


def moment(at: datetime) -> str:
    """A moment as it is packed: UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def read_moment(text: str) -> datetime:
    """Raises ValueError for whatever `moment` would not write."""
    at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    if moment(at) != text:
        raise ValueError(f"{text!r} is written in another way")
    return at


def facts_hash(packed: str) -> bytes:
    return hashlib.sha256(FACTS + VERSION + packed.encode()).digest()


def entry_hash(packed: str | None, salt: bytes) -> bytes:
    """None where nothing was posted: then the salt is covered alone."""
    return hashlib.sha256(ENTRY + VERSION + salt + (packed or "").encode()).digest()


def leaf_hash(facts: bytes, giver: bytes, receiver: bytes) -> bytes:
    return hashlib.sha256(LEAF + VERSION + facts + giver + receiver).digest()


def seal(facts: str, giver: str | None, receiver: str | None, salt: bytes) -> bytes:
    """The leaf of one transfer, from its packed parts."""
    return leaf_hash(
        facts_hash(facts),
        entry_hash(giver, salt[:HALF]),
        entry_hash(receiver, salt[HALF:]),
    )


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Of at least one leaf. Pairs are joined level by level, and one left over goes up as it is: the same tree."""
    level = list(leaves)
    while len(level) > 1:
        joined = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
        level = joined + level[len(joined) * 2 :]
    return level[0]


def digest(records: Sequence[str], leaves: Sequence[bytes], salts: Sequence[bytes]) -> bytes:
    """Of everything in a block, in its order; no record holds the end of a line.

    Raises ValueError where there are not as many of each, or a leaf or a salt is not 32 bytes long.
    """
    if not len(records) == len(leaves) == len(salts) or not {*map(len, leaves), *map(len, salts)} <= {SALT_BYTES}:
        raise ValueError("a block has one record, one leaf and one salt of 32 bytes for each transfer")
    parts = ("\n".join(records).encode(), b"".join(leaves), b"".join(salts))
    return hashlib.sha256(DIGEST + VERSION + b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One joining on the way from a leaf to its root: the hash beside it, and on which side that stands."""

    beside: bytes
    is_left: bool


def path(leaves: Sequence[bytes], place: int) -> tuple[Step, ...]:
    """From the leaf at `place` (from 0) up to the root."""
    steps, level = [], list(leaves)
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            steps.append(Step(beside=level[beside], is_left=beside < place))
        joined = [_node(level[one], level[one + 1]) for one in range(0, len(level) - 1, 2)]
        level = joined + level[len(joined) * 2 :]
        place //= 2
    return tuple(steps)


def climb(leaf: bytes, steps: Iterable[Step]) -> bytes:
    """The root that a leaf and its path lead to."""
    for step in steps:
        leaf = _node(step.beside, leaf) if step.is_left else _node(leaf, step.beside)
    return leaf


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A stretch of the sealed history of one bank: numbers `first` to `last`, and everything before it by `previous`."""

    bank_id: UUID
    no: int
    first: int
    last: int
    root: bytes
    previous: bytes
    sealed_at: datetime
    digest: bytes | None = None

    @property
    def hash(self) -> bytes:
        fields: list[object] = [
            self.bank_id.hex, self.no, self.first, self.last, self.root.hex(), self.previous.hex(), moment(self.sealed_at),
        ]  # fmt: skip
        if self.digest is not None:
            fields.append(self.digest.hex())
        version = VERSION if self.digest is None else WITH_DIGEST
        return hashlib.sha256(BLOCK + version + pack(fields).encode()).digest()

    @property
    def head(self) -> "Head":
        return Head(no=self.no, hash=self.hash)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The newest block, as it is written down outside: the "check code" of statements and exports."""

    no: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.no}-{self.hash.hex()}"


def read_head(text: str) -> Head:
    """A check code as it was printed. Raises ValueError where it is none."""
    number, _, digest = text.strip().partition("-")
    if not re.fullmatch(r"[0-9]+", number) or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise ValueError("a check code is a number, a hyphen, and 64 letters and digits")
    return Head(no=int(number), hash=bytes.fromhex(digest))
