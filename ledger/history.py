"""Looking over the sealed history: each block against its seals, its transfers, the block before, and codes from outside.

A block's digest covers everything in it, so one hash tells whether all of its transfers are as they were sealed. Which one
is not is searched only in a block whose digest is off, leaf by leaf; so are the first blocks, which had none.

Transfers are read as they lie, seals in their order. The two go nearly alike, as what is older was mostly sealed earlier,
so each block finds its transfers among those just read, without a look-up.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from ledger import chain, packed
from ledger.chain import Block, Head
from ledger.looking import BLOCKS, HEADS, LEAVES, Looking

AHEAD = 20_000  # transfers kept in hand; what lies further apart than that is looked up
MOST_IN_A_BLOCK = 10_000
OR_NONE = (bytes, type(None))
NO_MOMENT = datetime.min.replace(tzinfo=UTC)


def look_over_history(looking: Looking, heads: Iterable[Head]) -> tuple[Head | None, int]:
    """The check code of the newest block, and how many transfers are sealed."""
    return _History(looking).look(list(heads))


class _Records:
    """The records of transfers, handed out block by block."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._postgresql = looking.on_postgresql
        self._id = looking.text("id", "transfer")
        self._record = packed.record(postgresql=self._postgresql)
        self._fresh = looking.chunks(
            "sealed transfers",
            f"SELECT {self._id}, {self._record} FROM transfer WHERE bank_id = ? AND state <> 'pending'",
            total=looking.count("seal"),
        )
        self._in_hand: dict[str, str | None] = {}
        self._is_over = False

    def take(self, ids: Sequence[str]) -> list[str | None]:
        """Of these transfers; None for one that is not there."""
        wanted = set(ids)
        while not (wanted <= self._in_hand.keys() or self._is_over or len(self._in_hand) >= AHEAD):
            chunk = next(self._fresh, None)
            self._is_over = chunk is None
            self._in_hand.update(chunk or ())
        missing = wanted - self._in_hand.keys()
        if missing:
            self._in_hand.update(dict.fromkeys(missing) | dict(self._look_up(list(missing))))
        return list(map(self._in_hand.pop, ids))

    def _look_up(self, ids: Sequence[str]) -> Iterator[Any]:
        statement = f"SELECT {self._id}, {self._record} FROM transfer WHERE bank_id = ? AND id IN ({packed.marks(ids)})"
        return packed.stream(self._looking.connection, statement, [self._looking.me, *ids])

    def close(self) -> None:
        self._fresh.close()


