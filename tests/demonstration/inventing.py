"""The invented community as a file: made once per run by whichever worker comes first, and copied by everybody else."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from timebank import clock
from timebank.app import create_app
from timebank.config import Config
from timebank.db import Database
from timebank.demonstration.community import invent_community
from timebank.migrating import migrate
from timebank.vault.keys import KeyRing

CONFIG = Config(secret_key="only-for-tests-" * 3)


def made_once(file: Path, make: Callable[[Path], None]) -> Path:
    """Of several workers the first one makes the file, and the others wait for it. Nobody writes into it afterwards."""
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            make(unfinished)
            unfinished.rename(file)
    return file


def invent(file: Path) -> None:
    database = Database(f"sqlite:///{file}", keys=keys_of(file))
    migrate(database)
    with create_app(CONFIG, database).app_context():  # Flask-Security hashes passwords by the application's settings
        invent_community(database, at=clock.now())
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def copy_of(file: Path, to: Path) -> Database:
    shutil.copy(file, to)
    return Database(f"sqlite:///{to}", keys=keys_of(file))


def keys_of(file: Path) -> KeyRing:
    """One for all copies of the invented community; new people in a copy do not disturb the others."""
    return KeyRing(file.with_name("invented-keys"), is_durable=False)
