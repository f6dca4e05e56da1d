"""Predict each fold by learners fitted on the others, and stack them with weights of the others too.

Between `fit` and the learners: what comes out here, and nothing else, is scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.errors import UsageError
from pbl.training.fitted import Scaling, apply_map, as_chances
from pbl.training.learners import find_fitter
from pbl.weights import simplex
from pbl.weights.metrics import SQUARED, row_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pbl.training._maps import Map
    from pbl.training._targets import Targets
    from pbl.training.fitted import Task
    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be learnt: `x` (samples x numbers) leads to the targets of `goal`."""

    x: Floats
    goal: Targets
    task: Task
    seed: int


def find_scaling(values: Floats) -> Scaling:
    """Return the mean of each feature and the factor that gives it deviation 1; 0 where it is constant."""
    with np.errstate(all="ignore"):
        mean, sd = values.mean(axis=0), values.std(axis=0)
        varies = values.max(axis=0) > values.min(axis=0)
        factor = np.where(varies & (sd > 0), 1 / np.where(sd > 0, sd, 1.0), 0.0)
    if not (np.isfinite(mean).all() and np.isfinite(factor).all() and np.isfinite(sd).all()):
        raise UsageError("some features are too large or too small to be scaled; give them in another unit")
    return Scaling(mean=mean, factor=factor)


def fit_learner(work: Work, name: str, scaling: Scaling, rows: Integers) -> Map:
    """Return what a learner learns from some samples, whose scaling is given."""
    groups = [work.goal.group[row] for row in rows]
    fitter = find_fitter(name, work.task)
    learnt = fitter(scaling.apply(work.x[rows]), work.goal.values[rows], groups, work.seed)
    if not all(np.isfinite(array).all() for array in learnt.arrays().values()):
        raise UsageError(f"{name} finds no finite answer on these features")
    return learnt


def out_of_fold(work: Work, learners: Sequence[str], advance: Callable[[], None]) -> Floats:
    """Return learners x samples x targets: each fold by what was learnt, scaling too, on the others."""
    fold = work.goal.fold
    found = np.zeros((len(learners), *work.goal.values.shape))
    for f in range(int(fold.max()) + 1):
        train, judge = np.flatnonzero(fold != f), np.flatnonzero(fold == f)
        scaling = find_scaling(work.x[train])
        for k, name in enumerate(learners):
            learnt = fit_learner(work, name, scaling, train)
            with np.errstate(all="ignore"):
                found[k, judge] = as_chances(apply_map(learnt, scaling, work.x[judge]), work.task)
            advance()
    if not np.isfinite(found).all():
        raise UsageError("a prediction isn't finite: some features are of another size in one fold than in the others")
    return found


def other_means(goal: Targets) -> Floats:
    """Return samples x targets: each target's mean over the other folds."""
    found = np.zeros(goal.values.shape)
    for f in range(int(goal.fold.max()) + 1):
        found[goal.fold == f] = goal.values[goal.fold != f].mean(axis=0)
    return found


def stack_weights(work: Work, predictions: Floats, scale: Floats, without: int | None = None) -> Floats:
    """Return a weight a learner, of sum 1: the least squared error of all targets on the rows outside a fold.

    `scale` (targets) says how much an error of each counts. Of regressions halfway to equal weights.
    """
    goal = work.goal
    rows = np.ones(len(goal.samples), dtype=bool) if without is None else goal.fold != without
    errors = (predictions[:, rows] - goal.values[rows]) * scale
    found = simplex.minimise(np.ascontiguousarray(errors.reshape(len(predictions), -1).T))
    return (found + 1 / len(found)) / 2 if work.task == "regression" else found


def stack_folds(work: Work, predictions: Floats, scale: Floats) -> Floats:
    """Return samples x targets: each fold with the weights of the others."""
    fold = work.goal.fold
    found = np.zeros(work.goal.values.shape)
    for f in range(int(fold.max()) + 1):
        weights = stack_weights(work, predictions, scale, without=f)
        found[fold == f] = np.tensordot(weights, predictions[:, fold == f], axes=1)
    return as_chances(found, work.task)


def error_scale(sheet: Sheet, metric: Metric, goal: Targets) -> Floats:
    """Return how much an error of each target counts in the metric's squared error: row weights, or 1 / deviation."""
    weights = row_weights(sheet, metric)
    if metric.average == "targets" and metric.name in SQUARED:
        sd = goal.values.std(axis=0)
        return np.where(sd > 0, 1 / np.where(sd > 0, sd, 1.0), 0.0) if metric.name != "rmse" else np.ones(len(sd))
    if weights is None:
        return np.ones(len(goal.names))
    scale = np.zeros(len(goal.names))
    scale[goal.places[1]] = np.sqrt(weights)
    return scale
