"""timebank serve · migrate · new-bank · add-coordinator · work"""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click
from sqlalchemy import delete
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from ledger.chain import Block
from timebank import clock, migrating
from timebank.console import bank_option, choose_bank, current_or_refuse, opened, out, read_config, refuse
from timebank.db import Database
from timebank.introductions import service as introductions
from timebank.members import reads as members
from timebank.members import service as member_service
from timebank.members.codes import spoken
from timebank.members.models import Bank
from timebank.members.service import BankNameTaken, ledger_of
from timebank.schemes import service as schemes
from timebank.signin import service as signin
from timebank.signin.models import HeldSignIn

BLOCKS_AT_ONCE = 20


@click.command()
def migrate() -> None:
    """Bring the database to this version, after copying a SQLite file."""
    bring_up_to_date()


def bring_up_to_date() -> None:
    config = read_config()
    url = config.owner_database_url or config.database_url
    _make_folder(url)
    database = Database(url)
    try:
        _migrate(database)
        if config.owner_database_url is not None:
            _let_app_in(database, config.database_url)
    finally:
        database.close()


def _migrate(database: Database) -> None:
    standing = current_or_refuse(database)
    if standing == migrating.newest():
        return
    if standing is not None and not migrating.is_known(standing):
        refuse("This database was made by a newer version of Timebank. Please run that version, or a newer one.")
    if standing is not None:
        _copy_first(database)
    migrating.migrate(database)
    out.print("The database is ready." if standing is None else "The database is up to date.")


def _let_app_in(owner: Database, url: str) -> None:
    app = Database(url)
    try:
        migrating.let_app_in(owner, app)
    except migrating.OtherDatabase as refusal:
        refuse(refusal.sentence)
    except SQLAlchemyError as error:
        refuse(
            f"The app's role cannot be let into the database ({type(error).__name__})."
            " Check TIMEBANK_DATABASE_URL, and that the owner's role owns all tables."
        )
    finally:
        app.close()


@click.command("new-bank")
@click.argument("name")
@click.option(
    "--scheme",
    "presets",
    multiple=True,
    metavar="PRESET",
    help="A scheme to start with, like fanon; may be given again.",
)
def new_bank(name: str, presets: tuple[str, ...]) -> None:
    """Open a bank: the set of accounts that sums to zero. Without --scheme it starts with the least structured one."""
    with opened() as database, database.writing() as session:
        try:
            bank = member_service.open_bank(session, name=name.strip(), at=clock.now())
        except BankNameTaken as refusal:
            refuse(refusal.sentence)
        for preset in presets or ("open",):
            schemes.start_scheme(session, bank=bank, preset=preset)
        out.print(f"Opened {bank.name}.", markup=False)


@click.command("add-coordinator")
@click.argument("name")
@bank_option
def add_coordinator(name: str, bank_name: str | None) -> None:
    """Add a person who looks after the whole bank, and print the code with which they set their password."""
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        member = member_service.add_member(session, bank=bank, name=name.strip(), joined_on=clock.today())
        schemes.make_coordinator(session, member=member)
        code = signin.issue_code(session, member=member, issued_by=None, at=clock.now())
    out.print(f"{name} looks after {bank.name} now.", markup=False)
    out.print(f"Their code, for 14 days and one use, on the page /sign-in/first-time: {spoken(code)}", markup=False)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@click.option("--every", default=60, show_default=True, metavar="SECONDS", help="How long to rest between looks.")
def work(*, once: bool, every: int) -> None:
    """Do what outlives a request: introductions and waiting hours whose time has come lapse, and the books are sealed."""
    with opened() as database:
        while True:
            out.print(do_what_is_due(database, at=clock.now()))
            if once:
                return
            time.sleep(every)


def do_what_is_due(database: Database, *, at: datetime) -> str:
    with database.writing() as session:
        lapsed = introductions.lapse_unanswered(session, at=at)
        expired = sum(len(ledger_of(session, bank).expire_due(at=at)) for bank in members.list_banks(session))
        session.execute(delete(HeldSignIn).where(HeldSignIn.expires_at <= at))
    sealed = sum(len(blocks) for _, blocks in seal_everything(database, at=at))
    return f"{lapsed} introductions and {expired} waiting hours lapsed; {sealed} blocks sealed."


@click.command()
def seal() -> None:
    """Seal the books: everything settled so far is covered by a chain of blocks. 'timebank work' does it by itself.

    It prints each bank's check code. Keep it outside (print it, mail it to yourself): 'timebank verify --head CODE' then
    finds every later change of what is older than it.
    """
    with opened() as database:
        for bank, blocks in seal_everything(database, at=clock.now()):
            with database.reading() as session:
                code = ledger_of(session, bank).head()
            out.print(
                f"{bank.name}: {len(blocks)} new blocks. Check code: {code or 'nothing to seal yet'}", markup=False
            )


def seal_everything(database: Database, *, at: datetime) -> list[tuple[Bank, list[Block]]]:
    """Some blocks in each transaction: nobody who posts has to wait long for the sealer."""
    with database.reading() as session:
        banks = members.list_banks(session)
    return [(bank, list(_seal_bank(database, bank, at))) for bank in banks]


def _seal_bank(database: Database, bank: Bank, at: datetime) -> Iterator[Block]:
    while True:
        with database.writing() as session:
            blocks = ledger_of(session, bank).seal(at=at, most=BLOCKS_AT_ONCE)
        yield from blocks
        if len(blocks) < BLOCKS_AT_ONCE:
            return


def _make_folder(url: str) -> None:
    """Not for a database in memory, nor for one named as a URI: that is no path."""
    parsed = make_url(url)
    if (
        parsed.get_backend_name() == "sqlite"
        and parsed.database
        and not parsed.database.startswith((":memory:", "file:"))
    ):
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)


def _copy_first(database: Database) -> None:
    """A migration that goes wrong must never cost a bank its hours."""
    if not database.is_sqlite:
        return
    path = Path(str(database.url.database))
    copy = path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy2(path, copy)
    out.print(f"A copy of the database as it was: {copy}", markup=False)
