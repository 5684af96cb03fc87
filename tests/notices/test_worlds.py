"""Invented worlds in which people do things in any order while workers look now and then, and servers answer as they like."""

import os
import random
from collections import Counter
from datetime import timedelta
from email.utils import getaddresses

import pytest
from sqlalchemy import delete, select

from ledger.errors import LedgerError
from tests.factories import (
    NOON,
    BankFactory,
    HourLogFactory,
    IntroductionFactory,
    MemberFactory,
    PartFactory,
    SchemeFactory,
)
from tests.notices.conftest import address_of, wants_mail
from tests.notices.test_letters import without_what_is_its_own
from timebank.errors import Refusal
from timebank.hours import reads as hour_reads
from timebank.hours import service as hours
from timebank.hours.models import HourLog
from timebank.introductions import reads as introduction_reads
from timebank.introductions import service as introductions
from timebank.introductions.models import Introduction
from timebank.members import service as members
from timebank.members.models import Member, MemberStatus
from timebank.notices.post_office import NotReached
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind, MailWish, Notice, NoticeState
from timebank.outbox.service import Outcome
from timebank.queries import reads as query_reads
from timebank.queries import service as queries
from timebank.queries.models import Matter
from timebank.schemes.models import Side
from timebank.signin import events
from timebank.signin.models import What

WORLDS, ACTS = (200, 60) if os.environ.get("TIMEBANK_FORM") == "full" else (4, 45)
CANARIES = ("Zanzibar", "Quillfeather", "Marigold", "Ottoline", "Bartholomew", "canary-of-words")
ANSWERS = (Outcome.SENT, Outcome.SENT, Outcome.LATER, Outcome.REFUSED, Outcome.UNCLEAR, NotReached)


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


