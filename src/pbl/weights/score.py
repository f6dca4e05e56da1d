"""Score each pillar's out-of-fold predictions, and a blend of them, against the truth.

The function behind `pbl score`, on arrays: the sheet comes from the reader, the result goes to the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.domain.values import finite
from pbl.weights import metrics
from pbl.weights._arithmetic import fix_arithmetic
from pbl.weights._methods import combine, prepare
from pbl.weights.cross_fit import baseline, fold_scores, mean_and_sd
from pbl.weights.errors import MetricDomainError
from pbl.weights.folds import Folds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pbl.domain.warned import Warned
    from pbl.weights._methods import Method
    from pbl.weights.metrics import Average, Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

BLEND = "blend"


@dataclass(frozen=True, kw_only=True)
class Score:
    """The score of one file, or of the blend (no file, but weights)."""

    pillar: str
    score: float | None
    per_target: Mapping[str, float | None]
    file: str | None = None
    fold_mean: float | None = None
    fold_sd: float | None = None
    weights: Mapping[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        own = {"file": self.file} if self.weights is None else {"weights": dict(self.weights)}
        return {
            "pillar": self.pillar,
            **own,
            "score": self.score,
            "fold_mean": self.fold_mean,
            "fold_sd": self.fold_sd,
            "per_target": dict(self.per_target),
        }


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What `score` found."""

    metric: str
    average: Average
    greater_is_better: bool | None
    """None for a metric file where nobody said."""
    rows: int
    samples: int
    baseline: Score | None
    scores: tuple[Score, ...]
    rows_left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        base = self.baseline
        table = {
            "metric": self.metric,
            "average": self.average,
            "greater_is_better": self.greater_is_better,
            "rows": self.rows,
            "samples": self.samples,
            "rows_left_out": dict(self.rows_left_out),
            "warnings": [each.to_json() for each in self.warnings],
            "baseline": base and {"score": base.score, "per_target": dict(base.per_target)},
            "scores": [each.to_json() for each in self.scores],
        }
        known: dict[str, Any] = finite(table)
        return known


def score(
    sheet: Sheet,
    metric: Metric,
    *,
    files: Mapping[str, str] | None = None,
    weights: Mapping[str, float] | None = None,
    method: Method = "mean",
    rows_left_out: Mapping[str, int] | None = None,
) -> Scores:
    """Return the score of every pillar, and of the blend if weights are given (any scale, sum above 0).

    Raises MetricDomainError, ParticipantVisible and MetricFileError.
    """
    with fix_arithmetic():
        found = [_pillar(sheet, metric, k, (files or {}).get(name)) for k, name in enumerate(sheet.pillars)]
        if weights is not None:
            found.append(_blend(sheet, metric, weights, method))
        return Scores(
            metric=metric.name,
            average=metric.average,
            greater_is_better=metric.greater_is_better,
            rows=sheet.rows,
            samples=len(sheet.samples),
            baseline=_baseline(sheet, metric),
            scores=tuple(found),
            rows_left_out=dict(rows_left_out or {}),
            warnings=metrics.find_doubts(sheet, metric),
        )


def _pillar(sheet: Sheet, metric: Metric, k: int, file: str | None) -> Score:
    name, numbers = sheet.pillars[k], np.asarray(sheet.predictions[k])
    metrics.check_domain(sheet, metric, numbers, file or name)
    mean, sd = _over_folds(sheet, metric, numbers, [name])
    return Score(
        pillar=name,
        file=file,
        score=metrics.score(sheet, metric, numbers),
        fold_mean=mean,
        fold_sd=sd,
        per_target=metrics.per_target(sheet, metric, numbers),
    )


def _over_folds(
    sheet: Sheet, metric: Metric, numbers: Floats, pillars: Sequence[str]
) -> tuple[float | None, float | None]:
    """Return the mean and deviation of the scores of folds; None where these pillars have none, or not the same."""
    known = [sheet.folds.get(name, sheet.folds.get("")) for name in pillars]
    labels = known[0]
    if labels is None or any(each is None or not np.array_equal(each, labels) for each in known):
        return None, None
    names, fold = np.unique(labels, return_inverse=True)
    row = np.repeat(fold.astype(np.intp), sheet.width)
    scores = fold_scores(sheet, metric, numbers[None], Folds(names=tuple(names), row=row, own=False))[:, 0]
    return mean_and_sd(scores)


def _blend(sheet: Sheet, metric: Metric, weights: Mapping[str, float], method: Method) -> Score:
    given = np.array([float(weights.get(name, 0.0)) for name in sheet.pillars])
    share = given / given.sum()
    blend = combine(prepare(sheet, method), share[None], method)[0]
    metrics.check_domain(sheet, metric, blend, "the blend")
    blended = [name for name, each in zip(sheet.pillars, share, strict=True) if each]
    mean, sd = _over_folds(sheet, metric, np.asarray(blend), blended)
    return Score(
        pillar=BLEND,
        weights={name: each for name, each in zip(sheet.pillars, share.tolist(), strict=True) if name in weights},
        score=metrics.score(sheet, metric, blend),
        fold_mean=mean,
        fold_sd=sd,
        per_target=metrics.per_target(sheet, metric, blend),
    )


def _baseline(sheet: Sheet, metric: Metric) -> Score | None:
    means, value = baseline(sheet, metric, None)
    if value is None:
        return None
    try:
        metrics.check_domain(sheet, metric, means, "the baseline")
    except MetricDomainError:
        return None
    return Score(pillar="baseline", score=value, per_target=metrics.per_target(sheet, metric, means))
