"""Minimise logloss and averaged rmse on the simplex: Newton steps whose quadratic models are least squares.

Between `simplex`, which solves each model, and `_fit`, which chooses the solver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.weights import simplex
from pbl.weights.errors import FitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AIM = 1e-10
TOLERANCE = 1e-7
"""What is promised; the steps end at the aim, or where they no longer help."""
_STEPS = 200
_EM_STEPS = 50
_CURVATURE = 1e-3
"""Curvature lent to a norm along itself, in parts of its curvature across: small steps, but a bounded model."""
_ROUNDED = 1e-9
_EVEN = 1e-15
"""Values this close are equal but for rounding: then the slope decides."""
_BLOCK = 4_000_000


def log_loss(likelihoods: Floats, weights: Floats, start: Floats) -> Floats:
    """Return the w of least f(w) = -sum weights log(A w), A of shape rows x p, weights of sum 1.

    With q = A w at the last step, the model of f is half of |sqrt(weights) (A / q - 2) w|^2 and a constant.
    """
    some = likelihoods.max(axis=1, initial=0.0) > 0
    a, omega = likelihoods[some], weights[some]
    if not len(a):
        return start

    def value(w: Floats) -> float:
        chances = a @ w
        return float(-omega @ np.log(chances)) if chances.min() > 0 else float("inf")

    def gradient(w: Floats) -> Floats:
        return np.asarray(-((omega / (a @ w)) @ a))

    def model(w: Floats) -> Floats:
        scale, inverse = np.sqrt(omega), 1 / (a @ w)
        step = max(1, _BLOCK // a.shape[1])
        parts = [slice(k, k + step) for k in range(0, len(a), step)]
        return simplex.triangle(scale[at, None] * (a[at] * inverse[at, None] - 2) for at in parts)

    def em(w: Floats) -> Floats:
        for _ in range(_EM_STEPS):
            w = w * -gradient(w)
            w = w / w.sum()
        return w

    if not np.isfinite(value(start)):
        start = np.full(len(start), 1 / len(start))
    return _newton(value, gradient, model, em, start, floor=TOLERANCE**2)


def sum_of_norms(triangles: Sequence[Floats], start: Floats) -> Floats:
    """Return the w of least f(w) = sum over t of |S_t w|: averaged rmse with S_t = R_t / (T sqrt(n_t)).

    A norm has a kink where a target is hit exactly. So each S_t gets a row of one small number, which adds at most
    1e-9 of f and rounds the kink off.
    """
    count = triangles[0].shape[1]
    tried = np.column_stack([np.eye(count), np.full(count, 1 / count)])
    least = float(sum(np.linalg.norm(s @ tried, axis=0) for s in triangles).min())
    largest = max(float(np.abs(each).max(initial=0.0)) for each in triangles)
    small = max(_ROUNDED * least, float(np.finfo(np.float64).eps) * largest) / len(triangles)
    triangles = [np.vstack([s, np.full((1, count), small)]) for s in triangles]

    def norms(w: Floats) -> list[tuple[Floats, float]]:
        images = [s @ w for s in triangles]
        return [(each, max(float(np.linalg.norm(each)), largest * 1e-13)) for each in images]

    def value(w: Floats) -> float:
        return float(sum(np.linalg.norm(s @ w) for s in triangles))

    def gradient(w: Floats) -> Floats:
        parts = [image @ s / norm for s, (image, norm) in zip(triangles, norms(w), strict=True)]
        return np.asarray(np.sum(parts, axis=0))

    def model(w: Floats, curvature: float = _CURVATURE) -> Floats:
        blocks = []
        for s, (image, norm) in zip(triangles, norms(w), strict=True):
            along = (image / norm) @ s
            blocks.append((s - np.outer(image / norm, along)) / np.sqrt(norm))
            blocks.append(np.sqrt(curvature / norm) * (along + norm / curvature - norm)[None])
        return simplex.triangle([np.vstack(blocks)])

    def majorise(w: Floats) -> Floats:
        return simplex.minimise(model(w, 1.0))

    if largest == 0.0:
        return start
    start = min(majorise(start), simplex.minimise(simplex.triangle(triangles)), key=value)
    return _newton(value, gradient, model, majorise, start, floor=10 * _ROUNDED * least)


def _newton(
    value: Callable[[Floats], float],
    gradient: Callable[[Floats], Floats],
    model: Callable[[Floats], Floats],
    fallback: Callable[[Floats], Floats],
    start: Floats,
    *,
    floor: float,
) -> Floats:
    """Step to the minimum of each quadratic model, halved until it helps; `fallback` is slow and always helps.

    Certified: f(w) - f* <= grad.w - min grad, or f(w) - f* <= f(w), within a part of f or a `floor` next to nothing.
    """
    weights, best = start, value(start)

    def gap(w: Floats) -> float:
        slope = gradient(w)
        return min(float(slope @ w - slope.min()), abs(value(w)))

    left = gap(weights)
    for _ in range(_STEPS):
        if left <= max(AIM * abs(best), floor / 10):
            break
        try:
            towards = simplex.minimise(model(weights))
        except FitError:
            towards = fallback(weights)
        found, lower = _shorter(value, weights, towards, best)
        if lower >= best * (1 - _EVEN):
            tried = min(
                (towards, found, fallback(weights)),
                key=lambda w: gap(w) if value(w) <= best + 8 * _EVEN * abs(best) else np.inf,
            )
            if not gap(tried) < left:
                break
            found, lower = tried, value(tried)
        weights, best, left = found, lower, gap(found)
    if not left <= max(TOLERANCE * abs(best), floor):
        raise FitError("the fitted weights failed their certificate, so they are not shown")
    return weights


def _shorter(value: Callable[[Floats], float], start: Floats, end: Floats, best: float) -> tuple[Floats, float]:
    for halvings in range(30):
        found = start + (end - start) * 0.5**halvings
        lower = value(found)
        if lower < best:
            return found / found.sum(), lower
    return start, best
