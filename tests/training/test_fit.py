from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_linnerud
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.training import TRUTH, features, fitted_on, long_sheet, names, scores, wide_sheet

from pbl.domain.errors import FindingsError, UsageError
from pbl.training._cross_fit import Work, error_scale, stack_folds, stack_weights
from pbl.training._targets import arrange, find_task
from pbl.training.fit import fit
from pbl.training.fitted_file import encode
from pbl.weights.folds import named_folds, own_folds
from pbl.weights.metrics import make_metric
from pbl.weights.sheet import make_sheet

RNG = np.random.default_rng(3)
X, Y = load_diabetes(return_X_y=True)
ROWS = RNG.permutation(len(X))[:200]
X, Y = X[ROWS], Y[ROWS, None]
QUICK = ("ridge", "svr")


@pytest.fixture(autouse=True)
def same_numbers_each_time(monkeypatch):
    """Have each test draw the same numbers, whichever ran before it."""
    monkeypatch.setattr(sys.modules[__name__], "RNG", np.random.default_rng(3))


@pytest.fixture(scope="module")
def diabetes():
    return fitted_on(X, long_sheet(Y, ["t"]))


def test_the_stack_is_no_worse_than_a_plain_ridge(diabetes):
    fold = own_folds(long_sheet(Y, ["t"]), 5).row
    plain = np.zeros(len(Y))
    for f in range(5):
        model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 5, 30))).fit(X[fold != f], Y[fold != f, 0])
        plain[fold == f] = model.predict(X[fold == f])
    assert scores(diabetes)["stack"] > r2_score(Y, plain) - 0.03


def test_the_stacks_score_is_that_of_its_file(diabetes):
    lines = diabetes.tables()["oof_p.csv"].decode().splitlines()
    assert lines[0] == "sample_id,target,fold"
    cells = [line.split(",") for line in lines[1:]]
    assert [cell[0] for cell in cells] == [f"{name}__t" for name in names(len(Y))]
    assert r2_score(Y, [float(cell[1]) for cell in cells]) == pytest.approx(scores(diabetes)["stack"], abs=1e-12)
    assert {cell[2] for cell in cells} == set("01234")


def test_the_baseline_is_the_mean_of_the_other_folds(diabetes):
    fold = own_folds(long_sheet(Y, ["t"]), 5).row
    means = [Y[fold != f].mean() for f in fold]
    assert diabetes.baseline.score == pytest.approx(r2_score(Y, means), abs=1e-12)


def test_the_table_of_scores_has_each_learner_the_stack_and_the_baseline(diabetes):
    lines = diabetes.tables()["scores_p.csv"].decode().splitlines()
    assert lines[0] == "pillar,model,processed_cv"
    found = {line.split(",")[1]: float(line.split(",")[2]) for line in lines[1:]}
    assert list(found) == ["ridge", "pls", "svr", "extra_trees", "stack", "baseline"]
    assert {**scores(diabetes), "baseline": diabetes.baseline.score} == found


def test_the_result_is_known_as_json(diabetes):
    found = diabetes.to_json()
    assert (found["pillar"], found["metric"], found["task"]) == ("p", "r2", "regression")
    assert (found["rows"], found["samples"], found["features"], found["targets"]) == (200, 200, 10, ["t"])
    assert found["groups"] == {"by": ["sample"], "count": 200, "folds": 5}
    assert sum(each["weight"] for each in found["models"][:-1]) == pytest.approx(1, abs=1e-12)
    assert found["models"][-1]["weight"] is None
    assert found["models"][-1]["fold_sd"] > 0
    assert min(each["weight"] for each in found["models"][:-1]) >= 1 / 8 - 1e-12


def test_neither_rows_nor_their_order_nor_the_layout_of_arrays_change_a_byte():
    y = np.hstack([Y, RNG.normal(size=Y.shape)])[:90]
    x, first = X[:90], fitted_on(X[:90], wide_sheet(y, ["b", "a"]), learners=["ridge", "extra_trees"])
    order = RNG.permutation(90)
    shuffled = wide_sheet(y[order], ["b", "a"], samples=[names(90)[k] for k in order])
    again = fitted_on(np.asfortranarray(x), shuffled, learners=["extra_trees", "ridge"])
    assert encode(again.fitted) == encode(first.fitted)
    assert again.tables() == first.tables()


