from __future__ import annotations

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVC, SVR

from pbl.training import _classifiers, _regressors
from pbl.training._cross_fit import find_scaling
from pbl.training._inner import inner_folds
from pbl.training._regressors import kernel_width, rbf, standardise
from pbl.training._threads import quiet_threads
from pbl.training.fitted import apply_map

X, Y = load_diabetes(return_X_y=True)
X, Y = X[:150], np.stack([Y[:150], 0.01 * X[:150, 2] ** 2 + Y[:150] ** 0.5], axis=1)
TRAIN, TEST = slice(0, 100), slice(100, 150)
SCALING = find_scaling(X[TRAIN])
SCALED, OTHER = SCALING.apply(X[TRAIN]), SCALING.apply(X[TEST])
GROUPS = [f"g{k // 4}" for k in range(100)]
BINARY = np.stack([Y[:, 0] > 140, X[:, 2] > 0.01], axis=1).astype(float)


@pytest.fixture(autouse=True)
def _quiet():
    with quiet_threads(1):
        yield


@pytest.fixture
def models(monkeypatch):
    """The models that scikit-learn fitted, in order."""
    found = []

    def watch(kind):
        fit = kind.fit

        def watched(self, *given, **named):
            found.append(self)
            return fit(self, *given, **named)

        monkeypatch.setattr(kind, "fit", watched)

    for kind in (Ridge, PLSRegression, SVR, SVC, LogisticRegression, ExtraTreesRegressor):
        watch(kind)
    return found


def _units(predictions, y=Y):
    _, mean, sd = standardise(y[TRAIN])
    return predictions * sd + mean


def test_ridge_predicts_as_scikit_learn_does(models):
    learnt = _regressors.fit_ridge(SCALED, Y[TRAIN], GROUPS, 0)
    assert apply_map(learnt, SCALING, X[TEST]) == pytest.approx(_units(models[-1].predict(OTHER)), abs=1e-9)


def test_partial_least_squares_predict_as_scikit_learn_does_with_the_chosen_components(models):
    learnt = _regressors.fit_pls(SCALED, Y[TRAIN], GROUPS, 0)
    last = [m for m in models if len(m.predict(SCALED)) == 100 and m.x_scores_.shape[0] == 100]
    expected = np.stack([np.ravel(each.predict(OTHER)) for each in last], axis=1)
    assert apply_map(learnt, SCALING, X[TEST]) == pytest.approx(_units(expected), abs=1e-9)


def test_a_path_of_components_begins_with_the_shorter_ones():
    y = standardise(Y[TRAIN])[0][:, 0]
    whole = _regressors._pls_path(SCALED, y, 8)  # noqa: SLF001
    for count in (1, 3, 8):
        model = PLSRegression(n_components=count, scale=False).fit(SCALED, y)
        assert SCALED @ whole[:, count - 1] == pytest.approx(np.ravel(model.predict(SCALED)), abs=1e-9)


def test_support_vector_regression_predicts_as_scikit_learn_does(models):
    learnt = _regressors.fit_svr(SCALED, Y[TRAIN], GROUPS, 0)
    kernel = rbf(OTHER, SCALED, kernel_width(SCALED))
    expected = np.stack([each.predict(kernel) for each in models], axis=1)
    assert apply_map(learnt, SCALING, X[TEST]) == pytest.approx(_units(expected), abs=1e-9)
    plain = SVR(gamma="scale").fit(SCALED, standardise(Y[TRAIN])[0][:, 0]).predict(OTHER)
    assert expected[:, 0] == pytest.approx(plain, abs=5e-3)


@pytest.mark.parametrize("y", [Y, Y[:, :1], BINARY])
def test_trees_predict_as_scikit_learn_does(models, y):
    learnt = _regressors.fit_extra_trees(SCALED, y[TRAIN], GROUPS, 0, chances=y is BINARY)
    expected = models[-1].predict(OTHER).reshape(50, -1)
    expected = expected if y is BINARY else _units(expected, y)
    assert apply_map(learnt, SCALING, X[TEST]) == pytest.approx(expected, abs=1e-9)


def test_logistic_regression_predicts_as_scikit_learn_does(models):
    learnt = _classifiers.fit_logistic(SCALED, BINARY[TRAIN], GROUPS, 0)
    expected = np.stack([each.predict_proba(OTHER)[:, 1] for each in models[-2:]], axis=1)
    assert apply_map(learnt, SCALING, X[TEST]) == pytest.approx(expected, abs=1e-9)


def test_more_features_than_rows_lead_to_the_same_logistic_regression(models):
    wide = np.hstack([SCALED, np.random.default_rng(0).normal(size=(100, 200))])
    learnt = _classifiers.fit_logistic(wide, BINARY[TRAIN, :1], GROUPS, 0)
    model = LogisticRegression(C=models[-1].C, tol=1e-8, max_iter=10_000).fit(wide, BINARY[TRAIN, 0])
    assert learnt.apply(wide)[:, 0] == pytest.approx(model.predict_proba(wide)[:, 1], abs=1e-4)


