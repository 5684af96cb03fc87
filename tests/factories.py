"""People, banks and schemes for tests, made by the same services that the pages call.

Register people by name in conftest and bind them there: a fixture made of two SubFactories of one model would hand out the
same person twice, and a giver who is the receiver proves nothing.
"""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import factory
from sqlalchemy.orm import Session

from timebank.hours import service as hours
from timebank.hours.models import HourLog
from timebank.introductions import service as introductions
from timebank.introductions.models import Introduction
from timebank.members import service as members
from timebank.members.models import Bank, Member
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme, SchemeMembership, Side

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)

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
