from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as learn
from support.judging import needs_pandas

from pbl.weights import _convex, _search, simplex
from pbl.weights._fit import make_fitter
from pbl.weights._methods import combine, prepare
from pbl.weights._metric_file import load_metric
from pbl.weights._scorers import make_scorer
from pbl.weights.metrics import file_metric, make_metric
from pbl.weights.sheet import make_sheet

KAPPA = """
import numpy as np

def score(solution, submission, row_id_column_name):
    guess = submission['t'].to_numpy().round().clip(0, 4)
    truth = solution['t'].to_numpy()
    chance = ((truth[:, None] - guess) ** 2).mean()
    return 1 - ((truth - guess) ** 2).mean() / chance
"""


def _sheet(name, seed, ids=90, pillars=5):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=ids)
    truth = hidden + rng.normal(size=ids)
    guesses = hidden + rng.normal(size=(pillars, ids)) * rng.uniform(0.5, 1.5, (pillars, 1))
    if name in {"auc", "accuracy", "logloss"}:
        truth, guesses = (truth > 0).astype(float), 1 / (1 + np.exp(-guesses))
    elif name in {"mape", "rmsle"}:
        truth, guesses = np.exp(truth / 2), np.exp(guesses / 2)
    elif name == "kappa":
        truth, guesses = np.clip(np.round(truth + 2), 0, 4), guesses + 2
    return make_sheet(
        ids=[f"i{k:03d}" for k in range(ids)], columns=["t"], truth=truth,
        predictions={f"p{k}": g for k, g in enumerate(guesses)},
    )  # fmt: skip


def _metric(name):
    return file_metric("kappa.py", load_metric(KAPPA, "kappa.py")) if name == "kappa" else make_metric(name, ["t"])


def _caruana(loss, numbers, rounds=100):
    total, best = np.zeros(numbers.shape[1]), np.inf
    for n in range(1, rounds + 1):
        losses = [loss((total + row) / n) for row in numbers]
        total += numbers[int(np.argmin(losses))]
        best = min(best, *losses)
    return best


def _hill_climber(loss, numbers, *, again=False):
    losses = [loss(row) for row in numbers]
    blend, best = numbers[int(np.argmin(losses))], min(losses)
    left = set(range(len(numbers))) - (set() if again else {int(np.argmin(losses))})
    while left:
        tried = [
            (loss((1 - s) * blend + s * numbers[k]), k, s) for k in sorted(left) for s in np.arange(0.01, 0.51, 0.01)
        ]
        value, k, s = min(tried)
        if value >= best:
            break
        blend, best = (1 - s) * blend + s * numbers[k], value
        left -= set() if again else {k}
    return best


USUAL = [
    "mae", "medae", "mape", "rmsle", "auc", "accuracy", pytest.param("kappa", marks=needs_pandas), "logloss", "rmse",
]  # fmt: skip


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("seed", [0, 30])
def test_tuned_weights_are_never_behind_the_usual_ways(name, seed):
    sheet, metric = _sheet(name, seed, pillars=3 if name == "kappa" else 5), _metric(name)
    scorer = make_scorer(sheet, metric)

    def loss(blend):
        return -metric.sign * float(scorer.scores(blend[None])[0])

    numbers = sheet.predictions
    found = make_fitter(sheet, metric, "mean", numbers, np.zeros(sheet.rows, dtype=int)).fit()
    climbs = [_hill_climber(loss, numbers, again=again) for again in (False, True)]
    usual = [_caruana(loss, numbers), *climbs, loss(numbers.mean(axis=0)), *map(loss, numbers)]
    assert found.sum() == pytest.approx(1, abs=1e-9)
    assert found.min() >= 0
    assert loss(found @ numbers) <= min(usual) + 1e-12


def test_no_weights_are_evaluated_twice():
    seen = []

    def loss(weights):
        seen.extend(map(bytes, weights))
        return ((weights - [0.2, 0.3, 0.5]) ** 2).sum(axis=1)

    assert _search.search(loss, 3, []) == pytest.approx([0.2, 0.3, 0.5], abs=0.01)
    assert len(seen) == len(set(seen))


