"""Not with this person, at the moment when something between the two is being agreed to: one comes first, and nothing begins."""

import os
from uuid import uuid4

import pytest

from tests.factories import DAY, NOON, IntroductionFactory, OfferFactory, PartFactory, ReplyFactory, SchemeFactory
from tests.races import ROUNDS, racing, tell
from timebank.apart import service
from timebank.hours import reads as hours
from timebank.hours import service as hour_service
from timebank.introductions import service as introductions
from timebank.members import service as members
from timebank.members.models import Member
from timebank.offers import service as offers
from timebank.relationships import reads as relationships
from timebank.schemes.models import Side

TIMES = ROUNDS if os.environ.get("TIMEBANK_FORM") == "full" else 8


@pytest.fixture
def begin(session, bank):
    """Two new people, and something between them that is about to be agreed to: how, and by whom."""

    def make(what, number):
        one, other = (
            members.add_member(session, bank=bank, name=f"{name} {number}", joined_on=DAY) for name in ("Ada", "Bo")
        )
        act = {"introduction": _introduced, "reply": _replied, "hours": _logged}[what](session, one, other)
        session.commit()
        return one.id, other.id, act

    return make


def _introduced(session, one, other):
    scheme = SchemeFactory(bank=one.bank)
    PartFactory(member=one, scheme=scheme, side=Side.OFFER)
    PartFactory(member=other, scheme=scheme)
    asked = IntroductionFactory(scheme=scheme, guide_id=one.id, other_id=other.id)
    introductions.answer_introduction(session, introduction_id=asked.id, member=one, yes=True, at=NOON)
    said = {"introduction_id": asked.id, "yes": True, "at": NOON}
    return lambda acting, member: introductions.answer_introduction(acting, member=member, **said)


def _replied(session, one, other):
    reply = ReplyFactory(offer=OfferFactory(member=other), member=one)
    return lambda acting, member: offers.answer_reply(acting, reply_id=reply.id, member=member, yes=True, at=NOON)


def _logged(session, one, other):
    """Whom one may log with was looked up on the page before."""
    one_id, log_id = one.id, uuid4()

    def log(acting, member):
        said = {"is_given": True, "minutes": 30, "happened_on": DAY, "at": NOON}
        return hour_service.log_hours(
            acting, log_id=log_id, member=member, partner=acting.get_one(Member, one_id), **said
        )

    return log


@pytest.mark.timeout(300)
@pytest.mark.parametrize("what", ["introduction", "reply", "hours"])
def test_nothing_is_left_open_between_them(database, begin, what):
    agreed = 0
    with racing(database) as race:
        for number in range(TIMES):
            one_id, other_id, agree = begin(what, number)

            def choose(acting, one_id=one_id, other_id=other_id):
                one, other = (acting.get_one(Member, person) for person in (one_id, other_id))
                service.choose(acting, member=one, other=other, at=NOON)
                return "chosen"

            def say_yes(acting, other_id=other_id, agree=agree):
                agree(acting, acting.get_one(Member, other_id))
                return "agreed"

            outcomes = race(choose, say_yes)

            assert outcomes[0] == "chosen", outcomes
            agreed += outcomes[1] == "agreed"
            with database.open_reading() as after:
                assert relationships.list_live(after, one_id) == []
                assert hours.list_waiting_between(after, one_id, other_id) == []
    tell(f"{TIMES} times at the same moment: {agreed} were agreed to first, and none was left open")
