"""Raw SQL that tries to change history, on both databases: each is refused, at the commit at the latest."""

import pytest
from sqlalchemy import BigInteger, Date, LargeBinary, SmallInteger, String, Text, Uuid
from sqlalchemy.exc import DatabaseError

from ledger.tables import UtcDateTime, metadata
from tests.ledger.attacks import A_RULE, KEPT, LATER, REPLACEMENTS, ROWS, attacks_on, change, insert, posted
from tests.ledger.victim import Victim
from timebank.db import Database
from timebank.migrating import CHANGES


def test_every_attack_is_refused_and_leaves_no_trace(database):
    victim = Victim(database)
    attacks = attacks_on(database.url.get_backend_name())
    before = victim.rows()
    refused = []

    for name, statements in attacks.items():
        with pytest.raises(DatabaseError, match=A_RULE):
            victim.attack(statements)
        assert victim.rows() == before, name
        refused.append(name)

    assert refused == list(attacks)
    assert len(attacks) >= 120
    assert victim.see("verify").is_clean


def test_what_is_to_be_attacked_is_there(database):
    """Else an attack on what is kept beside the entries would be an attack on nothing."""
    rows = Victim(database).rows()

    assert all(len(rows[table]) >= 1 for table in KEPT)


def test_what_the_attacks_are_made_of_would_pass_without_the_lie(database):
    """Else a slip of the pen in the attacks would look like a refusal."""
    victim = Victim(database)

    victim.attack(
        posted()
        + change("account", "id = {ada}", posted="posted + 60", seq="seq + 1")
        + change("account", "id = {ben}", posted="posted - 60", seq="seq + 1")
    )  # fmt: skip
    assert victim.see("verify").is_clean
    assert victim.posted(victim.ada) == 120
    for table in set(ROWS) - {"transfer", "entry"}:
        victim.attack(insert(table, **({"id": "{other_new}"} if table == "account" else {})))


def test_replacing_is_refused_where_sqlite_would_delete_unseen(sqlite_copies):
    """INSERT OR REPLACE deletes without asking the triggers, on a connection whose triggers are not recursive."""
    database = Database(sqlite_copies.url())
    victim = Victim(database)
    before = victim.rows()

    for name, statements in REPLACEMENTS.items():
        with pytest.raises(DatabaseError, match=A_RULE):
            victim.attack("PRAGMA recursive_triggers=OFF; " + statements)
        assert victim.rows() == before, name

    sqlite_copies.discard(database)


# An agreement with an organisation may be renewed, by whoever owns the database: the app's role may not (test_role).
RENEWED = {"account": ("hard_floor",)}
ANOTHER = {
    Uuid: "{new}", BigInteger: "{column} + 1", SmallInteger: "-{column}", LargeBinary: "{print}", Text: "'another'",
    String: "'another'", Date: "'2026-01-01'", UtcDateTime: LATER,
}  # fmt: skip


def test_whatever_is_not_said_to_change_stays_as_it_is(database):
    """Read from the tables themselves: a column that is added is kept, or named among those that change."""
    victim = Victim(database)
    before = victim.rows()
    tried = 0

    for name in ("account", "transfer", "entry", *KEPT):
        waiting = (
            " WHERE state = 'pending'" if name == "transfer" else ""
        )  # what is settled keeps the other columns too
        changing = (*CHANGES.get(name, ()), *RENEWED.get(name, ()))
        for column in (one for one in metadata.tables[name].c if one.name not in changing):
            another = ANOTHER[type(column.type)].replace("{column}", column.name)
            with pytest.raises(DatabaseError, match=A_RULE):
                victim.attack(f"UPDATE {name} SET {column.name} = {another}" + waiting)
            tried += 1

    assert victim.rows() == before
    assert tried >= 45
