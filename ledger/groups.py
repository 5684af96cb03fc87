"""What a session comes to in transfers, worked out without a database: who gives whom how many minutes (L7, L8, L9).

The ids of the transfers are made from the session's id and the two ends, so the same session again posts once. A session
whose people or length turned out wrong is undone and recorded anew under another id.
"""
# ruff: noqa: A002 - the name `id` is settled in decisions.md section 4.

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain, groupby, repeat
from operator import itemgetter
from uuid import UUID, uuid5

from ledger.errors import GiverIsReceiver, NobodyHeldIt, NobodyThere
from ledger.transfers import Transfer, TransferKind, check_length


class GroupPosting(StrEnum):
    """How a scheme posts its group sessions (requirements.md L8)."""

    MUTUAL = "mutual"  # nothing is posted, the activity counts
    HOSTED = "hosted"  # the community gives each facilitator their time, and nobody who came is debited
    SHARED = "shared"  # those who came share the facilitators' time among them


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSession:
    """Who held a session of how many minutes, and who came. People are named by their accounts, each counts once.

    `unnamed` people came whose identity is not kept: the community account stands for them (requirements.md L9). Whoever
    held it is not counted among those who came. Raises NobodyThere; NotWholeMinutes, NoTime, TooLong (a day at most).
    """

    id: UUID
    facilitators: frozenset[UUID]
    attendees: frozenset[UUID] = frozenset()
    unnamed: int = 0
    minutes: int
    happened_on: date
    recorded_by: UUID
    community: UUID

    def __post_init__(self) -> None:
        check_length(self.minutes, TransferKind.GROUP)
        if type(self.unnamed) is not int or self.unnamed < 0:
            raise ValueError("how many were unnamed is a whole number, zero or above")
        facilitators = frozenset(self.facilitators)
        object.__setattr__(self, "facilitators", facilitators)
        object.__setattr__(self, "attendees", frozenset(self.attendees) - facilitators)
        if self.community in self.attendees:
            raise ValueError("the community account stands for the unnamed: say how many they were")
        if not self.people:
            raise NobodyThere(self.id)

    @property
    def people(self) -> int:
        return len(self.facilitators) + len(self.attendees) + self.unnamed


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to post. Minutes: `activity_minutes` is the time of everybody who was there, added up, posted or not.

    `untimed_minutes` is what was too odd to be halved: it is kept as a fact of the session and is nobody's (L7).
    """

    transfers: tuple[Transfer, ...]
    activity_minutes: int
    untimed_minutes: int = 0

    @property
    def gross_minutes(self) -> int:
        """What people gave one another, whatever it came to when it is set off."""
        return sum(one.minutes for one in self.transfers)


def plan_mutual(
    *,
    id: UUID,
    one: UUID,
    other: UUID,
    minutes: int,
    happened_on: date,
    recorded_by: UUID,
) -> Plan:
    """Two who gave each other half of the time: two legs that come to nothing, and the odd minute untimed (L7).

    Which of them is called `one` makes no difference. Raises GiverIsReceiver, NotWholeMinutes, NoTime, TooLong.
    """
    check_length(minutes, TransferKind.EXCHANGE)
    if one == other:
        raise GiverIsReceiver(one)
    half, odd = divmod(minutes, 2)
    legs = [(one, other, half), (other, one, half)] if half else []
    transfers = _transfers(legs, id=id, kind=TransferKind.EXCHANGE, happened_on=happened_on, recorded_by=recorded_by)
    return Plan(transfers=transfers, activity_minutes=2 * minutes, untimed_minutes=odd)


def plan_group(session: GroupSession, posting: GroupPosting) -> Plan:
    """The transfers of a group session by its scheme's setting (L8). Nobody is given more than the session's length.

    Raises NobodyHeldIt where it is posted and has no facilitator.
    """
    posting = GroupPosting(posting)
    if posting is not GroupPosting.MUTUAL and not session.facilitators:
        raise NobodyHeldIt(session.id)
    legs: Iterable[tuple[UUID, UUID, int]] = ()
    if posting is GroupPosting.HOSTED:
        legs = ((one, session.community, session.minutes) for one in session.facilitators)
    elif posting is GroupPosting.SHARED:
        legs = _fill(sorted(session.facilitators), session.minutes, _shares(session))
    transfers = _transfers(
        # The community gives nothing to itself.
        [(giver, receiver, minutes) for giver, receiver, minutes in legs if giver != receiver],
        id=session.id,
        kind=TransferKind.GROUP,
        happened_on=session.happened_on,
        recorded_by=session.recorded_by,
    )
    return Plan(transfers=transfers, activity_minutes=session.people * session.minutes)


def divide(minutes: int, among: Iterable[UUID], *, seed: UUID) -> dict[UUID, int]:
    """Equal shares of whole minutes that add up exactly, none more than a minute above another, for at least one person.

    By largest remainder. Equal shares have equal remainders, so a draw decides who bears an odd minute: it hangs on `seed`
    and on the people, not on their order, and falls on somebody else the next time.
    """
    drawn = sorted(among, key=lambda one: uuid5(seed, one.hex))
    share, odd = divmod(minutes, len(drawn))
    return {one: share + (place < odd) for place, one in enumerate(drawn)}


def _shares(session: GroupSession) -> dict[UUID, int]:
    """What each who came received. The odd minutes are the community's where it stands for somebody; all, where nobody came."""
    given = len(session.facilitators) * session.minutes
    if session.attendees and not session.unnamed:
        return divide(given, session.attendees, seed=session.id)
    each = given // max(len(session.attendees) + session.unnamed, 1)
    return dict.fromkeys(session.attendees, each) | {session.community: given - each * len(session.attendees)}


def _fill(facilitators: Iterable[UUID], minutes: int, shares: dict[UUID, int]) -> Iterator[tuple[UUID, UUID, int]]:
    """Each facilitator's minutes go to the next who still has some to receive, until both lists are through together."""
    given = chain.from_iterable(repeat(one, minutes) for one in facilitators)
    received = chain.from_iterable(repeat(one, share) for one, share in sorted(shares.items()))
    for (giver, receiver), same in groupby(zip(given, received, strict=True)):
        yield giver, receiver, sum(1 for _ in same)


def _transfers(
    legs: Iterable[tuple[UUID, UUID, int]],
    *,
    id: UUID,
    kind: TransferKind,
    happened_on: date,
    recorded_by: UUID,
) -> tuple[Transfer, ...]:
    return tuple(
        Transfer(
            id=uuid5(id, f"{giver} from {receiver}"),
            giver=giver,
            receiver=receiver,
            minutes=minutes,
            happened_on=happened_on,
            kind=kind,
            recorded_by=recorded_by,
            group=id,
        )
        for giver, receiver, minutes in sorted(legs, key=itemgetter(0, 1))
    )