def test_a_search_where_nothing_is_defined_keeps_equal_weights():
    assert _search.search(lambda w: np.full(len(w), np.inf), 3, []).tolist() == [1 / 3] * 3


@pytest.mark.parametrize("pillars", [2, 5, 40])
def test_logloss_is_certified_to_a_tenth_of_a_millionth(pillars):
    rng = np.random.default_rng(pillars)
    chances = rng.beta(2, 1, size=(300, pillars)) ** rng.uniform(0.5, 4, pillars)
    chances[:5] = 0
    chances[5, 1:] = 1e-200
    omega = np.full(300, 1 / 300)
    found = _convex.log_loss(chances, omega, np.full(pillars, 1 / pillars))
    slope = -((omega[5:] / (chances[5:] @ found)) @ chances[5:])
    assert slope @ found - slope.min() <= 1e-7
    assert found.min() >= 0


def test_averaged_rmse_is_certified_also_where_a_target_is_hit_exactly():
    rng = np.random.default_rng(7)
    errors = [rng.normal(size=(50, 6)) * s for s in (1e-3, 1.0, 1e3)]
    found = _convex.sum_of_norms([simplex.triangle([e]) for e in errors], np.full(6, 1 / 6))
    slope = sum((e @ found) @ e / np.linalg.norm(e @ found) for e in errors)
    value = sum(np.linalg.norm(e @ found) for e in errors)
    assert slope @ found - slope.min() <= 1e-7 * value


@pytest.mark.parametrize("hit", [0.0, 1e-11, 1e-5])
def test_averaged_rmse_has_an_answer_where_a_pillar_hits_one_target(hit):
    rng = np.random.default_rng(0)
    errors = [rng.normal(size=(60, 3)) for _ in range(3)]
    errors[0][:, 1] *= hit
    found = _convex.sum_of_norms([simplex.triangle([e]) for e in errors], np.full(3, 1 / 3))

    def value(weights):
        return sum(np.linalg.norm(e @ weights) for e in errors)

    grid = [np.array([a, 1 - a - b, b]) for a in np.linspace(0, 1, 101) for b in np.linspace(0, 1 - a, 101)]
    assert value(found) <= min(map(value, grid)) * (1 + 1e-7)


@pytest.mark.parametrize("average", ["rows", "targets"])
@pytest.mark.parametrize("name", ["r2", "rmse", "logloss"])
def test_convex_weights_are_the_best_of_many(name, average):
    rng = np.random.default_rng(8)
    hidden = rng.normal(size=(80, 3)) * [1, 5, 25]
    truth, guesses = (
        hidden + rng.normal(size=(80, 3)),
        {f"p{k}": hidden + 2 * rng.normal(size=(80, 3)) for k in range(4)},
    )
    if name == "logloss":
        truth, guesses = (truth > 0).astype(float), {k: 1 / (1 + np.exp(-g)) for k, g in guesses.items()}
    sheet = make_sheet(ids=[f"i{k}" for k in range(80)], columns=["a", "b", "c"], truth=truth, predictions=guesses)
    metric = make_metric(name, sheet.names, average=average)
    scorer = make_scorer(sheet, metric)
    found = make_fitter(sheet, metric, "mean", sheet.predictions, np.zeros(sheet.rows, dtype=int)).fit()
    best = metric.sign * scorer.scores(found[None] @ sheet.predictions)[0]
    near = np.abs(found + rng.normal(size=(500, 4)) * 0.01)
    others = np.vstack([rng.dirichlet(np.ones(4), 500), near / near.sum(axis=1, keepdims=True)])
    assert best >= (metric.sign * scorer.scores(others @ sheet.predictions)).max()


@pytest.mark.parametrize("method", ["rank", "geometric", "logit", "median"])
def test_weights_are_fitted_under_the_method_that_they_are_for(method):
    sheet, metric = _sheet("auc", 3), make_metric("logloss", ["t"])
    prepared = prepare(sheet, method)
    found = make_fitter(sheet, metric, method, prepared, np.zeros(sheet.rows, dtype=int)).fit()
    tried = np.vstack([found, np.full(5, 0.2), np.eye(5)])
    losses = [learn.log_loss(sheet.truth, blend) for blend in combine(prepared, tried, method)]
    assert losses[0] <= min(losses) + 1e-12
