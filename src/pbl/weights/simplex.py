"""Find the exact least squares on the simplex: the w with w >= 0, sum 1 and the smallest |E w|.

Below every fit of weights; logloss and averaged rmse send their quadratic models through it as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.weights.errors import FitError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOLERANCE = 1e-10
"""Of the squared error: a gap above it is polished, one above ten times it is no answer."""
_ROUNDING = 16 * float(np.finfo(np.float64).eps)
_COPY = 1e-12
_STEPS = 1_000


def triangle(blocks: Iterable[Floats]) -> Floats:
    """Return R with R'R the sum of E'E over blocks of rows (m x p each), by QR: nothing is squared."""
    found: Floats | None = None
    for block in blocks:
        joined = block if found is None else np.vstack([found, block])
        found = np.asarray(np.linalg.qr(joined, mode="r")) if joined.shape[0] > joined.shape[1] else joined
    if found is None:
        raise ValueError("no rows")
    return found


def minimise(errors: Floats, lowest: float = 0.0) -> Floats:
    """Return the w with sum 1 and each at least `lowest` that minimises |E w|^2; E is m x p, or its triangle.

    Certified: f(w) - f* <= grad.w - min grad, within 1e-9 of f. Equal columns share their weight equally. Raises
    FitError if no answer passes. Source: the minimiser of |E w| on the simplex is that of |E x|^2 + (sum x - 1)^2 on
    x >= 0, divided by its sum.
    """
    if lowest:
        # w = lowest + (1 - p lowest) v with v on the simplex, so E w is another matrix times v.
        span = 1 - errors.shape[1] * lowest
        v = minimise(span * errors + lowest * errors.sum(axis=1, keepdims=True))
        return np.asarray(lowest + span * v)
    errors = triangle([errors]) if errors.shape[0] > errors.shape[1] else errors
    first, copies = _copies(errors)
    weights = np.zeros(errors.shape[1])
    kept = np.flatnonzero(first == np.arange(len(first)))
    weights[kept] = _certify(errors[:, kept])
    shared = weights[first] / copies
    return np.asarray(shared / shared.sum())


def gap(errors: Floats, weights: Floats) -> float:
    """Return grad.w - min grad of |E w|^2, which is at least as large as f(w) - f*."""
    gradient = 2 * errors.T @ (errors @ weights)
    return float(gradient @ weights - gradient.min())


def passes(errors: Floats, weights: Floats, tolerance: float) -> bool:
    """Say whether the certificate is within the tolerance of the squared error, or of what rounding leaves."""
    residual = errors @ weights
    size = float(np.linalg.norm(residual))
    norms = np.sqrt((errors**2).sum(axis=0))
    blur = _ROUNDING * float(norms @ np.abs(weights))
    return size <= blur * len(weights) or gap(errors, weights) <= tolerance * size**2 + blur * float(norms.max())


def _copies(errors: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return the first equal column of each column, and how many columns equal it."""
    norms = np.sqrt((errors**2).sum(axis=0))
    first = np.arange(errors.shape[1])
    for j in range(1, len(first)):
        near = [i for i in range(j) if first[i] == i and abs(norms[i] - norms[j]) <= _COPY * norms[i]]
        for i in near:
            if np.linalg.norm(errors[:, i] - errors[:, j]) <= _COPY * norms[i]:
                first[j] = i
                break
    return first, np.bincount(first, minlength=len(first))[first].astype(np.float64)


def _certify(errors: Floats) -> Floats:
    count = errors.shape[1]
    norms = np.sqrt((errors**2).sum(axis=0))
    if count == 1 or norms.min() == 0.0:
        return np.asarray(np.eye(count)[int(norms.argmin())])
    scaled = errors / norms.min()
    found = [_nnls(scaled)]
    if not passes(scaled, found[0], TOLERANCE):
        found += [_nearest_point(scaled, found[0]), _nearest_point(scaled, np.eye(count)[int(norms.argmin())])]
    best = min(found, key=lambda w: float(np.linalg.norm(scaled @ w)))
    if not passes(scaled, best, 10 * TOLERANCE):
        raise FitError("the least squares weights failed their certificate; are predictions of wildly different sizes?")
    return best


def _nnls(errors: Floats) -> Floats:
    """Return scipy's answer; the best single column where it has none."""
    from scipy.optimize import nnls

    matrix = np.vstack([errors, np.ones(errors.shape[1])])
    scale = np.sqrt((matrix**2).sum(axis=0))
    goal = np.zeros(len(matrix))
    goal[-1] = 1.0
    try:
        found = np.asarray(nnls(matrix / scale, goal)[0]) / scale
    except RuntimeError:
        found = np.zeros(errors.shape[1])
    total = float(found.sum())
    if not np.isfinite(total) or total <= 0:
        return np.asarray(np.eye(errors.shape[1])[int(np.argmin(scale))])
    return np.asarray(found / total)


def _nearest_point(errors: Floats, start: Floats) -> Floats:
    """Polish: the point of least norm in the hull of the columns, by Wolfe's active sets (1976)."""
    weights = np.where(start > 0, start, 0.0)
    weights /= weights.sum()
    active = [int(k) for k in np.flatnonzero(weights > 0)]
    for _ in range(_STEPS):
        weights = _within(errors, weights, active)
        active = [int(k) for k in np.flatnonzero(weights > 0)]
        gradient = errors.T @ (errors @ weights)
        entering = int(gradient.argmin())
        if passes(errors, weights, TOLERANCE / 10) or entering in active:
            break
        active.append(entering)
    return weights


def _within(errors: Floats, weights: Floats, active: list[int]) -> Floats:
    """Return the least squares on the hull of the active columns, dropping those whose weight would be negative."""
    while True:
        base, *others = active
        goal = np.zeros(len(weights))
        goal[base] = 1.0
        if others:
            differences = errors[:, others] - errors[:, [base]]
            goal[others] = np.linalg.lstsq(differences, -errors[:, base], rcond=None)[0]
            goal[base] = 1.0 - goal[others].sum()
        negative = [k for k in active if goal[k] < 0]
        if not negative:
            return goal
        steps = {k: weights[k] / (weights[k] - goal[k]) for k in negative}
        step = min(steps.values())
        weights = np.maximum(weights + step * (goal - weights), 0.0)
        dropped = min(k for k in negative if steps[k] == step)
        weights[dropped] = 0.0
        active = [k for k in active if k != dropped]
        weights /= weights.sum()
