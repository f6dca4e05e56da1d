"""Say whether a blend is right on average: tenths of its predictions against the mean residual, or against the rate.

Made of the sheet of out-of-fold files; the report draws it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.weights._methods import combine, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pbl.weights._methods import Method
    from pbl.weights._resample import Interval
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

_TENTHS = 10
"""As in the deciles of risk of Hosmer and Lemeshow; fewer rows than that are one each."""
_LEVEL = 0.975
"""Of intervals of 95 %, which leave 2.5 % on either side."""
_Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution, for Wilson's interval."""


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """Rows whose predictions lie next to each other: their mean prediction, and what the truth says there."""

    rows: int
    low: float
    high: float
    prediction: float
    truth: float
    residual: float
    """The mean of truth less prediction: above 0 the blend is too low."""
    interval: Interval | None
    """Of the residual; of the truth's rate where predictions are probabilities. None where nothing can be said."""

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {
            "rows": self.rows,
            "low": self.low,
            "high": self.high,
            "prediction": self.prediction,
            "truth": self.truth,
            "residual": self.residual,
            "interval": self.interval and list(self.interval),
        }


@dataclass(frozen=True, kw_only=True)
class Tenths:
    """The tenths of a blend; `probabilities` where the truth is 0 or 1 and the blend lies between."""

    probabilities: bool
    tenths: tuple[Tenth, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {"probabilities": self.probabilities, "tenths": [each.to_json() for each in self.tenths]}


def find_tenths(sheet: Sheet, weights: Mapping[str, float] | None, method: Method, *, sure: bool) -> Tenths:
    """Return the tenths of a blend, with intervals if `sure`; equal predictions stay in order of id.

    Residuals of one group go together: the standard error is of sums over groups.
    """
    given = np.array([1.0 if weights is None else weights.get(name, 0.0) for name in sheet.pillars])
    blend = combine(prepare(sheet, method), (given / given.sum())[None], method)[0]
    truth = sheet.truth
    probabilities = bool(np.isin(truth, (0.0, 1.0)).all() and blend.min() >= 0 and blend.max() <= 1)
    order = np.argsort(blend, kind="stable")
    found = []
    for rows in np.array_split(order, min(_TENTHS, len(order))):
        guessed, true = blend[rows], truth[rows]
        interval = None
        if probabilities:
            interval = _wilson(float(true.sum()), len(rows))
        elif sure:
            interval = _by_groups(true - guessed, sheet.group[rows])
        found.append(
            Tenth(
                rows=len(rows),
                low=float(guessed[0]) + 0.0,
                high=float(guessed[-1]) + 0.0,
                prediction=_mean(guessed),
                truth=_mean(true),
                residual=_mean(true - guessed),
                interval=interval,
            )
        )
    return Tenths(probabilities=probabilities, tenths=tuple(found))


def _mean(values: Floats) -> float:
    return math.fsum(values.tolist()) / len(values) + 0.0


def _by_groups(residuals: Floats, group: Integers) -> Interval | None:
    """Return the 95 % interval of a mean whose rows come in groups; None of one group.

    The standard error is the cluster-robust one (Liang and Zeger) with the factor G / (G - 1), the quantile Student's t
    with G - 1 degrees of freedom.
    """
    from scipy.special import stdtrit

    _, place = np.unique(group, return_inverse=True)
    count = int(place.max()) + 1
    if count < 2:  # noqa: PLR2004 - one group says nothing of others
        return None
    mean = _mean(residuals)
    sums = np.bincount(place, weights=residuals - mean)
    se = math.sqrt(math.fsum((sums * sums).tolist()) * count / (count - 1)) / len(residuals)
    reach = se * float(stdtrit(count - 1, _LEVEL))
    return (mean - reach, mean + reach)


def _wilson(hits: float, rows: int) -> Interval:
    """Return Wilson's 95 % interval of a rate, the score interval without correction for continuity."""
    rate, square = hits / rows, _Z * _Z
    centre = (rate + square / (2 * rows)) / (1 + square / rows)
    reach = _Z / (1 + square / rows) * math.sqrt(rate * (1 - rate) / rows + square / (4 * rows * rows))
    return (max(0.0, centre - reach), min(1.0, centre + reach))
