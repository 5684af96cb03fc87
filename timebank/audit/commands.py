"""timebank audit-head"""

import rich_click as click

from timebank import clock
from timebank.audit import reads
from timebank.console import bank_option, choose_bank, opened, read_config


@click.command("audit-head", context_settings={"help_option_names": ["-h", "--help"]})
@bank_option
def audit_head(*, bank_name: str | None) -> None:
    """Print how far the audit trail has come, as one line to keep elsewhere: on paper, or in a mail to yourself.

    'timebank verify --audit-head FILE' finds later whether anything older was changed since. The line names nobody.
    """
    config = read_config()
    with opened(config=config) as database, database.reading() as session:
        bank = choose_bank(session, bank_name)
        click.echo(reads.newest_head(session, bank.id, day=clock.today()).signed(config.secret_key))
