"""Write a metric as a mean of terms a row, and what the score makes of that mean.

Below `_scorers`, which sums the terms over rows, target names and resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pbl.weights import metrics
from pbl.weights.scaling import power_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]
    Terms = Callable[[Floats], Floats]
    Finish = Callable[[Floats, Floats], Floats]


_IN_UNITS = {"rmse", "mae"}
"""Metrics in the unit of the numbers: where those are multiplied, the score is too."""
_OF_ERRORS = metrics.SQUARED | {"mae"}
"""Metrics of numbers that may be multiplied; the score of those not in units stays."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The parts of such a metric, for fixed rows."""

    truth: Floats
    """The truth of each row, as the terms take it."""
    weight: Floats
    """Of each row."""
    terms: Terms
    """k x n terms of k x n blends."""
    finish: Finish
    """The score of mean terms and the truth's variances; nan where undefined."""
    smallest: int
    """Fewer rows than this have no score."""


def form_of(sheet: Sheet, metric: Metric, rows: Integers, parts: Sequence[Integers]) -> Form:
    """Return the form of a metric that is made of sums; `parts` are the places in `rows` of what is scored by itself.

    Where squares would be infinite or 0, the numbers of a part are multiplied by a power of two.
    """
    truth = sheet.truth[rows]
    sizes, near = np.ones(len(parts)), None
    if metric.name in _OF_ERRORS:
        sizes = np.array([power_for(_largest(sheet, metric, rows[part])) for part in parts])
    if (sizes != 1).any():
        near = np.empty(len(rows))
        for size, part in zip(sizes, parts, strict=True):
            near[part] = size
        truth = truth * near
    weights = metrics.row_weights(sheet, metric)
    by_row = metric.average == "rows"
    weight = weights[rows] if weights is not None and by_row else np.ones(len(rows))
    terms, finish, smallest = _terms(metric.name, truth), _FINISH.get(metric.name, _plain), 1
    if finish is _explained_variance:
        smallest = 2
    if sheet.label is not None and metric.name == "logloss":
        terms = _share_terms(truth, sheet.width, by_class=by_row)
        weight = truth if by_row else weight
    if sheet.label is not None and metric.name == "accuracy" and by_row:
        terms, weight = _best_class(truth, sheet.width), truth
    if near is not None:
        terms, finish = _scale(terms, finish, near, sizes if metric.name in _IN_UNITS else np.ones(len(sizes)))
    return Form(truth=truth, weight=weight, terms=terms, finish=finish, smallest=smallest)


def _terms(name: str, truth: Floats) -> Terms:
    def log_terms(blends: Floats) -> Floats:
        held = np.clip(blends, metrics.EPSILON, 1 - metrics.EPSILON)
        return np.asarray(-np.log(np.where(truth == 1, held, 1 - held)))

    def log_errors(blends: Floats) -> Floats:
        return np.asarray((np.log1p(blends) - np.log1p(truth)) ** 2)

    size = np.maximum(np.abs(truth), metrics.EPSILON)
    known: dict[str, Terms] = {
        "mae": lambda blends: np.abs(blends - truth),
        "mape": lambda blends: np.abs(blends - truth) / size,
        "rmsle": log_errors,
        "logloss": log_terms,
        "accuracy": lambda blends: ((blends > 0.5) == (truth == 1)).astype(np.float64),  # noqa: PLR2004
    }
    return known.get(name, lambda blends: (blends - truth) ** 2)


def _plain(mean: Floats, _: Floats) -> Floats:
    return mean


def _root(mean: Floats, _: Floats) -> Floats:
    return np.asarray(np.sqrt(mean))


def _largest(sheet: Sheet, metric: Metric, rows: Integers) -> float:
    """Return the largest absolute number of some rows; for r2 that of the truth, if it has one but 0.

    Beside predictions that are far larger, its variance would vanish.
    """
    truth = float(np.abs(sheet.truth[rows]).max(initial=0.0))
    if truth and metric.name not in _IN_UNITS:
        return truth
    return max(truth, float(np.abs(sheet.predictions[:, rows]).max(initial=0.0)))


def _scale(terms: Terms, finish: Finish, near: Floats, back: Floats) -> tuple[Terms, Finish]:
    """Return the terms of blends multiplied by `near`, as the truth is, and each part's score divided by `back`."""
    return lambda blends: terms(blends * near), lambda mean, variance: np.asarray(finish(mean, variance) / back)


def _explained_variance(mean: Floats, variance: Floats) -> Floats:
    """Return r2; of a constant truth 1 or 0, as scikit-learn does."""
    constant = np.where(np.isnan(mean), np.nan, np.where(mean == 0, 1.0, 0.0))
    return np.where(variance > 0, 1 - mean / np.where(variance > 0, variance, 1.0), constant)


_FINISH: dict[str, Finish] = {
    "rmse": _root,
    "rmsle": _root,
    "r2": _explained_variance,
    "weighted-r2": _explained_variance,
    "csiro-biomass": _explained_variance,
}


def _share_terms(truth: Floats, width: int, *, by_class: bool) -> Terms:
    def terms(blends: Floats) -> Floats:
        table = blends.reshape(len(blends), -1, width)
        with np.errstate(invalid="ignore"):
            share = (table / table.sum(axis=2, keepdims=True)).reshape(blends.shape)
        held = np.clip(share, metrics.EPSILON, 1 - metrics.EPSILON)
        return np.asarray(-np.log(held if by_class else np.where(truth == 1, held, 1 - held)))

    return terms


def _best_class(truth: Floats, width: int) -> Terms:
    label = truth.reshape(-1, width).argmax(axis=1)

    def terms(blends: Floats) -> Floats:
        best = blends.reshape(len(blends), -1, width).argmax(axis=2)
        return np.repeat((best == label).astype(np.float64), width, axis=1)

    return terms
