"""Hold what `tune` found: candidates, doubts and advice; frozen, and known as JSON.

Made by `tune`, read by the terminal, the writer of `pbl.toml` and the report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pbl.domain.target_weights import weights_json
from pbl.domain.values import finite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.domain.target_weights import Weights
    from pbl.domain.warned import Warned
    from pbl.weights._advice import Advice
    from pbl.weights._methods import Method
    from pbl.weights._resample import Gain, Interval
    from pbl.weights._suspects import Suspect
    from pbl.weights.metrics import Average


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to blend: weights fitted on all rows, scores of rows they were not fitted on."""

    name: str
    method: Method
    weights: Weights
    score: float | None
    se: float | None
    interval: Interval | None
    fold_mean: float | None
    fold_sd: float | None
    in_sample: float | None
    """Never shown in a table: the score on the rows of the fit flatters."""
    gain_over_equal: Gain | None
    gain_over_current: Gain | None
    as_given: bool = False
    """Whether the weights are today's, and may have been fitted on these rows."""

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {
            "name": self.name,
            "method": self.method,
            "weights": weights_json(self.weights),
            "score": self.score,
            "se": self.se,
            "interval": self.interval and list(self.interval),
            "fold_mean": self.fold_mean,
            "fold_sd": self.fold_sd,
            "in_sample": self.in_sample,
            "as_given": self.as_given,
            "gain_over_equal": self.gain_over_equal and self.gain_over_equal.to_json(),
            "gain_over_current": self.gain_over_current and self.gain_over_current.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class FoldWeights:
    """The tuned weights fitted without one fold."""

    fold: str
    weights: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the public form; folds that are numbers are numbers there."""
        number = self.fold.isdecimal() and str(int(self.fold)) == self.fold
        return {"fold": int(self.fold) if number else self.fold, "weights": dict(self.weights)}


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """The cross-fitted score of the tuned weights of the others; a positive change is better without the pillar."""

    pillar: str
    score: float | None
    change: float | None
    interval: Interval | None = None
    """Of the change, where it was asked for; the public form is without it."""

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {"pillar": self.pillar, "score": self.score, "change": self.change}


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What `tune` found."""

    metric: str
    average: Average
    greater_is_better: bool
    rows: int
    samples: int
    grouped_by: tuple[str, ...]
    groups: int
    folds: int
    pillars: tuple[str, ...]
    baseline: float | None
    candidates: tuple[Candidate, ...]
    fold_weights: tuple[FoldWeights, ...]
    leave_one_out: tuple[LeftOut, ...]
    suspicious: tuple[Suspect, ...]
    warnings: tuple[Warned, ...]
    advice: Advice
    rows_left_out: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The reason of each pillar that takes no part."""

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        table = {
            "metric": self.metric,
            "average": self.average,
            "greater_is_better": self.greater_is_better,
            "rows": self.rows,
            "samples": self.samples,
            "rows_left_out": dict(self.rows_left_out),
            "groups": {"by": list(self.grouped_by), "count": self.groups, "folds": self.folds},
            "pillars": list(self.pillars),
            "left_out": [{"pillar": name, "reason": reason} for name, reason in self.left_out.items()],
            "baseline": None if self.baseline is None else {"score": self.baseline},
            "candidates": [each.to_json() for each in self.candidates],
            "folds": [each.to_json() for each in self.fold_weights],
            "leave_one_out": [each.to_json() for each in self.leave_one_out],
            "suspicious": [each.to_json() for each in self.suspicious],
            "warnings": [each.to_json() for each in self.warnings],
            "advice": self.advice.to_json(),
        }
        known: dict[str, Any] = finite(table)
        return known
