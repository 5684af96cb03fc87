"""timebank send-mail"""

import rich_click as click

from timebank import clock
from timebank.console import opened, out, read_config, refuse
from timebank.notices.delivery import send_due, tidy
from timebank.notices.post_office import PostOffice
from timebank.safety import unsafe_mail


@click.command("send-mail")
def send_mail() -> None:
    """Send what waits to be mailed, now. 'timebank work' does it by itself."""
    config = read_config()
    with opened(config=config) as database:
        if config.mail is None:
            refuse("No mail server is set. Say which one with TIMEBANK_MAIL_HOST and TIMEBANK_MAIL_SENDER.")
        if unsafe := unsafe_mail(config):
            refuse("\n".join(unsafe))
        tidy(database, at=clock.now())
        out.print(send_due(database, config, PostOffice(config.mail), now=clock.now).sentence)
