"""Fit the learners of 0 and 1 with scikit-learn: logistic regression and support vectors that give probabilities.

Between scaled features and maps, beside `_regressors`; trees serve both. Each target by itself, or all as classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.training._inner import choose, inner_folds
from pbl.training._maps import Kernel, Linear
from pbl.training._regressors import kernel_width, rbf, turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

_STRENGTHS = 10.0 ** np.arange(-5.0, 2.5)
"""Of logistic regression, over the number of features: scikit-learn's C, the calmest first."""
_USUAL_STRENGTH = 3
_INNER_FOLDS = 3
_EPSILON = 1e-15
_STEEP = 1e6


def fit_logistic(x: Floats, y: Floats, groups: Sequence[str], seed: int) -> Linear:  # noqa: ARG001 - as every learner
    """Return a logistic regression of each target, its strength chosen by inner folds."""
    strengths = _STRENGTHS / max(1, x.shape[1] ** 0.5)
    coef, intercept = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
    turned, back = turn(x)

    def losses(train: Integers, judge: Integers) -> Floats:
        return np.stack([_path_losses(turned, y[:, t], train, judge, strengths) for t in range(y.shape[1])], axis=1)

    best = np.broadcast_to(choose(groups, losses, _USUAL_STRENGTH, _INNER_FOLDS), y.shape[1:])
    for t in range(y.shape[1]):
        if y[:, t].min() == y[:, t].max():
            intercept[t] = _prior(y[:, t])
            continue
        model = _logistic(strengths[best[t]]).fit(turned, y[:, t])
        coef[:, t] = back @ model.coef_[0]
        intercept[t] = model.intercept_[0]
    return Linear.of(coef, intercept, "sigmoid")


def fit_classes(x: Floats, y: Floats, groups: Sequence[str], seed: int) -> Linear:  # noqa: ARG001 - as above
    """Return a multinomial logistic regression, its strength chosen by inner folds."""
    strengths = _STRENGTHS / max(1, x.shape[1] ** 0.5)
    turned, back = turn(x)
    label = y.argmax(axis=1)

    def losses(train: Integers, judge: Integers) -> Floats:
        return _path_losses(turned, label, train, judge, strengths)[:, None]

    best = int(choose(groups, losses, _USUAL_STRENGTH, _INNER_FOLDS)[0])
    present = np.asarray(y.any(axis=0))
    coef, intercept = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
    if present.sum() > 1:
        model = _logistic(strengths[best]).fit(turned, label)
        several = len(model.coef_) > 1
        at = model.classes_ if several else model.classes_[1:]  # of two classes, the second against the first
        coef[:, at] = back @ model.coef_.T
        intercept[at] = model.intercept_
    return Linear(coef=coef, intercept=intercept, present=np.asarray(present, dtype=np.uint8), link="softmax")


def fit_svc(x: Floats, y: Floats, groups: Sequence[str], *, shares: bool) -> Kernel:
    """Return support vector machines with one RBF kernel, each target's probabilities by Platt's sigmoid.

    The sigmoid is fitted on decisions of inner folds, on rows that gave no support. Source: Platt (1999).
    """
    gamma = kernel_width(x)
    kernel = rbf(x, x, gamma)
    dual = np.zeros(y.shape)
    intercept, slope, offset = np.zeros((3, y.shape[1]))
    for t in range(y.shape[1]):
        goal = y[:, t]
        if goal.min() == goal.max():
            offset[t] = _prior(goal)
            continue
        decision = np.full(len(goal), np.nan)
        for train, judge in inner_folds(groups, _INNER_FOLDS):
            if goal[train].min() != goal[train].max():
                weights, bias = _machine(kernel[np.ix_(train, train)], goal[train])
                decision[judge] = kernel[np.ix_(judge, train)] @ weights + bias
        dual[:, t], intercept[t] = _machine(kernel, goal)
        judged = np.isfinite(decision)
        if not judged.any():
            decision, judged = kernel @ dual[:, t] + intercept[t], np.ones(len(goal), dtype=bool)
        slope[t], offset[t] = _sigmoid(decision[judged], goal[judged])
    used = dual.any(axis=1)
    return Kernel(
        support=np.ascontiguousarray(x[used]),
        dual=dual[used],
        intercept=intercept,
        gamma=np.array([gamma]),
        slope=slope,
        offset=offset,
        link="shares" if shares else "sigmoid",
    )


def _logistic(strength: float) -> Any:  # noqa: ANN401 - scikit-learn has no types
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=1_000, tol=1e-6)


def _path_losses(x: Floats, goal: NDArray[np.generic], train: Integers, judge: Integers, strengths: Floats) -> Floats:
    """Return the log loss of each strength, summed over the rows to judge by; each starts where the last one ended."""
    classes, place = np.unique(goal[train], return_inverse=True)
    known = np.searchsorted(classes, goal[judge])
    known = np.where(classes[np.minimum(known, len(classes) - 1)] == goal[judge], known, -1)
    if len(classes) == 1:
        return np.zeros(len(strengths))
    model = _logistic(1.0).set_params(warm_start=True)
    found = []
    for strength in strengths:
        chances = model.set_params(C=strength).fit(x[train], place).predict_proba(x[judge])
        true = np.where(known >= 0, chances[np.arange(len(judge)), known], 0.0)
        found.append(-np.log(np.maximum(true, _EPSILON)).sum())
    return np.array(found)


def _machine(kernel: Floats, goal: Floats) -> tuple[Floats, float]:
    """Return the dual coefficient of each row and the intercept, positive towards 1."""
    from sklearn.svm import SVC

    model = SVC(kernel="precomputed").fit(kernel, goal)
    weights = np.zeros(len(goal))
    weights[model.support_] = model.dual_coef_[0]
    return weights, float(model.intercept_[0])


def _sigmoid(decision: Floats, goal: Floats) -> tuple[float, float]:
    """Return slope and offset of Platt's sigmoid; a slope of 0 where decisions say nothing or the opposite."""
    high, low = float(goal.sum()), float((1 - goal).sum())
    share = np.where(goal == 1, (high + 1) / (high + 2), 1 / (low + 2))
    twice, label = np.tile(decision, 2)[:, None], np.repeat([1, 0], len(goal))
    model = _logistic(_STEEP).fit(twice, label, sample_weight=np.concatenate([share, 1 - share]))
    slope = float(model.coef_[0, 0])
    return (slope, float(model.intercept_[0])) if slope > 0 else (0.0, _prior(goal))


def _prior(goal: Floats) -> float:
    """Return the log odds of the mean, drawn a little to one half so that they are finite."""
    high = float(goal.sum()) + 0.5
    return float(np.log(high / (len(goal) + 1 - high)))
