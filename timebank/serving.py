"""timebank serve: one process with a few threads, which serves a community many times this size (dependencies.md section 4)."""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import rich_click as click
import waitress
from rich.progress import BarColumn, Progress, TextColumn
from sqlalchemy.exc import SQLAlchemyError

from ledger.safety import UnsafeDatabase, check_connection
from matching.compiling import IS_COMPILED
from timebank import clock
from timebank.app import create_app
from timebank.audit.heads import Keeper, file_beside
from timebank.banks.commands import bring_up_to_date
from timebank.config import Config
from timebank.console import out, read_config, refuse
from timebank.db import Database
from timebank.demonstration.community import PASSWORD, SIGN_INS, invent_community
from timebank.members import reads as members
from timebank.record import service as record
from timebank.safety import is_for_others, unsafe_settings
from timebank.vault.keys import KeyRing, KeysMissing
from timebank.vault.reads import one_opens

log = logging.getLogger(__name__)
THREADS = 8
KEEP_HEADS_EVERY = 300.0  # seconds


@click.command()
@click.option(
    "--demonstration/--empty", default=False, help="Put invented people into an empty default database, or not."
)
def serve(*, demonstration: bool) -> None:
    """Serve the bank, bringing its database up to date first."""
    config = read_config()
    _refuse_unsafe_settings(config)
    _refuse_taken_port(config)
    bring_up_to_date()
    with closing(Database(config.database_url, keys=KeyRing.beside(config.keys_file))) as database:
        _refuse_other_keys(database)
        _refuse_unsafe_database(config, database)
        database.run_again(lambda writing: record.forget_again(writing, keys=database.keys, at=clock.now()))
        app = create_app(config, database)
        if demonstration:
            with app.app_context():  # Flask-Security hashes passwords by the application's settings
                invite_to_demonstration(config, database)
        out.print(f"Timebank is ready: {config.address or f'http://localhost:{config.port}'}")
        if not config.is_https:
            out.print("It speaks plain http, for people at this computer only.")
        with warming_engine(), keeping_heads(config, database):
            waitress.serve(app, host=config.host, port=config.port, threads=THREADS, ident=None, _quiet=True)


def invite_to_demonstration(config: Config, database: Database) -> None:
    """Only in the default file and only on this computer: invented people must never stand beside real ones."""
    if not config.is_default_and_local:
        return
    with database.reading() as session:
        banks = members.list_banks(session)
    if not banks:
        with Progress(TextColumn("Inventing a community to look around in"), BarColumn(), console=out) as bar:
            task = bar.add_task("year", total=None)
            invent_community(
                database, at=clock.now(), progress=lambda done, of: bar.update(task, completed=done, total=of)
            )
    elif not any(bank.is_demonstration for bank in banks):
        return
    out.print(f"Invented people live here. Sign in with the password “{PASSWORD}” as:")
    for name, who in SIGN_INS.items():
        out.print(f"  {name:<12} {who}")


@contextmanager
def warming_engine() -> Iterator[None]:
    """In a process of its own, which gives way to all others. Without numba there is nothing to compile."""
    if not IS_COMPILED:
        yield
        return
    command = [sys.executable, "-m", "matching.warming"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as process:  # noqa: S603
        try:
            yield
        finally:
            process.kill()


@contextmanager
def keeping_heads(config: Config, database: Database, *, every: float = KEEP_HEADS_EVERY) -> Iterator[None]:
    """Writes how far the audit trail has come to a file beside the key: at once, every few minutes, and at the end."""
    if config.keys_file is None:
        yield
        return
    keeper, ending = Keeper(database, file_beside(config.keys_file), key=config.secret_key), threading.Event()

    def keep() -> None:
        try:
            keeper.keep(today=clock.today())
        except (OSError, SQLAlchemyError) as trouble:  # the bank goes on; the next look tries again
            log.warning("the heads of the audit trail could not be kept: %s", type(trouble).__name__)

    def keep_on() -> None:
        keep()
        while not ending.wait(every):
            keep()

    thread = threading.Thread(target=keep_on, name="keeping heads", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        keep()


def _refuse_unsafe_settings(config: Config) -> None:
    """All of them at once, so that they can be put right together."""
    found = unsafe_settings(config, os.environ)
    if found:
        refuse("\n".join(["Timebank does not start, because people could not trust it like this:", *found]))


def _refuse_unsafe_database(config: Config, database: Database) -> None:
    """Asked of the connections that people's hours will be written over."""
    try:
        with database.engine.connect() as connection:
            check_connection(connection, has_owner=config.owner_database_url is not None)
    except UnsafeDatabase as refusal:
        refuse(refusal.sentence)
    with database.reading() as session:
        has_invented = any(bank.is_demonstration for bank in members.list_banks(session))
    if has_invented and is_for_others(config):
        refuse(
            "Invented people, whose password everybody knows, live in this database. Keep real people in another one, and say"
            " which with TIMEBANK_DATABASE_URL."
        )


def _refuse_other_keys(database: Database) -> None:
    """With the keys of another database nobody's answers could be read, and what is written would be lost to the right ones."""
    if not isinstance(database.keys, KeyRing):
        return
    try:
        with database.reading() as session:
            fits = one_opens(session, database.keys)
    except KeysMissing as missing:
        refuse(missing.sentence)
    if not fits:
        refuse(
            "These are not the keys to what people entrusted to this database. Put the copy of the right ones back with"
            " 'timebank restore-keys', or say with TIMEBANK_KEYS where they are."
        )


def _refuse_taken_port(config: Config) -> None:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((config.host, config.port))
        except OSError:
            refuse(
                f"Port {config.port} is already in use. Choose another one, like: TIMEBANK_PORT={config.port + 1} python3 run.py"
            )
