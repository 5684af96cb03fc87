"""Sealing: what it covers, and that every change of the past is found."""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from ledger import Ledger, chain, history, packed, sealing, tables
from ledger.looking import BLOCKS, LEAVES
from ledger.sealing import BLOCK_SIZE
from tests.ledger.making import AT, Bank, live_a_little, make_transfer
from tests.ledger.tampering import Tamperer, past_the_guards
from tests.ledger.test_verify import change

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
TAMPERS = 1000 if IS_FULL else 150
TRANSFERS = 2000 if IS_FULL else 300
FLIPS = 1000 if IS_FULL else 120


def sealed_ids(bank: Bank) -> list[UUID]:
    with bank.database.reading() as session:
        seal = tables.seal.c
        return list(session.scalars(select(seal.transfer_id).where(seal.bank_id == bank.id).order_by(seal.no)))


class TestSealing:
    def test_covers_everything_that_is_settled_once_and_nothing_that_waits(self, bank):
        settled = live_a_little(bank, times=3)

        blocks = bank.do("seal", at=AT)

        assert sorted(sealed_ids(bank)) == sorted(settled)
        assert [(block.no, block.first, block.last) for block in blocks] == [(1, 1, 15)]
        report = bank.see("verify", heads=[blocks[-1].head])
        assert report.is_clean
        assert (report.head, report.unsealed) == (blocks[-1].head, 0)

    def test_again_with_nothing_new_adds_nothing(self, bank):
        live_a_little(bank, times=1)
        first = bank.do("seal", at=AT)

        assert bank.do("seal", at=AT + timedelta(days=1)) == ()
        assert bank.see("head") == first[-1].head

    def test_goes_on_where_it_left_off_and_covers_the_block_before(self, bank):
        live_a_little(bank, times=1)
        (first,) = bank.do("seal", at=AT)
        live_a_little(bank, times=2)

        (second,) = bank.do("seal", at=AT + timedelta(days=1))

        assert second.previous == first.hash
        assert (second.first, second.last) == (6, 15)
        assert bank.see("verify", heads=[first.head, second.head]).is_clean

    def test_a_large_bank_is_sealed_in_blocks_and_by_instalments(self, bank):
        bank.do("post_many", transfers=[make_transfer(bank.ada, bank.ben, 1) for _ in range(BLOCK_SIZE * 2 + 3)], at=AT)

        (first,) = bank.do("seal", at=AT, most=1)
        rest = bank.do("seal", at=AT)

        assert [block.last - block.first + 1 for block in (first, *rest)] == [BLOCK_SIZE, BLOCK_SIZE, 3]
        assert len(set(sealed_ids(bank))) == BLOCK_SIZE * 2 + 3
        assert bank.see("verify").is_clean

    def test_what_was_posted_meanwhile_waits_for_the_next_block(self, bank):
        """A transfer in the making when the sealer looked: neither of its entries may be passed over."""
        bank.do("post", transfer=make_transfer(bank.ada, bank.ben), at=AT)
        late = make_transfer(bank.ben, bank.cleo)
        with bank.writing() as ledger:
            ledger.post(transfer=late, at=AT)
            if not bank.database.is_sqlite:
                bank.do("seal", at=AT)
        bank.do("seal", at=AT)

        assert late.id in sealed_ids(bank)
        assert bank.see("verify").unsealed == 0

    def test_each_bank_has_a_chain_of_its_own(self, bank):
        other = Bank(bank.database)
        live_a_little(bank, times=1)
        live_a_little(other, times=2)

        (mine,), (theirs,) = bank.do("seal", at=AT), other.do("seal", at=AT)

        assert (mine.no, theirs.no) == (1, 1)
        assert bank.see("verify", heads=[mine.head]).is_clean
        assert not bank.see("verify", heads=[theirs.head]).is_clean


