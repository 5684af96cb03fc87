"""The `timebank` command: every feature's commands under one name."""

import rich_click as click

from timebank.audit.commands import audit_head
from timebank.backups.commands import backup, restore
from timebank.banks.commands import add_coordinator, bring_back, migrate, new_bank, seal, work
from timebank.checking.commands import verify
from timebank.concerns.commands import add_conflict, add_lead, concerns, leads, remove_lead, reseal
from timebank.exports.commands import export
from timebank.helplines.commands import helplines
from timebank.imports.commands import import_, undo_import
from timebank.locks.commands import backup_keys, change_keys, restore_keys
from timebank.matches.commands import match
from timebank.notices.commands import send_mail
from timebank.serving import serve
from timebank.signin.commands import remove_second_step
from timebank.two_people.commands import give_code, make_coordinator, remove_coordinator
from timebank.who_has_looked.commands import safety_hold


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Timebank: an equal-value time ledger, and introductions between people who can support each other."""


for command in (
    serve,
    migrate,
    new_bank,
    add_coordinator,
    make_coordinator,
    remove_coordinator,
    give_code,
    bring_back,
    remove_second_step,
    work,
    send_mail,
    seal,
    match,
    import_,
    undo_import,
    export,
    verify,
    add_lead,
    remove_lead,
    leads,
    add_conflict,
    concerns,
    reseal,
    helplines,
    backup,
    restore,
    change_keys,
    backup_keys,
    restore_keys,
    audit_head,
    safety_hold,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
