"""Sessions of two and of many: the minutes add up, nobody gains one, and the same session counts once."""

import os
import sys
from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import TransferKind
from ledger.errors import GiverIsReceiver, NobodyHeldIt, NobodyThere, NoTime, NotWholeMinutes, TooLong
from ledger.groups import GroupPosting, GroupSession, Plan, divide, plan_group
from tests.ledger.pure.making import COMMUNITY, COORDINATOR, DAY, balances, group_session, mutual

SESSIONS = 5_000 if os.environ.get("TIMEBANK_FORM") == "full" else 400
LENGTHS = st.integers(1, 1440)
PEOPLE = [UUID(int=number) for number in range(1, 40)]
SOME_HELD_IT = st.integers(1, 2**7 - 1)
SOME_CAME = st.one_of(st.just(0), st.integers(0, 2**8 - 1), st.integers(0, 2 ** len(PEOPLE) - 1))
worlds = settings(max_examples=SESSIONS)


def who(bits: int, people: list[UUID]) -> list[UUID]:
    """One bit for each: drawn many times quicker than sets are."""
    return [one for place, one in enumerate(people) if bits >> place & 1]


@st.composite
def sessions(draw: st.DrawFn) -> GroupSession:
    """Any people, some of whom are ticked as holding it and as coming, and now and then somebody whose name is not kept."""
    held, came = draw(SOME_HELD_IT), draw(SOME_CAME)
    return GroupSession(
        id=draw(st.uuids(version=4)),
        facilitators=who(held, [*PEOPLE[:6], COMMUNITY]),
        attendees=who(came, PEOPLE),
        unnamed=draw(st.sampled_from([0, 0, 1, 5])),
        minutes=draw(LENGTHS),
        happened_on=DAY,
        recorded_by=COORDINATOR,
        community=COMMUNITY,
    )


def told(plan: Plan) -> list[tuple[UUID, UUID, int]]:
    return [(one.giver, one.receiver, one.minutes) for one in plan.transfers]


@pytest.fixture(scope="module")
def counted(request):
    """Prints how many generated sessions a promise was tried on, and fails where they were fewer than it says."""
    counts: Counter[str] = Counter()
    yield counts
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stdout.write(f"\ngroup sessions: {dict(counts)}\n")
    assert all(count >= SESSIONS for count in counts.values()), counts


class TestMutualSessionOfTwo:
    @given(session_id=st.uuids(version=4), minutes=LENGTHS)
    @worlds
    def test_comes_to_nothing_for_either_and_keeps_what_both_gave(self, counted, session_id, minutes):
        counted["mutual"] += 1
        plan = mutual(PEOPLE[0], PEOPLE[1], minutes, id=session_id)

        assert set(balances(plan).values()) <= {0}
        assert plan.gross_minutes + plan.untimed_minutes == minutes
        assert plan.untimed_minutes == minutes % 2
        assert plan.activity_minutes == 2 * minutes
        assert {(one.group, one.kind) for one in plan.transfers} <= {(session_id, TransferKind.EXCHANGE)}
        assert mutual(PEOPLE[1], PEOPLE[0], minutes, id=session_id) == plan

    def test_is_two_legs_of_half_each(self):
        plan = mutual(PEOPLE[0], PEOPLE[1], 91)

        assert told(plan) == [(PEOPLE[0], PEOPLE[1], 45), (PEOPLE[1], PEOPLE[0], 45)]
        assert plan.untimed_minutes == 1

    def test_of_one_minute_posts_nothing(self):
        plan = mutual(PEOPLE[0], PEOPLE[1], 1)

        assert (plan.transfers, plan.untimed_minutes, plan.activity_minutes) == ((), 1, 2)

    def test_needs_two_people(self):
        with pytest.raises(GiverIsReceiver) as refused:
            mutual(PEOPLE[0], PEOPLE[0])

        assert refused.value.args == (PEOPLE[0],)

    @pytest.mark.parametrize(("minutes", "refusal"), [(0, NoTime), (1441, TooLong), (1.5, NotWholeMinutes)])
    def test_fits_in_a_day(self, minutes, refusal):
        with pytest.raises(refusal):
            mutual(PEOPLE[0], PEOPLE[1], minutes)