def test_another_process_writes_the_same_bytes():
    code = (
        "import sys, hashlib; sys.path[:0] = ['tests', 'tests/training']\n"
        "from test_fit import *\n"
        "print(hashlib.sha256(encode(fitted_on(X, long_sheet(Y, ['t']), learners=QUICK).fitted)).hexdigest())\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    here = encode(fitted_on(X, long_sheet(Y, ["t"]), learners=QUICK).fitted)
    assert done.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_each_fold_is_stacked_with_weights_of_the_others():
    sheet = long_sheet(Y, ["t"])
    folds = own_folds(sheet, 5)
    goal = arrange(sheet, folds, TRUTH)
    predictions = np.stack([goal.values + 50 * RNG.normal(size=Y.shape) for _ in range(3)])
    own = np.where((goal.fold == 2)[:, None], -goal.values, goal.values)
    first, again = (
        stack_folds(Work(x=X, goal=each, task="regression", seed=0), predictions, np.ones(1))
        for each in (goal, replace(goal, values=own))
    )
    assert (first == again)[goal.fold == 2].all()
    assert not (first == again)[goal.fold != 2].any()


def test_weights_are_the_exact_optimum_and_of_numbers_half_way_to_equal():
    goal = arrange(long_sheet(Y, ["t"]), own_folds(long_sheet(Y, ["t"])), TRUTH)
    good = goal.values + RNG.normal(size=Y.shape)
    predictions = np.stack([good, goal.values + 500 + 0 * good])
    for task, expected in (("regression", 0.75), ("binary", 1.0)):
        work = Work(x=X, goal=goal, task=task, seed=0)
        assert stack_weights(work, predictions, np.ones(1))[0] == pytest.approx(expected, abs=1e-3)


def test_noise_gains_nothing_over_the_means():
    draws = [RNG.normal(size=(150, 41)) for _ in range(4)]
    found = [fitted_on(draw[:, 1:], long_sheet(draw[:, :1], ["t"])) for draw in draws]
    gains = [scores(each)["stack"] - each.baseline.score for each in found]
    assert np.mean(gains) < 0.01
    told = ["no-skill" in [warned.code for warned in each.warnings] for each in found]
    assert told == [gain <= 0 for gain in gains]
    assert any(told)


def test_features_that_name_the_group_say_nothing_with_groups_and_much_without():
    site = np.arange(240) % 24
    y = (3 * RNG.normal(size=24)[site] + RNG.normal(size=240))[:, None]
    x = np.eye(24)[site]
    labels = [f"site{k}" for k in site]
    grouped = fitted_on(x, long_sheet(y, ["t"], groups=labels), learners=QUICK)
    alone = fitted_on(x, long_sheet(y, ["t"]), learners=QUICK)
    assert scores(grouped)["stack"] < 0.05
    assert scores(alone)["stack"] > 0.8
    assert grouped.groups == 24


def test_samples_that_are_alike_within_a_column_are_warned_of():
    site = np.arange(240) % 24
    y = (3 * RNG.normal(size=24)[site] + RNG.normal(size=240))[:, None]
    labels = [f"site{k}" for k in site]
    found = fitted_on(RNG.normal(size=(240, 3)), long_sheet(y, ["t"], extra={"site": labels}), learners=["ridge"])
    assert "groups-matter" in [each.code for each in found.warnings]


def test_a_stack_that_is_below_one_of_its_learners_names_it():
    x = RNG.normal(size=(150, 20))
    straight = (x @ RNG.normal(size=20))[:, None]
    found = fitted_on(x, long_sheet(straight, ["t"]), learners=["ridge", "extra_trees"])
    assert scores(found)["ridge"] > scores(found)["stack"]
    (said,) = [each.message for each in found.warnings if each.code == "stack-below"]
    assert said.startswith("ridge alone")
    alone = fitted_on(x, long_sheet(straight, ["t"]), learners=["ridge"])
    assert "stack-below" not in [each.code for each in alone.warnings]


def test_few_groups_are_warned_of():
    x, y = load_linnerud(return_X_y=True)
    assert "few-groups" in [w.code for w in fitted_on(x[:15], long_sheet(y[:15], ["a", "b", "c"]), k=3).warnings]


def test_chances_are_within_bounds_and_no_worse_than_a_plain_logistic_regression():
    x, y = load_breast_cancer(return_X_y=True)
    rows = RNG.permutation(len(x))[:250]
    x, y = x[rows], y[rows].astype(float)
    sheet = wide_sheet(y[:, None], ["malignant"])
    found = fitted_on(x, sheet, metric="logloss")
    assert [each.model for each in found.models] == ["logistic", "svr", "extra_trees", "stack"]
    assert found.fitted.task == "binary"
    assert found.oof.values.min() >= 0
    assert found.oof.values.max() <= 1
    fold, plain = own_folds(sheet, 5).row, np.zeros(len(y))
    for f in range(5):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x[fold != f], y[fold != f])
        plain[fold == f] = model.predict_proba(x[fold == f])[:, 1]
    assert scores(found)["stack"] < log_loss(y, plain) + 0.02


