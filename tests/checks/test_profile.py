"""What a file's rows are like, summed up block by block, is what plain Python finds in all rows at once."""

import hashlib
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbl.checks.profile import LABELS, UNIT_SUM, Order, Profiler

number = st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float) | st.sampled_from([0.0, -0.0, 5e-324, -1e-300])
rows = st.lists(st.tuples(number, number), min_size=1, max_size=60)


def profile(numbers, *, cut, names=None, like=None):
    """Give the profile of rows of two targets, taken in so many at a time."""
    profiler = Profiler(ids=7, targets=2, like=like)
    for start in range(0, len(numbers), cut):
        part = numbers[start : start + cut]
        ids = (names or [f"i{n}" for n in range(len(numbers))])[start : start + cut]
        profiler.add(pl.DataFrame({"id": ids, "n0": [a for a, _ in part], "n1": [b for _, b in part]}))
    return profiler.profile()


@given(rows, st.integers(1, 70))
def test_it_is_what_plain_python_finds(numbers, cut):
    found = profile(numbers, cut=cut)
    assert found.rows == len(numbers)
    assert found.distinct
    for column, told in zip(zip(*numbers, strict=True), found.ranges, strict=True):
        assert (told.low, told.high) == (min(column), max(column))
        assert told.size == pytest.approx(math.fsum(map(abs, column)) / len(column), rel=1e-12, abs=1e-300)
        whole = all(each.is_integer() for each in column)
        assert told.labels == (len(set(column)) if whole and len(set(column)) <= LABELS else 0)
    assert found.unit_rows == sum(abs(a + b - 1) <= UNIT_SUM for a, b in numbers)


@pytest.mark.parametrize(
    ("names", "distinct"), [(["a", "b", "c"], True), (["a", "b", "a"], False), (["a", "b", "A"], False)]
)
def test_ids_that_differ_by_case_only_are_not_known_to_differ(names, distinct):
    assert profile([(1.0, 2.0)] * 3, cut=2, names=names).distinct is distinct


@given(st.lists(st.text(), min_size=1, max_size=30, unique=True), st.integers(1, 40))
def test_the_order_of_ids_has_a_hash_unless_the_first_tells_enough(names, cut):
    numbers = [(1.0, 2.0)] * len(names)
    lines = "".join(each.replace("\\", "\\\\").replace("\n", "\\n") + "\n" for each in names)
    whole = Order(first=names[0], sha256=hashlib.sha256(lines.encode()).hexdigest())
    for like in (Order(), whole):
        assert profile(numbers, cut=cut, names=names, like=like).order == whole
    assert profile(numbers, cut=cut, names=names, like=Order(first=names[0] + "x")).order == Order(first=names[0])
    assert profile(numbers, cut=cut, names=names).order is None
