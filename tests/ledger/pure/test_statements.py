"""A statement adds up: what was there, what was given, what was received, and what is there now."""

from dataclasses import fields
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from ledger import Line, Statement

MINUTES = st.integers(-10_000_000, 10_000_000)


def make_line(minutes: int) -> Line:
    nothing: dict[str, Any] = {field.name: None for field in fields(Line)}
    return Line(**nothing | {"minutes": minutes})


def make_statement(opening: int, *minutes: int) -> Statement:
    lines = tuple(make_line(one) for one in minutes)
    return Statement(account=uuid4(), since=None, until=None, opening=opening, lines=lines)


@given(opening=MINUTES, minutes=st.lists(MINUTES.filter(bool)))
def test_it_closes_with_what_it_opened_with_and_all_its_lines(opening, minutes):
    statement = make_statement(opening, *minutes)

    assert statement.closing == opening + sum(minutes)
    assert statement.given - statement.received == sum(minutes)
    assert statement.given + statement.received == sum(map(abs, minutes))


def test_what_was_given_and_what_was_received_are_told_apart():
    statement = make_statement(5, 60, -1, 1, -30)

    assert (statement.opening, statement.given, statement.received, statement.closing) == (5, 61, 31, 35)


def test_without_lines_nothing_was_given_or_received():
    statement = make_statement(-7)

    assert (statement.given, statement.received, statement.closing) == (0, 0, -7)
