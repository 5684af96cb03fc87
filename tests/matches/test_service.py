"""Rounds: trying, looking over, sending whole or not at all, calling back.

One file: every act on rounds is told here in turn, with the same few people.
"""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from tests.factories import (
    DAY,
    NOON,
    IntroductionFactory,
    MemberFactory,
    PartFactory,
    RelationshipFactory,
    SchemeFactory,
)
from timebank.errors import NotFound
from timebank.introductions import reads as introductions
from timebank.introductions import service as introduction_service
from timebank.introductions.models import Introduction, State
from timebank.introductions.reasons import sentences
from timebank.matches import facts, reads, service
from timebank.matches.models import AlreadySent, Round
from timebank.members import service as members
from timebank.profiles import service as profiles
from timebank.profiles.criteria import find_step
from timebank.schemes import service as schemes
from timebank.schemes.models import Side

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def scheme(bank):
    return SchemeFactory(bank=bank, preset="open")


@pytest.fixture
def pair(session, scheme, mentor, supported):
    """One who offers and one who seeks; nothing keeps them apart."""
    sides = (Side.BOTH, Side.BOTH) if scheme.is_symmetric else (Side.OFFER, Side.SEEK)
    for member, side in zip((mentor, supported), sides, strict=True):
        PartFactory(member=member, scheme=scheme, side=side)
        speak(session, member)
    return mentor, supported


@pytest.fixture(params=["fanon", "penfriend"])
def any_shape(request, bank):
    """One scheme with two sides, one where all are alike."""
    return SchemeFactory(bank=bank, preset=request.param)


def speak(session, member):
    """Enough to be proposed to somebody else who says the same."""
    words = {"languages": ["English"], "modes": ["letter"], "areas": [], "times": ["mon-eve"]}
    more = {f"{name}_{what}": True for name in words for what in ("used", "shown")}
    more |= {f"{name}_importance": 1 for name in words}
    profiles.save_step(session, member=member, step=find_step("meeting"), values=words | more, at=NOON)
    words = {"goals": ["get out more"], "looking_for": ["someone to talk to"], "wants": []}
    more = {f"{name}_{what}": True for name in words for what in ("used", "shown")}
    more |= {f"{name}_importance": 3 for name in words}
    profiles.save_step(session, member=member, step=find_step("goals"), values=words | more, at=NOON)


def join(session, scheme, *members_):
    """Each takes part, the first half offering and the rest seeking."""
    for number, member in enumerate(members_):
        side = Side.BOTH if scheme.is_symmetric else (Side.OFFER if number < len(members_) / 2 else Side.SEEK)
        PartFactory(member=member, scheme=scheme, side=side)
        speak(session, member)


def be_close(session, coordinator, member, why):
    if "together" in why:
        together = RelationshipFactory(guide=coordinator, other=member)
        if why == "once together":
            together.end(at=NOON)
    else:
        one, other = (coordinator, member) if why == "chose" else (member, coordinator)
        members.keep_apart(session, member=one, other=other, at=NOON)
    session.flush()


def try_round(session, scheme, coordinator, seed=1):
    return service.try_round(session, scheme_id=scheme.id, coordinator=coordinator, on=DAY, at=NOON, seed=seed)


def send(session, tried, coordinator):
    return service.send_round(session, round_id=tried.id, coordinator=coordinator, at=LATER)


def pairs(tried):
    return {frozenset((one.guide_id, one.other_id)) for one in tried.proposals}


def sent(session):
    return session.scalars(select(Introduction)).all()


