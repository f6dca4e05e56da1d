"""The learners by name, and which of them a task takes.

Between `fit` and the modules that fit them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pbl.training._maps import Map
    from pbl.training.fitted import Task

    Floats = NDArray[np.float64]
    Fitter = Callable[[Floats, Floats, Sequence[str], int], Map]
    """Scaled features, targets, groups and seed become a map."""

OF_NUMBERS = ("ridge", "pls", "svr", "extra_trees")
OF_CHANCES = ("logistic", "svr", "extra_trees")


def choose_learners(task: Task, names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the learners that were named, or all of the task's; raise UsageError for one that it doesn't take."""
    known = OF_NUMBERS if task == "regression" else OF_CHANCES
    for name in names or ():
        if name not in known:
            raise UsageError(f"--learners {name}: for {task} there are {', '.join(known)}")
    return tuple(each for each in known if each in names) if names else known


def find_fitter(name: str, task: Task) -> Fitter:
    """Return what fits a learner for a task."""
    from pbl.training import _classifiers, _regressors

    chances = task != "regression"
    match name:
        case "ridge":
            return _regressors.fit_ridge
        case "pls":
            return _regressors.fit_pls
        case "svr" if chances:
            return partial(_fit_svc, shares=task == "multiclass")
        case "svr":
            return _regressors.fit_svr
        case "logistic":
            return _classifiers.fit_classes if task == "multiclass" else _classifiers.fit_logistic
        case _:
            return partial(_regressors.fit_extra_trees, chances=chances)


def _fit_svc(x: Floats, y: Floats, groups: Sequence[str], seed: int, *, shares: bool) -> Map:  # noqa: ARG001 - as all
    from pbl.training import _classifiers

    return _classifiers.fit_svc(x, y, groups, shares=shares)
