"""Compute each plain metric of one run of rows with scikit-learn's formulas, without the second it takes to load.

Below `metrics`, which says over which rows; the tests hold every number to scikit-learn's within 1e-12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.weights.scaling import power_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

EPSILON = float(np.finfo(np.float64).eps)
"""What probabilities and divisors are held to."""


def r2(truth: Floats, guess: Floats, weights: Floats | None) -> float:
    """Return the share of the variance explained; of a constant truth 1 if it is hit, else 0."""
    truth, guess, _ = _bring_near_one(truth, guess)
    weights = np.ones(len(truth)) if weights is None else weights
    left, near = _sum_squares(truth - guess, weights)
    whole, wide = _sum_squares(truth - np.average(truth, weights=weights), weights)
    if whole == 0:
        return 1.0 if left == 0 else 0.0
    return 1 - left / whole * (wide / near) * (wide / near)


def rmse(truth: Floats, guess: Floats) -> float:
    """Return the root of the mean squared error."""
    truth, guess, size = _bring_near_one(truth, guess)
    total, near = _sum_squares(truth - guess)
    return float(np.sqrt(total / len(truth))) / near / size


def mae(truth: Floats, guess: Floats) -> float:
    """Return the mean absolute error."""
    truth, guess, size = _bring_near_one(truth, guess)
    return float(np.mean(np.abs(guess - truth))) / size


def medae(truth: Floats, guess: Floats) -> float:
    """Return the median absolute error."""
    truth, guess, size = _bring_near_one(truth, guess)
    return float(np.median(np.abs(guess - truth))) / size


def mape(truth: Floats, guess: Floats) -> float:
    """Return the mean error as a share of the truth's size."""
    with np.errstate(over="ignore"):  # such a mean is no number, and is none
        return float(np.mean(np.abs(guess - truth) / np.maximum(np.abs(truth), EPSILON)))


def rmsle(truth: Floats, guess: Floats) -> float:
    """Return the rmse of log(1 + x)."""
    return rmse(np.log1p(truth), np.log1p(guess))


def logloss(truth: Floats, guess: Floats) -> float:
    """Return the mean logarithm of the chance given to what was so, turned round; the truth is 0 and 1."""
    held = np.clip(guess, EPSILON, 1 - EPSILON)
    return float(-np.mean(np.log(np.where(truth == 1, held, 1 - held))))


def class_logloss(label: Integers, shares: Floats) -> float:
    """Return the same of each id's class; `shares` are ids x classes, each id's of sum 1."""
    held = np.clip(shares[np.arange(len(label)), label], EPSILON, 1 - EPSILON)
    return float(-np.mean(np.log(held)))


def accuracy(truth: Floats, guess: Floats) -> float:
    """Return the share of rows on the right side of 0.5; the truth is 0 and 1."""
    return float(np.mean((guess > 0.5) == (truth == 1)))  # noqa: PLR2004 - the middle


def auc(high: Floats, low: Floats) -> float:
    """Return the share of (high, low) pairs in order, ties as a half; exact but for one division."""
    if not len(high) or not len(low):
        return float("nan")
    few, many = (high, low) if len(high) <= len(low) else (low, high)
    few, many = np.sort(few), np.sort(many)
    below = np.searchsorted(many, few, "left").sum() + np.searchsorted(many, few, "right").sum()
    pairs = 2 * len(few) * len(many)
    return float((below if len(high) <= len(low) else pairs - below) / pairs)


def _bring_near_one(truth: Floats, guess: Floats) -> tuple[Floats, Floats, float]:
    """Return both multiplied by one power of two, and that power; it is 1 for numbers of ordinary size.

    So no difference and no sum is infinite.
    """
    size = power_for(float(max(np.abs(truth).max(initial=0.0), np.abs(guess).max(initial=0.0))))
    return (truth, guess, size) if size == 1 else (truth * size, guess * size, size)


def _sum_squares(numbers: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """Return the sum of the squares of numbers multiplied by a power of two, and that power: mostly 1."""
    size = power_for(float(np.abs(numbers).max(initial=0.0)))
    squares = (numbers if size == 1 else numbers * size) ** 2
    return float((squares if weights is None else weights * squares).sum()), size
