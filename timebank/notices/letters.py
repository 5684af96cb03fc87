"""The messages. Each goes to one person and says what all the others say: nothing about whom, what or how many."""

import secrets
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from timebank.config import Mail
from timebank.members.codes import spoken
from timebank.outbox.models import Kind

POLICY = SMTP.clone(max_line_length=None)  # a link that is broken in two leads nowhere

LOOK_IN = """Something is waiting for you.

To see it, sign in here:
{address}/

You get this because you asked for it. To get no more of it, sign in
and choose "My profile", then "How to reach me".
"""
FORGOTTEN = """Something is waiting for you.

Somebody asked for a new password, perhaps you. If so, open this
within half an hour. It works once:
{address}/sign-in/new-password?link={code}

If it was not you, you need do nothing.
"""
YOUR_ADDRESS = """Something is waiting for you.

Somebody gave this address as theirs, perhaps you. If so, type this
code on the page where you gave it, within a day:
{code}

If it was not you, you need do nothing, and nothing more will come.
"""


def compose(mail: Mail, *, address: str, to: str, kind: Kind, code: str | None, at: datetime) -> EmailMessage:
    """`address`: where people sign in. `code`: of a new password, or to show whose an address is; no other kind has one."""
    name, _, domain = mail.sender.rpartition("@")
    letter = EmailMessage(policy=POLICY)
    letter["From"] = Address(mail.sender_name, name, domain)
    letter["To"] = Address(addr_spec=to)
    letter["Subject"] = mail.subject
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = f"<{secrets.token_hex(16)}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"  # whoever is away does not answer it
    letter.set_content(_words(kind, address=address, code=code), cte="7bit")
    return letter


def _words(kind: Kind, *, address: str, code: str | None) -> str:
    match kind:
        case Kind.PASSWORD:
            return FORGOTTEN.format(address=address, code=code)
        case Kind.CONFIRM:
            return YOUR_ADDRESS.format(code=spoken(code or ""))
        case _:
            return LOOK_IN.format(address=address)
