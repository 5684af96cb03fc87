"""The rows of the ledger as they are packed for sealing. The database itself writes the text: it is many times faster at it.

Both databases write the same characters for the same facts (ledger.chain.pack says which), so a bank that moves from one
to the other keeps its sealed history.
"""

from collections.abc import Iterable, Iterator, Sized
from contextlib import closing
from itertools import count
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

FACTS = (
    "id", "bank_id", "kind", "giver_id", "receiver_id", "minutes", "happened_on", "recorded_by", "recorded_at",
    "fingerprint", "reverses_id", "reversal_reason", "group_id", "peer_id", "state", "expires_at", "stopped_at",
    "frozen_at", "posted_minutes", "confirmed_by", "release_reason", "settled_at",
)  # fmt: skip  # where it stands in each account is for the owner of that account: it is in the entries
PLACES = ("giver_seq", "giver_balance", "receiver_seq", "receiver_balance")
RECORD = (*(column for column in FACTS if column != "bank_id"), *PLACES)  # the block says which bank
ENTRY = ("transfer_id", "side", "account_id", "minutes", "balance_after", "seq")

_IDS = frozenset({
    "id", "bank_id", "giver_id", "receiver_id", "recorded_by", "reverses_id", "group_id", "peer_id", "confirmed_by",
    "transfer_id", "account_id",
})  # fmt: skip
_MOMENTS = frozenset({"recorded_at", "expires_at", "stopped_at", "frozen_at", "settled_at", "sealed_at", "until"})
_WORDS = frozenset({"reversal_reason", "release_reason", "kind", "state"})
_WRITTEN = frozenset({"reversal_reason", "release_reason"})
_NUMBERS = frozenset({"minutes", "posted_minutes", *PLACES})
_BYTES = frozenset({"fingerprint"})
AT_ONCE = 1000
_STREAMS = count(1)  # several long answers may be read by turns


def is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def as_text(column: str, table: str, *, postgresql: bool) -> str:
    """One column as the characters that are packed."""
    name = f"{table}.{column}"
    if not postgresql:
        return f"lower(hex({name}))" if column in _BYTES else name
    if column in _IDS:
        return f"replace({name}::text, '-', '')"
    if column in _MOMENTS:
        return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    if column in _BYTES:
        return f"encode({name}, 'hex')"
    return f"{name}::text"


def packed(columns: Iterable[str], table: str, *, postgresql: bool) -> str:
    """An expression for all of them, as ledger.chain.pack writes them."""
    parts = []
    for column in columns:
        text = as_text(column, table, postgresql=postgresql)
        length = f"octet_length({text})" if postgresql else f"length({text})"
        if column in _WORDS and not postgresql:
            length = f"length(CAST({text} AS BLOB))"
        parts.append(f"coalesce({length} || ':' || {text} || ',', '-,')")
    return " || ".join(parts)


def settled(*, postgresql: bool, where: str, more: str = "") -> str:
    """A SELECT of id, packed facts, and each side's packed entry (null without one), then `more`."""
    entries = [
        f"CASE WHEN {side}.seq IS NOT NULL THEN {packed(ENTRY, side, postgresql=postgresql)} END"
        for side in ("giver", "receiver")
    ]
    return (
        f"SELECT {as_text('id', 'transfer', postgresql=postgresql)}, {packed(FACTS, 'transfer', postgresql=postgresql)},"
        f" {entries[0]}, {entries[1]}{more} FROM transfer"
        " LEFT JOIN entry AS giver ON giver.account_id = transfer.giver_id AND giver.seq = transfer.giver_seq"
        " LEFT JOIN entry AS receiver ON receiver.account_id = transfer.receiver_id AND receiver.seq = transfer.receiver_seq"
        f" WHERE {where}"
    )


def record(*, postgresql: bool) -> str:
    """All of a transfer as one text, for the digest of its block: the fields of RECORD as a JSON array writes them.

    Words that people wrote are in hexadecimal, so there is nothing to escape and one way only to write it. SQLite answers
    null where a value is of a kind that no column has (bytes that look like a text).
    """
    if postgresql:
        texts = (as_text(column, "transfer", postgresql=True) for column in RECORD)
        values = [_in_json(column, text) for column, text in zip(RECORD, texts, strict=True)]
        return "concat('[', " + ", ',', ".join(values) + ", ']')"
    watched = [f"transfer.{column}" for column in RECORD if column not in _BYTES]
    values = [_FOR_JSON.get(column, "{0}").format(f"transfer.{column}") for column in RECORD]
    is_bytes = " OR ".join(f"{one} >= x''" for one in watched)  # SQLite orders values by their kind, bytes last
    return f"CASE WHEN {is_bytes} THEN NULL ELSE json_array({', '.join(values)}) END"


_IN_HEX = "CASE WHEN {0} IS NOT NULL THEN lower(hex({0})) END"
_FOR_JSON = {"fingerprint": "lower(hex({0}))", "reversal_reason": _IN_HEX, "release_reason": _IN_HEX}


def _in_json(column: str, text: str) -> str:
    if column in _WRITTEN:
        text = f"encode(convert_to(transfer.{column}, 'UTF8'), 'hex')"
    quoted = f"'\"' || {text} || '\"'" if column not in _NUMBERS else text
    return f"coalesce({quoted}, 'null')"


def unpack(text: str) -> list[str | None]:
    """The fields of a packed text. The lengths are of bytes, not of characters."""
    data, place = text.encode(), 0
    fields: list[str | None] = []
    while place < len(data):
        if data[place : place + 2] == b"-,":
            fields.append(None)
            place += 2
            continue
        colon = data.index(b":", place)
        end = colon + 1 + int(data[place:colon])
        fields.append(data[colon + 1 : end].decode())
        place = end + 1
    return fields


def say(facts: str, giver: str | None, receiver: str | None) -> str:
    """What stands there, short enough to be read."""
    stands = dict(zip(FACTS, unpack(facts), strict=True))
    said = [f"{stands['state']}, {stands['posted_minutes'] or stands['minutes']} min on {stands['happened_on']}"]
    for name, text in (("giver", giver), ("receiver", receiver)):
        if text is not None:
            entry = dict(zip(ENTRY, unpack(text), strict=True))
            said.append(f"{name}'s entry {entry['seq']} of {entry['minutes']} min in {entry['account_id']}")
    return "; ".join(said)


def stream(connection: Connection, statement: str, values: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows of a long answer, whichever database: memory stays flat. Marks are `?`."""
    for chunk in chunks(connection, statement, values):
        yield from chunk


def chunks(connection: Connection, statement: str, values: Iterable[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
    """The same, a thousand rows at a time."""
    driver = connection.connection.driver_connection
    assert driver is not None
    if is_postgresql(connection):
        cursor = driver.cursor(name=f"ledger_stream_{next(_STREAMS)}", scrollable=False)
        cursor.itersize = AT_ONCE
        statement = statement.replace("%", "%%").replace("?", "%s")
    else:
        cursor = driver.cursor()
    driver_error = connection.dialect.loaded_dbapi.Error
    with closing(cursor):
        try:
            cursor.execute(statement, tuple(values))
            while rows := cursor.fetchmany(AT_ONCE):
                yield rows
        except driver_error as error:
            raise DBAPIError.instance(statement, None, error, driver_error) from error


def word(connection: Connection, one: Any) -> Any:
    """An id as the driver takes it."""
    return one if is_postgresql(connection) else one.hex


def marks(values: Sized) -> str:
    """For a list of values in a statement."""
    return ", ".join("?" * len(values))
