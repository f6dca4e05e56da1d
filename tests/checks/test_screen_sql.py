"""The pass that gathers trusts the engine's cast but for what is named in it; here is why it may."""

from __future__ import annotations

import string

import duckdb
import pytest

from pbl.domain.values import NUMBER

LENIENT = """
    SELECT t FROM (SELECT DISTINCT {word} AS t FROM {letters})
    WHERE isfinite(try_cast(t AS DOUBLE)) AND NOT contains(t, '_') AND NOT starts_with(t, '+-')
    AND NOT regexp_full_match(t, $number)
"""
STRICT = """
    SELECT t FROM (SELECT DISTINCT {word} AS t FROM {letters})
    WHERE regexp_full_match(t, $number) AND try_cast(t AS DOUBLE) IS NULL
"""
ALPHABETS = {
    "of numbers": ("01+-.eE", 6),
    "of other notations": ("01+-.eExbdfnoL%,'", 4),
    "of print": (string.digits[:1] + string.ascii_letters + string.punctuation, 3),
    "of control": ("".join(map(chr, {*range(1, 32), 127} - set(b"\t\n\v\f\r"))) + "01-.", 3),
}


@pytest.mark.parametrize("question", [LENIENT, STRICT], ids=["lenient", "strict"])
@pytest.mark.parametrize("kind", ALPHABETS)
def test_the_engine_casts_no_word_that_is_no_number_but_for_those_the_pass_looks_for(kind, question):
    letters, longest = ALPHABETS[kind]
    parts = [f"(SELECT unnest($letters) AS c) AS l{n}" for n in range(longest)]
    word = " || ".join(f"l{n}.c" for n in range(longest))
    with duckdb.connect() as connection:
        asked = question.format(word=word, letters=", ".join(parts))
        found = connection.execute(f"{asked} LIMIT 20", {"number": NUMBER, "letters": ["", *letters]}).fetchall()
    assert not found


@pytest.mark.parametrize("text", ["1_0", "+-1", " 1", "1 ", "\t1", "1\x0b", "1\x0c"])
def test_the_engine_is_lenient_where_the_pass_looks(text):
    with duckdb.connect() as connection:
        assert connection.execute("SELECT try_cast($text AS DOUBLE)", {"text": text}).fetchone() != (None,)
