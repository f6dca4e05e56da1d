"""Name the files that have seen the truth: truth plus noise, or predictions on training rows.

Part of `tune`'s doubts: a suspicious pillar is part of no advice, unless it is trusted by name. The bounds below are
chosen, not derived; each says what it is measured by.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pbl.weights.metrics import row_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

_MUCH_BETTER = 0.7
"""Of the next best pillar's error: below it, the mean squared error is less than half of that one's."""
_HARDLY = 0.4
"""A correlation of errors: that of noise of its own with any other error is about 0."""
_BELOW_OTHERS = 0.2
"""So much less than the others' errors correlate with each other."""
_SLOPE = 1.35
"""Through 0, of the next best pillar's errors on the pillar's own: above 1 the least squares blend of the two has a
weight below 0 for the next best. A copy of it whose errors are shrunk to c has 1 / c; the bound stands for 0.74."""
_EXACT = 1e-9
"""Of the next best pillar's error: far above the rounding of doubles, which is 1e-16."""
_LARGEST_SET = 2
"""So many such files at a time are each compared with the rest, which are two at least."""
_BLOCK = 2_000_000
"""Numbers of one temporary table, 16 MB."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A pillar that looks as if it had seen the truth, and the figures that say so."""

    pillar: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """Return the public form."""
        return {"pillar": self.pillar, "reason": self.reason}


def suspects(sheet: Sheet, metric: Metric, trust: Sequence[str] = ()) -> tuple[Suspect, ...]:
    """Return the suspicious pillars in their order; a trusted one is compared with, and never named."""
    sums = _sums_of_errors(sheet, metric)
    order = np.argsort(sums.size, kind="stable")
    trusted = {sheet.pillars.index(name) for name in trust if name in sheet.pillars}
    found: dict[int, str] = {}
    for size in range(1, max(1, min(_LARGEST_SET, len(order) - 2)) + 1):
        top, rest = [int(k) for k in order[:size]], [int(k) for k in order[size:]]
        reasons = {k: _reason(sheet.pillars, sums, k, rest) for k in top if k not in trusted}
        if all(k in found or k in trusted or reasons[k] for k in top):
            found |= {k: said for k, said in reasons.items() if said and k not in found}
    return tuple(Suspect(pillar=sheet.pillars[k], reason=found[k]) for k in sorted(found))


@dataclass(frozen=True, kw_only=True)
class _Sums:
    products: Floats
    """Mean products of errors, p x p."""
    correlation: Floats
    means: float
    """The error (root mean square) of predicting each target name's mean."""

    @property
    def size(self) -> Floats:
        return np.asarray(np.sqrt(self.products.diagonal()))


def _sums_of_errors(sheet: Sheet, metric: Metric) -> _Sums:
    """Return products and Pearson's correlations of the errors, in blocks of rows.

    Where a metric is a mean over target names, a row weighs 1 / the variance of its target's truth.
    """
    weights = row_weights(sheet, metric)
    if metric.average == "targets":
        spread = [float(np.std(sheet.truth[sheet.target == t])) for t in range(len(sheet.names))]
        weights = np.array([1 / s**2 if s else 0.0 for s in spread])[sheet.target]
    weights = np.ones(sheet.rows) if weights is None else weights
    slope, offset = _scales(sheet, metric)
    products = np.zeros((len(sheet.pillars), len(sheet.pillars)))
    sums = np.zeros(len(sheet.pillars))
    step = max(1, _BLOCK // len(sheet.pillars))
    for k in range(0, sheet.rows, step):
        at = slice(k, k + step)
        errors = sheet.predictions[:, at] * slope[:, None] + offset[:, None] - sheet.truth[at]
        products += (errors * weights[at]) @ errors.T
        sums += errors @ weights[at]
    total = weights.sum() or 1.0
    counts = np.bincount(sheet.target)
    centre = np.bincount(sheet.target, weights=sheet.truth) / np.maximum(counts, 1)
    spread_of_truth = float(np.sqrt(weights @ (sheet.truth - centre[sheet.target]) ** 2 / total))
    products, means = products / total, sums / total
    covariance = products - np.outer(means, means)
    spread_of = np.sqrt(np.maximum(covariance.diagonal(), 0.0))
    scale = np.outer(spread_of, spread_of)
    correlation = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
    return _Sums(products=products, correlation=correlation, means=spread_of_truth)


def _scales(sheet: Sheet, metric: Metric) -> tuple[Floats, Floats]:
    """Return slope and offset that bring scores of order (auc, not within 0 to 1) to the truth's scale.

    That is the least squares line of the truth on the scores.
    """
    count = len(sheet.pillars)
    slope, offset = np.ones(count), np.zeros(count)
    if metric.name == "auc":
        for k, numbers in enumerate(sheet.predictions):
            if numbers.min() < 0 or numbers.max() > 1:
                centred = numbers - numbers.mean()
                slope[k] = centred @ sheet.truth / ((centred @ centred) or 1.0)
                offset[k] = sheet.truth.mean() - slope[k] * numbers.mean()
    return slope, offset


def _reason(pillars: tuple[str, ...], sums: _Sums, k: int, rest: list[int]) -> str:
    """Return why a pillar is suspicious beside the rest, empty if it isn't."""
    sizes = sums.size
    nearest = min(rest, key=lambda j: (sizes[j], j))
    if not sizes[k] < _MUCH_BETTER * sizes[nearest]:
        return ""
    ratio = f"its error is {sizes[k] / sizes[nearest]:.2f} of the next best pillar's ({pillars[nearest]})"
    ask = f"If the model is that good, say so with --trust {pillars[k]}."
    if sizes[k] <= _EXACT * sizes[nearest]:
        return f"{ratio}: does the file hold the truth itself? {ask}"
    theirs = [sums.correlation[a, b] for a, b in combinations(rest, 2)]
    own = float(np.median(sums.correlation[k, rest]))
    if theirs and own < _HARDLY and own < float(np.median(theirs)) - _BELOW_OTHERS:
        return (
            f"{ratio} and correlates with theirs at {own:.2f}, where they correlate at {float(np.median(theirs)):.2f}: "
            f"is it the truth plus noise? {ask}"
        )
    slope = float(sums.products[k, nearest] / sums.products[k, k])
    # What is no better than the means has learnt nothing: where labels are noise, a calm pillar has a slope, too.
    if slope > _SLOPE and sizes[k] < sums.means:
        return (
            f"{ratio} and is a copy of it shrunk to {1 / slope:.2f} (slope {slope:.2f}, an honest model's is at most "
            f"about 1): are these predictions of rows it was trained on? {ask}"
        )
    return ""
