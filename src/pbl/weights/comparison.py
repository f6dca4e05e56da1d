"""What `compare` found, as frozen values with a JSON form.

`compare` makes them; `cli.show.compare` and `reporting` show them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pbl.domain.values import finite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.blending.residuals import Residuals

Same = Literal["copy", "affine"]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How numbers are spread: `sd` has n - 1, None of one number; `negative` is the share below 0."""

    mean: float
    sd: float | None
    min: float
    max: float
    negative: float

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {"mean": self.mean, "sd": self.sd, "min": self.min, "max": self.max, "negative": self.negative}


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """One pillar's numbers, over all rows and by target name."""

    pillar: str
    all: Spread
    per_target: Mapping[str, Spread]
    score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the public form, without a score."""
        targets = {name: each.to_json() for name, each in self.per_target.items()}
        return {"pillar": self.pillar, **self.all.to_json(), "per_target": targets}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The likeness of two pillars; a correlation with a constant one is None."""

    a: str
    b: str
    pearson: float | None
    spearman: float | None
    rmse: float
    max_abs_difference: float
    same: Same | None = None
    slope: float | None = None
    intercept: float | None = None
    """b = slope * a + intercept, where that is so."""
    error_pearson: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the public form, without the errors' correlation."""
        return {
            "a": self.a,
            "b": self.b,
            "pearson": self.pearson,
            "spearman": self.spearman,
            "rmse": self.rmse,
            "max_abs_difference": self.max_abs_difference,
            "same": self.same,
            "slope": self.slope,
            "intercept": self.intercept,
        }


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A row on which the pillars disagree: `range` is the largest number less the least."""

    id: str
    target: str | None
    """The target column, where there are several."""
    range: float
    values: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        where = {} if self.target is None else {"target": self.target}
        return {"id": self.id, **where, "range": self.range, "values": dict(self.values)}


@dataclass(frozen=True, kw_only=True)
class Change:
    """By how much the blend changes without a pillar; None if no blend is left."""

    pillar: str
    rmse: float | None
    max_abs: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {"pillar": self.pillar, "rmse": self.rmse, "max_abs": self.max_abs}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What `compare` found; `metric`, scores and errors are there with a truth only."""

    rows: int
    samples: int
    weights: Mapping[str, float]
    """Today's shares."""
    pillars: tuple[Numbers, ...]
    pairs: tuple[Pair, ...]
    disagreements: tuple[Disagreement, ...]
    leave_one_out: tuple[Change, ...]
    constraints: tuple[Residuals, ...] = field(default=())
    metric: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The reason of each pillar that takes no part; the shares are those of the others."""

    def to_json(self) -> dict[str, Any]:
        """Return the public form; a number too large for a double is null."""
        judged = self.metric is not None
        left_out = [{"pillar": name, "reason": reason} for name, reason in self.left_out.items()]
        table = {
            "rows": self.rows,
            "samples": self.samples,
            **({"metric": self.metric} if judged else {}),
            "weights": dict(self.weights),
            "pillars": [each.to_json() | ({"score": each.score} if judged else {}) for each in self.pillars],
            "pairs": [
                each.to_json() | ({"error_pearson": each.error_pearson} if judged else {}) for each in self.pairs
            ],
            "disagreements": [each.to_json() for each in self.disagreements],
            "leave_one_out": [each.to_json() for each in self.leave_one_out],
            **({"constraints": [each.to_json() for each in self.constraints]} if self.constraints else {}),
            **({"left_out": left_out} if left_out else {}),
        }
        known: dict[str, Any] = finite(table)
        return known
