"""Packed rows: the database writes the characters that ledger.chain.pack does, and they can be read again.

That PostgreSQL's expressions do so is tried on a real one, in tests/ledger/test_sealing.py.
"""

import json
import sqlite3
from contextlib import closing
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import chain
from ledger.packed import ENTRY, FACTS, PLACES, RECORD, as_text, packed, record, say, unpack

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
ROWS = st.fixed_dictionaries(
    {
        "id": st.uuids().map(lambda one: one.hex),
        "minutes": st.integers(-(2**62), 2**62),
        "recorded_at": st.none() | st.datetimes().map(lambda at: at.isoformat(sep=" ", timespec="microseconds")),
        "kind": st.sampled_from(["exchange", "gift"]),
        "reversal_reason": st.none() | WORDS,
        "fingerprint": st.binary(max_size=32),
    }
)
IN_POSTGRESQL = {
    "id": "replace(held.id::text, '-', '')",
    "minutes": "held.minutes::text",
    "recorded_at": "to_char(held.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "kind": "held.kind::text",
    "fingerprint": "encode(held.fingerprint, 'hex')",
}


@given(row=ROWS)
def test_sqlite_packs_a_row_as_the_ledger_does(row):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE held ({', '.join(row)})")
        connection.execute(f"INSERT INTO held VALUES ({', '.join('?' * len(row))})", list(row.values()))
        [[text]] = connection.execute(f"SELECT {packed(row, 'held', postgresql=False)} FROM held")

    fields = [field.hex() if isinstance(field, bytes) else field for field in row.values()]
    assert text == chain.pack(fields)
    assert unpack(text) == [None if field is None else str(field) for field in fields]


@pytest.mark.parametrize(("column", "text"), IN_POSTGRESQL.items())
def test_postgresql_is_asked_for_the_characters_that_sqlite_keeps(column, text):
    assert as_text(column, "held", postgresql=True) == text


def test_postgresql_counts_bytes_and_marks_what_is_missing():
    parts = [f"coalesce(octet_length({text}) || ':' || {text} || ',', '-,')" for text in IN_POSTGRESQL.values()]

    assert packed(IN_POSTGRESQL, "held", postgresql=True) == " || ".join(parts)


def test_what_is_missing_and_what_is_empty_are_told_apart():
    assert unpack("-,0:,4:”-,-,1:7,") == [None, "", "”-", None, "7"]


def test_a_text_that_ends_too_early_is_no_packed_row():
    with pytest.raises(ValueError, match="not found"):
        unpack(UUID(int=0).hex)


TRANSFERS = st.fixed_dictionaries({
    name: {
        "fingerprint": st.binary(max_size=32),
        "reversal_reason": st.none() | WORDS,
        "release_reason": st.none() | WORDS,
        "minutes": st.integers(-(2**62), 2**62),
        "settled_at": st.none() | st.datetimes().map(lambda at: at.isoformat(sep=" ", timespec="microseconds")),
        **{place: st.none() | st.integers(-(2**62), 2**62) for place in ("posted_minutes", *PLACES)},
    }.get(name, st.none() | st.uuids().map(lambda one: one.hex))
    for name in RECORD
})  # fmt: skip


def record_on_sqlite(row):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE transfer ({', '.join(row)})")
        connection.execute(f"INSERT INTO transfer VALUES ({', '.join('?' * len(row))})", list(row.values()))
        return connection.execute(f"SELECT {record(postgresql=False)} FROM transfer").fetchone()[0]


class TestRecord:
    def test_holds_all_there_is_of_a_transfer_but_its_bank(self):
        assert {*RECORD} == {*FACTS, *PLACES} - {"bank_id"}

    @given(row=TRANSFERS)
    def test_is_written_by_sqlite_as_json_in_one_way_only(self, row):
        fields = dict(row) | {"fingerprint": row["fingerprint"].hex()}
        for name in ("reversal_reason", "release_reason"):
            fields[name] = None if row[name] is None else row[name].encode().hex()

        assert record_on_sqlite(row) == json.dumps([fields[name] for name in RECORD], separators=(",", ":"))

    @pytest.mark.parametrize("column", [name for name in RECORD if name != "fingerprint"])
    def test_bytes_that_look_like_a_text_are_no_value_of_a_column(self, column):
        row = dict.fromkeys(RECORD, "7") | {"fingerprint": b"f"}

        assert record_on_sqlite(row) is not None
        assert record_on_sqlite(row | {column: b"7"}) is None

    @pytest.mark.parametrize("column", ["kind", "giver_id", "settled_at"])
    def test_a_text_that_goes_on_where_it_cannot_be_seen_is_another_one(self, column):
        row = dict.fromkeys(RECORD, "7") | {"fingerprint": b"f"}

        assert record_on_sqlite(row | {column: "7\0"}) != record_on_sqlite(row)

    def test_postgresql_is_asked_for_the_same_text(self):
        """That it writes it is tried on a real one, in tests/ledger/test_sealing.py."""
        written = record(postgresql=True)

        assert written.startswith(
            "concat('[', coalesce('\"' || replace(transfer.id::text, '-', '') || '\"', 'null'), ',',"
            " coalesce('\"' || transfer.kind::text || '\"', 'null'), ',', "
        )
        assert ", ',', coalesce(transfer.minutes::text, 'null'), ',', " in written
        assert (
            ", ',', coalesce('\"' || encode(convert_to(transfer.release_reason, 'UTF8'), 'hex') || '\"', 'null'), ',', "
            in written
        )
        assert written.endswith(", ',', coalesce(transfer.receiver_balance::text, 'null'), ']')")
        assert written.count("coalesce(") == len(RECORD)


def test_what_stands_is_said_shortly():
    facts = chain.pack({**dict.fromkeys(FACTS), "state": "posted", "minutes": 60, "happened_on": "2026-03-01"}.values())
    longer = chain.pack(
        {
            **dict.fromkeys(FACTS),
            "state": "posted",
            "minutes": 60,
            "posted_minutes": 45,
            "happened_on": "2026-03-01",
        }.values()
    )
    entry = chain.pack({**dict.fromkeys(ENTRY), "seq": 7, "minutes": 45, "account_id": "ada"}.values())

    assert say(facts, None, None) == "posted, 60 min on 2026-03-01"
    assert say(longer, entry, None) == "posted, 45 min on 2026-03-01; giver's entry 7 of 45 min in ada"
    assert say(longer, None, entry) == "posted, 45 min on 2026-03-01; receiver's entry 7 of 45 min in ada"
