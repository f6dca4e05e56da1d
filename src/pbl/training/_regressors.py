"""Fit the learners of any numbers with scikit-learn: ridge, partial least squares, support vectors and trees.

Between scaled features and maps; `_classifiers` has those of 0 and 1. Rows come in the order of their samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.training._inner import INNER_FOLDS, choose
from pbl.training._maps import DEEPEST, Forest, Kernel, Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

_STRENGTHS = 10.0 ** np.arange(2, -7.5, -0.5)
"""Of ridge, times rows times features: the strongest first, so that it wins where none is better."""
_USUAL_STRENGTH = 8
_MOST_COMPONENTS = 20
_TREES = 150
_FEWEST_FEATURES, _MOST_FEATURES = 4, 100
"""That a node may choose from: a third of all, within these bounds."""
_LEAST_LEAF = 2
_MOST_LEAVES = 1_000
"""About so many a tree, however many rows there are."""


def fit_ridge(x: Floats, y: Floats, groups: Sequence[str], seed: int) -> Linear:  # noqa: ARG001 - as every learner
    """Return a ridge regression, the strength of each target chosen by inner folds."""
    from sklearn.linear_model import Ridge

    scaled, mean, sd = standardise(y)
    strengths = _STRENGTHS * x.size

    def losses(train: Integers, judge: Integers) -> Floats:
        return _ridge_losses(x[train], scaled[train], x[judge], scaled[judge], strengths)

    best = choose(groups, losses, _USUAL_STRENGTH, INNER_FOLDS)
    model = Ridge(alpha=np.broadcast_to(strengths[best], y.shape[1:])).fit(x, scaled)
    coef = model.coef_.reshape(y.shape[1], -1)
    return Linear.of(np.ascontiguousarray(coef.T) * sd, np.ravel(model.intercept_) * sd + mean)


def fit_pls(x: Floats, y: Floats, groups: Sequence[str], seed: int) -> Linear:  # noqa: ARG001 - as above
    """Return partial least squares of each target, the number of components chosen by inner folds."""
    scaled, mean, sd = standardise(y)
    most = min(_MOST_COMPONENTS, len(x) - 1, int(x.any(axis=0).sum()))
    x, axes = turn(x)
    coef = np.zeros((x.shape[1], y.shape[1]))
    centre = x.mean(axis=0)
    for t in range(y.shape[1]) if most > 0 else ():
        goal = scaled[:, t]

        def losses(train: Integers, judge: Integers, goal: Floats = goal) -> Floats:
            paths = _pls_path(x[train], goal[train], min(most, len(train) - 1))
            found = (x[judge] - x[train].mean(axis=0)) @ paths + goal[train].mean()
            loss = ((found - goal[judge, None]) ** 2).sum(axis=0)
            return np.append(loss, np.full(most - len(loss), np.inf))[:, None]

        best = int(choose(groups, losses, 0, INNER_FOLDS)[0])
        coef[:, t] = _pls_path(x, goal, best + 1)[:, -1]
    return Linear.of(axes @ coef * sd, mean - centre @ coef * sd)


def fit_svr(x: Floats, y: Floats, groups: Sequence[str], seed: int) -> Kernel:  # noqa: ARG001 - as above
    """Return support vector regressions with one RBF kernel, of scikit-learn's usual strength and tube."""
    from sklearn.svm import SVR

    scaled, mean, sd = standardise(y)
    gamma = kernel_width(x)
    kernel = rbf(x, x, gamma)
    dual, intercept = np.zeros(y.shape), np.zeros(y.shape[1])
    for t in range(y.shape[1]):
        model = SVR(kernel="precomputed").fit(kernel, scaled[:, t])
        dual[model.support_, t] = model.dual_coef_[0]
        intercept[t] = model.intercept_[0]
    used = dual.any(axis=1)
    ones = np.ones(y.shape[1])
    return Kernel(
        support=np.ascontiguousarray(x[used]),
        dual=dual[used] * sd,
        intercept=intercept * sd + mean,
        gamma=np.array([gamma]),
        slope=ones,
        offset=0 * ones,
        link="identity",
    )


