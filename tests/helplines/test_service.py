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
            key = chance.choice(keys)
            checked(session, chance.choice([coordinator, outsider]), line=key, shown=said[key], at=at)
            if (
                session.new
                or session.query(HelplineCheck).order_by(HelplineCheck.checked_at.desc()).first().bank_id == bank.id
            ):
                last[key] = day(at)
            today = at + timedelta(days=chance.randint(0, 200))
            for other in keys:
                line = find(session, bank, other, at=today)
                age = (day(today) - last[other]).days if other in last else None
                assert (line.checked_on, line.age_days) == (last.get(other), age)
                assert line.needs_a_look == (age is None or age > 90)
                assert line.is_old == (age is not None and age > 180)

    def test_the_borders(self, session, bank, coordinator):
        checked(session, coordinator)

        for days, asks, is_old in ((90, False, False), (91, True, False), (180, True, False), (181, True, True)):
            line = find(session, bank, at=NOON + days * DAY)
            assert (line.needs_a_look, line.is_old) == (asks, is_old)

    def test_nothing_is_ever_left_off(self, session, bank, coordinator):
        before = [line.key for line in reads.numbers(session, bank, today=day(NOON)).own.lines]
        checked(session, coordinator)

        for years in (1, 10, 50):
            found = reads.numbers(session, bank, today=day(NOON + years * 366 * DAY))
            assert [line.key for line in found.own.lines] == before

    def test_a_clock_set_back_makes_nothing_younger_than_today(self, session, bank, coordinator):
        checked(session, coordinator)

        assert find(session, bank, at=NOON - 400 * DAY).age_days == 0


class TestCheck:
    def test_of_one_line_counts_in_every_nation_and_for_no_other_line(self, session, bank, coordinator):
        checked(session, coordinator)

        found = reads.numbers(session, bank, today=day(NOON))
        by_key = {line.key: line.checked_on for nation in (found.own, *found.others) for line in nation.lines}
        assert {key for key, when in by_key.items() if when} == {"samaritans"}
        assert all(line.checked_by == coordinator.id for line in found.own.lines if line.checked_on)

    def test_of_a_number_that_was_there_before_says_nothing_about_the_new_one(self, session, bank, coordinator):
        session.add(
            HelplineCheck(
                id=uuid4(), bank_id=bank.id, line="samaritans", shown="Call 116 124 tel:116124",
                checked_by=coordinator.id, checked_at=NOON,
            )
        )  # fmt: skip
        session.flush()

        assert find(session, bank).checked_on is None

    def test_of_what_is_not_shown_any_more_is_refused(self, session, coordinator):
        with pytest.raises(ChangedMeanwhile):
            checked(session, coordinator, shown="Call 116 124 tel:116124")

    def test_the_form_of_somebody_else_is_refused(self, session, coordinator, outsider):
        same = uuid4()
        checked(session, coordinator, check_id=same)

        with pytest.raises(Conflict):
            checked(session, outsider, check_id=same)

    def test_of_what_is_no_line_is_not_found(self, session, coordinator):
        with pytest.raises(NotFound):
            checked(session, coordinator, line="nobody")

    def test_stays_in_its_own_bank(self, session, bank, coordinator, outsider):
        checked(session, outsider)

        assert find(session, bank).checked_on is None
        assert find(session, outsider.bank).checked_on == day(NOON)


class TestLocalLines:
    def test_stand_after_those_of_the_nation_in_their_own_bank_alone(self, session, bank, coordinator, outsider):
        mine, theirs = added(session, coordinator), added(session, outsider)

        keys = [line.key for line in reads.numbers(session, bank, today=day(NOON)).own.lines]

        assert keys[-1] == str(mine.id)
        assert str(theirs.id) not in keys
        assert reads.numbers(session, None, today=day(NOON)).own.lines[-1].is_local is False

    @pytest.mark.parametrize(
        ("number", "link"), [("020 7946 0000", "tel:02079460000"), ("+44 20 7946 0000", "tel:+442079460000")]
    )
    def test_dial_the_digits_that_are_shown(self, session, bank, coordinator, number, link):
        line = find(session, bank, str(added(session, coordinator, number=number).id))

        assert (line.how, line.link, line.checked_on) == (f"Call {number}", link, None)

    def test_are_checked_as_the_others_are(self, session, bank, coordinator):
        key = str(added(session, coordinator).id)

        checked(session, coordinator, line=key, shown=find(session, bank, key).shown)

        assert find(session, bank, key).age_days == 0

    def test_the_same_form_twice_is_one_line_and_somebody_elses_is_refused(self, session, coordinator, outsider):
        same = uuid4()

        assert added(session, coordinator, line_id=same) is added(session, coordinator, line_id=same)
        with pytest.raises(Conflict):
            added(session, outsider, line_id=same)

    def test_are_taken_away_once_and_leave_who_and_when(self, session, bank, coordinator):
        line, other = added(session, coordinator), MemberFactory(bank=bank)
        for at in (NOON + DAY, NOON + 2 * DAY):
            service.take_line_away(session, line_id=line.id, coordinator=coordinator, at=at)
        service.take_line_away(session, line_id=line.id, coordinator=other, at=NOON)

        assert (line.taken_away_at, line.taken_away_by) == (NOON + DAY, coordinator.id)
        with pytest.raises(NotFound):
            find(session, bank, str(line.id))

    def test_of_another_bank_are_not_there(self, session, coordinator, outsider):
        line = added(session, outsider)

        with pytest.raises(NotFound):
            service.take_line_away(session, line_id=line.id, coordinator=coordinator, at=NOON)
