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
from timebank.audit import service as audit
from timebank.audit.models import Act, Actor, Record
from timebank.concerns import service as concerns
from timebank.config import Config
from timebank.console import bank_option, choose_bank, current_or_refuse, opened, out, read_config, refuse
from timebank.db import Database
from timebank.introductions import service as introductions
from timebank.members import reads as members
from timebank.members import service as member_service
from timebank.members.codes import spoken
from timebank.members.models import Bank
from timebank.members.names import NameRefused
from timebank.members.service import BankNameTaken, ledger_of
from timebank.notices import delivery
from timebank.notices.post_office import PostOffice
from timebank.record import service as record
from timebank.safety import unsafe_mail
from timebank.schemes import service as schemes
from timebank.signin import guesses, passkeys
from timebank.signin import service as signin
from timebank.signin.models import MEMBERS, HeldSignIn
from timebank.two_people import service as two_people
from timebank.vault.keys import KeyRing

BLOCKS_AT_ONCE = 20


@click.command()
def migrate() -> None:
    """Bring the database to this version, after copying a SQLite file."""
    bring_up_to_date()


def bring_up_to_date() -> None:
    config = read_config()
    url = config.owner_database_url or config.database_url
    _make_file(url)
    database = Database(url, keys=KeyRing.beside(config.keys_file))
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
    if standing is not None:
        migrating.clear_away(database)
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
        audit.note(
            session,
            bank_id=bank.id,
            by=Actor.COMMAND_LINE,
            act=Act.OPENED_BANK,
            record=Record.BANK,
            at=clock.now(),
        )
        out.print(f"Opened {bank.name}.", markup=False)


@click.command("add-coordinator")
@click.argument("name")
@bank_option
def add_coordinator(name: str, bank_name: str | None) -> None:
    """Add a person who looks after the whole bank, and print the code with which they set their password."""
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        try:
            member = member_service.add_member(session, bank=bank, name=name, joined_on=clock.today())
        except NameRefused as refusal:
            refuse(refusal.sentence)
        schemes.make_coordinator(session, member=member)
        for act in (Act.ADDED_MEMBER, Act.MADE_COORDINATOR):
            audit.note(
                session,
                bank_id=bank.id,
                by=Actor.COMMAND_LINE,
                act=act,
                record=Record.MEMBER,
                record_id=member.id,
                about_id=member.id,
                at=clock.now(),
            )
        code = signin.issue_code(session, member=member, issued_by=None, at=clock.now())
    out.print(f"{member.name} looks after {bank.name} now.", markup=False)
    out.print(f"Their code, for 14 days and one use, on the page /sign-in/first-time: {spoken(code)}", markup=False)


@click.command("bring-back")
@click.argument("member_code", metavar="CODE")
@bank_option
def bring_back(member_code: str, bank_name: str | None) -> None:
    """Let somebody in again who has left, with the hours that were kept for them, and print a code to sign in with.

    CODE is their own, as the list of members shows it. Whoever asked to be forgotten cannot be brought back.
    """
    with opened() as database, database.writing() as session:
        bank = choose_bank(session, bank_name)
        member = members.find_with_code(session, bank.id, member_code)
        if member is None:
            refuse(record.NotGone().sentence)
        try:
            record.bring_back(session, member=member, at=clock.now())
        except record.NotGone as refusal:
            refuse(refusal.sentence)
        code = signin.issue_code(session, member=member, issued_by=None, at=clock.now())
    out.print(f"{member.name} is back.", markup=False)
    out.print(f"Their code, for 14 days and one use, on the page /sign-in/first-time: {spoken(code)}", markup=False)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@click.option("--every", default=60, show_default=True, metavar="SECONDS", help="How long to rest between looks.")
def work(*, once: bool, every: int) -> None:
    """Do what outlives a request: introductions and waiting hours whose time has come lapse, the books are sealed, and what
    waits to be mailed is sent."""
    config = read_config()
    if unsafe := unsafe_mail(config):
        refuse("\n".join(unsafe))
    office = PostOffice(config.mail) if config.mail is not None else None
    with opened(config=config) as database:
        while True:
            out.print(do_what_is_due(database, at=clock.now(), concerns_kept_years=config.concerns_kept_years))
            if office is not None:
                out.print(delivery.send_due(database, config, office, now=clock.now).sentence)
            if once:
                return
            time.sleep(every)


def do_what_is_due(database: Database, *, at: datetime, concerns_kept_years: int = Config.concerns_kept_years) -> str:
    with database.writing() as session:
        lapsed = introductions.lapse_unanswered(session, at=at)
        two_people.let_all_run_out(session, at=at)
        expired = sum(len(ledger_of(session, bank).expire_due(at=at)) for bank in members.list_banks(session))
        session.execute(delete(HeldSignIn).where(HeldSignIn.seen_at <= at - MEMBERS.idle))
        guesses.clear_old(session, at=at)
        passkeys.clear_old(session, at=at)
    sealed = sum(len(blocks) for _, blocks in seal_everything(database, at=at))
    with database.writing() as session:
        forgotten = record.forget_long_gone(session, at=at)
        let_go = concerns.let_long_closed_go(session, years=concerns_kept_years, at=at)
    delivery.tidy(database, at=at)
    return (
        f"{lapsed} introductions and {expired} waiting hours lapsed; {sealed} blocks sealed;"
        f" {forgotten} who left a year ago forgotten; the words of {let_go} concerns let go."
    )


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


def _make_file(url: str) -> None:
    """And the file, for nobody else's eyes. Not for a database in memory, nor for one named as a URI: that is no path."""
    parsed = make_url(url)
    if (
        parsed.get_backend_name() == "sqlite"
        and parsed.database
        and not parsed.database.startswith((":memory:", "file:"))
    ):
        file = Path(parsed.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)


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
    out.print("It holds what people wrote, some of it openly. Delete it as soon as you see that all is well.")
