"""Handing over one message: what the server answers, or leaves unanswered, decides whether it may ever be tried again."""

import threading
import time

import pytest

from tests.factories import NOON
from tests.notices.mailbox import DROP, HANG, KEEP_AND_DROP, KEEP_AND_HANG, STEPS, MailServer, make_certificate
from timebank.config import Mail
from timebank.notices.letters import compose
from timebank.notices.post_office import NotReached, PostOffice
from timebank.outbox.models import Kind
from timebank.outbox.service import Outcome

PATIENCE, SHORT = 30.0, 0.2  # short only where the server is never going to answer
NOT_REACHED = "not reached"
BEFORE_IT_IS_SAID_FOR_WHOM = ("connect", "ehlo", "mail")


def mail_to(server: MailServer, **more) -> Mail:
    return Mail(**({"host": "127.0.0.1", "port": server.port, "tls": "none", "sender": "post@example.org"} | more))


def hand_over(server: MailServer, *, trusted=None, **more):
    mail, hangs = mail_to(server, **more), {HANG, KEEP_AND_HANG} & set(server.answers.values())
    office = PostOffice(mail, trusted=trusted, patience=SHORT if hangs else PATIENCE)
    letter = compose(mail, address="https://b.example.org", to="ada@example.org", kind=Kind.CHECK, code=None, at=NOON)
    try:
        return office.hand_over(letter, to="ada@example.org")
    except NotReached:
        return NOT_REACHED


def expected(step: str, answer: object) -> object:
    if step == "quit":
        return Outcome.SENT  # it was taken already
    if step == "body" and answer in {HANG, DROP, KEEP_AND_HANG, KEEP_AND_DROP}:
        return Outcome.UNCLEAR
    if step in BEFORE_IT_IS_SAID_FOR_WHOM or answer in {HANG, DROP}:
        return NOT_REACHED
    return Outcome.REFUSED if answer == 550 else Outcome.LATER


CASES = [(step, answer) for step in STEPS for answer in (HANG, DROP, 421, 451, 550)]
CASES += [("body", KEEP_AND_HANG), ("body", KEEP_AND_DROP)]


class TestEveryStep:
    @pytest.mark.parametrize(("step", "answer"), CASES)
    def test_says_for_certain_whether_it_was_taken(self, step, answer):
        with MailServer({step: answer}) as server:
            outcome = hand_over(server)

        assert outcome == expected(step, answer)
        if outcome is Outcome.SENT:
            assert len(server.received) == 1
        if outcome in {NOT_REACHED, Outcome.LATER, Outcome.REFUSED}:
            assert server.received == []

    def test_where_all_goes_well_it_is_taken_once(self):
        with MailServer() as server:
            assert hand_over(server) is Outcome.SENT

        (got,) = server.received
        assert (got.sender, got.to) == ("post@example.org", ["ada@example.org"])
        assert got.letter["To"] == "ada@example.org"

    def test_where_nobody_is_nothing_is_handed_over(self):
        with MailServer() as server:
            pass

        assert hand_over_to_nobody(server) == NOT_REACHED

    def test_a_server_that_answers_letter_by_letter_comes_to_an_end(self):
        """Each letter comes in time; it is the whole that has an end."""
        with MailServer({"mail": HANG}) as server:
            began = time.monotonic()
            mail = mail_to(server)
            office = PostOffice(mail, patience=60, whole_patience=0.3)
            letter = compose(
                mail, address="https://b.example.org", to="a@example.org", kind=Kind.CHECK, code=None, at=NOON
            )
            with pytest.raises(NotReached):
                office.hand_over(letter, to="a@example.org")

        assert time.monotonic() - began < 10

    def test_nothing_of_this_computer_is_told(self):
        with MailServer() as server:
            hand_over(server)

        assert server.said[0] == "ehlo example.org"


def hand_over_to_nobody(server: MailServer):
    mail = Mail(host="127.0.0.1", port=1, tls="none", sender="post@example.org")
    letter = compose(mail, address="https://b.example.org", to="a@example.org", kind=Kind.CHECK, code=None, at=NOON)
    try:
        return PostOffice(mail, patience=PATIENCE).hand_over(letter, to="a@example.org")
    except NotReached:
        return NOT_REACHED


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


class TestEncryption:
    @pytest.fixture
    def password(self, tmp_path):
        file = tmp_path / "password"
        file.write_text("a-password-for-mail\n")
        return {"user": "us", "password_file": file}

    @pytest.mark.parametrize("tls", ["starttls", "tls"])
    def test_message_and_password_travel_under_it(self, contexts, password, tls):
        with MailServer(context=contexts[0], from_the_start=tls == "tls") as server:
            assert hand_over(server, trusted=contexts[1], tls=tls, **password) is Outcome.SENT

        assert [got.is_encrypted for got in server.received] == [True]
        assert any(said.startswith("AUTH") for said in server.said)

    def test_where_none_is_offered_nothing_is_sent(self, contexts, password):
        with MailServer(context=contexts[0], lists_tls=False) as server:
            assert hand_over(server, trusted=contexts[1], tls="starttls", **password) == NOT_REACHED

        assert server.received == []
        assert not any(said.startswith(("AUTH", "MAIL")) for said in server.said)

    def test_a_server_that_cannot_show_who_it_is_gets_nothing(self, contexts, password):
        with MailServer(context=contexts[0]) as server:
            assert hand_over(server, trusted=None, tls="starttls", **password) == NOT_REACHED

        assert server.received == []
        assert not any(said.startswith(("AUTH", "MAIL")) for said in server.said)

    def test_nor_one_that_shows_another_name(self, tmp_path, password):
        context, trusting = make_certificate(tmp_path, name="mail.example.com")
        with MailServer(context=context) as server:
            assert hand_over(server, trusted=trusting, tls="starttls", **password) == NOT_REACHED

        assert server.received == []


def test_the_look_out_leaves_no_thread_behind():
    before = threading.active_count()
    with MailServer() as server:
        hand_over(server)

    assert threading.active_count() <= before