class _History:
    def __init__(self, looking: Looking) -> None:
        self.looking = looking
        self.records = _Records(looking)
        self.hashes: dict[int, bytes] = {}
        self.sealed = 0

    def look(self, heads: list[Head]) -> tuple[Head | None, int]:
        before: Block | None = None
        with closing(self.records):
            for block, stored in self._blocks():
                self.looking.counts[BLOCKS] += 1
                self._look_at(block, before, self._seals(block), stored)
                before, self.hashes[block.no] = block, block.hash
        outside = self.looking.count("seal") - self.looking.counts[LEAVES]
        if outside:
            bank = str(self.looking.bank_id)
            self.looking.off(BLOCKS, "seal", bank, expected="seals within a block", found=f"{outside} outside")
        self._look_at_heads(heads)
        return (None if before is None else before.head), self.sealed

    def _seals(self, block: Block) -> list[tuple[Any, ...]]:
        """A block that claims to be larger than blocks are is off anyway, and its seals are not waited for."""
        last = min(block.last, block.first + MOST_IN_A_BLOCK)
        statement = (
            f"SELECT no, {self.looking.text('transfer_id', 'seal')}, leaf, salt FROM seal"
            " WHERE bank_id = ? AND no BETWEEN ? AND ? ORDER BY no"
        )
        chunks = packed.chunks(self.looking.connection, statement, [self.looking.me, block.first, last])
        return [row for chunk in chunks for row in chunk]

    def _look_at(self, block: Block, before: Block | None, seals: list[tuple[Any, ...]], stored: bytes) -> None:
        self.looking.counts[LEAVES] += len(seals)
        wrong = _out_of_line(block, before, [one[0] for one in seals]) or _other_hash(block, stored)
        if wrong is None and not self._is_as_sealed(block, seals):
            named = self._name_leaves(seals)
            wrong = _other_contents(block, [leaf for _, _, leaf, _ in seals])
            if wrong is None and block.digest is not None and not named:
                wrong = "the digest of what was sealed", "another one"
        if wrong:
            self.looking.off(BLOCKS, "block", str(block.no), expected=wrong[0], found=wrong[1])

    def _is_as_sealed(self, block: Block, seals: list[tuple[Any, ...]]) -> bool:
        _, ids, leaves, salts = zip(*seals, strict=True)
        records = self.records.take(ids)
        if None in records or block.digest is None:
            self.sealed += len(records) - records.count(None)
            return False
        self.sealed += len(records)
        try:
            return chain.digest(records, leaves, salts) == block.digest  # type: ignore[arg-type]
        except (TypeError, ValueError):  # a text instead of bytes, or too few of them
            return False

    def _name_leaves(self, seals: list[tuple[Any, ...]]) -> int:
        """How many of these transfers are not as they were sealed."""
        ids = [transfer_id for _, transfer_id, _, _ in seals]
        statement = packed.settled(
            postgresql=self.looking.on_postgresql,
            where=f"transfer.bank_id = ? AND transfer.id IN ({packed.marks(ids)})",
            more=f", {packed.record(postgresql=self.looking.on_postgresql)}",
        )
        rows = packed.stream(self.looking.connection, statement, [self.looking.me, *ids])
        stands = {transfer_id: said for transfer_id, *said in rows}
        named = 0
        for _, transfer_id, leaf, salt in seals:
            found = _other_leaf(stands.get(transfer_id), leaf, salt)
            if found:
                named += 1
                self.looking.off(LEAVES, "transfer", transfer_id, expected="what was sealed", found=found)
        return named

    def _blocks(self) -> Iterator[tuple[Block, bytes]]:
        """As text and numbers, so that a moment that nobody can read is a finding and no accident."""
        statement = (
            f"SELECT no, first, last, root, previous, hash, {self.looking.text('sealed_at', 'block')}, digest FROM block"
            " WHERE bank_id = ? ORDER BY no"
        )
        for row in self.looking.stream(statement):
            no, first, last, root, previous, stored, moment, digest = row
            try:
                at = chain.read_moment(moment)
            except ValueError:
                self.looking.off(BLOCKS, "block", str(no), expected="a moment", found=moment)
                at = NO_MOMENT
            if [type(one) for one in row[:6]] != [int, int, int, bytes, bytes, bytes] or type(digest) not in OR_NONE:
                self.looking.off(BLOCKS, "block", str(no), expected="numbers and hashes", found="something else")
                continue
            yield (
                Block(
                    bank_id=self.looking.bank_id, no=no, first=first, last=last, root=root, previous=previous,
                    sealed_at=at, digest=digest,
                ),
                stored,
            )  # fmt: skip

    def _look_at_heads(self, heads: list[Head]) -> None:
        for head in heads:
            self.looking.counts[HEADS] += 1
            stands = self.hashes.get(head.no)
            if stands != head.hash:
                found = "no such block" if stands is None else Head(no=head.no, hash=stands)
                self.looking.off(HEADS, "block", str(head.no), expected=head, found=found)


def _out_of_line(block: Block, before: Block | None, numbers: list[int]) -> tuple[str, str] | None:
    """(expected, found), or None where it follows the block before and has all of its seals."""
    previous, no, first = (chain.NO_BLOCK, 1, 1) if before is None else (before.hash, before.no + 1, before.last + 1)
    if (block.no, block.first, block.previous) != (no, first, previous):
        return f"block {no} from {first} after {previous.hex()[:12]}", f"block {block.no} from {block.first}"
    if not numbers or numbers != list(range(block.first, block.last + 1)):
        return f"seals {block.first} to {block.last}", f"{len(numbers)} seals"
    return None


def _other_hash(block: Block, stored: bytes) -> tuple[str, str] | None:
    return None if block.hash == stored else (block.hash.hex(), stored.hex())


def _other_leaf(stands: list[Any] | None, leaf: bytes, salt: bytes) -> str | None:
    """What is found instead of what was sealed, or None where it is the same."""
    if stands is None:
        return "no such transfer"
    facts, giver, receiver, record = stands
    if record is not None and isinstance(salt, bytes) and chain.seal(facts, giver, receiver, salt) == leaf:
        return None
    return packed.say(facts, giver, receiver)


def _other_contents(block: Block, leaves: list[bytes]) -> tuple[str, str] | None:
    fits = {type(leaf) for leaf in leaves} == {bytes} and chain.root(leaves) == block.root
    return None if fits else ("the root of its seals", block.root.hex())
