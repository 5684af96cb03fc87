"""The sealer: it covers what is settled by a chain of blocks, outside the path of posting (ledger.md section 5).

One sealer at a time: a chain that two write at once forks. A transfer is found by its entries: each account remembers up to
which number it is sealed. What was let go has no entries and is looked for by its state.
"""

import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger import chain, packed, tables
from ledger.chain import Block, Head, Step
from ledger.errors import NotSealedYet, TransferNotFound

BLOCK_SIZE = 1000
BACKLOG = 20 * BLOCK_SIZE  # from here on everything is gone through, as it lies
INSERT_SEAL = {
    is_postgresql: f"INSERT INTO seal (bank_id, no, transfer_id, leaf, salt) VALUES ({', '.join([mark] * 5)})"
    for is_postgresql, mark in ((False, "?"), (True, "%s"))
}
_block, _seal, _account, _mark = tables.block.c, tables.seal.c, tables.account.c, tables.sealed_account.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """That one transfer stands in the sealed history, for one of its two sides: the "proof slip".

    `facts` and `entry` are packed texts (ledger.packed says which fields); `other` is the other side's entry, as a hash
    that says nothing. `blocks` lead from the transfer's own to the newest.
    """

    facts: str
    entry: str | None
    is_giver: bool
    salt: bytes
    other: bytes
    steps: tuple[Step, ...]
    blocks: tuple[Block, ...]

    @property
    def head(self) -> Head:
        return self.blocks[-1].head

    def as_data(self) -> dict[str, Any]:
        """For a file that docs/check_a_proof.py reads."""
        return {
            "facts": dict(zip(packed.FACTS, packed.unpack(self.facts), strict=True)),
            "entry": dict(zip(packed.ENTRY, packed.unpack(self.entry), strict=True)) if self.entry else None,
            "you gave": self.is_giver,
            "salt": self.salt.hex(),
            "other side": self.other.hex(),
            "path": [{"beside": one.beside.hex(), "on the left": one.is_left} for one in self.steps],
            "blocks": [
                {
                    "bank_id": one.bank_id.hex,
                    "no": one.no,
                    "first": one.first,
                    "last": one.last,
                    "root": one.root.hex(),
                    "previous": one.previous.hex(),
                    "sealed_at": chain.moment(one.sealed_at),
                    "digest": one.digest.hex() if one.digest else None,
                }
                for one in self.blocks
            ],
            "check code": str(self.head),
        }


