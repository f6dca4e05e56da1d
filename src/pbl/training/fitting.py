"""Hold what `fit` found: the fitted pillar, out-of-fold predictions and scores; frozen, known as JSON and as files.

Made by `fit`, read by the terminal and by the writer of files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.training._csv_bytes import csv_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pbl.domain.warned import Warned
    from pbl.training.fitted import Fitted

    Floats = NDArray[np.float64]

STACK, BASELINE = "stack", "baseline"


@dataclass(frozen=True, kw_only=True)
class ModelScore:
    """The cross-fitted score of a learner, of the stack or of the baseline; None where the metric isn't defined."""

    model: str
    score: float | None
    weight: float | None = None
    fold_sd: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        head = {"model": self.model, "score": self.score, "weight": self.weight}
        return head | ({"fold_sd": self.fold_sd} if self.model == STACK else {})


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """The stack's cross-fitted predictions (ids x columns), in order of id, with the fold of each id."""

    id_name: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    values: Floats
    folds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """What `fit` found."""

    fitted: Fitted
    metric: str
    greater_is_better: bool
    rows: int
    samples: int
    grouped_by: tuple[str, ...]
    groups: int
    folds: int
    baseline: ModelScore
    models: tuple[ModelScore, ...]
    oof: OutOfFold
    warnings: tuple[Warned, ...]

    @property
    def pillar(self) -> str:
        """Return the pillar's name."""
        return self.fitted.pillar

    def to_json(self, files: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
        """Return the public form, with the files that were written."""
        return {
            "pillar": self.pillar,
            "metric": self.metric,
            "greater_is_better": self.greater_is_better,
            "task": self.fitted.task,
            "rows": self.rows,
            "samples": self.samples,
            "features": sum(source.width for source in self.fitted.sources),
            "targets": list(self.fitted.targets),
            "groups": {"by": list(self.grouped_by), "count": self.groups, "folds": self.folds},
            "baseline": {"score": self.baseline.score},
            "models": [each.to_json() for each in self.models],
            "files": list(files),
            "warnings": [each.to_json() for each in self.warnings],
        }

    def tables(self) -> dict[str, bytes]:
        """Return the bytes of the out-of-fold file and of the table of scores by their names."""
        return {
            f"oof_{self.pillar}.csv": self._oof(),
            f"scores_{self.pillar}.csv": self._scores(),
        }

    def _oof(self) -> bytes:
        oof = self.oof
        rows = zip(oof.ids, oof.values.tolist(), oof.folds, strict=True)
        return csv_bytes(
            (oof.id_name, *oof.columns, "fold"), ([name, *map(repr, values), fold] for name, values, fold in rows)
        )

    def _scores(self) -> bytes:
        models = [*self.models, self.baseline]
        rows = ([self.pillar, each.model, "" if each.score is None else repr(each.score)] for each in models)
        return csv_bytes(("pillar", "model", "processed_cv"), rows)
