"""Write a metric as a mean of terms a row, and what the score makes of that mean.

Below `_scorers`, which sums the terms over rows, target names and resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pbl.weights import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]
    Terms = Callable[[Floats], Floats]


@dataclass(frozen=True, kw_only=True)
class Form:
    """The parts of such a metric, for fixed rows."""

    weight: Floats
    """Of each row."""
    terms: Terms
    """k x n terms of k x n blends."""
    finish: Callable[[Floats, Floats], Floats]
    """The score of mean terms and the truth's variances; nan where undefined."""
    smallest: int
    """Fewer rows than this have no score."""


def form_of(sheet: Sheet, metric: Metric, rows: Integers) -> Form:
    """Return the form of a metric that is made of sums."""
    truth = sheet.truth[rows]
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
    return Form(weight=weight, terms=terms, finish=finish, smallest=smallest)


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


def _explained_variance(mean: Floats, variance: Floats) -> Floats:
    """Return r2; of a constant truth 1 or 0, as scikit-learn does."""
    constant = np.where(np.isnan(mean), np.nan, np.where(mean == 0, 1.0, 0.0))
    return np.where(variance > 0, 1 - mean / np.where(variance > 0, variance, 1.0), constant)


_FINISH: dict[str, Callable[[Floats, Floats], Floats]] = {
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
