"""Every column is in the register, and everything in the register is given to its owner or says why not."""

import pytest

from ledger.tables import metadata as ledger_metadata
from timebank.record.reads import PARTS
from timebank.record.register import NOT_PERSONAL, PERSONAL, Gone
from timebank.record.words import TITLES
from timebank.tables import metadata as app_metadata
from timebank.vault.sealed import sealed_columns

TABLES = {table.name: table for metadata in (ledger_metadata, app_metadata) for table in metadata.tables.values()}
# Which bank, which row of another table: these say nothing by themselves.
LINKS = ("_id", "_by")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_is_personal_or_it_says_why_not(name: str):
    assert (name in PERSONAL) != (name in NOT_PERSONAL)


def test_there_is_nothing_in_it_that_no_table_has():
    assert {*PERSONAL, *NOT_PERSONAL} == set(TABLES)


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_every_column_of_a_personal_table_is_named(name: str):
    columns = {column.name: column for column in TABLES[name].columns}
    kept = PERSONAL[name]
    plain = {
        column.name
        for column in columns.values()
        if not column.primary_key and not column.name.endswith(LINKS) and column.name not in NUMBERS.get(name, ())
    }

    assert set(kept.says) | set(kept.whose) <= set(columns)
    assert plain - {*kept.says, *kept.whose} == set()


# What others read as numbers only: of the ledger, and of the file an import came from.
NUMBERS = {
    "account": ("kind", "seq", "hard_floor", "floor_waived"),
    "imported_row": ("key",),
    "audit_event": ("act_key",),
}


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_it_is_given_to_its_owner_or_says_why_not(name: str):
    kept = PERSONAL[name]

    assert (kept.given is None) != (kept.not_given is None)
    assert kept.given is None or kept.given in PARTS


def test_every_part_of_a_copy_comes_from_the_register_and_has_a_title():
    assert set(PARTS) == {kept.given for kept in PERSONAL.values()} - {None} == set(TITLES)


def test_what_is_under_lock_is_gone_when_its_owner_is_forgotten():
    for column in sealed_columns():
        kept = PERSONAL[column.table.name]
        assert kept.gone is Gone.DELETED or kept.blanks[column.column] is None


@pytest.mark.parametrize("name", sorted(name for name, kept in PERSONAL.items() if kept.blanks))
def test_a_blank_fits_its_column(name: str):
    for column, blank in PERSONAL[name].blanks.items():
        assert TABLES[name].c[column].nullable or blank is not None
