"""Asking two people and hearing their answers, one-way and symmetric."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from tests.factories import (
    NOON,
    IntroductionFactory,
    MemberFactory,
    PartFactory,
    RelationshipFactory,
    SchemeFactory,
)
from tests.races import ROUNDS, racing, tell
from timebank.errors import NotFound
from timebank.introductions import reads, service
from timebank.introductions.models import AlreadyAnswered, Introduction, NoLongerOpen, NoPlaceLeft, State
from timebank.members import service as members
from timebank.members.models import Member
from timebank.profiles import service as profiles
from timebank.profiles.criteria import find_step
from timebank.relationships.models import Relationship
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme, Side

SOON = NOON + timedelta(days=1)


@pytest.fixture
def one_way(bank, mentor, supported):
    """A mentor with one place, and somebody to support."""
    scheme = SchemeFactory(bank=bank, preset="fanon")
    PartFactory(member=mentor, scheme=scheme, side=Side.OFFER)
    PartFactory(member=supported, scheme=scheme, side=Side.SEEK)
    return IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=supported.id)


@pytest.fixture
def symmetric(bank, mentor, supported):
    """Two who may become penfriends: nobody guides."""
    scheme = SchemeFactory(bank=bank, preset="penfriend")
    for member in (mentor, supported):
        PartFactory(member=member, scheme=scheme, side=Side.BOTH)
    return IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=supported.id)


def answer(session, introduction, member, *, yes=True, at=SOON):
    return service.answer_introduction(session, introduction_id=introduction.id, member=member, yes=yes, at=at)


def seen_by(session, member):
    return reads.list_for_member(session, member)


def together(session):
    return session.scalars(select(Relationship)).all()


def another(session, introduction, guide, **part):
    """One more who is introduced to the same guide in the same scheme."""
    member = MemberFactory(bank=guide.bank)
    PartFactory(member=member, scheme=introduction.scheme, **part)
    scheme = session.get_one(type(introduction.scheme), introduction.scheme_id)
    return IntroductionFactory(scheme=scheme, guide_id=guide.id, other_id=member.id)


class TestOneWay:
    def test_the_other_side_sees_nothing_before_the_guide_has_said_yes(self, session, one_way, mentor, supported):
        assert seen_by(session, mentor) == [one_way]
        assert seen_by(session, supported) == []
        with pytest.raises(NotFound):
            answer(session, one_way, supported)

    def test_the_other_side_is_asked_once_the_guide_has_said_yes(self, session, one_way, mentor, supported):
        answer(session, one_way, mentor)

        assert one_way.waits_for(supported)
        assert not one_way.waits_for(mentor)
        assert together(session) == []

    def test_the_other_side_has_a_week_of_their_own(self, session, one_way, mentor, supported):
        answer(session, one_way, mentor, at=NOON + timedelta(days=6))

        answer(session, one_way, supported, at=NOON + timedelta(days=12))

        assert one_way.state is State.ACCEPTED

    def test_a_guides_no_is_never_seen_by_the_other_side(self, session, one_way, mentor, supported):
        answer(session, one_way, mentor, yes=False)

        assert one_way.state is State.NOT_THIS_TIME
        assert seen_by(session, supported) == []
        with pytest.raises(NotFound):
            reads.find_for_party(session, one_way.id, supported)

    def test_the_other_sides_no_ends_it_for_both(self, session, one_way, mentor, supported):
        answer(session, one_way, mentor)

        answer(session, one_way, supported, yes=False)

        assert one_way.state is State.NOT_THIS_TIME
        assert together(session) == []

    def test_both_yes_starts_exactly_one_relationship(self, session, one_way, mentor, supported):
        answer(session, one_way, mentor)

        answer(session, one_way, supported)

        (begun,) = together(session)
        assert (begun.guide_id, begun.other_id, begun.scheme_id) == (mentor.id, supported.id, one_way.scheme_id)
        assert one_way.state is State.ACCEPTED

    @pytest.mark.parametrize("yes", [True, False])
    def test_a_second_answer_is_refused(self, session, one_way, mentor, yes):
        answer(session, one_way, mentor)

        with pytest.raises(AlreadyAnswered):
            answer(session, one_way, mentor, yes=yes)

        assert one_way.guide_said_yes is True

    @pytest.mark.parametrize("who", ["bystander", "outsider", "coordinator"])
    def test_nobody_else_answers_or_sees_it(self, session, one_way, request, who):
        member = request.getfixturevalue(who)

        with pytest.raises(NotFound):
            answer(session, one_way, member)

        assert seen_by(session, member) == []

    def test_names_are_hidden_until_both_have_said_yes(self, session, one_way, mentor, supported):
        names = [reads.view(session, one_way, mentor).partner_name]
        answer(session, one_way, mentor)
        names += [reads.view(session, one_way, member).partner_name for member in (mentor, supported)]

        answer(session, one_way, supported)

        assert names == [None] * 3
        assert reads.view(session, one_way, mentor).partner_name == supported.name
        assert reads.view(session, one_way, supported).partner_name == mentor.name


class TestSymmetric:
    def test_both_are_asked_at_once(self, session, symmetric, mentor, supported):
        assert symmetric.waits_for(mentor)
        assert symmetric.waits_for(supported)

    @pytest.mark.parametrize("first", ["mentor", "supported"])
    def test_either_may_answer_first(self, session, symmetric, mentor, supported, first):
        order = (mentor, supported) if first == "mentor" else (supported, mentor)
        answer(session, symmetric, order[0])

        answer(session, symmetric, order[1])

        assert len(together(session)) == 1

    def test_nobody_is_told_what_the_other_has_answered(self, session, symmetric, mentor, supported):
        before = reads.view(session, symmetric, supported)

        answer(session, symmetric, mentor)

        assert reads.view(session, symmetric, supported) == before

    @pytest.mark.parametrize("first", ["mentor", "supported"])
    def test_one_no_ends_it_for_both(self, session, symmetric, mentor, supported, first):
        order = (mentor, supported) if first == "mentor" else (supported, mentor)
        answer(session, symmetric, order[0], yes=False)

        with pytest.raises(NoLongerOpen):
            answer(session, symmetric, order[1])

        assert together(session) == []


class TestLapse:
    def test_an_answer_on_the_day_it_lapses_is_too_late(self, session, one_way, mentor):
        with pytest.raises(NoLongerOpen):
            answer(session, one_way, mentor, at=one_way.answer_by)

    def test_what_nobody_answered_lapses_and_nobody_else_hears_of_it(self, session, one_way, mentor, supported):
        count = service.lapse_unanswered(session, at=one_way.answer_by)

        assert (count, one_way.state) == (1, State.LAPSED)
        assert seen_by(session, supported) == []

    def test_what_has_time_left_stays_open(self, session, one_way):
        count = service.lapse_unanswered(session, at=one_way.answer_by - timedelta(seconds=1))

        assert (count, one_way.state) == (0, State.OPEN)

    def test_no_answer_after_it_lapsed(self, session, one_way, mentor):
        service.lapse_unanswered(session, at=one_way.answer_by)

        with pytest.raises(NoLongerOpen):
            answer(session, one_way, mentor, at=one_way.answer_by + timedelta(days=1))


class TestPlaces:
    def test_a_yes_without_a_place_is_refused_and_may_be_given_later(self, session, one_way, mentor, bystander):
        RelationshipFactory(guide=mentor, other=bystander, scheme=one_way.scheme)
        session.commit()

        with pytest.raises(NoPlaceLeft):
            answer(session, one_way, mentor)

        session.rollback()
        assert one_way.waits_for(mentor)

    def test_a_no_needs_no_place(self, session, one_way, mentor, bystander):
        RelationshipFactory(guide=mentor, other=bystander, scheme=one_way.scheme)

        answer(session, one_way, mentor, yes=False)

        assert one_way.state is State.NOT_THIS_TIME

    def test_a_guides_yes_takes_the_place(self, session, one_way, mentor):
        second = another(session, one_way, mentor)
        answer(session, one_way, mentor)

        with pytest.raises(NoPlaceLeft):
            answer(session, second, mentor)

    def test_another_schemes_people_take_no_place_here(self, session, one_way, mentor, bystander):
        RelationshipFactory(guide=mentor, other=bystander, scheme=SchemeFactory(bank=mentor.bank))
        RelationshipFactory(guide=mentor, other=bystander)

        answer(session, one_way, mentor)

        assert one_way.guide_said_yes is True

    def test_being_supported_takes_no_place_for_supporting(self, session, one_way, mentor, bystander):
        RelationshipFactory(guide=bystander, other=mentor, scheme=one_way.scheme)

        answer(session, one_way, mentor)

        assert one_way.guide_said_yes is True

    def test_places_are_counted_when_both_have_answered(self, session, one_way, mentor, supported):
        answer(session, one_way, mentor)
        schemes.set_capacity(session, member=mentor, scheme_id=one_way.scheme_id, capacity=0)
        session.commit()

        with pytest.raises(NoLongerOpen):
            answer(session, one_way, supported)

        session.rollback()
        assert together(session) == []

    def test_when_a_mentor_has_fewer_places_after_two_yeses_the_first_to_answer_gets_the_place(
        self, session, one_way, mentor, supported
    ):
        schemes.set_capacity(session, member=mentor, scheme_id=one_way.scheme_id, capacity=2)
        second = another(session, one_way, mentor)
        for introduction in (one_way, second):
            answer(session, introduction, mentor)
        schemes.set_capacity(session, member=mentor, scheme_id=one_way.scheme_id, capacity=1)

        answer(session, one_way, supported)

        assert one_way.state is State.ACCEPTED

    def test_whoever_stepped_back_is_not_accepted_for(self, session, one_way, mentor, supported):
        answer(session, one_way, mentor)
        schemes.step_back(session, member=mentor, scheme_id=one_way.scheme_id)
        session.commit()

        with pytest.raises(NoLongerOpen):
            answer(session, one_way, supported)

        session.rollback()
        assert together(session) == []

    @pytest.mark.parametrize("apart_by", ["mentor", "supported"])
    def test_kept_apart_since_then_starts_nothing(self, session, one_way, mentor, supported, apart_by):
        answer(session, one_way, mentor)
        who, other = (mentor, supported) if apart_by == "mentor" else (supported, mentor)
        members.keep_apart(session, member=who, other=other, at=SOON)
        session.commit()

        with pytest.raises(NotFound):
            answer(session, one_way, supported)

        session.rollback()
        assert together(session) == []


class TestWhatIsTold:
    def save(self, session, member, name, **values):
        step = find_step(name)
        said = {question.criterion: [] for question in step.questions}
        for question in step.questions:
            said |= {f"{question.criterion}_{what}": False for what in ("shown", "used")}
            said[f"{question.criterion}_importance"] = 1
        profiles.save_step(session, member=member, step=step, values=said | values, at=NOON)

    def test_only_what_the_other_person_agreed_to_show(self, session, one_way, mentor, supported):
        self.save(session, supported, "share", interests=["chess"], interests_shown=True, skills=["cooking"])
        self.save(session, supported, "identity", identities=["faith:Muslim"], identities_used=True)

        told = reads.view(session, one_way, mentor).told

        assert [one.words for one in told] == [["chess"]]

    def test_nothing_once_it_does_not_go_on(self, session, one_way, mentor, supported):
        self.save(session, supported, "share", interests=["chess"], interests_shown=True)

        answer(session, one_way, mentor, yes=False)

        assert reads.view(session, one_way, mentor).told == []

    def test_each_reads_the_reasons_from_where_they_stand(self, session, one_way, mentor, supported):
        one_way.guide_reasons, one_way.other_reasons = ["You can help them with: chess"], ["They can help you"]

        assert reads.view(session, one_way, mentor).reasons == ["You can help them with: chess"]
        assert reads.view(session, one_way, supported).reasons == ["They can help you"]


class TestAtTheSameMoment:
    """The same three people again and again: each round two introductions are open, and one place is free."""

    def begin_anew(self, database, scheme_id, guide_id, other_ids, *, guide_said_yes=None):
        with database.writing() as session:
            session.execute(update(Introduction).where(Introduction.state == State.OPEN).values(state=State.LAPSED))
            session.execute(update(Relationship).where(Relationship.ended_at.is_(None)).values(ended_at=NOON))
            scheme = session.get_one(BankScheme, scheme_id)
            made = [
                service.introduce(
                    session,
                    scheme=scheme,
                    guide_id=guide_id,
                    other_id=other_id,
                    guide_reasons=[],
                    other_reasons=[],
                    at=NOON,
                )
                for other_id in other_ids
            ]
            for introduction in made:
                introduction.guide_said_yes = guide_said_yes
            return [introduction.id for introduction in made]

    def say_yes(self, introduction_id, member_id, session):
        service.answer_introduction(
            session, introduction_id=introduction_id, member=session.get_one(Member, member_id), yes=True, at=SOON
        )

    def run(self, database, session, introduction, answering, *, guide_said_yes=None):
        guide = session.get_one(Member, introduction.guide_id)
        others = [introduction.other_id, another(session, introduction, guide, side=Side.BOTH).other_id]
        guide_id, scheme_id = guide.id, introduction.scheme_id
        session.commit()
        session.close()
        outcomes = []
        with racing(database) as race:
            for _ in range(ROUNDS):
                made = self.begin_anew(database, scheme_id, guide_id, others, guide_said_yes=guide_said_yes)
                who = [guide_id, guide_id] if answering == "guide" else others
                outcomes.append(race(*(partial(self.say_yes, *one) for one in zip(made, who, strict=True))))
        return [sorted(type(one).__name__ for one in both) for both in outcomes]

    def test_a_mentor_who_says_yes_twice_at_once_gives_the_last_place_once(self, database, session, one_way):
        outcomes = self.run(database, session, one_way, "guide")

        given = sum("NoneType" in both for both in outcomes)
        tell(f"{len(outcomes)} rounds of two yeses for the last place: {given} places given")
        assert outcomes == [["NoPlaceLeft", "NoneType"]] * ROUNDS

    def test_of_two_people_who_say_yes_to_the_same_penfriend_at_once_one_is_introduced(
        self, database, session, symmetric
    ):
        outcomes = self.run(database, session, symmetric, "others", guide_said_yes=True)

        introduced = sum("NoneType" in both for both in outcomes)
        tell(f"{len(outcomes)} rounds of two people for one place: {introduced} introduced")
        assert outcomes == [["NoLongerOpen", "NoneType"]] * ROUNDS
        assert len(together(session)) == ROUNDS
