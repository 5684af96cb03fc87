"""A trail of many kinds of events, and a door past its rules, as whoever owns the database has one."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from tests.factories import NOON
from timebank.audit import chain, reads, service
from timebank.audit.chain import Head
from timebank.audit.models import Act, Actor, AuditEvent, Reason, Record
from timebank.db import Database

EVENTS = AuditEvent.__table__


def fill(session: Session, bank_id: UUID, people: list[UUID], *, chance: random.Random, events: int) -> None:
    for number in range(events):
        service.note(
            session,
            bank_id=bank_id,
            by=chance.choice([*people, Actor.COMMAND_LINE, Actor.SYSTEM]),
            act=chance.choice(list(Act)),
            record=chance.choice(list(Record)),
            record_id=chance.choice([None, UUID(int=chance.getrandbits(128))]),
            about_id=chance.choice([None, *people]),
            reason=chance.choice([None, *Reason]),
            case_id=chance.choice([None, UUID(int=chance.getrandbits(128))]),
            key=chance.choice([None, UUID(int=chance.getrandbits(128))]),
            at=NOON + timedelta(minutes=number, microseconds=chance.randrange(10**6)),
        )


def head_at(session: Session, bank_id: UUID, seq: int) -> Head:
    digest = session.scalar(select(EVENTS.c.digest).where(EVENTS.c.bank_id == bank_id, EVENTS.c.seq == seq))
    assert digest
    return Head(bank_id=bank_id, seq=seq, digest=digest, day=NOON.date())


@contextmanager
def as_owner(database: Database) -> Iterator[Session]:
    """Every rule is gone for as long as it takes, and afterwards all is as it was before."""
    with database.writing_turn(), database.open_writing() as session:
        connection = session.connection()
        if database.is_sqlite:
            for name in (
                connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            ):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_event DISABLE TRIGGER ALL")
        yield session
        session.rollback()


class Tamperer:
    """Each way leaves rows that still look like events. It answers with the first event that was touched, and the one that
    has to be named; where the chain is made anew behind the change, that is the next one a kept head speaks of."""

    def __init__(
        self,
        session: Session,
        bank_id: UUID,
        another_bank_id: UUID,
        people: list[UUID],
        heads: list[int],
        chance: random.Random,
    ) -> None:
        self.session, self.bank_id, self.another_bank_id, self.people = session, bank_id, another_bank_id, people
        self.heads, self.chance = heads, chance
        self.last = max(heads)

    def tamper(self) -> tuple[str, int, int]:
        way = self.chance.choice([
            self.change, self.change, self.drop, self.insert, self.reorder, self.cut_the_tail, self.rewrite, self.rewrite_insert,
            self.rewrite_drop,
        ])  # fmt: skip
        return way.__name__, *way()

    def change(self) -> tuple[int, int]:
        seq = self.chance.randint(1, self.last)
        self.update(seq, self.other_value(seq))
        return seq, seq

    def drop(self) -> tuple[int, int]:
        seq = self.chance.randint(1, self.last)
        self.session.execute(delete(EVENTS).where(self.at(seq)))
        return seq, seq

    def insert(self) -> tuple[int, int]:
        """The new event itself follows the one before it; the one it pushes back does not, unless a head says so before."""
        seq = self.chance.randint(1, self.last)
        self.move(seq, 1)
        self.session.execute(insert(EVENTS).values(**self.another_event(seq)))
        return seq, seq if seq in self.heads else seq + 1

    def reorder(self) -> tuple[int, int]:
        one, other = sorted(self.chance.sample(range(1, self.last + 1), 2))
        for was, now in ((one, 10**6), (other, one), (10**6, other)):
            self.update(was, {"seq": now})
        return one, one

    def cut_the_tail(self) -> tuple[int, int]:
        seq = self.chance.randint(1, self.last)
        self.session.execute(delete(EVENTS).where(EVENTS.c.bank_id == self.bank_id, EVENTS.c.seq >= seq))
        return seq, seq

    def rewrite(self) -> tuple[int, int]:
        seq = self.chance.randint(1, self.last)
        value = self.other_value(seq)
        while value.keys() & {"seq", "bank_id", "digest"}:
            value = self.other_value(seq)
        self.update(seq, value)
        return self.made_anew(seq)

    def rewrite_insert(self) -> tuple[int, int]:
        seq, _ = self.insert()
        return self.made_anew(seq)

    def rewrite_drop(self) -> tuple[int, int]:
        seq, _ = self.drop()
        self.move(seq + 1, -1)
        return self.made_anew(seq)

    def made_anew(self, seq: int) -> tuple[int, int]:
        rows = self.session.execute(
            select(EVENTS).where(EVENTS.c.bank_id == self.bank_id).order_by(EVENTS.c.seq)
        ).mappings()
        digest = chain.BEFORE_THE_FIRST
        for row in rows.all():
            digest = digest_of(digest, row)
            self.update(row["seq"], {"digest": digest})
        return seq, min(head for head in self.heads if head >= seq)

    def at(self, seq: int) -> Any:
        return (EVENTS.c.bank_id == self.bank_id) & (EVENTS.c.seq == seq)

    def update(self, seq: int, values: dict[str, Any]) -> None:
        self.session.execute(update(EVENTS).where(self.at(seq)).values(**values))

    def move(self, since: int, by: int) -> None:
        """By way of numbers that nobody has."""
        behind = (EVENTS.c.bank_id == self.bank_id) & (EVENTS.c.seq >= since)
        self.session.execute(update(EVENTS).where(behind).values(seq=EVENTS.c.seq + 10**6))
        far = (EVENTS.c.bank_id == self.bank_id) & (EVENTS.c.seq >= 10**6)
        self.session.execute(update(EVENTS).where(far).values(seq=EVENTS.c.seq - 10**6 + by))

    def other_value(self, seq: int, name: str | None = None) -> dict[str, Any]:
        row = self.session.execute(select(EVENTS).where(self.at(seq))).mappings().one()
        name = name or self.chance.choice([*chain.FIELDS, "digest"])
        while True:
            values = self.some_value(name, row)
            if any(row[column] != value for column, value in values.items()):
                return values

    def some_value(self, name: str, row: Any) -> dict[str, Any]:
        chance = self.chance
        if name == "bank_id":  # their bank has no such members
            return {
                "bank_id": self.another_bank_id,
                "seq": 10**6,
                "actor": Actor.SYSTEM,
                "actor_id": None,
                "about_id": None,
            }
        if name in {"actor", "actor_id"}:
            by = chance.choice([*self.people, Actor.COMMAND_LINE, Actor.SYSTEM])
            is_person = isinstance(by, UUID)
            return {"actor": Actor.MEMBER if is_person else by, "actor_id": by if is_person else None}
        words = {"act": list(Act), "record": list(Record), "reason": [None, *Reason], "about_id": [None, *self.people]}
        if name in words:
            return {name: chance.choice(words[name])}
        return {
            "seq": {"seq": 10**6},
            "noted_at": {"noted_at": row["noted_at"] + timedelta(microseconds=chance.choice([-1, 1, 10**9]))},
            "digest": {"digest": f"{chance.getrandbits(256):064x}"},
        }.get(name) or {name: chance.choice([None, UUID(int=chance.getrandbits(128))])}

    def another_event(self, seq: int) -> dict[str, Any]:
        row = self.session.execute(select(EVENTS).where(EVENTS.c.bank_id == self.bank_id).limit(1)).mappings().one()
        previous = chain.BEFORE_THE_FIRST if seq == 1 else head_at(self.session, self.bank_id, seq - 1).digest
        values = {**row, "seq": seq, "act_key": uuid4(), "case_id": uuid4()}
        return values | {"digest": digest_of(previous, values)}


def digest_of(previous: str, row: Any) -> str:
    return chain.digest(previous, chain.as_text(service._plain(row[name]) for name in chain.FIELDS))


def look_over(session: Session, bank_id: UUID, heads: list[Head]) -> reads.TrailReport:
    session.flush()
    return reads.look_over(session, bank_id, heads=heads)
