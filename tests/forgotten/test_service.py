"""What the database decides about links, on both kinds: one is used once, also by two at the same moment."""

from datetime import timedelta

from sqlalchemy import select

from tests.factories import NOON
from tests.notices.conftest import wants_mail
from tests.races import racing
from timebank.forgotten import service
from timebank.forgotten.models import ForgottenAsk, LinkNotGood
from timebank.outbox.models import Kind, Notice
from timebank.signin.models import SignInEvent, What
from timebank.signin.service import Entry


def test_of_two_at_the_same_moment_one_gets_in(database, session, nell, giver):
    member_id = giver.id
    session.commit()
    session.close()
    with racing(database) as race:
        for turn in range(6):
            at = NOON + timedelta(hours=turn)
            with database.writing() as writing:
                token = service.make_link(writing, member_id=member_id, at=at)

            got = race(*[lambda s, t=token, at=at: service.set_password(s, token=t, kept="kept", at=at)] * 2)

            assert {type(one) for one in got} == {Entry, LinkNotGood}
    happened = session.scalars(select(SignInEvent.what).where(SignInEvent.what == What.PASSWORD_BY_MAIL)).all()
    assert len(happened) == 6


def test_two_who_ask_at_the_same_moment_ask_once(database, session, nell, giver):
    wants_mail(session, giver, Kind.PASSWORD)
    session.close()
    with racing(database) as race:
        got = race(*[lambda s: service.ask(s, name="nell", secret="key", at=NOON)] * 2)

    assert got == [None, None]
    assert len(session.scalars(select(ForgottenAsk)).all()) == 1
    service.look_up_asked(session, secret="key", at=NOON)
    service.look_up_asked(session, secret="key", at=NOON)
    assert len(session.scalars(select(Notice)).all()) == 1
    assert session.scalars(select(ForgottenAsk)).all() == []
