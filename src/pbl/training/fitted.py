"""Hold a fitted pillar: what was learnt on all samples, and what it was learnt from; it predicts by numpy alone.

Between `fit`, which makes it, and `predict`, which applies it, perhaps on another machine; `fitted_file` keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from pbl.training.errors import FittedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pbl.training._maps import Map
    from pbl.training.features import Source

    Floats = NDArray[np.float64]

Task = Literal["regression", "binary", "multiclass"]
TASKS: tuple[Task, ...] = get_args(Task)

BLOCK = 64
"""Rows that are predicted at a time, always so many: a sum's last bit may depend on the shape of its arrays."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How rows are named: ids of sample, separator and target in one column, or a sample's id and a column a target."""

    id: str
    columns: tuple[str, ...]
    separator: str | None = None
    """None where each target has its column."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Features are lessened by their mean and multiplied by a factor: 1 / sd, or 0 for what was constant."""

    mean: Floats
    factor: Floats

    def apply(self, values: Floats) -> Floats:
        """Return scaled features."""
        return np.asarray((values - self.mean) * self.factor)


@dataclass(frozen=True, kw_only=True)
class Learner:
    """A learner: its name, its weight in the stack, and what it has learnt."""

    name: str
    weight: float
    map: Map


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted pillar; predictions are rows x targets, in the order of `targets`."""

    pillar: str
    task: Task
    form: Form
    targets: tuple[str, ...]
    sources: tuple[Source, ...]
    scaling: Scaling
    learners: tuple[Learner, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    """What it was fitted with, by library."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each file that `fit` wrote with it, by name."""

    def predict(self, values: Floats) -> Floats:
        """Return the predictions of rows of features; raise FittedError if one isn't finite."""
        found = np.zeros((len(values), len(self.targets)))
        with np.errstate(all="ignore"):
            for each in self.learners:
                if each.weight > 0:
                    found += each.weight * apply_map(each.map, self.scaling, values)
            found = as_chances(found, self.task)
        if not np.isfinite(found).all():
            raise FittedError("leads to predictions that aren't finite")
        return found


def apply_map(learnt: Map, scaling: Scaling, values: Floats) -> Floats:
    """Return rows x targets of rows of unscaled features, block by block, the last one filled up with zeros."""
    parts = []
    with np.errstate(all="ignore"):  # what isn't finite in the end is refused by whoever asked
        for at in range(0, max(1, len(values)), BLOCK):
            rows = values[at : at + BLOCK]
            block = np.zeros((BLOCK, values.shape[1]))
            block[: len(rows)] = scaling.apply(rows)
            parts.append(learnt.apply(block)[: len(rows)])
    return np.vstack(parts)


def as_chances(values: Floats, task: Task) -> Floats:
    """Return a task's predictions without what rounding did: 0 to 1, and of classes a sum of 1."""
    if task == "regression":
        return values
    held = np.clip(values, 0.0, 1.0)
    if task == "binary":
        return held
    return np.asarray(held / held.sum(axis=1, keepdims=True))
