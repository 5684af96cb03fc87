"""The `timebank` command: every feature's commands under one name."""

import rich_click as click

from timebank.backups.commands import backup, restore
from timebank.banks.commands import add_coordinator, migrate, new_bank, seal, work
from timebank.checking.commands import verify
from timebank.exports.commands import export
from timebank.imports.commands import import_, undo_import
from timebank.matches.commands import match
from timebank.serving import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Timebank: an equal-value time ledger, and introductions between people who can support each other."""


for command in (
    serve,
    migrate,
    new_bank,
    add_coordinator,
    work,
    seal,
    match,
    import_,
    undo_import,
    export,
    verify,
    backup,
    restore,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