class TestDigest:
    """One hash that tells whether a whole block is as it was sealed; which row is not is searched only where it is off."""

    def columns(self, bank: Bank, statement: str) -> list[Any]:
        with bank.database.reading() as session:
            return list(session.connection().exec_driver_sql(statement).scalars())

    def test_is_of_the_same_text_on_both_databases(self, bank):
        """As a JSON array of what the row says, with the words people wrote in hexadecimal."""
        live_a_little(bank, times=1)
        transfer = tables.transfer
        with bank.reading() as ledger, bank.database.reading() as session:
            connection = session.connection()
            statement = (
                f"SELECT {packed.record(postgresql=not bank.database.is_sqlite)} FROM transfer ORDER BY transfer.id"
            )
            written = list(connection.exec_driver_sql(statement).scalars())
            rows = connection.execute(select(transfer).order_by(transfer.c.id)).mappings().all()
        assert ledger
        assert written == [
            json.dumps([plainly(row[name]) for name in packed.RECORD], separators=(",", ":")) for row in rows
        ]

    def test_a_large_backlog_is_sealed_as_its_rows_lie(self, bank, monkeypatch):
        monkeypatch.setattr(sealing, "BACKLOG", 10)
        monkeypatch.setattr(sealing, "BLOCK_SIZE", 7)
        settled = live_a_little(bank, times=6)

        bank.do("seal", at=AT)

        assert sorted(sealed_ids(bank)) == sorted(settled)
        if bank.database.is_sqlite:
            lie = "SELECT id FROM transfer WHERE state <> 'pending' ORDER BY rowid"
            assert [one.hex for one in sealed_ids(bank)] == [
                one for one in self.columns(bank, lie) if UUID(one) in set(settled)
            ]
        assert bank.see("verify").is_clean
        assert bank.see("verify").unsealed == 0

    def test_an_instalment_of_a_large_backlog_goes_on_where_the_last_one_ended(self, bank, monkeypatch):
        """And looks at the rows before it in the end: what was waiting there may be settled by now."""
        monkeypatch.setattr(sealing, "BACKLOG", 1)
        monkeypatch.setattr(sealing, "BLOCK_SIZE", 4)
        early = make_transfer(bank.cleo, bank.ben)
        bank.do("hold", transfer=early, at=AT)
        settled = live_a_little(bank, times=6)
        first, second = bank.do("seal", at=AT, most=2)
        bank.do("confirm", id=early.id, by=bank.ben, at=AT)

        rest = []
        while blocks := bank.do("seal", at=AT, most=2):
            rest.extend(blocks)

        sealed = sealed_ids(bank)
        assert sorted(sealed) == sorted([early.id, *settled])
        assert sealed.index(early.id) > second.last
        assert [block.last - block.first + 1 for block in (first, second, *rest)] == [4] * 7 + [3]
        assert bank.see("verify").is_clean

    def test_blocks_from_before_there_were_digests_are_looked_at_leaf_by_leaf(self, bank, monkeypatch):
        settled = live_a_little(bank, times=2)
        with monkeypatch.context() as before:
            before.setattr(sealing.chain, "digest", lambda *_: None)
            bank.do("seal", at=AT)
        live_a_little(bank, times=1)
        (second,) = bank.do("seal", at=AT)

        report = bank.see("verify", heads=[second.head])
        change(bank, "UPDATE transfer SET happened_on = '2026-03-02' WHERE id = {one}", one=settled[3])
        later = bank.see("verify")

        assert report.is_clean
        assert [(one.check, one.row) for one in later.findings] == [(LEAVES, settled[3])]

    def test_a_digest_that_was_taken_away_or_put_in_anew_is_noticed(self, bank):
        live_a_little(bank, times=1)
        bank.do("seal", at=AT)
        change(bank, "SELECT 1")
        with past_the_guards(bank.database) as connection:
            for other in (None, bytes(32)):
                connection.execute(tables.block.update().values(digest=other))
                report = Ledger(connection, bank_id=bank.id).verify()
                assert [one.check for one in report.findings] == [BLOCKS]

    @pytest.mark.parametrize("column", ["happened_on", "kind", "giver_id", "recorded_at"])
    def test_a_value_of_another_kind_that_looks_the_same_is_named(self, sqlite_bank, column):
        """Bytes instead of a text: SQLite keeps them, prints them alike, and finds nothing by them."""
        bank = sqlite_bank
        settled = live_a_little(bank, times=1)
        bank.do("seal", at=AT)
        change(bank, "SELECT 1")

        with past_the_guards(bank.database) as connection:
            connection.exec_driver_sql(
                f"UPDATE transfer SET {column} = CAST({column} AS BLOB) WHERE id = '{settled[0].hex}'"
            )
            findings = Ledger(connection, bank_id=bank.id).verify().findings

        assert (LEAVES, settled[0]) in {(one.check, one.row) for one in findings}

    @pytest.mark.parametrize("ahead", [1, 3, 20_000])
    def test_it_does_not_matter_how_rows_lie(self, bank, monkeypatch, ahead):
        """Transfers that lie far from where they were sealed are looked up, and memory stays as it is."""
        monkeypatch.setattr(history, "AHEAD", ahead)
        monkeypatch.setattr(packed, "AT_ONCE", 2)
        monkeypatch.setattr(sealing, "BLOCK_SIZE", 4)
        settled = live_a_little(bank, times=3)
        chooser = random.Random(3)
        monkeypatch.setattr(sealing.Sealer, "_find_unsealed", lambda sealer: iter(mixed(chooser, sealer, settled)))
        blocks = bank.do("seal", at=AT)
        report = bank.see("verify", heads=[blocks[-1].head])
        change(bank, "UPDATE transfer SET minutes = minutes + 1 WHERE id = {one}", one=settled[4])
        later = bank.see("verify")

        assert report.is_clean
        assert report.unsealed == 0
        assert LEAVES in {one.check for one in later.findings}
        assert settled[4] in {one.row for one in later.findings}


