"""A year in the invented community, lived through the same services that the pages call, with the clock handed in."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.concerns import sealing
from timebank.concerns import service as concerns
from timebank.concerns.letters import Letter
from timebank.consents import service as consents
from timebank.consents.purposes import Purpose
from timebank.consents.service import Saying, Word
from timebank.db import Database
from timebank.demonstration.people import Invented, invent
from timebank.hours import service as hours
from timebank.hours.models import HourLog
from timebank.introductions import service as introductions
from timebank.introductions.models import Introduction, State
from timebank.matches import service as matches
from timebank.members import service as members
from timebank.members.models import Bank, Member
from timebank.offers import reads as offer_reads
from timebank.offers import service as offers
from timebank.offers.models import Kind
from timebank.profiles import reads as profiles
from timebank.profiles.criteria import QUESTIONS
from timebank.profiles.models import Answer
from timebank.queries import service as queries
from timebank.queries.models import Matter, Outcome
from timebank.relationships import reads as relationships
from timebank.relationships import service as relationship_service
from timebank.schemes import reads as scheme_reads
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme
from timebank.signin import passwords
from timebank.signin.models import User

NAME = "Riverbank Time Bank (invented)"
PASSWORD = "everybody's hour is worth the same"  # noqa: S105 - printed for everyone; it opens nothing real
PASSPHRASE = "five herons cross the weir at dusk"  # noqa: S105 - the same
SIGN_INS = {
    "member": "gives and receives hours; something waits to be confirmed",
    "mentor": "supports people; an introduction waits",
    "penfriend": "writes letters; a possible penfriend waits",
    "coordinator": "looks after the bank; checks and rounds wait",
    "lead": f"receives concerns; one waits, and opens with the passphrase “{PASSPHRASE}”",
}
SCHEMES = {
    "fanon": None, "penfriend": None, "co-counselling": None, "open": "Riverbank neighbours",
}  # fmt: skip
WEEKS = 52
HELP = (
    "a walk by the river", "an hour of listening", "help with a form", "a lift to the clinic", "gardening", "sewing a curtain",
    "setting up a phone", "tea and a talk", "practising English", "cooking for the week", "fixing a bicycle", "going to the library",
)  # fmt: skip

Progress = Callable[[int, int], None]


def invent_community(database: Database, *, at: datetime, progress: Progress = lambda _done, _of: None) -> None:
    """All of it, or nothing: one transaction."""
    with database.writing() as session:
        Year(session, at=at, progress=progress).live()


class Year:
    """The same seed gives the same people and the same year, counted back from today."""

    def __init__(self, session: Session, *, at: datetime, progress: Progress) -> None:
        self.session = session
        self.now = at
        self.lunchtime = (at - timedelta(days=1)).replace(hour=13, minute=20, second=0, microsecond=0)
        self.progress = progress
        self.chance = random.Random(1720)  # noqa: S311 - an invented community needs no secrets
        self.bank: Bank
        self.schemes: dict[str, BankScheme] = {}
        self.members: list[Member] = []

    def live(self) -> None:
        self.begin()
        self.first_round()
        for week in range(WEEKS):
            self.progress(week, WEEKS)
            self.one_week(self.lunchtime - timedelta(weeks=WEEKS - week))
        self.lately()
        self.open_doors()
        self.progress(WEEKS, WEEKS)

    # Who is here

    def begin(self) -> None:
        began = self.now - timedelta(weeks=WEEKS + 2)
        self.bank = members.open_bank(self.session, name=NAME, at=began, is_demonstration=True)
        for preset, name in SCHEMES.items():
            self.schemes[preset] = schemes.start_scheme(self.session, bank=self.bank, preset=preset, name=name)
        self.members = [self._join(person, began) for person in invent(self.chance)]
        self.coordinator, self.second_coordinator = self.members[2], self.members[3]
        for coordinator in (self.coordinator, self.second_coordinator):
            schemes.make_coordinator(self.session, member=coordinator)

    def _join(self, person: Invented, began: datetime) -> Member:
        joined_on = (began + timedelta(days=self.chance.randrange(14))).date()
        member = members.add_member(
            self.session, bank=self.bank, name=person.name, joined_on=joined_on, member_id=person.id
        )
        for criterion, words in person.answers.items():
            self.session.add(
                Answer(
                    member_id=member.id,
                    criterion=criterion,
                    words=words,
                    importance=person.importance.get(criterion, 1),
                )
            )
        self._agree(member, person, began)
        for preset, (side, capacity, records) in person.parts.items():
            schemes.join(
                self.session,
                member=member,
                scheme=self.schemes[preset],
                side=side,
                on=joined_on,
                capacity=capacity,
                roles=records,
            )
        return member

    def _agree(self, member: Member, person: Invented, at: datetime) -> None:
        """As on the pages of the profile; some are asked about figures and mail and say yes, some no, and some are silent."""
        words = scheme_reads.words_of(self.session, self.bank.id)
        keys = [(Purpose.USE, criterion) for criterion in person.answers if QUESTIONS[criterion].is_sensitive]
        keys += [(Purpose.SHOW, criterion) for criterion in person.answers if criterion in person.shown]
        said = [(purpose, QUESTIONS[criterion], Word.YES) for purpose, criterion in keys]
        answer = {0: Word.YES, 1: Word.YES, 2: Word.NO}.get(person.id.int % 4)
        besides = [(purpose, None, answer) for purpose in (Purpose.FIGURES, Purpose.MAIL)]
        consents.say_many(
            self.session,
            [
                Saying(
                    member=member,
                    purpose=purpose,
                    criterion=question.criterion if question else "",
                    words=profiles.words_now(purpose, question, words),
                    word=word,
                )
                for purpose, question, word in [*said, *besides]
                if word is not None
            ],
            at=at,
        )

    # Introductions, in every state they can be in

    def first_round(self) -> None:
        """A year ago: most said yes, somebody said not this time, somebody never answered."""
        at = self.now - timedelta(weeks=WEEKS)
        for preset in ("fanon", "co-counselling", "penfriend"):
            sent = self._round(preset, at)
            for number, introduction in enumerate(sent[: max(3, len(sent) // 2)]):
                self._answer_all(introduction, at + timedelta(days=1), yes=number != 1)
        introductions.lapse_unanswered(self.session, at=at + timedelta(days=30))
        ended = relationships.list_live_in_bank(self.session, self.bank.id)[0]
        relationship_service.end(
            self.session, relationship_id=ended.id, member=ended.guide, at=self.now - timedelta(weeks=20)
        )

    def _round(self, preset: str, at: datetime) -> list[Introduction]:
        tried = matches.try_round(
            self.session, scheme_id=self.schemes[preset].id, coordinator=self.coordinator, on=at.date(), at=at, seed=1
        )
        if not tried.proposals:
            return []
        matches.send_round(self.session, round_id=tried.id, coordinator=self.coordinator, at=at)
        sent = [proposal.introduction_id for proposal in tried.proposals]
        return list(
            self.session.scalars(select(Introduction).where(Introduction.id.in_(sent)).order_by(Introduction.id))
        )

    def _answer_all(self, introduction: Introduction, at: datetime, *, yes: bool) -> None:
        for party_id in (introduction.guide_id, introduction.other_id):
            if introduction.state is State.OPEN:
                introductions.answer_introduction(
                    self.session,
                    introduction_id=introduction.id,
                    member=self._member(party_id),
                    yes=yes or party_id == introduction.guide_id,
                    at=at,
                )

    # Hours

    def one_week(self, at: datetime) -> None:
        pairs = [
            (found.guide, found.other)
            for found in relationships.list_live_in_bank(self.session, self.bank.id)
            if self.chance.random() > 0.45
        ]
        pairs += [self._neighbours() for _ in range(5)]
        for giver, receiver in pairs:
            self._exchange(giver, receiver, at + timedelta(days=self.chance.randrange(6)))
        helper = self.chance.choice([member for member in self.members if member is not self.coordinator])
        log = self._log(helper, None, at, minutes=120, words="tea and washing up at the drop-in")
        hours.confirm_hours(self.session, log_id=log.id, member=self.coordinator, at=at + timedelta(days=1))

    def _neighbours(self) -> tuple[Member, Member]:
        giver, receiver = self.chance.sample(self.members, 2)
        return giver, receiver

    def _exchange(self, giver: Member, receiver: Member, at: datetime) -> None:
        log = self._log(giver, receiver, at, minutes=self.chance.choice([30, 45, 60, 60, 60, 90, 90, 120]))
        other = receiver if log.logged_by == giver.id else giver
        hours.confirm_hours(
            self.session, log_id=log.id, member=other, at=at + timedelta(hours=self.chance.randrange(2, 40))
        )

    def _log(
        self,
        giver: Member,
        receiver: Member | None,
        at: datetime,
        *,
        minutes: int,
        words: str = "",
        by_giver: bool | None = None,
    ) -> HourLog:
        by_giver = receiver is None or (self.chance.random() > 0.4 if by_giver is None else by_giver)
        member, partner = (giver, receiver) if by_giver else (receiver, giver)
        assert member is not None
        return hours.log_hours(
            self.session,
            log_id=uuid4(),
            member=member,
            partner=partner,
            is_given=by_giver,
            minutes=minutes,
            happened_on=at.date(),
            at=at,
            words=words or self.chance.choice(HELP),
            is_sure=True,
            scheme_id=hours.scheme_between(self.session, member, partner),
        )

    # What waits today

    def lately(self) -> None:
        for preset in ("fanon", "penfriend"):
            for number, introduction in enumerate(self._round(preset, self.lunchtime - timedelta(days=2))):
                if number % 3 == 1 and not introduction.is_symmetric:
                    introductions.answer_introduction(
                        self.session,
                        introduction_id=introduction.id,
                        member=self._member(introduction.guide_id),
                        yes=True,
                        at=self.lunchtime,
                    )
        matches.try_round(
            self.session,
            scheme_id=self.schemes["open"].id,
            coordinator=self.coordinator,
            on=self.now.date(),
            at=self.now,
            seed=1,
        )
        self._offers()
        self._reply()
        self._checks()
        member = self.members[1]
        self._log(
            self.members[4],
            member,
            self.now - timedelta(days=1),
            minutes=90,
            words="a walk by the river",
            by_giver=True,
        )
        self._log(
            member, self.members[5], self.now - timedelta(hours=20), minutes=45, words="help with a form", by_giver=True
        )
        self._log(self.members[8], None, self.now - timedelta(hours=5), minutes=120, words="tea at the drop-in")

    def _checks(self) -> None:
        """One on a waiting hour, one on hours that already counted, and one that was settled."""
        one, two, three = self.members[1], self.members[9], self.members[10]
        day = self.lunchtime - timedelta(days=2)
        waiting = self._log(two, one, day, minutes=120, words="going to the library", by_giver=True)
        asked = queries.open_query(
            self.session,
            log_id=waiting.id,
            member=one,
            matter=Matter.LENGTH,
            at=day + timedelta(hours=5),
            words="I think it was an hour and a half. We left when it got dark.",
        )
        queries.tell(
            self.session,
            query_id=asked.id,
            member=two,
            words="I looked at the clock at two and at four.",
            at=day + timedelta(hours=8),
        )
        posted = self._log(three, two, day, minutes=60, words="gardening", by_giver=True)
        hours.confirm_hours(self.session, log_id=posted.id, member=two, at=day)
        queries.open_query(
            self.session,
            log_id=posted.id,
            member=two,
            matter=Matter.DUPLICATE,
            at=day + timedelta(hours=1),
            words="I think this one is there twice.",
        )
        settled = self._log(
            three, one, day - timedelta(days=30), minutes=90, words="cooking for the week", by_giver=True
        )
        check = queries.open_query(
            self.session, log_id=settled.id, member=one, matter=Matter.LENGTH, words="", at=day - timedelta(days=29)
        )
        queries.settle_query(
            self.session,
            query_id=check.id,
            coordinator=self.coordinator,
            outcome=Outcome.COMMUNITY_GIFT,
            minutes=60,
            words="You both remember it honestly. An hour stands between you, and the community gives the half hour.",
            at=day - timedelta(days=27),
        )

    def _offers(self) -> None:
        for number, (kind, title) in enumerate((
            (Kind.OFFER, "An hour of listening, by phone"), (Kind.ASK, "Somebody to come along to the library"),
            (Kind.OFFER, "Bicycle repairs on Saturdays"), (Kind.ASK, "Help with a housing form"), (Kind.OFFER, "Somali cooking together"),
        )):  # fmt: skip
            offers.post_offer(
                self.session,
                offer_id=uuid4(),
                member=self.members[11 + number],
                kind=kind,
                title=title,
                words="",
                at=self.now - timedelta(days=number),
            )

    def _reply(self) -> None:
        """Two who met by an offer: the member who may sign in knows somebody."""
        made = offer_reads.list_open(self.session, self.members[1])[0]
        at = self.lunchtime
        reply = offers.reply(self.session, offer_id=made.id, member=self.members[1], words="I would like that.", at=at)
        poster = self._member(made.member_id)
        offers.answer_reply(self.session, reply_id=reply.id, member=poster, yes=True, at=at)

    # Who may sign in

    def open_doors(self) -> None:
        open_now = self.session.scalars(
            select(Introduction).where(Introduction.state == State.OPEN).order_by(Introduction.id)
        ).all()
        staff = {self.coordinator.id, self.second_coordinator.id}
        together = relationships.list_live_in_bank(self.session, self.bank.id)
        known = {person for live in together for person in (live.guide_id, live.other_id)} - staff
        # Somebody who has company already, so that a visitor sees what a relationship looks like.
        asked = sorted(open_now, key=lambda found: found.guide_id not in known)
        mentor = next(found for found in asked if not found.is_symmetric and found.guide_said_yes is None)
        penfriend = next(found for found in asked if found.is_symmetric and found.guide_id not in staff)
        doors = {
            "member": self.members[1], "mentor": self._member(mentor.guide_id),
            "penfriend": self._member(penfriend.guide_id), "coordinator": self.coordinator,
        }  # fmt: skip
        doors["lead"] = next(one for one in self.members[4:] if one not in doors.values() and one.id not in staff)
        self._concern(doors["lead"], teller=next(one for one in self.members[5:] if one not in doors.values()))
        hashed = passwords.to_keep(PASSWORD)
        for name, member in doors.items():
            self.session.add(User(id=uuid4(), member_id=member.id, sign_in_name=name, password=hashed))

    def _concern(self, lead: Member, *, teller: Member) -> None:
        """Somebody to tell, and something told, of which nobody here reads a word before they type the passphrase."""
        at = self.lunchtime
        concerns.add_lead(self.session, bank=self.bank, member=lead, at=at)
        kept = sealing.make_key(PASSPHRASE, key_id=uuid4(), bank_id=self.bank.id)
        concerns.keep_key(self.session, member=lead, kept=kept, at=at)
        letter = Letter(
            words="He borrowed money from her again, and she does not dare to say no.", who="somebody at the drop-in"
        )
        concerns.tell(self.session, concern_id=uuid4(), member=teller, letter=letter, in_danger=False, at=at)

    def _member(self, member_id: UUID) -> Member:
        return next(member for member in self.members if member.id == member_id)