class Sealer:
    """The sealed history of one bank, over the caller's connection. It never commits."""

    def __init__(self, connection: Connection, *, bank_id: UUID) -> None:
        self._connection = connection
        self._bank_id = bank_id
        self._is_postgresql = packed.is_postgresql(connection)

    def head(self) -> Head | None:
        """The check code of the newest block, or None while nothing is sealed."""
        newest = self._newest()
        return None if newest is None else newest.head

    def seal(self, *, at: datetime, most: int | None = None) -> tuple[Block, ...]:
        """Seals what is settled and not sealed yet, `most` blocks at most; answers with the new ones, oldest first."""
        self._take_turn()
        blocks: list[Block] = []
        before = self._newest()
        fresh = self._find_unsealed()
        while (most is None or len(blocks) < most) and (some := list(islice(fresh, BLOCK_SIZE))):
            before = self._seal_block(some, before, at)
            blocks.append(before)
        self._remember(partial=most is not None)
        return tuple(blocks)

    def prove(self, *, transfer_id: UUID, account: UUID) -> Proof:
        """For one side of a transfer. Raises TransferNotFound when it is not theirs; NotSealedYet."""
        facts, giver, receiver = self._pack_one(transfer_id, account)
        mine = self._connection.execute(
            select(_seal.no, _seal.salt).where(_seal.bank_id == self._bank_id, _seal.transfer_id == transfer_id)
        ).one_or_none()
        if mine is None:
            raise NotSealedYet(transfer_id)
        blocks = self._list_blocks(since=mine.no)
        leaves = self._list_leaves(blocks[0])
        is_giver = dict(zip(packed.FACTS, packed.unpack(facts), strict=True))["giver_id"] == account.hex
        salts = mine.salt[: chain.HALF], mine.salt[chain.HALF :]
        own, other = (giver, receiver) if is_giver else (receiver, giver)
        return Proof(
            facts=facts,
            entry=own,
            is_giver=is_giver,
            salt=salts[0 if is_giver else 1],
            other=chain.entry_hash(other, salts[1 if is_giver else 0]),
            steps=chain.path(leaves, mine.no - blocks[0].first),
            blocks=tuple(blocks),
        )

    # One block

    def _seal_block(self, ids: Sequence[UUID], before: Block | None, at: datetime) -> Block:
        rows = self._pack(ids)
        first = 1 if before is None else before.last + 1
        salts = [secrets.token_bytes(chain.SALT_BYTES) for _ in rows]
        leaves = [
            chain.seal(facts, giver, receiver, salt)
            for (_, facts, giver, receiver, _), salt in zip(rows, salts, strict=True)
        ]
        block = Block(
            bank_id=self._bank_id,
            no=1 if before is None else before.no + 1,
            first=first,
            last=first + len(rows) - 1,
            root=chain.root(leaves),
            previous=chain.NO_BLOCK if before is None else before.hash,
            sealed_at=at,
            digest=chain.digest([record for *_, record in rows], leaves, salts),
        )
        bank, numbers = packed.word(self._connection, self._bank_id), range(block.first, block.last + 1)
        seals = [
            (bank, number, row[0], leaf, salt)
            for number, row, leaf, salt in zip(numbers, rows, leaves, salts, strict=True)
        ]
        self._connection.exec_driver_sql(INSERT_SEAL[self._is_postgresql], seals)
        row = {name: getattr(block, name) for name in (*Block.__dataclass_fields__, "hash")}
        self._connection.execute(insert(tables.block), row)
        return block

    def _pack(self, ids: Sequence[UUID]) -> list[tuple[Any, ...]]:
        """Id, facts, both entries and the record of each, in the order of the ids given."""
        statement = packed.settled(
            postgresql=self._is_postgresql,
            where=f"transfer.id IN ({packed.marks(ids)})",
            more=f", {packed.record(postgresql=self._is_postgresql)}",
        )
        found = packed.stream(self._connection, statement, [packed.word(self._connection, one) for one in ids])
        rows = {row[0]: row for row in found}
        return [rows[one.hex] for one in ids]

    def _pack_one(self, transfer_id: UUID, account: UUID) -> tuple[Any, ...]:
        transfer = tables.transfer.c
        mine = select(transfer.id).where(
            transfer.bank_id == self._bank_id,
            transfer.id == transfer_id,
            (transfer.giver_id == account) | (transfer.receiver_id == account),
        )
        if self._connection.scalar(mine) is None:
            raise TransferNotFound(transfer_id)
        return self._pack([transfer_id])[0][1:4]

    # Finding

    def _find_unsealed(self) -> Iterator[UUID]:
        """Ids of settled transfers without a seal. Both entries of a transfer are looked at; the second time it is sealed."""
        behind = self._list_behind()
        if sum(seq - sealed for _, sealed, seq in behind) > 2 * BACKLOG:
            yield from self._go_through()
            return
        latest: deque[UUID] = deque(maxlen=BLOCK_SIZE)  # handed out, and perhaps in a block that is not written yet
        for account_id, sealed, seq in behind:
            for some in self._pieces_of_account(account_id, sealed, seq):
                in_hand = set(latest)
                for one in some:
                    if one not in in_hand:
                        latest.append(one)
                        yield one
        yield from self._find_let_go()

    def _go_through(self) -> Iterator[UUID]:
        """All at once, in the order in which they lie: so the chain of a bank that was brought in goes like its rows.
        An instalment goes on behind the newest sealed row, and looks at the rows before it last."""
        place, cast = ("ctid", "::tid") if self._is_postgresql else ("rowid", "")
        unsealed = (
            f"SELECT {packed.as_text('id', 'transfer', postgresql=self._is_postgresql)} FROM transfer"
            " WHERE bank_id = ? AND state <> 'pending'"
            " AND NOT EXISTS (SELECT 1 FROM seal WHERE seal.transfer_id = transfer.id)"
        )
        bank = packed.word(self._connection, self._bank_id)
        newest = (
            f"SELECT {place} FROM transfer"
            " WHERE id = (SELECT transfer_id FROM seal WHERE bank_id = ? ORDER BY no DESC LIMIT 1)"
        )
        reached = next(packed.stream(self._connection, newest, [bank]), None)
        parts = [f" AND transfer.{place} {side} ?{cast}" for side in (">", "<=")] if reached else [""]
        for part in parts:
            for (one,) in packed.stream(self._connection, unsealed + part, [bank, *(reached or ())]):
                yield UUID(one)

    def _pieces_of_account(self, account_id: UUID, sealed: int, seq: int) -> Iterator[Sequence[UUID]]:
        """A busy account is looked through a block at a time, so that memory stays flat."""
        entry = tables.entry.c
        unsealed = ~select(_seal.no).where(_seal.transfer_id == entry.transfer_id).exists()
        for first in range(sealed + 1, seq + 1, BLOCK_SIZE):
            yield self._connection.scalars(
                select(entry.transfer_id)
                .where(entry.account_id == account_id, entry.seq >= first, entry.seq < min(first + BLOCK_SIZE, seq + 1))
                .where(unsealed)
                .order_by(entry.seq)
            ).all()

    def _find_let_go(self) -> Iterator[UUID]:
        transfer = tables.transfer.c
        after: UUID | None = None
        while True:
            let_go = select(transfer.id).where(
                transfer.bank_id == self._bank_id,
                transfer.state.in_(["released", "expired"]),
                ~select(_seal.no).where(_seal.transfer_id == transfer.id).exists(),
            )
            if after is not None:
                let_go = let_go.where(transfer.id > after)
            some = self._connection.scalars(let_go.order_by(transfer.id).limit(BLOCK_SIZE)).all()
            if not some:
                return
            after = some[-1]
            yield from some

    def _list_behind(self) -> list[Any]:
        """Accounts with entries that are not sealed: (id, sealed up to, newest). Read at one moment, so that of a transfer
        that is in the making either both entries are within these bounds or none is."""
        marked = func.coalesce(_mark.seq, 0)
        behind = (
            select(_account.id, marked, _account.seq)
            .join_from(tables.account, tables.sealed_account, _mark.account_id == _account.id, isouter=True)
            .where(_account.bank_id == self._bank_id, _account.seq > marked)
            .order_by(_account.id)
        )
        self._bounds = list(self._connection.execute(behind))
        return self._bounds

    def _remember(self, *, partial: bool) -> None:
        """Moves the bookmarks on; after a part, only of the accounts of which nothing is left to seal."""
        entry = tables.entry.c
        for account_id, sealed, seq in self._bounds:
            left = select(entry.seq).where(
                entry.account_id == account_id,
                entry.seq > sealed,
                entry.seq <= seq,
                ~select(_seal.no).where(_seal.transfer_id == entry.transfer_id).exists(),
            )
            if partial and self._connection.scalar(left.limit(1)) is not None:
                continue
            row = {"account_id": account_id, "bank_id": self._bank_id, "seq": seq}
            dialect = postgresql if self._is_postgresql else sqlite
            new = dialect.insert(tables.sealed_account).values(row)
            self._connection.execute(new.on_conflict_do_update(index_elements=["account_id"], set_={"seq": seq}))

    def _take_turn(self) -> None:
        if self._is_postgresql:
            key = int.from_bytes(self._bank_id.bytes[:8], "big", signed=True)
            self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    # Reading the chain

    def _newest(self) -> Block | None:
        newest = select(tables.block).where(_block.bank_id == self._bank_id).order_by(_block.no.desc()).limit(1)
        row = self._connection.execute(newest).one_or_none()
        return None if row is None else as_block(row)

    def _list_blocks(self, *, since: int) -> list[Block]:
        rows = select(tables.block).where(_block.bank_id == self._bank_id, _block.last >= since).order_by(_block.no)
        return [as_block(row) for row in self._connection.execute(rows)]

    def _list_leaves(self, block: Block) -> list[bytes]:
        within = and_(_seal.bank_id == self._bank_id, _seal.no >= block.first, _seal.no <= block.last)
        leaves: list[bytes] = list(self._connection.scalars(select(_seal.leaf).where(within).order_by(_seal.no)))
        return leaves


def as_block(row: Any) -> Block:
    return Block(
        bank_id=row.bank_id,
        no=row.no,
        first=row.first,
        last=row.last,
        root=row.root,
        previous=row.previous,
        sealed_at=row.sealed_at,
        digest=row.digest,
    )