def test_classes_have_chances_of_sum_one():
    x, label = load_iris(return_X_y=True)
    found = fitted_on(x, wide_sheet(np.eye(3)[label], ["setosa", "versicolor", "virginica"]), metric="logloss")
    assert found.fitted.task == "multiclass"
    assert found.oof.values.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert found.oof.values.min() >= 0
    assert (found.oof.values.argmax(axis=1) == label).mean() > 0.9
    assert found.fitted.predict(x).sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_a_task_is_what_the_targets_are():
    assert find_task(np.array([[0.0, 1.0], [1.0, 0.0]])) == "multiclass"
    assert find_task(np.array([[0.0, 1.0], [1.0, 1.0]])) == "binary"
    assert find_task(np.array([[0.0], [1.0]])) == "binary"
    assert find_task(np.array([[0.0], [0.5]])) == "regression"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"task": "binary"}, "aren't all 0 or 1"),
        ({"task": "multiclass"}, "multiclass"),
        ({"learners": ["logistic"]}, "ridge, pls, svr, extra_trees"),
        ({"k": 1}, "two folds"),
    ],
)
def test_what_cannot_be_fitted_is_said(more, said):
    with pytest.raises(UsageError, match=said):
        fitted_on(X, long_sheet(Y, ["t"]), **more)


def test_a_target_among_the_features_is_refused():
    sheet = long_sheet(Y, ["embedding"])
    with pytest.raises(UsageError, match="leave it out"):
        fit(features(X), sheet, own_folds(sheet, 5), make_metric("r2", sheet.names), pillar="p", truth=TRUTH)


def test_features_that_cannot_be_scaled_are_refused():
    with pytest.raises(UsageError, match="scaled"):
        fitted_on(np.full(X.shape, 1e308) * RNG.choice([-1, 1], X.shape), long_sheet(Y, ["t"]))


def _code(error):
    return [(each.code, each.count) for each in error.value.report.findings]


def test_a_sample_without_a_target_is_a_finding():
    sheet = long_sheet(Y[:4].repeat(2, axis=1), ["a", "b"])
    keep = np.arange(7)
    cut = replace(
        sheet, ids=sheet.ids[keep], truth=sheet.truth[keep], target=sheet.target[keep], sample=sheet.sample[keep]
    )
    cut = replace(cut, group=sheet.group[keep])
    with pytest.raises(FindingsError) as caught:
        arrange(cut, own_folds(cut, 2), TRUTH)
    assert _code(caught) == [("PBL807", 1)]
    assert "s00003 its b" in caught.value.report.findings[0].message


def test_a_group_in_two_folds_is_a_finding():
    sheet = long_sheet(Y[:4], ["t"])
    grouped = long_sheet(Y[:4], ["t"], groups=["a", "a", "b", "b"])
    folds = named_folds(sheet, dict(zip(names(4), "0101", strict=True)))
    with pytest.raises(FindingsError) as caught:
        arrange(grouped, folds, TRUTH)
    assert _code(caught) == [("PBL808", 2)]


def test_long_and_wide_truths_are_the_same_table():
    y = RNG.normal(size=(6, 3))
    wide, long = (wide_sheet(y, ["c", "a", "b"]), long_sheet(y, ["c", "a", "b"]))
    one, other = (arrange(sheet, own_folds(sheet, 2), TRUTH) for sheet in (wide, long))
    assert one.names == other.names == ("a", "b", "c")
    assert one.samples == other.samples
    assert (one.values == other.values).all()
    assert (one.fold == other.fold).all()
    assert (one.form.separator, other.form.separator) == (None, "__")
    assert (one.rows(one.values) == wide.truth).all()
    assert (other.rows(other.values) == long.truth).all()


def test_row_weights_of_the_metric_count_in_the_stack():
    sheet = long_sheet(Y[:20].repeat(2, axis=1), ["a", "b"])
    goal = arrange(sheet, own_folds(sheet, 2), TRUTH)
    weighted = make_metric("weighted-r2", sheet.names, weights={"a": 0.25, "b": 4.0})
    assert error_scale(sheet, weighted, goal).tolist() == [0.5, 2.0]
    assert error_scale(sheet, make_metric("r2", sheet.names), goal).tolist() == [1.0, 1.0]
    each = error_scale(sheet, make_metric("r2", sheet.names, average="targets"), goal)
    assert each == pytest.approx(1 / goal.values.std(axis=0))


def test_a_column_is_one_target_though_some_ids_have_the_separator():
    ids = ["a__b", "c", "d__e__b", "f"]
    sheet = make_sheet(ids=ids, columns=["target"], truth=[1.0, 2.0, 3.0, 4.0], predictions={"p": [0.0] * 4})
    found = arrange(sheet, own_folds(sheet, 2), Path("train.csv"))
    assert (found.samples, found.names) == (tuple(ids), ("target",))
    assert found.values[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