class TestEveryGroupSession:
    @given(session=sessions(), posting=st.sampled_from(GroupPosting))
    @worlds
    def test_sums_to_zero_and_gives_nobody_more_than_its_length(self, counted, session, posting):
        counted["summed"] += 1
        plan = plan_group(session, posting)

        changes = balances(plan)
        assert sum(changes.values()) == 0
        assert all(changes[one] <= session.minutes for one in changes)
        assert all(one not in session.facilitators or changes[one] > 0 for one in changes if one != COMMUNITY)
        assert plan.activity_minutes == session.people * session.minutes
        assert told(plan) == sorted(told(plan))
        assert {(one.group, one.kind) for one in plan.transfers} <= {(session.id, TransferKind.GROUP)}

    @given(session=sessions(), posting=st.sampled_from(GroupPosting), data=st.data())
    @worlds
    def test_is_the_same_in_whatever_order_people_are_named(self, counted, session, posting, data):
        counted["in another order"] += 1
        again = replace(
            session,
            facilitators=data.draw(st.permutations(sorted(session.facilitators))) * 2,
            attendees=data.draw(st.permutations(sorted(session.attendees))) * 2,
        )

        assert plan_group(again, posting) == plan_group(session, posting)

    def test_does_not_count_whoever_held_it_among_those_who_came(self):
        session = group_session(facilitators=PEOPLE[:2], attendees=PEOPLE[1:3])

        assert session.people == 3
        assert session.attendees == {PEOPLE[2]}

    def test_has_somebody(self):
        session_id = uuid4()

        with pytest.raises(NobodyThere) as refused:
            group_session(facilitators=[], id=session_id)
        assert refused.value.args == (session_id,)

    @pytest.mark.parametrize("posting", [GroupPosting.HOSTED, GroupPosting.SHARED])
    def test_is_posted_only_where_somebody_held_it(self, posting):
        session = group_session(facilitators=[], attendees=PEOPLE)

        with pytest.raises(NobodyHeldIt) as refused:
            plan_group(session, posting)
        assert refused.value.args == (session.id,)

    @pytest.mark.parametrize(("minutes", "refusal"), [(0, NoTime), (1441, TooLong), (1.5, NotWholeMinutes)])
    def test_fits_in_a_day(self, minutes, refusal):
        with pytest.raises(refusal):
            group_session(facilitators=PEOPLE[:1], minutes=minutes)

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"unnamed": -1}, "how many were unnamed is a whole number, zero or above"),
            ({"unnamed": 1.5}, "how many were unnamed is a whole number, zero or above"),
            ({"attendees": [COMMUNITY]}, "the community account stands for the unnamed: say how many they were"),
        ],
    )
    def test_counts_the_unnamed_and_does_not_name_them(self, facts, sentence):
        with pytest.raises(ValueError, match=rf"^{sentence}$"):
            group_session(facilitators=PEOPLE[:1], **facts)


class TestMutualGroup:
    @given(session=sessions())
    @worlds
    def test_posts_nothing_and_counts_the_activity(self, counted, session):
        counted["mutual group"] += 1
        plan = plan_group(session, GroupPosting.MUTUAL)

        assert plan.transfers == ()
        assert plan.activity_minutes >= session.minutes

    def test_needs_nobody_who_held_it(self):
        plan = plan_group(group_session(facilitators=[], attendees=PEOPLE[:3], minutes=60), GroupPosting.MUTUAL)

        assert plan.activity_minutes == 180


class TestHostedGroup:
    @given(session=sessions())
    @worlds
    def test_gives_each_facilitator_the_time_and_debits_nobody_who_came(self, counted, session):
        counted["hosted"] += 1
        changes = balances(plan_group(session, GroupPosting.HOSTED))

        named = session.facilitators - {COMMUNITY}
        assert {one: changes[one] for one in named} == dict.fromkeys(named, session.minutes)
        assert changes[COMMUNITY] == -session.minutes * len(named)
        assert set(changes) <= named | {COMMUNITY}


class TestSharedGroup:
    @given(session=sessions())
    @worlds
    def test_shares_the_facilitators_time_among_those_who_came_to_within_a_minute(self, counted, session):
        counted["shared"] += 1
        changes = balances(plan_group(session, GroupPosting.SHARED))

        given_minutes = len(session.facilitators) * session.minutes
        shares = [-changes[one] for one in session.attendees]
        assert all(changes[one] == session.minutes for one in session.facilitators - {COMMUNITY})
        heads = len(session.attendees) + session.unnamed
        assert all(0 <= share - given_minutes // heads <= (session.unnamed == 0) for share in shares)
        if session.attendees and not session.unnamed:
            assert sum(shares) == given_minutes
        else:
            hosts_itself = session.minutes * (COMMUNITY in session.facilitators)
            assert changes[COMMUNITY] == hosts_itself - (given_minutes - sum(shares))

    def test_with_nobody_to_share_with_is_the_communitys(self):
        plan = plan_group(group_session(facilitators=PEOPLE[:2]), GroupPosting.SHARED)

        assert told(plan) == [(PEOPLE[0], COMMUNITY, 90), (PEOPLE[1], COMMUNITY, 90)]

    def test_puts_the_part_of_the_unnamed_and_the_odd_minutes_on_the_community(self):
        session = group_session(facilitators=PEOPLE[:1], attendees=PEOPLE[1:3], unnamed=2, minutes=91)

        assert balances(plan_group(session, GroupPosting.SHARED)) == {
            PEOPLE[0]: 91,
            PEOPLE[1]: -22,
            PEOPLE[2]: -22,
            COMMUNITY: -47,
        }

    def test_lets_the_odd_minute_fall_on_another_the_next_time(self):
        bore_it = Counter(
            max(shares, key=shares.__getitem__)
            for shares in (divide(61, PEOPLE[:3], seed=UUID(int=number)) for number in range(300))
        )

        assert set(bore_it) == set(PEOPLE[:3])
        assert min(bore_it.values()) > 60

    @given(minutes=st.integers(0, 50_000), people=st.sets(st.sampled_from(PEOPLE), min_size=1), seed=st.uuids())
    @worlds
    def test_divides_exactly_and_evenly(self, counted, minutes, people, seed):
        counted["divided"] += 1
        shares = divide(minutes, people, seed=seed)

        assert sum(shares.values()) == minutes
        assert max(shares.values()) - min(shares.values()) <= 1
        assert set(shares) == people
