"""Workers that are killed, in the hardest way, at each step of handing over: nothing goes out twice, now or later."""

import os
import signal
import warnings
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.factories import NOON, HourLogFactory, MemberFactory
from tests.notices.conftest import address_of, states, wants_mail
from tests.notices.mailbox import HANG, KEEP_AND_HANG, MailServer
from timebank.config import Config, Mail
from timebank.db import Database
from timebank.notices.delivery import send_due
from timebank.notices.post_office import PostOffice
from timebank.outbox.models import Notice, NoticeState, Why
from timebank.vault.keys import KeyRing

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
KILLED_AT = {
    "the greeting": {"connect": HANG},
    "for whom it is": {"rcpt": HANG},
    "the message, which was not kept": {"body": HANG},
    "the message, which was kept": {"body": KEEP_AND_HANG},
    "the good-bye": {"quit": HANG},
}
ARRIVED = {"the message, which was kept", "the good-bye"}


@pytest.fixture(params=["sqlite", "postgresql"] if IS_FULL else ["sqlite"])
def copies(request):
    return request.getfixturevalue(f"{'sqlite' if request.param == 'sqlite' else 'postgres'}_copies")


def start(database, keys, server) -> int:
    """A worker in a process of its own, with connections and keys of its own, which never comes back from here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: ours wait for the workers, and hold no lock
        child = os.fork()
    if child == 0:
        try:
            file = Path(str(keys.master_file).removesuffix("-master"))
            theirs = Database(database.url.render_as_string(hide_password=False), keys=KeyRing(file, is_durable=False))
            mail = Mail(host="127.0.0.1", port=server.port, tls="none", sender="post@example.org")
            config = Config(secret_key="k" * 40, address="https://b.example.org", mail=mail)
            send_due(theirs, config, PostOffice(mail, patience=120), now=lambda: NOON)
        finally:
            os._exit(1)
    return child


def test_nothing_is_sent_twice_and_what_is_new_goes_out(database, session, keys, postman, bank, giver):
    people = [MemberFactory(bank=bank, name=f"Person{number}") for number, _ in enumerate(KILLED_AT)]
    for person in people:
        wants_mail(session, person)
        HourLogFactory(member=giver, partner=person)
    session.commit()
    session.close()

    with ExitStack() as stack:
        servers = {step: stack.enter_context(MailServer(answers)) for step, answers in KILLED_AT.items()}
        workers = [start(database, keys, server) for server in servers.values()]
        came = [server.reached.wait(60) for server in servers.values()]
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGKILL
        healthy = stack.enter_context(MailServer())
        mail = Mail(host="127.0.0.1", port=healthy.port, tls="none", sender="post@example.org")
        postman.office = PostOffice(mail)
        postman.office.taken = []
        for minutes in (0, 30, 90, 24 * 60):
            postman.at = NOON + timedelta(minutes=minutes)
            postman.look(session=session)
        before = len(healthy.received)
        HourLogFactory(member=session.merge(giver), partner=session.merge(people[0]), minutes=15, at=postman.at)
        postman.look(session=session)

    got = Counter(one.to[0] for server in (*servers.values(), healthy) for one in server.received)
    assert came == [True] * len(KILLED_AT)
    assert {step for step, server in servers.items() if server.received} == ARRIVED
    assert before == 0
    assert [one.to for one in healthy.received] == [[address_of(people[0])]]
    assert max((got - Counter({address_of(people[0]): 1})).values()) == 1
    assert sorted(states(session)) == [NoticeState.GIVEN_UP] * len(KILLED_AT) + [NoticeState.SENT]
    assert set(session.scalars(select(Notice.why).where(Notice.state == NoticeState.GIVEN_UP))) == {Why.UNCLEAR}
