"""timebank backup · timebank restore"""

from pathlib import Path

import rich_click as click
from sqlalchemy.exc import SQLAlchemyError

from timebank import clock, migrating
from timebank.backups import files, service
from timebank.console import bar, opened, out, refuse
from timebank.db import snapshot
from timebank.errors import Refusal
from timebank.exports.files import whole_file
from timebank.members import reads as members

CHECK_FAILED = 1
file_argument = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", metavar="FILE", type=file_argument)
def backup(path: Path) -> None:
    """Write everything, as it is at this moment, into one file; people go on meanwhile.

    The file is read back and checked before it takes its place. It is NOT encrypted yet: whoever has it can read all
    that is in it, so keep it as safe as the database. Sign-ins that are open now are not in it. It can be restored into
    SQLite or PostgreSQL, whichever it came from.
    """
    try:
        if path.exists() and not files.is_backup(path):
            refuse(f"{path} is there already and is no backup of ours. Choose another name.")
        with opened() as database, snapshot(database) as session:
            total = service.count_rows(session)
            with whole_file(path) as file, bar("Writing the backup", total) as moved:
                written = service.write_backup(
                    session, file=file, revision=migrating.newest(), at=clock.now(), moved=moved
                )
                file.flush()
                service.check_backup(Path(file.name))
    except service.DamagedDatabase as refused:
        refuse(refused.sentence, status=CHECK_FAILED)
    except OSError as trouble:
        refuse(f"{path} cannot be written ({trouble.strerror}). Check its folder and the free space.")
    out.print(f"{path}: {written} rows, checked. It is not encrypted: keep it as safe as the database.", markup=False)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", metavar="FILE", type=file_argument)
def restore(path: Path) -> None:
    """Bring a backup back into an empty database. All or nothing.

    The file's checksum is looked at first, and every bank in it is verified before anything stands. A database that
    holds a bank is never written over: set TIMEBANK_DATABASE_URL to a new one, run 'timebank migrate', then restore.
    """
    try:
        with opened() as database:
            header = service.check_backup(path)
            with database.writing() as session, bar("Restoring", header["rows"]) as moved:
                total = service.restore_backup(session, path=path, revision=migrating.newest(), moved=moved)
                names = ", ".join(bank.name for bank in members.list_banks(session))
    except (files.NotABackup, files.DamagedBackup, service.BreaksRules) as refused:
        refuse(f"{path}: {refused.sentence}", status=CHECK_FAILED)
    except Refusal as refused:
        refuse(f"{path}: {refused.sentence}")
    except OSError as trouble:
        refuse(f"{path} cannot be read ({trouble.strerror}). Check its name and folder.")
    except SQLAlchemyError as error:
        refuse(
            f"{path}: the database refused it ({type(error).__name__}), so nothing was restored.", status=CHECK_FAILED
        )
    out.print(f"Restored {total} rows from {path}, made {header['made_at'][:16]}: {names or 'no bank'}.", markup=False)
