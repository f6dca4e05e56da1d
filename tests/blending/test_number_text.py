"""The text of any double is the database's, and reads back to it, whoever makes it."""

import random
import struct
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pbl_sql import Sql, exact_text

from pbl.blending._number_text import number_text, whole_text
from pbl.domain.limits import Limits
from pbl.engine.duck import open_duck

RNG = random.Random(7)  # noqa: S311 - no secret
EDGES = [0.0, -0.0, 1e-4, 0.00009999999999999999, 1e15, 999999999999999.9, 5e-324, 1.7976931348623157e308, 0.1]
BITS = [struct.unpack("d", RNG.randbytes(8))[0] for _ in range(3000)]
SHORT = [round(RNG.uniform(-1000, 1000), RNG.randrange(17)) for _ in range(3000)]
SPREAD = [RNG.choice((1, -1)) * RNG.uniform(1, 10) * 10.0 ** RNG.uniform(-12, 22) for _ in range(3000)]


@pytest.fixture(scope="module")
def database():
    with open_duck({}, Limits(threads=1), size=0, spill=Path()) as duck:
        yield duck


def of_database(duck, numbers):
    with duck.batch(pl.DataFrame({"number": numbers})):
        return duck.frame("blend/number_text", text=exact_text(Sql("number")))["text"].to_list()


POWERS = [sign * 2.0**n for n in range(-1074, 1024) for sign in (1, -1)]


@pytest.mark.parametrize("numbers", [EDGES, BITS, SHORT, SPREAD, POWERS, [0.25, 1e-7, 0.5], [1e-7], []])
def test_it_is_the_databases(database, numbers):
    finite = pl.Series("b0", [each for each in numbers if abs(each) < float("inf")], dtype=pl.Float64)
    text = number_text(database, finite)
    assert text.to_list() == of_database(database, finite)
    assert [float(each).hex() for each in text] == [each.hex() for each in finite]


@given(numbers=st.lists(st.floats(allow_nan=False), min_size=1))
def test_any_numbers_have_the_databases_text(database, numbers):
    found = pl.Series("b0", numbers, dtype=pl.Float64)
    assert number_text(database, found).to_list() == of_database(database, found)


def test_whole_numbers_may_stand_without_a_point(database):
    assert whole_text(database, pl.Series([0.0, -0.0, -3.0, 2.0**53, 1e15])).to_list() == [
        "0",
        "0",
        "-3",
        "9007199254740992",
        "1000000000000000",
    ]
