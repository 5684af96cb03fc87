"""timebank serve: one process with a few threads, which serves a community many times this size (dependencies.md section 4)."""

import socket
from contextlib import closing

import rich_click as click
import waitress
from rich.progress import BarColumn, Progress, TextColumn

from ledger.safety import UnsafeDatabase, check_connection
from timebank import clock
from timebank.app import create_app
from timebank.banks.commands import bring_up_to_date
from timebank.config import Config
from timebank.console import out, read_config, refuse
from timebank.db import Database
from timebank.demonstration.community import PASSWORD, SIGN_INS, invent_community
from timebank.members import reads as members

THREADS = 8


@click.command()
@click.option(
    "--demonstration/--empty", default=False, help="Put invented people into an empty default database, or not."
)
def serve(*, demonstration: bool) -> None:
    """Serve the bank, bringing its database up to date first."""
    config = read_config()
    _refuse_taken_port(config)
    bring_up_to_date()
    with closing(Database(config.database_url)) as database:
        _refuse_unsafe(config, database)
        app = create_app(config, database)
        if demonstration:
            with app.app_context():  # Flask-Security hashes passwords by the application's settings
                invite_to_demonstration(config, database)
        out.print(f"Timebank is ready: http://localhost:{config.port}")
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


def _refuse_unsafe(config: Config, database: Database) -> None:
    """Asked of the connections that people's hours will be written over."""
    try:
        with database.engine.connect() as connection:
            check_connection(connection, has_owner=config.owner_database_url is not None)
    except UnsafeDatabase as refusal:
        refuse(refusal.sentence)


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
