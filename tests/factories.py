"""People, banks and schemes for tests, made by the same services that the pages call.

Register people by name in conftest and bind them there: a fixture made of two SubFactories of one model would hand out the
same person twice, and a giver who is the receiver proves nothing.
"""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import factory
from sqlalchemy.orm import Session

from timebank.concerns import sealing
from timebank.concerns import service as concerns
from timebank.concerns.letters import Letter
from timebank.concerns.models import Concern, Lead
from timebank.consents import service as consents
from timebank.consents.purposes import Purpose
from timebank.consents.service import Saying, Word
from timebank.hours import service as hours
from timebank.hours.models import HourLog
from timebank.introductions import service as introductions
from timebank.introductions.models import Introduction
from timebank.members import service as members
from timebank.members.models import Bank, Member
from timebank.members.service import ledger_of
from timebank.offers import service as offers
from timebank.offers.models import Kind, Offer, Reply
from timebank.profiles import reads as profiles
from timebank.profiles.criteria import QUESTIONS
from timebank.profiles.models import Answer
from timebank.queries import service as queries
from timebank.queries.models import Matter, Query
from timebank.relationships import service as relationships
from timebank.relationships.models import Relationship
from timebank.schemes import reads as schemes_reads
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme, SchemeMembership, Side

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
PASSPHRASE = "seven herons under the bridge"
QUICKLY = "argon2id:1:64:1"  # as slow as can be is for people's keys

CURRENT: dict[str, Session] = {}


class _Made(factory.Factory):
    """Built by a service in the test's own session, which conftest puts here for the length of a test."""

    class Meta:
        abstract = True

    @classmethod
    def session(cls) -> Session:
        return CURRENT["session"]


class BankFactory(_Made):
    class Meta:
        model = Bank

    name = factory.Sequence(lambda number: f"Bank {number}")
    at = NOON

    @classmethod
    def _create(cls, model_class: type[Bank], **said: Any) -> Bank:
        return members.open_bank(cls.session(), **said)


class MemberFactory(_Made):
    class Meta:
        model = Member

    bank = factory.SubFactory(BankFactory)
    name = factory.Sequence(lambda number: f"Member {number}")
    joined_on = DAY

    @classmethod
    def _create(cls, model_class: type[Member], **said: Any) -> Member:
        return members.add_member(cls.session(), **said)


class SchemeFactory(_Made):
    class Meta:
        model = BankScheme

    bank = factory.SubFactory(BankFactory)
    preset = "fanon"
    name = factory.Sequence(lambda number: f"Scheme {number}")

    @classmethod
    def _create(cls, model_class: type[BankScheme], **said: Any) -> BankScheme:
        return schemes.start_scheme(cls.session(), **said)


class AnswerFactory(_Made):
    """An answer whose owner agreed to its use; `is_used` False: they said no. None: they never said."""

    class Meta:
        model = Answer

    member = factory.SubFactory(MemberFactory)
    criterion = "interests"
    words = factory.LazyFunction(lambda: ["chess"])
    is_used: bool | None = True
    is_shown = False
    at = NOON

    @classmethod
    def _create(cls, model_class: type[Answer], **said: Any) -> Answer:
        return tell(cls.session(), **said)


def tell(
    session: Session,
    *,
    member: Member,
    criterion: str,
    words: list[str],
    is_used: bool | None = True,
    is_shown: bool = False,
    at: datetime = NOON,
) -> Answer:
    """An answer, and what its owner says that it may be used for."""
    answer = Answer(member_id=member.id, criterion=criterion, words=words)
    session.add(answer)
    session.flush()
    agree(session, member=member, purpose=Purpose.USE, criterion=criterion, is_yes=is_used, at=at)
    agree(session, member=member, purpose=Purpose.SHOW, criterion=criterion, is_yes=is_shown or None, at=at)
    return answer


