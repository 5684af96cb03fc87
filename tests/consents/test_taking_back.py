"""What was taken back is nowhere from that moment on: not in what the engine gets, nor with a partner, nor with a coordinator.

Worlds are generated: everybody gives some of the same answers, agrees to some uses of them, is proposed to somebody and
asked. Then somebody takes one thing back, by one of the ways there are. What they stand for in the bank does not change.
"""

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from matching.people import COLUMNS
from tests.consents.saying import say
from tests.factories import NOON, BankFactory, MemberFactory, PartFactory, SchemeFactory, agree, posted, tell
from tests.races import tell as counts
from timebank.consents.purposes import OF_AN_ANSWER, Purpose
from timebank.consents.reads import may
from timebank.consents.service import Word
from timebank.introductions import reads as introductions
from timebank.introductions import service as introducing
from timebank.introductions.models import Introduction
from timebank.matches import facts, service
from timebank.matches import reads as rounds
from timebank.matches.models import Round
from timebank.members.models import Member
from timebank.profiles import service as profiles
from timebank.profiles.criteria import QUESTIONS, STEPS
from timebank.profiles.reads import answers_of
from timebank.record import reads as record
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme, SchemeMembership, Side

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
WORLDS = 200 if IS_FULL else 4
LATER = NOON + timedelta(days=1)
# Whatever anybody writes is in the open somewhere in one of these words, which nothing else says.
CANARY = {
    "skills": "kestrel", "wants": "kestrel", "interests": "curlew", "goals": "dunlin", "looking_for": "plover",
    "experiences": "turnstone", "identities": "faith:whimbrel", "areas": "Lapwing",
}  # fmt: skip
# The same word is what one can teach and another wants to learn: what its owner reads of it, and what a partner does.
DRAWN_FROM = {
    "skills": ("You can help them with", "They can help you with"),
    "wants": ("They can help you with", "You can help them with"),
}
EVERYTHING_COUNTS = """
name = "everything"
title = "Everything counts"
about = "For tests."
shape = "symmetric"
[weights]
skills = 1
interests = 1
goals = 1
looking_for = 1
experiences = 1
identities = 1
areas = 1
"""


@pytest.fixture
def copies(request, sqlite_copies):
    """The rules are Python's; what both kinds of database promise about the record is in test_record."""
    return request.getfixturevalue("postgres_copies") if IS_FULL else sqlite_copies


