"""Packed rows: the database writes the characters that ledger.chain.pack does, and they can be read again.

That PostgreSQL's expressions do so is tried on a real one, in tests/ledger/test_sealing.py.
"""

import sqlite3
from contextlib import closing
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import chain
from ledger.packed import as_text, packed, unpack

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
