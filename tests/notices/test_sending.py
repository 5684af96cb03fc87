"""Each message goes out once at most, whoever dies or answers whatever in between."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.factories import NOON, HourLogFactory
from tests.notices.conftest import address_of, states, wants_mail
from tests.races import racing
from timebank.notices.delivery import CODES
from timebank.notices.post_office import NotReached
from timebank.notices.standing import still_stands
from timebank.outbox import service as outbox
from timebank.outbox.models import Notice, NoticeState, Why
from timebank.outbox.service import PAUSES, Outcome


class TestOnce:
    def test_what_was_sent_is_not_sent_again(self, session, postman, waiting, receiver):
        assert postman.look(session=session) == [address_of(receiver)]
        postman.forward(days=1)
        assert postman.look() == []
        assert states(session) == [NoticeState.SENT]

    def test_one_message_does_for_all_that_waits(self, session, postman, waiting, giver, receiver):
        for minutes in (15, 30, 45):
            HourLogFactory(member=giver, partner=receiver, minutes=minutes)

        assert postman.look(session=session) == [address_of(receiver)]
        assert states(session) == [NoticeState.SENT] * 4

    def test_one_a_day_for_who_wants_that(self, session, postman, giver, receiver):
        wants_mail(session, receiver, at_most_daily=True)
        HourLogFactory(member=giver, partner=receiver)
        first = postman.look(session=session)
        postman.forward(hours=1)
        HourLogFactory(member=session.merge(giver), partner=session.merge(receiver), at=postman.at, minutes=15)
        soon = postman.look(session=session)
        postman.forward(hours=22)
        still = postman.look()
        postman.forward(hours=1)

        assert (len(first), soon, still, len(postman.look())) == (1, [], [], 1)

    @pytest.mark.parametrize("death", [KeyboardInterrupt(), MemoryError()], ids=["stopped", "no memory"])
    def test_who_dies_handing_it_over_leaves_it_for_good(self, session, postman, waiting, death):
        with pytest.raises(type(death)):
            postman.look(death, session=session)
        between = states(session)
        postman.forward(minutes=59)
        nothing = postman.look(session=session)
        postman.forward(minutes=1)

        assert (between, nothing, postman.look()) == ([NoticeState.GOING], [], [])
        assert session.scalars(select(Notice.why)).all() == [Why.UNCLEAR]

    def test_what_may_have_arrived_is_not_sent_again(self, session, postman, waiting):
        assert len(postman.look(Outcome.UNCLEAR, session=session)) == 1
        postman.forward(days=2)

        assert postman.look() == []

    @pytest.mark.parametrize("answer", [Outcome.LATER, NotReached])
    def test_what_was_not_taken_is_tried_again_after_growing_pauses_and_then_given_up(
        self, session, postman, waiting, answer
    ):
        assert postman.look(answer, session=session) == []
        for pause in PAUSES:
            postman.at += pause - timedelta(seconds=1)
            assert postman.look() == []
            postman.forward(seconds=1)
            assert postman.look(answer) == []

        assert states(session) == [NoticeState.GIVEN_UP]
        assert list(PAUSES) == sorted(PAUSES)
        assert sum(PAUSES, timedelta(0)) < outbox.STALE_AFTER

    def test_and_comes_when_the_server_is_back(self, session, postman, waiting, receiver):
        postman.look(NotReached, session=session)
        postman.forward(minutes=2)

        assert postman.look() == [address_of(receiver)]

    def test_where_the_server_is_not_there_the_others_are_not_tried(self, session, postman, waiting, giver, receiver):
        wants_mail(session, session.merge(giver))
        HourLogFactory(member=session.merge(receiver), partner=session.merge(giver), minutes=15)

        assert postman.look(NotReached, session=session) == []
        assert sorted(session.scalars(select(Notice.tries))) == [0, 1]

    def test_what_was_refused_is_given_up_and_told_on_their_page(self, session, postman, waiting, receiver, as_, app):
        app.config["TIMEBANK_SENDS_MAIL"] = True
        postman.look(Outcome.REFUSED, session=session)
        postman.forward(days=2)

        assert postman.look() == []
        assert "could not be delivered" in as_(session.merge(receiver)).get("/how-to-reach-me/").text

    def test_of_two_workers_one_gets_it(self, session, database, waiting):
        def take(writing):
            return outbox.take_next(writing, still_stands=still_stands, codes=CODES, at=NOON)

        session.commit()
        session.close()
        rounds = 10
        with racing(database) as race:
            for _ in range(rounds):
                with database.writing() as writing:
                    writing.execute(update(Notice).values(state=NoticeState.WAITING))
                got = race(take, take)
                assert [one for one in got if isinstance(one, Exception)] == []
                assert sum(one is not None for one in got) == 1

    def test_what_is_done_is_forgotten_after_a_month(self, session, postman, waiting):
        postman.look(session=session)
        postman.forward(days=30)
        postman.look()

        assert states(session) == []
