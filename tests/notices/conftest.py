"""What tests of sending share: people who want mail, an office that keeps what it gets, and a clock that they hand on."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOON, HourLogFactory, agree
from timebank.config import Config, Mail
from timebank.consents.purposes import Purpose
from timebank.notices import delivery
from timebank.notices.post_office import NotReached
from timebank.outbox.models import TO_CHOOSE, MailAddress, MailWish, Notice
from timebank.outbox.service import Outcome

ADDRESS = "https://b.example.org"
MAIL = Mail(host="127.0.0.1", port=1, tls="none", sender="post@example.org")


class Office:
    """In place of the mail server: it answers as it is told to, one answer after the other, and then takes everything."""

    def __init__(self):
        self.mail, self.taken, self.answers = MAIL, [], []

    def hand_over(self, letter, *, to):
        answer = self.answers.pop(0) if self.answers else Outcome.SENT
        if isinstance(answer, BaseException):
            raise answer
        if answer in {Outcome.SENT, Outcome.UNCLEAR}:
            self.taken.append((to, letter))
        if answer is NotReached:
            raise NotReached
        return answer


class Postman:
    def __init__(self, database, app):
        self.database, self.office, self.at = database, Office(), NOON
        self.config = Config(secret_key=app.secret_key, address=ADDRESS, mail=MAIL)

    def forward(self, **more):
        self.at += timedelta(**more)

    def look(self, *answers, session=None):
        """What is due is sent. Gives the addresses that got something by it."""
        if session is not None:
            session.commit()
            session.close()
        self.office.answers, before = list(answers), len(self.office.taken)
        delivery.tidy(self.database, at=self.at)
        delivery.send_due(self.database, self.config, self.office, now=lambda: self.at)
        return [to for to, _ in self.office.taken[before:]]


@pytest.fixture
def postman(database, app):
    return Postman(database, app)


def address_of(member):
    return f"{member.name.lower()}@example.org"


def wants_mail(session, member, *kinds, at_most_daily=False):
    """Everything, where nothing is said."""
    mail = MailAddress(member_id=member.id, confirmed_at=NOON, at_most_daily=at_most_daily)
    mail.address = address_of(member)
    session.add(mail)
    session.flush()
    session.add_all(MailWish(member_id=member.id, kind=kind) for kind in kinds or TO_CHOOSE)
    agree(session, member=member, purpose=Purpose.MAIL)
    session.commit()
    return mail


def states(session):
    session.expire_all()
    return [notice.state for notice in session.scalars(select(Notice).order_by(Notice.made_at, Notice.id))]


@pytest.fixture
def waiting(session, giver, receiver):
    """Hours of the giver's that wait for the receiver, who wants to be told."""
    wants_mail(session, receiver)
    log = HourLogFactory(member=giver, partner=receiver)
    session.commit()
    return log