def agree(
    session: Session,
    *,
    member: Member,
    purpose: Purpose,
    criterion: str = "",
    is_yes: bool | None = True,
    at: datetime = NOON,
) -> None:
    """In the words of today. None: nothing is said."""
    if is_yes is None:
        return
    words = profiles.words_now(purpose, QUESTIONS.get(criterion), schemes_reads.words_of(session, member.bank_id))
    word = Word.YES if is_yes else Word.NO
    saying = Saying(member=member, purpose=purpose, criterion=criterion, words=words, word=word)
    consents.say(session, saying, at=at)


class PartFactory(_Made):
    class Meta:
        model = SchemeMembership

    member = factory.SubFactory(MemberFactory)
    scheme = factory.SubFactory(SchemeFactory, bank=factory.SelfAttribute("..member.bank"))
    side = Side.SEEK
    on = DAY
    capacity = 1
    roles = ""

    @classmethod
    def _create(cls, model_class: type[SchemeMembership], **said: Any) -> SchemeMembership:
        return schemes.join(cls.session(), **said)


class HourLogFactory(_Made):
    """Hours that wait: `member` logged them, `partner` is to confirm."""

    class Meta:
        model = HourLog

    log_id = factory.LazyFunction(uuid4)
    member = factory.SubFactory(MemberFactory)
    partner = factory.SubFactory(MemberFactory, bank=factory.SelfAttribute("..member.bank"))
    is_given = True
    minutes = 90
    happened_on = DAY
    at = NOON
    words = "a walk"

    @classmethod
    def _create(cls, model_class: type[HourLog], **said: Any) -> HourLog:
        return hours.log_hours(cls.session(), **said)


class IntroductionFactory(_Made):
    class Meta:
        model = Introduction

    scheme = factory.SubFactory(SchemeFactory)
    guide_id = factory.LazyAttribute(lambda made: MemberFactory(bank=made.scheme_bank).id)
    other_id = factory.LazyAttribute(lambda made: MemberFactory(bank=made.scheme_bank).id)
    guide_reasons = factory.LazyFunction(lambda: ["You both like: chess"])
    other_reasons = factory.LazyFunction(lambda: ["You both like: chess"])
    at = NOON

    class Params:
        scheme_bank = factory.LazyAttribute(lambda made: _Made.session().get(Bank, made.scheme.bank_id))

    @classmethod
    def _create(cls, model_class: type[Introduction], **said: Any) -> Introduction:
        return introductions.introduce(cls.session(), **said)


class RelationshipFactory(_Made):
    """Two who are together; without a scheme, by an offer or an ask."""

    class Meta:
        model = Relationship

    guide = factory.SubFactory(MemberFactory)
    other = factory.SubFactory(MemberFactory, bank=factory.SelfAttribute("..guide.bank"))
    scheme = None
    at = NOON

    @classmethod
    def _create(cls, model_class: type[Relationship], **said: Any) -> Relationship:
        guide, other, scheme = said.pop("guide"), said.pop("other"), said.pop("scheme")
        return relationships.start(
            cls.session(),
            bank_id=guide.bank_id,
            scheme_id=scheme.id if scheme else None,
            guide_id=guide.id,
            other_id=other.id,
            **said,
        )


class OfferFactory(_Made):
    class Meta:
        model = Offer

    offer_id = factory.LazyFunction(uuid4)
    member = factory.SubFactory(MemberFactory)
    kind = Kind.OFFER
    title = factory.Sequence(lambda number: f"An hour of listening {number}")
    words = "in the park"
    at = NOON

    @classmethod
    def _create(cls, model_class: type[Offer], **said: Any) -> Offer:
        return offers.post_offer(cls.session(), **said)