class World:
    def __init__(self, session, postman, bank, seed):
        self.session, self.postman, self.chance, self.minutes = session, postman, random.Random(seed), 0
        self.scheme = SchemeFactory(bank=bank, name=f"Zanzibar {seed}")
        self.people = [MemberFactory(bank=bank, name=f"{name}{seed}") for name in CANARIES[1:5]]
        for person in self.people:
            PartFactory(member=person, scheme=self.scheme, side=Side.OFFER, capacity=9)
            if self.chance.random() < 0.8:
                kinds = [kind for kind in Kind if kind is not Kind.CONFIRM and self.chance.random() < 0.8]
                wants_mail(session, person, *kinds or [Kind.CHECK], at_most_daily=self.chance.random() < 0.3)
        session.commit()
        self.acts = (
            self.log, self.log, self.log, self.answer_hours, self.answer_hours, self.take_back, self.check, self.introduce,
            self.answer_introduction, self.come_from_elsewhere, self.pause, self.keep_apart, self.stop, self.forget_address,
        )  # fmt: skip

    def run(self, acts):
        for _ in range(acts):
            self._do(self.chance.choice(self.acts))
            self.postman.forward(minutes=self.chance.choice((0, 1, 20, 200)))
            if self.chance.random() < 0.4:
                self.look()
        self.postman.forward(days=1)
        self.look()

    def look(self):
        """Who may get one is found by what their own pages show, before the worker looks."""
        expecting = {address_of(person) for person in self.people if self.has_something(self.fresh(person))}
        got = self.postman.look(*self.chance.choices(ANSWERS, k=6), session=self.session)
        assert set(got) <= expecting
        assert max(Counter(got).values(), default=1) == 1

    def has_something(self, member):
        wished = set(self.session.scalars(select(MailWish.kind).where(MailWish.member_id == member.id)))
        if member.status is not MemberStatus.ACTIVE:
            return False
        told = self.session.scalars(
            select(Notice.kind).where(Notice.member_id == member.id, Notice.state == NoticeState.WAITING)
        )
        waits = {Kind.NEW_SIGN_IN, Kind.HOURS_CONFIRMED} & set(told)
        if any(view.waits_for_me for view in hour_reads.list_waiting(self.session, member)):
            waits.add(Kind.HOURS_WAIT)
        if introduction_reads.count_waiting(self.session, member):
            waits.add(Kind.INTRODUCTION)
        if query_reads.list_open_for_member(self.session, member):
            waits.add(Kind.CHECK)
        return bool(waits & wished)

    def _do(self, act):
        try:
            with self.session.begin_nested():
                act()
        except (Refusal, LedgerError):
            pass
        self.session.commit()

    def fresh(self, person):
        return self.session.get_one(Member, person.id)

    def two(self):
        return [self.fresh(one) for one in self.chance.sample(self.people, 2)]

    def one_of(self, model):
        found = self.session.scalars(select(model).order_by(model.id)).unique().all()
        return self.chance.choice([one for one in found if one.bank_id == self.people[0].bank_id] or [None])

    def log(self):
        one, other = self.two()
        self.minutes += 1
        HourLogFactory(member=one, partner=other, minutes=self.minutes, words="canary-of-words", at=self.postman.at)

    def answer_hours(self):
        log = self.one_of(HourLog)
        if log:
            who = self.session.get(Member, log.other_side_id(log.logged_by))
            hours.confirm_hours(self.session, log_id=log.id, member=who, at=self.postman.at)

    def take_back(self):
        log = self.one_of(HourLog)
        if log:
            who = self.session.get(Member, log.logged_by)
            hours.take_back(self.session, log_id=log.id, member=who, at=self.postman.at)

    def check(self):
        log = self.one_of(HourLog)
        if log:
            who = self.session.get(Member, self.chance.choice([log.giver_id, log.receiver_id]))
            words = {"matter": Matter.LENGTH, "words": "canary-of-words"}
            queries.open_query(self.session, log_id=log.id, member=who, at=self.postman.at, **words)

    def introduce(self):
        one, other = self.two()
        taken = self.session.scalars(select(Introduction)).all()
        if not any({found.guide_id, found.other_id} == {one.id, other.id} for found in taken):
            scheme = self.session.merge(self.scheme)
            IntroductionFactory(scheme=scheme, guide_id=one.id, other_id=other.id, at=self.postman.at)

    def answer_introduction(self):
        found = self.one_of(Introduction)
        if found:
            who = self.session.get(Member, self.chance.choice([found.guide_id, found.other_id]))
            yes = self.chance.random() < 0.7
            introductions.answer_introduction(
                self.session, introduction_id=found.id, member=who, yes=yes, at=self.postman.at
            )

    def come_from_elsewhere(self):
        one, _ = self.two()
        events.note(self.session, What.NEW_BROWSER, member=one, by=one, at=self.postman.at, about="Firefox")

    def pause(self):
        one, _ = self.two()
        one.come_back() if one.status is MemberStatus.PAUSED else one.pause()

    def keep_apart(self):
        if self.chance.random() < 0.3:
            one, other = self.two()
            members.keep_apart(self.session, member=one, other=other, at=self.postman.at)

    def stop(self):
        one, _ = self.two()
        kind = self.chance.choice(list(Kind))
        self.session.execute(delete(MailWish).where(MailWish.member_id == one.id, MailWish.kind == kind))

    def forget_address(self):
        if self.chance.random() < 0.2:
            outbox.forget_address(self.session, member_id=self.two()[0].id, at=self.postman.at)


def test_in_any_world_each_message_goes_once_to_one_person_who_asked_and_tells_nothing(session, postman):
    letters, notices = [], 0
    for seed in range(WORLDS):
        postman.at, postman.office.taken = NOON + timedelta(days=100 * seed), []
        bank = BankFactory(name=f"Foxglove {seed}")
        world = World(session, postman, bank, seed)
        world.run(ACTS)
        letters += postman.office.taken
        notices += len(session.scalars(select(Notice.id)).all())
        names = (*CANARIES, "Foxglove", *(person.name for person in world.people))
        for to, letter in postman.office.taken:
            raw = letter.as_bytes()
            everywhere = raw.replace(to.encode(), b"")
            assert [name for name in names if name.encode() in everywhere] == []
            assert [address for _, address in getaddresses(letter.get_all("To"))] == [to]
            assert letter["Cc"] is None
            assert letter["Bcc"] is None
    alike = {without_what_is_its_own(letter.as_bytes()).replace(to.encode(), b"") for to, letter in letters}
    print(f"\n{WORLDS} worlds, {notices} notices, {len(letters)} messages")  # noqa: T201

    assert len(alike) == 1
    assert len(letters) >= 2 * WORLDS