def test_classes_are_predicted_as_scikit_learn_does_and_absent_ones_have_no_chance(models):
    x, label = load_iris(return_X_y=True)
    for classes in (3, 2, 1):
        rows = label < classes
        y = np.eye(3)[label]
        scaling = find_scaling(x[rows])
        learnt = _classifiers.fit_classes(scaling.apply(x[rows]), y[rows], [str(k) for k in range(rows.sum())], 0)
        found = apply_map(learnt, scaling, x)
        assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)
        assert not found[:, classes:].any()
        if classes > 1:
            expected = models[-1].predict_proba(scaling.apply(x))
            assert found[:, :classes] == pytest.approx(expected, abs=1e-9)


def test_support_vector_machines_decide_as_scikit_learn_does_and_their_chances_rise_with_it(models):
    learnt = _classifiers.fit_svc(SCALED, BINARY[TRAIN], GROUPS, shares=False)
    machines = [each for each in models if isinstance(each, SVC) and each.shape_fit_[0] == 100]
    kernel = rbf(OTHER, SCALED, kernel_width(SCALED))
    found = apply_map(learnt, SCALING, X[TEST])
    for t, machine in enumerate(machines):
        decision = machine.decision_function(kernel)
        chance = 1 / (1 + np.exp(-(learnt.slope[t] * decision + learnt.offset[t])))
        assert found[:, t] == pytest.approx(chance, abs=1e-9)
        assert learnt.slope[t] > 0


def test_chances_of_a_support_vector_machine_are_calibrated():
    x, y = load_breast_cancer(return_X_y=True)
    scaling = find_scaling(x[:300])
    groups = [str(k) for k in range(300)]
    learnt = _classifiers.fit_svc(scaling.apply(x[:300]), y[:300, None].astype(float), groups, shares=False)
    chance = apply_map(learnt, scaling, x[300:])[:, 0]
    assert -np.log(np.where(y[300:] == 1, chance, 1 - chance)).mean() < 0.12


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize(
    "fitter", [_classifiers.fit_logistic, lambda x, y, g, _: _classifiers.fit_svc(x, y, g, shares=False)]
)
def test_a_class_that_is_never_or_always_seen_is_nearly_sure(fitter, value):
    y = np.full((100, 1), value)
    found = apply_map(fitter(SCALED, y, GROUPS, 0), SCALING, X[TEST])
    assert np.abs(found - value).max() < 0.01


@pytest.mark.parametrize("name", ["fit_ridge", "fit_pls", "fit_svr"])
def test_a_constant_target_is_predicted_exactly(name):
    y = np.stack([Y[TRAIN, 0], np.full(100, 0.1)], axis=1)
    found = apply_map(getattr(_regressors, name)(SCALED, y, GROUPS, 0), SCALING, X[TEST])
    assert (found[:, 1] == 0.1).all()


@pytest.mark.parametrize("name", ["fit_ridge", "fit_pls", "fit_svr"])
def test_features_that_never_vary_say_the_mean_or_near_it(name):
    scaling = find_scaling(np.full((100, 3), 0.1))
    x = np.full((5, 3), 7.0)
    zeros = np.zeros((100, 3))
    assert (scaling.apply(x) == 0).all()
    found = apply_map(getattr(_regressors, name)(zeros, Y[TRAIN], GROUPS, 0), scaling, x)
    assert (np.abs(found - Y[TRAIN].mean(axis=0)) < Y[TRAIN].std(axis=0)).all()


def test_inner_folds_keep_groups_whole_and_one_group_has_none():
    for train, judge in inner_folds(GROUPS):
        assert not {GROUPS[k] for k in train} & {GROUPS[k] for k in judge}
    assert sum(len(judge) for _, judge in inner_folds(GROUPS)) == 100
    assert list(inner_folds(["a", "a"])) == []
    assert _regressors.fit_ridge(SCALED, Y[TRAIN], ["a"] * 100, 0).coef.shape == (10, 2)


def test_ridge_of_the_smaller_product_is_ridge():
    for features in (5, 80):
        x, y = np.random.default_rng(features).normal(size=(50, features)), Y[:50]
        losses = _regressors._ridge_losses(x[:40], y[:40], x[40:], y[40:], np.array([0.1, 10.0]))  # noqa: SLF001
        for strength, found in zip((0.1, 10.0), losses, strict=True):
            model = Ridge(alpha=strength).fit(x[:40], y[:40])
            assert found == pytest.approx(((model.predict(x[40:]) - y[40:]) ** 2).sum(axis=0), rel=1e-8)
