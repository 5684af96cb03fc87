"""Nobody who has a part in it ever receives a concern, in any bank one can think of; and the clock hands it on."""

import os
import random
import sys
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar
from uuid import UUID

import pytest

from tests.factories import NOON
from timebank.concerns.routing import (
    UNREAD,
    Chart,
    Tie,
    TieKind,
    handed_on,
    is_unread,
    mentioned,
    route,
    waits_at_bank_since,
)

CHARTS = 10_000 if os.environ.get("TIMEBANK_FORM") == "full" else 500
HOUR = timedelta(hours=1)
A, B, C, D, E = (UUID(int=number) for number in range(1, 6))


def person(number: int) -> UUID:
    return UUID(int=number + 1)


def draw(chance: random.Random) -> tuple[Chart, frozenset[UUID], UUID]:
    """From two people to a village, with few ties or many; sometimes everybody is tied to everybody."""
    people = [person(number) for number in range(chance.randrange(2, 14))]
    leads = tuple(chance.sample(people, chance.randrange(len(people) + 1)))
    dense = chance.choice([0.5, 2, 6])
    ties = {
        Tie(kind=chance.choice(list(TieKind)), one=one, other=other)
        for one, other in (chance.sample(people, 2) for _ in range(int(dense * len(people))))
    }
    coordinators = frozenset(chance.sample(people, chance.randrange(len(people) + 1)))
    named = frozenset(chance.sample(people, chance.randrange(min(4, len(people)) + 1)))
    return Chart(leads=leads, coordinators=coordinators, ties=frozenset(ties)), named, chance.choice(people)


def has_a_part(chart: Chart, lead: UUID, named: frozenset[UUID]) -> bool:
    """Told again, one rule after another, with nothing of the code under test."""
    if lead in named:
        return True
    for tie in chart.ties:
        if tie.kind.value in {"partner", "relative", "close", "supports"} and {tie.one, tie.other} in (
            {lead, one} for one in named
        ):
            return True
    supervisors: dict[UUID, set[UUID]] = {}
    for tie in chart.ties:
        if tie.kind.value == "supervises":
            supervisors.setdefault(tie.other, set()).add(tie.one)
    is_only_supervisor = any(supervisors.get(one) == {lead} for one in named)
    depends_on_them = bool(supervisors.get(lead)) and not supervisors[lead] - named
    return is_only_supervisor or depends_on_them


def test_no_chart_leads_to_anybody_who_has_a_part_in_it_and_nobody_else_is_passed_by():
    chance = random.Random(20260302)
    wrong, missed, doubled, out_of_order, nobody_left, somebody = [], 0, 0, 0, 0, 0
    for _ in range(CHARTS):
        chart, named, teller = draw(chance)
        line = route(chart, named=named, teller=teller)
        may = [lead for lead in chart.leads if lead != teller and not has_a_part(chart, lead, named)]
        wrong += [lead for lead in line if lead not in may]
        missed += len(set(may) - set(line))
        doubled += len(line) - len(set(line))
        places = [(bool(named & chart.coordinators) and one in chart.coordinators, may.index(one)) for one in line]
        out_of_order += any(one > other for one, other in pairwise(places))
        nobody_left += not line
        somebody += bool(line)

    sys.stdout.write(f"{CHARTS} charts: {somebody} with somebody to receive it, {nobody_left} go to the bank itself\n")
    assert nobody_left + somebody == CHARTS
    assert min(nobody_left, somebody) > CHARTS / 10
    assert (wrong, missed, doubled, out_of_order) == ([], 0, 0, 0)


class TestOneRuleAtATime:
    def chart(self, *ties: Tie, coordinators: frozenset[UUID] = frozenset()) -> Chart:
        return Chart(leads=(A, B), coordinators=coordinators, ties=frozenset(ties))

    def test_the_first_lead_is_first(self):
        assert route(self.chart(), named=[], teller=E) == (A, B)

    def test_a_person_named_and_the_teller_are_passed_by(self):
        assert route(self.chart(), named=[A], teller=E) == (B,)
        assert route(self.chart(), named=[], teller=A) == (B,)
        assert route(self.chart(), named=[A], teller=B) == ()

    @pytest.mark.parametrize("kind", ["partner", "relative", "close", "supports"])
    def test_closeness_counts_from_both_ends(self, kind: str):
        for one, other in ((A, D), (D, A)):
            tie = Tie(kind=TieKind(kind), one=one, other=other)

            assert route(self.chart(tie), named=[D], teller=E) == (B,)
            assert route(self.chart(tie), named=[C], teller=E) == (A, B)

    def test_an_only_supervisor_is_passed_by_and_one_of_two_is_not(self):
        only = Tie(kind=TieKind.SUPERVISES, one=A, other=D)
        second = Tie(kind=TieKind.SUPERVISES, one=C, other=D)

        assert route(self.chart(only), named=[D], teller=E) == (B,)
        assert route(self.chart(only, second), named=[D], teller=E) == (A, B)

    def test_whoever_has_no_other_supervisor_than_somebody_named_is_passed_by(self):
        only = Tie(kind=TieKind.SUPERVISES, one=D, other=A)
        second = Tie(kind=TieKind.SUPERVISES, one=C, other=A)

        assert route(self.chart(only), named=[D], teller=E) == (B,)
        assert route(self.chart(only, second), named=[D], teller=E) == (A, B)
        assert route(self.chart(only, second), named=[C, D], teller=E) == (B,)

    def test_about_a_coordinator_the_other_coordinators_come_last(self):
        chart = self.chart(coordinators=frozenset({A, D}))

        assert route(chart, named=[D], teller=E) == (B, A)
        assert route(chart, named=[C], teller=E) == (A, B)