class TestTry:
    def test_proposes_and_sends_nothing(self, session, any_shape, mentor, supported, coordinator):
        join(session, any_shape, mentor, supported)

        tried = try_round(session, any_shape, coordinator)

        assert pairs(tried) == {frozenset((mentor.id, supported.id))}
        assert sent(session) == []
        assert introductions.list_for_member(session, mentor) == []

    def test_the_supporting_side_is_the_guide(self, session, bank, mentor, supported, coordinator):
        scheme = SchemeFactory(bank=bank, preset="fanon")
        join(session, scheme, mentor, supported)

        (proposal,) = try_round(session, scheme, coordinator).proposals

        assert (proposal.guide_id, proposal.other_id) == (mentor.id, supported.id)

    def test_the_same_facts_and_seed_give_the_same_round(self, session, any_shape, bank, coordinator):
        join(session, any_shape, *(MemberFactory(bank=bank) for _ in range(6)))

        one, other = (try_round(session, any_shape, coordinator, seed=7) for _ in range(2))

        assert pairs(one) == pairs(other)
        assert one.facts_digest == other.facts_digest

    @pytest.mark.parametrize("who", ["giver", "outsider", "elsewhere"])
    def test_only_by_whoever_looks_after_the_scheme(self, session, any_shape, bank, giver, outsider, request, who):
        schemes.make_coordinator(session, member=outsider)
        if who == "elsewhere":
            schemes.make_coordinator(session, member=giver, scheme=SchemeFactory(bank=bank))
        member = giver if who == "elsewhere" else request.getfixturevalue(who)

        with pytest.raises(NotFound):
            try_round(session, any_shape, member)

    def test_an_odd_one_out_is_left_out_with_a_reason(self, session, bank, mentor, supported, bystander, coordinator):
        scheme = SchemeFactory(bank=bank, preset="penfriend")
        join(session, scheme, mentor, supported, bystander)

        tried = try_round(session, scheme, coordinator)

        assert len(tried.proposals) == 1
        (left,) = tried.left_out
        assert left.reason

    def test_nobody_at_all_is_no_mistake(self, session, any_shape, coordinator):
        tried = try_round(session, any_shape, coordinator)

        assert (tried.proposals, tried.left_out) == ([], [])

    def test_reasons_name_only_what_both_agreed_to_show(self, session, any_shape, mentor, supported, coordinator):
        join(session, any_shape, mentor, supported)
        for member in (mentor, supported):
            values = {"identities": ["faith:Muslim"], "identities_used": True, "identities_shown": member is mentor}
            profiles.save_step(
                session,
                member=member,
                step=find_step("identity"),
                values=values | {"identities_importance": 5},
                at=NOON,
            )

        (proposal,) = try_round(session, any_shape, coordinator).proposals

        told = sentences([*proposal.guide_reasons, *proposal.other_reasons])
        assert "Muslim" not in " ".join([*told, proposal.staff_reasons])
        assert any("get out more" in reason for reason in sentences(proposal.guide_reasons))

    def test_what_one_member_wrote_about_themselves_never_stops_a_round(
        self, session, any_shape, mentor, supported, coordinator
    ):
        join(session, any_shape, mentor, supported)
        step = find_step("musts")
        more = {"musts_shown": False, "musts_used": False, "musts_importance": 1}
        profiles.save_step(session, member=mentor, step=step, values={"musts": ["same age"]} | more, at=NOON)

        tried = try_round(session, any_shape, coordinator)

        assert tried.facts_digest


class TestNeverProposedAgain:
    """Together, parted, being asked, asked in vain, kept apart: in either direction."""

    @pytest.mark.parametrize("why", ["live", "ended", "open", "refused", "apart", "apart by the other"])
    def test_a_barred_pair(self, session, any_shape, mentor, supported, coordinator, why):
        join(session, any_shape, mentor, supported)
        for member in (mentor, supported):
            schemes.set_capacity(session, member=member, scheme_id=any_shape.id, capacity=2)
        match why:
            case "live":
                RelationshipFactory(guide=mentor, other=supported, scheme=any_shape)
            case "ended":
                RelationshipFactory(guide=mentor, other=supported, scheme=any_shape).end(at=NOON)
            case "open" | "refused":
                made = IntroductionFactory(scheme=any_shape, guide_id=mentor.id, other_id=supported.id)
                if why == "refused":
                    made.answer(member=mentor, yes=False, at=NOON)
            case "apart":
                members.keep_apart(session, member=mentor, other=supported, at=NOON)
            case _:
                members.keep_apart(session, member=supported, other=mentor, at=NOON)
        session.flush()

        tried = try_round(session, any_shape, coordinator)

        assert tried.proposals == []

    def test_what_lapsed_may_be_proposed_again(self, session, any_shape, mentor, supported, coordinator):
        join(session, any_shape, mentor, supported)
        IntroductionFactory(scheme=any_shape, guide_id=mentor.id, other_id=supported.id).lapse(at=NOON)
        session.flush()

        assert len(try_round(session, any_shape, coordinator).proposals) == 1


class TestPlaces:
    @pytest.mark.parametrize("takes", ["live", "open"])
    def test_whoever_is_together_or_being_asked_takes_a_place(
        self, session, any_shape, mentor, supported, bystander, coordinator, takes
    ):
        join(session, any_shape, mentor, supported)
        PartFactory(member=bystander, scheme=any_shape, side=Side.BOTH if any_shape.is_symmetric else Side.SEEK)
        speak(session, bystander)
        if takes == "live":
            RelationshipFactory(guide=mentor, other=supported, scheme=any_shape)
        else:
            IntroductionFactory(scheme=any_shape, guide_id=mentor.id, other_id=supported.id)

        assert try_round(session, any_shape, coordinator).proposals == []

        schemes.set_capacity(session, member=mentor, scheme_id=any_shape.id, capacity=2)
        session.flush()

        assert pairs(try_round(session, any_shape, coordinator)) == {frozenset((mentor.id, bystander.id))}

    @pytest.mark.parametrize("why", ["stepped back", "paused"])
    def test_whoever_takes_a_break_is_left_in_peace(self, session, any_shape, mentor, supported, coordinator, why):
        join(session, any_shape, mentor, supported)
        if why == "paused":
            mentor.pause()
        else:
            schemes.step_back(session, member=mentor, scheme_id=any_shape.id)
        session.flush()

        assert try_round(session, any_shape, coordinator).proposals == []

    def test_what_the_engine_sees_has_no_name_and_no_balance(self, session, any_shape, mentor, supported):
        join(session, any_shape, mentor, supported)

        seen = repr(facts.gather(session, any_shape))

        assert mentor.name not in seen
        assert str(mentor.account_id) not in seen
        assert mentor.code not in seen


