"""timebank backup · timebank restore"""

from pathlib import Path

import rich_click as click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from timebank import clock, migrating
from timebank.audit import heads as audit_heads
from timebank.audit import reads as audit_reads
from timebank.audit import service as audit
from timebank.audit.chain import Head
from timebank.audit.models import Act, Actor, Record
from timebank.backups import files, service
from timebank.console import bar, opened, out, read_config, refuse
from timebank.db import snapshot
from timebank.errors import Refusal
from timebank.exports.files import whole_file
from timebank.members import reads as members
from timebank.members.models import Bank
from timebank.record import service as record

CHECK_FAILED = 1
file_argument = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", metavar="FILE", type=file_argument)
def backup(path: Path) -> None:
    """Write everything, as it is at this moment, into one file; people go on meanwhile.

    The file is read back and checked before it takes its place. Names and hours in it can be read by whoever has it, so
    keep it as safe as the database. What people wrote about themselves stays under lock in it: to read that after a
    restore the keys are needed too, see 'timebank backup-keys'. Sign-ins that are open now are not in it. It can be
    restored into SQLite or PostgreSQL, whichever it came from.
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
    out.print(
        f"{path}: {written} rows, checked. Names and hours in it can be read: keep it as safe as the database. The keys to"
        " the rest are not in it: timebank backup-keys",
        markup=False,
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", metavar="FILE", type=file_argument)
def restore(path: Path) -> None:
    """Bring a backup back into an empty database. All or nothing.

    The file's checksum is looked at first, and every bank in it is verified before anything stands. A database that
    holds a bank is never written over: set TIMEBANK_DATABASE_URL to a new one, run 'timebank migrate', then restore.
    """
    config = read_config()
    try:
        with opened(config=config) as database:
            header = service.check_backup(path)
            with database.writing() as session, bar("Restoring", header["rows"]) as moved:
                total = service.restore_backup(session, path=path, revision=migrating.newest(), moved=moved)
                forgotten = record.forget_again(session, keys=database.keys, at=clock.now())
                banks = members.list_banks(session)
                names = ", ".join(bank.name for bank in banks)
                heads = [begin_again(session, bank) for bank in banks]
                if config.keys_file is not None:
                    audit_heads.append(audit_heads.file_beside(config.keys_file), heads, key=config.secret_key)
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
    if forgotten:
        out.print(f"{forgotten} people who had asked to be forgotten since were forgotten again.")
    out.print(f"Restored {total} rows from {path}, made {header['made_at'][:16]}: {names or 'no bank'}.", markup=False)


def begin_again(session: Session, bank: Bank) -> Head:
    """The trail goes on from the backup, and says so. Heads that were kept after the backup was made no longer stand in it."""
    seq, digest = audit_reads.last_link(session, bank.id)
    audit.note(session, bank_id=bank.id, by=Actor.COMMAND_LINE, act=Act.RESTORED, record=Record.BANK, at=clock.now())
    return Head(bank_id=bank.id, seq=seq, digest=digest, day=clock.today(), restored=True)
