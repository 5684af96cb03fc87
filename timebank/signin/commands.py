"""timebank remove-second-step"""

import rich_click as click

from timebank import clock
from timebank.console import opened, out, refuse
from timebank.signin import service


@click.command("remove-second-step")
@click.argument("sign_in_name")
def remove_second_step(sign_in_name: str) -> None:
    """Take the second step from somebody who lost phone, passkeys and spare codes. They are told when they sign in next.

    For members a coordinator can do it, and for coordinators and leads two of them can. Be sure first who is asking.
    """
    with opened() as database, database.writing() as session:
        user = service.find_user(session, sign_in_name)
        if user is None:
            refuse(f"Nobody signs in as “{sign_in_name}”.")
        if not service.take_second_step_away(session, member=user.member, by=None, at=clock.now()):
            refuse(f"{user.member.name} has no second step.", status=1)
        name = user.member.name
    out.print(f"The second step of {name} is gone. They are signed out everywhere, and are told.", markup=False)
