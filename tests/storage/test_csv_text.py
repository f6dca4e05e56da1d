"""A cell that a spreadsheet would run is escaped, and no other."""

from __future__ import annotations

import pytest

from pbl.storage.csv_text import escape_formula


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd", "-2+3", "@x", "\tx", "\rx", "-", "=", "--1", "-inf", "-1e5x", "+1,5", "-0.5\n"]
)
def test_a_formula_is_escaped(cell):
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "-0.5", "+1", "-1e-5", "-.5", "+3.", "0.5", "a=b", "'=x", "ü", "{}", " =x"])
def test_what_is_no_formula_stays_as_it_is(cell):
    assert escape_formula(cell) == cell
