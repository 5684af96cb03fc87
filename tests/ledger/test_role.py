"""Two roles on PostgreSQL: the owner migrates; the app does all that the ledger does, and can do nothing else to its rows."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import make_url, text
from sqlalchemy.exc import DatabaseError

from ledger import Ledger
from ledger.tables import metadata as ledger_metadata
from tests.databases import PostgresCopies
from tests.ledger.attacks import (
    A_RULE,
    ATTACKS,
    KEPT,
    LONG_AGO,
    POSTGRESQL_ATTACKS,
    change_transfer,
    confirmed,
    entry,
    insert,
    posted,
    reversal,
    waiting,
)
from tests.ledger.making import AT, COORDINATOR, make_transfer
from tests.ledger.victim import Victim
from timebank import migrating
from timebank.cli import main
from timebank.db import Database
from timebank.tables import metadata as app_metadata

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")

# What only whoever owns the tables may do; the rules would be gone after it.
ON_THE_RULES = {
    "a trigger is dropped": "DROP TRIGGER entry_is_never_changed ON entry",
    "triggers are switched off": "ALTER TABLE entry DISABLE TRIGGER ALL",
    "triggers are switched off for a session": "SET session_replication_role = replica",
    "a constraint is dropped": "ALTER TABLE transfer DROP CONSTRAINT ck_transfer_minutes",
    "a table is dropped": "DROP TABLE entry CASCADE",
    "a function of the rules is replaced": (
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW\\; END'"
    ),
    "a trigger is added": (
        "CREATE TRIGGER aaa BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "a rule is added": "CREATE RULE aaa AS ON INSERT TO entry DO INSTEAD NOTHING",
    "the app becomes the owner": "SET ROLE {owner}",
    "the migration is said to be another": "UPDATE alembic_version SET version_num = '0001'",
    "a floor is taken away": "UPDATE account SET hard_floor = NULL WHERE id = {partner}",
    "an entry is written": entry(),
    "an entry is written from a trigger of the app's": (
        "CREATE TEMPORARY TABLE mine (one int); CREATE FUNCTION pg_temp.forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        + entry()
        + "RETURN NULL; END $$; CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH STATEMENT"
        " EXECUTE FUNCTION pg_temp.forge(); INSERT INTO mine VALUES (1); "
    ),
    "our own trigger is put on a table of the app's": (
        "CREATE TEMPORARY TABLE mine (LIKE transfer); CREATE TRIGGER forge AFTER INSERT ON mine REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfers_begin()"
    ),
}
# A table of the app's own that stands before the real one: what is asked of it would say whatever the app wants.
IN_FRONT = {
    "entries": "CREATE TEMPORARY TABLE entry (LIKE public.entry); " + posted(giver_seq="5"),
    "accounts": (
        "CREATE TEMPORARY TABLE account AS SELECT id, {bank}::uuid AS bank_id FROM public.account; "
        + waiting(receiver_id="{stranger}")
    ),
    "periods": "CREATE TEMPORARY TABLE period (LIKE public.period); " + posted(settled_at=LONG_AGO),
    "periods, when hours are confirmed": (
        "CREATE TEMPORARY TABLE period (LIKE public.period); "
        + change_transfer("held", **confirmed(settled_at=LONG_AGO))
    ),
    "transfers": ("CREATE TEMPORARY TABLE transfer (LIKE public.transfer); " + insert("seal", transfer_id="{new}")),
    "what is reversed": (
        "CREATE TEMPORARY TABLE transfer AS SELECT * FROM public.transfer; UPDATE pg_temp.transfer SET posted_minutes = 30; "
        + reversal(minutes="30").replace("INTO transfer", "INTO public.transfer")
    ),
}


@dataclass(frozen=True)
class Roles:
    owner_url: str
    app_url: str
    keys: Path

    def run(self, *words: str, **settings: str) -> Result:
        urls = {"TIMEBANK_DATABASE_URL": self.app_url, "TIMEBANK_OWNER_DATABASE_URL": self.owner_url}
        return CliRunner().invoke(main, list(words), env={"TIMEBANK_KEYS": str(self.keys), **urls, **settings})


@contextmanager
def two_roles(copies: PostgresCopies, name: str, keys: Path) -> Iterator[Roles]:
    """Two roles and a database of the owner's, which `timebank migrate` has been run on."""
    owner, app, place = f"owner_{name}", f"app_{name}", f"shared_{name}"
    for role in (owner, app):
        copies._execute(f"CREATE ROLE {role} LOGIN")
    copies._execute(f"CREATE DATABASE {place} OWNER {owner}")
    url = make_url(copies.pattern.format(place))
    made = Roles(*(url.set(username=role).render_as_string(hide_password=False) for role in (owner, app)), keys)
    answer = made.run("migrate")
    assert answer.exit_code == 0, answer.output
    yield made
    copies._execute(f"DROP DATABASE {place} WITH (FORCE)")
    for role in (app, owner):
        copies._execute(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def roles(postgres_copies, worker, tmp_path_factory) -> Iterator[Roles]:
    with two_roles(postgres_copies, worker, tmp_path_factory.mktemp("keys") / "keys") as made:
        yield made


@pytest.fixture
def app(roles: Roles) -> Iterator[Database]:
    with closing(Database(roles.app_url)) as database:
        yield database


def rights_of_app(app: Database) -> dict[str, set[str]]:
    with app.engine.connect() as connection:
        return {
            table: {
                right
                for right in RIGHTS
                if connection.scalar(
                    text("SELECT has_table_privilege(quote_ident(:table), :right)"), {"table": table, "right": right}
                )
            }
            for table in (*ledger_metadata.tables, *app_metadata.tables, "alembic_version")
        }


class TestAttacks:
    def test_every_attack_is_refused_to_the_app(self, roles, app):
        victim = Victim(app)
        before = victim.rows()
        attacks = ATTACKS | POSTGRESQL_ATTACKS

        for name, statements in attacks.items():
            with pytest.raises(DatabaseError, match=rf"{A_RULE}|permission denied"):
                victim.attack(statements)
            assert victim.rows() == before, name

        assert len(attacks) >= 120

    def test_nothing_written_once_is_even_touched(self, app):
        victim = Victim(app)
        touches = [
            f"{act} {table}{more}".replace("{column}", "transfer_id" if table == "entry" else "bank_id")
            for table in ("entry", *KEPT)
            for act, more in (("DELETE FROM", ""), ("TRUNCATE", " CASCADE"), ("UPDATE", " SET {column} = {column}"))
        ]

        for touch in (*touches, "DELETE FROM transfer", "DELETE FROM account", "DELETE FROM sealed_account"):
            with pytest.raises(DatabaseError, match="permission denied"):
                victim.attack(touch)

    def test_the_rules_cannot_be_taken_away(self, roles, app):
        victim = Victim(app)
        owner = str(make_url(roles.owner_url).username)

        for statement in ON_THE_RULES.values():
            with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
                run_as(app, victim.fill_in(statement.replace("{owner}", owner)))
        assert victim.see("verify").is_clean

    def test_a_table_that_stands_in_front_of_another_is_not_asked(self, app):
        victim = Victim(app)

        for statements in IN_FRONT.values():
            with pytest.raises(DatabaseError, match=A_RULE):
                run_as(app, victim.fill_in(statements))
        assert victim.see("verify").is_clean


def run_as(app: Database, statement: str) -> None:
    with app.engine.begin() as connection:
        connection.exec_driver_sql(statement)


ACTS: dict[str, Callable[[Victim], object]] = {
    "open_account": lambda bank: bank.do("open_account", id=uuid4(), kind="member"),
    "get_account": lambda bank: bank.see("get_account", id=bank.ada),
    "close_account": lambda bank: bank.do("close_account", id=bank.ids["dora"]),
    "reopen_account": lambda bank: bank.do("reopen_account", id=bank.ids["dora"]),
    "pause_account": lambda bank: bank.do("pause_account", id=bank.ada, at=AT),
    "resume_account": lambda bank: bank.do("resume_account", id=bank.ada, at=AT + timedelta(days=1)),
    "list_waivers": lambda bank: bank.see("list_waivers", account=bank.ids["late"]),
    "post": lambda bank: bank.do("post", transfer=make_transfer(bank.ada, bank.ben), at=AT),
    "post_many": lambda bank: bank.do(
        "post_many", transfers=[make_transfer(bank.ada, bank.ben), make_transfer(bank.ben, bank.cleo)], at=AT
    ),
    "hold": lambda bank: bank.do("hold", transfer=make_transfer(bank.ada, bank.ben), at=AT, expires_at=AT),
    "expire_due": lambda bank: bank.do("expire_due", at=AT),
    "unfreeze": lambda bank: bank.do("unfreeze", id=bank.ids["frozen"], at=AT),
    "freeze": lambda bank: bank.do("freeze", id=bank.ids["frozen"], at=AT),
    "confirm": lambda bank: bank.do("confirm", id=bank.ids["held"], by=bank.ben, at=AT, minutes=20),
    "release": lambda bank: bank.do("release", id=bank.ids["timed"], reason="not today", at=AT),
    "release_waiting": lambda bank: bank.do("release_waiting", account=bank.ids["gus"], reason="left", at=AT),
    "reverse": lambda bank: bank.do("reverse", id=bank.ids["posted"], reversal_id=uuid4(), reason="wrong", at=AT),
    "reverse_many": lambda bank: bank.do(
        "reverse_many", reversals={bank.ids["waived"]: uuid4()}, reason="wrong", at=AT
    ),
    "close_period": lambda bank: bank.do("close_period", until=AT - timedelta(days=1), by=COORDINATOR, at=AT),
    "seal": lambda bank: bank.do("seal", at=AT),
    "head": lambda bank: bank.see("head"),
    "prove": lambda bank: bank.see("prove", id=bank.ids["posted"], account=bank.ada),
    "get": lambda bank: bank.see("get", id=bank.ids["posted"]),
    "balance": lambda bank: bank.see("balance", account=bank.ada),
    "entries": lambda bank: bank.see("entries", account=bank.ada),
    "statement": lambda bank: bank.see("statement", account=bank.ada, since=None, until=None),
    "verify": lambda bank: bank.see("verify"),
}


class TestActs:
    def test_everything_the_ledger_does_it_may_do(self, app):
        bank = Victim(app)

        for act in ACTS.values():
            act(bank)

        assert set(ACTS) == {name for name in vars(Ledger) if not name.startswith("_")}
        assert bank.see("verify").is_clean

    def test_the_commands_work_too(self, postgres_copies, worker, tmp_path):
        with two_roles(postgres_copies, f"commands_{worker}", tmp_path / "keys") as roles:
            for words in (
                ("new-bank", "Elm Street"),
                ("add-coordinator", "Grace"),
                ("work", "--once"),
                ("export", "csv", "-o", str(tmp_path / "hours.csv")),
                ("backup", str(tmp_path / "backup")),
                ("verify",),
            ):
                answer = roles.run(*words)
                assert answer.exit_code == 0, (words, answer.output)


class TestRights:
    def test_the_app_has_what_it_needs_and_no_more(self, app):
        rights = rights_of_app(app)

        for table in ledger_metadata.tables:
            locks = {"MAINTAIN"} if table == "transfer" else set()
            writes = set() if table == "entry" else {"INSERT"}  # the database itself writes entries
            assert rights[table] == {"SELECT"} | writes | locks, table
        for table in app_metadata.tables:
            changes = set() if table in migrating.APPEND_ONLY else {"UPDATE", "DELETE"}
            assert rights[table] == {"SELECT", "INSERT"} | changes, table
        assert rights["alembic_version"] == {"SELECT"}

    def test_migrating_again_takes_back_what_somebody_gave_it(self, roles, app):
        before = rights_of_app(app)
        with closing(Database(roles.owner_url)) as owner, owner.engine.begin() as connection:
            connection.exec_driver_sql(f"GRANT ALL ON entry, transfer TO {make_url(roles.app_url).username}")
        assert rights_of_app(app) != before

        answer = roles.run("migrate")

        assert answer.exit_code == 0, answer.output
        assert rights_of_app(app) == before

    def test_the_owner_alone_keeps_its_own_rights(self, roles, app):
        answer = roles.run("migrate", TIMEBANK_DATABASE_URL=roles.owner_url)

        assert answer.exit_code == 0, answer.output
        with closing(Database(roles.owner_url)) as owner:
            assert rights_of_app(owner)["entry"] == set(RIGHTS)

    def test_before_postgresql_17_a_period_can_be_closed_too(self, roles, monkeypatch):
        """There is no right to lock a table there but the right to change it; the triggers still refuse."""
        with closing(Database(roles.owner_url)) as owner, closing(Database(roles.app_url)) as app:
            with owner.engine.connect():  # it asks for the version when it connects for the first time
                monkeypatch.setattr(owner.engine.dialect, "server_version_info", (16, 9))
            migrating.let_app_in(owner, app)
            rights = rights_of_app(app)["transfer"]
            bank = Victim(app)
            with pytest.raises(DatabaseError, match="ledger: "):
                bank.attack(ATTACKS["the minutes of a waiting transfer is changed"])

        assert rights == {"SELECT", "INSERT", "UPDATE"}
        assert roles.run("migrate").exit_code == 0


class TestMistakes:
    def test_two_databases_are_refused(self, roles, postgres_copies):
        other = make_url(postgres_copies.url()).set(username=make_url(roles.app_url).username)

        answer = roles.run("migrate", TIMEBANK_DATABASE_URL=other.render_as_string(hide_password=False))

        assert (answer.exit_code, answer.stderr.strip()) == (2, migrating.OtherDatabase().sentence)

    def test_an_owner_beside_a_sqlite_file_is_refused(self, roles, tmp_path):
        answer = roles.run("migrate", TIMEBANK_DATABASE_URL=f"sqlite:///{tmp_path}/bank.db")

        assert (answer.exit_code, answer.stderr.strip()) == (2, migrating.OtherDatabase().sentence)

    def test_a_role_that_is_not_there_is_said_to_be_so(self, roles):
        nobody = make_url(roles.app_url).set(username="nobody_here").render_as_string(hide_password=False)

        answer = roles.run("migrate", TIMEBANK_DATABASE_URL=nobody)

        assert answer.exit_code == 2
        assert "Check TIMEBANK_DATABASE_URL" in answer.stderr
