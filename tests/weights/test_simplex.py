from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbl.weights import simplex
from pbl.weights.errors import FitError


def _known(rng, pillars, rows, support):
    """Errors whose optimum is known: a residual r, columns with r.(e_j - r) = 0 on the support, above 0 off it."""
    residual = rng.normal(size=rows)
    direction = residual / np.linalg.norm(residual)
    weights = np.zeros(pillars)
    weights[:support] = rng.dirichlet(np.ones(support))
    noise = rng.normal(size=(rows, pillars))
    noise -= np.outer(direction, direction @ noise)
    noise[:, 0] = -(noise[:, 1:support] @ weights[1:support]) / weights[0]
    lift = np.where(np.arange(pillars) < support, 0.0, rng.uniform(0.1, 1, pillars))
    return residual[:, None] + noise + np.outer(residual, lift), weights, float(residual @ residual)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 80), st.floats(-7, 7))
def test_a_known_optimum_is_found_at_any_scale(seed, pillars, power):
    rng = np.random.default_rng(seed)
    support = int(rng.integers(1, pillars + 1))
    errors, weights, best = _known(rng, pillars, pillars + 100, support)
    found = simplex.minimise(errors * 10**power)
    assert np.linalg.norm(errors @ found) ** 2 - best <= 1e-9 * best
    assert np.abs(found - weights).max() <= 1e-6
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1, abs=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40), st.sampled_from(["copies", "wide", "near", "scales", "opposed"]))
def test_the_certificate_holds_for_hard_sets(seed, pillars, kind):
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(60, pillars))
    if kind == "copies":
        errors[:, 1::2] = errors[:, : pillars // 2 * 2 : 2]
    if kind == "wide":
        errors = errors[: pillars // 2]
    if kind == "near":
        errors = rng.normal(size=(60, 1)) + 1e-5 * errors
    if kind == "scales":
        errors *= 10.0 ** rng.uniform(-7, 7, pillars)
    if kind == "opposed":
        errors[:, -1] = -errors[:, 0] * (1 + 1e-9)
    found = simplex.minimise(errors)
    assert simplex.passes(simplex.triangle([errors]), found, 1e-9)


def test_copies_share_their_weight_equally():
    rng = np.random.default_rng(1)
    errors = rng.normal(size=(50, 3))
    found = simplex.minimise(errors[:, [0, 1, 0, 2, 0]])
    assert found[0] == found[2] == found[4]
    assert 3 * found[0] == pytest.approx(simplex.minimise(errors)[0], abs=1e-9)


def test_the_triangle_of_blocks_is_that_of_the_whole():
    errors = np.random.default_rng(2).normal(size=(103, 7))
    whole, parts = simplex.triangle([errors]), simplex.triangle(np.array_split(errors, 9))
    assert whole.T @ whole == pytest.approx(parts.T @ parts, rel=1e-12)


def test_signed_weights_sum_to_one_and_keep_their_bound():
    rng = np.random.default_rng(3)
    base = rng.normal(size=(200, 1))
    errors = base + 0.1 * rng.normal(size=(200, 5)) + np.array([0, 0.5, 2, 0, 0]) * base
    found = simplex.minimise(errors, lowest=-1.0)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert found.min() >= -1 - 1e-12
    assert found.min() < 0
    assert np.linalg.norm(errors @ found) < np.linalg.norm(errors @ simplex.minimise(errors))


@pytest.mark.parametrize("answer", [np.ones(3) / 3, np.array([0.0, 0.0, 1.0])])
def test_a_wrong_answer_of_the_solver_is_polished(monkeypatch, answer):
    errors, weights, _ = _known(np.random.default_rng(4), 3, 50, 2)
    monkeypatch.setattr(simplex, "_nnls", lambda _: answer)
    assert simplex.minimise(errors) == pytest.approx(weights, abs=1e-9)


def test_an_answer_that_cannot_be_certified_is_not_given(monkeypatch):
    errors, _, _ = _known(np.random.default_rng(5), 3, 50, 2)
    monkeypatch.setattr(simplex, "_nnls", lambda _: np.ones(3) / 3)
    monkeypatch.setattr(simplex, "_nearest_point", lambda _, start: start)
    with pytest.raises(FitError):
        simplex.minimise(errors)


@pytest.mark.parametrize("seed", range(10))
def test_the_polish_alone_finds_the_optimum(seed):
    rng = np.random.default_rng(seed)
    errors, weights, _ = _known(rng, 30, 80, 12)
    assert simplex._nearest_point(errors, np.ones(30) / 30) == pytest.approx(weights, abs=1e-8)  # noqa: SLF001
