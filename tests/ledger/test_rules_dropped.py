"""Each rule of the database is taken away in turn, and an attack that was refused gets through: none is untested or idle.

The rules are read from the database itself, so a rule that comes without an attack fails here.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

import psycopg
import pytest

from tests.ledger.attacks import ACCOUNTS, ROWS, attacks_on
from tests.ledger.conditions import terms, without_term
from tests.ledger.victim import Victim
from tests.races import tell
from timebank.db import Database

LEDGER = tuple(ROWS)
GetsThrough = Callable[[list[str]], bool]

# Rules that another one stands in for, and why they are kept. They are taken away together with those that stand in.
STOOD_IN_FOR = {
    "sqlite": {
        # The keys are how rows are found; the triggers refuse to replace a row, which a key alone would allow.
        "pk_account": ("account_comes_once",),
        "pk_transfer": ("transfer_begins: transfer rows are never replaced",),
        "uq_transfer_live_reversal": ("transfer_begins: transfer rows are never replaced",),
        "pk_entry": ("entry_follows_the_last: an entry follows the account's last one",),
        # A transfer is found by its id; its place in an account belongs to no other one.
        "entry_follows_the_last: id = NEW.transfer_id": (
            "entry_follows_the_last: an entry follows the account's last one",
        ),
        "pk_waiver": ("waiver_comes_once",),
        "pk_period": ("period_comes_once",),
        "pk_block": ("block_comes_once",),
        "pk_seal": ("seal_comes_once",),
        "uq_seal_transfer_id": ("seal_comes_once",),
        # What a mirror says twice, so that it can be read alone: an account is in one bank, and only hours that are posted
        # have a posted length.
        "transfer_begins: original.bank_id = NEW.bank_id": (
            "transfer_begins: both accounts of a transfer are in its bank",
        ),
        "transfer_begins: original.state = 'posted'": ("transfer_begins: original.posted_minutes = NEW.minutes",),
    },
    "postgresql": {
        # Emptying it empties what hangs on it, and that refuses, as long as something hangs on it: in the ledger, and
        # where members stand, whose accounts they are.
        "account_is_never_emptied": (
            "waiver_is_never_emptied",
            "audit_event_is_never_emptied",
            "concern_is_not_emptied",
            "concern_text_is_not_emptied",
            "concern_step_is_not_emptied",
            "concern_let_go_is_not_emptied",
            "concern_asked_is_not_emptied",
            "helpline_check_is_not_emptied",
            "consent_is_never_emptied",
            "weighty_act_is_never_emptied",
        ),
    },
}


class Rules(Protocol):
    """The rules of the ledger's tables, by name, as they stand in a database."""

    names: list[str]

    def without(self, *dropped: str) -> AbstractContextManager[GetsThrough]:
        """A copy with these taken away, and what hangs on them: whether the statements of an attack get through in it."""


class SqliteRules:
    """The ledger's tables made anew in memory, with or without a rule, and the victim's rows put into them."""

    def __init__(self, database: Database) -> None:
        marks = ", ".join("?" * len(LEDGER))
        made = f"SELECT name, sql FROM sqlite_master WHERE tbl_name IN ({marks}) AND "
        with closing(sqlite3.connect(str(database.url.database))) as source:
            self.tables = {name: Pieces(sql) for name, sql in source.execute(made + "type = 'table'", LEDGER)}
            self.unique = dict(
                source.execute(made + "type = 'index' AND sql LIKE 'CREATE UNIQUE INDEX %'", LEDGER).fetchall()
            )
            self.triggers = dict(source.execute(made + "type = 'trigger'", LEDGER).fetchall())
            self.rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in LEDGER}
        self.terms: dict[str, tuple[str, str, str, int]] = {}
        for owner, condition, refuses in self._conditions():
            for term, nothing in terms(condition, refuses=refuses):
                alike = sum(one[:2] == (owner, term) for one in self.terms.values())
                name = f"{owner}: {' '.join(term.split())}" + (f" ({alike + 1})" if alike else "")
                self.terms[name] = (owner, term, nothing, alike)
        self.names = [
            *(name for table in self.tables.values() for name in table.rules),
            *self.unique,
            *self.triggers,
            *(f"{name}: {says}" for name, sql in self.triggers.items() for says in branches(sql)),
            *self.terms,
        ]

    def _conditions(self) -> Iterator[tuple[str, str, bool]]:
        """What each check asks for, and what each trigger refuses."""
        for table in self.tables.values():
            for name, sql in table.rules.items():
                if asked := re.search(r" CHECK \((.*)\)$", sql, re.DOTALL):
                    yield name, asked[1], False
        for name, sql in self.triggers.items():
            if refused := re.search(r"\sWHEN (.*?)\s+BEGIN SELECT RAISE", sql, re.DOTALL):
                yield name, refused[1], True
            yield from ((name, found[1].strip(), True) for found in BRANCH.finditer(sql.partition("SELECT CASE")[2]))

    def _weakened(self, owner: str, sql: str, dropped: tuple[str, ...]) -> str:
        for whose, term, nothing, place in (self.terms[rule] for rule in dropped if rule in self.terms):
            sql = without_term(sql, term, nothing, place=place) if whose == owner else sql
        return sql

    @contextmanager
    def without(self, *dropped: str) -> Iterator[GetsThrough]:
        copies: list[sqlite3.Connection] = []

        def gets_through(statements: list[str]) -> bool:
            copy = copies[-1] if copies else self._copy(dropped)
            copies[:] = [copy]
            try:
                for statement in ("BEGIN", *statements, "COMMIT"):
                    copy.execute(statement)
            except sqlite3.DatabaseError:
                if copy.in_transaction:
                    copy.execute("ROLLBACK")
                return False
            copies.pop().close()  # deferred links are looked at by a commit only, after which there is no way back
            return True

        yield gets_through
        for copy in copies:
            copy.close()

    def _copy(self, dropped: tuple[str, ...]) -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        keys = [pieces.key(name) for pieces in self.tables.values() for name in dropped if name in pieces.rules]
        for table, pieces in self.tables.items():
            weakened = {name: self._weakened(name, sql, dropped) for name, sql in pieces.rules.items()}
            copy.execute(pieces.put_together(weakened, dropped, keys))
            for row in self.rows[table]:
                copy.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        for name, sql in (self.unique | self.triggers).items():
            if name not in dropped:
                weakened = self._weakened(name, sql, dropped)
                copy.execute(without_branches(weakened, [rule.removeprefix(f"{name}: ") for rule in dropped]))
        # The triggers are not recursive here, as on any connection that did not ask for it.
        copy.execute("PRAGMA foreign_keys=ON")
        return copy


