"""Score many blends at once, and on many resamples: fast forms of the metrics, equal to scikit-learn's.

Between `metrics`, which decides what a score is, and search, folds and resamples, which want thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pbl.weights import metrics
from pbl.weights._forms import form_of
from pbl.weights._formulas import auc
from pbl.weights._metric_file import call
from pbl.weights.errors import MetricFileError, ParticipantVisible

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

RESAMPLES = 2_000
FEWEST = 200
_VISITS = 200_000_000
"""Rows looked at in all resamples together, where a metric isn't made of sums."""
_AT_ONCE = 2_000_000
"""Numbers of one temporary table."""


class Scorer(Protocol):
    """The scores of blends of fixed rows; nan where a score isn't defined."""

    def scores(self, blends: Floats) -> Floats:
        """Return k scores of k x n blends."""

    def score_resamples(self, blends: Floats, bins: Integers, counts: Floats) -> Floats:
        """Return resamples x k scores; `counts` (resamples x bins) says how often a bin was drawn."""

    def resamples(self, blends: int) -> int:
        """Return how many resamples so many blends are worth."""


def make_scorer(sheet: Sheet, metric: Metric, rows: Integers | None = None, *, defined_only: bool = False) -> Scorer:
    """Return the scorer of some rows (whole ids, in order), all for None.

    With `defined_only` target names of one class are left out of a mean auc: what a fit on part of the rows can use.
    """
    chosen = np.arange(sheet.rows) if rows is None else rows
    if metric.function is not None:
        return _File(sheet=sheet, metric=metric, rows=chosen)
    by_target = metric.average == "targets" or (metric.name == "auc" and sheet.label is not None)
    part = sheet.target[chosen] if by_target else np.zeros(len(chosen), dtype=np.intp)
    parts = tuple(np.flatnonzero(part == t) for t in range(len(sheet.names) if by_target else 1))
    truth = sheet.truth[chosen]
    if metric.name == "auc":
        both = tuple(each for each in parts if 0 < truth[each].sum() < len(each))
        return _Auc(truth=truth, parts=both if defined_only and both else parts)
    if metric.name == "medae":
        return _Median(truth=truth, parts=parts)
    form = form_of(sheet, metric, chosen, parts)
    return _Sums(
        truth=form.truth, weight=form.weight, part=part, parts=len(parts), terms=form.terms, finish=form.finish,
        smallest=form.smallest,
    )  # fmt: skip