class ReplyFactory(_Made):
    class Meta:
        model = Reply

    offer = factory.SubFactory(OfferFactory)
    member = factory.LazyAttribute(lambda made: MemberFactory(bank=_Made.session().get(Bank, made.offer.bank_id)))
    words = "with pleasure"
    at = NOON

    @classmethod
    def _create(cls, model_class: type[Reply], **said: Any) -> Reply:
        return offers.reply(cls.session(), offer_id=said.pop("offer").id, **said)


class QueryFactory(_Made):
    """A check on a log that waits, asked by the side that did not log it; `is_posted` on hours that already count."""

    class Meta:
        model = Query

    log = factory.SubFactory(HourLogFactory)
    member = None
    matter = Matter.LENGTH
    words = ""
    at = NOON
    is_posted = False

    @classmethod
    def _create(cls, model_class: type[Query], **said: Any) -> Query:
        log = said.pop("log")
        member = said.pop("member") or other_side(log)
        if said.pop("is_posted"):
            confirm(log)
        return queries.open_query(cls.session(), log_id=log.id, member=member, **said)


class LeadFactory(_Made):
    """Somebody who receives concerns, and can open them with PASSPHRASE."""

    class Meta:
        model = Lead

    member = factory.SubFactory(MemberFactory)
    at = NOON
    has_key = True

    @classmethod
    def _create(cls, model_class: type[Lead], **said: Any) -> Lead:
        has_key, member, at = said.pop("has_key"), said["member"], said["at"]
        lead = concerns.add_lead(cls.session(), bank=member.bank, **said)
        if has_key:
            kept = sealing.make_key(PASSPHRASE, key_id=uuid4(), bank_id=member.bank_id, slowness=QUICKLY)
            concerns.keep_key(cls.session(), member=member, kept=kept, at=at)
        cls.session().refresh(lead)
        return lead


class ConcernFactory(_Made):
    class Meta:
        model = Concern

    concern_id = factory.LazyFunction(uuid4)
    member = factory.SubFactory(MemberFactory)
    words = "I am worried about how he talks to her."
    named = ()
    who = ""
    in_danger = False
    at = NOON

    @classmethod
    def _create(cls, model_class: type[Concern], **said: Any) -> Concern:
        words, named, who = said.pop("words"), said.pop("named"), said.pop("who")
        letter = Letter(words=words, named=tuple(person.id for person in named), who=who)
        return concerns.tell(cls.session(), letter=letter, **said)


def print_key(bank: Bank, letters: str = "A" * 32) -> str:
    """The key on paper: what is typed to open with it."""
    kept = sealing.make_key(letters, key_id=uuid4(), bank_id=bank.id, slowness=QUICKLY)
    concerns.keep_bank_key(CURRENT["session"], kept=kept, at=NOON)
    return letters


def other_side(log: HourLog) -> Member:
    """Who is to confirm it; of hours with the community the one person in it."""
    session = CURRENT["session"]
    return session.get_one(Member, log.other_side_id(log.logged_by) or log.logged_by)


def confirm(log: HourLog) -> HourLog:
    return hours.confirm_hours(CURRENT["session"], log_id=log.id, member=other_side(log), at=NOON)


def posted(*members_or_bank: Member | Bank) -> tuple[int, ...]:
    """What each one's account holds in minutes; for a bank, its community's."""
    return tuple(_account(one)[0].balance(account=_account(one)[1]).posted for one in members_or_bank)


def held(member: Member) -> tuple[int, int]:
    """Minutes that wait: given by this person, received by this person."""
    balance = ledger_of(CURRENT["session"], member.bank).balance(account=member.account_id)
    return balance.held_in, balance.held_out


def faults(bank: Bank) -> tuple[Any, ...]:
    """What the ledger's own check finds wrong: nothing, one hopes."""
    return ledger_of(CURRENT["session"], bank).verify().findings


def _account(one: Member | Bank) -> tuple[Any, Any]:
    if isinstance(one, Bank):
        return ledger_of(CURRENT["session"], one), one.community_account_id
    return ledger_of(CURRENT["session"], one.bank), one.account_id