class Pieces:
    """The statement that makes a table on SQLite, taken apart: its columns, and its constraints by name."""

    def __init__(self, sql: str) -> None:
        taken = re.fullmatch(r"CREATE TABLE (\w+) \(\n\t(.*)\n\)(.*)", sql, re.DOTALL)
        assert taken, sql
        self.table, self.end = taken[1], taken[3]
        pieces = taken[2].split(", \n\t")
        self.columns = [piece for piece in pieces if not piece.startswith("CONSTRAINT ")]
        self.rules = {piece.split()[1]: piece for piece in pieces if piece.startswith("CONSTRAINT ")}

    def key(self, rule: str) -> str:
        """What links to this key are written with."""
        columns = re.search(r"(?:PRIMARY KEY|UNIQUE) (\(.*\))$", self.rules[rule])
        return f"REFERENCES {self.table} {columns[1]}" if columns else f"no link to {rule}"

    def put_together(self, rules_now: dict[str, str], dropped: tuple[str, ...], keys: list[str]) -> str:
        rules = [sql for name, sql in rules_now.items() if name not in dropped and not any(key in sql for key in keys)]
        end = self.end if any(" PRIMARY KEY " in rule for rule in rules) else ""
        return f"CREATE TABLE {self.table} ({', '.join(self.columns + rules)}){end}"


BRANCH = re.compile(r"WHEN ((?:(?!THEN RAISE).)*)THEN RAISE\(ABORT, 'ledger: ((?:[^']|'')*)'\)\s*", re.DOTALL)


def branches(trigger: str) -> dict[str, str]:
    """The refusals of a trigger that keeps several rules, by what they say."""
    _, _, choices = trigger.partition("SELECT CASE")
    return {found[2].replace("''", "'"): found[0] for found in BRANCH.finditer(choices)}


def without_branches(sql: str, dropped: list[str]) -> str:
    for says, branch in branches(sql).items():
        if says in dropped:
            sql = sql.replace(branch, "")
    return sql


