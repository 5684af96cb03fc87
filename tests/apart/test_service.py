""" "Not with this person": what ends, what stays, and what each of the two may know of it."""

import pytest

from tests.factories import (
    NOON,
    HourLogFactory,
    IntroductionFactory,
    OfferFactory,
    QueryFactory,
    RelationshipFactory,
    ReplyFactory,
    SchemeFactory,
    confirm,
    faults,
    held,
    posted,
)
from timebank.apart import reads, service
from timebank.errors import NotFound
from timebank.hours import reads as hours
from timebank.hours import service as hour_service
from timebank.introductions import service as introductions
from timebank.introductions.models import NoLongerOpen, State
from timebank.members import reads as members
from timebank.members.codes import spoken
from timebank.offers import service as offers
from timebank.queries import service as queries
from timebank.queries.models import Matter, Outcome
from timebank.relationships import reads as relationships
from timebank.relationships import service as relationship_service


@pytest.fixture
def one(mentor):
    return mentor


@pytest.fixture
def other(supported):
    return supported


@pytest.fixture
def choose(session, one, other):
    return lambda: service.choose(session, member=one, other=other, at=NOON)


class TestWhatEnds:
    def test_every_relationship_of_the_two_and_no_other(self, session, one, other, bystander, choose):
        RelationshipFactory(guide=one, other=other)
        RelationshipFactory(guide=other, other=one, scheme=SchemeFactory(bank=one.bank))
        elsewhere = RelationshipFactory(guide=other, other=bystander)

        choose()

        assert relationships.list_live(session, other.id) == [elsewhere]
        assert relationships.list_live(session, one.id) == []

    def test_an_introduction_that_is_open(self, session, one, other, choose):
        open_one = IntroductionFactory(scheme=SchemeFactory(bank=one.bank), guide_id=other.id, other_id=one.id)

        choose()

        assert open_one.state is State.LAPSED
        with pytest.raises(NoLongerOpen):
            introductions.answer_introduction(session, introduction_id=open_one.id, member=other, yes=True, at=NOON)

    @pytest.mark.parametrize("logged_by", ["one", "other"])
    @pytest.mark.parametrize("is_checked", [False, True])
    def test_hours_that_wait_are_let_go_whoever_logged_them(self, session, one, other, choose, logged_by, is_checked):
        first, second = (one, other) if logged_by == "one" else (other, one)
        log = HourLogFactory(member=first, partner=second)
        query = QueryFactory(log=log) if is_checked else None

        choose()

        assert hours.view(session, log, other).state == hours.RELEASED
        assert held(one) == held(other) == (0, 0)
        assert query is None or (query.is_open, query.outcome) == (False, Outcome.VOID)

    def test_a_check_of_hours_that_count_leaves_them_counting(self, session, one, other, choose):
        log = HourLogFactory(member=one, partner=other)
        query = QueryFactory(log=log, is_posted=True)

        choose()

        assert (query.is_open, query.outcome, query.settled_by) == (False, Outcome.AS_LOGGED, None)
        assert (posted(one, other), held(one), held(other)) == ((90, -90), (0, 0), (0, 0))
        assert not hours.view(session, log, other).is_being_checked

    def test_hours_with_others_wait_on(self, session, one, other, bystander, choose):
        kept = [
            HourLogFactory(member=one, partner=bystander),
            HourLogFactory(member=bystander, partner=other),
            HourLogFactory(member=other, partner=None),
        ]

        choose()

        assert {view.state for view in hours.views(session, kept, one)} == {hours.PENDING}

    def test_hours_that_both_agreed_on_stay_with_the_name(self, session, one, other, choose):
        log = confirm(HourLogFactory(member=one, partner=other))

        choose()

        assert posted(one, other) == (90, -90)
        assert hours.view(session, log, other).partner == one.name
        assert faults(one.bank) == ()


class TestNothingBeginsAgain:
    """For both of them, and by every way in."""

    @pytest.mark.parametrize("who", ["one", "other"])
    def test_no_hours_by_name_or_code(self, session, one, other, choose, who, request):
        confirm(HourLogFactory(member=one, partner=other))
        choose()
        me, them = (one, other) if who == "one" else (other, one)

        for said in ({"partner_id": them.id, "code": ""}, {"partner_id": None, "code": spoken(them.code)}):
            with pytest.raises(hour_service.NobodyWithThatCode):
                hour_service.find_partner(session, member=me, **said)
        with pytest.raises(hour_service.NobodyWithThatCode):
            HourLogFactory(member=me, partner=them, minutes=15)

    @pytest.mark.parametrize("who", ["one", "other"])
    def test_no_check_of_what_was(self, session, one, other, choose, who):
        log = confirm(HourLogFactory(member=one, partner=other))
        choose()

        with pytest.raises(queries.NobodyToCheckWith):
            queries.open_query(
                session, log_id=log.id, member=one if who == "one" else other, matter=Matter.LENGTH, words="", at=NOON
            )

    @pytest.mark.parametrize("poster", ["one", "other"])
    def test_no_reply_and_no_yes_to_one(self, session, one, other, choose, poster):
        posting, replying = (one, other) if poster == "one" else (other, one)
        answered, later = OfferFactory(member=posting), OfferFactory(member=posting)
        reply = ReplyFactory(offer=answered, member=replying)
        choose()

        with pytest.raises(NotFound):
            offers.reply(session, offer_id=later.id, member=replying, words="", at=NOON)
        with pytest.raises(NotFound):
            offers.answer_reply(session, reply_id=reply.id, member=posting, yes=True, at=NOON)

    def test_no_relationship(self, session, one, other, choose):
        choose()

        with pytest.raises(NotFound):
            relationship_service.start(
                session, bank_id=one.bank_id, scheme_id=None, guide_id=other.id, other_id=one.id, at=NOON
            )