@dataclass
class World:
    session: Session
    chance: random.Random
    coordinator: Member = field(init=False)
    scheme: BankScheme = field(init=False)
    people: list[Member] = field(init=False)
    round: Round = field(init=False)

    def __post_init__(self) -> None:
        bank = BankFactory()
        self.coordinator = MemberFactory(bank=bank)
        schemes.make_coordinator(self.session, member=self.coordinator)
        self.scheme = SchemeFactory(bank=bank, preset="open")
        self.scheme.definition = EVERYTHING_COUNTS
        self.people = [MemberFactory(bank=bank) for _ in range(4)]
        for person in self.people:
            PartFactory(member=person, scheme=self.scheme, side=Side.BOTH, capacity=1)
            self._answer(person)
        self.session.flush()
        self.round = service.try_round(
            self.session, scheme_id=self.scheme.id, coordinator=self.coordinator, on=NOON.date(), at=NOON, seed=1
        )

    def _answer(self, person: Member) -> None:
        for criterion, word in CANARY.items():
            if self.chance.random() < 0.8:
                is_used, is_shown = self.chance.random() < 0.85, self.chance.random() < 0.85
                tell(
                    self.session, member=person, criterion=criterion, words=[word], is_used=is_used, is_shown=is_shown,
                    at=NOON - timedelta(days=2),
                )  # fmt: skip

    def send(self) -> None:
        service.send_round(self.session, round_id=self.round.id, coordinator=self.coordinator, at=NOON)

    def agreed(self, person: Member) -> list[tuple[Purpose, str]]:
        answered = answers_of(self.session, person.id)
        return [
            (purpose, criterion)
            for criterion in CANARY
            if criterion in answered
            for purpose in QUESTIONS[criterion].purposes
            if may(self.session, member_id=person.id, purpose=purpose, criterion=criterion)
        ]

    def introductions_of(self, person: Member) -> list[Introduction]:
        party = or_(Introduction.guide_id == person.id, Introduction.other_id == person.id)
        return list(self.session.scalars(select(Introduction).where(party)))

    def partners_read(self, person: Member) -> str:
        """All that those proposed to this person can read of why."""
        read: list[Any] = []
        for introduction in self.introductions_of(person):
            partner = self.session.get_one(Member, introduction.partner_id(person))
            read += introductions.view(self.session, introduction, partner).reasons
            read += record.everything_about(self.session, partner)["introductions"]
        return repr(read)

    def told(self, person: Member) -> dict[str, list[str]]:
        """What those proposed to this person are told that they wrote."""
        told: dict[str, list[str]] = {}
        for introduction in self.introductions_of(person):
            partner = self.session.get_one(Member, introduction.partner_id(person))
            told |= {one.label: one.words for one in introductions.view(self.session, introduction, partner).told}
        return told

    def reasons_read(self, person: Member) -> str:
        return repr([introductions.reasons_for(self.session, one, person) for one in self.introductions_of(person)])

    def staff_read(self, person: Member) -> str:
        view = rounds.view(self.session, self.round, self.coordinator)
        theirs = [one for one in view.proposals if person.id in {one.guide_id, one.other_id}]
        left = [view.reason_of(one) for one in view.left_out if one.member_id == person.id]
        return repr([*map(view.reasons_of, theirs), *left])

    def engine_gets(self, person: Member) -> dict[str, Any]:
        found = {one.id: one for one in facts.gather(self.session, self.scheme)}.get(str(person.id))
        return {column: getattr(found, column) for column in COLUMNS} if found else {}

    def stands(self, person: Member) -> tuple[Any, ...]:
        part = self.session.get_one(SchemeMembership, (self.scheme.id, person.id))
        standing = (part.side, part.capacity, part.waiting_since, part.roles, part.is_stepped_back)
        return (*standing, person.status, posted(person))


def by_a_press(world: World, person: Member, key: tuple[Purpose, str]) -> None:
    say(world.session, person, key, Word.TAKE_BACK, at=LATER)


def by_emptying(world: World, person: Member, key: tuple[Purpose, str]) -> None:
    step = next(step for step in STEPS if key[1] in {question.criterion for question in step.questions})
    values = {question.criterion: [] for question in step.questions}
    profiles.save_step(world.session, member=person, step=step, values=values, at=LATER)