class TestNamesInWords:
    NAMES: ClassVar = {A: "Lena Okafor", B: "Sam O'Neill", C: "Li Wu"}

    @pytest.mark.parametrize(
        ("who", "words", "expected"),
        [
            ("Lena", "", {A}),
            ("the one called OKAFOR", "", {A}),
            ("O'Neill", "", {B}),
            ("lenard", "", set()),
            ("", "then Lena Okafor came in", {A}),
            ("", "then lena  okafor's friend came", {A}),
            ("", "then Lena came in", set()),
            ("", "Li Wu", {C}),
            ("Li", "", set()),
            ("Sam and Lena", "", {A, B}),
            ("", "", set()),
        ],
    )
    def test_a_part_in_the_box_for_names_and_a_whole_name_anywhere(self, who, words, expected):
        assert mentioned(self.NAMES, who=who, words=words) == expected


class TestTheClock:
    def test_a_day_unread_and_the_next_has_it_to_the_second(self):
        second = timedelta(seconds=1)

        assert handed_on([A, B], told=[NOON], opened=[], at=NOON + UNREAD - second) == ()
        assert handed_on([A, B], told=[NOON], opened=[], at=NOON + UNREAD) == (NOON + UNREAD,)

    def test_what_was_read_in_time_stays_where_it_is(self):
        read = [(A, NOON + UNREAD - HOUR)]

        assert handed_on([A, B, C], told=[NOON], opened=read, at=NOON + 100 * UNREAD) == ()
        assert not is_unread([A, B, C], told=[NOON], opened=read)

    def test_what_the_teller_adds_has_a_day_of_its_own(self):
        told, read = [NOON, NOON + 30 * HOUR], [(A, NOON + HOUR)]

        assert handed_on([A, B], told=told, opened=read, at=NOON + 53 * HOUR) == ()
        assert handed_on([A, B], told=told, opened=read, at=NOON + 54 * HOUR) == (NOON + 54 * HOUR,)
        assert is_unread([A, B], told=told, opened=read)

    def test_what_somebody_read_who_may_not_any_more_is_unread(self):
        assert handed_on([B, C], told=[NOON], opened=[(A, NOON + HOUR)], at=NOON + UNREAD) == (NOON + UNREAD,)

    def test_after_the_last_it_is_the_bank_s(self):
        def since(readers, days):
            return waits_at_bank_since(readers, told=[NOON], opened=[], at=NOON + days * UNREAD)

        assert since([A, B], 1.99) is None
        assert since([A, B], 2) == NOON + 2 * UNREAD
        assert since([], 0) == NOON
        assert waits_at_bank_since([A], told=[NOON], opened=[(None, NOON + 3 * UNREAD)], at=NOON + 9 * UNREAD) is None

    def test_any_history_hands_on_by_whole_days_and_never_takes_back(self):
        """Told as a diary: hour by hour, somebody has it who had it before, and one more after each day unread."""
        chance, days = random.Random(7), 0
        for _ in range(CHARTS):
            readers = [person(number) for number in range(chance.randrange(5))]
            told = sorted(NOON + chance.randrange(100) * HOUR for _ in range(chance.randrange(1, 4)))
            opened = [
                (chance.choice([*readers, None, person(9)]), NOON + chance.randrange(120) * HOUR)
                for _ in range(chance.randrange(4))
            ]
            before: tuple = ()
            for hour in range(0, 130, 5):
                at = NOON + hour * HOUR
                known = [one for one in told if one <= at], [one for one in opened if one[1] <= at]
                now = handed_on(readers, told=known[0], opened=known[1], at=at)
                assert now[: len(before)] == before
                assert len(now) <= len(readers)
                assert all(moment <= at for moment in now)
                waiting = [
                    one
                    for one in known[0]
                    if not any(when >= one and (who is None or who in readers) for who, when in known[1])
                ]
                for one in waiting:
                    assert len(now) >= min(len(readers), (at - one) // UNREAD)
                before = now
            days += len(before)
        assert days > CHARTS / 2
