from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as learn
from support.judging import needs_pandas

from pbl.weights import metrics
from pbl.weights._metric_file import load_metric
from pbl.weights._scorers import make_scorer
from pbl.weights.errors import MetricDomainError, MetricError, MetricFileError, ParticipantVisible
from pbl.weights.metrics import file_metric, make_metric, per_target, score
from pbl.weights.sheet import make_sheet

EXACT = {"rel": 1e-12, "abs": 1e-12}
PLAIN = {
    "r2": learn.r2_score,
    "rmse": learn.root_mean_squared_error,
    "mae": learn.mean_absolute_error,
    "medae": learn.median_absolute_error,
    "mape": learn.mean_absolute_percentage_error,
    "rmsle": learn.root_mean_squared_log_error,
    "auc": learn.roc_auc_score,
    "logloss": learn.log_loss,
    "accuracy": lambda y, p: learn.accuracy_score(y, p > 0.5),
}


def _table(name, seed=0, ids=60, columns=3):
    rng = np.random.default_rng(seed)
    of_classes = name in metrics.OF_CLASSES
    truth = rng.integers(0, 2, (ids, columns)).astype(float) if of_classes else rng.gamma(2.0, size=(ids, columns))
    guess = rng.random((ids, columns)).round(2) if of_classes else np.abs(truth + 0.3 * rng.normal(size=truth.shape))
    names = [f"t{k}" for k in range(columns)]
    keys = [f"a{k}" for k in rng.permutation(ids)]
    return truth, guess, make_sheet(ids=keys, columns=names, truth=truth, predictions={"m": guess, "n": guess[::-1]})


@pytest.mark.parametrize("name", PLAIN)
def test_a_score_is_scikit_learns(name):
    truth, guess, sheet = _table(name)
    rows = make_metric(name, sheet.names)
    mean = make_metric(name, sheet.names, average="targets")
    each = [PLAIN[name](truth[:, t], guess[:, t]) for t in range(3)]
    assert score(sheet, rows, sheet.predictions[0]) == pytest.approx(PLAIN[name](truth.ravel(), guess.ravel()), **EXACT)
    assert score(sheet, mean, sheet.predictions[0]) == pytest.approx(np.mean(each), **EXACT)
    assert list(per_target(sheet, rows, sheet.predictions[0]).values()) == pytest.approx(each, **EXACT)


@pytest.mark.parametrize("average", ["rows", "targets"])
@pytest.mark.parametrize("name", PLAIN)
def test_the_fast_forms_give_the_same_scores(name, average):
    _, _, sheet = _table(name, 3)
    metric = make_metric(name, sheet.names, average=average)
    for rows in (None, np.arange(30, 120)):
        at = np.arange(sheet.rows) if rows is None else rows
        fast = make_scorer(sheet, metric, rows).scores(sheet.predictions[:, at])
        assert fast == pytest.approx([score(sheet, metric, p, rows) for p in sheet.predictions], **EXACT)


@pytest.mark.parametrize("average", ["rows", "targets"])
@pytest.mark.parametrize("name", PLAIN)
def test_a_resample_scores_the_drawn_rows(name, average):
    _, _, sheet = _table(name, 4)
    metric = make_metric(name, sheet.names, average=average)
    counts = np.random.default_rng(5).multinomial(60, np.full(60, 1 / 60), size=4)
    drawn = make_scorer(sheet, metric).score_resamples(sheet.predictions, sheet.group, counts.astype(float))
    for b, often in enumerate(counts):
        rows = (np.repeat(np.arange(60), often)[:, None] * 3 + np.arange(3)).ravel()
        assert drawn[b] == pytest.approx([score(sheet, metric, p, rows) for p in sheet.predictions], **EXACT)


@pytest.mark.parametrize("sizes", [(-600,) * 3, (600,) * 3, (1000,) * 3, (0, -700, 900), (316, 282, 282)], ids=str)
@pytest.mark.parametrize("name", ["r2", "rmse", "mae", "medae"])
def test_numbers_of_any_size_have_the_score_of_ordinary_ones(name, sizes):
    """A power of two changes no digit; squares of such numbers are infinite, or 0."""
    ordinary, size = _table(name)[2], 2.0 ** np.array(sizes)
    truth, *predictions = (each.reshape(-1, 3) * size for each in (ordinary.truth, *ordinary.predictions))
    named = dict(zip(ordinary.pillars, predictions, strict=True))
    sheet = make_sheet(ids=ordinary.ids, columns=ordinary.columns, truth=truth, predictions=named)
    metric = make_metric(name, sheet.names, average="targets")
    for k, fast in enumerate(make_scorer(sheet, metric).scores(sheet.predictions)):
        expected = per_target(ordinary, metric, ordinary.predictions[k]).values()
        found = per_target(sheet, metric, sheet.predictions[k]).values()
        assert list(found) == pytest.approx(np.array([*expected]) * (1 if name == "r2" else size), rel=1e-12)
        assert fast == pytest.approx(score(sheet, metric, sheet.predictions[k]), rel=1e-12)