class TestSetAside:
    def test_keeps_the_note_and_is_not_sent(self, session, pair, scheme, coordinator):
        tried = try_round(session, scheme, coordinator)
        (proposal,) = tried.proposals

        service.set_aside(session, proposal_id=proposal.id, coordinator=coordinator, note="they are cousins", at=NOON)

        assert proposal.set_aside_note == "they are cousins"
        with pytest.raises(service.NothingToSend):
            send(session, tried, coordinator)
        assert sent(session) == []

    def test_is_taken_up_again(self, session, pair, scheme, coordinator):
        tried = try_round(session, scheme, coordinator)
        (proposal,) = tried.proposals
        service.set_aside(session, proposal_id=proposal.id, coordinator=coordinator, note="hm", at=NOON)

        service.take_up_again(session, proposal_id=proposal.id, coordinator=coordinator, at=NOON)

        assert not proposal.is_set_aside

    @pytest.mark.parametrize("act", ["set_aside", "take_up_again"])
    def test_not_once_it_is_sent(self, session, pair, scheme, coordinator, act):
        tried = try_round(session, scheme, coordinator)
        send(session, tried, coordinator)
        more = {"note": "hm"} if act == "set_aside" else {}

        with pytest.raises(AlreadySent):
            getattr(service, act)(session, proposal_id=tried.proposals[0].id, coordinator=coordinator, at=NOON, **more)


class TestSend:
    def test_asks_both_with_their_own_reasons(self, session, pair, scheme, coordinator):
        tried = try_round(session, scheme, coordinator)

        send(session, tried, coordinator)

        (asked,) = sent(session)
        (proposal,) = tried.proposals
        assert (asked.guide_id, asked.other_id, asked.state) == (proposal.guide_id, proposal.other_id, State.OPEN)
        assert (asked.guide_reasons, asked.other_reasons) == (proposal.guide_reasons, proposal.other_reasons)
        assert proposal.introduction_id == asked.id

    def test_once(self, session, pair, scheme, coordinator):
        tried = try_round(session, scheme, coordinator)
        send(session, tried, coordinator)

        with pytest.raises(AlreadySent):
            send(session, tried, coordinator)

        assert len(sent(session)) == 1

    @pytest.mark.parametrize("what", ["answer", "step back", "capacity", "apart", "joined", "introduced"])
    def test_not_when_anything_changed_since(self, session, pair, scheme, coordinator, bystander, what):
        mentor, supported = pair
        tried = try_round(session, scheme, coordinator)
        match what:
            case "answer":
                more = {"born_shown": True, "born_used": True, "born_importance": 1}
                profiles.save_step(
                    session, member=mentor, step=find_step("age"), values={"born": ["1970"]} | more, at=NOON
                )
            case "step back":
                schemes.step_back(session, member=mentor, scheme_id=scheme.id)
            case "capacity":
                schemes.set_capacity(session, member=mentor, scheme_id=scheme.id, capacity=2)
            case "apart":
                members.keep_apart(session, member=supported, other=mentor, at=NOON)
            case "joined":
                PartFactory(member=bystander, scheme=scheme)
            case _:
                IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=supported.id)
        session.commit()
        before = len(sent(session))

        with pytest.raises(service.ChangedSince):
            send(session, tried, coordinator)

        session.rollback()
        assert len(sent(session)) == before
        assert session.get_one(Round, tried.id).sent_at is None

    def test_what_changed_in_another_scheme_does_not_matter(self, session, pair, scheme, bank, coordinator, bystander):
        tried = try_round(session, scheme, coordinator)
        PartFactory(member=bystander, scheme=SchemeFactory(bank=bank))

        send(session, tried, coordinator)

        assert len(sent(session)) == 1


