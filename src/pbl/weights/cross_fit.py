"""Predict each fold with weights of the others, and score the whole and each fold.

Between the fitters and `tune`: weights go in, cross-fitted blends and their fold scores come out. `fit` shares it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.weights import metrics
from pbl.weights._methods import combine
from pbl.weights._scorers import make_scorer
from pbl.weights.errors import MetricFileError, ParticipantVisible
from pbl.weights.scaling import power_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pbl.weights._methods import Method
    from pbl.weights.folds import Folds
    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

UNSTEADY = frozenset({"auc", "accuracy", "medae"})
"""Means of the other folds are below the truth where a fold's are above: such a metric takes that for a bad order."""
_NO_RANGE = (None, None)


def cross_fit(prepared: Floats, weights: Floats, method: Method, folds: Folds) -> Floats:
    """Return the n predictions; `weights` (folds x p) were each fitted on the other folds."""
    return by_place(prepared, weights, method, folds.row)


def by_place(prepared: Floats, weights: Floats, method: Method, place: Integers) -> Floats:
    """Return the n predictions, each by the weights (k x p) at the row's place."""
    found = np.empty(prepared.shape[1])
    for k, one in enumerate(weights):
        rows = np.flatnonzero(place == k)
        found[rows] = combine(prepared[:, rows], one[None], method)[0]
    return found


def baseline(sheet: Sheet, metric: Metric, folds: Folds | None) -> tuple[Floats, float | None]:
    """Return the prediction of each target name's mean, of the other folds, and its score; None if refused.

    For a metric that a fold's mean could mislead, the better of that and the means of all rows.
    """
    tried = [] if folds is None else [_means(sheet, folds)]
    if folds is None or metric.name in UNSTEADY or metric.function is not None:
        tried.append(_means(sheet, None))
    found = []
    for means in tried:
        try:
            found.append((metrics.score(sheet, metric, means), means))
        except (ParticipantVisible, MetricFileError):
            found.append((None, means))
    defined = [(value, means) for value, means in found if value is not None]
    if not defined:
        return tried[0], None
    value, means = max(defined, key=lambda each: metric.sign * each[0])
    return means, value


def fold_scores(sheet: Sheet, metric: Metric, blends: Floats, folds: Folds) -> Floats:
    """Return folds x k scores of each fold's own rows, nan where one isn't defined."""
    found = []
    for f in range(len(folds.names)):
        rows = np.flatnonzero(folds.row == f)
        found.append(make_scorer(sheet, metric, rows).scores(blends[:, rows]))
    return np.array(found)


def mean_and_sd(scores: Floats) -> tuple[float | None, float | None]:
    """Return mean and standard deviation (n - 1) of the folds' scores, None if one isn't defined."""
    if len(scores) < 2 or not np.isfinite(scores).all():  # noqa: PLR2004 - one fold has no spread
        return _NO_RANGE
    size = power_for(float(np.abs(scores).max()))
    scores = scores * size
    return float(scores.mean()) / size, float(scores.std(ddof=1)) / size


def _means(sheet: Sheet, folds: Folds | None) -> Floats:
    names = len(sheet.names)
    found = np.empty(sheet.rows)
    for f in range(1 if folds is None else len(folds.names)):
        rows = np.arange(sheet.rows) if folds is None else np.flatnonzero(folds.row == f)
        others = rows if folds is None else np.flatnonzero(folds.row != f)
        counts = np.bincount(sheet.target[others], minlength=names)
        sums = np.bincount(sheet.target[others], weights=sheet.truth[others], minlength=names)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), sheet.truth[others].mean())
        found[rows] = means[sheet.target[rows]]
    return found