def count_resamples(rows: int, blends: int) -> int:
    """Return how many resamples of a metric that isn't made of sums the rows allow."""
    return int(np.clip(_VISITS // max(1, rows * blends), FEWEST, RESAMPLES))


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """The mean over parts of what `finish` makes of a weighted mean of terms and the truth's weighted variance."""

    truth: Floats
    weight: Floats
    part: Integers
    parts: int
    terms: Callable[[Floats], Floats]
    finish: Callable[[Floats, Floats], Floats]
    """Of mean terms and variances, in the shape of both; nan where undefined."""
    smallest: int
    """Fewer rows than this have no score."""

    def scores(self, blends: Floats) -> Floats:
        found = np.empty(len(blends))
        total, variance = self._truth_sums()
        for at in _chunks(len(blends), len(self.truth)):
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                terms = self.terms(blends[at]) * self.weight
                sums = np.stack([terms[:, self.part == t].sum(axis=1) if self.parts > 1 else terms.sum(axis=1)
                                 for t in range(self.parts)], axis=1)  # fmt: skip
                found[at] = self.finish(sums / total, np.broadcast_to(variance, sums.shape)).mean(axis=1)
        return found

    def score_resamples(self, blends: Floats, bins: Integers, counts: Floats) -> Floats:
        width = counts.shape[1]
        key = self.part * width + bins

        def draw(values: Floats) -> Floats:
            table = np.bincount(key, weights=values, minlength=self.parts * width).reshape(self.parts, width)
            return counts @ table.T

        total, variance = self._truth_sums()
        centre = self._centre()
        drawn_rows = draw(np.ones(len(key)))
        found = np.empty((len(counts), len(blends)))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            drawn_total, first, second = draw(self.weight), draw(self.weight * centre), draw(self.weight * centre**2)
            spread = second / drawn_total - (first / drawn_total) ** 2
            spread = np.where(spread > variance * 1e-12, spread, 0.0)
            for k, blend in enumerate(blends):
                terms = self.terms(blend[None])[0] * self.weight
                whole = np.bincount(self.part, weights=terms, minlength=self.parts) / total
                scores = self.finish(draw(terms) / drawn_total, spread)
                undefined = (drawn_rows < self.smallest) | ~np.isfinite(scores)
                found[:, k] = np.where(undefined, self.finish(whole, variance), scores).mean(axis=1)
        return found

    def resamples(self, blends: int) -> int:  # noqa: ARG002 - sums cost next to nothing
        return RESAMPLES

    def _centre(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            means = np.bincount(self.part, weights=self.weight * self.truth, minlength=self.parts) / np.bincount(
                self.part, weights=self.weight, minlength=self.parts
            )
        return np.asarray(self.truth - means[self.part])

    def _truth_sums(self) -> tuple[Floats, Floats]:
        """Return each part's weight (nan if it has too few rows) and variance of the truth."""
        rows = np.bincount(self.part, minlength=self.parts)
        total = np.bincount(self.part, weights=self.weight, minlength=self.parts)
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.where((rows < self.smallest) | (total == 0), np.nan, total)
            squares = np.bincount(self.part, weights=self.weight * self._centre() ** 2, minlength=self.parts)
        size = np.zeros(self.parts)
        np.maximum.at(size, self.part, np.abs(self.truth) * metrics.EPSILON)
        constant = np.where(total > 0, 0.0, np.nan)
        return np.asarray(total), np.asarray(np.where(squares > total * (4 * size) ** 2, squares / total, constant))


@dataclass(frozen=True, kw_only=True)
class _Auc:
    """The mean over parts of the share of pairs in order, ties as a half."""

    truth: Floats
    parts: tuple[Integers, ...]

    def scores(self, blends: Floats) -> Floats:
        found = np.empty((len(blends), len(self.parts)))
        for p, part in enumerate(self.parts):
            high = part[self.truth[part] == 1]
            low = part[self.truth[part] != 1]
            for k, blend in enumerate(blends):
                found[k, p] = auc(blend[high], blend[low])
        return np.asarray(found.mean(axis=1))

    def score_resamples(self, blends: Floats, bins: Integers, counts: Floats) -> Floats:
        found = np.zeros((len(counts), len(blends)))
        for part in self.parts:
            positive = self.truth[part] == 1
            for k, blend in enumerate(blends):
                whole = auc(blend[part][positive], blend[part][~positive])
                found[:, k] += _resample_auc(blend[part], positive, bins[part], counts, whole)
        return found / len(self.parts)

    def resamples(self, blends: int) -> int:
        return count_resamples(len(self.truth), blends)


@dataclass(frozen=True, kw_only=True)
class _Median:
    """The mean over parts of the median absolute error."""

    truth: Floats
    parts: tuple[Integers, ...]

    def scores(self, blends: Floats) -> Floats:
        found = np.full((len(blends), len(self.parts)), np.nan)
        for p, part in enumerate(self.parts):
            if len(part):
                found[:, p] = np.median(np.abs(blends[:, part] - self.truth[part]), axis=1)
        return np.asarray(found.mean(axis=1))

    def score_resamples(self, blends: Floats, bins: Integers, counts: Floats) -> Floats:
        found = np.zeros((len(counts), len(blends)))
        for part in self.parts:
            for k, blend in enumerate(blends):
                errors = np.abs(blend[part] - self.truth[part])
                order = np.argsort(errors, kind="stable")
                ordered = np.append(errors[order], np.median(errors) if len(errors) else np.nan)
                for at in _chunks(len(counts), len(part)):
                    upto = np.cumsum(counts[at][:, bins[part][order]], axis=1)
                    total = upto[:, -1] if len(part) else np.zeros(len(counts[at]))
                    low = (upto <= ((total - 1) // 2)[:, None]).sum(axis=1)
                    high = (upto <= (total // 2)[:, None]).sum(axis=1)
                    low, high = (np.where(total == 0, len(errors), each) for each in (low, high))
                    found[at, k] += (ordered[low] + ordered[high]) / 2
        return found / len(self.parts)

    def resamples(self, blends: int) -> int:
        return count_resamples(len(self.truth), blends)


@dataclass(frozen=True, kw_only=True)
class _File:
    """What a metric file says; nan where it refuses a blend, or fails on part of the rows."""

    sheet: Sheet
    metric: Metric
    rows: Integers

    def scores(self, blends: Floats) -> Floats:
        whole = np.zeros(self.sheet.rows)
        return np.array([self._one(whole, blend, self.rows, None) for blend in blends])

    def score_resamples(self, blends: Floats, bins: Integers, counts: Floats) -> Floats:
        width = self.sheet.width
        at = self.rows[::width] // width
        whole = np.zeros(self.sheet.rows)
        found = np.empty((len(counts), len(blends)))
        for b, drawn in enumerate(counts.astype(np.intp)):
            often = drawn[bins[::width]]
            starts = np.repeat(np.cumsum(often) - often, often)
            copies = np.arange(len(starts)) - starts
            rows = (np.repeat(at, often)[:, None] * width + np.arange(width)).reshape(-1)
            found[b] = [self._one(whole, blend, rows, copies) for blend in blends]
        return found

    def resamples(self, blends: int) -> int:  # noqa: ARG002 - a call of a file is dear, whatever the shape
        return FEWEST

    def _one(self, whole: Floats, blend: Floats, rows: Integers, copies: Integers | None) -> float:
        if self.metric.function is None or not len(rows):
            return float("nan")
        whole[self.rows] = blend
        try:
            found = call(self.metric.function, self.sheet, whole, rows, columns=self.metric.columns, copies=copies)
        except (ParticipantVisible, MetricFileError):
            return float("nan")
        return float("nan") if found is None else found


def _resample_auc(blend: Floats, positive: NDArray[np.bool_], bins: Integers, counts: Floats, whole: float) -> Floats:
    """Return the auc on each resample; over the whole where a resample has one class."""
    order = np.argsort(blend, kind="stable")
    ordered, positive = blend[order], positive[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(blend) else np.zeros(0, dtype=np.intp)
    found = np.full(len(counts), whole)
    for at in _chunks(len(counts), len(blend)) if len(blend) else ():
        drawn = counts[at][:, bins[order]]
        high, low = drawn * positive, drawn * ~positive
        if len(starts) < len(blend):
            high, low = np.add.reduceat(high, starts, axis=1), np.add.reduceat(low, starts, axis=1)
        below = np.cumsum(low, axis=1) - low / 2
        pairs = high.sum(axis=1) * low.sum(axis=1)
        inside = np.einsum("ij,ij->i", high, below)
        found[at] = np.where(pairs > 0, inside / np.where(pairs > 0, pairs, 1.0), whole)
    return found


def _chunks(count: int, width: int) -> list[slice]:
    step = max(1, _AT_ONCE // max(1, width))
    return [slice(k, min(k + step, count)) for k in range(0, count, step)]