def mixed(chooser: random.Random, sealer: sealing.Sealer, settled: list[UUID]) -> list[UUID]:
    sealer._list_behind()
    return chooser.sample(settled, len(settled))


def plainly(value: Any) -> Any:
    if isinstance(value, UUID | bytes):
        return value.hex() if isinstance(value, bytes) else value.hex
    if isinstance(value, datetime):
        return chain.moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.encode().hex() if isinstance(value, str) and " " in value else value


def try_each(
    bank: Bank, act: Callable[[Connection], str], times: int
) -> tuple[Counter[str], dict[str, str], list[str]]:
    """What was refused all the same, which check first named each deed, and the deeds that none named.

    Whoever does it owns the database, with keys, checks and triggers out of the way; it is found against the code kept outside.
    """
    head = bank.see("head")
    change(bank, "SELECT 1")  # takes the guards away
    refused, named, missed = Counter(), {}, []
    with past_the_guards(bank.database) as connection:
        for place in count():
            if place - refused.total() == times:
                break
            inner = connection.begin_nested()
            try:
                did = act(connection)
            except DatabaseError:  # a key that even an owner runs into
                inner.rollback()
                refused["refused all the same"] += 1
                continue
            findings = Ledger(connection, bank_id=bank.id).verify(heads=[head]).findings
            inner.rollback()
            if findings:
                named[f"{place}: {did}"] = findings[0].check
            else:
                missed.append(did)
    return refused, named, missed


def test_every_tampering_with_the_sealed_past_is_found(database):
    bank = Bank(database)
    people = [bank.ada, bank.ben, bank.cleo, *(bank.open_account() for _ in range(5))]
    chooser = random.Random(11)
    pairs = [chooser.sample(people, 2) for _ in range(TRANSFERS - 10)]
    bank.do("post_many", transfers=[make_transfer(one, two, chooser.randint(1, 200)) for one, two in pairs], at=AT)
    live_a_little(bank, times=2)
    bank.do("seal", at=AT)

    refused, named, missed = try_each(bank, Tamperer(bank, seed=5).tamper, TAMPERS)

    told = dict(Counter(named.values()) + refused)
    sys.stdout.write(f"\n{database.url.get_backend_name()}: {TAMPERS} tamperings, {len(missed)} missed, {told}\n")
    assert missed == []
    assert len(named) == TAMPERS


def test_one_flipped_bit_anywhere_is_named(database):
    """In any value of entries, transfers and the chain: as a tired disk or a careful hand would leave it."""
    bank = Bank(database)
    live_a_little(bank, times=8)
    bank.do("seal", at=AT)

    _, named, missed = try_each(bank, Tamperer(bank, seed=23).flip, FLIPS)

    engine = database.url.get_backend_name()
    sys.stdout.write(f"\n{engine}: {FLIPS} places with a flipped bit, {len(missed)} missed\n")
    assert missed == []
    assert len(named) == FLIPS
    assert {did.split()[1].split(".")[0] for did in named} == {"transfer", "entry", "seal", "block"}
