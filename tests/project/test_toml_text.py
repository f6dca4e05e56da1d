"""TOML that reads back as it was meant."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from pbl.project.toml_text import toml_text

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
VALUES = KEYS | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
TABLES = st.dictionaries(KEYS, VALUES | st.lists(VALUES, max_size=5), max_size=5)
LISTED = st.lists(TABLES, min_size=1, max_size=3)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES | TABLES, max_size=5) | LISTED, max_size=5))
def test_toml_reads_back_as_it_was_meant(table):
    assert tomllib.loads(toml_text(table)) == table