class PostgresqlRules:
    """The victim's own database: a rule is dropped in a transaction, and what was done in it is rolled back."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        tables = ", ".join(f"'{table}'::regclass" for table in LEDGER)
        self.drops = {
            name: statement
            for find in (CONSTRAINTS, UNIQUE_INDEXES, TRIGGERS)
            for name, statement in self.connection.execute(find.format(tables=tables))
        }
        elsewhere = self.connection.execute(TRIGGERS_ELSEWHERE.format(tables=tables)).fetchall()
        for trigger, function in self.connection.execute(FUNCTIONS.format(tables=tables)).fetchall():
            refusals = list(CASE.finditer(function))
            if len(refusals) > 1:
                self.drops |= {
                    f"{trigger}: {found[1]}": function.replace(found[0], "WHEN FALSE THEN '' ") for found in refusals
                }
        self.names = list(self.drops)
        self.drops |= dict(elsewhere)
        self.connection.rollback()

    @contextmanager
    def without(self, *dropped: str) -> Iterator[GetsThrough]:
        for rule in dropped:
            self.connection.execute(self.drops[rule])
        yield self._gets_through
        self.connection.rollback()

    def _gets_through(self, statements: list[str]) -> bool:
        try:
            self.connection.execute("; ".join(("SAVEPOINT attack", *statements, "SET CONSTRAINTS ALL IMMEDIATE")))
        except psycopg.Error:
            return False
        else:
            return True
        finally:
            self.connection.execute("ROLLBACK TO SAVEPOINT attack")


CONSTRAINTS = """SELECT conname, format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname)
    FROM pg_constraint WHERE conrelid IN ({tables}) AND contype <> 'n'"""
UNIQUE_INDEXES = """SELECT relname, format('DROP INDEX %I', relname) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid IN ({tables}) AND indisunique AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"""
TRIGGERS = """SELECT tgname, format('DROP TRIGGER %I ON %I', tgname, tgrelid::regclass)
    FROM pg_trigger WHERE tgrelid IN ({tables}) AND NOT tgisinternal"""
TRIGGERS_ELSEWHERE = TRIGGERS.replace("tgrelid IN", "tgrelid NOT IN")
FUNCTIONS = """SELECT tgname, pg_get_functiondef(tgfoid)
    FROM pg_trigger WHERE tgrelid IN ({tables}) AND NOT tgisinternal"""
CASE = re.compile(r"WHEN (?:(?!THEN ').)*THEN '((?:[^']|'')*)'\s*", re.DOTALL)


@dataclass
class Trial:
    """All attacks on the rules of one database."""

    rules: Rules
    attacks: dict[str, list[str]]
    tried: int = 0

    def refused_without(self, *dropped: str) -> list[str]:
        with self.rules.without(*dropped) as gets_through:
            return [name for name in self.attacks if not self._try(name, gets_through)]

    def find_gap(self, *dropped: str, among: Iterable[str]) -> str | None:
        """The first of these attacks that gets through."""
        with self.rules.without(*dropped) as gets_through:
            return next((name for name in among if self._try(name, gets_through)), None)

    def _try(self, name: str, gets_through: GetsThrough) -> bool:
        self.tried += 1
        return gets_through(self.attacks[name])


def test_without_any_one_of_its_rules_the_database_lets_an_attack_through(database):
    engine = database.url.get_backend_name()
    stood_in_for = STOOD_IN_FOR[engine]
    victim = Victim(database)
    with reading_rules(database) as rules:
        trial = Trial(rules, {name: victim.spell(attack) for name, attack in attacks_on(engine).items()})

        assert set(stood_in_for) <= set(rules.names)
        assert trial.refused_without() == list(trial.attacks)
        alone = {rule: trial.find_gap(rule, among=trial.attacks) for rule in rules.names}
        together = {
            rule: trial.find_gap(rule, *others, among=trial.refused_without(*others))
            for rule, others in stood_in_for.items()
        }

    tell(f"{engine}: {len(rules.names)} rules taken away, {trial.tried} attacks tried")
    assert {rule for rule, gap in alone.items() if gap is None} == set(stood_in_for)
    assert [rule for rule, gap in together.items() if gap is None] == []
    assert len(rules.names) >= len(LEDGER) * 8


def test_a_rule_that_nothing_attacks_is_noticed(database):
    """The test above has to fail for a rule without an attack, whichever kind of rule it is."""
    victim = Victim(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX uq_block_sealed_at ON block (bank_id, sealed_at, hash)")
    with reading_rules(database) as rules:
        trial = Trial(rules, {"an account is deleted": victim.spell(ACCOUNTS["an account is deleted"])})

        assert "uq_block_sealed_at" in rules.names
        assert trial.find_gap("uq_block_sealed_at", among=trial.attacks) is None
        assert trial.find_gap("account_is_never_deleted", among=trial.attacks) == "an account is deleted"


@pytest.mark.parametrize(
    ("condition", "refuses", "found"),
    [
        ("a > 0 AND (b IN ('x AND y', 'z') OR c)", False, ["a > 0", "(b IN ('x AND y', 'z') OR c)"]),
        ("a IS NULL OR (b AND c)", False, ["b", "c"]),
        ("a = (b OR c)", True, ["b", "c"]),
        ("a AND (b OR c)", True, ["b", "c"]),
        ("a AND EXISTS (SELECT 1 FROM t WHERE b AND c)", True, []),
        ("a OR NOT EXISTS (SELECT 1 FROM t WHERE b AND c)", True, ["a", "NOT EXISTS (SELECT 1 FROM t WHERE b AND c)", "b", "c"]),
    ],
)  # fmt: skip
def test_the_terms_of_a_condition_are_those_whose_loss_lets_more_through(condition, refuses, found):
    assert [term for term, _ in terms(condition, refuses=refuses)] == found


@contextmanager
def reading_rules(database: Database) -> Iterator[Rules]:
    if database.is_sqlite:
        yield SqliteRules(database)
        return
    connection = psycopg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False))
    with closing(connection):
        yield PostgresqlRules(connection)
