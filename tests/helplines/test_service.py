"""When a number counts as checked: in any history of looks, lines and days."""

import random
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests.factories import NOON, MemberFactory
from timebank.clock import LONDON
from timebank.errors import Conflict, NotFound
from timebank.helplines import reads, service
from timebank.helplines.models import HelplineCheck, Way
from timebank.helplines.service import ChangedMeanwhile

DAY = timedelta(days=1)
SAMARITANS = "Call 116 123 tel:116123"


@pytest.fixture
def copies(sqlite_copies):
    """What the databases themselves refuse is tried on both, in test_rules.py."""
    return sqlite_copies


def day(at: datetime):
    return at.astimezone(LONDON).date()


def checked(session, coordinator, *, line="samaritans", shown=SAMARITANS, at=NOON, check_id=None):
    return service.record_check(
        session, check_id=check_id or uuid4(), line=line, shown=shown, coordinator=coordinator, today=day(at), at=at
    )


def added(session, coordinator, *, number="020 7946 0000", at=NOON, line_id=None):
    return service.add_line(
        session, line_id=line_id or uuid4(), name="Night house", way=Way.CALL, number=number, hours="At night",
        coordinator=coordinator, at=at,
    )  # fmt: skip


def find(session, bank, key="samaritans", *, at=NOON):
    return reads.find_line(session, bank, key, today=day(at))


class TestAge:
    def test_in_any_history_it_is_the_days_since_the_last_look_in_this_bank(self, session, bank, coordinator, outsider):
        chance, keys = random.Random(7), ["samaritans", "shout", "nhs-england"]
        said = {key: find(session, bank, key).shown for key in keys}
        last, at = {}, NOON
        for _ in range(40):
            at += timedelta(days=chance.randint(0, 40), minutes=chance.randint(0, 600))
            key, who = chance.choice(keys), chance.choice([coordinator, outsider])
            checked(session, who, line=key, shown=said[key], at=at)
            if who is coordinator:
                last[key] = day(at)
            today = at + timedelta(days=chance.randint(0, 200))
            for other in keys:
                line = find(session, bank, other, at=today)
                age = (day(today) - last[other]).days if other in last else None
                assert (line.checked_on, line.age_days) == (last.get(other), age)
                assert line.needs_a_look == (age is None or age > 90)
                assert line.is_old == (age is not None and age > 180)
        assert set(last) == set(keys)

    def test_at_its_borders_it_hides_nothing_and_a_clock_set_back_makes_nothing_younger(
        self, session, bank, coordinator
    ):
        before = [line.key for line in reads.numbers(session, bank, today=day(NOON)).own.lines]
        checked(session, coordinator)

        for days, asks, is_old in ((90, False, False), (91, True, False), (180, True, False), (181, True, True)):
            line = find(session, bank, at=NOON + days * DAY)
            assert (line.needs_a_look, line.is_old) == (asks, is_old)
        for years in (1, 10, 50):
            found = reads.numbers(session, bank, today=day(NOON + years * 366 * DAY))
            assert [line.key for line in found.own.lines] == before
        assert find(session, bank, at=NOON - 400 * DAY).age_days == 0


class TestCheck:
    def test_counts_for_its_own_line_in_every_nation_and_in_its_own_bank(self, session, bank, coordinator, outsider):
        checked(session, coordinator)
        checked(session, outsider, line="shout", shown=find(session, bank, "shout").shown)

        found = reads.numbers(session, bank, today=day(NOON))

        by_key = {line.key: line.checked_on for nation in (found.own, *found.others) for line in nation.lines}
        assert {key for key, when in by_key.items() if when} == {"samaritans"}
        assert all(line.checked_by == coordinator.id for line in found.own.lines if line.checked_on)

    def test_says_nothing_about_another_number_than_it_was_of(self, session, bank, coordinator, outsider):
        """Neither about the one that came later, nor by a page that still showed the one before."""
        before = {"id": uuid4(), "bank_id": bank.id, "line": "samaritans", "shown": "Call 116 124 tel:116124"}
        session.add(HelplineCheck(**before, checked_by=coordinator.id, checked_at=NOON))
        session.flush()

        assert find(session, bank).checked_on is None
        with pytest.raises(ChangedMeanwhile):
            checked(session, coordinator, shown=before["shown"])
        with pytest.raises(NotFound):
            checked(session, coordinator, line="nobody")
        with pytest.raises(Conflict):
            checked(session, outsider, check_id=before["id"])


class TestLocalLines:
    def test_stand_last_in_their_own_bank_alone_and_dial_what_they_show(self, session, bank, coordinator, outsider):
        theirs = added(session, outsider)
        for number, link in (("020 7946 0000", "tel:02079460000"), ("+44 20 7946 0000", "tel:+442079460000")):
            key = str(added(session, coordinator, number=number, at=NOON).id)
            line = find(session, bank, key)
            assert (line.how, line.link, line.checked_on) == (f"Call {number}", link, None)

            checked(session, coordinator, line=key, shown=line.shown)
            assert find(session, bank, key).age_days == 0

        lines = reads.numbers(session, bank, today=day(NOON)).own.lines
        assert [line.is_local for line in lines[-3:]] == [False, True, True]
        assert str(theirs.id) not in {line.key for line in lines}
        assert not any(line.is_local for line in reads.numbers(session, None, today=day(NOON)).own.lines)

    def test_are_taken_away_once_by_their_own_bank_and_leave_who_and_when(self, session, bank, coordinator, outsider):
        line, theirs, other = added(session, coordinator), added(session, outsider), MemberFactory(bank=bank)
        for at, who in ((NOON + DAY, coordinator), (NOON + 2 * DAY, coordinator), (NOON, other)):
            service.take_line_away(session, line_id=line.id, coordinator=who, at=at)

        assert (line.taken_away_at, line.taken_away_by) == (NOON + DAY, coordinator.id)
        with pytest.raises(NotFound):
            find(session, bank, str(line.id))
        with pytest.raises(NotFound):
            service.take_line_away(session, line_id=theirs.id, coordinator=coordinator, at=NOON)
