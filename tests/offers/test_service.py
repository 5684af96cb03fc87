"""Offers, asks, and getting to know each other by them."""

from uuid import uuid4

import pytest

from tests.factories import NOON, MemberFactory, OfferFactory, RelationshipFactory, ReplyFactory
from timebank.errors import NotFound
from timebank.members import service as members
from timebank.members.models import MemberStatus
from timebank.offers import reads, service
from timebank.offers.models import AlreadyAnswered, Kind
from timebank.relationships import reads as relationships


@pytest.fixture
def offer(session, giver):
    OfferFactory()
    return OfferFactory(member=giver)


@pytest.fixture
def reply(session, offer, receiver):
    return ReplyFactory(offer=offer, member=receiver)


def answer(session, reply, member, *, yes=True):
    return service.answer_reply(session, reply_id=reply.id, member=member, yes=yes, at=NOON)


class TestPost:
    def test_everybody_in_the_bank_sees_it_and_nobody_elsewhere(self, session, offer, giver, receiver, outsider):
        assert reads.list_open(session, giver) == reads.list_open(session, receiver) == [offer]
        assert reads.list_open(session, outsider) == []

    def test_the_same_form_sent_twice_is_one_offer(self, session, offer, giver):
        again = OfferFactory(offer_id=offer.id, member=giver)

        assert again is offer
        assert reads.list_open(session, giver) == [offer]

    @pytest.mark.parametrize("apart_by", ["giver", "receiver"])
    def test_those_kept_apart_do_not_see_each_others(self, session, offer, giver, receiver, apart_by):
        who, other = (giver, receiver) if apart_by == "giver" else (receiver, giver)

        members.keep_apart(session, member=who, other=other, at=NOON)

        assert reads.list_open(session, receiver) == []
        with pytest.raises(NotFound):
            reads.get_open(session, offer.id, receiver)

    @pytest.mark.parametrize("status", [MemberStatus.PAUSED, MemberStatus.LEFT])
    def test_those_who_are_not_here_are_not_on_the_list(self, session, offer, giver, receiver, status):
        giver.status = status
        session.flush()

        assert reads.list_open(session, receiver) == []


class TestClose:
    def test_takes_it_off_the_list(self, session, offer, giver, receiver):
        service.close_offer(session, offer_id=offer.id, member=giver, at=NOON)
        session.flush()

        assert reads.list_open(session, receiver) == []

    @pytest.mark.parametrize("who", ["receiver", "outsider", "coordinator"])
    def test_only_by_whoever_posted_it(self, session, offer, request, who):
        with pytest.raises(NotFound):
            service.close_offer(session, offer_id=offer.id, member=request.getfixturevalue(who), at=NOON)


class TestReply:
    def test_waits_for_whoever_posted_it(self, session, reply, giver, receiver):
        assert reads.list_replies_waiting(session, giver) == [reply]
        assert reads.list_replies_waiting(session, receiver) == []

    def test_only_once(self, session, reply, offer, receiver):
        with pytest.raises(AlreadyAnswered):
            ReplyFactory(offer=offer, member=receiver)

    def test_not_to_ones_own(self, session, offer, giver):
        with pytest.raises(AlreadyAnswered):
            ReplyFactory(offer=offer, member=giver)

    @pytest.mark.parametrize("why", ["closed", "apart", "other bank", "unknown"])
    def test_what_is_not_on_ones_list_looks_as_if_it_were_not_there(
        self, session, offer, giver, receiver, outsider, why
    ):
        if why == "closed":
            offer.close(at=NOON)
            session.flush()
        if why == "apart":
            members.keep_apart(session, member=giver, other=receiver, at=NOON)

        with pytest.raises(NotFound):
            service.reply(
                session,
                offer_id=uuid4() if why == "unknown" else offer.id,
                member=outsider if why == "other bank" else receiver,
                words="",
                at=NOON,
            )

    def test_of_somebody_kept_apart_since_is_not_shown(self, session, reply, giver, receiver):
        members.keep_apart(session, member=receiver, other=giver, at=NOON)

        assert reads.list_replies_waiting(session, giver) == []


class TestAnswer:
    @pytest.mark.parametrize("kind", list(Kind))
    def test_a_yes_makes_the_two_known_to_each_other(self, session, giver, receiver, kind):
        reply = ReplyFactory(offer=OfferFactory(member=giver, kind=kind), member=receiver)

        answer(session, reply, giver)

        (known,) = relationships.list_live(session, receiver.id)
        helper = giver if kind is Kind.OFFER else receiver
        assert (known.guide_id, known.scheme_id) == (helper.id, None)

    def test_a_no_starts_nothing(self, session, reply, giver, receiver):
        answer(session, reply, giver, yes=False)

        assert relationships.list_live(session, receiver.id) == []
        assert reads.list_replies_waiting(session, giver) == []

    def test_those_who_know_each_other_already_are_not_made_known_twice(self, session, reply, giver, receiver):
        RelationshipFactory(guide=receiver, other=giver)

        answer(session, reply, giver)

        assert len(relationships.list_live(session, giver.id)) == 1

    def test_only_once(self, session, reply, giver):
        answer(session, reply, giver, yes=False)

        with pytest.raises(AlreadyAnswered):
            answer(session, reply, giver)

    @pytest.mark.parametrize("who", ["receiver", "bystander", "outsider"])
    def test_only_by_whoever_posted_it(self, session, reply, request, who):
        with pytest.raises(NotFound):
            answer(session, reply, request.getfixturevalue(who))

    @pytest.mark.parametrize("apart_by", ["giver", "receiver"])
    def test_a_yes_to_somebody_kept_apart_since_starts_nothing(self, session, reply, giver, receiver, apart_by):
        who, other = (giver, receiver) if apart_by == "giver" else (receiver, giver)
        members.keep_apart(session, member=who, other=other, at=NOON)

        with pytest.raises(NotFound):
            answer(session, reply, giver)

        assert relationships.list_live(session, giver.id) == []

    def test_several_may_be_answered_with_yes(self, session, reply, offer, giver):
        second = ReplyFactory(offer=offer, member=MemberFactory(bank=giver.bank))
        answer(session, reply, giver)

        answer(session, second, giver)

        assert len(relationships.list_live(session, giver.id)) == 2