class TestTakingBack:
    def test_takes_it_out_everywhere_and_changes_nothing_else(self, session):
        seen: Counter[str] = Counter()
        for seed in range(WORLDS):
            world = World(session, random.Random(seed))
            world.send()
            for person in world.people:
                self.take_back(world, person, seen)

        counts(f"{WORLDS} worlds: {dict(seen)}")
        # Had nothing been there before, nothing could have been seen to go.
        assert set(seen) == {"engine", "told", "partner", "reasons", "staff"}
        assert min(seen.values()) >= WORLDS // 2

    def take_back(self, world: World, person: Member, seen: Counter[str]) -> None:
        way, (purpose, criterion) = (
            world.chance.choice([by_a_press, by_emptying]),
            world.chance.choice(world.agreed(person)),
        )
        word, label = CANARY[criterion].split(":")[-1], QUESTIONS[criterion].told_as
        mine, theirs = DRAWN_FROM.get(criterion, (word, word))
        before, stood = world.engine_gets(person), world.stands(person)
        seen["engine"] += word in repr(before.get(criterion))
        seen["told"] += label in world.told(person)
        seen["partner"] += theirs in world.partners_read(person)
        seen["reasons"] += mine in world.reasons_read(person)
        seen["staff"] += word in world.staff_read(person)

        way(world, person, (purpose, criterion))

        after = world.engine_gets(person)
        if purpose is Purpose.USE or way is by_emptying:
            assert word not in repr(after.get(criterion))
        if purpose is Purpose.SHOW or way is by_emptying:
            assert label not in world.told(person)
        assert criterion not in after.get("share", ())
        assert mine not in world.reasons_read(person)
        assert theirs not in world.partners_read(person)
        assert word not in world.staff_read(person)
        assert world.stands(person) == stood
        changed = set(CANARY) if way is by_emptying else {criterion}
        for column in before.keys() - changed - {"share", "importance"}:
            assert after[column] == before[column]

    def test_a_round_that_was_looked_at_before_is_not_sent(self, session):
        for seed in range(WORLDS if IS_FULL else 1):
            world = World(session, random.Random(seed))
            person = world.people[seed % 4]
            key = next(key for key in world.agreed(person) if key[0] is Purpose.USE)
            say(session, person, key, Word.TAKE_BACK, at=LATER)
            with pytest.raises(service.ChangedSince):
                world.send()

    def test_once_both_have_said_yes_what_brought_them_together_stays_said(self, session):
        world = World(session, random.Random(1))
        world.send()
        introduction = next(one for one in session.scalars(select(Introduction)) if one.guide_reasons)
        guide = session.get_one(Member, introduction.guide_id)
        told = introductions.reasons_for(session, introduction, guide)
        for party in (introduction.guide_id, introduction.other_id):
            member = session.get_one(Member, party)
            introducing.answer_introduction(session, introduction_id=introduction.id, member=member, yes=True, at=NOON)

        for key in world.agreed(guide):
            say(session, guide, key, Word.TAKE_BACK, at=LATER)

        view = introductions.view(session, introduction, session.get_one(Member, introduction.other_id))
        assert introductions.reasons_for(session, introduction, guide) == told != []
        assert view.told == []  # what they wrote themselves is theirs to take back for ever

    def test_agreeing_anew_brings_it_back(self, session):
        world = World(session, random.Random(1))
        world.send()
        person = world.people[0]
        read = world.partners_read(person)
        agreed = world.agreed(person)
        for key in agreed:
            say(session, person, key, Word.TAKE_BACK, at=LATER)
        assert world.partners_read(person) != read

        for key in agreed:
            say(session, person, key, Word.YES, at=LATER)

        assert world.partners_read(person) == read

    def test_reasons_of_before_answers_were_noted_go_with_anything_that_is_taken_back(self, session):
        world = World(session, random.Random(1))
        world.send()
        introduction = session.scalars(select(Introduction)).first()
        introduction.guide_reasons = ["You both like: curlew"]
        session.flush()
        guide, other = (session.get_one(Member, one) for one in (introduction.guide_id, introduction.other_id))
        assert introductions.reasons_for(session, introduction, guide) == ["You both like: curlew"]

        agree(session, member=other, purpose=Purpose.MAIL, at=LATER)
        agree(session, member=other, purpose=Purpose.MAIL, is_yes=False, at=LATER)
        assert introductions.reasons_for(session, introduction, guide) == ["You both like: curlew"]

        say(session, other, world.agreed(other)[0], Word.TAKE_BACK, at=LATER)
        assert introductions.reasons_for(session, introduction, guide) == []


class TestMusts:
    @pytest.fixture
    def world(self, session):
        return World(session, random.Random(1))

    def test_are_used_after_a_yes_alone_and_shown_to_nobody(self, session, world):
        one, other, *_ = world.people
        tell(session, member=one, criterion="musts", words=["older"])
        tell(session, member=other, criterion="musts", words=["younger"], is_used=False)

        assert (world.engine_gets(one)["musts"], world.engine_gets(other)["musts"]) == (("older",), ())
        assert "musts" not in world.engine_gets(one)["share"]

    def test_whoever_was_never_asked_is_not_proposed_without_them(self, session, world):
        person = world.people[0]
        tell(session, member=person, criterion="musts", words=["faith:whimbrel"], is_used=None)

        tried = service.try_round(
            session, scheme_id=world.scheme.id, coordinator=world.coordinator, on=NOON.date(), at=NOON, seed=1
        )

        assert person.id not in {one for made in tried.proposals for one in (made.guide_id, made.other_id)}
        assert [left.reason for left in tried.left_out if left.member_id == person.id] == [
            service.HAS_SOMETHING_TO_ANSWER
        ]
        agree(session, member=person, purpose=Purpose.USE, criterion="musts", is_yes=False)
        assert world.engine_gets(person)["musts"] == ()


def test_every_answer_has_purposes_of_its_own():
    assert {purpose for question in QUESTIONS.values() for purpose in question.purposes} == set(OF_AN_ANSWER)
