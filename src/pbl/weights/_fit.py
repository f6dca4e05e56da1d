"""Fit the weights of a metric and a method on all rows but one fold's, without one pillar if asked.

Chooses the exact solver where there is one, else the search; `tune` asks for every fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pbl.weights import _convex, _search, simplex
from pbl.weights._methods import combine
from pbl.weights._scorers import make_scorer
from pbl.weights.metrics import EPSILON, SQUARED, row_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pbl.weights._methods import Method
    from pbl.weights._scorers import Scorer
    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

SEARCHED_ROWS = 5_000
_BLOCK = 2_000_000
_AT_ONCE = 1_000_000


class Fitter(Protocol):
    """The weights of one metric and method on part of a sheet."""

    sampled: bool
    """Whether the search saw a sample of the rows."""

    def fit(self, fold: int | None = None, without: int | None = None) -> Floats:
        """Return p weights of sum 1, fitted on the rows outside the fold; 0 for the pillar left out."""


def make_fitter(sheet: Sheet, metric: Metric, method: Method, prepared: Floats, fold: Integers) -> Fitter:
    """Return the fitter; `prepared` are the method's numbers (p x n), `fold` is of rows."""
    sums = method in {"mean", "rank"}
    averaged_rmse = metric.name == "rmse" and metric.average == "targets" and len(sheet.names) > 1
    if sums and (is_squared(metric) or averaged_rmse):
        return _Squares(sheet, metric, prepared, fold, norms=averaged_rmse)
    if sums and metric.name == "logloss":
        likelihoods = _likelihoods(sheet, metric, prepared)
        if likelihoods is not None:
            return _Likely(sheet, metric, likelihoods, fold)
    return _Searched(sheet, metric, method, prepared, fold)


def is_squared(metric: Metric) -> bool:
    """Say whether the metric is one squared error, so that its weights may also be signed."""
    return (
        metric.function is None
        and metric.name in SQUARED
        and not (metric.name == "rmse" and metric.average == "targets")
    )


def fit_signed(fitter: Fitter, fold: int | None = None) -> Floats:
    """Return weights of sum 1, each at least -1, of least squared error."""
    if not isinstance(fitter, _Squares):
        raise TypeError("signed weights are for squared errors")
    return fitter.fit_signed(fold)


class _Squares:
    """Squared errors, or a sum of their roots, from one triangle a fold and target name."""

    sampled = False

    def __init__(self, sheet: Sheet, metric: Metric, prepared: Floats, fold: Integers, *, norms: bool) -> None:
        by_target = metric.average == "targets"
        part = sheet.target if by_target else np.zeros(sheet.rows, dtype=np.intp)
        self._norms = norms
        self._folds = int(fold.max()) + 1
        self._parts = len(sheet.names) if by_target else 1
        weights = None if by_target else row_weights(sheet, metric)
        root = None if weights is None else np.sqrt(weights)
        self._triangles = [
            [
                simplex.triangle(_errors(sheet.truth, prepared, root, np.flatnonzero((fold == f) & (part == t))))
                for t in range(self._parts)
            ]
            for f in range(self._folds)
        ]
        self._explained = metric.name != "rmse"
        self._truth, self._part, self._fold = sheet.truth, part, fold
        self._cached: dict[int | None, list[Floats]] = {}

    def fit(self, fold: int | None = None, without: int | None = None) -> Floats:
        triangles = self._training(fold)
        count = triangles[0].shape[1]
        kept = np.array([k for k in range(count) if k != without])
        weights = np.zeros(count)
        if self._norms:
            start = np.full(len(kept), 1 / len(kept))
            weights[kept] = _convex.sum_of_norms([each[:, kept] for each in triangles], start)
        else:
            weights[kept] = simplex.minimise(triangles[0][:, kept])
        return weights

    def fit_signed(self, fold: int | None) -> Floats:
        return simplex.minimise(self._training(fold)[0], lowest=-1.0)

    def _training(self, fold: int | None) -> list[Floats]:
        """Return the triangles of the other folds: one, or one a target name for a sum of roots."""
        if fold not in self._cached:
            others = [f for f in range(self._folds) if f != fold]
            scales = self._scales(fold)
            parts = [simplex.triangle(self._triangles[f][t] * scales[t] for f in others) for t in range(self._parts)]
            self._cached[fold] = parts if self._norms else [simplex.triangle(parts)]
        return self._cached[fold]

    def _scales(self, fold: int | None) -> list[float]:
        """Return what each target name's errors are multiplied by; r2's variance is the whole's where it is none."""
        if self._parts == 1:
            return [1.0]
        found = []
        for t in range(self._parts):
            whole = self._truth[self._part == t]
            training = self._truth[(self._part == t) & (self._fold != (-1 if fold is None else fold))]
            if not self._explained:
                found.append(1 / np.sqrt(max(1, len(training))) / self._parts)
                continue
            squares = [float(((y - y.mean()) ** 2).sum()) if len(y) else 0.0 for y in (training, whole)]
            found.append(next((1 / np.sqrt(each) for each in squares if each > 0), 0.0))
        return found


