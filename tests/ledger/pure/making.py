"""Invented transfers and group sessions, without a database."""

from collections import Counter
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from ledger import Transfer, TransferKind
from ledger.groups import GroupSession, Plan, plan_mutual
from ledger.transfers import DAY_MINUTES, LONGEST_MINUTES, ONE_DAY_KINDS

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
COORDINATOR = uuid4()
COMMUNITY = UUID(int=1000)
BANK, ADA, BEN = uuid4(), uuid4(), uuid4()
FACTS = {
    "id": UUID(int=1), "giver": ADA, "receiver": BEN, "minutes": 60, "happened_on": DAY, "kind": TransferKind.EXCHANGE,
    "recorded_by": ADA,
}  # fmt: skip
IDS = st.uuids(allow_nil=False)


def make_transfer(giver: UUID, receiver: UUID, minutes: int = 60, **more: Any) -> Transfer:
    facts: dict[str, Any] = {"id": uuid4(), "happened_on": DAY, "kind": TransferKind.EXCHANGE, "recorded_by": giver}
    return Transfer(giver=giver, receiver=receiver, minutes=minutes, **facts | more)


@st.composite
def transfers(draw: st.DrawFn) -> Transfer:
    """Of every kind, with every link that its kind may have."""
    kind = draw(st.sampled_from(TransferKind))
    giver, receiver = draw(st.lists(IDS, min_size=2, max_size=2, unique=True))
    nobody = [st.none()] if kind is TransferKind.REVERSAL else []
    return Transfer(
        id=draw(IDS),
        giver=giver,
        receiver=receiver,
        minutes=draw(st.integers(1, DAY_MINUTES if kind in ONE_DAY_KINDS else LONGEST_MINUTES)),
        happened_on=draw(st.dates()),
        kind=kind,
        recorded_by=draw(st.one_of(*nobody, IDS)),
        group=draw(st.one_of(st.none(), IDS)),
        peer=draw(IDS) if kind is TransferKind.BRIDGE else None,
    )


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