class TestCallBack:
    def call_back(self, session, tried, coordinator):
        return service.call_back(session, round_id=tried.id, coordinator=coordinator, at=LATER)

    def test_before_any_answer_leaves_no_trace_with_anybody(self, session, pair, scheme, coordinator):
        tried = try_round(session, scheme, coordinator)
        send(session, tried, coordinator)

        self.call_back(session, tried, coordinator)

        assert [one.state for one in sent(session)] == [State.WITHDRAWN]
        assert all(introductions.list_for_member(session, member) == [] for member in pair)

    @pytest.mark.parametrize("yes", [True, False])
    def test_not_after_the_first_answer(self, session, pair, scheme, coordinator, yes):
        tried = try_round(session, scheme, coordinator)
        send(session, tried, coordinator)
        (asked,) = sent(session)
        guide = next(member for member in pair if member.id == asked.guide_id)
        introduction_service.answer_introduction(session, introduction_id=asked.id, member=guide, yes=yes, at=LATER)

        with pytest.raises(service.AlreadyAnswered):
            self.call_back(session, tried, coordinator)

    def test_not_before_it_is_sent(self, session, pair, scheme, coordinator):
        tried = try_round(session, scheme, coordinator)

        with pytest.raises(service.AlreadyAnswered):
            self.call_back(session, tried, coordinator)

    def test_a_pair_that_was_called_back_may_be_proposed_again(self, session, pair, scheme, coordinator):
        tried = try_round(session, scheme, coordinator)
        send(session, tried, coordinator)
        self.call_back(session, tried, coordinator)

        assert pairs(try_round(session, scheme, coordinator)) == pairs(tried)


class TestACoordinatorInThePool:
    def test_their_own_row_is_hidden_and_handled_by_another(self, session, any_shape, coordinator, supported, bank):
        another = MemberFactory(bank=bank)
        schemes.make_coordinator(session, member=another)
        join(session, any_shape, coordinator, supported)
        tried = try_round(session, any_shape, coordinator)
        (proposal,) = tried.proposals

        mine, theirs = (reads.view(session, tried, member) for member in (coordinator, another))

        assert (mine.proposals, mine.in_someone_elses_hands) == ([], 1)
        assert supported.id not in mine.names
        assert (theirs.proposals, theirs.in_someone_elses_hands) == ([proposal], 0)
        with pytest.raises(NotFound):
            service.set_aside(session, proposal_id=proposal.id, coordinator=coordinator, note="hm", at=NOON)
        assert service.set_aside(session, proposal_id=proposal.id, coordinator=another, note="hm", at=NOON).is_set_aside

    def test_why_they_were_left_out_is_not_theirs_to_read(self, session, any_shape, coordinator):
        join(session, any_shape, coordinator)
        tried = try_round(session, any_shape, coordinator)

        assert len(tried.left_out) == 1
        assert reads.view(session, tried, coordinator).left_out == []

    @pytest.mark.parametrize("why", ["together", "once together", "chose", "was chosen"])
    def test_nor_is_what_was_found_for_somebody_close_to_them(
        self, session, scheme, pair, coordinator, mentor, bank, why
    ):
        another = MemberFactory(bank=bank)
        schemes.make_coordinator(session, member=another)
        be_close(session, coordinator, mentor, why)
        tried = try_round(session, scheme, another)
        about = [one for one in tried.proposals if mentor.id in {one.guide_id, one.other_id}]
        assert about

        mine, theirs = (reads.view(session, tried, member) for member in (coordinator, another))

        assert (mine.proposals, mine.in_someone_elses_hands) == (
            [],
            0,
        )  # no number tells that somebody chose not to be with them
        assert mentor.id not in {*mine.names, *(left.member_id for left in mine.left_out)}
        assert theirs.proposals == tried.proposals
        for act in (partial(service.set_aside, note="hm"), service.take_up_again):
            with pytest.raises(NotFound):
                act(session, proposal_id=about[0].id, coordinator=coordinator, at=NOON)
        with pytest.raises(service.NothingToSend):
            send(session, tried, coordinator)

    def test_another_coordinators_introductions_of_such_are_not_called_back(
        self, session, scheme, pair, coordinator, mentor, bank
    ):
        another = MemberFactory(bank=bank)
        schemes.make_coordinator(session, member=another)
        be_close(session, coordinator, mentor, "once together")
        tried = try_round(session, scheme, another)
        send(session, tried, another)

        with pytest.raises(service.AlreadyAnswered):
            service.call_back(session, round_id=tried.id, coordinator=coordinator, at=LATER)

        assert {one.state for one in sent(session)} == {State.OPEN}
        service.call_back(session, round_id=tried.id, coordinator=another, at=LATER)
        assert {one.state for one in sent(session)} == {State.WITHDRAWN}

    @pytest.mark.parametrize("who", ["giver", "outsider"])
    def test_a_round_is_for_its_coordinators(self, session, pair, scheme, coordinator, giver, outsider, request, who):
        schemes.make_coordinator(session, member=outsider)
        tried = try_round(session, scheme, coordinator)

        with pytest.raises(NotFound):
            reads.get_round(session, tried.id, request.getfixturevalue(who))
        with pytest.raises(NotFound):
            send(session, tried, request.getfixturevalue(who))
