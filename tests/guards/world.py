"""A small bank in which every kind of thing exists `rows` times for one member, so that every route has something to show."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from tests.clients import nobodys_password
from tests.factories import (
    DAY,
    NOON,
    AnswerFactory,
    BankFactory,
    ConcernFactory,
    HourLogFactory,
    IntroductionFactory,
    LeadFactory,
    MemberFactory,
    PartFactory,
    SchemeFactory,
)
from timebank import clock
from timebank.audit import service as audit
from timebank.audit.models import Act, HoldReason, Reason, Record
from timebank.consents import service as consents
from timebank.consents.purposes import Purpose
from timebank.consents.service import Saying, Word, words_now
from timebank.contact import service as contact
from timebank.forgotten.models import ForgottenAsk, PasswordLink
from timebank.hours import service as hours
from timebank.hours.models import HourLog
from timebank.introductions.models import Introduction
from timebank.matches.models import LeftOut, Proposal, Round, RoundState
from timebank.members.models import Bank, Member
from timebank.members.service import ledger_of
from timebank.offers import service as offers
from timebank.offers.models import Kind as OfferKind
from timebank.outbox import service as outbox
from timebank.outbox.models import TO_CHOOSE, MailAddress, MailWish
from timebank.outbox.models import Kind as MessageKind
from timebank.queries import service as queries
from timebank.queries.models import Matter, Query
from timebank.relationships import service as relationships
from timebank.schemes import service as schemes
from timebank.schemes.models import Side
from timebank.signin import events
from timebank.signin.models import CodeApp, HeldSignIn, Passkey, RecoveryCode, User, What
from timebank.two_people import service as two_people
from timebank.two_people.models import Kind

ANSWERS = ("identities", "experiences", "goals", "looking_for", "wants", "areas")


@dataclass
class World:
    member: Member
    coordinator: Member
    ids: dict[str, UUID | str]  # what stands in addresses, by its name there

    def url(self, app: Flask, rule: Rule) -> str:
        """A rule whose ids are not known here stops the test that asks: the world has to learn about it."""
        known = {name: self.ids[name] for name in rule.arguments}
        with app.test_request_context():
            return app.url_map.bind("localhost").build(rule.endpoint, known)


def make_world(session: Session, *, rows: int) -> World:
    bank = BankFactory()
    member, coordinator = MemberFactory(bank=bank, name="Ada"), MemberFactory(bank=bank, name="Cora")
    schemes.make_coordinator(session, member=coordinator)
    making = _Making(session, bank, member, coordinator)
    making.sign_in()
    LeadFactory(member=member)
    making.begin_two_people()
    for number in range(rows):
        making.one_of_everything(number)
    ledger_of(session, bank).seal(at=NOON)  # so that a proof slip can be given
    session.commit()
    return World(member=member, coordinator=coordinator, ids=making.ids)


class _Making:
    def __init__(self, session: Session, bank: Bank, member: Member, coordinator: Member) -> None:
        self.session, self.bank, self.member, self.coordinator = session, bank, member, coordinator
        self.ids: dict[str, UUID | str] = {"word": "share", "filename": "css/timebank.css"}
        self.round: Round | None = None

    def sign_in(self) -> None:
        """In another browser than the tests'."""
        user = User(id=uuid4(), member_id=self.member.id, sign_in_name="ada", password=nobodys_password())
        self.session.add(user)
        self.session.flush()
        at = clock.now()
        held = HeldSignIn(
            id=uuid4(),
            id_hash=uuid4().hex * 2,
            user_id=user.id,
            data={},
            browser="Chrome on Android",
            began_at=at,
            seen_at=at,
        )
        self.session.add(held)
        self.ids["held_id"] = held.id

    def begin_two_people(self) -> None:
        """Another coordinator asks, so that the coordinator of this world may decide; the first time about the member."""
        self.asker = MemberFactory(bank=self.bank, name="Asa")
        schemes.make_coordinator(self.session, member=self.asker)
        self.ids["act_id"] = self._ask_two(self.member)

    def _ask_two(self, about: Member) -> UUID:
        return two_people.ask(
            self.session,
            act_id=uuid4(),
            kind=Kind.NEW_CODE,
            about_id=about.id,
            scheme_id=None,
            reason="She rang me.",
            asker=self.asker,
            at=clock.now(),
        ).id

    def second_step(self, number: int) -> None:
        """A passkey and an app that nobody has, and what has happened."""
        user = self.session.scalars(select(User).where(User.member_id == self.member.id)).one()
        passkey = Passkey(
            id=uuid4(),
            user_id=user.id,
            credential_id=uuid4().bytes,
            public_key=b"?",
            sign_count=0,
            name="My phone",
            made_at=NOON,
        )
        self.session.add(passkey)
        self.session.add(RecoveryCode(user_id=user.id, code_hash=uuid4().hex * 2))
        if number == 0:
            self.session.add(CodeApp(user_id=user.id, sealed="?", last_step=0, made_at=NOON))
        events.note(self.session, What.CODE_MADE, member=self.member, by=self.coordinator, at=NOON)
        self.ids["passkey_id"] = passkey.id

    def one_of_everything(self, number: int) -> None:
        other = MemberFactory(bank=self.bank, name=f"Other {number}")
        AnswerFactory(member=other, criterion="interests", words=["chess"], is_shown=True)
        self._answer(number)
        consents.say(
            self.session,
            Saying(member=self.member, purpose=Purpose.MAIL, words=words_now(Purpose.MAIL, {}), word=Word.YES),
            at=NOON,
        )
        scheme = SchemeFactory(bank=self.bank)
        PartFactory(member=self.member, scheme=scheme, side=Side.OFFER, capacity=5)
        PartFactory(member=other, scheme=scheme)
        self._hours(other, number)
        self._query(other)
        introduction = IntroductionFactory(scheme=scheme, guide_id=self.member.id, other_id=other.id, at=clock.now())
        started = relationships.start(
            self.session,
            bank_id=self.bank.id,
            scheme_id=None,
            guide_id=self.member.id,
            other_id=other.id,
            at=NOON,
        )
        self.second_step(number)
        self._offers(other)
        self._round(scheme.id, introduction, other)
        self._looks()
        self._concerns(number)
        self._mail(other, number)
        self.ids |= {
            "scheme_id": scheme.id,
            "introduction_id": introduction.id,
            "relationship_id": started.id,
            "member_id": other.id,
        }

    def _answer(self, number: int) -> None:
        """Used and shown, each row another one."""
        if number < len(ANSWERS):
            AnswerFactory(member=self.member, criterion=ANSWERS[number], words=["kind:word"], is_shown=True)

    def _hours(self, other: Member, number: int) -> None:
        day = DAY - timedelta(days=number)
        waiting: HourLog = HourLogFactory(member=other, partner=self.member, happened_on=day)
        HourLogFactory(member=self.member, partner=other, minutes=30, happened_on=day)
        counted: HourLog = HourLogFactory(member=other, partner=self.member, minutes=45, happened_on=day)
        hours.confirm_hours(self.session, log_id=counted.id, member=self.member, at=NOON)
        self.ids["transfer_id"] = counted.id
        HourLogFactory(member=other, partner=None, minutes=60, happened_on=day)  # a coordinator confirms it
        self.ids["log_id"] = waiting.id

    def _query(self, other: Member) -> None:
        log: HourLog = HourLogFactory(member=other, partner=self.member, minutes=15)
        query: Query = queries.open_query(
            self.session, log_id=log.id, member=self.member, matter=Matter.LENGTH, words="It was longer.", at=NOON
        )
        queries.tell(self.session, query_id=query.id, member=other, words="It was not.", at=NOON)
        self.ids["query_id"] = query.id

    def _concerns(self, number: int) -> None:
        """One for the member, told by somebody they have never met; and one of their own, for another lead."""
        another, teller = MemberFactory(bank=self.bank, name=f"Lead {number}"), MemberFactory(bank=self.bank)
        LeadFactory(member=another)
        self._ask_two(another)
        self.ids |= {
            "concern_id": ConcernFactory(member=teller, at=clock.now()).id,
            "told_id": ConcernFactory(member=self.member, at=clock.now()).id,
        }

    def _mail(self, other: Member, number: int) -> None:
        """An address of the member's own, another one that waits for its code, and a note; and what waits to be sent."""
        if number == 0:
            mail = MailAddress(member_id=self.member.id, confirmed_at=NOON)
            mail.address, mail.next = "ada@example.org", "ada@example.com"
            mail.expect("0" * 64, until=clock.now() + timedelta(days=1))
            self.session.add_all(MailWish(member_id=self.member.id, kind=kind) for kind in TO_CHOOSE)
            self.session.add(mail)
            user = self.session.scalars(select(User).where(User.member_id == self.member.id)).one()
            self.session.add(
                PasswordLink(user_id=user.id, token_hash=uuid4().hex * 2, stamp=user.fs_uniquifier, expires_at=NOON)
            )
            self.session.add(ForgottenAsk(lane=uuid4().hex * 2, asked_at=NOON))
            contact.write_note(self.session, member=self.member, words="Only before three.", at=NOON)
        contact.write_note(self.session, member=other, words="Never leave a message.", at=NOON)
        outbox.tell(self.session, MessageKind.HOURS_WAIT, member=self.member, about_id=uuid4(), at=NOON)

    def _offers(self, other: Member) -> None:
        theirs, mine = (
            offers.post_offer(
                self.session, offer_id=uuid4(), member=who, kind=OfferKind.OFFER, title="an hour", words="", at=NOON
            )
            for who in (other, self.member)
        )
        reply = offers.reply(self.session, offer_id=mine.id, member=other, words="please", at=NOON)
        self.ids |= {"offer_id": theirs.id, "reply_id": reply.id}

    def _round(self, scheme_id: UUID, introduction: Introduction, other: Member) -> None:
        """The first round stays a dry run and holds as many proposals as there are rows; the others were sent."""
        tried = self._new_round(scheme_id)
        if self.round is None:
            self.round = tried
        else:
            tried.send(at=NOON)
            tried.proposals = [self._proposal(other, introduction.id)]
        self.round.proposals.append(self._proposal(other, None))
        self.round.left_out.append(LeftOut(member_id=other.id, reason="nobody speaks the same language"))
        self.session.flush()
        self.ids |= {"round_id": self.round.id, "proposal_id": self.round.proposals[0].id}

    def _looks(self) -> None:
        """At the list of members, and at what the member has a part in; a safety hold keeps nothing back any more."""
        audit.set_hold(
            self.session, about=self.member, by=self.coordinator, reason=HoldReason.SOMEBODY_AT_RISK, days=1, at=NOON
        )
        for record, name in ((Record.MEMBERS, ""), (Record.CHECK, "query_id"), (Record.ROUND, "round_id")):
            audit.note(
                self.session,
                bank_id=self.bank.id,
                by=self.coordinator.id,
                act=Act.LOOKED,
                record=record,
                record_id=UUID(str(self.ids[name])) if name else None,
                reason=Reason.OTHER_WORK,
                at=NOON,
            )

    def _new_round(self, scheme_id: UUID) -> Round:
        made = Round(
            id=uuid4(),
            bank_id=self.bank.id,
            scheme_id=scheme_id,
            run_by=self.coordinator.id,
            run_at=NOON,
            run_on=DAY,
            seed=1,
            facts_digest="0" * 64,
            state=RoundState.TRIED,
        )
        self.session.add(made)
        return made

    def _proposal(self, other: Member, introduction_id: UUID | None) -> Proposal:
        return Proposal(
            id=uuid4(),
            place=1,
            guide_id=self.member.id,
            other_id=other.id,
            guide_reasons=["You both like: chess"],
            other_reasons=["You both like: chess"],
            staff_reasons="Both like: chess",
            introduction_id=introduction_id,
        )