def test_the_fast_form_sees_that_a_truth_of_noughts_is_missed_by_however_little():
    truth, guess = np.zeros((3, 1)), np.full((3, 1), 1e-170)
    sheet = make_sheet(ids=["a", "b", "c"], columns=["t"], truth=truth, predictions={"m": guess, "n": truth})
    assert make_scorer(sheet, make_metric("r2", ["t"])).scores(sheet.predictions).tolist() == [0, 1]


def test_scores_that_no_double_holds_are_none_and_those_beside_them_are_right():
    def ask(name, truth, guess):
        sheet = make_sheet(ids=["a", "b"], columns=["t"], truth=np.c_[truth], predictions={"m": np.c_[guess]})
        return score(sheet, make_metric(name, ["t"]), sheet.predictions[0])

    assert ask("r2", [1e154, -1e154], [1e153, -1e153]) == pytest.approx(0.19)
    assert ask("r2", [1e-170, -1e-170], [-1e-170, 1e-170]) == -3
    assert ask("r2", [1.0, 2.0], [1e200, 2.0]) is None
    assert ask("r2", [0.0, 0.0], [1e-170, 1e-170]) == 0
    assert ask("rmse", [1e200, 0.0], [0.0, 0.0]) == pytest.approx(1e200 / 2**0.5)
    assert ask("rmse", [1.7e308, -1.7e308], [-1.7e308, 1.7e308]) is None
    assert ask("mae", [1.7e308, 1.7e308], [0.0, 0.0]) == 1.7e308


@pytest.mark.parametrize("average", ["rows", "targets"])
@pytest.mark.parametrize("name", ["logloss", "auc", "accuracy", "rmse"])
def test_a_class_column_is_scored_as_classes(name, average):
    rng = np.random.default_rng(6)
    names = ["cat", "dog", "eel"]
    label = rng.integers(0, 3, 50)
    guess = rng.random((50, 3)) + np.eye(3)[label]
    sheet = make_sheet(
        ids=[f"i{k:02d}" for k in range(50)], columns=names, truth=None, label=[names[k] for k in label],
        predictions={"m": guess, "n": 3 * guess[:, ::-1]},
    )  # fmt: skip
    share = guess / guess.sum(axis=1, keepdims=True)
    one = np.eye(3)[label]
    expected = {
        "logloss": learn.log_loss(label, share),
        "auc": np.mean([learn.roc_auc_score(one[:, t], guess[:, t]) for t in range(3)]),
        "accuracy": learn.accuracy_score(label, guess.argmax(axis=1)),
        "rmse": learn.root_mean_squared_error(one.ravel(), guess.ravel()),
    }[name]
    metric = make_metric(name, sheet.names, average=average)
    if average == "rows":
        assert score(sheet, metric, sheet.predictions[0]) == pytest.approx(expected, **EXACT)
    fast = make_scorer(sheet, metric).scores(sheet.predictions)
    assert fast == pytest.approx([score(sheet, metric, p) for p in sheet.predictions], **EXACT)


def test_the_preset_gives_its_test_vector():
    names = ["Dry_Green_g", "Dry_Dead_g", "Dry_Clover_g", "GDM_g", "Dry_Total_g"]
    ids = [f"{s}__{t}" for s in "AB" for t in names]
    truth = np.array([10, 5, 2, 12, 17, 30, 0, 0, 30, 30], dtype=float)
    sheet = make_sheet(
        ids=ids, columns=["target"], truth=truth, predictions={"m": truth + 1, "flat": np.full(10, 18.3)}
    )
    metric = make_metric(None, sheet.names)
    assert metric.name == "csiro-biomass"
    assert score(sheet, metric, sheet.predictions[0]) == pytest.approx(0.9915404788088994, **EXACT)
    assert score(sheet, metric, sheet.predictions[1]) == pytest.approx(0, abs=1e-12)
    assert make_scorer(sheet, metric).scores(sheet.predictions) == pytest.approx([0.9915404788088994, 0], abs=1e-12)


