"""Whether a database keeps what it has taken, and keeps to its rules: asked before the first person is let in.

A rule that is written down but switched off is worse than none, because people rely on it (ledger.md section 3, 13 and 16).
"""

# ruff: noqa: N818 - a refusal is named for what was refused (house-style.md section 6).

from collections.abc import Callable

from sqlalchemy import Connection, text

from ledger.errors import LedgerError

FULL = 2  # SQLite's number for "on the disk before it is said to be"


class UnsafeDatabase(LedgerError):
    """This database does not keep its promises, so nothing was started."""


class LinksUnchecked(UnsafeDatabase):
    """SQLite does not check links between rows (foreign_keys is off), so hours could lose their entries.

    Use a SQLite that was built with foreign keys, and do not switch them off.
    """


class MayForgetCommits(UnsafeDatabase):
    """SQLite does not wait for the disk (synchronous is below FULL), so hours could be lost when the power fails.

    Set synchronous to FULL.
    """


class NoWriteAheadLog(UnsafeDatabase):
    """SQLite cannot keep its write-ahead log beside the database, which happens on network drives.

    Put the database file on a disk of this computer.
    """


class DiskNotAwaited(UnsafeDatabase):
    """PostgreSQL does not wait for the disk (fsync is off), so hours could be lost when the power fails.

    Set fsync = on in postgresql.conf and reload it.
    """


class PagesMayTear(UnsafeDatabase):
    """PostgreSQL cannot mend what was half written when the power failed (full_page_writes is off).

    Set full_page_writes = on in postgresql.conf and reload it.
    """


class CommitNotAwaited(UnsafeDatabase):
    """PostgreSQL says that hours are kept before they are on the disk (synchronous_commit is off).

    Set synchronous_commit = on for this role and this database.
    """


class MayRewriteHistory(UnsafeDatabase):
    """The role in TIMEBANK_DATABASE_URL may change or delete entries, though another one is there to migrate.

    Name a role there that owns nothing and is no superuser, and run 'timebank migrate'.
    """


def check_connection(connection: Connection, *, has_owner: bool = False) -> None:
    """Asks the database itself, over a connection made as the app makes them. `has_owner`: another role migrates.

    Raises, on SQLite, LinksUnchecked, MayForgetCommits, NoWriteAheadLog (a file, not a database in memory); on PostgreSQL
    DiskNotAwaited, PagesMayTear, CommitNotAwaited and, where there is an owner, MayRewriteHistory.
    """
    if connection.dialect.name == "sqlite":
        # A database in memory has a journal of its own kind, and nothing to lose.
        questions = SQLITE + (IN_A_FILE if connection.scalar(text(FILE)) else ())
    else:
        questions = POSTGRESQL + (OWNED if has_owner else ())
    for question, is_well, refusal in questions:
        if not is_well(connection.scalar(text(question))):
            raise refusal


Answer = int | str | bool | None
Question = tuple[str, Callable[[Answer], bool], type[UnsafeDatabase]]

SQLITE: tuple[Question, ...] = (
    ("PRAGMA foreign_keys", lambda answer: answer == 1, LinksUnchecked),
    ("PRAGMA synchronous", lambda answer: isinstance(answer, int) and answer >= FULL, MayForgetCommits),
)
FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'"
IN_A_FILE: tuple[Question, ...] = (("PRAGMA journal_mode", lambda answer: answer == "wal", NoWriteAheadLog),)
POSTGRESQL: tuple[Question, ...] = (
    ("SHOW fsync", lambda answer: answer == "on", DiskNotAwaited),
    ("SHOW full_page_writes", lambda answer: answer == "on", PagesMayTear),
    ("SHOW synchronous_commit", lambda answer: answer != "off", CommitNotAwaited),
)
# Whoever owns the table, or is a superuser, has all of these rights.
OWNED: tuple[Question, ...] = (
    (
        "SELECT has_table_privilege('entry', 'DELETE, TRUNCATE, TRIGGER') OR has_any_column_privilege('entry', 'UPDATE')",
        lambda answer: answer is False,
        MayRewriteHistory,
    ),
)
