"""Ids as the drivers and the fingerprints take them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.ids import Ids


@given(one=st.uuids())
def test_an_id_is_its_digits_and_its_bytes(one):
    ids = Ids()

    assert ids.of(one) == ids[one.int] == (one.hex, one.bytes)


def test_one_that_comes_often_is_made_once():
    ids = Ids()

    assert ids.of(UUID(int=7)) is ids.of(UUID(int=7))
    assert len(ids) == 1


def test_nobody_has_no_digits_and_sixteen_empty_bytes():
    assert Ids().of(None) == (None, bytes(16))