def fit_extra_trees(
    x: Floats,
    y: Floats,
    groups: Sequence[str],  # noqa: ARG001 - as above
    seed: int,
    *,
    chances: bool,
) -> Forest:
    """Return extremely randomised trees of all targets together; of 0 and 1 their means are probabilities."""
    from sklearn.ensemble import ExtraTreesRegressor

    scaled, mean, sd = (y, np.zeros(y.shape[1]), np.ones(y.shape[1])) if chances else standardise(y)
    model = ExtraTreesRegressor(
        n_estimators=_TREES,
        max_features=min(x.shape[1], max(_FEWEST_FEATURES, min(_MOST_FEATURES, x.shape[1] // 3))),
        min_samples_leaf=max(_LEAST_LEAF, len(x) // _MOST_LEAVES),
        max_depth=DEEPEST,
        random_state=seed,
    ).fit(x, scaled if y.shape[1] > 1 else scaled[:, 0])
    return as_forest([each.tree_ for each in model.estimators_], mean, sd)


def as_forest(trees: Sequence[object], mean: Floats, sd: Floats) -> Forest:
    """Return scikit-learn's trees as arrays, in the units of the targets."""
    parts: dict[str, list[NDArray[np.generic]]] = {n: [] for n in ("feature", "threshold", "left", "right", "value")}
    start, leaves = [0], 0
    for tree in trees:
        left = np.array(tree.children_left)  # type: ignore[attr-defined] # scikit-learn has no types
        right, feature = np.array(tree.children_right), np.array(tree.feature)  # type: ignore[attr-defined]
        leaf = left < 0
        inner = np.flatnonzero(~leaf)
        own = np.zeros(len(left), dtype=np.int32)
        own[leaf] = leaves + np.arange(leaf.sum())
        own[inner] = left[inner] + start[-1]
        parts["left"].append(own)
        parts["right"].append(np.where(leaf, 0, right + start[-1]).astype(np.int32))
        parts["feature"].append(np.where(leaf, -1, feature).astype(np.int32))
        parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))  # type: ignore[attr-defined]
        parts["value"].append(tree.value[leaf][:, :, 0] * sd + mean)  # type: ignore[attr-defined]
        start.append(start[-1] + len(left))
        leaves += int(leaf.sum())
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return Forest(start=np.array(start, dtype=np.int32), **joined)  # type: ignore[arg-type] # each of its own type


def standardise(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return targets of mean 0 and deviation 1, their means, and their deviations: 0 for a constant one."""
    mean, sd = y.mean(axis=0), y.std(axis=0)
    constant = y.max(axis=0) == y.min(axis=0)
    mean, sd = np.where(constant, y[0], mean), np.where(constant, 0.0, sd)
    return (y - mean) / np.where(constant, 1.0, sd), mean, sd


def turn(x: Floats) -> tuple[Floats, Floats]:
    """Return rows in as few dimensions as they span, and the way back for coefficients, whose length stays."""
    if x.shape[1] <= x.shape[0]:
        return x, np.eye(x.shape[1])
    axes, triangle = np.linalg.qr(x.T)
    return np.ascontiguousarray(triangle.T), axes


def kernel_width(x: Floats) -> float:
    """Return gamma: one over the number of features that vary, which is scikit-learn's `scale` for scaled ones."""
    return 1.0 / max(1, int(x.any(axis=0).sum()))


def rbf(a: Floats, b: Floats, gamma: float) -> Floats:
    """Return exp(-gamma |a - b|^2) of all pairs of rows."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * (a @ b.T)
    return np.asarray(np.exp(-gamma * np.maximum(squares, 0.0)))


def _ridge_losses(x: Floats, y: Floats, judge_x: Floats, judge_y: Floats, strengths: Floats) -> Floats:
    """Return the squared errors of each strength and target, from one decomposition of the smaller product of x."""
    centre, mean = x.mean(axis=0), y.mean(axis=0)
    x, judge_x = x - centre, judge_x - centre
    wide = x.shape[1] > x.shape[0]
    values, vectors = np.linalg.eigh(x @ x.T if wide else x.T @ x)
    left = (judge_x @ x.T if wide else judge_x) @ vectors
    right = vectors.T @ ((y - mean) if wide else x.T @ (y - mean))
    values = np.maximum(values, 0.0)
    found = [((left / (values + each)) @ right + mean - judge_y) ** 2 for each in strengths]
    return np.array([errors.sum(axis=0) for errors in found])


def _pls_path(x: Floats, y: Floats, most: int) -> Floats:
    """Return the coefficients of 1, 2, ... components, features x components: each begins with the ones before it."""
    from sklearn.cross_decomposition import PLSRegression

    if most < 1 or y.max() == y.min():
        return np.zeros((x.shape[1], max(most, 1)))
    model = PLSRegression(n_components=most, scale=False).fit(x, y)
    return np.cumsum(model.x_rotations_ * model.y_loadings_[0], axis=1)