def test_an_auc_of_one_class_is_not_defined_nor_is_a_mean_over_it():
    truth = np.array([[0, 1], [1, 1], [0, 1]], dtype=float)
    sheet = make_sheet(ids=["a", "b", "c"], columns=["x", "y"], truth=truth, predictions={"m": truth, "n": truth})
    metric = make_metric("auc", sheet.names, average="targets")
    assert score(sheet, metric, sheet.predictions[0]) is None
    assert per_target(sheet, metric, sheet.predictions[0]) == {"x": 1.0, "y": None}


@pytest.mark.parametrize(
    ("name", "truth", "guess", "said"),
    [
        ("rmsle", [1, 2], [1, -2], "0 or more"),
        ("rmsle", [-1, 2], [1, 2], "0 or more"),
        ("logloss", [0, 1], [0.5, 1.5], "0 to 1"),
        ("auc", [0, 2], [0.5, 0.5], "0 and 1"),
    ],
)
def test_numbers_that_a_metric_refuses_are_named(name, truth, guess, said):
    sheet = make_sheet(ids=["a", "b"], columns=["t"], truth=truth, predictions={"m": guess})
    with pytest.raises(MetricDomainError, match=said):
        metrics.check_domain(sheet, make_metric(name, sheet.names), sheet.predictions[0], "m")


@pytest.mark.parametrize(("name", "weights"), [("r3", None), ("weighted-r2", None), ("weighted-r2", {"a": 1.0})])
def test_an_unknown_metric_or_one_without_its_weights_is_refused(name, weights):
    with pytest.raises(MetricError):
        make_metric(name, ["a", "b"], weights=weights)


FILE = """
class ParticipantVisibleError(Exception):
    pass

def score(solution, submission, row_id_column_name):
    assert list(solution.columns) == [row_id_column_name, 't', 'w'], list(solution.columns)
    assert list(submission.columns) == [row_id_column_name, 't']
    assert (solution[row_id_column_name] == submission[row_id_column_name]).all()
    assert solution[row_id_column_name].is_unique
    del solution[row_id_column_name]
    if (submission['t'] < 0).any():
        raise ParticipantVisibleError('negative ' + 'x' * 400)
    return float((solution['w'] * (solution['t'] - submission['t']).abs()).mean())
"""


def _file_sheet(guess):
    return make_sheet(
        ids=["b", "a"], columns=["t"], truth=[2.0, 1.0], predictions={"m": guess}, extra={"w": [10.0, 1.0]}
    )


@needs_pandas
def test_a_metric_file_gets_new_frames_in_one_order():
    metric = file_metric("metric.py", load_metric(FILE, "metric.py"), greater_is_better=False, columns=["w"])
    sheet = _file_sheet([2.5, 1.0])
    for _ in range(2):
        assert score(sheet, metric, sheet.predictions[0]) == 2.5
    drawn = make_scorer(sheet, metric).score_resamples(sheet.predictions, sheet.group, np.array([[0.0, 2.0]]))
    assert drawn.tolist() == [[5.0]]


@needs_pandas
def test_a_metric_file_speaks_to_the_participant_in_280_characters():
    metric = file_metric("metric.py", load_metric(FILE, "metric.py"), columns=["w"])
    with pytest.raises(ParticipantVisible, match=r"^negative x{271}$"):
        score(_file_sheet([-1.0, 1.0]), metric, np.array([-1.0, 1.0]))


@needs_pandas
def test_another_exception_of_a_metric_file_comes_with_its_line():
    function = load_metric("def score(a, b, c):\n    return 1 / 0\n", "metric.py")
    sheet = _file_sheet([1.0, 1.0])
    with pytest.raises(MetricFileError, match="line 2: ZeroDivisionError"):
        score(sheet, file_metric("metric.py", function), sheet.predictions[0])
    with pytest.raises(MetricFileError, match="line 1"):
        load_metric("def score(:\n", "metric.py")
    with pytest.raises(MetricFileError, match="no function score"):
        load_metric("x = 1\n", "metric.py")


@needs_pandas
def test_a_metric_file_that_leaves_is_an_error_and_one_with_dataclasses_is_none():
    sheet = _file_sheet([1.0, 1.0])
    function = load_metric("def score(a, b, c):\n    raise SystemExit(0)\n", "metric.py")
    with pytest.raises(MetricFileError, match="line 2: SystemExit: 0"):
        score(sheet, file_metric("metric.py", function), sheet.predictions[0])
    with pytest.raises(MetricFileError, match="line 2: SystemExit"):
        load_metric("import sys\nsys.exit()\n", "metric.py")
    source = """from __future__ import annotations
from dataclasses import dataclass
@dataclass
class Cut:
    at: float
def score(a, b, c):
    return Cut(0.5).at
"""
    assert score(sheet, file_metric("m.py", load_metric(source, "m.py")), sheet.predictions[0]) == 0.5
