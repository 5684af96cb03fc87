"""Invented histories: people of a bank ask, agree, say no, take back, stop and let time pass, in any order; and a plain
second opinion of what may come of each step, which knows no more than who was what when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.clients import nobodys_password
from tests.factories import NOON, BankFactory, MemberFactory, RelationshipFactory
from timebank.db import Database
from timebank.errors import Refusal
from timebank.members.models import Member
from timebank.schemes import service as schemes
from timebank.schemes.models import Coordinator
from timebank.signin.models import CodeApp, OneTimeCode, User
from timebank.two_people import service
from timebank.two_people.models import Kind

SEVEN_DAYS = timedelta(days=7)
STEPS = (*["ask"] * 5, *["agree"] * 9, "decline", "say no", "take back", "stop", "work")


@dataclass
class Asked:
    kind: Kind
    about: UUID
    by: UUID
    at: datetime
    ended: bool = False


@dataclass
class Standing:
    """What weighty acts change: who looks after the bank, how many codes there are, and who has a second step."""

    coordinators: set[UUID]
    codes: dict[UUID, int]
    with_app: set[UUID]


@dataclass
class Step:
    what: str
    who: UUID
    act_id: UUID | None
    at: datetime
    refusal: Refusal | None
    before: Standing
    after: Standing

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass
class World:
    bank_id: UUID
    people: list[UUID]
    close: set[frozenset[UUID]] = field(default_factory=set)


def make(session: Session) -> World:
    bank = BankFactory()
    people = [MemberFactory(bank=bank) for _ in range(6)]
    for person in people:
        user = User(id=uuid4(), member_id=person.id, sign_in_name=uuid4().hex, password=nobodys_password())
        session.add(user)
        session.flush()
        session.add(CodeApp(user_id=user.id, sealed="?", last_step=0, made_at=NOON))
    for person in people[:4]:
        schemes.make_coordinator(session, member=person)
    RelationshipFactory(guide=people[0], other=people[1])
    world = World(bank.id, [person.id for person in people], {frozenset({people[0].id, people[1].id})})
    session.commit()
    session.close()
    return world


def standing(session: Session, world: World) -> Standing:
    codes = session.execute(
        select(OneTimeCode.member_id, func.count())
        .where(OneTimeCode.member_id.in_(world.people))
        .group_by(OneTimeCode.member_id)
    )
    return Standing(
        coordinators=set(session.scalars(select(Coordinator.member_id).where(Coordinator.bank_id == world.bank_id))),
        codes={row[0]: row[1] for row in codes},
        with_app=set(session.scalars(select(User.member_id).join(CodeApp, CodeApp.user_id == User.id))),
    )


def live(
    database: Database, world: World, chance: random.Random, *, steps: int
) -> Iterator[tuple[Step, Asked | None, bool]]:
    """Each step, the act it was about as it stood before, and whether it could be done by what our second opinion knows."""
    at, acts = NOON, dict[UUID, Asked]()
    for _ in range(steps):
        at += timedelta(hours=chance.choice([0, 0, 1, 5, 30]))
        what, who = chance.choice(STEPS), chance.choice([*world.people, *world.people[:4], *world.people[:4]])
        act_id = chance.choice(list(acts)[-2:]) if acts and what != "ask" else uuid4()
        kind, about = chance.choice(list(Kind)), chance.choice(world.people)
        for _press in range(chance.choice([1, 1, 2])):
            step = take(database, world, what, who=who, act_id=act_id, kind=kind, about=about, at=at)
            known = acts.get(act_id)
            could = may(world, step, known)
            yield step, known, could
            remember(acts, step, kind=kind, about=about)


def take(database: Database, world: World, what: str, *, who: UUID, act_id: UUID, kind: Kind, about: UUID, at: datetime) -> Step:  # fmt: skip
    refusal: Refusal | None = None
    with database.reading() as session:
        before = standing(session, world)
    try:
        with database.writing() as session:
            member = session.get_one(Member, who)
            doing: dict[str, Any] = {
                "ask": lambda: service.ask(
                    session, act_id=act_id, kind=kind, about_id=about, scheme_id=None, reason="r", asker=member, at=at
                ),
                "agree": lambda: service.agree(session, act_id=act_id, decider=member, at=at),
                "decline": lambda: service.decline(session, act_id=act_id, decider=member, at=at),
                "say no": lambda: service.say_no(session, act_id=act_id, member=member, at=at),
                "take back": lambda: service.take_back(session, act_id=act_id, asker=member, at=at),
                "stop": lambda: service.stop(session, member=member, scheme_id=None, at=at),
                "work": lambda: service.let_all_run_out(session, at=at),
            }
            doing[what]()
    except Refusal as refused:
        refusal = refused
    with database.reading() as session:
        after = standing(session, world)
    return Step(what, who, act_id, at, refusal, before, after)


def may(world: World, step: Step, act: Asked | None) -> bool:
    """Whether an "agree" may do what was asked; of every other step only "stop" changes anything, for oneself."""
    if step.what != "agree" or act is None:
        return False
    first_two = {act.by, step.who}
    makes_sense = {
        Kind.MAKE_COORDINATOR: act.about not in step.before.coordinators,
        Kind.END_COORDINATOR: act.about in step.before.coordinators,
    }
    return (
        len(first_two | {act.about}) == 3
        and first_two <= step.before.coordinators
        and frozenset({step.who, act.about}) not in world.close
        and not act.ended
        and step.at < act.at + SEVEN_DAYS
        and makes_sense.get(act.kind, True)
    )


def remember(acts: dict[UUID, Asked], step: Step, *, kind: Kind, about: UUID) -> None:
    for act in acts.values():
        # Whoever stops asks for nothing any more, also if they are named again later.
        act.ended |= act.by not in step.after.coordinators or step.at >= act.at + SEVEN_DAYS
    if step.refusal is not None or step.act_id is None:
        return
    if step.what == "ask":
        acts.setdefault(step.act_id, Asked(kind, about, step.who, step.at))
    elif step.what in {"agree", "decline", "say no", "take back"} and step.act_id in acts:
        acts[step.act_id].ended = True
