"""Draw whole groups again and again, the same for every blend: standard errors, intervals and paired gains.

Between the scorers and the advice; source of the standard errors: the bootstrap of whole groups (cluster bootstrap); of
the intervals: Student's t with G - 1 degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pbl.weights import folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pbl.weights._scorers import Scorer
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

_SEED = 20_261
"""Any number would do; a fixed one gives the same digits each time."""
_LEVEL = 0.975
"""Of intervals of 95 %, which leave 2.5 % on either side."""

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """A paired difference of scores, positive where it is better, and its interval."""

    gain: float
    interval: Interval | None

    def to_json(self) -> dict[str, object]:
        """Return the public form."""
        return {"gain": self.gain, "interval": self.interval and list(self.interval)}


@dataclass(frozen=True, kw_only=True)
class Resamples:
    """Scores of k blends on all rows and on each resample, oriented so that higher is better."""

    whole: Floats
    drawn: Floats
    """Resamples x k."""
    groups: int

    @property
    def quantile(self) -> float:
        """Return t, the 97.5 % quantile of Student's t."""
        from scipy.special import stdtrit

        return float(stdtrit(self.groups - 1, _LEVEL))

    def se(self, k: int) -> float | None:
        """Return the standard error of a score, None where it isn't defined."""
        return self._se(self.drawn[:, k])

    def gain(self, k: int, over: int, quantile: float | None = None) -> Gain | None:
        """Return the gain of one blend over another, None where it isn't defined."""
        value = float(self.whole[k] - self.whole[over])
        if not np.isfinite(value):
            return None
        se = self._se(self.drawn[:, k] - self.drawn[:, over])
        reach = None if se is None else se * (self.quantile if quantile is None else quantile)
        return Gain(gain=value, interval=None if reach is None else (value - reach, value + reach))

    def critical_value(self, family: Sequence[int], over: int) -> float:
        """Return t, or the 97.5 % quantile of the largest of the family's standardised gains if that is larger.

        That is the single-step max-T of Westfall and Young: many candidates are more likely to have a lucky one.
        """
        largest = np.full(len(self.drawn), -np.inf)
        for k in family:
            gains = self.drawn[:, k] - self.drawn[:, over]
            se = self._se(gains)
            if se:
                standardised = (gains - (self.whole[k] - self.whole[over])) / se
                largest = np.fmax(largest, np.where(np.isfinite(standardised), standardised, -np.inf))
        largest = largest[np.isfinite(largest)]
        return max(self.quantile, float(np.quantile(largest, _LEVEL))) if len(largest) else self.quantile

    def _se(self, values: Floats) -> float | None:
        """Return the deviation over resamples, None if fewer than half have a score (chosen).

        The variance of a mean over resamples of G groups is (G - 1) / G of the unbiased one: hence the factor.
        """
        values = values[np.isfinite(values)]
        if len(values) < len(self.drawn) / 2:
            return None
        return float(values.std(ddof=1) * np.sqrt(self.groups / (self.groups - 1)))


def resample(sheet: Sheet, scorer: Scorer, blends: Floats, scores: Floats, sign: float) -> Resamples:
    """Return the resamples of k blends (k x n) whose scores on all rows are given."""
    bins, count = folds.bins(sheet)
    draws = scorer.resamples(len(blends))
    counts = np.random.default_rng(_SEED).multinomial(count, np.full(count, 1 / count), size=draws)
    drawn = scorer.score_resamples(blends, bins, counts.astype(np.float64))
    return Resamples(whole=sign * scores, drawn=sign * drawn, groups=count)
