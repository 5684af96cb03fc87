"""Texts in CSV files: no spreadsheet takes one for a formula, wherever it parts cells, and each is read back as it was written."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.formulas import guarded, unguarded

SIGNS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"  # = + - @ in full width and small too
SPACES = ("", " ", "   ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u00ad", "\v")
FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x")', "-2+3+cmd|' /C calc'!A0", "=IMPORTXML(CONCAT(A1))",
)  # fmt: skip
TRICKY = st.text(st.sampled_from(f"'= ab1;,\"|{SIGNS}\u200b\u00a0"), max_size=12)
WORDS = st.one_of(TRICKY, st.text(max_size=12))


def would_be_evaluated(cell: str) -> bool:
    """As a spreadsheet that is as eager as can be: over every space and mark that is not seen."""
    return bool(re.match(rf"[\s\u00ad\u200b-\u200f\u2060\ufeff]*[{re.escape(SIGNS)}]", cell))


@pytest.mark.parametrize("spaces", SPACES)
def test_no_formula_survives_after_any_space_or_sign_and_all_are_read_back(spaces):
    for text in (*(spaces + sign + "x" for sign in SIGNS), *(spaces + formula for formula in FORMULAS)):
        assert would_be_evaluated(text)
        assert not would_be_evaluated(guarded(text))
        assert unguarded(guarded(text)) == text


@settings(max_examples=1500)
@given(WORDS)
def test_whatever_is_written_is_read_back_and_is_no_formula(text):
    assert unguarded(guarded(text)) == text
    assert not would_be_evaluated(guarded(text))


@settings(max_examples=1000)
@given(st.lists(WORDS, min_size=1, max_size=4), st.sampled_from([";", "\t"]))
def test_a_spreadsheet_that_parts_cells_otherwise_finds_no_formula_either(texts, parter):
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([guarded(text) for text in texts])

    # Marks within a cell are letters there, so every sign parts: the harshest reading there is.
    pieces = re.split(rf"[{parter}\r\n]", written.getvalue())

    assert not any(would_be_evaluated(piece) for piece in pieces if piece.strip())


@given(st.text(st.characters(categories=["L", "N"])))
def test_plain_words_are_written_as_they_are(text):
    assert guarded(text) == text == unguarded(text)
