"""Invented transfers and group sessions, without a database."""

from collections import Counter
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from ledger import Transfer, TransferKind
from ledger.groups import GroupSession, Plan, plan_mutual

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
COORDINATOR = uuid4()
COMMUNITY = UUID(int=1000)


def make_transfer(giver: UUID, receiver: UUID, minutes: int = 60, **more: Any) -> Transfer:
    facts: dict[str, Any] = {"id": uuid4(), "happened_on": DAY, "kind": TransferKind.EXCHANGE, "recorded_by": giver}
    return Transfer(giver=giver, receiver=receiver, minutes=minutes, **facts | more)


def group_session(**facts: Any) -> GroupSession:
    stands = {"id": uuid4(), "minutes": 90, "happened_on": DAY, "recorded_by": COORDINATOR, "community": COMMUNITY}
    return GroupSession(**stands | facts)


def mutual(one: UUID, other: UUID, minutes: int = 60, **facts: Any) -> Plan:
    stands = {"id": uuid4(), "happened_on": DAY, "recorded_by": COORDINATOR}
    return plan_mutual(one=one, other=other, minutes=minutes, **stands | facts)


def balances(plan: Plan) -> Counter[UUID]:
    changes: Counter[UUID] = Counter()
    for entry in chain.from_iterable(one.entries for one in plan.transfers):
        changes[entry.account] += entry.minutes
    return changes
