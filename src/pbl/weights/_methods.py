"""Combine predictions by mean, rank, geometric mean, logit or median, in numpy.

The same formulas as the SQL of `blend`; `tune` uses them to judge a method on rows it wasn't fitted on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from pbl.weights.errors import MetricDomainError, MetricError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

Method = Literal["mean", "rank", "geometric", "logit", "median"]
METHODS: tuple[Method, ...] = get_args(Method)

_LOG_OF_ZERO = -1e300
"""Any share above 0 of it has the exponential 0, and the share 0 of it is 0."""
_EDGE = 1e-15
_HALF = 1e-12


def prepare(sheet: Sheet, method: Method) -> Floats:
    """Return p x n numbers of which the method takes weighted sums (or medians).

    Ranks are over all rows of a target name. Raises MetricDomainError where the method refuses a number.
    """
    numbers = sheet.predictions
    match method:
        case "mean" | "median":
            return numbers
        case "rank":
            parts = [np.flatnonzero(sheet.target == t) for t in range(len(sheet.names))]
            ranks = np.empty(numbers.shape)
            for place, row in enumerate(numbers):
                for part in parts:
                    ranks[place, part] = _ranks(row[part])
            return ranks
        case "geometric":
            _refuse(sheet, numbers < 0, "geometric wants numbers of 0 or more")
            return np.where(numbers > 0, np.log(np.where(numbers > 0, numbers, 1.0)), _LOG_OF_ZERO)
        case "logit":
            _refuse(sheet, (numbers < 0) | (numbers > 1), "logit wants probabilities of 0 to 1")
            held = np.clip(numbers, _EDGE, 1 - _EDGE)
            return np.asarray(np.log(held / (1 - held)))
    raise MetricError(f"unknown method {method!r}: give one of {', '.join(METHODS)}")


def combine(prepared: Floats, weights: Floats, method: Method) -> Floats:
    """Return k blends of prepared numbers (p x n), one for each row of `weights` (k x p, each of sum 1)."""
    match method:
        case "mean" | "rank":
            return weights @ prepared
        case "geometric":
            return np.asarray(np.exp(weights @ prepared))
        case "logit":
            with np.errstate(over="ignore"):
                return np.asarray(1 / (1 + np.exp(-(weights @ prepared))))
        case "median":
            return _medians(prepared, weights)


def _ranks(numbers: Floats) -> Floats:
    """Return (average rank - 0.5) / n."""
    _, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray(((ends - (counts - 1) / 2 - 0.5) / len(numbers))[place])


def _refuse(sheet: Sheet, odd: NDArray[np.bool_], wanted: str) -> None:
    pillars, rows = np.nonzero(odd)
    if len(rows):
        where = sheet.ids[rows[0] // sheet.width]
        raise MetricDomainError(f"{wanted}; {sheet.pillars[pillars[0]]} has another, first at {where}")


def _medians(numbers: Floats, weights: Floats) -> Floats:
    """Return the smallest number with shares up to it of at least 1/2; at exactly 1/2 the mean of it and the next."""
    order = np.argsort(numbers, axis=0, kind="stable")
    ordered = np.take_along_axis(numbers, order, axis=0)
    found = np.empty((len(weights), numbers.shape[1]))
    for k, one in enumerate(weights):
        upto = np.cumsum(one[order], axis=0)
        at = (upto < 0.5 - _HALF).sum(axis=0).clip(max=len(numbers) - 1)
        after = (upto <= 0.5 + _HALF).sum(axis=0).clip(max=len(numbers) - 1)
        low = np.take_along_axis(ordered, at[None], axis=0)[0]
        high = np.take_along_axis(ordered, after[None], axis=0)[0]
        found[k] = np.where(at == after, low, (low + high) / 2)
    return found
