from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbl.weights._methods import METHODS, combine, prepare
from pbl.weights.errors import MetricDomainError
from pbl.weights.sheet import make_sheet


def _row(method, numbers, shares):
    """The formulas of the spec, a row at a time."""
    pairs = [(t, s) for t, s in zip(numbers, shares, strict=True) if s > 0]
    if method == "mean":
        return math.fsum(s * t for t, s in pairs)
    if method == "geometric":
        return 0.0 if any(t == 0 for t, _ in pairs) else math.exp(math.fsum(s * math.log(t) for t, s in pairs))
    if method == "logit":
        held = [(min(max(t, 1e-15), 1 - 1e-15), s) for t, s in pairs]
        return 1 / (1 + math.exp(-math.fsum(s * math.log(t / (1 - t)) for t, s in held)))
    pairs.sort()
    upto = 0.0
    for k, (t, s) in enumerate(pairs):
        upto += s
        if abs(upto - 0.5) <= 1e-12:
            return (t + pairs[k + 1][0]) / 2
        if upto > 0.5:
            return t
    raise AssertionError


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["mean", "geometric", "logit", "median"]),
    st.integers(1, 6).flatmap(
        lambda p: st.tuples(
            st.lists(st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]) | st.floats(0, 1), min_size=p, max_size=p),
                     min_size=1, max_size=8),
            st.lists(st.integers(0, 4), min_size=p, max_size=p).filter(any),
        )
    ),
)  # fmt: skip
def test_a_method_is_its_formula(method, drawn):
    table, weights = drawn
    shares = np.array(weights) / sum(weights)
    numbers = np.array(table).T
    sheet = make_sheet(
        ids=[f"i{k}" for k in range(len(table))], columns=["t"], truth=np.zeros(len(table)),
        predictions={f"p{k}": row for k, row in enumerate(numbers)},
    )  # fmt: skip
    found = combine(prepare(sheet, method), shares[None], method)[0]
    assert found == pytest.approx([_row(method, row, shares) for row in table], rel=1e-12, abs=1e-15)


def test_ranks_are_averaged_within_a_target_name_whatever_the_order():
    ids = ["a__x", "b__x", "c__x", "a__y", "b__y"]
    numbers = np.array([2.0, -0.0, 0.0, 7.0, 9.0])
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 1, 3]):
        sheet = make_sheet(ids=[ids[k] for k in order], columns=["t"], truth=numbers, predictions={"m": numbers[order]})
        ranks = dict(zip(sheet.ids, prepare(sheet, "rank")[0], strict=True))
        assert ranks == {"a__x": 2.5 / 3, "b__x": 1 / 3, "c__x": 1 / 3, "a__y": 0.25, "b__y": 0.75}


@pytest.mark.parametrize("method", METHODS)
def test_one_pillar_blends_to_itself_or_its_ranks(method):
    numbers = np.random.default_rng(0).random(20)
    sheet = make_sheet(ids=[f"i{k:02d}" for k in range(20)], columns=["t"], truth=numbers, predictions={"m": numbers})
    found = combine(prepare(sheet, method), np.ones((1, 1)), method)[0]
    expected = (np.argsort(np.argsort(numbers)) + 0.5) / 20 if method == "rank" else numbers
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("method", "number"), [("geometric", -1.0), ("logit", 1.5)])
def test_a_number_outside_a_methods_domain_is_named(method, number):
    sheet = make_sheet(ids=["a", "b"], columns=["t"], truth=[0, 0], predictions={"m": [0.5, number]})
    with pytest.raises(MetricDomainError, match="m has another, first at b"):
        prepare(sheet, method)