class _Likely:
    """Logloss: the mean logarithm of the chance given to what was so."""

    sampled = False

    def __init__(self, sheet: Sheet, metric: Metric, likelihoods: Floats, fold: Integers) -> None:
        self._likelihoods = likelihoods
        self._fold = fold
        self._counted = np.ones(sheet.rows, dtype=bool)
        if sheet.label is not None and metric.average == "rows":
            self._counted = sheet.truth == 1
        self._part = sheet.target if metric.average == "targets" else np.zeros(sheet.rows, dtype=np.intp)
        self._tuned: dict[int | None, Floats] = {}

    def fit(self, fold: int | None = None, without: int | None = None) -> Floats:
        rows = np.flatnonzero(self._counted & (self._fold != (-1 if fold is None else fold)))
        count = len(self._likelihoods)
        kept = np.array([k for k in range(count) if k != without])
        chances = self._likelihoods[np.ix_(kept, rows)].T
        part = self._part[rows]
        sizes = np.bincount(part)
        omega = 1 / sizes[part] / np.count_nonzero(sizes)
        equal = np.full(len(kept), 1 / len(kept))
        start = equal
        if without is not None and fold in self._tuned:
            start = (self._tuned[fold][kept] + 1e-3 * equal) / (self._tuned[fold][kept] + 1e-3 * equal).sum()
        found = _convex.log_loss(chances, omega, start)
        # Scikit-learn holds chances to 1e-16; only where that hides a chance of 0 may another be ahead.
        tried = np.vstack([found, equal, np.eye(len(kept))])
        held = [float(-omega @ np.log(np.clip(chances @ w, EPSILON, 1 - EPSILON))) for w in tried]
        weights = np.zeros(count)
        weights[kept] = tried[int(np.argmin(held))] if min(held) < held[0] - _convex.TOLERANCE * held[0] else found
        if without is None:
            self._tuned[fold] = weights
        return weights


class _Searched:
    """Any metric, by search."""

    def __init__(self, sheet: Sheet, metric: Metric, method: Method, prepared: Floats, fold: Integers) -> None:
        self._sheet, self._metric, self._method, self._prepared, self._fold = sheet, metric, method, prepared, fold
        self._order = np.argsort([sha256(name.encode()).digest() for name in sheet.groups], kind="stable")
        self._tuned: dict[int | None, Floats] = {}
        self.sampled = sheet.rows > SEARCHED_ROWS

    def fit(self, fold: int | None = None, without: int | None = None) -> Floats:
        count = len(self._prepared)
        kept = np.array([k for k in range(count) if k != without])
        rows = np.flatnonzero(self._fold != (-1 if fold is None else fold))
        seen = self._sample(rows)
        sums = self._method in {"mean", "rank"}
        numbers = self._prepared if sums else self._sheet.predictions
        least = simplex.minimise(simplex.triangle(_errors(self._sheet.truth, numbers[kept], None, rows)))
        starts = [least]
        if without is not None and fold in self._tuned and self._tuned[fold][kept].sum() > 0:
            starts.append(self._tuned[fold][kept] / self._tuned[fold][kept].sum())
        found = _search.search(self._loss(seen, kept), len(kept), starts, self._effort(fold, without))
        if len(seen) < len(rows):
            tried = np.vstack([found, least, np.full(len(kept), 1 / len(kept)), np.eye(len(kept))])
            found = tried[int(np.argmin(self._loss(rows, kept)(tried)))]
        weights = np.zeros(count)
        weights[kept] = found
        if without is None:
            self._tuned[fold] = weights
        return weights

    def _effort(self, fold: int | None, without: int | None) -> _search.Effort:
        if self._metric.function is None:
            if without is not None:
                return _search.LIGHT
            return _search.FULL if fold is None else _search.FOLD
        if without is not None:
            return _search.DEAR_LIGHT
        return _search.DEAR if fold is None else _search.DEAR_FOLD

    def _sample(self, rows: Integers) -> Integers:
        """Return the rows of whole groups, in the order of their names' SHA-256, up to 5,000 of them."""
        if len(rows) <= SEARCHED_ROWS:
            return rows
        sizes = np.bincount(self._sheet.group[rows], minlength=len(self._sheet.groups))
        upto = np.cumsum(sizes[self._order])
        taken = self._order[: max(1, int(np.searchsorted(upto, SEARCHED_ROWS, "right")))]
        return rows[np.isin(self._sheet.group[rows], taken)]

    def _loss(self, rows: Integers, kept: Integers) -> _Loss:
        return _Loss(
            numbers=self._prepared[np.ix_(kept, rows)],
            method=self._method,
            scorer=make_scorer(self._sheet, self._metric, rows, defined_only=True),
            sign=-self._metric.sign,
        )


@dataclass(frozen=True, kw_only=True)
class _Loss:
    """The loss of k x p weights, inf where the metric isn't defined."""

    numbers: Floats
    method: Method
    scorer: Scorer
    sign: float

    def __call__(self, weights: Floats) -> Floats:
        step = max(1, _AT_ONCE // max(1, self.numbers.shape[1]))
        parts = [
            self.scorer.scores(combine(self.numbers, weights[k : k + step], self.method))
            for k in range(0, len(weights), step)
        ]
        scores = self.sign * np.concatenate(parts)
        return np.where(np.isfinite(scores), scores, np.inf)


def _errors(truth: Floats, numbers: Floats, root: Floats | None, rows: Integers) -> Iterator[Floats]:
    """Yield blocks of (rows x p) weighted errors, one at least."""
    step = max(1, _BLOCK // len(numbers))
    for k in range(0, max(1, len(rows)), step):
        at = rows[k : k + step]
        block = (numbers[:, at] - truth[at]).T
        yield block if root is None else block * root[at, None]


def _likelihoods(sheet: Sheet, metric: Metric, prepared: Floats) -> Floats | None:
    """Return the chance each pillar gives to what was so (p x n), None where the loss isn't convex in the weights."""
    if sheet.label is None:
        return np.where(sheet.truth == 1, prepared, 1 - prepared)
    sums = prepared.reshape(len(prepared), -1, sheet.width).sum(axis=2)
    if not np.allclose(sums, sums[:1], rtol=1e-9, atol=0):
        return None
    share = prepared / np.repeat(sums, sheet.width, axis=1)
    return np.asarray(share if metric.average == "rows" else np.where(sheet.truth == 1, share, 1 - share))
