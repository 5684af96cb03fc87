"""Small banks full of whatever can be between two people, drawn by seed: people who met, ended, wait, check and never met."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.errors import LedgerError
from tests.factories import DAY, NOON, tell
from timebank.errors import Refusal
from timebank.hours import service as hours
from timebank.introductions import service as introductions
from timebank.introductions.models import Introduction
from timebank.members import service as members
from timebank.members.models import Bank, Member
from timebank.members.service import ledger_of
from timebank.offers import service as offers
from timebank.offers.models import Kind
from timebank.queries import service as queries
from timebank.queries.models import Matter, Outcome
from timebank.relationships import reads as relationship_reads
from timebank.relationships import service as relationships
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme, Side

ACTS = 14  # of each kind of thing about two in a bank of four
LETTERS = "bdfgklmnprstvz"


@dataclass
class SmallBank:
    bank: Bank
    people: list[Member]
    coordinator: Member
    things: list[tuple[str, UUID, frozenset[UUID]]] = field(default_factory=list)  # name in an address, id, whose

    def ids_of(self, *whose: Member) -> list[tuple[str, UUID]]:
        """Of what is between all of these."""
        wanted = {person.id for person in whose}
        return [(name, thing_id) for name, thing_id, parties in self.things if wanted <= parties]


def name_nobody_else_has(chance: random.Random) -> str:
    return "".join(chance.choice(LETTERS) + chance.choice("aeiou") for _ in range(6)).title()


def draw(session: Session, chance: random.Random, *, people: int = 3, acts: int = ACTS) -> SmallBank:
    bank = members.open_bank(session, name=name_nobody_else_has(chance), at=NOON)

    def somebody() -> Member:
        return members.add_member(session, bank=bank, name=name_nobody_else_has(chance), joined_on=DAY)

    made = SmallBank(bank=bank, people=[somebody() for _ in range(people)], coordinator=somebody())
    schemes.make_coordinator(session, member=made.coordinator)
    drawing = _Drawing(session, chance, made)
    drawing.join()
    for _ in range(acts):
        drawing.one_more()
    ledger_of(session, bank).seal(at=NOON)
    session.flush()
    return made


class _Drawing:
    def __init__(self, session: Session, chance: random.Random, made: SmallBank) -> None:
        self.session, self.chance, self.made = session, chance, made
        self.at = NOON
        self.schemes: list[BankScheme] = []

    def join(self) -> None:
        for preset in ("fanon", "penfriend"):
            scheme = schemes.start_scheme(self.session, bank=self.made.bank, preset=preset)
            self.schemes.append(scheme)
            for person in self.made.people:
                schemes.join(self.session, member=person, scheme=scheme, side=Side.BOTH, on=DAY, capacity=9)
        for person in self.made.people:
            for criterion in ("interests", "goals", "experiences"):
                shown = self.chance.random() < 0.5
                words = [f"{criterion} {name_nobody_else_has(self.chance)}"]
                tell(self.session, member=person, criterion=criterion, words=words, is_shown=shown)
        self.session.flush()

    def one_more(self) -> None:
        """A refusal is fine: not everything can follow on everything. What it began is taken back."""
        act = self.chance.choice(
            (self.meet, self.ask, self.offer, self.log, self.log, self.log, self.check, self.say_apart)
        )
        self.at += timedelta(minutes=self.chance.randrange(1, 9))
        one, other = self.chance.sample(self.made.people, 2)
        known = len(self.made.things)
        try:
            with self.session.begin_nested():
                act(one, other)
                self.session.flush()
        except (Refusal, LedgerError, IntegrityError):  # two open introductions of one pair in one scheme cannot be
            del self.made.things[known:]

    def keep(self, name: str, thing_id: UUID, *whose: Member) -> None:
        self.made.things.append((name, thing_id, frozenset(person.id for person in whose)))

    def meet(self, one: Member, other: Member) -> None:
        live = {found.partner_of(one).id for found in relationship_reads.list_live(self.session, one.id)}
        if other.id in live:
            return
        begun = relationships.start(
            self.session, bank_id=one.bank_id, scheme_id=None, guide_id=one.id, other_id=other.id, at=self.at
        )
        self.keep("relationship_id", begun.id, one, other)
        if self.chance.random() < 0.3:
            begun.end(at=self.at)

    def ask(self, one: Member, other: Member) -> None:
        scheme = self.chance.choice(self.schemes)
        if scheme.is_symmetric:
            one, other = sorted((one, other), key=lambda person: person.id)
        made: Introduction = introductions.introduce(
            self.session,
            scheme=scheme,
            guide_id=one.id,
            other_id=other.id,
            guide_reasons=["You both like: chess"],
            other_reasons=["You both like: chess"],
            at=self.at,
        )
        self.keep("introduction_id", made.id, one, other)
        for member in (one, other):
            if self.chance.random() < 0.7 and made.waits_for(member):
                introductions.answer_introduction(
                    self.session,
                    introduction_id=made.id,
                    member=member,
                    yes=self.chance.random() < 0.8,
                    at=self.at,
                )

    def offer(self, one: Member, other: Member) -> None:
        kind, title = self.chance.choice(list(Kind)), f"an hour of {name_nobody_else_has(self.chance)}"
        made = offers.post_offer(
            self.session, offer_id=uuid4(), member=one, kind=kind, title=title, words="", at=self.at
        )
        self.keep("offer_id", made.id, one, other)
        if self.chance.random() < 0.6:
            reply = offers.reply(self.session, offer_id=made.id, member=other, words="please", at=self.at)
            self.keep("reply_id", reply.id, one, other)
            if self.chance.random() < 0.5:
                offers.answer_reply(
                    self.session, reply_id=reply.id, member=one, yes=self.chance.random() < 0.7, at=self.at
                )

    def log(self, one: Member, other: Member) -> None:
        partner = other if self.chance.random() < 0.85 else None
        made = hours.log_hours(
            self.session,
            log_id=uuid4(),
            member=one,
            partner=partner,
            is_given=self.chance.random() < 0.5,
            minutes=self.chance.randrange(5, 60),
            happened_on=DAY - timedelta(days=self.chance.randrange(60)),
            words=self.chance.choice(["a walk", ""]),
            at=self.at,
            by_code=self.chance.random() < 0.2 and partner is not None,
            is_sure=True,
        )
        whose = [one] if partner is None else [one, other]
        self.keep("log_id", made.id, *whose)
        if partner is not None and self.chance.random() < 0.6:
            hours.confirm_hours(self.session, log_id=made.id, member=partner, at=self.at)
            self.keep("transfer_id", made.id, *whose)
        elif self.chance.random() < 0.1:
            hours.take_back(self.session, log_id=made.id, member=one, at=self.at)

    def check(self, one: Member, _: Member) -> None:
        logged = [(found, whose) for name, found, whose in self.made.things if name == "log_id" and one.id in whose]
        if not logged:
            return
        log_id, whose = self.chance.choice(logged)
        query = queries.open_query(
            self.session, log_id=log_id, member=one, matter=Matter.LENGTH, words="It was longer.", at=self.at
        )
        self.made.things.append(("query_id", query.id, whose))
        if self.chance.random() < 0.3:
            queries.settle_query(
                self.session,
                query_id=query.id,
                coordinator=self.made.coordinator,
                outcome=self.chance.choice([Outcome.AS_LOGGED, Outcome.VOID]),
                minutes=None,
                words="Both were heard.",
                at=self.at,
            )

    def say_apart(self, one: Member, other: Member) -> None:
        """As an import brings it: nothing ends by it."""
        if self.chance.random() < 0.2:
            members.keep_apart(self.session, member=one, other=other, at=self.at)
