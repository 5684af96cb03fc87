"""The one place where mail leaves: one message after the other, each marked as going before it is handed over.

Nothing here runs in a request. A mail server that is slow, or not there, holds up nobody who looks at a page.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from timebank.config import Config
from timebank.contact import service as contact
from timebank.db import Database
from timebank.forgotten import service as forgotten
from timebank.notices.letters import compose
from timebank.notices.post_office import NotReached, PostOffice
from timebank.notices.standing import still_stands
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind, Notice
from timebank.outbox.service import Claim, Outcome

log = logging.getLogger(__name__)
MOST_AT_ONCE = 200


@dataclass(kw_only=True)
class Sent:
    """What became of the messages of one look."""

    sent: int = 0
    later: int = 0
    given_up: int = 0

    @property
    def sentence(self) -> str:
        return f"{self.sent} messages sent, {self.later} to be tried again, {self.given_up} given up."


def _make_code(session: Session, notice: Notice, at: datetime) -> str:
    return contact.make_code(session, member_id=notice.member_id, at=at)


def _make_link(session: Session, notice: Notice, at: datetime) -> str:
    return forgotten.make_link(session, member_id=notice.member_id, at=at)


CODES = {Kind.CONFIRM: _make_code, Kind.PASSWORD: _make_link}


def tidy(database: Database, *, at: datetime) -> None:
    def act(session: Session) -> None:
        outbox.tidy(session, at=at)
        forgotten.clear_old(session, at=at)

    database.run_again(act)


def send_due(
    database: Database, config: Config, office: PostOffice, *, now: Callable[[], datetime], most: int = MOST_AT_ONCE
) -> Sent:
    """Stops where the server is not to be reached: what waits loses nothing by waiting for the next look."""
    done = Sent()
    database.run_again(lambda session: forgotten.look_up_asked(session, secret=config.secret_key, at=now()))
    for _ in range(most):
        claim = database.run_again(
            lambda session: outbox.take_next(session, still_stands=still_stands, codes=CODES, at=now())
        )
        if claim is None:
            break
        try:
            outcome = _hand_over(config, office, claim, at=now())
        except NotReached as trouble:
            log.warning("no mail can be sent: %s", trouble)
            _settle(database, claim, Outcome.LATER, at=now())
            done.later += 1
            break
        _settle(database, claim, outcome, at=now())
        done.sent += outcome is Outcome.SENT
        done.later += outcome is Outcome.LATER
        done.given_up += outcome in {Outcome.REFUSED, Outcome.UNCLEAR}
    return done


def _hand_over(config: Config, office: PostOffice, claim: Claim, *, at: datetime) -> Outcome:
    letter = compose(
        office.mail, address=config.address or "", to=claim.address, kind=claim.kind, code=claim.code, at=at
    )
    return office.hand_over(letter, to=claim.address)


def _settle(database: Database, claim: Claim, outcome: Outcome, *, at: datetime) -> None:
    database.run_again(lambda session: outbox.settle(session, claim, outcome, at=at))
