"""timebank change-keys · backup-keys · restore-keys"""

from pathlib import Path

import rich_click as click

from timebank import clock
from timebank.config import Config
from timebank.console import bar, opened, out, read_config, refuse
from timebank.errors import Refusal
from timebank.exports.files import whole_file
from timebank.locks import service
from timebank.vault import rotation
from timebank.vault.keys import KeyRing

file_argument = click.Path(path_type=Path, dir_okay=False)
HELP = {"help_option_names": ["-h", "--help"]}


@click.command("change-keys", context_settings=HELP)
def change_keys() -> None:
    """Lock everything that is under lock anew, with new keys. People go on meanwhile.

    Stopped half-way, by whatever, nothing is lost: type it again and it goes on. When it is done the old keys are gone,
    so copies of them open nothing any more. Make a new copy of the keys afterwards.
    """
    config = read_config()
    keys = _keys(config)
    with opened(config=config) as database:
        try:
            with bar("Changing the keys", rotation.count_people(keys)) as moved:
                total = rotation.change_keys(database, keys, moved=moved)
        except Refusal as refused:
            refuse(refused.sentence)
    out.print(f"{total} things are locked with new keys. Make a new copy of the keys now: timebank backup-keys FILE")


@click.command("backup-keys", context_settings=HELP)
@click.argument("path", metavar="FILE", type=file_argument)
def backup_keys(path: Path) -> None:
    """Write all keys into one file, to be kept apart from every copy of the database.

    Without the keys nobody can ever read what people wrote about themselves; with them and the database anybody can.
    Delete each copy after 30 days, when there is a newer one: the key of somebody who asked to be forgotten is in it.
    """
    config = read_config()
    keys = _keys(config)
    if path.exists():
        refuse(f"{path} is there already. Choose another name.")
    assert config.keys_file is not None
    try:
        with whole_file(path) as file:
            text = service.as_text(file=config.keys_file, keys=keys, at=clock.now())
            file.write(text.encode())
    except OSError as trouble:
        refuse(f"{path} cannot be written ({trouble.strerror}). Check its folder and the free space.")
    out.print(
        f"{path}: the keys of {keys.count()} people and of the server. Keep it apart from the database, and delete it"
        f" after {service.KEPT_AT_MOST_DAYS} days, when there is a newer one.",
        markup=False,
    )


@click.command("restore-keys", context_settings=HELP)
@click.argument("path", metavar="FILE", type=file_argument)
def restore_keys(path: Path) -> None:
    """Put the keys back from such a file. Keys that are there are never written over."""
    config = read_config()
    assert config.keys_file is not None
    try:
        count = service.put_back(path.read_text(), file=config.keys_file, keys=_keys(config))
    except Refusal as refused:
        refuse(f"{path}: {refused.sentence}")
    except (OSError, UnicodeDecodeError) as trouble:
        refuse(f"{path} cannot be read ({type(trouble).__name__}). Check its name and folder.")
    out.print(f"The keys of {count} people and of the server are back.")


def _keys(config: Config) -> KeyRing:
    assert config.keys_file is not None, "settings that are read from the environment name a file for the keys"
    return KeyRing(config.keys_file)
