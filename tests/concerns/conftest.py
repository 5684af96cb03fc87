"""A bank with two leads, somebody who is worried, and whoever it may be about."""

import pytest

from tests.factories import LeadFactory, MemberFactory, print_key


@pytest.fixture
def ada(bank):
    return MemberFactory(bank=bank, name="Ada Teller")


@pytest.fixture
def named(bank):
    return MemberFactory(bank=bank, name="Nico Named")


@pytest.fixture
def first(bank):
    return LeadFactory(member=MemberFactory(bank=bank, name="Lena First"))


@pytest.fixture
def second(first, bank):
    return LeadFactory(member=MemberFactory(bank=bank, name="Sam Second"))


@pytest.fixture
def printed(bank):
    return print_key(bank)