class TestTakingItBack:
    def test_leaves_what_the_other_one_chose(self, session, one, other, choose):
        choose()
        service.choose(session, member=other, other=one, at=NOON)

        service.take_back(session, member=one, other_id=other.id)

        assert members.list_chosen_apart(session, one) == []
        assert members.list_chosen_apart(session, other) == [one]
        assert members.are_kept_apart(session, one.id, other.id)

    def test_nothing_that_ended_begins_again(self, session, one, other, choose):
        together, log = RelationshipFactory(guide=one, other=other), HourLogFactory(member=one, partner=other)
        choose()

        service.take_back(session, member=one, other_id=other.id)

        assert not members.are_kept_apart(session, one.id, other.id)
        assert together.ended_at == NOON
        assert hours.view(session, log, one).state == hours.RELEASED

    def test_twice_and_of_somebody_never_chosen_changes_nothing(self, session, one, other, bystander, choose):
        choose()
        for person in (other, other, bystander):
            service.take_back(session, member=one, other_id=person.id)

        assert members.kept_apart_from(session, one.id) == set()

    def test_is_for_whoever_chose(self, session, one, other, choose):
        choose()

        service.take_back(session, member=other, other_id=one.id)

        assert members.list_chosen_apart(session, one) == [other]

    def test_choosing_twice_is_choosing_once(self, session, one, other, choose):
        choose()
        choose()

        assert members.list_chosen_apart(session, one) == [other]
        assert members.list_chosen_apart(session, other) == []


class TestWhoIsNamed:
    """By each thing in which a name is read, and only while it is read there."""

    def test_in_an_introduction_only_once_both_said_yes(self, session, one, other):
        found = IntroductionFactory(scheme=SchemeFactory(bank=one.bank), guide_id=one.id, other_id=other.id)
        with pytest.raises(NotFound):
            reads.in_introduction(session, found.id, one)
        found.answer(member=one, yes=True, at=NOON)
        found.answer(member=other, yes=True, at=NOON)
        session.flush()

        assert reads.in_introduction(session, found.id, one) is other
        assert reads.in_introduction(session, found.id, other) is one

    def test_by_a_code_nobody_is_named_to_whoever_typed_it(self, session, one, other):
        log = HourLogFactory(member=one, partner=other, by_code=True)

        assert reads.in_hours(session, log.id, other) is one
        with pytest.raises(NotFound):
            reads.in_hours(session, log.id, one)

    def test_in_hours_with_the_community_nobody_is(self, session, one):
        with pytest.raises(NotFound):
            reads.in_hours(session, HourLogFactory(member=one, partner=None).id, one)

    def test_in_an_offer_while_it_stands_and_never_oneself(self, session, one, other):
        offer = OfferFactory(member=other)
        assert reads.in_offer(session, offer.id, one) is other
        for who, is_closed in ((other, False), (one, True)):
            if is_closed:
                offer.close(at=NOON)
            with pytest.raises(NotFound):
                reads.in_offer(session, offer.id, who)

    def test_in_a_reply_to_whoever_is_asked(self, session, one, other):
        reply = ReplyFactory(offer=OfferFactory(member=one), member=other)

        assert reads.in_reply(session, reply.id, one) is other
        with pytest.raises(NotFound):
            reads.in_reply(session, reply.id, other)

    def test_chosen_by_the_other_one_they_are_named_in_what_happened_only(self, session, one, other, choose):
        together, offer = RelationshipFactory(guide=one, other=other), OfferFactory(member=one)
        log = confirm(HourLogFactory(member=one, partner=other))
        choose()

        assert reads.in_hours(session, log.id, other) is one
        for find, thing in ((reads.in_relationship, together), (reads.in_offer, offer)):
            with pytest.raises(NotFound):
                find(session, thing.id, other)
            assert reads.in_relationship(session, together.id, one) is other
