from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judging import needs_pandas

from pbl.weights._metric_file import load_metric
from pbl.weights.errors import MetricError
from pbl.weights.folds import named_folds
from pbl.weights.metrics import file_metric, make_metric, score
from pbl.weights.sheet import make_sheet
from pbl.weights.tune import tune


def _numbers(seed, groups=120, spreads=(1.0, 1.0, 1.0), shared=0.0, targets=1):
    """Truth and honest predictions: a hidden part, noise nobody can predict, and each pillar's own error."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(groups, targets))
    truth = hidden + 0.5 * rng.normal(size=hidden.shape)
    guesses = {
        f"p{k}": hidden + s * (rng.normal(size=hidden.shape) + shared * rng.normal(size=(groups, 1)))
        for k, s in enumerate(spreads)
    }
    return [f"i{k:03d}" for k in range(groups)], truth, guesses


def _sheet(ids, truth, guesses, **more):
    columns = [f"t{k}" for k in range(truth.shape[1])]
    return make_sheet(ids=ids, columns=columns, truth=truth, predictions=guesses, **more)


def _tuned(*args, metric="r2", **more):
    sheet = _sheet(*args)
    return tune(sheet, make_metric(metric, sheet.names), **more)


def test_a_plain_gain_is_advised():
    found = _tuned(*_numbers(0, spreads=(0.3, 1.5, 1.5)))
    assert found.advice.use in {"tuned", "shrunk"}
    gain = next(c for c in found.candidates if c.name == found.advice.use).gain_over_equal
    assert gain.interval[0] > 0
    assert "gain of 0." in found.advice.text


@pytest.mark.parametrize("metric", ["r2", "mae"])
def test_nothing_to_gain_keeps_equal_weights(metric):
    left = [_tuned(*_numbers(seed, shared=0.5, targets=2), metric=metric).advice.use != "equal" for seed in range(8)]
    assert sum(left) <= 1


@pytest.mark.parametrize("metric", ["r2", "mae", "rmse"])
def test_permuted_labels_always_keep_equal_weights_even_where_a_calmer_pillar_gains(metric):
    ids, truth, guesses = _numbers(1, groups=300, spreads=(0.1, 2.0, 2.0))
    found = _tuned(ids, np.random.default_rng(2).permutation(truth), guesses, metric=metric)
    assert next(c for c in found.candidates if c.name == "tuned").gain_over_equal.interval[0] > 0
    assert found.advice.use == "equal"


def test_under_twenty_groups_equal_weights_stay():
    found = _tuned(*_numbers(0, groups=19, spreads=(0.01, 3, 3)), trust=["p0"])
    assert found.advice.use == "equal"
    assert [w.code for w in found.warnings] == ["few-groups"]


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(40)), st.sampled_from(["r2", "mae"]))
def test_the_order_of_rows_changes_nothing(order, metric):
    ids, truth, guesses = _numbers(3, groups=40)
    shuffled = [ids[k] for k in order], truth[order], {k: v[order] for k, v in guesses.items()}
    assert _tuned(*shuffled, metric=metric).to_json() == _tuned(ids, truth, guesses, metric=metric).to_json()


def test_scores_are_of_rows_that_the_weights_were_not_fitted_on():
    ids, truth, guesses = _numbers(4, groups=60)
    sheet = _sheet(ids, truth, guesses)
    folds = named_folds(sheet, {key: str(k % 3) for k, key in enumerate(ids)})
    metric = make_metric("rmse", sheet.names)
    found = tune(sheet, metric, folds)
    blend = np.empty(60)
    for fold in found.fold_weights:
        rows = np.arange(int(fold.fold), 60, 3)
        outside = np.setdiff1d(np.arange(60), rows)
        errors = np.column_stack([guesses[p][outside, 0] - truth[outside, 0] for p in sheet.pillars])
        weights = np.array(list(fold.weights.values()))
        slope = errors.T @ (errors @ weights)
        assert slope @ weights - slope.min() <= 1e-9 * np.linalg.norm(errors @ weights) ** 2
        blend[rows] = sum(w * guesses[p][rows, 0] for p, w in fold.weights.items())
    tuned = next(c for c in found.candidates if c.name == "tuned")
    assert tuned.score == pytest.approx(score(sheet, metric, blend), rel=1e-12)
    assert tuned.in_sample <= tuned.score


def test_errors_shared_within_groups_widen_the_interval():
    rng = np.random.default_rng(5)
    site = np.repeat(np.arange(30), 10)
    truth = rng.normal(size=(300, 1))
    shared = rng.normal(size=(30, 1))[site]
    guesses = {f"p{k}": truth + shared + 0.3 * rng.normal(size=(300, 1)) for k in range(2)}
    ids = [f"i{k:03d}" for k in range(300)]
    alone = _sheet(ids, truth, guesses, extra={"site": [f"s{k}" for k in site]})
    grouped = _sheet(ids, truth, guesses, groups={"site": [f"s{k}" for k in site]}, extra={"site": site.tolist()})
    metric = make_metric("rmse", alone.names)
    first, second = tune(alone, metric), tune(grouped, metric)
    assert second.candidates[0].se > 2 * first.candidates[0].se
    assert [w.code for w in first.warnings] == ["groups-matter"]
    assert "--groups site" in first.warnings[0].message
    assert second.warnings == ()


def _leaky(kind):
    rng = np.random.default_rng(6)
    ids, truth, guesses = _numbers(6, groups=200, spreads=(0.2, 0.25, 0.3))
    best = float(np.sqrt(((guesses["p0"] - truth) ** 2).mean()))
    leak = {
        "noise": truth + 0.2 * best * rng.normal(size=truth.shape),
        "truth": truth,
        "training": truth + 0.3 * (guesses["p1"] - truth),
    }[kind]
    return ids, truth, guesses | {"leak": leak}


@pytest.mark.parametrize(
    ("kind", "said"), [("noise", "truth plus noise"), ("truth", "truth itself"), ("training", "trained on")]
)
def test_a_file_that_has_seen_the_truth_is_named_and_part_of_no_advice(kind, said):
    found = _tuned(*_leaky(kind))
    assert [s.pillar for s in found.suspicious] == ["leak"]
    assert said in found.suspicious[0].reason
    assert (found.advice.use, found.advice.weights) == ("none", None)
    assert "leak" in found.advice.text
    trusted = _tuned(*_leaky(kind), trust=["leak"])
    assert trusted.suspicious == ()
    assert trusted.advice.use == "tuned"


def test_two_such_files_are_each_compared_with_the_rest():
    ids, truth, guesses = _leaky("noise")
    guesses["more"] = truth + 0.05 * np.random.default_rng(9).normal(size=truth.shape)
    assert [s.pillar for s in _tuned(ids, truth, guesses).suspicious] == ["leak", "more"]


def test_honest_pillars_are_not_suspected():
    for seed in range(10):
        assert _tuned(*_numbers(seed, spreads=(0.2, 0.6, 0.9))).suspicious == ()


def test_where_labels_are_noise_a_calm_pillar_beside_a_wild_one_has_not_seen_them():
    ids, truth, guesses = _numbers(11, groups=150, spreads=(0.3, 0.3))
    guesses["p0"] = 3 * guesses["p0"]
    found = _tuned(ids, np.random.default_rng(2).permutation(truth), guesses)
    assert found.suspicious == ()
    assert found.advice.use == "equal"


def test_signed_weights_are_used_only_if_they_beat_tuned_ones():
    rng = np.random.default_rng(7)
    truth, common = rng.normal(size=(400, 1)), rng.normal(size=(400, 1))
    guesses = {"a": truth + common + 0.1 * rng.normal(size=(400, 1)), "b": truth + 2 * common}
    guesses["c"] = truth + 1.5 * common + 0.1 * rng.normal(size=(400, 1))
    found = _tuned([f"i{k:03d}" for k in range(400)], truth, guesses, negative=True, trust=["a"])
    assert found.advice.use == "signed"
    assert min(found.advice.weights.values()) < 0
    assert sum(found.advice.weights.values()) == pytest.approx(1)
    assert _tuned(*_numbers(0, spreads=(0.3, 1.5, 1.5)), negative=True).advice.use in {"tuned", "shrunk"}


def test_weights_that_were_fitted_on_these_rows_are_scored_like_the_fit():
    ids, truth, guesses = _numbers(3, groups=30, spreads=(1.5,) * 12)
    first = {each.name: each for each in _tuned(ids, truth, guesses, methods=("mean", "rank")).candidates}
    for name, method in (("tuned", "mean"), ("shrunk", "mean"), ("rank-tuned", "rank")):
        kept = {pillar: round(weight, 3) for pillar, weight in first[name].weights.items()}
        again = _tuned(ids, truth, guesses, methods=("mean", "rank"), current=kept, current_method=method)
        current = again.candidates[1]
        assert current.score == first[name].score < current.in_sample
        assert not current.as_given
        said = next(each.message for each in again.warnings if each.code == "current-fitted")
        assert f"those of {name}" in said


def test_one_pillar_chosen_by_hand_is_not_taken_for_the_best_single_one():
    ids, truth, guesses = _numbers(3, groups=30, spreads=(0.5, 1.5, 1.5))
    found = _tuned(ids, truth, guesses, current={"p0": 1.0})
    assert found.candidates[1].to_json()["as_given"] is True
    assert not any(each.code == "current-fitted" for each in found.warnings)


def test_todays_weights_are_as_given_unless_a_fit_or_equal_ones_are_the_same():
    ids, truth, guesses = _numbers(3, groups=200, spreads=(0.3, 1.5, 1.5))
    found = _tuned(ids, truth, guesses, current={"p0": 0.9, "p1": 0.05, "p2": 0.05})
    _, current, *_ = found.candidates
    assert current.as_given
    assert not any(each.code == "current-fitted" for each in found.warnings)
    assert not _tuned(ids, truth, guesses, current={"p0": 1, "p1": 1, "p2": 1}).candidates[1].as_given
    assert not _tuned(ids, truth, guesses).candidates[1].as_given


def test_the_json_is_the_public_form():
    ids, truth, guesses = _numbers(8, groups=30)
    found = _tuned(
        ids, truth, guesses, methods=("mean", "rank"), current={"p0": 3, "p2": 1}, left_out={"mvp": "no file"}
    )
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert list(told) == [
        "metric", "average", "greater_is_better", "rows", "samples", "rows_left_out", "groups", "pillars", "left_out",
        "baseline", "candidates", "folds", "leave_one_out", "suspicious", "warnings", "advice",
    ]  # fmt: skip
    names = ["equal", "current", "best-single", "tuned", "shrunk", "rank-equal", "rank-tuned"]
    assert [c["name"] for c in told["candidates"]] == names
    assert told["candidates"][1]["weights"] == {"p0": 0.75, "p1": 0.0, "p2": 0.25}
    assert told["groups"] == {"by": ["sample"], "count": 30, "folds": 10}
    assert [f["fold"] for f in told["folds"]] == list(range(10))
    assert told["candidates"][0]["gain_over_equal"] == {"gain": 0.0, "interval": [0.0, 0.0]}
    assert told["warnings"] == [{"code": "left-out", "message": "these pillars take no part: mvp: no file"}]


@needs_pandas
def test_a_metric_that_refuses_the_means_skips_that_test_and_says_so():
    source = "def score(s, p, i):\n    assert p['t0'].nunique() > 12\n    return ((s['t0'] - p['t0']) ** 2).mean()\n"
    metric = file_metric("m.py", load_metric(source, "m.py"), greater_is_better=False)
    ids, truth, guesses = _numbers(9, groups=60, spreads=(0.1, 1.5))
    found = tune(_sheet(ids, truth, guesses), metric)
    assert found.baseline is None
    assert [w.code for w in found.warnings] == ["baseline-undefined"]
    assert found.advice.use in {"tuned", "shrunk"}


def test_over_five_thousand_rows_the_search_takes_a_sample_and_says_so():
    ids, truth, guesses = _numbers(10, groups=6000, spreads=(0.5, 0.6))
    found = _tuned([f"i{k:04d}" for k in range(6000)], truth, guesses, metric="mae")
    assert [w.code for w in found.warnings] == ["rows-sampled"]
    assert ids[0] == "i000"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"negative": True, "metric": "mae"}, "squared errors only"),
        ({"trust": ["nobody"]}, "no pillar 'nobody'"),
    ],
)
def test_a_question_without_an_answer_is_refused(change, said):
    with pytest.raises(MetricError, match=said):
        _tuned(*_numbers(0, groups=30), **change)
    ids, truth, guesses = _numbers(0, groups=30)
    with pytest.raises(MetricError, match="two pillars"):
        _tuned(ids, truth, {"p0": guesses["p0"]})


def test_folds_of_like_numbers_keep_their_names():
    ids, truth, guesses = _numbers(4, groups=40)
    sheet = _sheet(ids, truth, guesses)
    folds = named_folds(sheet, {key: ("1", "01", "2")[n % 3] for n, key in enumerate(ids)})
    found = tune(sheet, make_metric("r2", sheet.names), folds).to_json()
    assert sorted(str(each["fold"]) for each in found["folds"]) == ["01", "1", "2"]
